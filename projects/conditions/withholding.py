"""Fields that not everybody may ask about: who answered what is for those who may see people's answers."""

from __future__ import annotations

from collections.abc import Callable

from projects.conditions.condition import Condition


def withheld(condition: Condition, may: Callable[[str], bool]) -> list[str]:
    """The fields it speaks of that are not for a reader; `may` says whether they have a field's verb."""
    used = condition.used_fields.items()
    return [name for name, field in used if field.verb and not may(field.verb)]
