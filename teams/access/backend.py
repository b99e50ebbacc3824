"""One question, `user.has_perm(verb, thing)`: the role says what, the grant says where, membership first."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from teams.access.permissions import granted_to, membership_of, open_to
from teams.identity.models import Organization, User
from teams.identity.roles import EVERYWHERE


class MembershipBackend(AuthenticationBackend):
    """Signs people in as django-allauth does, and answers what they may do; groups and superusers say nothing here."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Active people; a machine has a token."""
        return bool(user.is_active and not user.is_service)

    def get_user(self, user_id: int) -> User | None:
        """The person of a session, while they are active."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    @classmethod
    def _stash_user(cls, user: Any) -> None:
        """Whoever may not come in is not told that their password was right."""
        return None

    def get_all_permissions(self, user: Any, obj: Any = None) -> set[str]:
        """Nobody may do anything everywhere."""
        return set()

    def has_perm(self, user: Any, perm: str, obj: Any = None) -> bool:
        """May this user do `perm` to `obj`, an Organization or a row of one?

        Without an object the answer is no: nobody may do anything everywhere.
        """
        if obj is None or not isinstance(user, User) or not user.is_active:
            return False
        organization_id = obj.pk if isinstance(obj, Organization) else getattr(obj, "organization_id", None)
        membership = membership_of(user, organization_id)
        if membership is None or not membership.can(perm):
            return False
        if isinstance(obj, Organization) or membership.role in EVERYWHERE:
            return True
        if user.is_superuser:  # to whom guardian's checker would say yes
            rows = type(obj)._default_manager.filter(organization_id=organization_id, pk=obj.pk)
            return open_to(rows, user, perm).exists()
        return perm.split(".", 1)[1] in granted_to(user, obj)
