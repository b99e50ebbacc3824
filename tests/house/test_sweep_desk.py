"""Nobody finds another organization's rows at the desk: every admin, page, filter, choice, search and deed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.forms.models import ModelChoiceField
from django.test import RequestFactory
from django.urls import reverse

from teams.desk.scoped import OrganizationAdmin, Scoped
from teams.desk.site import desk
from tests.house.callers import Answer, ask, fingerprint, members, outsiders, person
from tests.house.world import World

pytestmark = pytest.mark.django_db
MANAGERS = {"owner", "admin", "manager"}
ADMINS = sorted(desk._registry.items(), key=lambda pair: pair[0]._meta.label)


@pytest.fixture
def worlds() -> tuple[World, World]:
    return World("acme", "Alpha"), World("globex", "Beta")


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def pages(world: World, model: Any) -> list[str]:
    """Every page of a model about a row of this world."""
    pk = world.row(model).pk
    one = [address(model, page, pk) for page in ("change", "history", "delete")]
    return [address(model, "changelist"), address(model, "export"), address(model, "add"), *one]


def test_only_managers_get_to_any_page_of_the_desk(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    callers = {role: client for role, (client, _verbs) in members(ours).items()}
    callers |= outsiders(ours, theirs)
    del callers["another organization's owner"]  # whose own desk it is; see below
    found: dict[str, set[int]] = {who: set() for who in callers}
    for model, _admin in ADMINS:
        for who, client in callers.items():
            asked = [address(model, "changelist")] if who in MANAGERS else pages(ours, model)
            found[who] |= {ask(client, "GET", url, {}).status_code for url in asked}
    assert found == {who: {200} if who in MANAGERS else {403} for who in callers}


def form_of(client: Any, url: str) -> dict[str, str]:
    """What proves that a form was made at this desk."""
    found = re.search(r'name="desk_here" value="([^"]+)"', client.get(url).content.decode())
    return {"desk_here": found[1]} if found else {}


def leaks(ours: World, theirs: World, model: Any, admin: OrganizationAdmin) -> list[tuple[Any, ...]]:
    """Where the other organization's owner sees something of ours, at their own desk."""
    client, foreign = person(theirs.owner), ours.row(model).pk
    lists = ["", f"?q={ours.mark[:-1]}", *(f"?{lookup}" for lookup in lookups(ours, model, admin))]
    shown = [address(model, page) + query for page in ("changelist", "export") for query in lists]
    shown += [f"{url}?autocomplete=1" for url in pages(theirs, model)]
    found: list[tuple[Any, ...]] = [
        (url,) for url in shown if ours.mark in str(answer := ask(client, "GET", url, {})) or failed(answer)
    ]
    for page in ("change", "history", "delete"):
        url, nobodys = address(model, page, foreign), address(model, page, 10**9)
        seen, never = ask(client, "GET", url, {}), ask(client, "GET", nobodys, {})
        if seen.status_code not in (403, 404) or seen.status_code != never.status_code:
            found.append((url, seen.status_code, never.status_code))
    return found


def failed(answer: Answer) -> bool:
    return answer.status_code >= 500


def lookups(ours: World, model: Any, admin: OrganizationAdmin) -> list[str]:
    """The list's filters, asked for rows of ours."""
    named = [item[0] for item in admin.list_filter if isinstance(item, tuple)]
    found = []
    for path in named:
        field = model._meta.get_field(path.split("__")[0])
        if field.is_relation and "__" not in path:
            found.append(f"{path}__id__exact={ours.row(field.related_model).pk}")
    return found


def test_the_desk_of_another_organization_shows_nothing_of_ours(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    found = [leaks(ours, theirs, model, admin) for model, admin in ADMINS]
    assert found == [[]] * len(ADMINS)


def test_no_form_of_another_desk_takes_a_row_of_ours(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    written = [pair for pair in ADMINS if pair[1].add_verb or pair[1].change_verb]
    assert [choices_of_ours(ours, theirs, model, admin) for model, admin in written] == [[]] * len(written)


def choices_of_ours(ours: World, theirs: World, model: Any, admin: OrganizationAdmin) -> list[str]:
    """Fields of the forms for a new and an old row in which a row of ours would be valid."""
    request: Any = RequestFactory().get("/admin/")
    request.user, request.organization = theirs.owner, theirs.organization
    found = []
    rows = [None] * bool(admin.add_verb) + [theirs.row(model)] * bool(admin.change_verb)
    for row in rows:
        made = admin.get_form(request, row, change=row is not None)
        form = made(instance=row) if row is not None else made()
        for name, field in form.fields.items():
            if isinstance(field, ModelChoiceField):
                foreign = ours.row(field.queryset.model).pk
                if field.queryset.filter(pk=foreign).exists():
                    found.append(name)
    return found


def test_no_deed_and_no_form_of_another_desk_touches_a_row_of_ours(worlds: tuple[World, World]) -> None:
    ours, theirs = worlds
    client = person(theirs.owner)
    before = fingerprint(ours)
    wrong = []
    for model, admin in ADMINS:
        listed = address(model, "changelist")
        made_here = form_of(client, listed)
        foreign = ours.row(model).pk
        for action in admin.actions or ():
            body = made_here | {"action": action, ACTION_CHECKBOX_NAME: str(foreign), "reason": "because"}
            if failed(ask(client, "POST", listed, body | {"confirmed": "1"})):
                wrong.append((listed, action))
        for page in ("change", "delete"):
            answer = ask(
                client, "POST", address(model, page, foreign), made_here | {"post": "yes", "name": "x"}
            )
            if answer.status_code not in (403, 404):
                wrong.append((model._meta.label, page, answer.status_code))
    assert wrong == []
    assert fingerprint(ours) == before


def test_the_sweep_bites_where_the_desk_is_not_scoped(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = worlds
    some = ADMINS[::5]
    monkeypatch.setattr(Scoped, "get_queryset", lambda self, request: self.model._default_manager.all())
    bitten = [model for model, admin in some if leaks(ours, theirs, model, admin)]
    assert bitten == [model for model, _admin in some]
