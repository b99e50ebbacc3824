"""FieldSpec: what a stream knows of an example beforehand; types are settled at the door."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from teams.identity.refused import Refused

TYPES = ("string", "number", "boolean", "timestamp", "enum", "string[]")
TEXT_COLUMNS = ("k1", "k2", "k3", "k4")
NUMBER_COLUMNS = ("n1", "n2")
COLUMNS_OF = {"string": TEXT_COLUMNS, "enum": TEXT_COLUMNS, "number": NUMBER_COLUMNS}
MEMBERS = {"name", "type", "column", "enum", "nullable", "title", "pii"}
PROMOTING, PROMOTED, DEMOTING = "promoting", "promoted", "demoting"

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}\Z")
# What every example has of its own; an attribute of the same name could not be told from it in a condition.
RESERVED = frozenset(
    {
        "id", "key", "captured_at", "ingested_at", "text", "media_uri", "media_type", "attributes", "label",
        "label_state", "labeled_at", "predicted", "confidence", "split", "bucket", "rev", "and", "or",
        "not", "in", "is", "null", "true", "false",
    }
)  # fmt: skip
Check = Callable[[Any], bool]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
MAX_PROMOTED = 500  # characters; a btree entry holds 2,700 bytes
MAX_ENUM = 200
MAX_LIST = 100  # texts in one list
MAX_FIELDS = 200
MAX_TITLE = 120


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A declared attribute. A promoted one lives in a typed column of Example too, the others in its JSON.

    `pii`: what it says is personal, and withheld from those who may not see other people's answers. `state` says
    how far its column is to be trusted; one that a stream was made with is promoted from the first row on.
    """

    name: str
    type: str
    column: str | None = None
    enum: tuple[str, ...] = ()
    nullable: bool = True
    pii: bool = False
    title: str = ""
    state: str = ""

    @property
    def written(self) -> str | None:
        """The column that arriving rows are written to."""
        return None if self.state == DEMOTING else self.column

    @property
    def quick(self) -> str | None:
        """The column that conditions may read: it holds the value of every example, of the oldest too."""
        return None if self.state in (PROMOTING, DEMOTING) else self.column

    @property
    def check(self) -> Check:
        """What says whether a JSON value that is not null is of this type; made once for many values."""
        return CHECKS[self.type](self)

    def accepts(self, value: Any) -> bool:
        """Whether a JSON value is of this type; null where it may be missing."""
        return self.nullable if value is None else self.check(value)

    @property
    def expected(self) -> str:
        """What `accepts` wants, in words: the end of "expected ..."."""
        return f"one of {', '.join(self.enum)[:80]}" if self.type == "enum" else EXPECTED[self.type]


def _text(spec: FieldSpec) -> Check:
    if spec.written is None:
        return _is_text
    return lambda value: isinstance(value, str) and len(value) <= MAX_PROMOTED


def _enum(spec: FieldSpec) -> Check:
    allowed = frozenset(spec.enum)
    return lambda value: isinstance(value, str) and value in allowed


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) is float or type(value) is int  # True is an int to Python only


def _is_timestamp(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(msgspec.convert(value, Moment))
    except msgspec.ValidationError:
        return False


def _is_list(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MAX_LIST:
        return False
    return all(isinstance(text, str) and len(text) <= MAX_PROMOTED for text in value)


# What makes the check of a declaration: what can be asked once is not asked of every row.
CHECKS: dict[str, Callable[[FieldSpec], Check]] = {
    "string": _text,
    "number": lambda spec: _is_number,
    "boolean": lambda spec: lambda value: isinstance(value, bool),
    "timestamp": lambda spec: _is_timestamp,
    "enum": _enum,
    "string[]": lambda spec: _is_list,
}
EXPECTED = {
    "string": f"a text, of at most {MAX_PROMOTED} characters if it is promoted",
    "number": "a number",
    "boolean": "true or false",
    "timestamp": "an RFC 3339 time with its zone",
    "string[]": f"a list of at most {MAX_LIST} texts, each of at most {MAX_PROMOTED} characters",
}


def field_specs(declared: Sequence[Mapping[str, Any]]) -> dict[str, FieldSpec]:
    """A stream's `fields` JSON as specs by name."""
    return {row["name"]: spec_of(row) for row in declared}


def spec_of(row: Mapping[str, Any]) -> FieldSpec:
    """One declaration as a spec."""
    return FieldSpec(
        row["name"],
        row["type"],
        row.get("column"),
        tuple(row.get("enum", ())),
        row.get("nullable", True),
        row.get("pii", False),
        row.get("title", ""),
        row.get("state", ""),
    )


def check_fields(declared: Any) -> None:
    """Whether these may be a stream's attributes.

    Raises Refused (422) with a sentence that names the first one that may not.
    """
    if not isinstance(declared, list) or not all(isinstance(row, dict) for row in declared):
        raise _wrong(_("Attributes are a list of objects with a name and a type."))
    if len(declared) > MAX_FIELDS:
        raise _wrong(_("A stream declares at most %(most)s attributes."), most=str(MAX_FIELDS))
    for row in declared:
        check_field(row)
    names = [row["name"] for row in declared]
    columns = [row["column"] for row in declared if row.get("column")]
    for taken in (names, columns):
        twice = next((value for value in taken if taken.count(value) > 1), None)
        if twice is not None:
            raise _wrong(_("“%(value)s” is used twice among the attributes."), value=twice)


def check_field(row: Mapping[str, Any]) -> None:
    """Whether one declaration makes sense by itself."""
    name, type_, column = row.get("name"), row.get("type"), row.get("column")
    if not isinstance(name, str) or not NAME.match(name):
        raise _wrong(_("An attribute's name is made of letters, digits and underscores, at most 60."))
    if name.lower() in RESERVED:
        raise _wrong(_("“%(value)s” already means something else; name the attribute otherwise."), value=name)
    if type_ not in TYPES:
        raise _wrong(_("The type of “%(value)s” is none of %(types)s."), value=name, types=", ".join(TYPES))
    if column is not None and column not in COLUMNS_OF.get(type_, ()):
        raise _wrong(
            _("“%(value)s” cannot be promoted to that column: texts go to k1-k4, numbers to n1-n2."),
            value=name,
        )
    if (type_ == "enum") != bool(row.get("enum")) or not _is_enum(row.get("enum", [])):
        raise _wrong(_("“%(value)s”: an enum, and only an enum, lists its texts."), value=name)
    flags = (row.get("nullable", True), row.get("pii", False))
    if not all(isinstance(flag, bool) for flag in flags) or set(row) - MEMBERS or not _is_title(row):
        raise _wrong(_("“%(value)s” is declared with something that is not known here."), value=name)


def _is_title(row: Mapping[str, Any]) -> bool:
    title = row.get("title", "")
    return isinstance(title, str) and len(title) <= MAX_TITLE and (not title or title.isprintable())


def _is_enum(values: Any) -> bool:
    if not isinstance(values, list) or len(values) > MAX_ENUM or len(values) != len({str(v) for v in values}):
        return False
    return all(isinstance(value, str) and 0 < len(value) <= MAX_PROMOTED for value in values)


def _wrong(sentence: str | Promise, **values: Any) -> Refused:
    return Refused(sentence % values if values else sentence, code="invalid", status=422)
