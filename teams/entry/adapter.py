"""How django-allauth does here what it leaves open: who may sign up, where links lead, whose request it is."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from teams.events.origin import current
from teams.identity.names import address_is_plain


class AccountAdapter(DefaultAccountAdapter):
    """People come by invitation; links in mail lead to the installation's own address."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "The e-mail address or the password is not right. Capital letters count in the password."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Only where the installation says so."""
        return bool(settings.SLUICE_OPEN_SIGN_UP)

    def is_safe_url(self, url: str) -> bool:
        """Whether to go on there; an address that cannot be read is nowhere to go."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def clean_email(self, email: str) -> str:
        """One that cannot pass for another's."""
        address_is_plain(email)
        return str(super().clean_email(email))

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the audit knows it: of the connection, or of what stands behind a trusted proxy."""
        return current().address or "0.0.0.0"  # noqa: S104 - not an address to listen on

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Wrong passwords are counted for an account and an address: who guesses locks out only themselves.

        django-allauth counts for the account alone, so that anybody could keep anybody out.
        """
        login = str(credentials.get("email") or credentials.get("username") or "").casefold()
        return f"{login}:{self.get_client_ip(request)}"

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link that proves an address."""
        return at_home(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link that sets a new password."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return at_home(path.replace("UID-KEY", key))


def at_home(path: str) -> str:
    """An address of this installation, whatever host a request named."""
    return f"{settings.SLUICE_URL}{path}"
