"""Conditions as people write them, both ways: parse(print(node)) == node."""

from __future__ import annotations

import json
import re
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.tree import Meta

from projects.conditions.errors import ConditionError, error
from projects.conditions.moments import ISO
from projects.conditions.nodes import Node, is_logic, is_param, prop

KEYWORDS = {
    "and", "or", "not", "in", "is", "null", "like", "casei", "between", "within", "last",
    "true", "false", "timestamp", "sample", "split", "of", "has", "any", "all", "slice", "disagrees",
}  # fmt: skip

GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction ("or" conjunction)*
?conjunction: negation ("and" negation)*
?negation: "not" negation -> negated
    | atom
?atom: "(" disjunction ")"
    | field COMPARISON value -> comparison
    | field "in" "(" value ("," value)* ")" -> within_set
    | field "between" value "and" value -> between
    | field "has" "any" "(" value ("," value)* ")" -> has_any
    | field "has" "all" "(" value ("," value)* ")" -> has_all
    | field "like" pattern -> like
    | field "like" pattern "casei" -> like_casei
    | field "is" "null" -> is_null
    | field "is" "not" "null" -> is_not_null
    | field "within" "last" DURATION -> within_last
    | field "within" LENGTH "of" value -> within
    | "sample" "(" NUMBER "%" "," STRING ")" -> sample
    | "split" "(" STRING ")" -> split
    | "slice" "(" STRING ")" -> slice
    | "disagrees" "(" STRING ("," STRING)? ")" -> disagrees
field: NAME -> plain_field
    | QUOTED -> quoted_field
?pattern: STRING -> text
    | PARAM -> param
value: STRING -> text
    | PARAM -> param
    | NUMBER -> number
    | "true" -> true
    | "false" -> false
    | "timestamp" STRING -> timestamp

