"""What is wrong with a meaning, and where in it."""

from __future__ import annotations

from django.utils.functional import Promise

from teams.identity.refused import Refused


class Wrong(Refused):
    """One part makes no sense: `part` is a path like window/length, for a form's field or a pointer."""

    def __init__(self, part: str, sentence: str | Promise, code: str) -> None:
        super().__init__(sentence, code, 422)
        self.part = part
