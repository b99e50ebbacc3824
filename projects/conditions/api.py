"""REST: read a stream's examples by a condition."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions import Condition, ConditionError
from projects.conditions.completing import complete
from projects.conditions.counting import PREVIEW_MS, Explanation, bounded, explain
from projects.conditions.doubts import warnings
from projects.conditions.errors import error
from projects.conditions.shapes import (
    CompletionIn,
    CompletionsOut,
    ConditionIn,
    ConditionOut,
    ExampleOut,
    ExamplePage,
)
from projects.conditions.withholding import withheld
from projects.streams import media
from projects.streams.api import stream_at
from projects.streams.models import Example, Media, Stream
from projects.streams.rows import MAX_KEY
from projects.streams.splits import Cuts, cuts_of
from projects.streams.tombstones import Gone, digests
from projects.streams.withholding import PERSONAL, shown_of, withheld_from
from teams.access.api import MachineView
from teams.access.paging import LAST_ID, PAGING, USUAL, page_of, whole
from teams.access.problems import FieldError, Invalid, Problem
from teams.identity.models import Organization

MOST_PICTURES = 200  # in one answer


class StreamView(MachineView):
    """A view on one stream of a project that the token may see."""

    verb = "projects.view_project"

    def stream(self, project: str, stream: str) -> Stream:
        """The stream at this address, or 404."""
        return stream_at(self, project, stream)

    def read(self, make: Callable[[], Condition]) -> Condition:
        """The condition that `make` makes, or a 422 with every error and its spot; 403 for a field withheld."""
        try:
            condition = make()
        except ConditionError as wrong:
            detail = "The condition cannot be used."
            raise Problem(422, "bad_condition", detail, errors=wrong.errors) from None
        for name in withheld(condition, lambda verb: self.may(verb, condition.stream)):
            raise Problem(403, "not_allowed", f"This token may not ask for {name!r}.")
        return condition

    def may(self, verb: str, stream: Stream) -> bool:
        """Whether the token carries a verb, and its user has it on the stream's project."""
        return self.carries(verb, stream.project)


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
        where = request.query_params.get("where", "")
        condition = self.read(lambda: Condition.from_text(where, channel))
        inline = wants_pictures(request)
        rows = self.organization.examples.filter(condition.q(timezone.now()), stream=channel)
        with bounded(PREVIEW_MS) if where else nullcontext():
            page = page_of(request, rows)
        cuts = cuts_of(channel)
        personal = withheld_from(channel, self.may(PERSONAL, channel))
        out = [example_out(row, cuts, personal) for row in page.rows]
        return Response(page.body(with_pictures(self.organization, out) if inline else out))


class ExampleDetail(StreamView):
    """One example, by its number."""

    @extend_schema(operation_id="examples_get", responses=ExampleOut)
    def get(self, request: Request, pk: int) -> Response:
        """Read one example. 410 `erased` for one that was erased."""
        projects = self.open_to_token(self.organization.projects)
        rows = self.organization.examples.filter(stream__project__in=projects).select_related(
            "stream__project"
        )
        row = rows.filter(pk=pk).first() if pk <= LAST_ID else None
        if row is None:
            gone = self.organization.tombstones.filter(stream__project__in=projects)
            raise Gone(self.get_or_404(gone, example_id=min(pk, LAST_ID)))
        personal = withheld_from(row.stream, self.may(PERSONAL, row.stream))
        return Response(example_out(row, cuts_of(row.stream), personal))


class ExampleByKey(StreamView):
    """One example, by the key that its pipeline gave it."""

    parameters = frozenset({"key"})

    @extend_schema(
        operation_id="examples_by_key",
        parameters=[OpenApiParameter("key", OpenApiTypes.STR, required=True)],
        responses=ExampleOut,
    )
    def get(self, request: Request, project: str, stream: str) -> Response:
        """Read one example. 410 `erased` for one that was erased."""
        channel, key = self.stream(project, stream), request.query_params.get("key", "")
        if not key.isprintable() or not 0 < len(key) <= MAX_KEY:
            raise Invalid([FieldError("?key", "key_format", f"A key has 1 to {MAX_KEY} characters.")])
        row = self.organization.examples.filter(stream=channel, key=key).first()
        if row is None:
            gone = self.organization.tombstones.filter(stream=channel)
            raise Gone(self.get_or_404(gone, key_digest__in=digests(channel, [key])))
        personal = withheld_from(channel, self.may(PERSONAL, channel))
        return Response(example_out(row, cuts_of(channel), personal))


