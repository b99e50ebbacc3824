"""Who may do what: each role is a set of verbs with a sentence. Teams and projects say where."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member is here for."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    REVIEWER = "reviewer", _("Reviewer")
    LABELER = "labeler", _("Labeler")
    VIEWER = "viewer", _("Viewer")
    PIPELINE = "pipeline", _("Pipeline")


SENTENCES = {
    Role.OWNER: _("Answers for the organization; may do everything in it."),
    Role.ADMIN: _("Runs people and projects, and decides who may do what."),
    Role.MANAGER: _("Runs projects: queues, slices, schedules, gates, teams, tokens, and who is invited."),
    Role.REVIEWER: _("Labels, and accepts or returns other people's answers, in the projects granted."),
    Role.LABELER: _("Answers tasks in the projects granted."),
    Role.VIEWER: _("Reads the projects granted."),
    Role.PIPELINE: _("A script with a token: sends examples, claims runs, reads slices, asks people."),
}

# Every verb there is, in words. `projects.*` can be granted on a project; `teams.*` hold for the organization.
WORDS = {
    "projects.view_project": _("See the project"),
    "projects.label_project": _("Answer tasks"),
    "projects.review_project": _("Review answers"),
    "projects.view_answers_project": _("See other people's answers"),
    "projects.manage_project": _("Run queues, slices, schedules and gates"),
    "projects.edit_schema_project": _("Change the questions that people are asked"),
    "projects.sign_project": _("Sign a model into production"),
    "projects.ingest_project": _("Send examples and predictions"),
    "projects.export_project": _("Download snapshots"),
    "projects.train_project": _("Claim and report runs"),
    "projects.ask_project": _("Ask people"),
    "teams.manage_desk": _("Work at the managers' desk"),
    "teams.view_people": _("See who is here and what they may do"),
    "teams.invite_people": _("Invite people"),
    "teams.manage_people": _("Change roles, deactivate people and let them in again"),
    "teams.manage_teams": _("Make teams and say who is in them"),
    "teams.manage_tokens": _("Issue, rotate and revoke tokens"),
    "teams.view_audit": _("Read and export the audit"),
    "teams.create_project": _("Create projects"),
    "teams.manage_organization": _("Change the organization's own settings"),
}

VIEW = frozenset({"projects.view_project"})
LABEL = VIEW | {"projects.label_project"}
REVIEW = LABEL | {"projects.review_project", "projects.view_answers_project"}
PIPELINE = VIEW | {
    "projects.ingest_project",
    "projects.export_project",
    "projects.train_project",
    "projects.ask_project",
}
MANAGE = (
    REVIEW
    | PIPELINE
    | {
        "projects.manage_project",
        "projects.edit_schema_project",
        "projects.sign_project",
        "teams.manage_desk",
        "teams.view_people",
        "teams.invite_people",
        "teams.manage_teams",
        "teams.manage_tokens",
        "teams.view_audit",
    }
)
ADMIN = MANAGE | {"teams.manage_people", "teams.create_project"}
OWNER = ADMIN | {"teams.manage_organization"}

VERBS: dict[str, frozenset[str]] = {
    Role.OWNER: OWNER,
    Role.ADMIN: ADMIN,
    Role.MANAGER: MANAGE,
    Role.REVIEWER: REVIEW,
    Role.LABELER: LABEL,
    Role.VIEWER: VIEW,
    Role.PIPELINE: PIPELINE,
}

# Their role holds in every project of the organization; the others need a grant on the project.
EVERYWHERE = frozenset({Role.OWNER, Role.ADMIN, Role.MANAGER})

# What a grant on a project may say; the names are the permissions of Project without its app.
GRANTABLE = tuple(sorted(verb.removeprefix("projects.") for verb in MANAGE if verb.startswith("projects.")))


def verbs_of(role: str) -> frozenset[str]:
    """The verbs of a role; none for a role that is not known."""
    return VERBS.get(role, frozenset())


def roles_with(verb: str) -> list[str]:
    """The roles whose verbs include this one."""
    return [role for role, verbs in VERBS.items() if verb in verbs]
