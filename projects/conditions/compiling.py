"""A checked condition as SQL: the only place where that happens.

Null rule: a leaf on NULL is false, and `not` is the exact complement. Positive leaves are plain SQL that an
index can serve; only negated parts are wrapped in NOT COALESCE(..., false).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Func, IntegerField, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
)

from projects.conditions.fields import Field
from projects.conditions.nodes import duration, moment

Cuts = Mapping[str, tuple[int, int]]
ORDER: dict[str, Any] = {
    "=": Exact,
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}
SAMPLE_BUCKETS = 10_000


def compile_condition(node: dict[str, Any], fields: Mapping[str, Field], cuts: Cuts, as_of: datetime) -> Q:
    """A checked condition as a filter over Example; `as_of` is the moment that `within last` counts from."""
    return Compiler(fields, cuts, as_of).node(node)


class Compiler:
    """Turns nodes into filters."""

    def __init__(self, fields: Mapping[str, Field], cuts: Cuts, as_of: datetime) -> None:
        self.fields, self.cuts, self.as_of = fields, cuts, as_of

    def node(self, node: dict[str, Any]) -> Q:
        """A node of any kind."""
        op, args = node["op"], node["args"]
        if op == "not":
            return complement(self.node(args[0]))
        if op in ("and", "or"):
            joined = self.node(args[0])
            for arg in args[1:]:
                joined = joined & self.node(arg) if op == "and" else joined | self.node(arg)
            return joined
        if op == "<>":
            return complement(self.leaf("=", args))
        return self.leaf(op, args)

    def leaf(self, op: str, args: list[Any]) -> Q:
        """An operator on a field, or a sample or split."""
        if op == "x_split":
            low, high = self.cuts[args[0]]
            return Q(bucket__gte=low, bucket__lt=high)
        if op == "x_hash_sample":
            return Q(LessThan(SampleBucket(args[1]), round(args[0] * SAMPLE_BUCKETS / 100)))
        expression = self.fields[args[0]["property"]].expression
        values = [operand(value) for value in args[1:]]
        match op:
            case "isNull":
                return Q(IsNull(expression, True))
            case "in":
                return Q(In(expression, [operand(value) for value in args[1]]))
            case "between":
                return Q(GreaterThanOrEqual(expression, values[0])) & Q(
                    LessThanOrEqual(expression, values[1])
                )
            case "like":
                return Q(Like(expression, values[0], casei=len(values) > 1))
            case "x_within_last":
                length = duration(values[0])
                assert length is not None  # checked
                return Q(GreaterThanOrEqual(expression, self.as_of - length)) & Q(
                    LessThan(expression, self.as_of)
                )
        return Q(ORDER[op](expression, values[0]))


def operand(value: Any) -> Any:
    """A JSON value as what the database compares with."""
    return moment(value["timestamp"]) if isinstance(value, dict) else value


def complement(part: Q) -> Q:
    """Every row that is not in `part`, NULL or not."""
    wrapped = ExpressionWrapper(part, output_field=BooleanField())
    return Q(Exact(Coalesce(wrapped, Value(False)), Value(False)))


class Like(Func):
    """LIKE with % and _ as wildcards; the backslash is a character like any other."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, expression: Combinable, pattern: str, *, casei: bool = False) -> None:
        arg_joiner = " ILIKE " if casei else " LIKE "
        escaped = Value(pattern.replace("\\", "\\\\"))
        super().__init__(expression, escaped, template="(%(expressions)s)", arg_joiner=arg_joiner)


class SampleBucket(Func):
    """0..9999 by the first four bytes, big-endian, of sha256(salt, 0x1F, key): the same for ever."""

    output_field = IntegerField()
    template = (
        "mod(('x' || substr(encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex'), 1, 8))"
        "::bit(32)::bigint, 10000)"
    )
    arg_joiner = " || "

    def __init__(self, salt: str) -> None:
        super().__init__(Value(f"{salt}\x1f"), F("key"))
