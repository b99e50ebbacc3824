"""Drift since a snapshot: what is in its slice now against the histograms that were stored with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from slices.definitions.drifting import Histogram, Sides, drifts, of_numbers, spread_of
from slices.snapshots.histograms import COUNTED
from slices.snapshots.models import Snapshot


def drift_since(snapshot: Snapshot, as_of: datetime) -> Sides:
    """The members of its slice version, or child, as of now against its own. Raises Refused (`too_slow`)."""
    now = spread_of(snapshot.slice_version, as_of, snapshot.params)
    return Sides(str(snapshot), as_of, now.exact, drifts(stored(snapshot), now.histograms))


def stored(snapshot: Snapshot) -> dict[str, Histogram]:
    """What was stored of labels and attributes; what each model was sure of then is another question."""
    types = {row["name"]: row["type"] for row in snapshot.fields}
    kept: dict[str, dict[str, int]] = snapshot.histograms.get("attributes", {})
    found = {"label": Histogram(False, snapshot.n_by_label)}
    for name, counts in kept.items():
        if types.get(name) in COUNTED:
            found[name] = of_attribute(types[name], counts)
    return found


def of_attribute(type_: str, counts: dict[str, Any]) -> Histogram:
    """Numbers without those that have none."""
    if type_ == "number":
        return of_numbers({value: n for value, n in counts.items() if value})
    return Histogram(False, counts)
