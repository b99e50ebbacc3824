"""What the tests of the operators' site share: its addresses, a deed done, what was said and what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from teams.identity.models import Organization
from teams.work.models import Job
from tests.factories import OrganizationFactory, member, token


def organization_of(name: str = "Acme") -> Organization:
    """One with two people, a machine and a job that has given up."""
    organization = OrganizationFactory(name=name)
    member(organization, "owner")
    member(organization, "labeler")
    token(organization)
    organization.jobs.create(kind="runs.prepare", state=Job.State.DEAD, error="ValueError: a secret")
    return organization


def addresses() -> dict[str | None, str]:
    """What the configuration says: {name: pattern} of everything below `platform/`."""

    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str | None, str]]:
        for row in resolver.url_patterns:
            path = before + str(row.pattern)
            if isinstance(row, URLPattern):
                yield row.name, path
            else:
                yield from walk(row, path)

    return {name: path for name, path in walk(get_resolver(), "") if path.startswith("platform/")}


def url_of(name: str | None, organization: Organization) -> str:
    """An address about this organization or its owner."""
    args: dict[str | None, list[Any]] = {
        "teams_organization_change": [organization.pk],
        "teams_user_change": [organization.memberships.earliest("pk").user_id],
        "app_list": ["teams"],
    }
    return "/platform/nothing/" if name is None else reverse(f"platform:{name}", args=args.get(name))


def do(browser: Client, model: str, action: str, *rows: Any, **more: Any) -> Any:
    """A deed of a list, as its menu sends it."""
    body = {"action": action, "index": "0", "_selected_action": [str(row.pk) for row in rows], **more}
    return browser.post(reverse(f"platform:teams_{model}_changelist"), body)


def said(answer: Any, browser: Client) -> str:
    """The page that a deed leads to."""
    return browser.get(answer.headers["Location"]).content.decode()


def happened(organization: Organization) -> list[tuple[str, Any, str]]:
    """(kind, who, what it is about) of every event, oldest first."""
    rows = organization.events.order_by("pk").select_related("by")
    return [(row.kind, row.by, row.subject_type) for row in rows]
