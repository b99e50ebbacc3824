"""What comes in: streams, examples, and what models said of them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams import changes, earlier
from projects.streams.indexes import NARROWING
from projects.streams.project import (
    InvitationProject,
    Project,
    ProjectGroupObjectPermission,
    ProjectUserObjectPermission,
)
from teams.identity.models import OrganizationModel, User, organization_key, slug_is_plain

__all__ = [
    "Example",
    "FieldWork",
    "InvitationProject",
    "LabelState",
    "Media",
    "ModelVersion",
    "Prediction",
    "Project",
    "ProjectGroupObjectPermission",
    "ProjectUserObjectPermission",
    "SplitAssignment",
    "SplitPolicy",
    "Stream",
]


class Stream(OrganizationModel):
    """The channel that examples of a project arrive on."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="streams")
    slug = models.SlugField(_("address"), max_length=50, validators=[slug_is_plain])
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("what arrives here"), blank=True)
    fields = models.JSONField(
        _("attributes"), default=list, blank=True, help_text=_("Declared attributes, with their types.")
    )
    split_by = models.CharField(
        _("split by"),
        max_length=60,
        blank=True,
        help_text=_("Attribute whose values stay together; empty: each example alone."),
    )
    has_personal_media = models.BooleanField(
        _("its media show people"),
        default=False,
        help_text=_("Every look at media kept here is then in the audit: who, which, when."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="stream_address")]

    def __str__(self) -> str:
        return self.name


class FieldWork(OrganizationModel):
    """Something that is done to all rows of a stream, a batch after the other, because its attributes change.

    `check` looks for rows that a wanted declaration contradicts, and then applies it; `promote` fills a column from the
    JSON of the rows that were there before, `demote` empties it. Rows up to `at_id` are done, of those from
    `begin_id` up to `upto`.
    """

    class Kind(models.TextChoices):
        CHECK = "check", _("looking for rows that contradict")
        PROMOTE = "promote", _("making quick")
        DEMOTE = "demote", _("taking off the quick column")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")

    organization = organization_key("field_works")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="field_works")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("attribute"), max_length=60, blank=True)
    column = models.CharField(_("column"), max_length=2, blank=True)
    wanted = models.JSONField(_("wanted"), null=True)
    revision = models.CharField(max_length=12, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    begin_id = models.BigIntegerField(default=0)
    at_id = models.BigIntegerField(default=0)
    upto = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(_("rows looked at"), default=0)
    found = models.JSONField(_("contradictions"), default=dict)
    refusal = models.TextField(_("why it was refused"), blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("began"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("work on attributes")
        verbose_name_plural = _("work on attributes")
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "name"], condition=Q(state="running"), name="one_work_on_a_field"
            )
        ]
        indexes = [models.Index(fields=["organization", "stream", "-id"], name="field_work_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()

    @property
    def progress(self) -> float:
        """The share of the rows that is done."""
        if self.state != self.State.RUNNING:
            return 1.0
        rows = self.upto - self.begin_id
        return min(1.0, max(0.0, (self.at_id - self.begin_id) / rows)) if rows > 0 else 0.0


class SplitPolicy(OrganizationModel):
    """Which buckets are test, val and train: [0, test_until) test, [test_until, val_until) val, the rest train.

    The bucket of an example is stored by the stream's first policy and never changes.
    """

    BUCKETS = 10_000

    organization = organization_key("split_policies")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="split_policies")
    version = models.PositiveIntegerField(default=1)
    salt = models.CharField(max_length=80)
    test_until = models.PositiveIntegerField(default=1000)
    val_until = models.PositiveIntegerField(default=1000)

    class Meta:
        verbose_name = _("split policy")
        verbose_name_plural = _("split policies")
        ordering = ["stream", "version"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "version"], name="split_policy_version"),
            models.CheckConstraint(
                condition=Q(test_until__lte=models.F("val_until"), val_until__lte=10_000),
                name="split_cuts_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} split v{self.version}"


class SplitAssignment(OrganizationModel):
    """A group that an import put where its hash would not: rows of it that come later go there too."""

    organization = organization_key("split_assignments")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="split_assignments")
    split_key = models.CharField(max_length=200)
    bucket = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("assigned group")
        verbose_name_plural = _("assigned groups")
        constraints = [
            models.UniqueConstraint(fields=["stream", "split_key"], name="group_is_assigned_once"),
            models.CheckConstraint(condition=Q(bucket__lt=10_000), name="assigned_bucket"),
        ]

    def __str__(self) -> str:
        return self.split_key


class LabelState(models.TextChoices):
    """How far an example is on its way to a label that counts."""

    NONE = "none", _("no label")
    PENDING = "pending", _("being labelled")
    ACCEPTED = "accepted", _("accepted")


