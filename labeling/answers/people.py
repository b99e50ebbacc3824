"""People whom imports name: which member somebody is, now or for all labels that are here already."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from django.db import connection, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from labeling.answers.imported import outsiders
from labeling.answers.models import ImportedPerson
from projects.streams.models import Project
from teams.events.actions import record
from teams.identity.models import Organization, User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue, stepwise

JOB = "people.credit"
STEP = 2000

NEXT = """
UPDATE labeling_annotation SET author_id = %(user)s
WHERE organization_id = %(organization)s AND id IN (
    SELECT id FROM labeling_annotation
    WHERE organization_id = %(organization)s AND said_by_id = %(person)s AND author_id IS DISTINCT FROM %(user)s
    ORDER BY id LIMIT %(step)s FOR NO KEY UPDATE
)
"""


@transaction.atomic
def map_person(*, person: ImportedPerson, user: User | None, by: User | None) -> None:
    """Say which member somebody outside is (None: nobody). What they said is theirs soon after."""
    organization = person.organization
    if user is not None and not organization.memberships.people().filter(user=user).exists():
        raise Refused(_("Only a member of this organization can be meant."), status=422)
    changed = organization.imported_people.filter(pk=person.pk).exclude(user=user)
    if user is None:
        changed = organization.imported_people.filter(pk=person.pk, user__isnull=False)
    if changed.update(user=user):
        person.user = user
        enqueue(JOB, organization=organization, person_id=person.pk)
        record(
            "person.mapped", organization=organization, subject=person, by=by, user=user.pk if user else None
        )


@transaction.atomic
def name_people(*, project: Project, people: Mapping[str, str], by: User | None) -> None:
    """The same for several: {name in the file: e-mail address of a member}."""
    organization = project.organization
    if not people:
        return
    members = organization.memberships.people().annotate(address=Lower("user__email")).select_related("user")
    found = {
        row.address: row.user for row in members.filter(address__in=[one.lower() for one in people.values()])
    }
    outsiders(organization, project.pk, sorted(people))
    for person in organization.imported_people.filter(project=project, name__in=people):
        map_person(person=person, user=found[people[person.name].lower()], by=by)


@stepwise(JOB)
def credit(organization: Organization, person_id: int) -> Generator[None, None, None]:
    """Make what somebody said theirs, some labels at a time."""
    while True:
        person = organization.imported_people.select_for_update().filter(pk=person_id).first()
        if person is None:
            return
        values = {"organization": organization.pk, "person": person_id, "user": person.user_id, "step": STEP}
        with connection.cursor() as cursor:
            cursor.execute(NEXT, values)
            if not cursor.rowcount:
                return
        yield
