"""Which people a queue is for: whom it is kept for, who is qualified, whose work is paused."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.queues.models import Credential, Pause, Qualification, Queue, Reservation
from teams.events.actions import record
from teams.identity.models import Organization, Team, User
from teams.identity.refused import Refused


def check_member(organization: Organization, user: User) -> None:
    """Work is given to people who are here."""
    if not organization.memberships.active().people().filter(user=user).exists():
        raise Refused(
            _("%(person)s is not a member of this organization.") % {"person": user}, "no_member", 422
        )


@transaction.atomic
def reserve(
    *, queue: Queue, team: Team | None = None, user: User | None = None, by: User | None
) -> Reservation:
    """Keep a queue for a team or a person: whoever is named by none of its reservations gets nothing more."""
    organization = queue.organization
    if user is not None:
        check_member(organization, user)
    kept, is_new = organization.reservations.get_or_create(queue=queue, team=team, user=user)
    if is_new:
        names = {"team": team.pk if team else None, "user": user.pk if user else None}
        record("queue.reserved", organization=organization, subject=queue, by=by, **names)
    return kept


@transaction.atomic
def unreserve(*, reservation: Reservation, by: User | None) -> None:
    """Keep the queue for them no longer. Without any reservation it is open to all who may label."""
    organization, queue = reservation.organization, reservation.queue
    names = {"team": reservation.team_id, "user": reservation.user_id}
    if organization.reservations.filter(pk=reservation.pk).delete()[0]:
        record("queue.unreserved", organization=organization, subject=queue, by=by, **names)


@transaction.atomic
def give_credential(
    *, qualification: Qualification, user: User, expires_at: datetime | None = None, by: User | None
) -> Credential:
    """A person is qualified from now on, until `expires_at` or until it is taken back; again, it is renewed."""
    organization = qualification.organization
    check_member(organization, user)
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused(_("A credential that has expired already is of no use."), "in_the_past", 422)
    given = {"expires_at": expires_at, "given_at": timezone.now(), "given_by": by}
    credential, _is_new = organization.credentials.update_or_create(
        qualification=qualification, user=user, defaults=given
    )
    record("credential.given", organization=organization, subject=qualification, by=by, user=user.pk)
    return credential


@transaction.atomic
def take_credential(*, credential: Credential, by: User | None) -> None:
    """The person is qualified no longer; what they hold they may finish."""
    organization, qualification = credential.organization, credential.qualification
    if organization.credentials.filter(pk=credential.pk).delete()[0]:
        user = credential.user_id
        record("credential.taken", organization=organization, subject=qualification, by=by, user=user)


@transaction.atomic
def pause_person(
    *, organization: Organization, user: User, queue: Queue | None = None, reason: str, by: User | None
) -> Pause:
    """Give a person no more tasks of a queue, or of any; what they hold they may finish."""
    check_member(organization, user)
    pause, is_new = organization.pauses.get_or_create(
        user=user, queue=queue, ended_at=None, defaults={"reason": reason, "paused_by": by}
    )
    if is_new:
        where = queue.pk if queue else None
        record("person.paused", organization=organization, subject=pause, by=by, user=user.pk, queue=where)
    return pause


def check_end(pause: Pause) -> None:
    """A pause ends once."""
    if pause.ended_at is not None:
        raise Refused(_("This pause has ended already."), "ended")


@transaction.atomic
def end_pause(*, pause: Pause, by: User | None) -> None:
    """Give the person tasks again."""
    organization = pause.organization
    if not organization.pauses.filter(pk=pause.pk, ended_at=None).update(ended_at=timezone.now()):
        check_end(organization.pauses.get(pk=pause.pk))
    record("person.resumed", organization=organization, subject=pause, by=by, user=pause.user_id)
