"""Why may they, and who may? The rule of `permissions`, said in sentences."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from teams.access.permissions import granted_on
from teams.identity.models import Membership, Team, User
from teams.identity.roles import EVERYWHERE, WORDS

Given = dict[int, list[str]]  # {user: through what they were granted a verb}


@dataclass(frozen=True)
class Reason:
    """Whether one verb is allowed, and the sentence that says why or why not."""

    verb: str
    allowed: bool
    sentence: str

    @property
    def words(self) -> str | Promise:
        """The verb in words."""
        return WORDS[self.verb]


def reasons(membership: Membership, row: models.Model) -> list[Reason]:
    """For every verb that can be granted on a row (a project): may this member do it there, and why?"""
    verbs = [verb for verb in WORDS if verb.startswith(f"{row._meta.app_label}.")]
    given = granted(row)
    return [reason(membership, verb, given[verb].get(membership.user_id, [])) for verb in verbs]


def reason(membership: Membership, verb: str, through: list[str]) -> Reason:
    """One verb; `through` are the teams or the personal grant that give it on the row."""
    role = {"role": membership.get_role_display()}
    if not membership.is_active or not membership.user.is_active:
        return Reason(verb, False, _("Deactivated: every door is closed."))
    if not membership.can(verb):
        return Reason(verb, False, _("The role %(role)s does not include it.") % role)
    if membership.role in EVERYWHERE:
        return Reason(verb, True, _("The role %(role)s includes it in every project.") % role)
    if through:
        return Reason(verb, True, " ".join(through))
    return Reason(verb, False, _("The role %(role)s includes it, but nobody granted it here.") % role)


def who_may(verb: str, row: Any) -> list[tuple[Membership, Reason]]:
    """Every active member, machines too, who may do this to a row, by name; the same rule read backwards."""
    given = granted(row)[verb]
    members = row.organization.memberships.active().select_related("user")
    likely = members.filter(models.Q(role__in=EVERYWHERE) | models.Q(user__in=given))
    found = [(member, reason(member, verb, given.get(member.user_id, []))) for member in likely]
    allowed = [pair for pair in found if pair[1].allowed]
    return sorted(allowed, key=lambda pair: (pair[0].user.is_service, str(pair[0].user).lower()))


def granted(row: Any) -> defaultdict[str, Given]:
    """{verb: {user: [through which team, or personally]}} of one row."""
    found: defaultdict[str, Given] = defaultdict(dict)
    for to, verbs in granted_on(row):
        people = team_people(row, to) if isinstance(to, Team) else [to.pk]
        sentence = through(to)
        for verb in verbs:
            for person in people:
                found[verb].setdefault(person, []).append(sentence)
    return found


def team_people(row: Any, team: Team) -> list[int]:
    """The users in a team."""
    links = row.organization.team_members.filter(team=team)
    return list(links.values_list("membership__user", flat=True))


def through(to: Team | User) -> str:
    """How a grant reaches somebody."""
    if isinstance(to, Team):
        return _("Granted to the team %(team)s.") % {"team": to.name}
    return _("Granted personally.")
