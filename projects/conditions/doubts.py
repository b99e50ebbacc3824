"""What is odd about a condition that can be used: warnings, not errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from projects.conditions.canonical import canonical, dumps
from projects.conditions.compiling import is_held, operand
from projects.conditions.condition import Condition, top
from projects.conditions.errors import error
from projects.conditions.nodes import is_logic, operands, params_in

Signed = tuple[dict[str, Any], bool]  # a part, and whether it is wanted or its complement is
NOT_SERVED = ("<>", "isNull")


def warnings(condition: Condition) -> list[dict[str, Any]]:
    """Warnings with code, pointer and detail: nothing an index serves, always true, never true."""
    if condition.json is None:
        return []
    found = truths(condition.json)
    if not is_served(condition.json, condition):
        detail = (
            "No part uses the key, a time or a promoted attribute, or what an attribute equals, "
            "so every example of the stream is read."
        )
        found.append(error("not_indexed", "", detail))
    return found


def truths(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The whole if it is always true or never, else its parts that are."""
    parts = top(node)
    said = truth(node)
    if said is not None or len(parts) == 1:
        return [] if said is None else [told(said, "")]
    each = ((truth(part), f"/args/{index}") for index, part in enumerate(parts))
    return [told(one, pointer) for one, pointer in each if one is not None]


def told(said: bool, pointer: str) -> dict[str, Any]:
    """The warning."""
    if said:
        return error("always_true", pointer, "Every example meets this.")
    return error("always_false", pointer, "No example can ever meet this.")


def is_served(node: dict[str, Any], condition: Condition) -> bool:
    """Whether an index can narrow down what has to be read."""
    op, args = node["op"], node["args"]
    if is_logic(node):
        joined = {"and": any, "or": all, "not": lambda _parts: False}[op]
        return joined(is_served(arg, condition) for arg in args)
    if op in NOT_SERVED or not isinstance(args[0], dict):
        return False
    field = condition.fields[args[0]["property"]]
    return field.is_indexed or is_held(field, op, args)


def truth(node: dict[str, Any]) -> bool | None:
    """True where every example meets a checked condition, False where none can, None where it depends.

    Only plain cases are seen: None says nothing. Whatever the data are, True and False are right.
    """
    op, args = node["op"], node["args"]
    match op:
        case "not":
            said = truth(args[0])
            return None if said is None else not said
        case "and":
            each = [truth(arg) for arg in args]
            if False in each or contradict((arg, True) for arg in args):
                return False
            return True if set(each) == {True} else None
        case "or":
            each = [truth(arg) for arg in args]
            if True in each or contradict((arg, False) for arg in args):
                return True
            return False if set(each) == {False} else None
        case "x_hash_sample":
            return {0: False, 10_000: True}.get(round(args[0] * 100))
    return False if contradict([(node, True)]) else None


def contradict(parts: Iterable[Signed]) -> bool:
    """Whether these cannot all hold."""
    wanted: set[str] = set()
    refused: set[str] = set()
    about: defaultdict[str, list[Signed]] = defaultdict(list)
    for node, sign in map(unnegated, flat(parts)):
        (wanted if sign else refused).add(dumps(canonical(node)))
        if not is_logic(node):
            about[subject(node)].append((node, sign))
    return bool(wanted & refused) or any(Possible().narrow(leaves).is_empty for leaves in about.values())


def flat(parts: Iterable[Signed]) -> Iterable[Signed]:
    """`and` that is wanted, and `or` whose complement is, as their parts."""
    for node, sign in map(unnegated, parts):
        if node["op"] == ("and" if sign else "or"):
            yield from flat((arg, sign) for arg in node["args"])
        else:
            yield node, sign


def unnegated(part: Signed) -> Signed:
    """Without `not` in front: `<>` is the complement of `=`."""
    node, sign = part
    while node["op"] == "not":
        node, sign = node["args"][0], not sign
    if node["op"] == "<>":
        return {"op": "=", "args": node["args"]}, not sign
    return node, sign


def subject(leaf: dict[str, Any]) -> str:
    """What a leaf is about: a field, or the split."""
    first = leaf["args"][0]
    return f"field {first['property']}" if isinstance(first, dict) else leaf["op"]


class Possible:
    """The values that one field may still have; `leaves` narrow them."""

    def __init__(self) -> None:
        self.values: set[Any] | None = None  # None: any
        self.refused: set[Any] = set()
        self.low: tuple[Any, bool] | None = None  # the least, and whether it is itself out
        self.high: tuple[Any, bool] | None = None
        self.is_null = self.is_there = False

    def narrow(self, leaves: Iterable[Signed]) -> Possible:
        """Take these into account; those with parameters say nothing beyond that there is a value."""
        for leaf, sign in leaves:
            op, args = leaf["op"], leaf["args"]
            self.is_null |= op == "isNull" and sign
            self.is_there |= op != "isNull" and sign
            if params_in(leaf):
                continue
            if op in ("=", "in", "x_split"):
                self.one_of({operand(value) for value in list(operands(leaf))[op != "x_split" :]}, sign)
            elif sign:
                self.between(op, [operand(value) for value in args[1:] if not isinstance(value, list)])
        return self

    def one_of(self, values: set[Any], sign: bool) -> None:
        """Only these, or none of them."""
        if sign:
            self.values = values if self.values is None else self.values & values
        else:
            self.refused |= values

    def between(self, op: str, values: list[Any]) -> None:
        """Bounds of an order."""
        if op in (">", ">="):
            self.raise_to((values[0], op == ">"))
        elif op in ("<", "<="):
            self.lower_to((values[0], op == "<"))
        elif op == "between":
            self.raise_to((values[0], False))
            self.lower_to((values[1], False))

    def raise_to(self, low: tuple[Any, bool]) -> None:
        """Nothing less."""
        self.low = low if self.low is None else max(self.low, low)

    def lower_to(self, high: tuple[Any, bool]) -> None:
        """Nothing more."""
        nearer = self.high is None or (high[0], not high[1]) < (self.high[0], not self.high[1])
        self.high = high if nearer else self.high

    @property
    def is_empty(self) -> bool:
        """Whether no value is left."""
        if self.is_null:
            return self.is_there
        if self.values is not None:
            return not any(self.holds(value) for value in self.values - self.refused)
        if self.low is None or self.high is None:
            return False
        (low, low_out), (high, high_out) = self.low, self.high
        return bool(low > high or (low == high and (low_out or high_out)))

    def holds(self, value: Any) -> bool:
        """Whether a value is within the bounds."""
        above = self.low is None or value > self.low[0] or (value == self.low[0] and not self.low[1])
        below = self.high is None or value < self.high[0] or (value == self.high[0] and not self.high[1])
        return above and below
