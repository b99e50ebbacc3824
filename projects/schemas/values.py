"""Answers that are one value, or some of the options."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

from teams.access.problems import FieldError, escape

MAX_TEXT = 200
LONGEST = 20_000  # characters of an answer in words
LARGEST = 1e15
TIE = "tie"  # neither of the two is better


def check_choice(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """The value of one option."""
    return [] if is_option(question, value) else [not_an_option(at)]


def check_choices(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """Values of different options; none of them is an answer too."""
    if not isinstance(value, list):
        return [FieldError(at, "type", "This is answered by a list of options.")]
    known = options_of(question)
    errors = [
        not_an_option(f"{at}/{index}")
        for index, item in enumerate(value)
        if not isinstance(item, str) or item not in known
    ]
    if not errors and len(set(value)) < len(value):
        errors.append(FieldError(at, "twice", "An option can be chosen once."))
    return errors or check_count(question, len(value), at)


def check_count(question: dict[str, Any], count: int, at: str) -> list[FieldError]:
    """As many as the question wants: `min` and `max`, where it says so."""
    least, most = question.get("min"), question.get("max")
    if least is not None and count < least:
        return [FieldError(at, "too_few", f"This question wants at least {least}; there are {count}.")]
    if most is not None and count > most:
        return [FieldError(at, "too_many", f"This question wants at most {most}; there are {count}.")]
    return []


def check_pairwise(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """The value of the better one of two options, or that neither is."""
    if is_option(question, value) or (value == TIE and question.get("tie", True)):
        return []
    return [not_an_option(at)]


def check_ranking(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """All options, each once, best first."""
    errors = check_choices(question, value, at)
    if not errors and len(value) != len(options_of(question)):
        errors.append(FieldError(at, "incomplete", "A ranking puts every option in its place."))
    return errors


def check_boolean(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """Yes or no."""
    return [] if isinstance(value, bool) else [FieldError(at, "type", "This is answered by true or false.")]


def check_number(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """A number within the question's bounds."""
    if not is_number(value):
        return [FieldError(at, "type", "This is answered by a number.")]
    low, high = question.get("min"), question.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{'' if low is None else low} to {'' if high is None else high}".strip()
        return [FieldError(at, "out_of_range", f"The number is out of bounds: {bounds}.")]
    return []


def check_rating(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """A step, from 1 up."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= question["max"]:
        return []
    return [FieldError(at, "out_of_range", f"A rating is a whole number from 1 to {question['max']}.")]


def check_text(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """Words that the database can hold."""
    if not isinstance(value, str):
        return [FieldError(at, "type", "This is answered in words.")]
    if len(value) > LONGEST or not is_storable(value):
        return [FieldError(at, "text", f"An answer has at most {LONGEST} characters that can be stored.")]
    most = question.get("max_length", LONGEST)
    if len(value) > most:
        return [FieldError(at, "too_long", f"At most {most} characters; there are {len(value)}.")]
    return []


def options_of(question: dict[str, Any]) -> frozenset[str]:
    """The values of the options."""
    return frozenset(option["value"] for option in question["options"])


def is_option(question: dict[str, Any], value: Any) -> bool:
    """Whether it is the value of one of the options."""
    return isinstance(value, str) and any(option["value"] == value for option in question["options"])


def not_an_option(at: str) -> FieldError:
    """What all questions with options say."""
    return FieldError(at, "not_an_option", "This is none of the options.")


def unknown(row: dict[str, Any], members: frozenset[str], at: str) -> list[FieldError]:
    """Members that nobody would read."""
    return [
        FieldError(f"{at}/{escape(name)[:50]}", "unknown", "This is not known here.")
        for name in row
        if name not in members
    ]


def is_number(value: Any) -> bool:
    """A finite number that every reader of JSON holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_whole(value: Any) -> TypeGuard[int]:
    """A whole number, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_storable(text: str) -> bool:
    """Without NUL and lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_text(value: Any) -> bool:
    """Something short to read that the database can hold."""
    return (
        isinstance(value, str)
        and 0 < len(value.strip()) <= len(value) <= MAX_TEXT
        and value.isprintable()  # neither NUL nor a lone surrogate is
    )


def is_share(value: Any) -> bool:
    """A fraction of something's size."""
    return is_number(value) and math.isfinite(value) and 0 <= value <= 1
