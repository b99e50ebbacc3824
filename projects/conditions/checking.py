"""Types, shapes and bounds of a condition, checked before anything is compiled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from projects.conditions.errors import error, suggestions
from projects.conditions.fields import Field
from projects.conditions.moments import iso_length
from projects.conditions.nodes import (
    ARITY,
    LEAVES,
    LISTS,
    LOGIC,
    MAX_DEPTH,
    MAX_NODES,
    MAX_VALUES,
    OPERATORS,
    PARAM_FOR,
    SPLITS,
    WHOLE,
    disagreeing,
    duration,
    is_param,
    moment,
)
from projects.conditions.references import DEEPEST, Circle, Reference, References, names_of, read

Errors = list[dict[str, Any]]
Named = tuple[Reference, str, Any]  # a slice, the pointer to where it is named, the node there
LARGEST = 1e300  # what PostgreSQL's double precision surely holds


@dataclass(frozen=True)
class Terms:
    """What a condition may speak of: fields by name, declared parameters with their types, slices."""

    fields: Mapping[str, Field]
    references: References
    params: Mapping[str, str] = field(default_factory=dict)


def check(node: Any, terms: Terms) -> Errors:
    """Everything that is wrong with a condition; an empty list when it can be compiled."""
    checker = Checker(terms)
    checker.node(node, "", 1)
    return checker.errors + reference_errors(checker.slices, terms)


class Checker:
    """Walks a condition once and collects what it finds."""

    def __init__(self, terms: Terms) -> None:
        self.fields, self.params = terms.fields, terms.params
        self.errors: Errors = []
        self.slices: list[Named] = []
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
        elif node["op"] in WHOLE:
            self.whole(node, pointer)
        else:
            known = self.field(node["args"][0], f"{pointer}/args/0")
            if known is not None and self.allowed(node, known, pointer):
                self.operands(node, known, pointer)

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

    def whole(self, node: dict[str, Any], pointer: str) -> None:
        """A sample, a split, a slice, a disagreement."""
        op, args = node["op"], node["args"]
        if op == "x_hash_sample":
            self.sample(node, pointer)
        elif op == "x_slice":
            self.reference(node, pointer)
        elif op == "x_disagrees":
            self.disagreement(node, pointer)
        elif args[0] not in SPLITS:
            detail = "A split is train, val or test."
            self.add("type_mismatch", f"{pointer}/args/0", detail, node, allowed=list(SPLITS))

    def sample(self, node: dict[str, Any], pointer: str) -> None:
        """A percentage and a salt."""
        percent, salt = node["args"]
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
            self.add("type_mismatch", f"{pointer}/args/0", "A sample is between 0 and 100 percent.", node)
        if not is_text(salt):
            self.add("type_mismatch", f"{pointer}/args/1", "A salt is text.", node)

    def reference(self, node: dict[str, Any], pointer: str) -> None:
        """A slice by name; whether there is one is asked of all at once."""
        named = read(node["args"][0])
        if named is None:
            detail = "A slice is named like 'hard-cases', 'hard-cases@latest' or 'hard-cases@7'."
            self.add("type_mismatch", f"{pointer}/args/0", detail, node)
        else:
            self.slices.append((named, f"{pointer}/args/0", node))

    def disagreement(self, node: dict[str, Any], pointer: str) -> None:
        """'annotators', 'model' and 'human', or two models by name."""
        who = node["args"]
        if not all(is_text(name) for name in who) or (len(who) == 1) != (who == ["annotators"]):
            detail = "Who may disagree: 'annotators'; 'model', 'human'; or two models by name."
            self.add("type_mismatch", f"{pointer}/args", detail, node)
            return
        for index, name in enumerate(disagreeing(who)):
            if name not in self.fields:
                meant = suggestions(who[index], self.models())
                detail = f"Nothing here is called {who[index][:60]!r}."
                self.add("unknown_field", f"{pointer}/args/{index}", detail, node, did_you_mean=meant)

    def models(self) -> list[str]:
        """The names of the models that have said something here, by their fields."""
        labels = [name for name in self.fields if name.startswith("pred.") and name.endswith(".label")]
        return [name.removeprefix("pred.").removesuffix(".label") for name in labels]

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

    def allowed(self, node: dict[str, Any], known: Field, pointer: str) -> bool:
        """Whether the operator is one of the field's type."""
        ops = OPERATORS[known.type]
        if node["op"] not in ops:
            detail = f"{node['op']!r} is not allowed on {known.name!r}, which is a {known.type}."
            self.add("op_not_allowed", pointer, detail, node, allowed=list(ops))
            return False
        return True

    def operands(self, node: dict[str, Any], known: Field, pointer: str) -> None:
        """What the field is compared with."""
        op, values = node["op"], node["args"][1:]
        match op:
            case "x_within_last":
                if duration(values[0]) is None:
                    detail = "A length of time is like 90s, 15m, 2h, 60d or 4w."
                    self.add("bad_duration", f"{pointer}/args/1", detail, node)
            case "x_within":
                if iso_length(values[0]) is None:
                    detail = (
                        "A length of the calendar is like P1M, P2W, P1Y6M or PT36H, of at most 100 years."
                    )
                    self.add("bad_duration", f"{pointer}/args/1", detail, node)
                self.value(node, known, values[1], f"{pointer}/args/2")
            case "like":
                self.pattern(node, known, values, pointer)
            case _ if op in LISTS:
                self.values(node, known, values[0], f"{pointer}/args/1")
            case _:
                for index, value in enumerate(values, start=1):
                    self.value(node, known, value, f"{pointer}/args/{index}")

    def pattern(self, node: dict[str, Any], known: Field, values: list[Any], pointer: str) -> None:
        """The pattern of `like`, and its option."""
        if is_param(values[0]):
            self.value(node, known, values[0], f"{pointer}/args/1")
        elif not is_text(values[0]):
            self.add("type_mismatch", f"{pointer}/args/1", "A pattern is text.", node)
        if values[1:] not in ([], ["casei"]):
            at, detail = f"{pointer}/args/2", "The only option is casei."
            self.add("type_mismatch", at, detail, node, allowed=["casei"])

    def values(self, node: dict[str, Any], known: Field, values: Any, pointer: str) -> None:
        """A list of values."""
        if not isinstance(values, list) or not values:
            detail = f"{node['op']!r} takes a list with at least one value."
            self.add("type_mismatch", pointer, detail, node)
        elif len(values) > MAX_VALUES:
            detail = f"{node['op']!r} takes at most {MAX_VALUES} values."
            self.add("too_many", pointer, detail, node)
        else:
            for index, value in enumerate(values):
                self.value(node, known, value, f"{pointer}/{index}")

    def value(self, node: dict[str, Any], known: Field, value: Any, pointer: str) -> None:
        """One value of the field's type, or a parameter that will be one."""
        if is_param(value):
            self.param(node, known, value["param"], pointer)
        elif known.type == "timestamp":
            if (
                not isinstance(value, dict)
                or set(value) != {"timestamp"}
                or moment(value["timestamp"]) is None
            ):
                detail = "A time is written with its zone, like 2026-01-31T08:00:00Z."
                self.add("bad_timestamp", pointer, detail, node)
        elif known.type == "enum":
            if value not in known.enum:
                detail = f"{known.name!r} is one of {', '.join(known.enum)}."
                self.add("type_mismatch", pointer, detail, node, allowed=list(known.enum))
        elif not fits(PARAM_FOR[known.type], value):
            detail = f"{known.name!r} is a {known.type}; got {str(value)[:40]!r}."
            self.add("type_mismatch", pointer, detail, node)

    def param(self, node: dict[str, Any], known: Field, name: Any, pointer: str) -> None:
        """A declared parameter of the type that the field wants."""
        if not isinstance(name, str) or name not in self.params:
            meant = suggestions(str(name)[:60], self.params)
            detail = f"There is no parameter {str(name)[:60]!r}."
            self.add("unknown_param", pointer, detail, node, did_you_mean=meant)
        elif self.params[name] != PARAM_FOR[known.type]:
            detail = f"{known.name!r} is a {known.type}; the parameter ${name} is a {self.params[name]}."
            self.add("type_mismatch", pointer, detail, node)


