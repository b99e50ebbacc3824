"""The attributes of a stream as rows of a form: what is declared, what arrives undeclared, and room for more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from projects.schemas.fields import COLUMNS_OF, TYPES, check_fields, field_specs
from projects.streams.models import Stream
from projects.streams.undeclared import Seen, undeclared
from teams.identity.refused import Refused

ROOM = 3  # empty rows
MOST_ROWS = 300
TITLES = {
    "string": _("text"),
    "number": _("number"),
    "boolean": _("yes or no"),
    "timestamp": _("time with zone"),
    "enum": _("one of some values"),
    "string[]": _("list of texts"),
}
STATES = {
    "promoting": _("being made quick"),
    "promoted": _("quick"),
    "demoting": _("being taken off its quick column"),
}
Wanted = list[dict[str, Any]]


class Row(NamedTuple):
    """A row of the form. `kind` is declared, seen (arrives undeclared) or room (for a new one)."""

    kind: str
    asked: Mapping[str, Any]
    state: str = ""
    seen: Seen | None = None


class FieldsWidget(forms.Widget):
    """A row for each attribute; its value is what `change_fields` wants: [{"name", "type", ..., "promoted"}]."""

    template_name = "projects/streams/fields_widget.html"
    room = ROOM

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.declared: frozenset[str] = frozenset()
        self.states: dict[str, str] = {}
        self.seen: list[Seen] = []
        self.sampled = 0

    def about(self, stream: Stream) -> None:
        """Know a stream: what is declared cannot be renamed, and what arrives undeclared is offered."""
        specs = field_specs(stream.fields)
        self.declared = frozenset(specs)
        self.states = {
            name: spec.state or ("promoted" if spec.column else "") for name, spec in specs.items()
        }
        self.seen, self.sampled = undeclared(stream)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """With the rows, each with the names of its inputs."""
        context = super().get_context(name, value, attrs)
        rows = list(self.rows(value or []))
        context["widget"] |= {
            "rows": [self.shown(f"{name}-{index}", row) for index, row in enumerate(rows)],
            "count": len(rows),
            "types": [(type_, TITLES[type_], type_ in COLUMNS_OF) for type_ in TYPES],
            "sampled": self.sampled,
        }
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        """By the site's own templates and tags; Django's renderer of forms knows neither."""
        return render_to_string(template_name, context)

    def rows(self, value: Wanted) -> Iterator[Row]:
        """What is declared or was typed, what could be declared, and room."""
        names = {row.get("name") for row in value}
        for row in value:
            kind = "declared" if row.get("name") in self.declared else "typed"
            yield Row(kind, row, self.states.get(str(row.get("name")), ""))
        for one in self.seen:
            if one.name not in names:
                yield Row("seen", {"name": one.name, "type": one.type}, seen=one)
        for _n in range(self.room):
            yield Row("room", {"type": "string"})

    def shown(self, prefix: str, row: Row) -> dict[str, Any]:
        """A row as the template draws it."""
        asked = row.asked
        return {
            "prefix": prefix,
            "kind": row.kind,
            "name": asked.get("name", ""),
            "type": asked.get("type", ""),
            "values": "\n".join(asked.get("enum", ())),
            "nullable": asked.get("nullable", True),
            "pii": asked.get("pii", False),
            "title": asked.get("title", ""),
            "promoted": asked.get("promoted", False),
            "state": row.state,
            "state_words": STATES.get(row.state, ""),
            "seen": row.seen,
            "share": round(100 * row.seen.share) if row.seen else 0,
        }

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Wanted:
        """What was asked for; rows without a name, those to be taken away and those not ticked are left out."""
        count = data.get(f"{name}-count", "")
        n = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
        rows = (asked_in(data, f"{name}-{index}") for index in range(min(n, MOST_ROWS)))
        return [row for row in rows if row is not None]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the form was sent without it."""
        return f"{name}-count" not in data

    def id_for_label(self, id_: str) -> str:
        """It is many inputs, each with a label of its own."""
        return ""


def asked_in(data: Any, prefix: str) -> dict[str, Any] | None:
    """One row as it was sent; None where it asks for nothing."""
    name = data.get(f"{prefix}-name", "").strip()
    unticked = data.get(f"{prefix}-kind") == "seen" and f"{prefix}-declare" not in data
    if not name or unticked or f"{prefix}-gone" in data:
        return None
    row: dict[str, Any] = {
        "name": name,
        "type": data.get(f"{prefix}-type", ""),
        "nullable": f"{prefix}-nullable" in data,
        "pii": f"{prefix}-pii" in data,
        "title": data.get(f"{prefix}-title", "").strip(),
        "promoted": f"{prefix}-promoted" in data,
    }
    if row["type"] == "enum":
        lines = data.get(f"{prefix}-values", "").splitlines()
        row["enum"] = [line.strip() for line in lines if line.strip()]
    return row


class FieldsField(forms.Field):
    """Declarations that make sense by themselves."""

    widget = FieldsWidget

    def clean(self, value: Any) -> Wanted:
        """The rows, or what is wrong with them."""
        wanted: Wanted = value or []
        plain = [{name: row[name] for name in row if name != "promoted"} for row in wanted]
        try:
            check_fields(plain)
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from None
        return wanted

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Never, as far as the form's own saving goes: an action changes attributes."""
        return False


def wanted_of(stream: Stream) -> Wanted:
    """What is declared, as one would ask for it."""
    return [
        {
            "name": spec.name,
            "type": spec.type,
            "enum": list(spec.enum),
            "nullable": spec.nullable,
            "pii": spec.pii,
            "title": spec.title,
            "promoted": spec.written is not None,
        }
        for spec in field_specs(stream.fields).values()
    ]
