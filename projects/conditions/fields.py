"""What a condition may speak of: the fields of a stream, from every source that has registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    Expression,
    F,
    FloatField,
    Func,
    JSONField,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, Regex

from projects.conditions.moments import CASTABLE
from projects.schemas.fields import FieldSpec, field_specs
from projects.streams.models import LabelState, Stream
from projects.streams.withholding import PERSONAL


@dataclass(frozen=True, slots=True)
class Field:
    """A name that conditions may use, its type, and what it is in SQL over Example.

    `is_local`: a row of Example's columns alone tells it. `is_indexed`: an index serves comparisons with it.
    `verb`: what a caller must be allowed on the project to use it; empty for what everybody sees.
    `held_as`: the member of `attributes` that holds it, where equal JSON is the same as an equal value.
    """

    name: str
    type: str
    expression: Combinable
    enum: tuple[str, ...] = ()
    title: str = ""
    is_local: bool = True
    is_indexed: bool = False
    verb: str = ""
    held_as: str = ""


FieldSource = Callable[[Stream], Mapping[str, Field]]
_sources: dict[FieldSource, tuple[str, ...]] = {}


def register_source(source: FieldSource, *starts: str) -> None:
    """Let another room add fields; called once, when its app is ready.

    The source may query: it is asked only when a name that begins with one of `starts` is wanted, or every name.
    Without `starts` it is asked for any name that a stream does not know by itself.
    """
    _sources[source] = starts


class Fields(Mapping[str, Field]):
    """The fields of a stream by name: its own at once, those of other sources when they are asked for.

    The core fields win over attributes of the same name, and attributes over what other sources add.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.own = declared(stream) | CORE
        self.added: dict[str, Field] = {}
        self.waiting = dict(_sources)

    def __getitem__(self, name: str) -> Field:
        if name not in self.own:
            self.ask([source for source, starts in self.waiting.items() if name.startswith(starts or "")])
        return self.own[name] if name in self.own else self.added[name]

    def __iter__(self) -> Iterator[str]:
        self.ask(list(self.waiting))
        return iter(self.added | self.own)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def ask(self, sources: list[FieldSource]) -> None:
        """Have sources add their fields, each once."""
        for source in sources:
            del self.waiting[source]
            self.added.update(source(self.stream))


def fields_of(stream: Stream) -> Fields:
    """Every field of a stream by name."""
    return Fields(stream)


class Differ(Func):
    """Whether two values differ; NULL where one is missing."""

    output_field = BooleanField()
    conditional = True
    template = "(%(expressions)s)"
    arg_joiner = " <> "


CORE = {
    field.name: field
    for field in (
        Field("id", "number", Cast("id", FloatField()), title="The example's number"),
        Field("key", "string", F("key"), title="The example's key", is_indexed=True),
        Field("captured_at", "timestamp", F("captured_at"), title="When it happened", is_indexed=True),
        Field("ingested_at", "timestamp", F("ingested_at"), title="When it arrived", is_indexed=True),
        Field("text", "string", F("text"), title="Its text"),
        Field("media_type", "string", F("media_type"), title="Its kind of media"),
        Field("label", "string", F("label"), title="Its accepted label"),
        Field("label_state", "enum", F("label_state"), tuple(LabelState.values), "How far its label is"),
        Field("labeled_at", "timestamp", F("labeled_at"), title="When its label was accepted"),
        Field("prediction", "string", F("predicted"), title="What the newest model said"),
        Field("confidence", "number", F("confidence"), title="How sure the newest model was"),
        Field(
            "disagree.model_human",
            "boolean",
            Differ(F("predicted"), F("label")),
            title="Whether the newest model contradicts the accepted label",
        ),
    )
}


def declared(stream: Stream) -> dict[str, Field]:
    """The stream's declared attributes. Undeclared ones are kept with the example and can be declared later."""
    return {
        spec.name: Field(
            spec.name,
            spec.type,
            where(spec),
            spec.enum,
            spec.title,
            is_indexed=spec.quick is not None,  # every such column has an index
            verb=PERSONAL if spec.pii else "",
            held_as=spec.name if spec.quick is None and spec.type in ("string", "enum", "boolean") else "",
        )
        for spec in field_specs(stream.fields).values()
    }


def where(spec: FieldSpec) -> Combinable:
    """The promoted column, or the JSON value if it has the declared type, else NULL: never a failing cast."""
    if spec.quick:
        return F(spec.quick)
    value = KeyTransform(spec.name, "attributes")
    text = KeyTextTransform(spec.name, "attributes")
    match spec.type:
        case "number":
            return when(is_a("number", value), Cast(text, FloatField()), FloatField())
        case "boolean":
            return when(is_a("boolean", value), Cast(text, BooleanField()), BooleanField())
        case "timestamp":
            fits = Regex(text, CASTABLE)  # only a JSON text can look like one
            return when(fits, Cast(text, DateTimeField()), DateTimeField())
        case "string[]":
            return when(HoldsOnlyTexts(value), value, JSONField())
    return when(is_a("string", value), text, TextField())


def when(condition: Any, value: Expression, output_field: Any) -> Case:
    """A value where it holds, else NULL."""
    return Case(When(condition, then=value), default=None, output_field=output_field)


def is_a(kind: str, value: Expression) -> Exact[Any]:
    """Whether a JSON value is of a kind."""
    return Exact(JSONTypeOf(value), Value(kind))


class JSONTypeOf(Func):
    """The type of a JSON value, as PostgreSQL names it."""

    function = "jsonb_typeof"
    output_field = TextField()


class HoldsOnlyTexts(Func):
    """Whether a JSON value is a list, and all in it are texts; no error for what is no list."""

    output_field = BooleanField()
    conditional = True
    template = (
        "(jsonb_path_exists(%(expressions)s, 'strict $[*] ? (@.type() != \"string\")', '{}', true) IS FALSE)"
    )


class HasOf(Func):
    """Whether a list of texts inside JSON holds any, or all, of some texts."""

    output_field = BooleanField()
    conditional = True
    template = "(%(expressions)s)"

    def __init__(self, expression: Combinable, texts: list[str], *, every: bool) -> None:
        wanted = Value(texts, output_field=ArrayField(TextField()))
        super().__init__(expression, wanted, arg_joiner=" ?& " if every else " ?| ")