def reference_errors(slices: list[Named], terms: Terms) -> Errors:
    """What is wrong with the slices that a condition names."""
    terms.references.gather([named for named, _pointer, _node in slices])
    found = (reference_error(named, pointer, node, terms) for named, pointer, node in slices)
    return [one for one in found if one is not None]


def reference_error(named: Reference, pointer: str, node: Any, terms: Terms) -> dict[str, Any] | None:
    """Why a slice cannot be referred to: it is not there, it leads in a circle, too deep, or it is broken."""
    references = terms.references
    if named not in references.targets:
        meant = suggestions(named.name, names_of(references.stream))
        detail = f"This stream has no slice {str(named)!r}."
        return error("unknown_slice", pointer, detail, node, did_you_mean=meant)
    try:
        depth = references.depth(named)
    except Circle:
        detail = f"The slice {str(named)!r} leads back to {references.of or 'itself'!r}."
        return error("cycle", pointer, detail, node)
    if depth > DEEPEST:
        detail = f"Slices may refer to slices at most {DEEPEST} deep."
        return error("too_deep", pointer, detail, node)
    for reached, target in references.reached([named]).items():
        checker = Checker(Terms(terms.fields, references))
        if target.condition is not None:
            checker.node(target.condition, "", 1)
        if checker.errors:
            detail = f"The slice {str(reached)!r} cannot be used here: {checker.errors[0]['detail']}"
            return error("unknown_slice", pointer, detail, node)
    return None


def fits(type_name: str, value: Any) -> bool:
    """Whether a JSON value is a string, a boolean or a number."""
    match type_name:
        case "string":
            return is_text(value)
        case "boolean":
            return isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < LARGEST and math.isfinite(value)


def is_text(value: Any) -> bool:
    """Text that a column can hold."""
    return (
        isinstance(value, str)
        and "\x00" not in value
        and not any("\ud800" <= character <= "\udfff" for character in value)
    )
