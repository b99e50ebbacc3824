"""REST: what a stream declares of its examples, what arrives undeclared, and how far changes of it are."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.schemas.fields import (
    MAX_ENUM,
    MAX_PROMOTED,
    MAX_TITLE,
    TYPES,
    FieldSpec,
    field_specs,
)
from projects.streams.actions import change_fields
from projects.streams.api import StreamDoor
from projects.streams.contradictions import Contradicted
from projects.streams.declaring import revision_of
from projects.streams.models import FieldWork, Stream
from projects.streams.undeclared import Seen, undeclared
from projects.streams.withholding import PERSONAL
from teams.access.problems import FieldError, Problem
from teams.access.strict import Body

LAST_WORKS = 20
STATES = ["json", "promoting", "promoted", "demoting"]


class FieldIn(Body):
    """One attribute, as it shall be."""

    name = serializers.CharField(max_length=60)
    type = serializers.ChoiceField(TYPES)
    enum = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PROMOTED), max_length=MAX_ENUM, required=False
    )
    nullable = serializers.BooleanField(
        required=False, help_text="Whether it may be missing; true if absent."
    )
    pii = serializers.BooleanField(
        required=False, help_text="Personal: withheld from those who may not see other people's answers."
    )
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    promoted = serializers.BooleanField(
        required=False,
        help_text="Quick to slice by: kept in a typed column too. As it was, if absent.",
    )


class FieldsIn(Body):
    """All attributes of the stream; one that is left out is not declared any more, its values are kept."""

    fields = FieldIn(many=True)  # type: ignore[assignment]
    revision = serializers.CharField(
        max_length=12, required=False, help_text="Of the answer that this is based on; 409 if it is stale."
    )
    despite = serializers.BooleanField(
        default=False,
        help_text="Although examples contradict it: their values are kept, and count as missing in conditions.",
    )


class FieldOut(serializers.Serializer[Any]):
    """One attribute, as it is. `state`: where conditions read it, or how it is about to change."""

    name = serializers.CharField()
    type = serializers.ChoiceField(TYPES)
    enum = serializers.ListField(child=serializers.CharField())
    nullable = serializers.BooleanField()
    pii = serializers.BooleanField()
    title = serializers.CharField()
    promoted = serializers.BooleanField()
    state = serializers.ChoiceField(STATES)


class UndeclaredOut(serializers.Serializer[Any]):
    """An attribute that arrives undeclared. Values as JSON, cut short; none for those who may not see answers."""

    name = serializers.CharField()
    type = serializers.ChoiceField(TYPES, help_text="A guess, by most of the values.")
    n = serializers.IntegerField(help_text="Sampled examples that have it.")
    fits = serializers.IntegerField(help_text="Those whose value is of the type.")
    share = serializers.FloatField()
    examples = serializers.ListField(child=serializers.CharField())
    can = serializers.BooleanField(help_text="Whether it can be declared by this name.")


class FoundOut(serializers.Serializer[Any]):
    """Examples that contradict: how many, and the keys of the first."""

    n = serializers.IntegerField()
    keys = serializers.ListField(child=serializers.CharField())


class FieldWorkOut(serializers.Serializer[Any]):
    """Something that is done, or was, to all rows because attributes changed."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(FieldWork.Kind.choices)
    name = serializers.CharField()
    state = serializers.ChoiceField(FieldWork.State.choices)
    progress = serializers.FloatField(help_text="0 to 1.")
    seen = serializers.IntegerField(help_text="Examples looked at.")
    found = serializers.DictField(child=FoundOut())
    refusal = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class FieldsOut(serializers.Serializer[Any]):
    """The attributes of a stream. `works` are the newest 20."""

    revision = serializers.CharField()
    fields = FieldOut(many=True)  # type: ignore[assignment]
    undeclared = UndeclaredOut(many=True)
    sampled = serializers.IntegerField(
        help_text="The newest examples, at most 1,000, that `undeclared` is of."
    )
    works = FieldWorkOut(many=True)


class Fields(StreamDoor):
    """The declared attributes of a stream."""

    verb = "projects.view_project"
    verbs = {"POST": "projects.manage_project"}

    @extend_schema(operation_id="fields_read", responses=FieldsOut)
    def get(self, request: Request, project: str, stream: str) -> Response:
        """What is declared, what arrives undeclared in the newest examples, and how far changes are."""
        return Response(self.said(self.stream(project, stream)))

    @extend_schema(operation_id="fields_change", request=FieldsIn, responses={200: FieldsOut, 202: FieldsOut})
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Declare the attributes anew, all of them.

        200: it is so from now on; an attribute that was made quick is `promoting` until older examples are in its
        column too. 202: there are many examples, and they are looked at first; see `works`. 409 when something
        relies on what would change, or when examples contradict it.
        """
        channel = self.stream(project, stream)
        given = FieldsIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        wanted = [dict(row) for row in asked["fields"]]
        try:
            work = change_fields(
                stream=channel,
                wanted=wanted,
                despite=asked["despite"],
                revision=asked.get("revision"),
                by=self.user,
            )
        except Contradicted as refusal:
            raise contradicted(refusal, [row["name"] for row in wanted]) from None
        return Response(self.said(channel), status=202 if work else 200)

    def said(self, stream: Stream) -> dict[str, Any]:
        """Everything about a stream's attributes; values only for those who may see answers."""
        seen, sampled = undeclared(stream)
        open_values = self.carries(PERSONAL, stream.project)
        works = stream.organization.field_works.filter(stream=stream).order_by("-pk")[:LAST_WORKS]
        return {
            "revision": revision_of(stream),
            "fields": [field_out(spec) for spec in field_specs(stream.fields).values()],
            "undeclared": [seen_out(one, open_values) for one in seen],
            "sampled": sampled,
            "works": [work_out(work) for work in works],
        }


def contradicted(refusal: Contradicted, names: list[str]) -> Problem:
    """A 409 with a pointer to each attribute that examples contradict."""
    errors = [
        FieldError(
            f"/fields/{names.index(name)}",
            "contradicted",
            f"{one['n']} of {refusal.seen} examples contradict it, first: {', '.join(one['keys'])}"[:2000],
        )
        for name, one in refusal.found.items()
    ]
    return Problem(409, "contradicted", "Examples that are here contradict the declaration.", errors=errors)


def field_out(spec: FieldSpec) -> dict[str, Any]:
    """A declared attribute as scripts see it."""
    return {
        "name": spec.name,
        "type": spec.type,
        "enum": list(spec.enum),
        "nullable": spec.nullable,
        "pii": spec.pii,
        "title": spec.title,
        "promoted": spec.written is not None,
        "state": spec.state or ("promoted" if spec.column else "json"),
    }


def seen_out(seen: Seen, open_values: bool) -> dict[str, Any]:
    """An undeclared attribute as scripts see it: nobody has said yet whether it is personal."""
    return seen._asdict() | ({} if open_values else {"examples": []})


def work_out(work: FieldWork) -> dict[str, Any]:
    """A work as scripts see it."""
    names = ("kind", "name", "state", "progress", "seen", "found", "refusal", "created_at", "ended_at")
    return {"id": work.pk} | {name: getattr(work, name) for name in names}
