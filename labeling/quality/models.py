"""Tasks whose answer is known and how people did on them; figures of agreement; checks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.tasks.models import Task
from projects.streams.models import Example
from teams.identity.models import OrganizationModel, User, organization_key


class Agreement(OrganizationModel):
    """How much people agreed on one question of a queue's recent tasks, as it was found on a day."""

    organization = organization_key("agreements")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="agreements", db_index=False)
    question = models.CharField(_("question"), max_length=40)
    day = models.DateField(_("day"))
    measure = models.CharField(_("measure"), max_length=20)
    value = models.FloatField(_("agreement"))
    low = models.FloatField(_("at least"), null=True)
    high = models.FloatField(_("at most"), null=True)
    tasks = models.PositiveIntegerField(_("tasks"))
    answers = models.PositiveIntegerField(_("answers"))
    found_at = models.DateTimeField(_("found"), default=timezone.now)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [
            models.UniqueConstraint(fields=["queue", "question", "day"], name="one_agreement_a_day"),
            models.CheckConstraint(
                condition=Q(low=None, high=None) | Q(low__isnull=False, high__isnull=False),
                name="agreement_interval_is_paired",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.value:.2f}"


class Gold(OrganizationModel):
    """A task whose answer is known. Its `task` is of round 0 and has no places: everybody may get it once."""

    organization = organization_key("golds")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="golds", db_index=False)
    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, related_name="golds", db_index=False, db_constraint=False
    )
    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="gold")
    answer = models.JSONField(_("known answer"))
    note = models.TextField(
        _("why it is so"), blank=True, help_text=_("Told to whoever answered otherwise, after they did.")
    )
    made_from = models.ForeignKey(
        Annotation, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("made from")
    )
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    retired_at = models.DateTimeField(_("out of use since"), null=True)

    class Meta:
        verbose_name = _("known answer")
        verbose_name_plural = _("known answers")
        indexes = [models.Index(fields=["organization", "queue", "-id"], name="gold_of_queue")]

    def __str__(self) -> str:
        return f"{self.queue}: {self.example_id}"


class GoldAnswer(OrganizationModel):
    """How somebody did on a known answer: 1 is right. `scores` has every question, `score` is their mean."""

    organization = organization_key("gold_answers")
    gold = models.ForeignKey(Gold, on_delete=models.CASCADE, related_name="answers")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="gold_answers", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="gold_answers", db_index=False)
    annotation = models.OneToOneField(Annotation, on_delete=models.CASCADE, related_name="gold_answer")
    score = models.FloatField(_("score"))
    scores = models.JSONField(_("score by question"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("answer to a known one")
        verbose_name_plural = _("answers to known ones")
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="gold_score_is_a_share"),
        ]
        indexes = [
            models.Index(fields=["organization", "queue", "user", "-id"], name="gold_answer_of_person"),
            models.Index(fields=["organization", "at"], name="gold_answer_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.score:.2f}"


class Standing(OrganizationModel):
    """How a person does on the known answers of a queue: what the last ones come to, and whether they were warned."""

    organization = organization_key("standings")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="standings", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="standings")
    score = models.FloatField(_("score"), null=True)
    scores = models.JSONField(_("score by question"), default=dict)
    measured = models.PositiveIntegerField(_("known answers that the score looks at"), default=0)
    warned_at = models.DateTimeField(_("warned"), null=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        constraints = [
            models.UniqueConstraint(fields=["queue", "user"], name="one_standing_a_person_and_queue"),
        ]

    def __str__(self) -> str:
        return str(self.user)


class Heuristic(OrganizationModel):
    """A named check on answers of a project. A change is the next version; hits say which one they met."""

    class Effect(models.TextChoices):
        BLOCK = "block", _("refuse the answer")
        REASON = "reason", _("ask for a reason")

    organization = organization_key("heuristics")
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="heuristics")
    name = models.CharField(_("name"), max_length=80)
    version = models.PositiveIntegerField(_("version"), default=1)
    looks_for = models.CharField(_("what it looks for"), max_length=20)
    question = models.CharField(_("question"), max_length=40, blank=True)
    limits = models.JSONField(_("limits"), default=dict)
    effect = models.CharField(_("then"), max_length=10, choices=Effect.choices)
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    ended_at = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("check of answers")
        verbose_name_plural = _("checks of answers")
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="heuristic_version"),
            models.UniqueConstraint(
                fields=["project", "name"], condition=Q(ended_at=None), name="one_heuristic_of_a_name_in_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class HeuristicHit(OrganizationModel):
    """An answer met a check: it was refused, or came with a reason (then `annotation` is the answer)."""

    organization = organization_key("heuristic_hits")
    heuristic = models.ForeignKey(Heuristic, on_delete=models.CASCADE, related_name="hits")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, null=True, related_name="hits")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    reason = models.TextField(_("reason given"), blank=True, default="")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("answer that met a check")
        verbose_name_plural = _("answers that met a check")

    def __str__(self) -> str:
        return str(self.heuristic)
