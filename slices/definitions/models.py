"""A slice: a saved, versioned condition over a stream."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Project, Stream
from teams.identity.models import OrganizationModel, User, organization_key, slug_is_plain


class Slice(OrganizationModel):
    """A name that people and schedules follow; what it means is its latest version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="slices")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="slices")
    slug = models.SlugField(_("address"), max_length=80, validators=[slug_is_plain])
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("what it is for"), blank=True)
    tags = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        verbose_name=_("tags"),
        help_text=_("Words to find it by, with commas between them."),
    )
    speaks_of = ArrayField(
        models.TextField(),
        default=list,
        editable=False,
        verbose_name=_("speaks of"),
        help_text=_("The fields that its newest version asks about."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("slice")
        verbose_name_plural = _("slices")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="slice_address")]
        indexes = [
            GinIndex(fields=["tags"], name="slice_by_tag"),
            GinIndex(fields=["speaks_of"], name="slice_by_attribute"),
        ]

    def __str__(self) -> str:
        return self.name


class SliceVersion(OrganizationModel):
    """What a slice means, for ever: condition, window, which labels and splits, how many.

    Evaluated in this order: organization and stream, window, condition, labels, without doubles, split, sample, limit.
    `window` is as `windows` says, null takes all until `as_of`; `sample` and `dedupe` are as `sampling` says.
    """

    class Labels(models.TextChoices):
        ACCEPTED = "accepted", _("with an accepted label")
        ANY = "any", _("with or without a label")

    organization = organization_key("slice_versions")
    slice = models.ForeignKey(Slice, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField(_("version"))
    condition = models.JSONField(_("condition"), null=True, blank=True)
    params = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        help_text=_("Of a family: what its children differ in, with types."),
    )
    window = models.JSONField(_("window"), null=True, blank=True)
    labels = models.CharField(_("labels"), max_length=10, choices=Labels.choices, default=Labels.ACCEPTED)
    queues = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        verbose_name=_("labels from queues"),
        help_text=_("Empty: from every queue whose answers count."),
    )
    splits = ArrayField(models.CharField(max_length=10), default=list, verbose_name=_("splits"))
    random_only = models.BooleanField(
        _("drawn by lot only"),
        default=False,
        help_text=_("For evaluation: labels drawn by rule would flatter or shame."),
    )
    dedupe = models.JSONField(_("without doubles"), null=True, blank=True)
    temporal_holdout = models.CharField(
        _("newest days held out"),
        max_length=20,
        blank=True,
        help_text=_("Training takes nothing so new; val and test take nothing older. Empty: any age."),
    )
    sample = models.JSONField(_("sample"), null=True, blank=True)
    min_size = models.PositiveIntegerField(_("at least"), default=0)
    max_size = models.PositiveIntegerField(_("at most"), null=True, blank=True)
    definition_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("slice version")
        verbose_name_plural = _("slice versions")
        ordering = ["slice", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["slice", "version"], name="slice_version_number"),
            models.CheckConstraint(
                condition=Q(splits__contained_by=["train", "val", "test"]), name="splits_are_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slice.slug}@{self.version}"
