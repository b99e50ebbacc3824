"""Types, shapes and bounds of a condition, checked before anything is compiled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from projects.conditions.errors import error, suggestions
from projects.conditions.fields import Field
from projects.conditions.nodes import (
    ARITY,
    COMPARISONS,
    LOGIC,
    MAX_DEPTH,
    MAX_NODES,
    MAX_VALUES,
    OPERATORS,
    SPLITS,
    duration,
    moment,
)

Errors = list[dict[str, Any]]
LARGEST = 1e300  # what PostgreSQL's double precision surely holds
LEAVES = (*COMPARISONS, "between", "in", "like", "isNull", "x_within_last", "x_hash_sample", "x_split")


def check(node: Any, fields: Mapping[str, Field]) -> Errors:
    """Everything that is wrong with a condition; an empty list when it can be compiled."""
    checker = Checker(fields)
    checker.node(node, "", 1)
    return checker.errors


class Checker:
    """Walks a condition once and collects what it finds."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.errors: Errors = []
        self.count = 0

    def add(self, code: str, pointer: str, detail: str, node: Any = None, **more: Any) -> None:
        """Note one error."""
        self.errors.append(error(code, pointer, detail, node, **more))

    def node(self, node: Any, pointer: str, depth: int) -> None:
        """A node of any kind."""
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            if self.count <= MAX_NODES + 1:
                code = "too_deep" if depth > MAX_DEPTH else "too_many"
                limit = f"{MAX_DEPTH} levels" if depth > MAX_DEPTH else f"{MAX_NODES} parts"
                self.add(code, pointer, f"A condition may have at most {limit}.", node)
            return
        if not self.shaped(node, pointer):
            return
        if node["op"] in LOGIC:
            for index, child in enumerate(node["args"]):
                self.node(child, f"{pointer}/args/{index}", depth + 1)
        else:
            self.leaf(node, pointer)

    def shaped(self, node: Any, pointer: str) -> bool:
        """Whether it is {"op": known, "args": [as many as it takes]}."""
        if not isinstance(node, dict) or set(node) != {"op", "args"} or not isinstance(node["args"], list):
            self.add("bad_node", pointer, 'A node is {"op": ..., "args": [...]}.', node)
            return False
        op, args = node["op"], node["args"]
        if op not in LOGIC and op not in LEAVES:
            known = [*LOGIC, *LEAVES]
            self.add("bad_node", pointer, f"There is no operator {str(op)[:40]!r}.", node, allowed=known)
            return False
        wanted = ARITY.get(op, (2,))
        joins = op in ("and", "or")
        fits = len(args) >= 2 if joins else len(args) in wanted
        if not fits:
            many = "2 or more" if joins else " or ".join(str(n) for n in wanted)
            self.add("arity", pointer, f"{op!r} takes {many} arguments; got {len(args)}.", node)
        return fits

    def leaf(self, node: dict[str, Any], pointer: str) -> None:
        """An operator on a field, or a sample or split."""
        op, args = node["op"], node["args"]
        if op == "x_hash_sample":
            self.sample(node, pointer)
        elif op == "x_split":
            if args[0] not in SPLITS:
                detail = "A split is train, val or test."
                self.add("type_mismatch", f"{pointer}/args/0", detail, node, allowed=list(SPLITS))
        else:
            field = self.field(args[0], f"{pointer}/args/0")
            if field is not None and self.allowed(node, field, pointer):
                self.operands(node, field, pointer)

    def sample(self, node: dict[str, Any], pointer: str) -> None:
        """A percentage and a salt."""
        percent, salt = node["args"]
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
            self.add("type_mismatch", f"{pointer}/args/0", "A sample is between 0 and 100 percent.", node)
        if not self.is_text(salt):
            self.add("type_mismatch", f"{pointer}/args/1", "A salt is text.", node)

    def field(self, operand: Any, pointer: str) -> Field | None:
        """The field that an operand names."""
        if (
            not isinstance(operand, dict)
            or set(operand) != {"property"}
            or not isinstance(operand["property"], str)
        ):
            self.add("bad_node", pointer, 'The first argument is a field: {"property": name}.', operand)
            return None
        name = operand["property"]
        if name not in self.fields:
            meant = suggestions(name, self.fields)
            self.add(
                "unknown_field", pointer, f"There is no field {name[:60]!r}.", operand, did_you_mean=meant
            )
            return None
        return self.fields[name]

    def allowed(self, node: dict[str, Any], field: Field, pointer: str) -> bool:
        """Whether the operator is one of the field's type."""
        ops = OPERATORS[field.type]
        if node["op"] not in ops:
            detail = f"{node['op']!r} is not allowed on {field.name!r}, which is a {field.type}."
            self.add("op_not_allowed", pointer, detail, node, allowed=list(ops))
            return False
        return True

    def operands(self, node: dict[str, Any], field: Field, pointer: str) -> None:
        """The values that the field is compared with."""
        op, values = node["op"], node["args"][1:]
        if op == "x_within_last":
            if duration(values[0]) is None:
                self.add(
                    "bad_duration",
                    f"{pointer}/args/1",
                    "A length of time is like 90s, 15m, 2h, 60d or 4w.",
                    node,
                )
        elif op == "in":
            self.values(node, field, values[0], f"{pointer}/args/1")
        elif op == "like":
            if not self.is_text(values[0]):
                self.add("type_mismatch", f"{pointer}/args/1", "A pattern is text.", node)
            if values[1:] not in ([], ["casei"]):
                self.add(
                    "type_mismatch", f"{pointer}/args/2", "The only option is casei.", node, allowed=["casei"]
                )
        else:
            for index, value in enumerate(values, start=1):
                self.value(node, field, value, f"{pointer}/args/{index}")

    def values(self, node: dict[str, Any], field: Field, values: Any, pointer: str) -> None:
        """The list of `in`."""
        if not isinstance(values, list) or not values:
            self.add("type_mismatch", pointer, "'in' takes a list with at least one value.", node)
        elif len(values) > MAX_VALUES:
            self.add("too_many", pointer, f"'in' takes at most {MAX_VALUES} values.", node)
        else:
            for index, value in enumerate(values):
                self.value(node, field, value, f"{pointer}/{index}")

    def value(self, node: dict[str, Any], field: Field, value: Any, pointer: str) -> None:
        """One value of the field's type."""
        if field.type == "timestamp":
            if (
                not isinstance(value, dict)
                or set(value) != {"timestamp"}
                or moment(value["timestamp"]) is None
            ):
                detail = "A time is written with its zone, like 2026-01-31T08:00:00Z."
                self.add("bad_timestamp", pointer, detail, node)
        elif field.type == "enum":
            if value not in field.enum:
                detail = f"{field.name!r} is one of {', '.join(field.enum)}."
                self.add("type_mismatch", pointer, detail, node, allowed=list(field.enum))
        elif not self.fits(field.type, value):
            detail = f"{field.name!r} is a {field.type}; got {str(value)[:40]!r}."
            self.add("type_mismatch", pointer, detail, node)

    def fits(self, type_name: str, value: Any) -> bool:
        """Whether a JSON value is of a simple type."""
        match type_name:
            case "string":
                return self.is_text(value)
            case "boolean":
                return isinstance(value, bool)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and abs(value) < LARGEST and math.isfinite(value)

    def is_text(self, value: Any) -> bool:
        """Text that a column can hold."""
        return (
            isinstance(value, str)
            and "\x00" not in value
            and not any("\ud800" <= character <= "\udfff" for character in value)
        )
