"""The form at the door."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):
    """An e-mail address and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label, password.help_text = _("E-mail"), ""
        login.validators = [*login.validators, ProhibitNullCharactersValidator()]
        login.widget.attrs = {"autofocus": True, "autocomplete": "username"}
        password.widget.attrs = {"autocomplete": "current-password"}
