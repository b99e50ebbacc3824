"""The managers' desk: who gets to it, for whom it speaks, and what its pages do."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from teams.desk.site import desk
from tests.house.world import World

pytestmark = pytest.mark.django_db
ADMINS = list(desk._registry.items())
PYTHON = re.compile(r"\('[^']*', '[^']*'\)|\['[^']*', '[^']*'\]|datetime\.\w+|&lt;\w+")


def admin_ids(value: Any) -> str:
    return value._meta.label if isinstance(value, type) else ""


@pytest.fixture
def world() -> World:
    return World("acme", "Alpha")


def address(name: str, model: Any, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def test_every_page_of_the_desk_can_be_opened_by_the_owner(world: World, page: Any) -> None:
    browser: Client = page(world.owner)
    found = {}
    for model, admin in ADMINS:
        row = world.row(model)
        pages = [
            address("changelist", model),
            address("change", model, row.pk),
            address("history", model, row.pk),
        ]
        pages += [address("add", model)] if admin.add_verb else []
        found |= {url: browser.get(url).status_code for url in pages}
    assert {url: status for url, status in found.items() if status != 200} == {}


def test_no_page_of_a_row_shows_python(world: World, page: Any) -> None:
    browser: Client = page(world.owner)
    shown = {
        model._meta.label: PYTHON.findall(
            unescape(strip_tags(browser.get(address("change", model, world.row(model).pk)).content.decode()))
        )
        for model, _admin in ADMINS
    }
    assert shown == {label: [] for label in shown}
