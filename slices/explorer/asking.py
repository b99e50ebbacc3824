"""What the explorer's address asks: a condition of one stream, read, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from projects.conditions import Condition, ConditionError
from projects.conditions.errors import error
from projects.conditions.fields import fields_of
from projects.conditions.params import implied
from projects.conditions.text import MAX_TEXT, parse, show
from projects.conditions.withholding import withheld
from projects.streams.models import Stream

May = Callable[[str], bool]


@dataclass(frozen=True)
class Asked:
    """A text and what it means: `condition` unless there are `errors`, which are dicts with code, detail, span."""

    stream: Stream
    text: str
    condition: Condition | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def params(self) -> dict[str, str]:
        """{name: type} of the parameters it uses: a family, if there are any."""
        return self.condition.params if self.condition else {}

    def without(self, index: int) -> str:
        """The text without one of the parts that are joined by `and`."""
        assert self.condition is not None
        texts = [part.text for part in self.condition.clauses()]
        nodes: list[Any] = [part.json for part in self.condition.clauses()]
        left = nodes[:index] + nodes[index + 1 :]
        if len(left) > 1:
            return show({"op": "and", "args": left})
        return texts[1 - index] if left else ""


def read(stream: Stream, text: str, may: May, of: str | None = None) -> Asked:
    """A text read with the parameters that it uses; fields that are not for the reader are errors.

    `of` is the slice that it is for, so that a circle is found.
    """
    try:
        node = parse(text) if text.strip() else None
        params = implied(node, fields_of(stream))
        condition = Condition.from_text(text, stream, params=params, of=of)
    except ConditionError as wrong:
        return Asked(stream, text[:MAX_TEXT], errors=wrong.errors)
    closed = [refusal(name) for name in withheld(condition, may)]
    return Asked(stream, text, errors=closed) if closed else Asked(stream, text, condition)


def refusal(name: str) -> dict[str, Any]:
    """A field that the reader may not ask about."""
    sentence = _("You may not ask for %(name)s: it tells who answered what. A manager can grant it.")
    return error("not_allowed", "", sentence % {"name": name})
