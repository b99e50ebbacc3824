"""The door for machines: `Authorization: Bearer slc_...` names the user and the organization."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from teams.access import secrets
from teams.access.asked import Asked, columns, instances
from teams.access.models import Token
from teams.access.permissions import remember
from teams.events.origin import current, with_token
from teams.identity.models import Membership, Organization, User

NOT_VALID = "The token is not valid: it may be mistyped, expired or revoked."
USED_EVERY = timedelta(minutes=1)
DUMMY = secrets.digest("a token that nobody has")
COLUMNS = [
    *columns(Token),
    *columns(User, "user__"),
    *columns(Organization, "organization__"),
    *columns(Membership, "user__memberships__"),
]
LIVE = Asked(
    lambda prefix, at: Token.objects.live(at).filter(prefix=prefix).values_list(*COLUMNS),
    "a prefix",
    datetime(1, 1, 1, tzinfo=UTC),
)


def authenticate(header: bytes) -> Token | None:
    """The live token of an Authorization header; None when it is absent or of another scheme.

    Raises AuthenticationFailed with one text for unknown, revoked and expired.
    """
    scheme, _, value = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return None
    parts = secrets.split(value.strip())
    prefix, secret = parts or ("", "")
    token = live(prefix) if parts and "\x00" not in prefix else None
    if not secrets.same(secret, token.digest if token else DUMMY) or token is None:
        raise AuthenticationFailed(NOT_VALID)
    note_use(token)
    return token


def live(prefix: str) -> Token | None:
    """The live token that begins so, with its user, organization and membership, in one question."""
    for row in LIVE.rows(prefix, timezone.now()):
        token, user, organization, membership = instances(row, Token, User, Organization, Membership)
        token.user, token.organization = user, organization
        remember(user, membership)
        found: Token = token
        return found
    return None


def note_use(token: Token) -> None:
    """Remember when and from where the token was last used, to the minute; another address at once."""
    now, address = timezone.now(), current().address
    is_news = token.last_used_at is None or now - token.last_used_at > USED_EVERY
    if is_news or token.last_address != address:
        Token.objects.filter(pk=token.pk).update(last_used_at=now, last_address=address)


class TokenAuthentication(BaseAuthentication):
    """Sets `request.user`, `request.auth` (the Token) and `request.organization`."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """DRF's hook."""
        token = authenticate(get_authorization_header(request))
        if token is None:
            return None
        http: Any = request._request
        with_token(token.pk)
        http.organization = token.organization
        http.user = token.user
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="Sluice"'
