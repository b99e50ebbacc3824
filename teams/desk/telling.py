"""An event in words: who did what, and what the settings were before and after."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from teams.events.actions import KINDS
from teams.events.models import Event


def sentence(event: Event) -> str:
    """What happened."""
    kind = KINDS.get(event.kind)
    return str(kind.sentence) if kind else event.kind


def who(event: Event) -> str:
    """Who did it; the system has no name."""
    return str(event.by) if event.by else _("Sluice")


def details(event: Event) -> list[str]:
    """The event's own numbers and settings, one line each; long lists are counted."""
    return [line(name, value) for name, value in event.data.items()]


def line(name: str, value: Any) -> str:
    """One setting of an event."""
    label = name.replace("_", " ")
    if isinstance(value, dict) and set(value) == {"before", "after"}:
        return f"{label}: {short(value['before'])} → {short(value['after'])}"
    return f"{label}: {short(value)}"


def short(value: Any) -> str:
    """A value on one line."""
    if value is None or value == "":
        return "—"
    if isinstance(value, list) and len(value) > 8:
        return _("%(n)s ids") % {"n": len(value)}
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