class Example(OrganizationModel):
    """One thing to be labelled.

    `label` to `confidence` are a summary for conditions; only `streams.actions.summarize` writes them.
    k1..k4 and n1, n2 hold promoted attributes.
    """

    stream = models.ForeignKey(
        Stream, on_delete=models.CASCADE, related_name="examples", db_index=False, db_constraint=False
    )
    key = models.CharField(_("key"), max_length=200)
    captured_at = models.DateTimeField(_("captured"))
    ingested_at = models.DateTimeField(_("ingested"), default=timezone.now)
    text = models.TextField(_("text"), blank=True)
    media_uri = models.CharField(_("media"), max_length=500, blank=True)
    media_type = models.CharField(_("kind of media"), max_length=60, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict)
    k1 = models.TextField(null=True, editable=False)
    k2 = models.TextField(null=True, editable=False)
    k3 = models.TextField(null=True, editable=False)
    k4 = models.TextField(null=True, editable=False)
    n1 = models.FloatField(null=True, editable=False)
    n2 = models.FloatField(null=True, editable=False)
    split_key = models.CharField(max_length=200, editable=False)
    bucket = models.PositiveSmallIntegerField(editable=False)
    rev = models.PositiveIntegerField(default=1, editable=False)
    label = models.TextField(_("label"), null=True, editable=False)
    label_state = models.CharField(
        _("label state"), max_length=10, choices=LabelState.choices, default=LabelState.NONE, editable=False
    )
    labeled_at = models.DateTimeField(_("labelled"), null=True, editable=False)
    predicted = models.TextField(_("predicted"), null=True, editable=False)
    confidence = models.FloatField(_("confidence"), null=True, editable=False)

    class Meta:
        verbose_name = _("example")
        verbose_name_plural = _("examples")
        constraints = [
            models.UniqueConstraint(fields=["organization", "stream", "key"], name="example_key"),
            models.CheckConstraint(condition=Q(bucket__lt=10_000), name="example_bucket"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "stream", "k1", "captured_at"],
                include=["confidence", "label", "id", "bucket"],
                name="example_slice",
            ),
            *NARROWING,
            GinIndex(
                fields=["organization", "attributes"],
                opclasses=["int8_ops", "jsonb_path_ops"],
                name="example_attributes",
            ),
            models.Index(fields=["organization", "stream", "-id"], name="example_newest"),
            # Only streams that split by an attribute have rows in it; the others pay nothing for it.
            models.Index(
                fields=["organization", "stream", "split_key"],
                condition=~Q(split_key=models.F("key")),
                name="example_group",
            ),
            models.Index(
                fields=["organization", "media_uri"],
                condition=Q(media_uri__startswith="sluice:"),
                name="example_upload",
            ),
        ]
        triggers = [*changes.NOTES, *earlier.NOTES]

    def __str__(self) -> str:
        return self.key


class Media(OrganizationModel):
    """A file that a caller without storage uploaded, found by its digest; examples say `sluice:<digest>`."""

    organization = organization_key("media")
    digest = models.CharField(max_length=64)
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    name = models.CharField(max_length=200, help_text=_("Where the storage keeps it."))
    created_at = models.DateTimeField(default=timezone.now)
    named_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Since when an example has shown it, or did once.")
    )

    class Meta:
        verbose_name = _("media")
        verbose_name_plural = _("media")
        constraints = [models.UniqueConstraint(fields=["organization", "digest"], name="media_digest")]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(named_at=None), name="media_never_named"),
        ]

    def __str__(self) -> str:
        return self.digest[:12]


class ModelVersion(OrganizationModel):
    """A model as others know it: by name, version and digest. Its weights are elsewhere.

    Of one with lineage `external` nobody here knows what it was trained on.
    """

    class Lineage(models.TextChoices):
        UNSAID = "", _("not said")
        EXTERNAL = "external", _("trained elsewhere")

    organization = organization_key("model_versions")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_versions")
    name = models.CharField(_("name"), max_length=80)
    version = models.CharField(_("version"), max_length=80)
    digest = models.CharField(_("digest"), max_length=100, blank=True)
    uri = models.CharField(_("where it is"), max_length=500, blank=True)
    facts = models.JSONField(_("what its pipeline said of it"), default=dict, blank=True)
    lineage = models.CharField(
        _("lineage"), max_length=10, choices=Lineage.choices, blank=True, default=Lineage.UNSAID
    )
    failure_modes = models.JSONField(_("expected failure modes"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="model_version_is_one"),
        ]
        indexes = [models.Index(fields=["organization", "project", "-id"], name="model_version_newest")]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Prediction(OrganizationModel):
    """What one model version said of one example; it never touches a label."""

    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, related_name="predictions", db_index=False, db_constraint=False
    )
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.CASCADE,
        related_name="predictions",
        db_index=False,
        db_constraint=False,
    )
    output = models.JSONField(_("output"), default=dict)
    label = models.TextField(_("label"))
    confidence = models.FloatField(_("confidence"), null=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "example", "model_version"], name="prediction_is_one"
            ),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=1),
                name="confidence_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.label
