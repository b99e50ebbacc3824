"""Examples as the router reads them: now, and as they were before a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from projects.conditions.evaluating import typed
from projects.schemas.fields import FieldSpec
from projects.streams.changes import READ

TIMES = ("captured_at", "ingested_at", "labeled_at")


def now(values: Sequence[Any], specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """The columns READ of an example, as a cursor gave them, as fields by name."""
    columns = dict(zip(READ, values, strict=True))
    columns["attributes"] = msgspec.json.decode(columns["attributes"])
    return fields(columns, specs)


def before(was: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """What a note says of an example before its change, as fields by name."""
    times = {name: datetime.fromisoformat(was[name]) if was[name] else None for name in TIMES}
    return fields({**was, **times}, specs)


def fields(columns: dict[str, Any], specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """Columns and declared attributes by the names that conditions use, as `evaluating.row_of` has them."""
    given, said, label = columns.pop("attributes"), columns["predicted"], columns["label"]
    declared = {name: typed(given.get(name), spec) for name, spec in specs.items()}
    differ = None if said is None or label is None else said != label
    return {**declared, **columns, "prediction": said, "disagree.model_human": differ}
