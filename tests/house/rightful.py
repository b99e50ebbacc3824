"""Everything that the installation serves, asked once by somebody who may; what it changed is taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.forms import BooleanField, BoundField
from django.test import Client
from django.urls import reverse

from teams.desk.scoped import OrganizationAdmin
from teams.desk.site import desk
from tests.house.callers import Answer, ask_rightly, machine_for, person
from tests.house.routes import API, PAGES
from tests.house.world import World

ADMINS = sorted(desk._registry.items(), key=lambda pair: pair[0]._meta.label)


def everything(world: World) -> Iterator[tuple[str, Answer]]:
    """(what was asked, the answer): every page by its owner, the API by its token, the desk with all its deeds."""
    yield from pages(world)
    yield from api(world)
    yield from at_the_desk(world)


def pages(world: World) -> Iterator[tuple[str, Answer]]:
    """Every page of the table, asked by the owner."""
    owner = person(world.owner)
    for route in PAGES:
        for method in route.verbs:
            yield (
                f"{method} {route.name}",
                ask_rightly(owner, method, route.url(world), route.body(world)),
            )


def api(world: World) -> Iterator[tuple[str, Answer]]:
    """Every route of the API, asked by the token that may."""
    for route in API:
        for method, verb in route.verbs.items():
            script = machine_for(world, verb)
            answer = ask_rightly(script, method, route.url(world), route.body(world), json=True)
            yield f"{method} {route.name}", answer


def at_the_desk(world: World) -> Iterator[tuple[str, Answer]]:
    """Every page, search, form and deed of every admin, about the world's own rows."""
    owner = person(world.owner)
    for model, admin in ADMINS:
        name = model._meta.label
        for url in desk_pages(world, model):
            yield f"GET {name} {url.rpartition('/admin/')[2]}", ask_rightly(owner, "GET", url, {})
        for what, url, body in desk_posts(world, model, admin, owner):
            yield f"POST {name} {what}", ask_rightly(owner, "POST", url, body)


def address(model: Any, page: str, *args: Any) -> str:
    """A page of a model at the desk."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def desk_pages(world: World, model: Any) -> list[str]:
    """Every page of a model about a row of this world, and a search."""
    pk, listed = world.row(model).pk, address(model, "changelist")
    one = [address(model, page, pk) for page in ("change", "history", "delete")]
    return [listed, f"{listed}?q={world.mark}", address(model, "export"), address(model, "add"), *one]


def desk_posts(
    world: World, model: Any, admin: OrganizationAdmin, owner: Client
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(what, address, form) of everything that can be sent about a row of this world."""
    pk, listed = world.row(model).pk, address(model, "changelist")
    made_here = form_of(owner, listed)
    for action in admin.actions or ():
        chosen = {"action": action, ACTION_CHECKBOX_NAME: str(pk), "reason": "because", "confirmed": "1"}
        yield action, listed, made_here | chosen
    yield "delete", address(model, "delete", pk), made_here | {"post": "yes"}
    for page, url in (("change", address(model, "change", pk)), ("add", address(model, "add"))):
        yield page, url, made_here | filled(owner, url)


def filled(client: Client, url: str) -> dict[str, Any]:
    """A form of the desk as it stands, what is required and empty made up; nothing where there is none."""
    context = client.get(url).context or {}
    if "adminform" not in context:
        return {}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    return {bound.html_name: value for form in forms for bound in form if (value := told(bound)) is not None}


def told(bound: BoundField) -> Any:
    """What a browser would send of a field: None for a box that is not ticked and a list of which nothing is chosen."""
    value = bound.value()
    if isinstance(bound.field, BooleanField):
        return "on" if value else None
    if value in (None, "", []) and bound.field.required:
        return made_up(bound)
    return value or None if hasattr(bound.field, "choices") else "" if value is None else value


def made_up(bound: BoundField) -> str:
    """Something that a required field takes."""
    choices = getattr(bound.field, "choices", None)
    if choices is not None:
        return next((str(key) for key, _label in choices if str(key)), "")
    return "somebody@example.test" if "mail" in bound.name else "x1"


def form_of(client: Client, url: str) -> dict[str, str]:
    """What proves that a form was made at this desk."""
    found = re.search(r'name="desk_here" value="([^"]+)"', client.get(url).content.decode())
    return {"desk_here": found[1]} if found else {}
