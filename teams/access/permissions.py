"""Where people may do what: the same rule for one row and for many. The only place that asks guardian."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from django.db import models
from django.db.models import Q
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm
from guardian.utils import get_group_obj_perms_model, get_user_obj_perms_model

from teams.access.asked import Asked
from teams.identity.models import Membership, Team, User
from teams.identity.roles import EVERYWHERE, GRANTABLE, roles_with

M = TypeVar("M", bound=models.Model)


def membership_of(user: User, organization_id: int | None) -> Membership | None:
    """The user's active membership there, asked once a request."""
    if organization_id is None:
        return None
    known: dict[int, Membership | None] | None = getattr(user, "_sluice_memberships", None)
    if known is None:
        known = user._sluice_memberships = {}  # type: ignore[attr-defined]
    if organization_id not in known:
        known[organization_id] = (
            Membership.objects.active().filter(user=user, organization_id=organization_id).first()
        )
    return known[organization_id]


def remember(user: User, membership: Membership) -> None:
    """Spare the question when the door has already asked it."""
    known: dict[int, Membership | None] | None = getattr(user, "_sluice_memberships", None)
    if known is None:  # set, not put into `__dict__`: a request's user is a lazy wrapper with one of its own
        known = user._sluice_memberships = {}  # type: ignore[attr-defined]
    known[membership.organization_id] = membership


def open_to(rows: models.QuerySet[M], user: User, verb: str) -> models.QuerySet[M]:
    """The rows of a model with grants (Project) on which `user.has_perm(verb, row)` is true."""
    if not user.is_active:
        return rows.none()
    able = Membership.objects.active().filter(user=user, role__in=roles_with(verb))
    everywhere = able.filter(role__in=EVERYWHERE).values("organization_id")
    granted = get_objects_for_user(  # among these rows, not among those of every organization
        user, verb, klass=rows, accept_global_perms=False, with_superuser=False
    ).values("pk")
    return rows.filter(
        Q(organization_id__in=everywhere)
        | Q(organization_id__in=able.values("organization_id"), pk__in=granted)
    )


def granted_to(user: User, row: models.Model) -> frozenset[str]:
    """What a person was granted on a row, themselves or with a team, asked once a request; roles limit it further.

    The same that guardian's checker says, in one statement instead of two.
    """
    known: dict[tuple[type, Any], frozenset[str]] = user.__dict__.setdefault("_sluice_granted", {})
    if (type(row), row.pk) not in known:
        codes = grants_on(type(row)).rows(user.pk, row.pk)
        known[type(row), row.pk] = frozenset(code for (code,) in codes)
    return known[type(row), row.pk]


@cache
def grants_on(model: Any) -> Asked:
    """The codenames that a user, by key, was granted on a row of this model."""
    direct: Any = get_user_obj_perms_model(model)
    by_team: Any = get_group_obj_perms_model(model)

    def ask(user: int, row: int) -> Any:
        own = direct.objects.filter(user=user, content_object=row)
        teams = by_team.objects.filter(group__user=user, content_object=row)
        return own.values_list("permission__codename").union(teams.values_list("permission__codename"))

    return Asked(ask, -1, -2)


def grant(verb: str, to: Team | User, row: models.Model) -> None:
    """Let a team or a person do something to one row, as far as their role goes."""
    assign_perm(_grantable(verb), to.group if isinstance(to, Team) else to, row)


def withdraw(verb: str, to: Team | User, row: models.Model) -> None:
    """Take a grant back."""
    remove_perm(_grantable(verb), to.group if isinstance(to, Team) else to, row)


def granted_on(row: models.Model) -> list[tuple[Team | User, list[str]]]:
    """Who was granted what on one row, teams first, in three queries; what roles make of it is another question."""
    by_group = _granted(row, get_group_obj_perms_model(row), "group")
    groups = [group.pk for group in by_group]
    teams = Team.objects.filter(group__in=groups, organization=row.organization)  # type: ignore[attr-defined]
    verbs_of = {group.pk: verbs for group, verbs in by_group.items()}
    found: list[tuple[Team | User, list[str]]] = [(team, verbs_of[team.group_id]) for team in teams]
    return found + list(_granted(row, get_user_obj_perms_model(row), "user").items())


def _granted(row: models.Model, grants: Any, to: str) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    rows = grants.objects.filter(content_object=row).select_related(to, "permission")
    for given in rows.order_by(to, "permission__codename"):
        verb = f"{row._meta.app_label}.{given.permission.codename}"
        found.setdefault(getattr(given, to), []).append(verb)
    return found


def _grantable(verb: str) -> str:
    codename = verb.split(".", 1)[1]
    if codename not in GRANTABLE:
        raise LookupError(f"{verb!r} cannot be granted")
    return codename
