"""Queues at the desk: make one, change its rules, pause and resume it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from labeling.queues.actions import (
    check_for_people,
    check_on_page,
    check_sheet,
    create_queue,
    pause,
    resume,
)
from labeling.queues.models import Queue, Reservation
from labeling.queues.people import reserve, unreserve
from labeling.queues.replaying import replay
from projects.conditions.forms import ConditionForm, condition_text
from teams.desk.attention import Call, attention
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk
from teams.events.actions import record
from teams.identity.models import Organization
from teams.identity.refused import Refused

VERB = "projects.manage_project"
RULES = (
    "instructions",
    "condition",
    "audit_percent",
    "overlap",
    "agreement_floor",
    "most_answers",
    "gold_percent",
    "gold_floor",
    "gold_window",
    "review_percent",
    "review_first",
    "review_unsure",
    "review_disagreement",
    "review_blind",
    "return_reasons",
    "lease_s",
    "show_predictions",
    "asking",
    "exceptions_to",
    "counts",
    "priority",
    "order",
    "due_within_h",
    "skipping",
    "put_off_s",
    "daily_cap",
    "requires",
    "escalate_after",
    "escalation_team",
)
HELP = {
    "condition": _("Examples of the training buckets that meet it become tasks by themselves."),
    "audit_percent": _(
        "This share of the test examples becomes tasks by lot, so that evaluation stays honest."
    ),
    "overlap": _("How many people answer each task."),
    "review_percent": _("This share of the answers is looked at by a reviewer before it counts."),
    "lease_s": _("How long a person may hold a task."),
    "state": _("Paused, it takes and gives nothing: look first at what its rules would have sent last week."),
    "priority": _("People get tasks of the queue with the highest number first."),
}


class QueueForm(ConditionForm):
    """The rules of a queue."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["condition"] = condition_text(self.instance.condition)
        for name, words in HELP.items():
            if name in self.fields and not self.fields[name].help_text:
                self.fields[name].help_text = str(words)

    def clean(self) -> dict[str, Any]:
        """The questions are those of the stream's project."""
        super().clean()
        stream, schema = self.cleaned_data.get("stream"), self.cleaned_data.get("schema")
        if stream and schema and stream.project_id != schema.project_id:
            self.add_error("schema", str(_("These questions belong to another project than the stream.")))
        if schema:
            try:
                check_on_page(schema)
            except Refused as refusal:
                self.add_error("schema", str(refusal.sentence))
        self.check_sheet()
        if self.cleaned_data.get("escalate_after") and not self.cleaned_data.get("escalation_team"):
            self.add_error("escalation_team", str(_("Say which team gets what others let run out.")))
        return self.cleaned_data

    def check_sheet(self) -> None:
        """Whether many guesses can be verified at once, and where their exceptions go."""
        given, row = self.cleaned_data, self.instance
        schema = given.get("schema") or (row.schema if row.schema_id else None)
        stream = given["stream"].pk if given.get("stream") else row.stream_id
        other = given.get("exceptions_to")
        if schema is not None:
            try:
                check_sheet(schema=schema, rules=given)
            except Refused as refusal:
                self.add_error("asking", str(refusal.sentence))
        if other is not None and (other.pk == row.pk or other.stream_id != stream):
            self.add_error("exceptions_to", str(_("Name another queue of the same stream.")))


class ReservationInline(OrganizationInline):
    """Whom the queue is kept for."""

    model = Reservation
    add_verb = delete_verb = VERB
    fields = ("team", "user")
    can_delete = True
    show_change_link = False
    verbose_name = _("team or person")
    verbose_name_plural = _("kept for (nobody: open to all who may label)")

    def get_queryset(self, request: Any) -> models.QuerySet[Reservation]:
        """With their names."""
        return super().get_queryset(request).select_related("team", "user", "queue")


