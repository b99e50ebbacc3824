"""What the side of every page offers: each app adds its own places, and people see those they may enter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject

Scope = Literal["organization", "project"]


@dataclass(frozen=True)
class Item:
    """A place: its name, where it is, the letter after `g`, and the verb that opens it.

    `pages` names routes that belong to it and do not lie below its address.
    """

    label: str | Promise
    url_name: str
    key: str
    permission: str | None = None
    scope: Scope = "organization"
    order: int = 50
    pages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Link:
    """A place as one person sees it on one page."""

    label: str | Promise
    url: str
    key: str
    scope: Scope
    current: bool = False


_items: list[Item] = []


def register_item(
    label: str | Promise,
    url_name: str,
    key: str,
    permission: str | None = None,
    scope: Scope = "organization",
    order: int = 50,
    pages: Iterable[str] = (),
) -> None:
    """Offer a place; called in `AppConfig.ready()`. `order` is its position within its scope.

    A project's place is reversed with `organization` and `project`, an organization's with `organization`.
    Raises ValueError if another place of any scope already has the letter: one key goes to one place.
    """
    if any(other.url_name == url_name for other in _items):
        return  # an app that is loaded again adds nothing
    if any(other.key == key for other in _items):
        raise ValueError(f"the key {key!r} of {url_name!r} is taken")
    _items.append(Item(label, url_name, key, permission, scope, order, frozenset(pages)))


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor; looks nothing up until a page draws its navigation."""
    return {"navigation": SimpleLazyObject(lambda: links_for(request))}


def links_for(request: HttpRequest) -> list[Link]:
    """The places open to this person from this page, the organization's first; none outside one."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    allowed = [item for item in _items if item.permission is None or membership.can(item.permission)]
    ordered = sorted(allowed, key=lambda item: (item.scope, item.order, str(item.label)))
    links = [(item, _address(item, request)) for item in ordered]
    current = _current(request, links)
    return [Link(item.label, url, item.key, item.scope, url == current) for item, url in links if url]


def _address(item: Item, request: HttpRequest) -> str | None:
    kwargs = {"organization": request.organization.slug}  # type: ignore[attr-defined]
    if item.scope == "project":
        project = request.resolver_match and request.resolver_match.kwargs.get("project")
        if not project:
            return None
        kwargs["project"] = project
    try:
        return reverse(item.url_name, kwargs=kwargs)
    except NoReverseMatch:
        return None


def _current(request: HttpRequest, links: list[tuple[Item, str | None]]) -> str | None:
    """The place that claims the page, else the most specific one that it lies in."""
    page = request.resolver_match and request.resolver_match.url_name
    claimed = [url for item, url in links if url and page in item.pages]
    below = [url for _, url in links if url and request.path.startswith(url)]
    return max(claimed or below, key=len, default=None)
