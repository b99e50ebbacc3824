"""Questions that every request asks: their SQL is made once, not anew each time.

Django makes a statement's text out of a queryset in about a millisecond, several times what PostgreSQL takes to answer
it by key. That was half of what a call over REST cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models


class Asked:
    """The queryset of columns (`values_list`) that `ask` makes of some values, for other values of the same types.

    `like` are values that it is made with once; nothing else in the statement may equal them.
    """

    def __init__(self, ask: Callable[..., models.QuerySet[Any, Any]], *like: Any) -> None:
        self.ask, self.like = ask, like

    @cached_property
    def made(self) -> tuple[str, list[tuple[int | None, Any]], Any, Any]:
        """(statement, its values: which of the given ones, or one of its own; compiler, converters of columns)."""
        compiler: Any = self.ask(*self.like).query.get_compiler(DEFAULT_DB_ALIAS)
        statement, values = compiler.as_sql()
        slots = [(self.slot(value), value) for value in values]
        if {slot for slot, _value in slots} - {None} != set(range(len(self.like))):
            raise LookupError("a value does not stand in the statement as it was given")
        return statement, slots, compiler, compiler.get_converters([row[0] for row in compiler.select])

    def slot(self, value: Any) -> int | None:
        """Which of the given values this is."""
        found = (index for index, like in enumerate(self.like) if type(like) is type(value) and like == value)
        return next(found, None)

    def rows(self, *values: Any) -> list[Sequence[Any]]:
        """The answer for these values."""
        statement, slots, compiler, converters = self.made
        given = [own if slot is None else values[slot] for slot, own in slots]
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            found: list[Sequence[Any]] = cursor.fetchall()
        return list(compiler.apply_converters(found, converters)) if converters else found


def columns(model: type[models.Model], at: str = "") -> list[str]:
    """The names of a model's columns, of a row that is reached `at` a relation ("user__")."""
    return [at + field.attname for field in model._meta.concrete_fields]


def instances(row: Sequence[Any], *kinds: type[models.Model]) -> list[Any]:
    """The instances whose `columns` a row holds one after the other."""
    found, start = [], 0
    for kind in kinds:
        names = columns(kind)
        found.append(kind.from_db(DEFAULT_DB_ALIAS, names, row[start : start + len(names)]))
        start += len(names)
    return found
