"""Stored answers forget examples: an answer to a batch names them by id and key."""

from __future__ import annotations

from typing import Any

import msgspec

from teams.work.erasing import Doomed


class Named(msgspec.Struct):
    """As much of an answer's row as it takes to know the example; one that was rejected has no id."""

    id: int | None = None


class Answer(msgspec.Struct):
    """As much of an answer as speaks of examples."""

    rows: list[Named] = []


ANSWER = msgspec.json.Decoder(Answer)


def erase_answers(doomed: Doomed) -> int:
    """Take the body from every stored answer that may name one of the examples; sent again, such a call is 410.

    A rejected row has a key but no id: what it names cannot be told, so it goes too.
    """
    found = [row.pk for row in holding(doomed) if speaks_of(bytes(row.body or b""), doomed)]
    return doomed.organization.stored_answers.filter(pk__in=found).update(body=None)


def holding(doomed: Doomed) -> Any:
    """The answers that still have a body; a day's at most, read some at a time."""
    rows: Any = doomed.organization.stored_answers.filter(body__isnull=False)
    return rows.only("pk", "body").iterator(chunk_size=50)


def speaks_of(body: bytes, doomed: Doomed) -> bool:
    """Whether an answer names one of the examples, or a row that is none."""
    try:
        rows = ANSWER.decode(body).rows
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    gone = set(doomed.example_ids)
    return any(row.id is None or row.id in gone for row in rows)
