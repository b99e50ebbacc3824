"""Keys of machines at the desk: issue one, see it once, revoke it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from teams.access.actions import (
    check_rotate,
    create_service_account,
    issue_token,
    revoke_token,
    rotate_token,
    set_grants,
)
from teams.access.models import Token
from teams.desk.columns import Labelled, labelled
from teams.desk.deeds import deed
from teams.desk.scoped import DeskForm, OrganizationAdmin
from teams.desk.site import desk
from teams.identity.models import Membership
from teams.identity.refused import Refused
from teams.identity.roles import PIPELINE, WORDS

VERB = "teams.manage_tokens"
MACHINE_VERBS = [(verb, words) for verb, words in WORDS.items() if verb in PIPELINE]


class NewTokenForm(DeskForm):
    """A key for a machine: for one that is here, or for a new one."""

    account = forms.ModelChoiceField(
        label=_("Machine"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("A new one"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("The service account that the key is for."),
    )
    account_name = forms.CharField(
        label=_("Name of the new machine"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For example: training pipeline. Leave empty for a machine that is here."),
    )
    verbs = forms.MultipleChoiceField(
        label=_("May"),
        choices=MACHINE_VERBS,
        initial=sorted(PIPELINE),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    projects: forms.ModelMultipleChoiceField[Any] = forms.ModelMultipleChoiceField(
        label=_("In the projects"),
        queryset=None,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("The machine is granted the same there. More can be granted on a project's page."),
    )
    days = forms.IntegerField(
        label=_("Valid for, days"),
        min_value=1,
        max_value=366,
        initial=90,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("At most a year; issue the next one before this one ends."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account: Any = self.fields["account"]
        projects: Any = self.fields["projects"]
        machines = self.organization.memberships.active().filter(user__is_service=True)
        account.queryset = machines.select_related("user").order_by("user__name")
        account.label_from_instance = lambda row: str(row.user)
        projects.queryset = self.organization.projects.all()

    def clean(self) -> dict[str, Any]:
        """A machine that is here, or the name of a new one."""
        super().clean()
        if bool(self.cleaned_data.get("account")) == bool(self.cleaned_data.get("account_name")):
            raise forms.ValidationError(_("Choose a machine, or give a new one a name."))
        return self.cleaned_data


class OverlapForm(forms.Form):
    """How long both keys work."""

    hours = forms.IntegerField(
        label=_("The old one works on for, hours"),
        min_value=0,
        max_value=24 * 14,
        initial=24,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Long enough to give the new one to every machine; 0 ends the old one now."),
    )


@admin.register(Token, site=desk)
class TokenAdmin(OrganizationAdmin):
    """A key is never shown again and never edited."""

    add_verb, adding = VERB, _("Issue a token")
    add_form = NewTokenForm
    add_fields = ("account", "account_name", "name", "verbs", "projects", "days")
    fields = (
        "name",
        "machine",
        "prefix",
        "verbs_shown",
        "standing",
        "created_at",
        "created_by",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "last_address",
    )
    list_display = ("name", "machine", "prefix", "standing", "verbs_shown", "last_used_at", "expires_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user", "created_by")
    search_fields = ("name", "prefix", "user__name")
    search_help_text = _("Search by name, beginning or machine")
    actions = ("rotate", "revoke")

    @display(description=_("machine"), ordering="user__name")
    def machine(self, row: Token) -> str:
        """Whose key it is."""
        return str(row.user)

    @display(description=_("may"))
    def verbs_shown(self, row: Token) -> str:
        """In words."""
        return ", ".join(str(WORDS.get(verb, verb)) for verb in row.verbs)

    @display(
        description=_("standing"),
        label={"live": "success", "revoked": "default", "expired": "warning"},
    )
    def standing(self, row: Token) -> Labelled:
        """Whether it opens doors."""
        if row.revoked_at is not None:
            return labelled("revoked", _("revoked"))
        if row.expires_at is not None and row.expires_at <= timezone.now():
            return labelled("expired", _("expired"))
        return labelled("live", _("live"))

    def make_row(self, request: Any, obj: Token, form: Any) -> Token:
        """The key, for its machine, which is granted the same in the projects named."""
        asked = form.cleaned_data
        organization, by = request.organization, request.user
        user = (
            asked["account"].user
            if asked["account"]
            else create_service_account(organization=organization, name=asked["account_name"], by=by)
        )
        for project in asked["projects"]:
            set_grants(row=project, to=user, verbs=asked["verbs"], by=by)
        expires_at = timezone.now() + timedelta(days=asked["days"])
        token, request.token_text = issue_token(
            organization=organization,
            user=user,
            name=asked["name"],
            verbs=asked["verbs"],
            expires_at=expires_at,
            by=by,
        )
        return token

    def response_add(self, request: Any, obj: Token, post_url_continue: str | None = None) -> Any:
        """The one time that the key is shown."""
        return self.shown_once(request, obj, request.token_text)

    def shown_once(self, request: Any, token: Token, text: str) -> TemplateResponse:
        """The page with the key on it."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The token, once"),
            "opts": self.opts,
            "token": token,
            "text": text,
        }
        answer = TemplateResponse(request, "admin/token_issued.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @deed(
        _("Rotate"),
        verb=VERB,
        form=OverlapForm,
        check=lambda row: check_rotate(row),
        single=_("Rotate one token at a time: the new one is shown only once."),
    )
    def rotate(self, request: Any, row: Token, hours: int) -> TemplateResponse:
        """A new key for the same machine; the old one works on for a while."""
        new, text = rotate_token(token=row, overlap=timedelta(hours=hours), by=request.user)
        return self.shown_once(request, new, text)

    @deed(_("Revoke"), verb=VERB, check=lambda row: check_revoke(row), danger=True)
    def revoke(self, request: Any, row: Token) -> None:
        """End it at once."""
        revoke_token(token=row, by=request.user)


def check_revoke(token: Token) -> None:
    """Ending it again changes nothing."""
    if token.revoked_at is not None:
        raise Refused(_("This token is revoked already."))
