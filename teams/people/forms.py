"""What people fill in when they come."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.utils.translation import gettext_lazy as _

from teams.identity.models import Organization, User
from teams.identity.names import name_is_plain


class JoinForm(forms.Form):
    """A name and a password for a new account; its address is the invitation's."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        validators=[name_is_plain],
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
        help_text=_("As your colleagues should see it."),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, email: str, data: Any = None) -> None:
        super().__init__(data)
        self.email = email
        self.fields["password"].help_text = " ".join(map(str, password_validators_help_texts()))

    def clean_password(self) -> str:
        """As good as the installation asks for."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.data.get("name", "")[:120]))
        return password


class OrganizationForm(forms.ModelForm):
    """What an owner settles."""

    class Meta:
        model = Organization
        fields = (
            "name",
            "needs_second_factor",
            "figures_purpose",
            "figures_visible_to",
            "figures_kept_days",
        )
        widgets = {"figures_purpose": forms.Textarea(attrs={"rows": 2})}

    def clean_name(self) -> str:
        """Not one that could pass for another."""
        name: str = self.cleaned_data["name"]
        name_is_plain(name)
        return name

    def clean(self) -> dict[str, Any]:
        """The sentence of the rule stands at the field that is missing."""
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        others = asked.get("figures_visible_to") != Organization.FiguresFor.PERSON
        if others and not asked.get("figures_purpose"):
            self.add_error("figures_purpose", _("Say first why others should see figures about people."))
        return asked