class ConditionCheck(StreamView):
    """Try a condition before saving it."""

    @extend_schema(operation_id="condition_check", request=ConditionIn, responses=ConditionOut)
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Check, print, hash and count a condition, clause by clause; what is odd about it are warnings."""
        channel = self.stream(project, stream)
        given = ConditionIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        condition = self.read(lambda: condition_of(asked, channel))
        is_open = bool(condition.params) and "values" not in asked
        counted = None if is_open else explained(self.read(lambda: condition.bound(asked.get("values", {}))))
        return Response(forms(condition) | told(condition, counted))


class ConditionComplete(StreamView):
    """Help with writing a condition."""

    @extend_schema(operation_id="condition_complete", request=CompletionIn, responses=CompletionsOut)
    def post(self, request: Request, project: str, stream: str) -> Response:
        """What may stand at the cursor: fields, operators, values, slices, parameters, words of the language."""
        channel = self.stream(project, stream)
        given = CompletionIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        found = complete(
            asked["text"],
            asked["cursor"],
            channel,
            asked.get("params"),
            may=lambda verb: self.may(verb, channel),
        )
        return Response({"completions": [one._asdict() for one in found]})


def condition_of(asked: dict[str, Any], stream: Stream) -> Condition:
    """The condition that a call brings along. Raises ConditionError."""
    more = {"params": asked.get("params", {}), "of": asked.get("slice")}
    if asked.get("text") is None:
        return Condition.from_json(asked.get("condition"), stream, **more)
    return Condition.from_text(asked["text"], stream, **more)


def explained(condition: Condition) -> Explanation:
    """Its counts as of now."""
    return explain(condition, timezone.now())


def forms(condition: Condition) -> dict[str, Any]:
    """A condition in all its forms."""
    return {
        "condition": condition.json,
        "canonical": condition.canonical,
        "text": condition.text,
        "hash": condition.hash,
        "params": condition.params,
        "references": condition.references(),
    }


def told(condition: Condition, counted: Explanation | None) -> dict[str, Any]:
    """Its counts, and what is odd about it."""
    odd = warnings(condition)
    if counted is None:
        parts: list[dict[str, Any]] = [
            {"text": part.text, "count": None, "exact": None, "left": None, "left_exact": None}
            for part in condition.clauses()
        ]
        return {"count": None, "exact": None, "clauses": parts, "warnings": odd}
    if counted.whole.n == 0:
        odd.append(error("empty_now", "", "No example meets this at present."))
    parts = [
        {
            "text": text,
            "count": alone.n,
            "exact": alone.exact,
            "left": left.n,
            "left_exact": left.exact,
        }
        for text, alone, left in counted.parts
    ]
    whole = {"count": counted.whole.n, "exact": counted.whole.exact}
    return {**whole, "clauses": parts, "warnings": odd}


def example_out(row: Example, cuts: Cuts, personal: frozenset[str]) -> dict[str, Any]:
    """One example as scripts see it; `personal` attributes are named and no more."""
    shown = shown_of(row, personal)
    return {
        "id": row.pk,
        "key": row.key,
        "captured_at": row.captured_at,
        "attributes": shown.attributes,
        "withheld": shown.withheld,
        "text": row.text,
        "media_uri": row.media_uri,
        "label": row.label,
        "label_state": row.label_state,
        "prediction": row.predicted,
        "confidence": row.confidence,
        "split": cuts.split_of(row.bucket, row.split_key),
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
    """The same rows with the bytes of small uploads; one query for all of them."""
    digests = [row["media_uri"].removeprefix(media.SCHEME) for row in rows]
    small = organization.media.filter(digest__in=digests, size__lte=media.MAX_BYTES)
    known = {row.digest: row for row in small}
    return [
        row | {"media_base64": picture(known.get(digest))} for row, digest in zip(rows, digests, strict=True)
    ]


def picture(row: Media | None) -> str | None:
    """The bytes of an uploaded picture as base64; None where there are none."""
    return base64.b64encode(media.read(row)).decode() if row else None
