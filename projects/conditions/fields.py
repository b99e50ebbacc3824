"""What a condition may speak of: the fields of a stream, from every source that has registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Expression, F, FloatField, Func, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from projects.schemas.fields import FieldSpec, field_specs
from projects.streams.models import LabelState, Stream


@dataclass(frozen=True, slots=True)
class Field:
    """A name that conditions may use, its type, and what it is in SQL over Example."""

    name: str
    type: str
    expression: Combinable
    enum: tuple[str, ...] = ()
    title: str = ""


FieldSource = Callable[[Stream], Mapping[str, Field]]
_sources: list[FieldSource] = []


def register_source(source: FieldSource) -> None:
    """Let another room add fields; called once, when its app is ready."""
    if source not in _sources:
        _sources.append(source)


def fields_of(stream: Stream) -> dict[str, Field]:
    """Every field of a stream by name; the core fields win over attributes of the same name."""
    fields: dict[str, Field] = {}
    for source in (declared, *_sources):
        fields.update(source(stream))
    return fields | CORE


CORE = {
    field.name: field
    for field in (
        Field("key", "string", F("key"), title="The example's key"),
        Field("captured_at", "timestamp", F("captured_at"), title="When it happened"),
        Field("ingested_at", "timestamp", F("ingested_at"), title="When it arrived"),
        Field("label", "string", F("label"), title="Its accepted label"),
        Field("label_state", "enum", F("label_state"), tuple(LabelState.values), "How far its label is"),
        Field("labeled_at", "timestamp", F("labeled_at"), title="When its label was accepted"),
        Field("prediction", "string", F("predicted"), title="What the newest model said"),
        Field("confidence", "number", F("confidence"), title="How sure the newest model was"),
    )
}


def declared(stream: Stream) -> dict[str, Field]:
    """The stream's declared attributes. Undeclared ones are kept with the example and can be declared later."""
    specs = field_specs(stream.fields).values()
    return {spec.name: Field(spec.name, spec.type, where(spec), spec.enum) for spec in specs if usable(spec)}


def usable(spec: FieldSpec) -> bool:
    """A timestamp inside JSON has no order in SQL until it is promoted onto a column."""
    return spec.type != "timestamp"


def where(spec: FieldSpec) -> Combinable:
    """The promoted column, or the JSON value if it has the declared type, else NULL: never a failing cast."""
    if spec.column:
        return F(spec.column)
    kind = {"number": "number", "boolean": "boolean"}.get(spec.type, "string")
    text = KeyTextTransform(spec.name, "attributes")
    value: Expression = text
    output: Any = TextField()
    if kind == "number":
        value, output = Cast(text, FloatField()), FloatField()
    elif kind == "boolean":
        value, output = Cast(text, BooleanField()), BooleanField()
    typed = Exact(JSONTypeOf(KeyTransform(spec.name, "attributes")), Value(kind))
    return Case(When(typed, then=value), default=None, output_field=output)


class JSONTypeOf(Func):
    """The type of a JSON value, as PostgreSQL names it."""

    function = "jsonb_typeof"
    output_field = TextField()
