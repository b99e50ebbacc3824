"""The house's own icons: 16 by 16, drawn as strokes of 1.5; a path that starts with `*` is filled instead."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

ICONS: dict[str, tuple[str, ...]] = {
    # outcomes: each a shape of its own, so that nothing rests on colour
    "check": ("M3.5 8.5l3 3 6-7",),
    "cross": ("M4.5 4.5l7 7", "M11.5 4.5l-7 7"),
    "question": (
        "M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.4-1 .8-1 1.6",
        "*M8 11.3a.95.95 0 1 0 0 1.9.95.95 0 0 0 0-1.9z",
    ),
    "warn": ("M8 2.5L14.2 13H1.8z", "M8 6.5v3", "*M8 10.6a.75.75 0 1 0 0 1.5.75.75 0 0 0 0-1.5z"),
    "info": (
        "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z",
        "M8 7.5v3.5",
        "*M8 4.4a.85.85 0 1 0 0 1.7.85.85 0 0 0 0-1.7z",
    ),
    # states
    "ring": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",),
    "dotted": (
        "M8 3a5 5 0 0 1 3 1",
        "M13 7a5 5 0 0 1-.6 3.2",
        "M9 12.9a5 5 0 0 1-3.4-.5",
        "M3.4 10A5 5 0 0 1 3.3 6.4",
        "M5 4a5 5 0 0 1 1-.6",
    ),
    "half": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", "*M8 3.5a4.5 4.5 0 0 1 0 9z"),
    "disc": ("*M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",),
    "check-disc": ("M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z", "M5.5 8.2l1.8 1.8 3.2-3.8"),
    "cross-disc": ("M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z", "M6 6l4 4", "M10 6l-4 4"),
    "dash-disc": ("M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z", "M5.5 8h5"),
    "pause": ("M5.5 4v8", "M10.5 4v8"),
    "play": ("*M5 3.2v9.6c0 .4.4.6.7.4l7-4.8c.3-.2.3-.6 0-.8l-7-4.8c-.3-.2-.7 0-.7.4z",),
    "turning": ("M13.5 8A5.5 5.5 0 1 1 8 2.5", "M8 2.5c1.7 0 3.2.8 4.3 2", "M12.5 2v3h-3"),
    "clock": ("M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z", "M8 4.8V8l2.2 1.6"),
    "undo": ("M3 6h6.5a3.5 3.5 0 0 1 0 7H6", "M5.8 3L3 6l2.8 3"),
    "skip": ("M4 4l5 4-5 4z", "M12 4v8"),
    "archive": ("M2 3.5h12v3H2z", "M3 6.5v6h10v-6", "M6.5 9h3"),
    "lock": ("M3.5 7.5h9v6h-9z", "M5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2"),
    "snow": ("M8 2v12", "M2.8 5l10.4 6", "M13.2 5L2.8 11"),
    # stages: the water rises
    "level-0": ("M3 2.5v11h10v-11",),
    "level-1": ("M3 2.5v11h10v-11", "*M3 11h10v2.5H3z"),
    "level-2": ("M3 2.5v11h10v-11", "*M3 8.5h10v5H3z"),
    "level-3": ("M3 2.5v11h10v-11", "*M3 6h10v7.5H3z"),
    "level-4": ("M3 2.5v11h10v-11", "*M3 3.5h10v10H3z"),
    "drained": ("M3 2.5v11h10v-11", "M5.8 5.5l4.4 4.4", "M10.2 5.5L5.8 9.9"),
    # things
    "person": (
        "M8 2.5a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
        "M2.8 13.5c.6-2.5 2.6-3.8 5.2-3.8s4.6 1.3 5.2 3.8",
    ),
    "machine": (
        "M4.5 4.5h7v7h-7z",
        "M6.5 2v2.5",
        "M9.5 2v2.5",
        "M6.5 11.5V14",
        "M9.5 11.5V14",
        "M2 6.5h2.5",
        "M2 9.5h2.5",
        "M11.5 6.5H14",
        "M11.5 9.5H14",
    ),
    "inbox": ("M2 9l2-5.5h8L14 9v4H2z", "M2 9h3.5l1 1.8h3L10.5 9H14"),
    "search": ("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z", "M10.3 10.3l3.4 3.4"),
    "slice": ("M8 2v6l5.2 3", "M8 2a6 6 0 1 0 5.2 9A6 6 0 0 0 8 2z"),
    "file": ("M4 2h5l3 3v9H4z", "M9 2v3h3"),
    "sound": ("M3 6.5v3", "M5.5 4.5v7", "M8 2.5v11", "M10.5 5v6", "M13 6.5v3"),
    "film": (
        "M2.5 3.5h11v9h-11z",
        "*M6.8 5.9v4.2c0 .3.3.4.5.3l3.2-2.1c.2-.1.2-.4 0-.5L7.3 5.6c-.2-.1-.5 0-.5.3z",
    ),
    "braces": (
        "M6 2.5H5a1.5 1.5 0 0 0-1.5 1.5v2.5L2.2 8l1.3 1.5V12A1.5 1.5 0 0 0 5 13.5h1",
        "M10 2.5h1A1.5 1.5 0 0 1 12.5 4v2.5L13.8 8l-1.3 1.5V12a1.5 1.5 0 0 1-1.5 1.5h-1",
    ),
    "comment": ("M2.5 3h11v8H8l-3 2.5V11H2.5z",),
    "flag": ("M4 14V2.5h8L10 5.5l2 3H4",),
    "key": ("M2 4h12v8H2z", "M5 10h6", "M4.5 6.5h1", "M7.5 6.5h1", "M10.5 6.5h1"),
    "moon": ("M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z",),
    # acting and moving
    "plus": ("M8 3v10", "M3 8h10"),
    "copy": ("M6 5.5h7.5V14H6z", "M10 5.5V2H2.5v8.5H6"),
    "download": ("M8 2.5v7.5", "M4.8 7L8 10.2 11.2 7", "M2.5 13.5h11"),
    "trash": ("M2.5 4.5h11", "M6 4.5V2.5h4v2", "M4 4.5l.7 9h6.6l.7-9"),
    "menu": ("M2.5 4.5h11", "M2.5 8h11", "M2.5 11.5h11"),
    "down": ("M4.5 6.5L8 10l3.5-3.5",),
    "right": ("M6.5 4.5L10 8l-3.5 3.5",),
    "left": ("M9.5 4.5L6 8l3.5 3.5",),
    "up-down": ("M5 6.2L8 3.2l3 3", "M5 9.8l3 3 3-3"),
    "leave": ("M9.5 2.5h-6v11h6", "M7 8h7", "M11.2 5.2L14 8l-2.8 2.8"),
    "trend-up": ("M3 11.5l4-4 2 2 4-5", "M9.8 4.5H13v3.2"),
    "trend-down": ("M3 4.5l4 4 2-2 4 5", "M9.8 11.5H13V8.3"),
    "trend-flat": ("M3 8h10", "M10.3 5.3L13 8l-2.7 2.7"),
}

STROKE = '<path d="{}"/>'
FILL = '<path class="filled" d="{}"/>'


def icon(name: str) -> SafeString:
    """The icon as inline SVG, hidden from screen readers: the words beside it say the same.

    Raises LookupError for a name that was never drawn.
    """
    if name not in ICONS:
        raise LookupError(f"no icon is called {name!r}")
    parts = [format_html(FILL if d.startswith("*") else STROKE, d.lstrip("*")) for d in ICONS[name]]
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16"'
        ' aria-hidden="true" focusable="false">{}</svg>',
        format_html_join("", "{}", ((part,) for part in parts)),
    )
