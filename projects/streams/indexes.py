"""The indexes of examples that conditions are narrowed by, beside those that whoever lists and looks up needs."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db.models import Index, Q

# A stream that has nothing in one of these columns pays nothing for its index; `example_slice` has k1.
QUICK = [
    Index(
        fields=["organization", "stream", column, "captured_at"],
        condition=Q(**{f"{column}__isnull": False}),
        name=f"example_slice_{column}",
    )
    for column in ("k2", "k3", "k4", "n1", "n2")
]
# Examples lie as they arrived, so a stretch of time is a stretch of the table.
TIMES = BrinIndex(fields=["captured_at", "ingested_at"], autosummarize=True, name="example_times")
NARROWING = [*QUICK, TIMES]
