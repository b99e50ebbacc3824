"""What a manager writes: a known answer of an example, a check of answers."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.answers.models import Annotation
from labeling.quality.heuristics import CHECKS
from labeling.quality.models import Heuristic
from labeling.queues.models import Queue
from projects.schemas.answers import check_answer
from projects.streams.models import Example

PREFIX = "answer_"
MOST_OPTIONS = 300  # of a select; with more than these the value is typed


class GoldForm(forms.Form):
    """`example` and `answer` are there when it is valid; an answer that is left empty is the accepted one."""

    key = forms.CharField(label=gettext_lazy("Key of the example"), max_length=200)
    note = forms.CharField(
        label=gettext_lazy("Why it is so"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Told to whoever answered otherwise, after they did."),
    )

    def __init__(self, *args: Any, queue: Queue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = queue
        for question in queue.schema.questions:
            self.fields[PREFIX + question["name"]] = field_for(question)
        self.order_fields(["key", *(name for name in self.fields if name.startswith(PREFIX)), "note"])

    def clean_key(self) -> str:
        """An example of the queue's stream."""
        key: str = self.cleaned_data["key"]
        self.example: Example | None = self.queue.stream.examples.filter(key=key).first()
        if self.example is None:
            raise forms.ValidationError(_("The stream has no example of this key."))
        return key

    def clean(self) -> dict[str, Any]:
        """The answer fits the questions, or there is an accepted one."""
        cleaned = super().clean() or {}
        self.made_from: Annotation | None = None
        self.answer = {
            name.removeprefix(PREFIX): value
            for name, value in cleaned.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }
        if self.errors:
            return cleaned
        if not self.answer:
            self.take_accepted()
        for error in check_answer(self.queue.schema, self.answer) if self.answer else ():
            name = PREFIX + error.pointer.split("/")[1]
            self.add_error(name if name in self.fields else None, error.detail)
        return cleaned

    def take_accepted(self) -> None:
        """What was accepted of the example in this queue."""
        assert self.example is not None
        accepted = self.queue.organization.annotations.filter(example=self.example, queue=self.queue)
        self.made_from = accepted.filter(state=Annotation.State.ACCEPTED).order_by("-pk").first()
        if self.made_from is None:
            self.add_error(
                None, _("Say what is right: this example has no accepted answer in this queue yet.")
            )
        else:
            self.answer = self.made_from.answer


def field_for(question: dict[str, Any]) -> forms.Field:
    """How the right answer to a question is given; marks and lists as JSON."""
    title, options = question["title"], question.get("options", [])
    said = gettext_lazy("as accepted")
    if question["kind"] == "choice" and len(options) <= MOST_OPTIONS:
        pairs = [(row["value"], row.get("title") or row["value"]) for row in options]
        return forms.ChoiceField(label=title, required=False, choices=[("", said), *pairs])
    if question["kind"] == "boolean":
        pairs = [("", said), ("true", gettext_lazy("yes")), ("false", gettext_lazy("no"))]
        return forms.TypedChoiceField(
            label=title, required=False, choices=pairs, coerce=lambda text: text == "true", empty_value=None
        )
    if question["kind"] == "rating":
        return forms.IntegerField(label=title, required=False, min_value=1, max_value=question["max"])
    if question["kind"] == "number":
        return forms.FloatField(label=title, required=False)
    if question["kind"] in ("text", "choice"):
        return forms.CharField(label=title, required=False, max_length=20_000)
    return StrictJSONField(
        label=title, required=False, help_text=gettext_lazy("JSON, as the API says it. Empty: as accepted.")
    )


class StrictJSONField(forms.JSONField):
    """JSON without NaN, which the database does not keep."""

    def to_python(self, value: Any) -> Any:
        """The value, if every reader of JSON would take it."""
        found = super().to_python(value)
        try:
            json.dumps(found, allow_nan=False)
        except ValueError as wrong:
            raise forms.ValidationError(_("This is not JSON.")) from wrong
        return found


class DrawForm(forms.Form):
    """How many accepted answers become known ones."""

    count = forms.IntegerField(label=gettext_lazy("How many"), min_value=1, max_value=500, initial=20)


class CheckForm(forms.Form):
    """A check as a manager declares it; `limits` has those that it takes when the form is valid."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    looks_for = forms.ChoiceField(
        label=gettext_lazy("Looks for"), choices=[(name, check.title) for name, check in CHECKS.items()]
    )
    question = forms.ChoiceField(label=gettext_lazy("In the answer to"), required=False)
    seconds = forms.FloatField(label=gettext_lazy("Faster than, seconds"), required=False, min_value=0)
    characters = forms.IntegerField(
        label=gettext_lazy("Shorter than, characters"), required=False, min_value=1
    )
    percent = forms.FloatField(
        label=gettext_lazy("Smaller or nearer than, % of the picture"),
        required=False,
        min_value=0,
        max_value=100,
    )
    value = forms.CharField(label=gettext_lazy("This answer"), required=False, max_length=200)
    other = forms.ChoiceField(label=gettext_lazy("Excludes, in the answer to"), required=False)
    other_value = forms.CharField(label=gettext_lazy("That answer"), required=False, max_length=200)
    effect = forms.ChoiceField(label=gettext_lazy("Then"), choices=Heuristic.Effect.choices)

    def __init__(self, *args: Any, questions: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pairs = [("", gettext_lazy("none")), *((row["name"], row["title"]) for row in questions)]
        for name in ("question", "other"):
            field: Any = self.fields[name]
            field.choices = pairs

    def clean(self) -> dict[str, Any]:
        """Each limit that the check takes is said; the others do not count."""
        cleaned = super().clean() or {}
        check = CHECKS.get(cleaned.get("looks_for", ""))
        if check is None:
            return cleaned
        self.limits = {name: cleaned.get(name) for name in check.limits}
        for name, value in self.limits.items():
            if value in (None, "") and name not in self.errors:
                self.add_error(name, _("This check takes it."))
        if check.kinds and not cleaned.get("question"):
            self.add_error("question", _("Say which question it is about."))
        return cleaned
