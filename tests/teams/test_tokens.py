"""Tokens: shown once, used from somewhere, rotated without a stand-still, dead at once when they should be."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from teams.access.actions import revoke_token, rotate_token
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event, Token
from teams.people.actions import deactivate_member
from tests.factories import ProjectFactory, member, token

pytestmark = pytest.mark.django_db
URL = "/api/v1/projects/digits/slices"
DAY = timedelta(days=1)


@pytest.fixture
def project() -> Any:
    return ProjectFactory(slug="digits")


@pytest.fixture
def issued(project: Any) -> tuple[Token, str]:
    return token(project.organization, project)


def works(api: Any, text: str) -> int:
    return int(api(text).get(URL).status_code)


def test_both_work_for_the_overlap_and_then_only_the_new_one(
    api: Any, issued: tuple[Token, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, text = issued
    Token.objects.update(expires_at=old.created_at + 90 * DAY)
    new, new_text = rotate_token(token=old, overlap=DAY, by=None)
    assert [works(api, one) for one in (text, new_text)] == [200, 200]
    assert (new.user, new.name, new.verbs) == (old.user, old.name, old.verbs)
    later = timezone.now() + DAY + timedelta(minutes=1)
    monkeypatch.setattr("teams.access.tokens.timezone.now", lambda: later)
    assert [works(api, one) for one in (text, new_text)] == [401, 200]
    assert new.expires_at is not None
    assert abs(new.expires_at - new.created_at - 90 * DAY) < timedelta(seconds=5)


def test_rotating_never_lengthens_the_old_ones_life(issued: tuple[Token, str]) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    Token.objects.update(expires_at=soon)
    rotate_token(token=issued[0], overlap=DAY, by=None)
    assert Token.objects.get(pk=issued[0].pk).expires_at == soon


@pytest.mark.parametrize("how", ["rotated", "revoked", "expired"])
def test_a_token_that_is_over_has_no_successor(issued: tuple[Token, str], how: str) -> None:
    old = issued[0]
    if how == "rotated":
        rotate_token(token=old, overlap=DAY, by=None)
    elif how == "revoked":
        revoke_token(token=old, by=None)
    else:
        Token.objects.update(expires_at=timezone.now())
    before = Token.objects.count()
    with pytest.raises(Refused):
        rotate_token(token=old, overlap=DAY, by=None)
    assert Token.objects.count() == before


def test_it_remembers_when_and_from_where_it_was_used(api: Any, issued: tuple[Token, str]) -> None:
    for address in ("203.0.113.7", "203.0.113.8"):
        api(issued[1]).get(URL, REMOTE_ADDR=address)
        assert Token.objects.get().last_address == address
    assert Token.objects.get().last_used_at is not None


def test_a_manager_rotates_at_the_desk_and_sees_the_new_one_once(
    page: Any, api: Any, project: Any, issued: tuple[Token, str]
) -> None:
    browser: Client = page(member(project.organization, Role.MANAGER))
    listed = "/admin/teams/token/"
    made = browser.get(listed).context
    body = {
        made["desk_field"]: made["desk_here"],
        "action": "rotate",
        "_selected_action": [issued[0].pk],
        "deed_form": "1",
        "hours": "0",
    }
    answer = browser.post(listed, body)
    found = re.search(r"slc_\w{8}_\w{43}", answer.content.decode())
    assert found is not None
    assert [works(api, one) for one in (found[0], issued[1])] == [200, 401]
    assert found[0] not in browser.get(listed).content.decode()
    assert Event.objects.filter(kind="token.rotated").count() == 1
    again = browser.post(listed, body)
    assert (again.status_code, Token.objects.count()) == (302, 2)


def test_a_deactivated_machine_is_shut_out_at_once(api: Any, project: Any, issued: tuple[Token, str]) -> None:
    assert works(api, issued[1]) == 200
    deactivate_member(membership=project.organization.memberships.get(user=issued[0].user), by=None)
    assert works(api, issued[1]) == 401


def test_two_tokens_are_not_rotated_at_once(page: Any, project: Any, issued: tuple[Token, str]) -> None:
    _row, _text = token(project.organization, project)
    browser: Client = page(member(project.organization, Role.MANAGER))
    listed = "/admin/teams/token/"
    made = browser.get(listed).context
    body = {
        made["desk_field"]: made["desk_here"],
        "action": "rotate",
        "_selected_action": list(Token.objects.values_list("pk", flat=True)),
    }
    for more in ({}, {"deed_form": "1", "hours": "0"}):
        said = browser.post(listed, body | more, follow=True).content.decode()
        assert "Rotate one token at a time: the new one is shown only once." in said
    assert Token.objects.count() == 2
