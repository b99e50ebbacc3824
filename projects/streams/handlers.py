"""What comes with an invitation, the projects; what a change of attributes asks of the rows, batch after batch."""

from __future__ import annotations

from collections.abc import Generator

from projects.streams.declaring import STEP
from projects.streams.expiring import expire_all
from projects.streams.promoting import step
from projects.streams.sweeping import forget_unnamed
from teams.access.actions import set_grants
from teams.events.actions import on
from teams.events.models import Event
from teams.identity.models import Organization
from teams.identity.roles import WORDS, verbs_of
from teams.work.clock import due
from teams.work.jobs import stepwise

due("retention")(expire_all)
due("uploads")(forget_unnamed)


@on("invitation.accepted")
def grant_projects(event: Event) -> None:
    """Whoever accepts may do on the projects what their role includes, as whoever invited them could have granted."""
    organization = event.organization
    invitation = organization.invitations.select_related("created_by").get(pk=event.subject_id or 0)
    verbs = [verb for verb in WORDS if verb.startswith("projects.") and verb in verbs_of(invitation.role)]
    assert event.by is not None  # who accepted
    for place in invitation.invitation_projects.select_related("project__organization"):
        set_grants(row=place.project, to=event.by, verbs=verbs, by=invitation.created_by)


@stepwise(STEP)
def work_on_fields(organization: Organization, work_id: int) -> Generator[None]:
    """Batch after batch, until the work has ended."""
    while step(organization=organization, work_id=work_id):
        yield
