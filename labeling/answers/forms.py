"""What the task's form sends, as an answer: {question name: value of JSON}. Whether it fits is the schema's to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from projects.schemas.values import LARGEST, is_storable
from projects.schemas.visibility import visible

# Names that the form needs for itself; a question of such a name has a field of another.
OURS = frozenset({"csrfmiddlewaretoken", "lease", "token", "active_s", "reason"})
LONGEST = 400  # digits, and more than any number has
MAX_DEPTH = 8  # of what a draft holds
EMPTY: tuple[Any, ...] = (None, "", [])


def field_of(question: Mapping[str, Any]) -> str:
    """The name of a question's field in the form."""
    name = str(question["name"])
    return f"answer-{name}" if name in OURS else name


def answer_in(sent: QueryDict, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a form answers. A field that is left empty is no answer, but for ticks: none of the options is one."""
    read = {question["name"]: value_in(sent, question) for question in questions}
    answer = {name: value for name, value in read.items() if value not in (None, "")}
    asked = visible(questions, answer)
    needless = {row["name"] for row in questions if row["name"] not in asked or not row.get("required", True)}
    return {name: value for name, value in answer.items() if value not in EMPTY or name not in needless}


def value_in(sent: QueryDict, question: Mapping[str, Any]) -> Any:
    """One question's value; as it was typed where it cannot be read. None: its field is not there."""
    field = field_of(question)
    if field not in sent:
        return None
    if question["kind"] == "choices":
        return [value for value in sent.getlist(field) if value]
    return READ.get(question["kind"], from_json)(str(sent[field]))


def from_boolean(text: str) -> Any:
    """Yes or no."""
    return {"true": True, "false": False}.get(text, text)


def from_number(text: str) -> Any:
    """A whole number as such, so that 3 is kept as 3."""
    text = text.strip()
    if len(text) > LONGEST or "_" in text:
        return text
    try:
        number = float(text)
        return int(text) if text.lstrip("+-").isdecimal() else number if abs(number) <= LARGEST else text
    except ValueError:
        return text


def from_words(text: str) -> str:
    """A form sends two characters for the end of a line."""
    return text.replace("\r\n", "\n")


def from_json(text: str) -> Any:
    """What a script wrote into its hidden field; what no page could show again stays the text that it came as."""
    try:
        value = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text
    return value if is_keepable(value) else text


def as_it_is(text: str) -> str:
    """The value of an option."""
    return text


READ: dict[str, Callable[[str], Any]] = {
    "choice": as_it_is,
    "pairwise": as_it_is,
    "boolean": from_boolean,
    "number": from_number,
    "rating": from_number,
    "text": from_words,
}


def is_keepable(value: Any, depth: int = 0) -> bool:
    """Whether the database can hold it: a draft need not fit, but it must be there when the person comes back."""
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, list):
        return depth < MAX_DEPTH and all(is_keepable(one, depth + 1) for one in value)
    if isinstance(value, dict):
        held = all(is_keepable(name) and is_keepable(one, depth + 1) for name, one in value.items())
        return depth < MAX_DEPTH and held
    return value is None or isinstance(value, bool) or abs(value) <= LARGEST
