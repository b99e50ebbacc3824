"""What other rooms use: a condition of one stream, checked, in all its forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils.functional import SimpleLazyObject

from projects.conditions.canonical import canonical, definition_hash, plain
from projects.conditions.checking import Terms, check
from projects.conditions.compiling import compile_condition
from projects.conditions.errors import ConditionError
from projects.conditions.evaluating import NeedsDatabase, matches
from projects.conditions.fields import Field, fields_of
from projects.conditions.nodes import fields_in, is_param, leaves, params_in
from projects.conditions.params import declaration_errors, operand_of, replaced, value_errors
from projects.conditions.references import References, references_in
from projects.conditions.text import parse, show
from projects.streams.models import Stream
from projects.streams.splits import cuts_of

NO_VALUES: Mapping[str, Any] = {}


class Condition:
    """A checked condition of one stream; null stands for everything.

    `json` is as it was given, `text` the same in words, `hash` that of the canonical form. `declared` are the
    parameters that it may use, `params` those that it does: {name: "string" | "number" | "boolean" | "timestamp"}.
    """

    def __init__(
        self,
        node: dict[str, Any] | None,
        stream: Stream,
        *,
        params: Mapping[str, str] = NO_VALUES,
        of: str | None = None,
    ) -> None:
        self.stream = stream
        self.declared = dict(params)
        self.terms = Terms(fields_of(stream), References(stream, of), self.declared)
        errors = declaration_errors(self.declared) or ([] if node is None else check(node, self.terms))
        if errors:
            raise ConditionError(errors)
        self.json: dict[str, Any] | None = plain(node)
        self.cuts: Any = SimpleLazyObject(
            lambda: cuts_of(stream)
        )  # asked only for splits, once for all parts

    @classmethod
    def from_json(
        cls, value: Any, stream: Stream, *, params: Mapping[str, str] = NO_VALUES, of: str | None = None
    ) -> Condition:
        """From its JSON form. Raises ConditionError with everything that is wrong.

        `of` is the slice that it will be saved for, so that a circle is found.
        """
        return cls(value, stream, params=params, of=of)

    @classmethod
    def from_text(
        cls, text: str, stream: Stream, *, params: Mapping[str, str] = NO_VALUES, of: str | None = None
    ) -> Condition:
        """From its text form; empty text is everything. Errors carry spans."""
        return cls(parse(text) if text.strip() else None, stream, params=params, of=of)

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields that it may speak of, by name."""
        return self.terms.fields

    @property
    def text(self) -> str:
        """As people write it; empty for everything."""
        return "" if self.json is None else show(self.json)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form."""
        return definition_hash(self.json)

    @property
    def canonical(self) -> Any:
        """The one form of all conditions that mean this."""
        return canonical(self.json)

    @property
    def params(self) -> dict[str, str]:
        """The parameters that it uses, and their types."""
        return {name: self.declared[name] for name in sorted(set(params_in(self.json)))}

    @property
    def used_fields(self) -> dict[str, Field]:
        """The fields that it speaks of, by name."""
        names = {name for leaf in leaves(self.json) for name in fields_in(leaf)}
        return {name: self.fields[name] for name in sorted(names)}

    @property
    def is_local(self) -> bool:
        """Whether a row of Example's columns alone decides: no slices, and no field that looks elsewhere."""
        refers = any(leaf["op"] == "x_slice" for leaf in leaves(self.json))
        return not refers and all(field.is_local for field in self.used_fields.values())

    @property
    def asks_for_splits(self) -> bool:
        """Whether it speaks of train, val or test, whose cuts may move."""
        return any(leaf["op"] == "x_split" for leaf in leaves(self.json))

    def references(self) -> dict[str, int]:
        """{slice as referred to: version} of all that it leads to, slices within slices too.

        A name without a version was resolved when this condition was read, and `q` keeps to that. Within referred
        slices names are resolved as `q` is compiled: do both in one REPEATABLE READ transaction to write them down.
        """
        reached = self.terms.references.reached(references_in(self.json))
        return {
            str(named): target.version
            for named, target in sorted(reached.items(), key=lambda one: str(one[0]))
        }

    def expression(self, field: str) -> Combinable:
        """A field as an SQL expression over Example. Raises KeyError where there is no such field."""
        return self.fields[field].expression

    def q(self, as_of: datetime, values: Mapping[str, Any] = NO_VALUES) -> Q:
        """A filter over Example, as of a moment. Raises ConditionError where a parameter's value is missing or odd."""
        if values or self.params:
            return self.bound(values).q(as_of)
        if self.json is None:
            return Q()
        targets = self.terms.references.targets
        return compile_condition(self.json, self.fields, self.cuts, targets, as_of)

    def matches(self, row: Mapping[str, Any], as_of: datetime, values: Mapping[str, Any] = NO_VALUES) -> bool:
        """Whether one row, as `row_of` makes it, meets it. Raises NeedsDatabase unless `is_local`."""
        if not self.is_local:
            raise NeedsDatabase("No single row decides this condition.")
        if values or self.params:
            return self.bound(values).matches(row, as_of)
        return self.json is None or matches(self.json, row, self.cuts, as_of)

    def bound(self, values: Mapping[str, Any]) -> Condition:
        """The same with values in the place of its parameters.

        Raises ConditionError where one that is used is missing, or one is of another type or not declared.
        """
        errors = value_errors(values, self.declared, self.params)
        if errors:
            raise ConditionError(errors)
        if self.json is None:
            return self
        operands = {name: operand_of(self.declared[name], value) for name, value in values.items()}
        made = self.part(replaced(self.json, operands))
        errors = check(made.json, made.terms)  # a text may be none of an enum's
        if errors:
            raise ConditionError(errors)
        return made

    def clauses(self) -> list[Condition]:
        """The parts that are joined by `and` at the top, each by itself."""
        return [self.part(node) for node in top(self.json)]

    def grouped(self) -> tuple[dict[str, str], Condition] | None:
        """({parameter: field}, the rest) where each declared parameter only picks one value of one field.

        That is where the top holds `field = $parameter` once for each, and nothing else uses one: then one GROUP BY
        over the fields of the rest answers for all values at once. None where it is not so, or nothing is declared.
        """
        parts = flat(self.json)
        picked = {node["args"][1]["param"]: node["args"][0]["property"] for node in parts if picks(node)}
        uses = Counter(params_in(self.json))
        if not self.declared or set(picked) != set(self.declared) or set(uses.values()) != {1}:
            return None
        rest = [node for node in parts if not picks(node)]
        node = {"op": "and", "args": rest} if len(rest) > 1 else (rest[0] if rest else None)
        return picked, self.part(node)

    def part(self, node: Any) -> Condition:
        """Some of this condition, which is checked already."""
        made = copy(self)
        made.json = node
        return made


def top(node: Any) -> list[Any]:
    """The parts joined by `and` at the top, as they are written."""
    if node is None:
        return []
    return list(node["args"]) if node["op"] == "and" else [node]


def flat(node: Any) -> list[Any]:
    """The parts joined by `and` at the top, through `and` within `and`."""
    parts = top(node)
    return [one for part in parts for one in (flat(part) if part["op"] == "and" else [part])]


def picks(node: dict[str, Any]) -> bool:
    """Whether a part is `field = $parameter`."""
    return node["op"] == "=" and is_param(node["args"][1])
