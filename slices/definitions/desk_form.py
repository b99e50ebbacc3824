"""The one form in which a manager says what a slice is: every part has its field, and errors stand beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from labeling.queues.models import Queue
from projects.conditions.forms import ConditionForm, condition_text
from slices.definitions.actions import SPLITS, Definition, check_choices, checked_tags, current
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.sampling import checked_dedupe, checked_sample
from slices.definitions.windows import CLOCKS, checked_window
from slices.definitions.wrong import Wrong

NAMES = ("name", "slug", "description", "tags")
WINDOW = (
    "window_kind",
    "window_clock",
    "window_length",
    ("window_last", "window_unit"),
    "window_tz",
    "window_complete",
    ("window_from", "window_to"),
    ("window_grace", "window_exclude_newest"),
)
LABELS = ("labels", "from_queues", "random_only")
SPLIT = ("splits", "temporal_holdout")
DRAW = (
    ("dedupe_by", "dedupe_keep"),
    ("sample_kind", "sample_percent"),
    ("sample_by", "sample_n"),
    "sample_salt",
    ("min_size", "max_size"),
)
PLAIN = ("labels", "splits", "random_only", "temporal_holdout", "min_size", "max_size")
# Where a part of a meaning is typed.
FIELDS = {
    "window/at": "window_from",
    "sample/max": "sample_n",
    "queues": "from_queues",
    "params": "condition",
}


def fieldsets(names: tuple[str, ...]) -> list[tuple[Any, dict[str, Any]]]:
    """The form in the order in which a slice narrows."""
    return [
        (None, {"fields": names}),
        (_("Window of time"), {"fields": WINDOW}),
        (_("Condition and labels"), {"fields": ("condition", *LABELS)}),
        (_("Split"), {"fields": SPLIT}),
        (_("Which of many"), {"fields": DRAW}),
    ]


def choice(label: Any, choices: Any, **more: Any) -> forms.ChoiceField:
    """One of some."""
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget, **more)


def text(label: Any, help_text: Any = "", **more: Any) -> forms.CharField:
    """A line, which may be empty."""
    widget = UnfoldAdminTextInputWidget
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget, **more)


def number(label: Any, help_text: Any = "", **more: Any) -> forms.IntegerField:
    """A whole number."""
    widget = UnfoldAdminIntegerFieldWidget
    return forms.IntegerField(label=label, help_text=help_text, widget=widget, **more)


def moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    """A moment, UTC."""
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "any"})
    return forms.DateTimeField(label=label, required=False, help_text=help_text, widget=widget)


class SliceForm(ConditionForm):
    """A slice's name and what it means; one that means something else is the next version."""

    tags = text(_("Tags"), _("Words to find it by, with commas between them."), max_length=1000)
    window_kind = choice(
        _("Window"),
        [
            ("", _("No window: everything")),
            ("rolling", _("The last hours, days or weeks")),
            ("calendar", _("Days, weeks or months of the calendar")),
            ("since", _("Everything since a day")),
            ("between", _("From one day to another")),
        ],
        required=False,
    )
    window_clock = choice(
        _("By the time"),
        [
            ("captured_at", _("when it happened (captured_at)")),
            ("ingested_at", _("when it arrived (ingested_at)")),
            ("labeled_at", _("when its label was accepted (labeled_at)")),
        ],
        required=False,
        initial=CLOCKS[0],
    )
    window_length = text(_("Length"), _("Of the last hours, days or weeks: 12h, 60d, 8w."), max_length=20)
    window_last = number(_("How many"), _("Of the calendar."), min_value=1, required=False)
    window_unit = choice(
        _("Units"), [("day", _("days")), ("week", _("weeks")), ("month", _("months"))], required=False
    )
    window_tz = text(_("Time zone"), _("Like Europe/Berlin. Empty: UTC."), max_length=60)
    window_complete = forms.BooleanField(
        label=_("Only those that are over"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Of the calendar: without the day, week or month that still runs."),
    )
    window_from = moment(_("From"), _("UTC. Also the day since when."))
    window_to = moment(_("Until"), _("UTC."))
    window_grace = text(
        _("Grace for late data"), _("Like 2h: the window ends so much earlier."), max_length=20
    )
    window_exclude_newest = text(
        _("Without the newest"), _("Like 3d: what people had no time to label yet."), max_length=20
    )
    labels = choice(_("Labels"), SliceVersion.Labels.choices)
    splits = forms.MultipleChoiceField(
        label=_("Splits"),
        choices=[(split, split) for split in SPLITS],
        initial=["train"],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    temporal_holdout = text(
        _("Newest days held out"),
        _("Like 7d: training takes nothing so new, val and test nothing older. Empty: any age."),
        max_length=20,
    )
    random_only = forms.BooleanField(
        label=_("Drawn by lot only"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("For evaluation: labels drawn by rule would flatter or shame."),
    )
    from_queues: forms.ModelMultipleChoiceField[Queue] = forms.ModelMultipleChoiceField(
        label=_("Labels from queues"),
        queryset=None,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None ticked: from every queue whose answers count."),
    )
    dedupe_by = text(
        _("One of each"), _("An attribute that near doubles share. Empty: all are kept."), max_length=60
    )
    dedupe_keep = choice(
        _("Which one"), [("earliest", _("the earliest")), ("latest", _("the latest"))], required=False
    )
    sample_kind = choice(
        _("Sample"),
        [
            ("", _("All of them")),
            ("hash_percent", _("A fixed percentage")),
            ("cap_per", _("At most so many of each")),
            ("balance", _("As many of each as of the rarest")),
            ("newest", _("The newest")),
        ],
        required=False,
    )
    sample_percent = forms.FloatField(
        label=_("Percent"),
        required=False,
        help_text=_("Of a fixed percentage: nobody leaves it when others arrive."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    sample_by = text(
        _("Of each"), _("Label or attributes, with commas between them: label, store."), max_length=250
    )
    sample_n = number(_("So many"), _("Of each, or of the newest."), min_value=1, required=False)
    sample_salt = text(
        _("Lot"),
        _("Slices with the same word here draw the same examples. Empty: the usual lot."),
        max_length=80,
    )
    min_size = number(_("At least"), min_value=0, initial=0)
    max_size = number(_("At most"), min_value=1, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        queues = self.organization.queues.order_by("name")
        if self.instance.pk:
            queues = queues.filter(stream=self.instance.stream_id)
            self.initial.update(meaning_of(self.instance))
        field: Any = self.fields.get("from_queues")
        if field is not None:
            field.queryset = queues

    def clean(self) -> dict[str, Any]:
        """Every part that makes no sense is said at its field."""
        super().clean()
        stream = self.stream_of()
        if stream is None or self.errors:
            return self.cleaned_data
        definition = self.definition()
        for check in (
            lambda: checked_window(definition.window),
            lambda: checked_dedupe(definition.dedupe, stream),
            lambda: checked_sample(definition.sample, stream),
            lambda: check_choices(definition, stream),
            lambda: checked_tags(self.cleaned_data["tags"]),
        ):
            try:
                check()
            except Wrong as wrong:
                self.add_error(self.field_of(wrong.part), str(wrong.sentence))
        return self.cleaned_data

    def field_of(self, part: str) -> str | None:
        """Where a part of a meaning is typed; None: nowhere, so it is said above the form."""
        name = FIELDS.get(part, part.replace("/", "_"))
        return name if name in self.fields else None

    def clean_tags(self) -> list[str]:
        """One by one."""
        return listed(self.cleaned_data["tags"])

    def named_as(self) -> str | None:
        """A slice that is there may be referred to by its address."""
        return self.instance.slug if self.instance.pk else None

    def params(self) -> dict[str, str]:
        """Those of a family's template stay what they are."""
        return dict(current(self.instance).params) if self.instance.pk else {}

    def window(self) -> dict[str, Any] | None:
        """As it is stored; what another kind asks for is left out."""
        asked, kind = self.cleaned_data, self.cleaned_data["window_kind"]
        if not kind:
            return None
        own: dict[str, Any] = {
            "rolling": {"length": asked["window_length"]},
            "calendar": {
                "unit": asked["window_unit"] or "day",
                "last": asked["window_last"] or 1,
                "tz": asked["window_tz"] or "UTC",
                "complete": asked["window_complete"],
            },
            "since": {"at": said(asked["window_from"])},
            "between": {"from": said(asked["window_from"]), "to": said(asked["window_to"])},
        }[kind]
        delays = {name: asked[f"window_{name}"] for name in ("grace", "exclude_newest")}
        return {"clock": asked["window_clock"] or CLOCKS[0], "kind": kind, **own, **delays}

    def sample(self) -> dict[str, Any] | None:
        """As it is stored; what another kind asks for is left out."""
        asked, kind = self.cleaned_data, self.cleaned_data["sample_kind"]
        if not kind:
            return None
        salt = {"salt": asked["sample_salt"]} if asked["sample_salt"] else {}
        by = {"by": listed(asked["sample_by"]), "max": asked["sample_n"], **salt}
        own: dict[str, Any] = {
            "hash_percent": {"percent": asked["sample_percent"], **salt},
            "cap_per": by,
            "balance": by,
            "newest": {"n": asked["sample_n"]},
        }[kind]
        return {"kind": kind, **own}

    def definition(self) -> Definition:
        """What was typed, as an action takes it."""
        asked = self.cleaned_data
        by = asked["dedupe_by"]
        return Definition(
            **{name: asked[name] for name in PLAIN},
            condition=asked["condition"],
            params=self.params(),
            window=self.window(),
            queues=[queue.pk for queue in asked["from_queues"]],
            dedupe={"by": by, "keep": asked["dedupe_keep"] or "earliest"} if by else None,
            sample=self.sample(),
        )


def listed(words: str) -> list[str]:
    """Words that are parted by commas."""
    return [word.strip() for word in words.split(",") if word.strip()]


def said(at: datetime | None) -> str | None:
    """A moment as text."""
    return at.astimezone(UTC).isoformat() if at else None


def typed(stored: Any) -> str:
    """A stored moment as its field takes it."""
    return str(stored or "").removesuffix("Z").removesuffix(".000000")


def meaning_of(slice_: Slice) -> dict[str, Any]:
    """The form's values for what a slice means now."""
    version = current(slice_)
    window, sample, dedupe = version.window or {}, version.sample or {}, version.dedupe or {}
    names = ("clock", "length", "last", "unit", "tz", "grace", "exclude_newest")
    return {
        **{name: getattr(version, name) for name in PLAIN},
        **{f"window_{name}": window[name] for name in names if name in window},
        "tags": ", ".join(slice_.tags),
        "condition": condition_text(version.condition),
        "window_kind": window.get("kind", "rolling") if window else "",
        "window_complete": window.get("complete", True),
        "window_from": typed(window.get("from") or window.get("at")),
        "window_to": typed(window.get("to")),
        "from_queues": version.queues,
        "dedupe_by": dedupe.get("by", ""),
        "dedupe_keep": dedupe.get("keep", "earliest"),
        "sample_kind": sample.get("kind", ""),
        "sample_percent": sample.get("percent"),
        "sample_by": ", ".join(sample.get("by", ())),
        "sample_n": sample.get("n", sample.get("max")),
        "sample_salt": sample.get("salt", ""),
    }
