"""Who knocks in the sweep, and what each may expect."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from teams.access.models import Token
from teams.identity.models import Membership
from teams.identity.roles import Role, verbs_of
from tests.factories import MembershipFactory, UserFactory
from tests.house.conftest import CELLS
from tests.house.world import World, tenant_models


def person(user: Any) -> Client:
    """Somebody's browser."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def machine_for(world: World, verb: str) -> Client:
    """The script that may: a pipeline's, or one that a manager runs for what only managers may."""
    return machine(world.managing_text if verb == "projects.manage_project" else world.token_text)


def machine(text: str) -> Client:
    """A script with a token."""
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {text}"})


def outsiders(ours: World, theirs: World) -> dict[str, Client]:
    """People for whom an organization does not exist."""
    gone, former = UserFactory(), UserFactory()
    MembershipFactory(organization=ours.organization, user=gone, role=Role.OWNER)
    MembershipFactory(organization=ours.organization, user=former, role=Role.OWNER)
    clients = {
        "a stranger": person(UserFactory()),
        "another organization's owner": person(theirs.owner),
        "another organization's labeler": person(theirs.labeler),
        "a former member": person(former),
    }
    Membership.objects.filter(user=former).update(is_active=False)
    return clients


def members(world: World) -> dict[str, tuple[Client, frozenset[str]]]:
    """Each role with what it may; the reviewer, the labeler and the viewer have every grant on the project."""
    people = {
        Role.OWNER: world.owner,
        Role.ADMIN: world.admin,
        Role.MANAGER: world.manager,
        Role.REVIEWER: world.reviewer,
        Role.LABELER: world.labeler,
        Role.VIEWER: world.viewer,
    }
    return {str(role): (person(user), verbs_of(role)) for role, user in people.items()}


def dead_tokens(world: World) -> dict[str, Client]:
    """Tokens that open nothing, whatever they once did."""
    now = timezone.now()
    expired, expired_text = world.machine(world.project)
    revoked, revoked_text = world.machine(world.project)
    rows = type(expired)._default_manager
    rows.filter(pk=expired.pk).update(expires_at=now - timedelta(seconds=1))
    rows.filter(pk=revoked.pk).update(revoked_at=now)
    return {
        "nobody": Client(raise_request_exception=False),
        "a wrong token": machine(world.token_text[:-3] + "xyz"),
        "an expired token": machine(expired_text),
        "a revoked token": machine(revoked_text),
        "the owner's browser": person(world.owner),
    }


class Answer(NamedTuple):
    """What came back: also what was streamed, which is read while what it shows is there."""

    status_code: int
    headers: dict[str, str]
    body: str

    def __str__(self) -> str:
        return " ".join([*(f"{name}: {value}" for name, value in self.headers.items()), self.body])


def ask(client: Client, method: str, url: str, body: dict[str, Any], *, json: bool = False) -> Answer:
    """One request of the sweep; whatever it changed stays, for the fingerprint to find."""
    CELLS["tried"] += 1
    more: dict[str, Any] = {"content_type": "application/json"} if json else {}
    answer: Any = getattr(client, method.lower())(url, *([body] if method == "POST" else []), **more)
    content: bytes = answer.getvalue()
    return Answer(answer.status_code, dict(answer.headers), content.decode(errors="replace"))


def ask_rightly(client: Client, method: str, url: str, body: dict[str, Any], *, json: bool = False) -> Answer:
    """The same request by somebody who may; what it changed is taken back."""
    with transaction.atomic():
        answer = ask(client, method, url, body, json=json)
        transaction.set_rollback(True)
    return answer


def fingerprint(world: World) -> dict[str, str]:
    """One hash for each table over the organization's rows."""
    found = {}
    with connection.cursor() as cursor:
        for model in set(tenant_models()) - {Token}:  # it remembers when it was last used
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(
                f"SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {table} t "
                "WHERE organization_id = %s",
                [world.organization.pk],
            )
            found[model.__name__] = hashlib.sha256(cursor.fetchone()[0].encode()).hexdigest()
    return found