@admin.register(Queue, site=desk)
class QueueAdmin(OrganizationAdmin):
    """Who is asked what about which examples."""

    add_verb = change_verb = VERB
    form = QueueForm
    add_fields = ("stream", "schema", "name", "slug", "state", *RULES)
    fields = (
        "project_link",
        "stream",
        "schema",
        "name",
        "slug",
        "state_shown",
        "replayed",
        *RULES,
        "created_at",
    )
    readonly_fields = ("project_link", "stream", "schema", "slug", "state_shown", "replayed", "created_at")
    list_display = ("name", "project_link", "state_shown", "waiting", "rule", "audit", "reviewed", "counts")
    list_filter = ("state", "counts", ("project", ScopedFilter), ("stream", ScopedFilter))
    list_select_related = (
        "project",
        "stream__project",
        "schema__project",
        "requires",
        "escalation_team",
        "exceptions_to",
    )
    search_fields = ("name", "slug", "project__name")
    search_help_text = _("Search by name, address or project")
    ordering = ("-priority", "name", "id")
    actions = ("pause", "resume")
    inlines = (ReservationInline,)
    project_link = linked("project", _("project"))
    state_shown = status("state", _("state"))

    def get_queryset(self, request: Any) -> models.QuerySet[Queue]:
        """With the number of tasks that wait for somebody."""
        ready = Q(tasks__state="open", tasks__open_slots__gt=0)
        return super().get_queryset(request).annotate(n_waiting=Count("tasks", filter=ready))

    @display(description=_("tasks waiting"), ordering="n_waiting")
    def waiting(self, row: Any) -> int:
        """How many could be taken now."""
        return int(row.n_waiting)

    @display(description=_("rule"))
    def rule(self, row: Queue) -> str:
        """The condition in words."""
        return condition_text(row.condition) or str(_("none"))

    @display(description=_("replayed on last week"))
    def replayed(self, row: Queue) -> str:
        """What the rules would have sent to people of what arrived in the last seven days."""
        found = replay(row)
        words = gettext(
            "Of last week's examples the rules would have sent %(rule)s by the condition and %(lot)s by lot: "
            "about %(tasks)s tasks a day, %(hours)s hours of work (%(answers)s answers a task, %(seconds)s seconds "
            "each, %(how)s)."
        )
        more = gettext("or more") if found.is_cut else ""
        return words % {
            "rule": f"{found.by_rule:,} {more}".strip(),
            "lot": f"{found.by_lot:,}",
            "tasks": f"{found.tasks_a_day:,.0f}" if found.tasks_a_day >= 1 else f"{found.tasks_a_day:.1f}",
            "hours": f"{found.hours_a_day:,.1f}",
            "answers": found.overlap,
            "seconds": f"{found.seconds_each:.0f}",
            "how": gettext("as measured here")
            if found.is_measured
            else gettext("a guess until people have answered"),
        }

    @display(description=_("audit share"), ordering="audit_percent")
    def audit(self, row: Queue) -> str:
        """Of the test examples."""
        return f"{row.audit_percent:g} %"

    @display(description=_("reviewed"), ordering="review_percent")
    def reviewed(self, row: Queue) -> str:
        """Of the answers."""
        return f"{row.review_percent:g} %"

    def make_row(self, request: Any, obj: Queue, form: Any) -> Queue:
        """The project is the stream's; the questions are frozen from now on."""
        names = self.add_fields
        return create_queue(by=request.user, **{name: form.cleaned_data[name] for name in names})

    def change_row(self, request: Any, obj: Queue, form: Any) -> None:
        """What waits already follows a new order."""
        super().change_row(request, obj, form)
        if {"order", "priority"} & set(form.changed_data):
            record("queue.reordered", organization=request.organization, subject=obj, by=request.user)

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        """Through the room's actions."""
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            unreserve(reservation=row, by=request.user)
        for row in rows:
            reserve(queue=form.instance, team=row.team, user=row.user, by=request.user)

    @deed(_("Pause"), verb=VERB, check=lambda row: check_state(row, Queue.State.ACTIVE))
    def pause(self, request: Any, row: Queue) -> None:
        """Hand out no more tasks."""
        pause(queue=row, by=request.user)

    @deed(_("Resume"), verb=VERB, check=lambda row: check_state(row, Queue.State.PAUSED))
    def resume(self, request: Any, row: Queue) -> None:
        """Hand out tasks again."""
        resume(queue=row, by=request.user)


def check_state(queue: Queue, state: str) -> None:
    """Pausing what stands, or resuming what runs, says nothing new."""
    check_for_people(queue)
    if queue.state != state:
        raise Refused(
            _("This queue hands out tasks already.")
            if queue.state == Queue.State.ACTIVE
            else _("This queue is paused already.")
        )


@attention
def waiting_tasks(organization: Organization) -> Iterator[Call]:
    """Where people are needed."""
    ready = Q(tasks__state="open", tasks__open_slots__gt=0)
    for queue in organization.queues.annotate(n=Count("tasks", filter=ready)).filter(n__gt=0)[:20]:
        url = reverse("admin:labeling_queue_change", args=[queue.pk])
        if queue.state == Queue.State.PAUSED:
            words = gettext("Queue “%(name)s” is paused while %(n)s tasks wait in it.")
            yield Call(words % {"name": queue.name, "n": queue.n}, url, "warn")
        else:
            words = ngettext(
                "%(n)s task waits for somebody in queue “%(name)s”.",
                "%(n)s tasks wait for somebody in queue “%(name)s”.",
                queue.n,
            )
            yield Call(words % {"name": queue.name, "n": queue.n}, url, "info")
