"""Rows that are here and would not be taken any more, if an attribute were declared so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.utils.translation import gettext as _

from projects.schemas.fields import FieldSpec
from projects.streams.models import Stream
from teams.identity.refused import Refused

BATCH = 5_000
FIRST_KEYS = 5
TEXTS = ("string", "enum")

Found = dict[str, dict[str, Any]]  # attribute -> {"n": how many rows, "keys": the first of them}


class Contradicted(Refused):
    """Rows that are here contradict what an attribute would be; `found` says how many, and the first of them."""

    def __init__(self, found: Found, seen: int) -> None:
        super().__init__(sentence_of(found, seen), code="contradicted")
        self.found, self.seen = found, seen


class Look(NamedTuple):
    """How far a look over the rows came: the last id, and how many they were."""

    at: int
    seen: int


def narrowed(before: Mapping[str, FieldSpec], after: Mapping[str, FieldSpec]) -> list[FieldSpec]:
    """The declarations that rows which are here may contradict."""
    return [spec for name, spec in after.items() if is_narrower(before.get(name), spec)]


def is_narrower(before: FieldSpec | None, after: FieldSpec) -> bool:
    """Whether there may be values that the one takes and the other does not."""
    if before is None:
        return True
    is_shorter = after.written is not None and before.written is None and after.type in TEXTS
    is_fuller = before.nullable and not after.nullable
    return means_less(before, after) or is_fuller or is_shorter


def means_less(before: FieldSpec, after: FieldSpec) -> bool:
    """Whether a value may turn into none: another type, or an enum that lost a text. An enum becomes a string."""
    if before.type != after.type:
        return (before.type, after.type) != ("enum", "string")
    return not set(before.enum) <= set(after.enum)


def look(stream: Stream, specs: Collection[FieldSpec], found: Found, at: int, upto: int) -> Look:
    """Look at the next rows after id `at`, of those up to `upto`, and add what is wrong to `found`."""
    last, seen = at, 0
    for pk, key, values in rows_of(stream, [spec.name for spec in specs], at, upto):
        last, seen = pk, seen + 1
        for spec, value in zip(specs, values, strict=True):
            if not spec.accepts(value):
                add(found, spec.name, key)
    return Look(last, seen)


def rows_of(stream: Stream, names: list[str], at: int, upto: int) -> Iterator[tuple[int, str, list[Any]]]:
    """(id, key, the values of these attributes) of a batch of rows."""
    wanted = ", ".join(["attributes -> %s"] * len(names))
    statement = f"""
        SELECT id, key, {wanted} FROM projects_example
        WHERE organization_id = %s AND stream_id = %s AND id > %s AND id <= %s ORDER BY id LIMIT %s
    """  # noqa: S608  (placeholders)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*names, stream.organization_id, stream.pk, at, upto, BATCH])
        for pk, key, *values in cursor.fetchall():
            yield pk, key, [None if value is None else msgspec.json.decode(value) for value in values]


def add(found: Found, name: str, key: str) -> None:
    """One more row that contradicts."""
    one = found.setdefault(name, {"n": 0, "keys": []})
    one["n"] += 1
    if len(one["keys"]) < FIRST_KEYS:
        one["keys"].append(key)


def sentence_of(found: Found, seen: int) -> str:
    """What was found, for people."""
    return " ".join(
        _("“%(name)s” would not fit %(n)s of %(seen)s examples, first: %(keys)s.")
        % {"name": name, "n": f"{one['n']:,}", "seen": f"{seen:,}", "keys": ", ".join(one["keys"])}
        for name, one in found.items()
    )
