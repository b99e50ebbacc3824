"""How the members of a snapshot are spread, kept with it so that two snapshots can be compared without reading them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from projects.schemas.fields import FieldSpec, field_specs
from slices.snapshots.rows import Row

MOST = 500  # values of one attribute; one with more is a name, not a dimension
MODELS = 20
COUNTED = ("string", "enum", "boolean", "number")


class Histograms:
    """Counts by attribute and by how sure each model was.

    Numbers are rounded to two digits that count, so that the bins of any two snapshots are the same ones.
    """

    def __init__(self, fields: Sequence[dict[str, Any]]) -> None:
        specs = field_specs(fields).values()
        self.attributes: dict[str, Counter[str]] = {spec.name: Counter() for spec in specs if counted(spec)}
        self.confidence: dict[str, Counter[str]] = {}

    def add(self, row: Row) -> None:
        """One member."""
        if self.attributes:
            values = msgspec.json.decode(row.attributes)
            for name, counts in self.attributes.items():
                if len(counts) <= MOST:
                    counts[binned(values.get(name))] += 1
        for said in row.predictions:
            model = f"{said.model}@{said.version}"
            if said.confidence is not None and (model in self.confidence or len(self.confidence) < MODELS):
                counts = self.confidence.setdefault(model, Counter())
                counts[f"{min(0.95, int(said.confidence * 20) / 20):.2f}"] += 1

    def json(self) -> dict[str, Any]:
        """As it is kept: {"attributes": {name: {value: n}}, "confidence": {model: {from: n}}}."""
        few = {name: counts for name, counts in self.attributes.items() if len(counts) <= MOST}
        return {"attributes": plain(few), "confidence": plain(self.confidence)}


def counted(spec: FieldSpec) -> bool:
    """Whether its values are counted: of this type, and not personal, for they are kept and shown to everybody."""
    return spec.type in COUNTED and not spec.pii


def binned(value: Any) -> str:
    """The bin of a value; "" for none."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:.1e}" if value else "0"
    return str(value)[:200]


def plain(histograms: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    """In order of name and value."""
    return {name: dict(sorted(counts.items())) for name, counts in sorted(histograms.items())}
