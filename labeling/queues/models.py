"""Work of one kind with its rules, and which people it is for."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.schemas.models import LabelSchema
from projects.streams.models import Project, Stream
from teams.identity.models import OrganizationModel, Team, User, slug_is_plain

percent = [MinValueValidator(0), MaxValueValidator(100)]
ASKS = 100  # the priority of asks: ahead of all batch work, which stays below


class Qualification(OrganizationModel):
    """Something that a person must have shown before a queue lets them in."""

    name = models.CharField(_("name"), max_length=80)
    text = models.CharField(_("what it takes"), max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="qualification_name_is_one")
        ]

    def __str__(self) -> str:
        return self.name


class Queue(OrganizationModel):
    """Who is asked what about which examples.

    `condition` sends examples of the training buckets here (null: none by itself). Examples of the val and
    test buckets come only by lot, `audit_percent` of them, so that evaluation stays honest.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    class Order(models.TextChoices):
        """What comes first among tasks of one priority and deadline; age decides what this leaves open."""

        UNSURE = "unsure", _("what the model is least sure of")
        SURE = "sure", _("what the model is surest of")
        OLDEST = "oldest", _("what has waited longest")

    class Skipping(models.TextChoices):
        """What a person may do with a task that they do not want to answer now."""

        OTHERS = "others", _("leave it to others")
        LATER = "later", _("put it off for themselves")
        DROP = "drop", _("drop it for everybody, with a reason")
        NEVER = "never", _("nothing: every task is answered")

    class Asking(models.TextChoices):
        """How many tasks a person has before them."""

        ONE = "one", _("one task at a time")
        SHEET = "sheet", _("many guesses at once: only the exceptions are marked")

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
    review_first = models.PositiveSmallIntegerField(
        _("reviewed of new people"),
        default=0,
        db_default=0,
        help_text=_("So many first answers of each person are always looked at."),
    )
    review_unsure = models.FloatField(
        _("reviewed below a confidence of, %"),
        null=True,
        blank=True,
        validators=percent,
        help_text=_("Always looked at where the model was less sure. Empty: its confidence decides nothing."),
    )
    review_disagreement = models.BooleanField(
        _("reviewed where answers differ"),
        default=False,
        db_default=False,
        help_text=_("Always looked at where people differ, or an answer differs from the model's guess."),
    )
    review_blind = models.BooleanField(
        _("reviewers do not see whose answer it is"), default=True, db_default=True
    )
    return_reasons = models.TextField(
        _("reasons to return an answer"),
        blank=True,
        default="",
        db_default="",
        help_text=_("One a line, at most nine. Empty: a list that fits most questions."),
    )
    lease_s = models.PositiveIntegerField(_("lease, seconds"), default=900)
    show_predictions = models.BooleanField(_("show the model's guess"), default=False)
    asking = models.CharField(
        _("people see"),
        max_length=5,
        choices=Asking.choices,
        default=Asking.ONE,
        db_default=Asking.ONE,
        help_text=_(
            "Many at once: up to 24 examples with what the model says of each; what is not marked is accepted."
        ),
    )
    exceptions_to = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("marked exceptions go to"),
        help_text=_("Where many are seen at once. Empty: whoever marks one chooses the right class."),
    )
    counts = models.BooleanField(
        _("its answers count"),
        default=True,
        help_text=_("Off for control queues: their labels reach only the slices that name the queue."),
    )
    priority = models.SmallIntegerField(
        _("priority"), default=0, validators=[MinValueValidator(-99), MaxValueValidator(ASKS - 1)]
    )
    order = models.CharField(_("first comes"), max_length=8, choices=Order.choices, default=Order.UNSURE)
    due_within_h = models.PositiveSmallIntegerField(
        _("answer within, hours"),
        null=True,
        blank=True,
        help_text=_("Tasks with the nearest deadline come first. Empty: no deadline."),
    )
    skipping = models.CharField(
        _("skipping means to"), max_length=8, choices=Skipping.choices, default=Skipping.OTHERS
    )
    put_off_s = models.PositiveIntegerField(
        _("put off for, seconds"), default=3600, help_text=_("Where skipping means to put a task off.")
    )
    daily_cap = models.PositiveIntegerField(
        _("answers a person and day, at most"), default=0, help_text=_("0: as many as they like.")
    )
    requires = models.ForeignKey(
        Qualification,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="queues",
        verbose_name=_("qualification"),
        help_text=_("Only people who hold it get tasks here."),
    )
    escalate_after = models.PositiveSmallIntegerField(
        _("escalate after"),
        default=0,
        help_text=_("A task that so many people let run out goes to the team below alone. 0: never."),
    )
    escalation_team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="escalation_queues",
        verbose_name=_("escalate to"),
    )
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
            models.CheckConstraint(
                condition=Q(priority__lt=ASKS),
                name="queue_stays_behind_asks",
                violation_error_message=_(
                    "A priority of 100 and more is that of asks, which always come first."
                ),
            ),
            models.UniqueConstraint(
                fields=["stream", "schema"], condition=Q(holds_imports=True), name="one_queue_of_imports"
            ),
        ]
        indexes = [models.Index(fields=["agreement_due_at"], name="queue_agreement_due")]

    def __str__(self) -> str:
        return self.name


class Reservation(OrganizationModel):
    """A queue is kept for a team or a person; one that is kept for nobody is open to all who may label."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="reservations")
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="reservations"
    )
    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="reservations",
        verbose_name=_("person"),
    )

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("kept for")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(team=None, user__isnull=False) | Q(team__isnull=False, user=None),
                name="reserved_for_a_team_or_a_person",
                violation_error_message=_("Name a team or a person, not both."),
            ),
            models.UniqueConstraint(
                fields=["queue", "team", "user"], nulls_distinct=False, name="reserved_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.team or self.user)


class Credential(OrganizationModel):
    """A person has a qualification, until it expires or is taken back."""

    qualification = models.ForeignKey(Qualification, on_delete=models.CASCADE, related_name="credentials")
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="credentials", verbose_name=_("person")
    )
    given_at = models.DateTimeField(_("given"), default=timezone.now, editable=False)
    given_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("by")
    )
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("Empty: it holds until it is taken back.")
    )

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering = ["-given_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["qualification", "user"], name="one_credential_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.qualification}"


class Pause(OrganizationModel):
    """A person gets no tasks of a queue, or of any, until somebody ends it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="pauses", verbose_name=_("person"))
    queue = models.ForeignKey(
        Queue,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="pauses",
        verbose_name=_("queue"),
        help_text=_("Empty: every queue."),
    )
    reason = models.CharField(
        _("reason"), max_length=300, help_text=_("The person reads it where their next task would be.")
    )
    paused_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    paused_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    class Meta:
        verbose_name = _("pause of a person")
        verbose_name_plural = _("paused people")
        ordering = ["-paused_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "queue"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="paused_once",
                violation_error_message=_("This person is paused there already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)
