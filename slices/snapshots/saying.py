"""How a slice was narrowed down, in words and bars."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from slices.definitions.models import SliceVersion


def spoken(steps: list[dict[str, Any]], version: SliceVersion | None = None) -> list[dict[str, Any]]:
    """The steps of a funnel: words, how many are left, how many that took away, of how many in all.

    `version` is the meaning that narrowed: one that takes examples without a label is not said to ask for labels.
    """
    takes_any = version is not None and version.labels == SliceVersion.Labels.ANY
    words = {
        "stream": _("arrived on the stream"),
        "window": _("in the window of time"),
        "condition": _("meet the condition"),
        "labels": _("with or without a label") if takes_any else _("have a label that counts"),
        "dedupe": _("are no doubles"),
        "split": _("are in the split"),
        "sample": _("are drawn"),
        "limit": _("within the size limit"),
    }
    arrived = steps[0]["n"] if steps else 0
    before = [steps[0]["n"] if steps else 0, *(row["n"] for row in steps)]
    return [
        {
            "words": words.get(row["step"], row["step"]),
            "n": row["n"],
            "lost": last - row["n"],
            "of": max(1, arrived),
        }
        for row, last in zip(steps, before, strict=False)
    ]
