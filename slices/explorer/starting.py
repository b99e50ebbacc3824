"""Where to start from with an empty text: hard cases, what is new, one slice for every value."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _

from projects.conditions.text import show_field
from projects.schemas.fields import field_specs
from projects.streams.models import Stream


class Start(NamedTuple):
    """A condition to begin with: what it is called, its text, what it is good for."""

    name: str
    text: str
    why: str


def starts(stream: Stream) -> list[Start]:
    """For this stream."""
    found = [
        Start(_("Unsure"), "confidence between 0.4 and 0.7", _("Where the newest model hesitates")),
        Start(
            _("Model against people"),
            "disagree.model_human = true",
            _("A mistake of the model, or a wrong label"),
        ),
        Start(
            _("New and without a label"),
            "captured_at within last 7d and label_state = 'none'",
            _("What nobody has looked at yet"),
        ),
    ]
    name = next((spec.name for spec in field_specs(stream.fields).values() if spec.type == "string"), None)
    if name is not None:
        words = {"name": name}
        text = f"{show_field(name)} = ${name}"
        found.append(
            Start(_("One for every %(name)s") % words, text, _("A family: new values come by themselves"))
        )
    return found
