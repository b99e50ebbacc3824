"""Page furniture that needs more than an include: times, numbers, charts, components with content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from teams.desk import icons, numbers, statuses
from teams.desk.charts import Chart

register = template.Library()

FACES = 8


@register.simple_tag
def when(moment: datetime | None, style: str = "relative") -> SafeString | str:
    """A moment as people say it, the exact one on hover and for machines; a dash when there is none."""
    if not moment:
        return numbers.NOTHING
    exact = numbers.exact(moment)
    if style == "exact":
        return format_html('<time datetime="{}" data-when="exact">{}</time>', moment.isoformat(), exact)
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        moment.isoformat(),
        exact,
        numbers.relative(moment, timezone.now()),
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative drawing; what it means must be said in words beside it."""
    return icons.icon(name)


@register.simple_tag
def look(status: str) -> statuses.Look:
    """Word, tone, shape and form of a status: `{% look status as seen %}`."""
    return statuses.look_of(status)


@register.simple_tag
def stages(current: str, desired: str = "") -> list[dict[str, Any]]:
    """The ladder from registered to production, with where a model is and is meant to be."""
    names = list(statuses.STAGES)
    reached = names.index(current) if current in names else -1
    return [
        {"label": seen.label, "icon": seen.icon, "reached": i < reached, "current": name == current,
         "desired": name == desired and desired != current}
        for i, (name, seen) in enumerate(statuses.STAGES.items())
    ]  # fmt: skip


@register.simple_tag
def sparkline(values: Sequence[float | None], label: str = "") -> SafeString:
    """A line without axes, 96 by 24; `label` says what it is, the ends are added in words."""
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return format_html('<span class="muted">{}</span>', numbers.NOTHING)
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = 92 / (len(known) - 1)
    points = [(2 + i * step, 20 - 16 * (value - low) / span) for i, value in enumerate(known)]
    said = gettext("%(label)s: from %(first)s to %(last)s") % {
        "label": label,
        "first": numbers.number(known[0], _decimals(known[0])),
        "last": numbers.number(known[-1], _decimals(known[-1])),
    }
    return format_html(
        '<svg class="sparkline" viewBox="0 0 96 24" width="96" height="24" role="img" aria-label="{}">'
        '<path d="M{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        said,
        "L".join(f"{x:.1f} {y:.1f}" for x, y in points),
        f"{points[-1][0]:.1f}",
        f"{points[-1][1]:.1f}",
    )


@register.simple_tag
def chart(drawn: Chart, level: int = 3) -> str:
    """A chart with its title, description and table; the title is a heading of this level."""
    return render_to_string("components/chart.html", {"chart": drawn, "level": level})


@register.simple_tag
def query(**parts: Any) -> str:
    """The part of an address after the `?`; what is empty is left out."""
    return urlencode({name: value for name, value in parts.items() if value not in (None, "")})


@register.simple_tag
def face(name: str) -> dict[str, Any]:
    """Initials and one of a few tones for a name, the same each time."""
    words = [word for word in str(name).replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
    return {"initials": initials, "tone": hashlib.sha256(str(name).encode()).digest()[0] % FACES + 1}


@register.simple_tag
def name_for(prefix: str, words: object) -> str:
    """An id made of words, to tie two elements together."""
    return f"{prefix}-{hashlib.sha256(str(words).encode()).hexdigest()[:8]}"


@register.simple_block_tag
def table(content: str, caption: str, hide_caption: bool = False, dense: bool = False) -> str:
    """Rows in a scroll area of their own, with a head that stays."""
    return render_to_string(
        "components/table.html",
        {"content": content, "caption": caption, "hide_caption": hide_caption, "dense": dense},
    )


@register.simple_block_tag
def panel(
    content: str, title: str = "", level: int = 2, id: str = "", note: str = "", flush: bool = False
) -> str:
    """A titled part of a page; `flush` lets a table touch its edges."""
    parts = {"content": content, "title": title, "level": level, "id": id, "note": note, "flush": flush}
    return render_to_string("components/panel.html", parts)


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> str:
    """A dialog that a button with `opens` shows."""
    return render_to_string("components/dialog.html", {"content": content, "id": id, "title": title})


@register.simple_block_tag
def disclosure(content: str, label: str, open: bool = False) -> str:
    """What most people don't need to see, one press away."""
    return render_to_string("components/disclosure.html", {"content": content, "label": label, "open": open})


@register.filter
def number(value: float | int | None, decimals: int = 0) -> str:
    """`12,400`."""
    return numbers.number(value, decimals)


@register.filter
def figure(value: object) -> object:
    """A bare number with its separators, words as they are."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return numbers.number(value, _decimals(value))


@register.filter
def percent(share: float | None, decimals: int = 0) -> str:
    """`93.4%` of a share from 0 to 1."""
    return numbers.percent(share, decimals)


@register.filter
def signed(value: float | int | None, decimals: int = 0) -> str:
    """`+0.8`."""
    return numbers.signed(value, decimals)


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """`1 h 20 min`."""
    return numbers.duration(seconds)


@register.filter
def short_hash(digest: str | bytes | None, length: int = 12) -> str:
    """The beginning of a digest, enough to tell it from others by eye."""
    if digest is None:
        return numbers.NOTHING
    text = digest.hex() if isinstance(digest, bytes | memoryview) else str(digest)
    return text.removeprefix("sha256:")[:length]


@register.filter
def keys(text: str) -> list[str]:
    """The presses of a key hint: `g s` is two."""
    return str(text).split()


def _decimals(value: float) -> int:
    return 0 if float(value).is_integer() else 2 if abs(value) < 10 else 1
