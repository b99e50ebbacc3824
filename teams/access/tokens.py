"""The door for machines: `Authorization: Bearer slc_...` names the user and the organization."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from teams.access import secrets
from teams.access.models import Token
from teams.events.origin import current, with_token
from teams.identity.models import User

NOT_VALID = "The token is not valid: it may be mistyped, expired or revoked."
USED_EVERY = timedelta(minutes=1)
DUMMY = secrets.digest("a token that nobody has")


def authenticate(header: bytes) -> Token | None:
    """The live token of an Authorization header; None when it is absent or of another scheme.

    Raises AuthenticationFailed with one text for unknown, revoked and expired.
    """
    scheme, _, value = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return None
    parts = secrets.split(value.strip())
    prefix, secret = parts or ("", "")
    token = (
        Token.objects.live(timezone.now())
        .filter(prefix=prefix)
        .select_related("user", "organization")
        .first()
        if parts and "\x00" not in prefix
        else None
    )
    if not secrets.same(secret, token.digest if token else DUMMY) or token is None:
        raise AuthenticationFailed(NOT_VALID)
    note_use(token)
    return token


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
