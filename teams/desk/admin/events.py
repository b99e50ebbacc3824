"""What happened, at the desk: searchable, never edited."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from teams.desk.columns import link_to
from teams.desk.scoped import OrganizationAdmin
from teams.desk.site import desk
from teams.desk.telling import details, sentence, who
from teams.events.actions import KINDS
from teams.events.models import Event

MOST_SAID = 160


class KindFilter(admin.SimpleListFilter):
    """By what happened; the kinds are those that the floors made known."""

    title = _("what")
    parameter_name = "kind"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """In words, by name."""
        rows = ((name, str(kind.sentence)) for name, kind in KINDS.items())
        return sorted(rows, key=lambda row: row[1].lower())

    def queryset(self, request: Any, queryset: models.QuerySet[Event]) -> models.QuerySet[Event]:
        """One kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Event, site=desk)
class EventAdmin(OrganizationAdmin):
    """The audit: one line each, newest first."""

    view_verb, place = "teams.view_audit", _("Audit")
    fields = ("at", "what", "by_whom", "through", "address", "agent", "thing", "data", "seal")
    list_display = ("at", "what", "by_whom", "thing", "address", "said")
    list_filter = (KindFilter, "at")
    list_select_related = ("by", "detail")
    search_fields = ("kind", "by__name", "by__email", "subject_type", "=subject_id", "=detail__address")
    search_help_text = _("Search by kind, person, address or thing (its kind, or its number)")

    @display(description=_("what"), ordering="kind")
    def what(self, row: Event) -> str:
        """In words."""
        return sentence(row)

    @display(description=_("by"))
    def by_whom(self, row: Event) -> str:
        """Who did it."""
        return who(row)

    @display(description=_("thing"), empty_value="—")
    def thing(self, row: Event) -> Any:
        """What it happened to, with a link to its page."""
        return subject_link(row)

    @display(description=_("token"), empty_value="—")
    def through(self, row: Event) -> Any:
        """The token it came with, if a machine did it."""
        return link_to(row.organization.tokens.filter(pk=row.token_id).first()) if row.token_id else None

    @display(description=_("from"), ordering="detail__address", empty_value="—")
    def address(self, row: Event) -> str | None:
        """The address it came from."""
        return row.detail.address

    @display(description=_("program"), empty_value="—")
    def agent(self, row: Event) -> str | None:
        """What the program called itself."""
        return row.detail.agent or None

    @display(description=_("sealed"))
    def seal(self, row: Event) -> str:
        """Its place in the chain, and the digest there."""
        if row.detail.position is None:
            return str(_("Not yet; the clock seals within seconds."))
        return f"{row.detail.position}: {row.detail.digest}"

    @display(description=_("details"), empty_value="—")
    def said(self, row: Event) -> str | None:
        """Numbers and settings, as far as they fit."""
        return Truncator("; ".join(details(row))).chars(MOST_SAID) or None


def subject_link(event: Event) -> Any:
    """`Queue 7`, as a link where the desk has a page for it."""
    if not event.subject_type or event.subject_id is None:
        return None
    model = apps.get_model(event.subject_type)
    words = f"{capfirst(model._meta.verbose_name)} {event.subject_id}"
    try:
        url = reverse(f"admin:{event.subject_type.replace('.', '_')}_change", args=[event.subject_id])
    except NoReverseMatch:
        return words
    return format_html('<a href="{}" class="desk-link">{}</a>', url, words)
