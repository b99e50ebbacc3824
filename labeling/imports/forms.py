"""What a person says about a file: where it goes, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.imports.models import Import
from labeling.imports.readers.cells import Answers
from labeling.imports.reading import FORMATS, Column, Options, Questions
from labeling.imports.settings import Settings
from labeling.queues.models import Queue
from projects.schemas.fields import NAME, RESERVED
from projects.streams.models import Project, Stream
from teams.access.problems import Invalid
from teams.identity.zones import places

TYPES = {
    "string": gettext_lazy("attribute: text"),
    "number": gettext_lazy("attribute: number"),
    "boolean": gettext_lazy("attribute: yes or no"),
    "timestamp": gettext_lazy("attribute: time"),
    "string[]": gettext_lazy("attribute: several texts"),
}
FIXED = {
    "key": gettext_lazy("key: tells examples apart"),
    "text": gettext_lazy("text"),
    "media": gettext_lazy("picture, sound or film"),
    "captured_at": gettext_lazy("when it was captured"),
    "split": gettext_lazy("split: train, val or test"),
    "labeled_by": gettext_lazy("who labelled it"),
    "labeled_at": gettext_lazy("when it was labelled"),
}
NOT_HERE = gettext_lazy("leave it out")


class FileForm(forms.Form):
    """A file, or an address in a store."""

    stream = forms.ModelChoiceField(
        queryset=Stream._default_manager.none(), label=gettext_lazy("Into"), empty_label=None
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("At most 5 GB. You see how it is read before anything is taken."),
    )
    uri = forms.CharField(
        label=gettext_lazy("Or an address in your store"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("s3://bucket/prefix or file:///folder: every file below it is read."),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        streams = project.organization.streams.filter(project=project).order_by("name")
        self.fields["stream"].queryset = streams  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        super().clean()
        if bool(self.cleaned_data.get("file")) == bool(self.cleaned_data.get("uri")) and not self.errors:
            self.add_error("file", _("Choose a file, or give an address."))
        return self.cleaned_data


class SettingsForm(forms.Form):
    """How a file is read, and how far its labels are trusted."""

    format = forms.ChoiceField(label=gettext_lazy("Format"))
    mode = forms.ChoiceField(
        label=gettext_lazy("Examples that are here already"),
        choices=Import.Mode.choices,
        widget=forms.RadioSelect,
        initial=Import.Mode.UPSERT,
    )
    trust = forms.ChoiceField(
        label=gettext_lazy("Its labels"),
        choices=Import.Trust.choices,
        widget=forms.RadioSelect,
        initial=Import.Trust.ACCEPTED,
    )
    audit_percent = forms.FloatField(
        label=gettext_lazy("Have people check, %"), min_value=0, max_value=100, initial=5, required=False
    )
    audit_queue = forms.ModelChoiceField(
        queryset=Queue._default_manager.none(),
        label=gettext_lazy("In the queue"),
        required=False,
        empty_label=gettext_lazy("no queue chosen"),
    )
    drawn_by_lot = forms.BooleanField(
        label=gettext_lazy("These examples were drawn by lot"),
        required=False,
        help_text=gettext_lazy("Only then may their labels count in an evaluation."),
    )
    declare = forms.BooleanField(
        label=gettext_lazy("Declare its attributes"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Then conditions can ask for them, and a wrong type is refused at the door."),
    )
    ask = forms.BooleanField(
        label=gettext_lazy("Ask the questions that the file answers"),
        required=False,
        initial=True,
        help_text=gettext_lazy("This project asks none yet, and a label is an answer to a question."),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Times without a zone are of"),
        choices=[(name, name.replace("_", " ")) for name in places()],
        initial="UTC",
        required=False,
    )
    base_uri = forms.CharField(
        label=gettext_lazy("Before media without an address"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("For example https://files.example.com/pictures/"),
    )

    def __init__(
        self,
        *args: Any,
        row: Import,
        columns: Sequence[Column],
        questions: Questions,
        proposal: Questions = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.columns = row, columns
        self.fields["format"].choices = [(name, one.title) for name, one in FORMATS.readers.items()]  # type: ignore[attr-defined]
        queues = row.organization.queues.filter(stream=row.stream, holds_imports=False)
        self.fields["audit_queue"].queryset = queues.order_by("name")  # type: ignore[attr-defined]
        choices = column_choices(questions)
        declared = {field["name"]: field["type"] for field in row.stream.fields}
        for index, column in enumerate(columns):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=column.name, choices=choices, initial=role_of(column, declared, questions)
            )
        if not columns:
            del self.fields["declare"], self.fields["time_zone"]
        if not proposal:
            del self.fields["ask"]

    @property
    def mapping(self) -> list[tuple[Column, forms.BoundField]]:
        """Each column with the field that says what it is."""
        return [(column, self[f"column_{index}"]) for index, column in enumerate(self.columns)]

    @property
    def rest(self) -> list[forms.BoundField]:
        """The other fields."""
        return [self[name] for name in self.fields if not name.startswith("column_")]

    def said(self) -> dict[str, str]:
        """{column: what it is} as it stands in the form, also before it is sent."""
        return {column.name: field.value() or field.initial for column, field in self.mapping}

    def options(self) -> Options:
        """How the file is read."""
        said = self.said()
        return Options(
            columns={name: plain(role) for name, role in said.items()},
            types={name: kind_of(role) for name, role in said.items() if role.startswith("attribute/")},
            base_uri=self["base_uri"].value() or "",
            more={"time_zone": self["time_zone"].value() or "UTC"} if self.columns else {},
        )

    def settings(self) -> Settings:
        """All of it."""
        names = ("format", "mode", "trust", "audit_queue", "drawn_by_lot")
        share = self.cleaned_data.get("audit_percent") or 0
        return Settings(
            options=self.options(), audit_percent=share, **{name: self.cleaned_data[name] for name in names}
        )

    def add_problems(self, wrong: Invalid) -> None:
        """What the action found, beside the fields that it is about."""
        for error in wrong.errors:
            name = error["pointer"].removeprefix("/")
            self.add_error(name if name in self.fields else None, error["detail"])


def column_choices(questions: Questions) -> list[tuple[str, Any]]:
    """What a column may be."""
    labels = [
        (f"label:{row['name']}", _("label: %(title)s") % {"title": row["title"]}) for row in questions
    ] or [("label", _("label"))]
    attributes = [(f"attribute/{kind}", words) for kind, words in TYPES.items()]
    return [*list(FIXED.items())[:5], *labels, *list(FIXED.items())[5:], *attributes, ("ignore", NOT_HERE)]


def role_of(column: Column, declared: dict[str, str], questions: Questions) -> str:
    """What a column most likely is, as the form says it."""
    if column.guess == "label" and questions:
        return f"label:{Answers(questions).first}"
    if column.guess != "attribute":
        return column.guess
    kind = declared.get(column.name, column.type)
    return f"attribute/{kind if kind in TYPES else 'string'}"


def plain(role: str) -> str:
    """A role without the type of its attribute."""
    return role.partition("/")[0]


def kind_of(role: str) -> str:
    """The type of its attribute."""
    return role.partition("/")[2]


def undeclared(row: Import, form: SettingsForm) -> list[dict[str, Any]]:
    """The declarations of attributes that the file brings and the stream does not know."""
    known = {field["name"] for field in row.stream.fields}
    return [
        {"name": name, "type": kind_of(role)}
        for name, role in form.said().items()
        if role.startswith("attribute/") and name not in known and NAME.match(name) and name not in RESERVED
    ]
