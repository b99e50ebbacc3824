"""Work for later: the Job row is the truth about it; whatever executes it only follows a hint."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.identity.models import OrganizationModel
from teams.work.leases import LONG_LEASE

BEAT = "job "  # how the names of the beats of jobs begin


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about work."""

    def ready(self, at: datetime) -> JobQuerySet:
        """Queued and not to be held back any longer."""
        return self.filter(state=Job.State.QUEUED, run_after__lte=at)

    def lost(self, at: datetime) -> JobQuerySet:
        """Running, but whoever ran it is gone: its lease is over, and its heart is silent."""
        number, turn = Cast("pk", CharField()), Cast("token", CharField())
        named = self.annotate(beat=Concat(Value(BEAT), number, Value("."), turn, output_field=CharField()))
        heard = Beat.objects.filter(name=OuterRef("beat"), at__gt=at - LONG_LEASE)
        return named.filter(~Exists(heard), state=Job.State.RUNNING, lease_until__lt=at)

    def dead(self) -> JobQuerySet:
        """Given up after the last attempt; they wait for a person."""
        return self.filter(state=Job.State.DEAD)


class Job(OrganizationModel):
    """One piece of work: attempts are counted before it, its effect and `done` are one transaction."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        DEAD = "dead", _("dead")

    kind = models.CharField(_("kind"), max_length=60)
    is_long = models.BooleanField(_("takes longer than a minute"), default=False)
    args = models.JSONField(_("arguments"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    hinted_at = models.DateTimeField(null=True)
    run_after = models.DateTimeField(_("not before"), default=timezone.now)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(
                fields=["is_long", "run_after", "id"],
                condition=models.Q(state="queued"),
                name="job_ready",
            ),
            models.Index(fields=["lease_until"], condition=models.Q(state="running"), name="job_running"),
            models.Index(fields=["organization", "state", "-id"], name="job_of_organization"),
            models.Index(fields=["-id"], condition=models.Q(state="dead"), name="job_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def beat_name(self) -> str:
        """Under which name its worker says that it lives; the next worker's is another."""
        return f"{BEAT}{self.pk}.{self.token}"


class Beat(models.Model):
    """The last sign of life of a kind of process; it belongs to the installation, not to a tenant."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
