"""The parts of a person's own account."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

register = template.Library()

PARTS = (
    ("account_email", _("E-mail")),
    ("account_change_password", _("Password")),
    ("mfa_index", _("Second factors")),
    ("usersessions_list", _("Sessions")),
)


@register.inclusion_tag("components/tabs.html", takes_context=True)
def account_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """Where one is among them."""
    path = context["request"].path
    items = [
        {"label": words, "url": reverse(name), "current": path.startswith(reverse(name))}
        for name, words in PARTS
    ]
    return {"items": items, "label": _("Your account")}


@register.simple_tag
def open_sign_up() -> bool:
    """Whether people may make accounts without an invitation."""
    return bool(settings.SLUICE_OPEN_SIGN_UP)
