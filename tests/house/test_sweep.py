"""Nobody reaches what is not theirs: every route, every caller, every id of an address swapped."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.shortcuts import get_object_or_404
from django.test import Client

import slices.schedules.views
import teams.access.tenancy
from projects.streams.models import Project
from slices.runs.api import RunView
from slices.runs.models import Run
from teams.identity.models import Membership
from tests.house.callers import (
    Answer,
    ask,
    ask_rightly,
    dead_tokens,
    fingerprint,
    machine,
    machine_for,
    members,
    outsiders,
    person,
)
from tests.house.routes import API, ELSEWHERE, MANAGE, PAGES, Route, routes
from tests.house.world import World

pytestmark = pytest.mark.django_db

NOT_LET_IN = {401, 403, 404, 405}
NO_IDS = {"api-freeze", "organization"}  # what differs in the body is a moment, a name
UNKNOWN = {"organization": "no-such-place", "digest": "0" * 64}


@pytest.fixture
def worlds() -> tuple[World, World]:
    return World("acme", "Alpha"), World("globex", "Beta")


def unknown(value: Any) -> Any:
    """An id of the same kind that nobody has."""
    return 10**9 if isinstance(value, int) else "no-such-thing"


def let_in(answer: Answer) -> bool:
    return answer.status_code < 500 and answer.status_code not in NOT_LET_IN


def is_anonymous_redirect(answer: Answer) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/")


def shown_of(world: World, answer: Answer) -> bool:
    """Whether an answer says anything of a world."""
    return world.mark in str(answer)


def test_every_route_is_swept_or_says_why_not() -> None:
    swept = {route.name for route in PAGES + API}
    assert set(routes()) - set(ELSEWHERE) == swept
    assert set(ELSEWHERE) - set(routes()) == set()


def test_pages_let_in_each_member_by_role_and_nobody_else(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    wrong = []
    strangers, people, nobody = outsiders(ours, theirs), members(ours), Client()
    before = fingerprint(ours)
    for route in PAGES:
        for method, verb in route.verbs.items():
            url, body = route.url(ours), route.body(ours)
            if not is_anonymous_redirect(ask(nobody, method, url, body)):
                wrong.append((route.name, method, "nobody"))
            for who, client in strangers.items():
                answer = ask(client, method, url, body)
                if answer.status_code != 404 or shown_of(ours, answer):
                    wrong.append((route.name, method, who, answer.status_code))
            for who, (client, verbs) in people.items():
                answer = ask_rightly(client, method, url, body)
                may = verb == "member" or verb in verbs
                if shown_of(theirs, answer) or not as_expected(answer, route, who, may):
                    wrong.append((route.name, method, who, answer.status_code))
    assert wrong == []
    assert fingerprint(ours) == before


def as_expected(answer: Answer, route: Route, who: str, may: bool) -> bool:
    """Whether a member was let in exactly if their role says so."""
    if may and route.holder and who != "owner":
        return answer.status_code in (404, 409)
    return let_in(answer) if may else answer.status_code == 403


def test_an_ungranted_labeler_finds_no_page_of_the_project(worlds: tuple[World, World]) -> None:
    ours, _ = worlds
    client = members(ours)["labeler"][0]
    client.force_login(ours.outsider)
    found = {
        (route.name, method): ask(client, method, route.url(ours), route.body(ours)).status_code
        for route in PAGES
        if "project" in route.ids
        for method in route.verbs
    }
    assert {key: status for key, status in found.items() if status not in (403, 404)} == {}


def test_the_api_lets_in_the_rightful_token_and_no_other(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    wrong = []
    ungranted, dead = machine(ours.ungranted_text), dead_tokens(ours)
    before = fingerprint(ours)
    for route in API:
        for method, verb in route.verbs.items():
            url, body = route.url(ours), route.body(ours)
            rightful, foreign = machine_for(ours, verb), machine_for(theirs, verb)
            for who, client in dead.items():
                answer = ask(client, method, url, body, json=True)
                if answer.status_code != 401 or shown_of(ours, answer):
                    wrong.append((route.name, method, who, answer.status_code))
            for who, client in {"a foreign token": foreign, "a token without grants": ungranted}.items():
                answer = ask(client, method, url, body, json=True)
                hidden = 403 if client is ungranted and verb == MANAGE else 404  # a pipeline's never manages
                if shown_of(ours, answer) or (route.ids and answer.status_code != hidden):
                    wrong.append((route.name, method, who, answer.status_code))
            answer = ask_rightly(rightful, method, url, body, json=True)
            if not let_in(answer) or shown_of(theirs, answer):
                wrong.append((route.name, method, "the rightful token", answer.status_code))
    assert wrong == []
    assert fingerprint(ours) == before


def test_a_token_without_the_verb_is_told_so(worlds: tuple[World, World]) -> None:
    ours, _ = worlds
    wrong = []
    for route in API:
        for method, verb in route.verbs.items():
            token = ours.managing_token if verb == MANAGE else ours.token
            client = machine_for(ours, verb)
            rows = type(token)._default_manager.filter(pk=token.pk)
            rows.update(verbs=[other for other in token.verbs if other != verb])
            answer = ask(client, method, route.url(ours), route.body(ours), json=True)
            if answer.status_code != 403:
                wrong.append((route.name, method, answer.status_code))
    assert wrong == []


def masked(answer: Answer) -> str:
    """A body without what differs between any two answers: nonces, and the address that was asked for."""
    return re.sub(r'nonce="[^"]*"|value="[\w-]{64}"|"instance": ?"[^"]*"', "", answer.body)


def oracles(ours: World, theirs: World, table: list[Route]) -> list[tuple[Any, ...]]:
    """Where a member of the other organization can tell a foreign id from one that nobody has."""
    found: list[tuple[Any, ...]] = []
    for route in table:
        json = route in API
        for part in route.ids:
            foreign = route.part(ours, part)
            nobodys = UNKNOWN.get(part, unknown(foreign))
            for method, verb in route.verbs.items():
                client = machine_for(theirs, verb) if json else person(theirs.owner)
                body = route.body(theirs)
                seen = ask(client, method, route.url(theirs, **{part: foreign}), body, json=json)
                never = ask(client, method, route.url(theirs, **{part: nobodys}), body, json=json)
                same = masked(seen) == masked(never)
                if (seen.status_code, never.status_code) != (404, 404) or not same or shown_of(ours, seen):
                    found.append((route.name, method, part, seen.status_code, never.status_code, same))
    return found


@pytest.mark.parametrize("table", [PAGES, API], ids=["pages", "api"])
def test_a_foreign_id_is_answered_as_one_that_never_was(
    worlds: tuple[World, World], table: list[Route]
) -> None:
    ours, theirs = worlds
    before = fingerprint(ours)
    assert oracles(ours, theirs, table) == []
    assert fingerprint(ours) == before


def only(*names: str) -> list[Route]:
    return [route for route in PAGES + API if route.name in names]


def every_run(view: RunView, pk: int) -> Run:
    return Run.objects.get(pk=pk)


def every_project(request: Any, slug: str, verb: str = "") -> Project:
    return get_object_or_404(Project, slug=slug)


def everybody_in(request: Any, slug: str) -> None:
    request.membership = Membership.objects.filter(organization__slug=slug, role="owner").get()
    request.organization = request.membership.organization


@pytest.mark.parametrize(
    ("place", "name", "mutant", "bitten"),
    [
        (RunView, "run", every_run, "api-run"),
        (slices.schedules.views, "open_project", every_project, "schedules"),
        (teams.access.tenancy, "enter", everybody_in, "home"),
    ],
)
def test_the_sweep_bites_where_a_scope_is_taken_away(
    worlds: tuple[World, World],
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    mutant: Any,
    bitten: str,
) -> None:
    ours, theirs = worlds
    assert oracles(ours, theirs, only(bitten)) == []
    monkeypatch.setattr(place, name, mutant)
    assert [row[0] for row in oracles(ours, theirs, only(bitten))] == [bitten]


def test_foreign_ids_in_a_body_do_nothing(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    script, owner = machine(theirs.token_text), members(theirs)["owner"][0]
    before = fingerprint(ours)
    wrong = []
    for route in PAGES + API:
        json = route in API
        if "POST" not in route.verbs or route.body(ours) == route.body(theirs) or route.name in NO_IDS:
            continue
        client = script if json else owner
        answer = ask(client, "POST", route.url(theirs), route.body(ours), json=json)
        if f"{ours.mark} " in str(answer) or answer.status_code >= 500:  # keys are echoed, names are not
            wrong.append((route.name, answer.status_code))
    assert wrong == []
    assert fingerprint(ours) == before
