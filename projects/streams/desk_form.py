"""What a manager says of projects and streams at the desk: new ones, other settings, how long they keep, splits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from projects.streams.declaring import from_nothing, revision_of
from projects.streams.dividing import buckets_of, check_cuts, oddities, policy_of, shares, shares_in_words
from projects.streams.fieldrows import FieldsField, wanted_of
from projects.streams.retained import MOST_DAYS
from projects.streams.retention import days_of, preview_sentence
from teams.desk.scoped import DeskForm
from teams.identity.models import slug_is_plain
from teams.identity.refused import Refused

PREVIEWS = (30, 365)


def percent_field(label: Any, initial: float | None = None, help_text: Any = "") -> forms.FloatField:
    """A share of everything."""
    return forms.FloatField(
        label=label,
        min_value=0,
        max_value=100,
        initial=initial,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=help_text,
    )


class ProjectForm(DeskForm):
    """A new project, and the stream that its examples arrive on."""

    stream = forms.SlugField(
        label=_("Its first stream"),
        required=False,
        max_length=50,
        initial="main",
        validators=[slug_is_plain],
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "The channel that examples arrive on; one in ten is kept for testing. Leave it empty to make one by hand, "
            "with groups that stay together or another share."
        ),
    )


class StreamForm(DeskForm):
    """A new stream: what arrives, and how examples are kept apart for testing."""

    declared = FieldsField(
        label=_("Attributes"),
        required=False,
        help_text=_(
            "What is known of an example beforehand. Others are kept too, and can be declared later."
        ),
    )
    test_percent = percent_field(
        _("For testing, %"),
        10,
        _(
            "Examples that no model ever trains on. The share may shrink later; it grows only by dividing anew."
        ),
    )
    val_percent = percent_field(
        _("For validation, %"), 0, _("Examples for choosing between models while training.")
    )
    salt = forms.CharField(
        label=_("Salt of the split"),
        max_length=80,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Leave empty unless another stream must split the same way."),
    )

    def clean_declared(self) -> Any:
        """Declarations for which there are columns."""
        wanted = self.cleaned_data["declared"]
        try:
            return from_nothing(wanted)
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from None

    def clean(self) -> dict[str, Any]:
        """Something is left to train on."""
        super().clean()
        check_sum(self.cleaned_data)
        return self.cleaned_data


class StreamChangeForm(DeskForm):
    """Settings of a stream, and its attributes."""

    declared = FieldsField(label=_("Attributes"), required=False)
    despite = forms.BooleanField(
        label=_("Although examples contradict it"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("Values that do not fit a declaration are kept, and count as missing in conditions."),
    )
    revision = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "declared" in self.fields:
            widget: Any = self.fields["declared"].widget
            widget.about(self.instance)
            self.initial.update(declared=wanted_of(self.instance), revision=revision_of(self.instance))


class RetentionForm(forms.Form):
    """How many days, with what some numbers would come to."""

    days = forms.IntegerField(
        label=_("Days"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )

    def fill(self, organization: Any, rows: list[Any]) -> None:
        """Tell beforehand, for the stream that was chosen."""
        field = self.fields["days"]
        field.help_text = str(_("Empty: everything is kept."))
        if len(rows) == 1:
            now = days_of(rows[0])
            sentences = [preview_sentence(rows[0], days) for days in sorted({now or PREVIEWS[0], *PREVIEWS})]
            field.help_text = " ".join([field.help_text, *sentences])
            field.initial = now


class SplitForm(forms.Form):
    """Other shares for one stream, by the rules that scripts meet too."""

    test_percent = percent_field(_("For testing, %"))
    val_percent = percent_field(_("For validation, %"))
    anew = forms.BooleanField(
        label=_("Divide the stream anew"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("By another salt: models of before and after cannot be compared."),
    )

    def fill(self, organization: Any, rows: list[Any]) -> None:
        """How it is divided now, and what is odd about that."""
        self.stream = rows[0]
        latest = policy_of(self.stream)
        now = shares(latest)
        self.fields["test_percent"].initial = f"{now['test']:g}"
        self.fields["val_percent"].initial = f"{now['val']:g}"
        said = [_("Now: %(shares)s.") % {"shares": shares_in_words(latest)}]
        said += [odd.detail for odd in oddities(self.stream)]
        self.fields["test_percent"].help_text = " ".join(map(str, said))

    def clean(self) -> dict[str, Any]:
        """What is refused is said here, where it can be mended."""
        super().clean()
        if self.errors:
            return self.cleaned_data
        check_sum(self.cleaned_data)
        test = buckets_of(self.cleaned_data["test_percent"])
        val_until = test + buckets_of(self.cleaned_data["val_percent"])
        try:
            check_cuts(policy_of(self.stream), test, val_until, self.cleaned_data["anew"])
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from None
        return self.cleaned_data


def check_sum(said: dict[str, Any]) -> None:
    """Two shares are at most everything. Raises ValidationError."""
    if sum(said.get(name) or 0 for name in ("test_percent", "val_percent")) > 100:
        raise forms.ValidationError(_("Testing and validation together cannot be more than everything."))