COMPARISON: "=" | "<>" | "<=" | ">=" | "<" | ">"
DURATION.2: /[1-9][0-9]{0,8}[smhdw](?![A-Za-z0-9_])/
LENGTH.2: /P(?=[0-9T])(?:[0-9]+[YMWD])*(?:T(?:[0-9]+[HMS])+)?(?![A-Za-z0-9_.])/
PARAM: /\$[A-Za-z_][A-Za-z0-9_]*/
NUMBER: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_])/
NAME: /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*/
STRING: /'(?:[^']|'')*'/
QUOTED: /"(?:[^"]|"")*"/
%ignore /\s+/
"""
MAX_TEXT = 20_000
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")


def unquote(token: str) -> str:
    """The text between its quotes, in which a doubled quote is one."""
    return token[1:-1].replace(token[0] * 2, token[0])


@v_args(meta=True)
class ToNodes(Transformer[Token, Any]):
    """Parse trees as nodes that remember their place."""

    def _node(self, meta: Meta, op: str, *args: Any) -> Node:
        node = Node(op=op, args=list(args))
        node.span = (meta.start_pos, meta.end_pos)
        return node

    def disjunction(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "or", *parts)

    def conjunction(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "and", *parts)

    def negated(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "not", parts[0])

    def comparison(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, str(parts[1]), parts[0], parts[2])

    def within_set(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "in", parts[0], parts[1:])

    def between(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "between", *parts)

    def has_any(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "a_overlaps", parts[0], parts[1:])

    def has_all(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "a_contains", parts[0], parts[1:])

    def like(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "like", *parts)

    def like_casei(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "like", *parts, "casei")

    def is_null(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "isNull", parts[0])

    def is_not_null(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "not", self._node(meta, "isNull", parts[0]))

    def within_last(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "x_within_last", parts[0], str(parts[1]))

    def within(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "x_within", parts[0], str(parts[1]), parts[2])

    def slice(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "x_slice", unquote(parts[0]))

    def disagrees(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "x_disagrees", *map(unquote, parts))

    def sample(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "x_hash_sample", json.loads(parts[0]), unquote(parts[1]))

    def split(self, meta: Meta, parts: list[Any]) -> Node:
        return self._node(meta, "x_split", unquote(parts[0]))

    def plain_field(self, meta: Meta, parts: list[Any]) -> Node:
        return self._field(meta, str(parts[0]))

    def quoted_field(self, meta: Meta, parts: list[Any]) -> Node:
        return self._field(meta, unquote(parts[0]))

    def _field(self, meta: Meta, name: str) -> Node:
        node = prop(name)
        node.span = (meta.start_pos, meta.end_pos)
        return node

    def text(self, meta: Meta, parts: list[Any]) -> str:
        return unquote(parts[0])

    def param(self, meta: Meta, parts: list[Any]) -> dict[str, str]:
        return {"param": str(parts[0])[1:]}

    def number(self, meta: Meta, parts: list[Any]) -> int | float:
        value: int | float = json.loads(parts[0])
        return value

    def true(self, meta: Meta, parts: list[Any]) -> bool:
        return True

    def false(self, meta: Meta, parts: list[Any]) -> bool:
        return False

    def timestamp(self, meta: Meta, parts: list[Any]) -> dict[str, str]:
        return {"timestamp": unquote(parts[0])}


_parser = Lark(GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=False)


def parse(text: str) -> Node:
    """A condition from its text form. Raises ConditionError with line, column and what was expected."""
    if len(text) > MAX_TEXT:
        raise ConditionError([error("too_many", "", f"A condition has at most {MAX_TEXT} characters.")])
    try:
        node: Node = ToNodes().transform(_parser.parse(text))
    except UnexpectedInput as problem:
        raise ConditionError([syntax_error(text, problem)]) from None
    except RecursionError:
        raise ConditionError([error("too_deep", "", "The condition nests too deeply.")]) from None
    return node


def expected(text: str) -> tuple[list[Token], set[str]]:
    """The tokens of the beginning of a condition, and the kinds of token that may come next.

    Raises UnexpectedInput where no condition begins so.
    """
    parser = _parser.parse_interactive(text)
    tokens = list(parser.exhaust_lexer())
    return tokens, parser.accepts()


def syntax_error(text: str, problem: UnexpectedInput) -> dict[str, Any]:
    """Where the text stops making sense, and what could stand there."""
    spot = (
        problem.pos_in_stream
        if problem.pos_in_stream is not None and problem.pos_in_stream >= 0
        else len(text)
    )
    line, column = text.count("\n", 0, spot) + 1, spot - (text.rfind("\n", 0, spot) + 1) + 1
    names = getattr(problem, "expected", None) or getattr(problem, "allowed", None) or ()
    expected = sorted(SPOKEN.get(name, name.lower()) for name in names if not name.startswith("__"))
    where = f"line {line}, column {column}"
    return {
        "code": "syntax",
        "pointer": "",
        "detail": f"The condition cannot be read at {where}; expected {', '.join(expected) or 'something else'}.",
        "line": line,
        "column": column,
        "span": [spot, min(spot + 1, len(text))],
        "expected": expected,
    }


SPOKEN = {
    "NAME": "a field", "QUOTED": "a quoted field", "STRING": "'text'", "NUMBER": "a number", "DURATION": "60d",
    "LENGTH": "P1M", "PARAM": "$parameter",
    "COMPARISON": "= <> < <= > >=", "LPAR": "(", "RPAR": ")", "COMMA": ",", "PERCENT": "%", "$END": "the end",
}  # fmt: skip


def show(node: dict[str, Any]) -> str:
    """A node in its text form."""
    op, args = node["op"], node["args"]
    match op:
        case "and" | "or":
            return f" {op} ".join(inside(arg, op) for arg in args)
        case "not":
            return f"not {inside(args[0], 'not')}"
        case "x_hash_sample":
            return f"sample({json.dumps(args[0])}%, {quote(args[1])})"
        case "x_split":
            return f"split({quote(args[0])})"
        case "x_slice":
            return f"slice({quote(args[0])})"
        case "x_disagrees":
            return f"disagrees({', '.join(map(quote, args))})"
    name = show_field(args[0]["property"])
    match op:
        case "in":
            return f"{name} in ({', '.join(show_value(value) for value in args[1])})"
        case "a_overlaps":
            return f"{name} has any ({', '.join(show_value(value) for value in args[1])})"
        case "a_contains":
            return f"{name} has all ({', '.join(show_value(value) for value in args[1])})"
        case "between":
            return f"{name} between {show_value(args[1])} and {show_value(args[2])}"
        case "isNull":
            return f"{name} is null"
        case "like":
            return f"{name} like {show_value(args[1])}" + (" casei" if args[2:] else "")
        case "x_within_last":
            return f"{name} within last {args[1]}"
        case "x_within":
            return f"{name} within {args[1]} of {show_value(args[2])}"
    return f"{name} {op} {show_value(args[1])}"


def shown(value: Any) -> str:
    """A stored condition as people write it, without looking up what it speaks of; empty for everything."""
    if value is None:
        return ""
    try:
        return show(value)
    except (AttributeError, IndexError, KeyError, TypeError):
        return json.dumps(value)  # nothing that was ever checked


def shown_clauses(value: Any) -> list[str]:
    """The texts of the parts of a stored condition that are joined by `and` at the top."""
    if value is None:
        return []
    parts = value["args"] if is_logic(value) and value["op"] == "and" else [value]
    return [shown(part) for part in parts]


def inside(node: dict[str, Any], outer: str) -> str:
    """A part of a larger condition, in brackets where it would be read otherwise."""
    loose = is_logic(node) and node["op"] != "not" and not (outer == "or" and node["op"] == "and")
    return f"({show(node)})" if loose else show(node)


def show_field(name: str) -> str:
    """A field's name, quoted where it could be taken for something else."""
    if PLAIN.fullmatch(name) and name not in KEYWORDS and not ISO.fullmatch(name):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def show_value(value: Any) -> str:
    """A value in its text form."""
    if is_param(value):
        return f"${value['param']}"
    if isinstance(value, dict):
        return f"timestamp {quote(value['timestamp'])}"
    return quote(value) if isinstance(value, str) else json.dumps(value)


def quote(text: str) -> str:
    """Text between single quotes."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
