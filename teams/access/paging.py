"""Lists of the API, page by page: `?after=<id>&limit=<1..1000>`, and the address of the next page."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import models
from rest_framework.request import Request

from teams.access.problems import FieldError, Invalid

PAGING = frozenset({"after", "limit"})
USUAL, MOST = 100, 1000
LAST_ID = 2**63 - 1


class Page(NamedTuple):
    """Some rows, and where the next ones are; None at the end."""

    rows: list[Any]
    next: str | None

    def body(self, results: list[Any]) -> dict[str, Any]:
        """The answer, with the rows as the view says them."""
        return {"results": results, "next": self.next}


def page_of(request: Request, rows: models.QuerySet[Any], *, newest_first: bool = False) -> Page:
    """The page that a request asks for, in order of id; 422 for a page that cannot be."""
    limit = whole(request, "limit", USUAL, 1, MOST)
    after = whole(request, "after", LAST_ID if newest_first else 0, 0, LAST_ID)
    key, order = ("pk__lt", "-pk") if newest_first else ("pk__gt", "pk")
    found = list(rows.filter(**{key: after}).order_by(order)[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], address(request, found[limit - 1].pk) if more else None)


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A query parameter as a whole number within bounds."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise Invalid([FieldError(f"?{name}", "out_of_bounds", f"A whole number from {least} to {most}.")])
    return int(text)


def address(request: Request, after: int) -> str:
    """The same list from the next row on."""
    query = request._request.GET.copy()
    query["after"] = str(after)
    return request.build_absolute_uri(f"{request._request.path}?{query.urlencode()}")
