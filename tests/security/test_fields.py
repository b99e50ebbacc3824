"""Fields that are not for the caller to set: each is refused by name, or has no effect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.house.callers import fingerprint, machine_for
from tests.house.routes import API, Route
from tests.house.test_sweep_desk import ADMINS, address, form_of
from tests.house.world import World

pytestmark = pytest.mark.django_db

# ASVS 5.0.0 V15.3.3: mass assignment. What rows have and nobody sends.
NOT_THEIRS: dict[str, Any] = {
    "organization": 1,
    "organization_id": 1,
    "role": "owner",
    "is_staff": True,
    "is_superuser": True,
    "created_by": 1,
    "created_at": "2020-01-01T00:00:00Z",
    "id": 1,
    "pk": 1,
}
BODILESS = {
    "api-ask-stop",
    "api-export-cancel",
    "api-import-cancel",
    "api-import-resume",
    "api-media",  # its body is the file
    "api-pin",
}
WRITING = [
    (route, method)
    for route in API
    for method in route.verbs
    if method != "GET" and route.name not in BODILESS
]


@pytest.fixture
def world() -> World:
    return World("acme", "Alpha")


@pytest.mark.parametrize(
    ("route", "method"), WRITING, ids=[f"{method} {route.name}" for route, method in WRITING]
)
def test_a_field_that_is_not_the_callers_is_refused_by_name(world: World, route: Route, method: str) -> None:
    script, before, body = machine_for(world, route.verbs[method]), fingerprint(world), route.body(world)
    known = {"role"} & body.keys()
    taken = {}
    for name, value in NOT_THEIRS.items():
        if name in known:
            continue
        sent = json.dumps({**body, name: value})
        answer: Any = script.generic(method, route.url(world), sent, content_type="application/json")
        told = json.dumps(answer.json().get("errors", []))
        if answer.status_code != 422 or name not in told:
            taken[name] = (answer.status_code, told)
    assert taken == {}
    assert fingerprint(world) == before


def test_a_form_of_the_desk_takes_only_what_it_shows(world: World) -> None:
    browser = Client()
    browser.force_login(world.manager)
    wrong = []
    for model, admin in ADMINS:
        row = world.row(model)
        url = address(model, "change", row.pk)
        shown = set(admin.get_form(_request(browser, world), row, change=True).base_fields)
        before = model._default_manager.filter(pk=row.pk).values().get()
        extra = {name: value for name, value in NOT_THEIRS.items() if name not in shown}
        browser.post(url, {**form_of(browser, url), **extra})
        after = model._default_manager.filter(pk=row.pk).values().get()
        wrong += [(model._meta.label, name) for name in extra if before.get(name) != after.get(name)]
    assert wrong == []


def _request(browser: Client, world: World) -> Any:
    """A request as the desk's door leaves it."""
    request: Any = browser.get("/admin/").wsgi_request
    request.user, request.organization = world.manager, world.organization
    return request
