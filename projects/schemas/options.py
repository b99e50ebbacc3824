"""The options of a question: their values, words and keys, and the tree that their parents make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.schemas.values import MAX_TEXT, is_text, unknown
from teams.access.problems import FieldError

MAX_OPTIONS = 20_000
MAX_DEPTH = 20  # of a tree
# What the pages that ask use themselves: skip, flag, the guideline, issues, examples beside it, other questions, go
# to, the list of keys, search.
KEYS_OF_PAGES = frozenset("s!iqejkg?/")
MEMBERS = frozenset({"value", "title", "key", "parent"})
COMPARED = frozenset({"value", "title", "key", "attribute"})


def check_options(
    row: dict[str, Any], at: str, least: int, most: int = MAX_OPTIONS, members: frozenset[str] = MEMBERS
) -> list[FieldError]:
    """Options of different values, keys that do not collide, parents that are options and above."""
    options = row.get("options")
    if not isinstance(options, list) or not least <= len(options) <= most:
        number = str(least) if least == most else f"{least} to {most}"
        return [FieldError(f"{at}/options", "options", f"There are {number} options.")]
    errors = [
        error
        for index, option in enumerate(options)
        for error in check_option(option, f"{at}/options/{index}", members)
    ]
    if errors:
        return errors
    values = [option["value"] for option in options]
    keys = [option.get("key", "") for option in options]
    return [
        *twice(values, f"{at}/options/{{}}/value", "This value is taken by another option."),
        *twice(keys, f"{at}/options/{{}}/key", "This key is taken by another option."),
    ] or check_parents(options, at)


def check_option(option: Any, at: str, members: frozenset[str]) -> list[FieldError]:
    """An option has a value; a title, a key of the keyboard and a parent if it likes."""
    if not isinstance(option, dict):
        return [FieldError(at, "type", "An option is an object.")]
    errors = unknown(option, members, at)
    if not is_text(option.get("value")):
        errors.append(
            FieldError(f"{at}/value", "required", f"A value is a text of 1 to {MAX_TEXT} characters.")
        )
    errors += [
        FieldError(f"{at}/{name}", "type", f"This is a text of 1 to {MAX_TEXT} characters.")
        for name in ("title", "attribute")
        if not is_text(option.get(name, "-"))
    ]
    return errors + check_key(option, at)


def check_key(row: dict[str, Any], at: str) -> list[FieldError]:
    """A key of the keyboard is one character that can be seen, and none that the page has a use for."""
    key = row.get("key", "")
    if not isinstance(key, str) or len(key) > 1 or not key.isprintable() or key.isspace():
        return [FieldError(f"{at}/key", "key", "A key is one character.")]
    if key and key in KEYS_OF_PAGES:
        taken = " ".join(sorted(KEYS_OF_PAGES))
        return [FieldError(f"{at}/key", "taken", f"The page uses this key itself. Its keys are: {taken}")]
    return []


def check_parents(options: Sequence[dict[str, Any]], at: str) -> list[FieldError]:
    """A parent is another option, and nobody is below themselves."""
    parents = {option["value"]: option.get("parent") for option in options}
    errors = [
        FieldError(f"{at}/options/{index}/parent", "not_an_option", "The parent is none of the options.")
        for index, option in enumerate(options)
        if "parent" in option and (not isinstance(option["parent"], str) or option["parent"] not in parents)
    ]
    return errors or [
        FieldError(
            f"{at}/options/{index}/parent", "circle", f"A tree has a top, at most {MAX_DEPTH} options above."
        )
        for index, option in enumerate(options)
        if len(path(parents, option["value"])) > MAX_DEPTH
    ]


def path(parents: dict[str, Any], value: str) -> list[str]:
    """An option with those above it, the top first; cut behind MAX_DEPTH."""
    found = [value]
    while (above := parents.get(found[-1])) is not None and len(found) <= MAX_DEPTH:
        found.append(above)
    return found[::-1]


def twice(texts: Sequence[str], at: str, detail: str) -> list[FieldError]:
    """An error for every text that came before; empty ones do not count."""
    seen: set[str] = set()
    errors = []
    for index, text in enumerate(texts):
        if text and text in seen:
            errors.append(FieldError(at.format(index), "taken", detail))
        seen.add(text)
    return errors
