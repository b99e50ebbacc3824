"""Pages of a list at the desk: no list is counted to its end, however many rows an organization has."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST = 10_000  # rows that can be paged to; who seeks further searches or filters


class Pages(Paginator):
    """The first MOST rows, and whether there are more. Django's own counts the whole table for every look at it.

    What is joined with another table, as a search does, is counted as Django does: a limit would have PostgreSQL look
    up row after row in the hope of an early end.
    """

    template_name = "admin/pages.html"

    @cached_property
    def found(self) -> int:
        """How many rows there are, as far as it matters here."""
        rows: Any = self.object_list
        if len(rows.query.alias_map) > 1:
            return int(rows.count())
        return int(rows.order_by().values("pk")[: MOST + 1].count())

    @cached_property
    def count(self) -> int:
        """How many rows can be paged to."""
        return min(self.found, MOST)

    @property
    def is_cut(self) -> bool:
        """Whether there are more."""
        return self.found > MOST
