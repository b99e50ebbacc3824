"""Erasures go on in jobs; the clock looks after those that nobody is at."""

from __future__ import annotations

from django.db import transaction

from projects.erasure.actions import go_on
from projects.erasure.models import Erasure
from projects.erasure.stepping import take_step
from projects.erasure.uploads import erase_uploads
from projects.erasure.watching import look_after
from teams.identity.models import Organization
from teams.work.clock import due
from teams.work.erasing import Doomed
from teams.work.jobs import job

due("erasures")(look_after)


@job("erasures.go_on", long=True)
def go_on_with(organization: Organization, erasure_id: int) -> None:
    """Mark what is left to mark, then put the erasers to work."""
    go_on(find(organization, erasure_id))


@job("erasures.step", long=True)
def step(organization: Organization, erasure_id: int, name: str) -> None:
    """One eraser's part."""
    take_step(find(organization, erasure_id), name)


@job("uploads.forget")
def forget_uploads(organization: Organization, digests: list[str]) -> None:
    """Uploads of examples that expired go, unless another example shows the same."""
    with transaction.atomic():
        erase_uploads(Doomed(organization, (), media=digests))


def find(organization: Organization, erasure_id: int) -> Erasure:
    """The erasure of a job."""
    return organization.erasures.select_related("organization", "project", "stream").get(pk=erasure_id)
