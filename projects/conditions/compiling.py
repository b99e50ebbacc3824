"""A checked condition as SQL: the only place where that happens.

Null rule: a leaf on NULL is false, and `not` is the exact complement. Positive leaves are plain SQL that an
index can serve; only negated parts are wrapped in NOT COALESCE(..., false).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
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

from projects.conditions.fields import Differ, Field, HasOf
from projects.conditions.moments import iso_length
from projects.conditions.nodes import SPLITS, disagreeing, duration, moment
from projects.conditions.references import Reference, Target, read
from projects.streams.splits import Cuts

ORDER: dict[str, Any] = {
    "=": Exact,
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}
SAMPLE_BUCKETS = 10_000
MOST_HELD = 50  # values that are looked up in the index of attributes one by one


Targets = Mapping[Reference, Target]


def compile_condition(
    node: dict[str, Any], fields: Mapping[str, Field], cuts: Cuts, targets: Targets, as_of: datetime
) -> Q:
    """A checked condition without parameters as a filter over Example.

    `as_of` is the moment that `within last` and the windows of referred slices count from.
    """
    return Compiler(fields, cuts, targets, as_of).node(node)


class Compiler:
    """Turns nodes into filters."""

    def __init__(self, fields: Mapping[str, Field], cuts: Cuts, targets: Targets, as_of: datetime) -> None:
        self.fields, self.cuts, self.targets, self.as_of = fields, cuts, targets, as_of

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
            return complement(self.on_field("=", args))
        if op.startswith("x_") and op not in ("x_within", "x_within_last"):
            return self.whole(op, args)
        return self.on_field(op, args)

    def whole(self, op: str, args: list[Any]) -> Q:
        """A sample, a split, a slice, a disagreement."""
        match op:
            case "x_split":
                return in_splits(self.cuts, args)
            case "x_slice":
                reference = read(args[0])
                assert reference is not None  # checked
                return self.targets[reference].members(self.as_of)
            case "x_disagrees":
                return self.disagreement([self.fields[name].expression for name in disagreeing(args)])
        return Q(LessThan(SampleBucket(args[1]), round(args[0] * SAMPLE_BUCKETS / 100)))

    def disagreement(self, who: list[Combinable]) -> Q:
        """A field that says so itself, or two labels that differ."""
        return Q(Exact(who[0] if len(who) == 1 else Differ(*who), True))

    def on_field(self, op: str, args: list[Any]) -> Q:
        """An operator on a field."""
        field = self.fields[args[0]["property"]]
        if is_held(field, op, args):
            return holds_any(field.held_as, args[1] if op == "in" else args[1:])
        expression = field.expression
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
            case "a_overlaps" | "a_contains":
                return Q(Exact(HasOf(expression, args[1], every=op == "a_contains"), True))
            case "x_within_last":
                length = duration(args[1])
                assert length is not None  # checked
                return within(expression, self.as_of - length, self.as_of)
            case "x_within":
                calendar = iso_length(args[1])
                assert calendar is not None  # checked
                return within(expression, calendar.before(values[1]), values[1])
        return Q(ORDER[op](expression, values[0]))


def is_held(field: Field, op: str, args: list[Any]) -> bool:
    """Whether the index of attributes answers this comparison."""
    return bool(field.held_as) and (op == "=" or (op == "in" and len(args[1]) <= MOST_HELD))


def holds_any(name: str, values: list[Any]) -> Q:
    """Whether a member of the attributes is one of some texts or booleans: what the index of attributes answers.

    One that is missing, or of another type, equals none of them; numbers are not compared so, for 0.1 and
    0.10000000000000000001 are one number to conditions and two to JSON.
    """
    found = Q()
    for value in values:
        found |= Q(attributes__contains={name: value})
    return found


def within(expression: Combinable, start: datetime, end: datetime) -> Q:
    """[start, end)."""
    return Q(GreaterThanOrEqual(expression, start)) & Q(LessThan(expression, end))


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


class SplitBucket(Func):
    """0..9999 by the first eight bytes, big-endian, of sha256(salt, 0x1F, split key): as `bucket_of` has it."""

    output_field = IntegerField()
    arg_joiner = " || "
    template = (
        "(SELECT mod(mod(('x' || substr(digest, 1, 8))::bit(32)::bigint, 10000) * 7296"
        " + ('x' || substr(digest, 9, 8))::bit(32)::bigint, 10000)"
        " FROM encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex') AS digest)"
    )

    def __init__(self, salt: str) -> None:
        super().__init__(Value(f"{salt}\x1f"), F("split_key"))


def bucket_under(cuts: Cuts) -> Combinable:
    """The bucket of an example under a policy: the stored one, unless its salt is another."""
    if cuts.are_stored:
        return F("bucket")
    by_hash = When(Exact(F("bucket"), SplitBucket(cuts.stored_by)), then=SplitBucket(cuts.salt))
    return Case(by_hash, default=F("bucket"), output_field=IntegerField())


def in_splits(cuts: Cuts, splits: Iterable[str]) -> Q:
    """The examples of some splits; all of them leave nobody out, and the cuts are not asked."""
    if set(splits) == set(SPLITS):
        return Q()
    bucket, wanted = bucket_under(cuts), Q(pk__in=[])
    for split in splits:
        low, high = cuts[split]
        wanted |= Q(GreaterThanOrEqual(bucket, low)) & Q(LessThan(bucket, high))
    return wanted


def split_under(cuts: Cuts) -> Case:
    """The split of an example, as a text."""
    bucket, test, val = bucket_under(cuts), cuts["test"][1], cuts["val"][1]
    return Case(
        When(LessThan(bucket, test), then=Value("test")),
        When(LessThan(bucket, val), then=Value("val")),
        default=Value("train"),
        output_field=CharField(),
    )
