"""Work of one kind with its rules."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.schemas.models import LabelSchema
from projects.streams.models import Project, Stream
from teams.identity.models import OrganizationModel, slug_is_plain

percent = [MinValueValidator(0), MaxValueValidator(100)]


class Queue(OrganizationModel):
    """Who is asked what about which examples.

    `condition` sends examples of the training buckets here (null: none by itself). Examples of the val and
    test buckets come only by lot, `audit_percent` of them, so that evaluation stays honest.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="queues")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="queues")
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="queues")
    slug = models.SlugField(_("address"), max_length=50, validators=[slug_is_plain])
    name = models.CharField(_("name"), max_length=120)
    instructions = models.TextField(_("instructions"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    condition = models.JSONField(_("condition"), null=True, blank=True)
    audit_percent = models.FloatField(_("audit share, %"), default=0, validators=percent)
    overlap = models.PositiveSmallIntegerField(_("answers a task"), default=1)
    review_percent = models.FloatField(_("reviewed, %"), default=0, validators=percent)
    lease_s = models.PositiveIntegerField(_("lease, seconds"), default=900)
    show_predictions = models.BooleanField(_("show the model's guess"), default=False)
    counts = models.BooleanField(
        _("its answers count"),
        default=True,
        help_text=_("Off for control queues: their labels reach only the slices that name the queue."),
    )
    priority = models.SmallIntegerField(_("priority"), default=0)
    agreement_floor = models.FloatField(
        _("agreement wanted, %"),
        null=True,
        blank=True,
        validators=percent,
        help_text=_(
            "Where fewer of a task's answers stand together, one more person is asked, and then another. "
            "Empty: nobody is."
        ),
    )
    most_answers = models.PositiveSmallIntegerField(
        _("answers a task at most"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("When so many still disagree, the task waits for somebody to decide."),
    )
    gold_percent = models.FloatField(
        _("tasks with a known answer, %"),
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(50)],
        help_text=_("So often somebody gets a task whose answer is known; they are not told which."),
    )
    gold_floor = models.FloatField(
        _("lowest score, %"),
        null=True,
        blank=True,
        validators=percent,
        help_text=_("Whose score on known answers falls below is warned, then paused. Empty: nobody is."),
    )
    gold_window = models.PositiveSmallIntegerField(
        _("known answers a score looks at"),
        default=10,
        validators=[MinValueValidator(3), MaxValueValidator(200)],
        help_text=_("The last so many of each person."),
    )
    agreement_due_at = models.DateTimeField(default=timezone.now, editable=False)
    holds_imports = models.BooleanField(
        _("holds imported labels"),
        default=False,
        editable=False,
        help_text=_("Labels that came with examples are kept here; it has no places for people."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["-priority", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="queue_address"),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="queue_overlap"),
            models.UniqueConstraint(
                fields=["stream", "schema"], condition=Q(holds_imports=True), name="one_queue_of_imports"
            ),
        ]
        indexes = [models.Index(fields=["agreement_due_at"], name="queue_agreement_due")]

    def __str__(self) -> str:
        return self.name
