"""Knocking at the doors: a form of the desk, a sign-in."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.factories import PASSWORD


def desk_post(browser: Client, path: str, **fields: Any) -> Any:
    """A form of the desk, filled in."""
    made = browser.get(path).context
    return browser.post(path, {made["desk_field"]: made["desk_here"], **fields})


def sign_in(browser: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    """The page at the door."""
    return browser.post("/sign-in/", {"login": email, "password": password, **more})
