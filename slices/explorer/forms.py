"""What a person says when a condition becomes a slice, a family, or the next version of a slice."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from projects.conditions.nodes import SPLITS, duration
from projects.streams.models import Project
from slices.definitions.actions import checked_tags
from slices.definitions.models import SliceVersion
from slices.families.models import Family
from teams.identity.refused import Refused

WINDOWS = {
    "captured_at": _("by when it was captured"),
    "ingested_at": _("by when it arrived"),
    "labeled_at": _("by when its label was accepted"),
}
SPLIT_WORDS = {
    "train": _("train: models learn from it"),
    "val": _("val: training is steered by it"),
    "test": _("test: evaluations are held on it"),
}


class MeaningForm(forms.Form):
    """Everything but the condition that decides who is a member."""

    labels = forms.ChoiceField(
        label=_("Labels"), choices=SliceVersion.Labels.choices, widget=forms.RadioSelect, initial="accepted"
    )
    splits = forms.MultipleChoiceField(
        label=_("Splits"),
        choices=[(split, SPLIT_WORDS[split]) for split in SPLITS],
        initial=["train"],
        widget=forms.CheckboxSelectMultiple,
    )
    window_length = forms.CharField(
        label=_("Only the last"),
        required=False,
        max_length=20,
        help_text=_("How far back from the moment of freezing: 60d, 12h, 8w. Empty: from the beginning."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    window_clock = forms.ChoiceField(label=_("Counted"), required=False, choices=list(WINDOWS.items()))
    min_size = forms.IntegerField(
        label=_("At least"),
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        help_text=_("With fewer members it is not frozen, and no run is made."),
    )

    def __init__(self, *args: Any, keeps_window: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if keeps_window:  # one that is no length of time: it is changed at the desk or by a script
            del self.fields["window_length"], self.fields["window_clock"]

    def clean_window_length(self) -> str:
        """A length of time, or nothing."""
        length: str = self.cleaned_data["window_length"].strip()
        if length and duration(length) is None:
            raise forms.ValidationError(_("A length is a number and s, m, h, d or w, like 60d."))
        return length

    def meaning(self) -> dict[str, Any]:
        """As a Definition takes it."""
        return meaning_of(self.cleaned_data, "window_length" in self.fields)

    def meaning_so_far(self) -> dict[str, Any] | None:
        """The same as the form stands, also before it is sent or has a name; None while it makes no sense."""
        if self.is_bound:
            return None if ASKED & set(self.errors) else self.meaning()
        said = {name: self[name].initial for name in ASKED & set(self.fields)}
        return meaning_of(said, "window_length" in self.fields)


ASKED = frozenset({"labels", "splits", "min_size", "window_length", "window_clock"})


def meaning_of(said: dict[str, Any], has_window: bool) -> dict[str, Any]:
    """The part of a Definition that a form asks about; no window without a length."""
    same = {name: said[name] for name in ("labels", "splits", "min_size")}
    length, clock = said.get("window_length"), said.get("window_clock") or next(iter(WINDOWS))
    window = {"clock": clock, "length": length} if length else None
    return same | ({"window": window} if has_window else {})


class SliceForm(MeaningForm):
    """A new slice."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Address"),
        max_length=80,
        required=False,
        help_text=_("How scripts and other conditions call it. Empty: made from the name."),
    )
    description = forms.CharField(
        label=_("What it is for"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=1000,
        help_text=_("Words to find it by, with commas between them."),
    )
    field_order = ("name", "slug", "description", "tags")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project

    def clean_tags(self) -> list[str]:
        """Each once, in lower case."""
        try:
            return checked_tags(self.cleaned_data["tags"].split(","))
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from None

    def clean(self) -> dict[str, Any]:
        """With an address that nobody has."""
        asked = super().clean() or self.cleaned_data
        slug = asked.get("slug") or slugify(asked.get("name", ""))[:80].strip("-")
        if "name" in asked and not slug and "slug" not in self.errors:
            self.add_error("slug", str(_("This name makes no address: say one, of letters and digits.")))
        elif slug and self.project.slices.filter(slug=slug).exists():
            self.add_error("slug", str(_("This address is taken by another slice.")))
        return asked | {"slug": slug}


class FamilyForm(SliceForm):
    """A new family: the slice that every child is made from, and the rules for children."""

    new_values = forms.ChoiceField(
        label=_("New values"), choices=Family.NewValues.choices, initial=Family.NewValues.ACTIVE
    )
    trains = forms.ChoiceField(label=_("Trains"), choices=Family.Trains.choices, initial=Family.Trains.EACH)
    gone_after_days = forms.IntegerField(
        label=_("Gone after days"),
        min_value=1,
        max_value=36_500,
        initial=30,
        help_text=_("A child of which nothing arrived for so long is gone until something does."),
    )

    def rules(self) -> dict[str, Any]:
        """What holds for all children."""
        return {name: self.cleaned_data[name] for name in ("new_values", "trains", "gone_after_days")}
