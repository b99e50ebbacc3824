"""One unit of human work on one example, and who holds it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.queues.models import Queue
from projects.streams.models import Example
from teams.identity.models import OrganizationModel, User

CELLS = 24  # of a sheet: as many tasks as a person holds at once


class SelectedBy(models.TextChoices):
    """Why an example was drawn; only random draws count in an evaluation."""

    RANDOM = "random", _("by lot")
    RULE = "rule", _("by rule")
    GOLD = "gold", _("to measure people")
    ASK = "ask", _("asked by a pipeline")
    MANUAL = "manual", _("by hand")
    IMPORT = "import", _("imported")


class Task(OrganizationModel):
    """Work on one example: `open_slots` places for people who are not among `people` yet."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        COMPLETE = "complete", _("complete")
        IN_REVIEW = "in_review", _("in review")
        ACCEPTED = "accepted", _("accepted")
        ARCHIVED = "archived", _("archived")
        GOLD = "gold", _("to measure people")

    class Line(models.TextChoices):
        """Whom an open task waits for; everything but the first stands aside of the queue's own line."""

        ANYBODY = "anybody", _("anybody")
        ASSIGNED = "assigned", _("one person")
        ESCALATED = "escalated", _("the escalation team")
        FLAGGED = "flagged", _("a manager")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.OPEN: (State.COMPLETE, State.IN_REVIEW, State.ACCEPTED, State.ARCHIVED),
        State.COMPLETE: (State.IN_REVIEW, State.ACCEPTED, State.OPEN, State.ARCHIVED),
        # Complete: a majority's answer was returned, and somebody decides.
        State.IN_REVIEW: (State.ACCEPTED, State.OPEN, State.COMPLETE, State.ARCHIVED),
        # Back to complete: imported labels that have come to contradict each other. Open again: undone at once.
        State.ACCEPTED: (State.COMPLETE, State.OPEN, State.ARCHIVED),
        State.ARCHIVED: (State.OPEN, State.GOLD),  # a recall is taken back, and what it settled stands again
        # Its answer is known: everybody may get it once, nothing comes of what they say, and nobody waits for it.
        State.GOLD: (State.ARCHIVED,),
    }

    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="tasks", db_index=False, db_constraint=False
    )
    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, related_name="tasks", db_index=False, db_constraint=False
    )
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    priority = models.SmallIntegerField(_("priority"), default=0)
    due_at = models.DateTimeField(
        _("due"), null=True, blank=True, help_text=_("Those with a deadline come before those without.")
    )
    order_key = models.FloatField(_("order"), default=0)
    open_slots = models.SmallIntegerField(_("places left"), default=1)
    people = ArrayField(models.BigIntegerField(), default=list, blank=True)
    selected_by = models.CharField(_("drawn"), max_length=10, choices=SelectedBy.choices)
    inclusion_probability = models.FloatField(_("with probability"), null=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    expiries = models.PositiveSmallIntegerField(_("times let go"), default=0)
    line = models.CharField(
        _("waits for"),
        max_length=10,
        choices=Line.choices,
        default=Line.ANYBODY,
        db_default=Line.ANYBODY,
    )
    assigned_to = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="assigned_tasks", db_index=False
    )

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "queue", "example", "round"], name="task_of_a_round"
            ),
            models.CheckConstraint(condition=Q(open_slots__gte=0), name="task_never_overbooked"),
            models.CheckConstraint(
                condition=Q(line="assigned", assigned_to__isnull=False)
                | (~Q(line="assigned") & Q(assigned_to=None)),
                name="task_assigned_to_somebody",
            ),
        ]
        indexes = [
            models.Index(
                F("organization"),
                F("queue"),
                F("priority").desc(),
                F("due_at"),
                F("order_key"),
                F("id"),
                condition=Q(state="open", open_slots__gt=0, line="anybody"),
                name="task_next",
            ),
            models.Index(
                fields=["organization", "queue", "line", "assigned_to"],
                condition=Q(state="open") & ~Q(line="anybody"),
                name="task_aside",
            ),
            models.Index(fields=["organization", "example"], name="task_of_example"),
            models.Index(fields=["organization", "queue", "state"], name="task_of_queue"),
            models.Index(fields=["organization", "queue"], condition=Q(state="gold"), name="task_gold"),
            models.Index(
                fields=["organization", "queue", "id"],
                condition=Q(state__in=["in_review", "complete"]),
                name="task_to_judge",
            ),
            models.Index(
                fields=["organization", "queue", "-id"],
                condition=Q(people__len__gt=1),
                name="task_of_several",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} #{self.pk}"


class Lease(OrganizationModel):
    """One person's hold on a task; `token` is the fence: whoever comes with an older one is too late.

    A person holds one task of a queue, or one in each `cell` of a sheet, and at most one more that their page fetched
    ahead (`prefetched`). One that is put off stays theirs, is offered again at `again_at`, and goes to others at
    `expires_at`.
    """

    class State(models.TextChoices):
        HELD = "held", _("held")
        ANSWERED = "answered", _("answered")
        RETURNED = "returned", _("returned")
        EXPIRED = "expired", _("expired")
        SKIPPED = "skipped", _("skipped")
        PUT_OFF = "put_off", _("put off")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.HELD: (State.ANSWERED, State.EXPIRED, State.SKIPPED, State.PUT_OFF),
        State.PUT_OFF: (State.HELD, State.EXPIRED),
        State.ANSWERED: (State.RETURNED, State.HELD),  # held again: undone at once
        State.RETURNED: (State.HELD, State.EXPIRED),  # expired: the answer was recalled
        State.EXPIRED: (State.HELD, State.RETURNED),  # returned again: a recall is taken back
        State.SKIPPED: (State.HELD,),  # undone at once: what was handed on from a sheet
    }

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="leases")
    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="leases", db_index=False, db_constraint=False
    )
    round = models.PositiveSmallIntegerField(default=1)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="leases")
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    token = models.PositiveIntegerField(default=1)
    claimed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    draft = models.JSONField(null=True)
    note = models.TextField(_("why it came back"), blank=True, default="", db_default="")
    prefetched = models.BooleanField(default=False, db_default=False)
    cell = models.PositiveSmallIntegerField(default=0, db_default=0)
    again_at = models.DateTimeField(_("offered again"), null=True)
    said = models.CharField(_("why it was let go"), max_length=300, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")
        constraints = [
            models.UniqueConstraint(fields=["task", "round", "user"], name="one_lease_a_person_and_round"),
            models.UniqueConstraint(
                fields=["queue", "user", "prefetched", "cell"],
                condition=Q(state="held"),
                name="one_task_a_cell",
            ),
            models.CheckConstraint(condition=Q(cell__lt=CELLS), name="lease_in_a_sheet"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(state__in=["held", "put_off"]), name="lease_held"
            ),
            models.Index(fields=["organization", "user", "state"], name="lease_of_person"),
            models.Index(
                fields=["queue", "user", "ended_at"], condition=Q(state="answered"), name="lease_answered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.task_id}"
