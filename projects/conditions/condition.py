"""What other rooms use: a condition of one stream, checked, in all its forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from projects.conditions.canonical import canonical, definition_hash, plain
from projects.conditions.checking import check
from projects.conditions.compiling import Cuts, compile_condition
from projects.conditions.errors import ConditionError
from projects.conditions.evaluating import matches
from projects.conditions.fields import Field, fields_of
from projects.conditions.text import parse, show
from projects.streams.models import SplitPolicy, Stream


class Condition:
    """A checked condition of one stream; null stands for everything.

    `json` is as it was given, `text` the same in words, `hash` that of the canonical form.
    """

    def __init__(self, node: dict[str, Any] | None, stream: Stream) -> None:
        self.stream = stream
        self.fields: dict[str, Field] = fields_of(stream)
        errors = [] if node is None else check(node, self.fields)
        if errors:
            raise ConditionError(errors)
        self.json: dict[str, Any] | None = plain(node)

    @classmethod
    def from_json(cls, value: Any, stream: Stream) -> Condition:
        """From its JSON form. Raises ConditionError with everything that is wrong."""
        return cls(value, stream)

    @classmethod
    def from_text(cls, text: str, stream: Stream) -> Condition:
        """From its text form; empty text is everything. Errors carry spans."""
        return cls(parse(text) if text.strip() else None, stream)

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

    def q(self, as_of: datetime) -> Q:
        """A filter over Example, as of a moment."""
        if self.json is None:
            return Q()
        return compile_condition(self.json, self.fields, cuts_of(self.stream), as_of)

    def clauses(self) -> list[Condition]:
        """The parts that are joined by `and` at the top, each by itself."""
        if self.json is None:
            return []
        parts = self.json["args"] if self.json["op"] == "and" else [self.json]
        return [Condition(part, self.stream) for part in parts]

    def matches(self, row: Mapping[str, Any], as_of: datetime) -> bool:
        """Whether one row of field values, with `key` and `bucket`, meets it."""
        return self.json is None or matches(self.json, row, cuts_of(self.stream), as_of)


def cuts_of(stream: Stream) -> Cuts:
    """The bucket ranges of the stream's first split policy, by split."""
    policy = stream.split_policies.order_by("version").first()
    test, val = (policy.test_until, policy.val_until) if policy else (0, 0)
    return {"test": (0, test), "val": (test, val), "train": (val, SplitPolicy.BUCKETS)}
