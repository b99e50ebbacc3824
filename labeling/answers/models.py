"""What people answered: append-only, with where it came from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.queues.models import Queue
from labeling.tasks.models import Lease, SelectedBy, Task
from projects.schemas.models import LabelSchema
from projects.streams.models import Example, Project
from teams.identity.models import OrganizationModel, User, organization_key


class ImportedPerson(OrganizationModel):
    """Somebody outside who said what a label is, as an import names them; a manager may say which member that is."""

    organization = organization_key("imported_people")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imported_people")
    name = models.CharField(_("name"), max_length=200)
    user = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("is our member"),
    )
    created_at = models.DateTimeField(_("first seen"), default=timezone.now)

    class Meta:
        verbose_name = _("person named by an import")
        verbose_name_plural = _("people named by imports")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="imported_person_is_one")]

    def __str__(self) -> str:
        return self.name


class Annotation(OrganizationModel):
    """One person's answer to one task. The accepted one counts; at most one a task and round."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("submitted")
        IN_REVIEW = "in_review", _("in review")
        RETURNED = "returned", _("returned")
        ACCEPTED = "accepted", _("accepted")
        SUPERSEDED = "superseded", _("superseded")
        LATE = "late", _("late")
        GOLD = "gold", _("to measure people")
        RECALLED = "recalled", _("recalled")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.SUBMITTED: (State.IN_REVIEW, State.ACCEPTED, State.SUPERSEDED, State.RECALLED),
        State.IN_REVIEW: (State.ACCEPTED, State.RETURNED, State.SUPERSEDED, State.RECALLED),
        State.RETURNED: (State.ACCEPTED, State.RECALLED),  # its author objected, and was right
        # Submitted: imported labels that contradict each other.
        State.ACCEPTED: (State.SUPERSEDED, State.SUBMITTED, State.RECALLED),
        State.SUPERSEDED: (),
        State.LATE: (),
        State.GOLD: (),
        # A recall is taken back.
        State.RECALLED: (State.SUBMITTED, State.IN_REVIEW, State.RETURNED, State.ACCEPTED),
    }

    class Source(models.TextChoices):
        PERSON = "person", _("person")
        IMPORT = "import", _("import")
        CONSOLIDATED = "consolidated", _("consolidated")

    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="annotations", db_index=False, db_constraint=False
    )
    round = models.PositiveSmallIntegerField(default=1)
    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, related_name="annotations", db_index=False, db_constraint=False
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="annotations", db_index=False, db_constraint=False
    )
    lease = models.ForeignKey(
        Lease, on_delete=models.SET_NULL, null=True, related_name="annotations", db_index=False
    )
    author = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="annotations", db_index=False
    )
    said_by = models.ForeignKey(
        ImportedPerson,
        on_delete=models.SET_NULL,
        null=True,
        related_name="annotations",
        db_index=False,
        verbose_name=_("said outside by"),
    )
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="+", db_index=False)
    answer = models.JSONField(_("answer"))
    label = models.TextField(_("label"))
    source = models.CharField(_("source"), max_length=12, choices=Source.choices, default=Source.PERSON)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    selected_by = models.CharField(_("drawn"), max_length=10, choices=SelectedBy.choices)
    inclusion_probability = models.FloatField(null=True)
    shown_prediction = models.TextField(_("guess shown"), null=True)
    active_s = models.FloatField(_("active seconds"), null=True)
    at = models.DateTimeField(_("answered"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    accepted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("annotation")
        verbose_name_plural = _("annotations")
        constraints = [
            models.UniqueConstraint(
                fields=["task", "round"],
                condition=Q(state="accepted"),
                name="one_accepted_annotation_a_round",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(state__in=["accepted", "superseded", "recalled"]),
                name="accepted_at_is_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "example", "-id"], name="annotation_of_example"),
            models.Index(
                fields=["organization", "queue", "accepted_at"],
                condition=Q(state="accepted"),
                name="annotation_accepted",
            ),
            models.Index(fields=["organization", "author", "-id"], name="annotation_of_author"),
            models.Index(fields=["organization", "queue", "at"], name="annotation_of_queue"),
            models.Index(
                fields=["organization", "at"],
                condition=Q(active_s__isnull=False),
                name="annotation_timed",
            ),
            models.Index(
                fields=["organization", "queue", "id"],
                condition=Q(state="in_review"),
                name="annotation_to_review",
            ),
            models.Index(
                fields=["organization", "said_by", "id"],
                condition=Q(said_by__isnull=False),
                name="annotation_said_outside",
            ),
        ]

    def __str__(self) -> str:
        return self.label
