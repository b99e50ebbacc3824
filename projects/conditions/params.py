"""Parameters of a condition: declared with a type, given a value when the condition is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from projects.conditions.checking import fits
from projects.conditions.errors import error, suggestions
from projects.conditions.fields import Field
from projects.conditions.nodes import (
    PARAM_FOR,
    PARAM_TYPES,
    WHOLE,
    is_logic,
    is_param,
    leaves,
    moment,
    operands,
)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}\Z")
MAX_PARAMS = 20


def declaration_errors(params: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is wrong with {name: type}; pointers start at /params."""
    found = []
    if len(params) > MAX_PARAMS:
        found.append(error("too_many", "/params", f"There may be at most {MAX_PARAMS} parameters."))
    for name, type_name in params.items():
        pointer = f"/params/{str(name)[:60]}"
        if not isinstance(name, str) or NAME.match(name) is None:
            detail = "A parameter's name is made of letters, digits and underscores, at most 60."
            found.append(error("bad_param", pointer, detail))
        elif type_name not in PARAM_TYPES:
            detail = f"A parameter is one of {', '.join(PARAM_TYPES)}."
            found.append(error("bad_param", pointer, detail, allowed=list(PARAM_TYPES)))
    return found


def implied(node: Any, fields: Mapping[str, Field]) -> dict[str, str]:
    """{name: type} of the parameters that a condition uses, as the fields beside them have it.

    Of a parsed condition that nobody has checked; a parameter beside an unknown field is a string.
    """
    found: dict[str, str] = {}
    for leaf in (one for one in leaves(node) if one["op"] not in WHOLE):
        field = fields.get(leaf["args"][0]["property"])
        for operand in operands(leaf):
            if is_param(operand):
                found.setdefault(operand["param"], PARAM_FOR[field.type] if field else "string")
    return found


def value_errors(
    values: Mapping[str, Any], declared: Mapping[str, str], used: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What is wrong with {name: value}: one missing that is used, of the wrong type, or not declared."""
    found = []
    for name in values:
        if name not in declared:
            meant = suggestions(str(name)[:60], declared)
            detail = f"There is no parameter {str(name)[:60]!r}."
            found.append(error("unknown_param", f"/values/{str(name)[:60]}", detail, did_you_mean=meant))
    for name, type_name in declared.items():
        if name in values and operand_of(type_name, values[name]) is None:
            detail = f"The parameter ${name} is a {type_name}; got {str(values[name])[:40]!r}."
            found.append(error("type_mismatch", f"/values/{name}", detail))
        elif name in used and name not in values:
            found.append(error("missing_param", f"/values/{name}", f"The parameter ${name} has no value."))
    return found


def operand_of(type_name: str, value: Any) -> Any:
    """A parameter's value as it stands in a condition; None where it is not of the type."""
    if type_name == "timestamp":
        text = value.isoformat() if isinstance(value, datetime) else value
        return {"timestamp": text} if moment(text) is not None else None
    return value if fits(type_name, value) else None


def replaced(node: Any, operands: Mapping[str, Any]) -> Any:
    """A checked condition with these in the place of its parameters."""
    if is_logic(node):
        return {"op": node["op"], "args": [replaced(arg, operands) for arg in node["args"]]}
    return {"op": node["op"], "args": [in_place(arg, operands) for arg in node["args"]]}


def in_place(arg: Any, operands: Mapping[str, Any]) -> Any:
    """One argument, or each of a list."""
    if isinstance(arg, list):
        return [in_place(one, operands) for one in arg]
    return operands[arg["param"]] if is_param(arg) else arg
