"""REST: read a stream's examples by a condition, and have a condition checked, printed and counted."""

from __future__ import annotations

import base64
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions import Condition, ConditionError
from projects.conditions.condition import Cuts, cuts_of
from projects.streams import media
from projects.streams.models import Example, Media, Stream
from teams.access.api import MachineView
from teams.access.paging import PAGING, USUAL, page_of, whole
from teams.access.problems import FieldError, Invalid, Problem
from teams.access.strict import Body
from teams.identity.models import Organization

COUNT_UP_TO = 10_000
MOST_PICTURES = 200  # in one answer


class ExampleOut(serializers.Serializer[Any]):
    """One example as scripts see it."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    captured_at = serializers.DateTimeField()
    attributes = serializers.JSONField()
    text = serializers.CharField()
    media_uri = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    label_state = serializers.CharField()
    prediction = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    split = serializers.ChoiceField(["train", "val", "test"])
    media_base64 = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="With media=inline; null for a picture that lies elsewhere.",
    )


class ExamplePage(serializers.Serializer[Any]):
    """Some examples, and the address of the next ones."""

    results = ExampleOut(many=True)
    next = serializers.CharField(allow_null=True)


class ConditionIn(Body):
    """A condition as text or as JSON."""

    text = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    condition = serializers.JSONField(required=False, allow_null=True)


class ClauseOut(serializers.Serializer[Any]):
    """One of the parts joined by `and`, and how many examples meet it alone."""

    text = serializers.CharField()
    count = serializers.IntegerField()
    exact = serializers.BooleanField()


class ConditionOut(serializers.Serializer[Any]):
    """A condition in all its forms."""

    condition = serializers.JSONField(allow_null=True)
    text = serializers.CharField()
    hash = serializers.CharField()
    count = serializers.IntegerField(help_text=f"Exact up to {COUNT_UP_TO}.")
    exact = serializers.BooleanField()
    clauses = ClauseOut(many=True)


class StreamView(MachineView):
    """A view on one stream of a project that the token may see."""

    verb = "projects.view_project"

    def stream(self, project: str, stream: str) -> Stream:
        """The stream at this address, or 404."""
        open_project = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        found: Stream = self.get_or_404(open_project.streams, slug=stream)
        return found

    def read(self, stream: Stream, *, text: str | None = None, node: Any = None) -> Condition:
        """The condition, or a 422 with every error and its spot."""
        try:
            return Condition.from_json(node, stream) if text is None else Condition.from_text(text, stream)
        except ConditionError as wrong:
            detail = "The condition cannot be used."
            raise Problem(422, "bad_condition", detail, errors=wrong.errors) from None


class ExampleList(StreamView):
    """The examples of a stream, in the order in which they came.

    Its address is labeling's, whose view adds POST: arriving rows may carry labels.
    """

    parameters = frozenset({"where", "media"}) | PAGING

    @extend_schema(
        operation_id="examples_list",
        parameters=[
            OpenApiParameter("where", OpenApiTypes.STR, description="A condition in its text form."),
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
            OpenApiParameter(
                "media",
                OpenApiTypes.STR,
                enum=["inline"],
                description=f"Put uploaded pictures into the rows; limit is then at most {MOST_PICTURES}.",
            ),
        ],
        responses=ExamplePage,
    )
    def get(self, request: Request, project: str, stream: str) -> Response:
        """Read examples, those that meet `where` if it is given."""
        channel = self.stream(project, stream)
        condition = self.read(channel, text=request.query_params.get("where", ""))
        inline = wants_pictures(request)
        rows = self.organization.examples.filter(condition.q(timezone.now()), stream=channel)
        page, cuts = page_of(request, rows), cuts_of(channel)
        out = [example_out(row, cuts) for row in page.rows]
        return Response(page.body(with_pictures(self.organization, out) if inline else out))


class ConditionCheck(StreamView):
    """Try a condition before saving it."""

    @extend_schema(operation_id="condition_check", request=ConditionIn, responses=ConditionOut)
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Check, print, hash and count a condition, clause by clause."""
        channel = self.stream(project, stream)
        given = ConditionIn(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        condition = self.read(channel, text=values.get("text"), node=values.get("condition"))
        rows = self.organization.examples.filter(stream=channel)
        clauses = [{"text": part.text, **count(rows, part)} for part in condition.clauses()]
        forms = {"condition": condition.json, "text": condition.text, "hash": condition.hash}
        return Response({**forms, **count(rows, condition), "clauses": clauses})


def count(rows: QuerySet[Example], condition: Condition) -> dict[str, Any]:
    """How many meet it; no more are counted than a person would read."""
    n = rows.filter(condition.q(timezone.now()))[: COUNT_UP_TO + 1].count()
    return {"count": min(n, COUNT_UP_TO), "exact": n <= COUNT_UP_TO}


def example_out(row: Example, cuts: Cuts) -> dict[str, Any]:
    """One example as scripts see it."""
    return {
        "id": row.pk,
        "key": row.key,
        "captured_at": row.captured_at,
        "attributes": row.attributes,
        "text": row.text,
        "media_uri": row.media_uri,
        "label": row.label,
        "label_state": row.label_state,
        "prediction": row.predicted,
        "confidence": row.confidence,
        "split": next(name for name, (low, high) in cuts.items() if low <= row.bucket < high),
    }


def wants_pictures(request: Request) -> bool:
    """Whether the rows shall hold their pictures; 422 for another option, or for more than fit an answer."""
    option = request.query_params.get("media")
    if option not in (None, "inline"):
        raise Invalid([FieldError("?media", "unknown_option", "The only option is inline.")])
    if option is not None:
        whole(request, "limit", USUAL, 1, MOST_PICTURES)
    return option is not None


def with_pictures(organization: Organization, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with the bytes of uploaded pictures; one query for all of them."""
    digests = [row["media_uri"].removeprefix(media.SCHEME) for row in rows]
    known = {row.digest: row for row in organization.media.filter(digest__in=digests)}
    return [
        row | {"media_base64": picture(known.get(digest))} for row, digest in zip(rows, digests, strict=True)
    ]


def picture(row: Media | None) -> str | None:
    """The bytes of an uploaded picture as base64; None where there are none."""
    return base64.b64encode(media.read(row)).decode() if row else None
