"""A project, who may do what in it, and what an invitation promises there."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from teams.access import permissions
from teams.identity.models import OrganizationModel, User, organization_key, slug_is_plain
from teams.people.models import Invitation


class ProjectQuerySet(models.QuerySet["Project"]):
    """Questions about projects."""

    def open_to(self, user: User, verb: str) -> ProjectQuerySet:
        """The projects on which `user.has_perm(verb, project)` is true."""
        return permissions.open_to(self, user, verb)  # type: ignore[return-value]


class Project(OrganizationModel):
    """One kind of data, one label schema."""

    slug = models.SlugField(_("address"), max_length=50, validators=[slug_is_plain])
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("what it is about"), blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "slug"], name="project_address")]
        permissions: ClassVar = [
            ("label_project", "Answer tasks"),
            ("review_project", "Review answers"),
            ("view_answers_project", "See other people's answers"),
            ("manage_project", "Run queues, slices, schedules and gates"),
            ("edit_schema_project", "Change the questions that people are asked"),
            ("sign_project", "Sign a model into production"),
            ("ingest_project", "Send examples and predictions"),
            ("export_project", "Download snapshots"),
            ("train_project", "Claim and report runs"),
            ("ask_project", "Ask people"),
        ]

    def __str__(self) -> str:
        return self.name


class InvitationProject(OrganizationModel):
    """A project that an invited person will be granted, as far as their role goes."""

    organization = organization_key("invitation_projects")
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="invitation_projects")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitation_projects")

    class Meta:
        verbose_name = _("project of an invitation")
        verbose_name_plural = _("projects of an invitation")
        constraints = [
            models.UniqueConstraint(fields=["invitation", "project"], name="invited_once_to_a_project")
        ]

    def __str__(self) -> str:
        return f"{self.invitation} to {self.project}"


class ProjectUserObjectPermission(UserObjectPermissionBase):
    """A grant of one person on a project."""

    content_object = models.ForeignKey(Project, on_delete=models.CASCADE)


class ProjectGroupObjectPermission(GroupObjectPermissionBase):
    """A grant of one team on a project."""

    content_object = models.ForeignKey(Project, on_delete=models.CASCADE)
