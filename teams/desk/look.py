"""The theme of the desk in the colours of the house, and the places at its side."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# Lightness by weight; hue and chroma are those of the style sheet's water and ground.
LIGHTNESS = {
    50: 98,
    100: 95.5,
    200: 91,
    300: 84,
    400: 72,
    500: 60,
    600: 48.5,
    700: 42,
    800: 36,
    900: 30,
    950: 22,
}
GROUND = {
    50: 98.2,
    100: 95.8,
    200: 90.5,
    300: 84,
    400: 70,
    500: 56,
    600: 46,
    700: 36,
    800: 27,
    900: 20.5,
    950: 16.5,
}

COLORS = {
    "primary": {str(weight): f"oklch({value}% .09 213)" for weight, value in LIGHTNESS.items()},
    "base": {
        str(weight): f"oklch({value}% {'.005' if value > 80 else '.013'} 225)"
        for weight, value in GROUND.items()
    },
    "font": {
        "subtle-light": "var(--color-base-600)",
        "subtle-dark": "var(--color-base-400)",
        "default-light": "var(--color-base-700)",
        "default-dark": "var(--color-base-300)",
        "important-light": "var(--color-base-900)",
        "important-dark": "var(--color-base-100)",
    },
}

Places = tuple[tuple[Any, tuple[tuple[str, str], ...]], ...]

# (title, ((model, icon), ...)); a model that nobody registered is left out.
PLACES: Places = (
    (
        _("People"),
        (
            ("teams.membership", "person"),
            ("teams.invitation", "mail"),
            ("teams.team", "group"),
            ("teams.token", "key"),
        ),
    ),
    (
        _("What comes in"),
        (
            ("projects.project", "folder"),
            ("projects.stream", "water"),
            ("projects.labelschema", "checklist"),
            ("projects.modelversion", "deployed_code"),
        ),
    ),
    (
        _("What people say"),
        (
            ("labeling.queue", "inbox"),
            ("labeling.task", "task_alt"),
            ("labeling.ask", "contact_support"),
        ),
    ),
    (
        _("What goes out"),
        (
            ("slices.slice", "filter_alt"),
            ("slices.snapshot", "ac_unit"),
            ("slices.schedule", "schedule"),
            ("slices.tick", "timer"),
            ("slices.run", "model_training"),
        ),
    ),
    (
        _("Whether it may be used"),
        (
            ("slices.placement", "place"),
            ("slices.gate", "door_open"),
            ("slices.decision", "gavel"),
        ),
    ),
    (
        _("Behind it all"),
        (
            ("teams.event", "history"),
            ("teams.job", "bolt"),
        ),
    ),
)


def sidebar(site: Any, request: Any, places: Places) -> list[dict[str, Any]]:
    """The groups of places, in the form that the theme draws."""
    admins = {model._meta.label_lower: admin for model, admin in site._registry.items()}
    start = {"title": _("Start"), "icon": "home", "link": reverse(f"{site.name}:index")}
    groups: list[dict[str, Any]] = [
        {"title": None, "items": [start | _state(request, start["link"], exact=True)]}
    ]
    for title, group in places:
        items = [
            _place(request, admins[label], icon)
            for label, icon in group
            if label in admins and admins[label].has_module_permission(request)
        ]
        groups.append({"title": title, "items": items})
    return groups


def _place(request: Any, admin: Any, icon: str) -> dict[str, Any]:
    opts = admin.opts
    link = reverse(f"{admin.admin_site.name}:{opts.app_label}_{opts.model_name}_changelist")
    title = str(admin.place or opts.verbose_name_plural)
    return {"title": title[:1].upper() + title[1:], "icon": icon, "link": link, **_state(request, link)}


def _state(request: Any, link: Any, exact: bool = False) -> dict[str, Any]:
    active = request.path == link if exact else request.path.startswith(link)
    return {"active": active, "has_permission": True}


def theme() -> dict[str, Any]:
    """What the theme's base template needs to look like the rest of the house."""
    return {
        "site_title": "Sluice",
        "site_header": "Sluice",
        "site_subheader": None,
        "colors": COLORS,
        "border_radius": "6px",
        "styles": [static("sluice/desk.css")],
        "site_symbol": "water_lux",
        "site_favicons": [{"href": static("sluice/favicon.svg"), "rel": "icon", "type": "image/svg+xml"}],
    }
