"""Two slices side by side: only in the one, in both, only in the other; their labels; examples of each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from projects.conditions import ConditionError
from projects.streams.doors import open_project
from projects.streams.media import shows_media
from projects.streams.shown import thumbs
from slices.definitions.actions import current
from slices.definitions.comparing import PARTS, Comparison, Side, compare, first_examples
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.saying import chips
from slices.snapshots.looking import find
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

EXAMPLES = 8
OFFERED = 200  # in the picker; others by typing their address
LABELS = 20


@require_safe
@shows_media
@member_page("projects.view_project")
def compare_page(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """One slice with another, `?with=` its address; without one, the picker alone."""
    place = open_project(request, project)
    found = find(place, slug)
    wanted = request.GET.get("with", "").replace("\x00", "").strip()[:80]
    of_stream = place.slices.filter(stream=found.stream_id).exclude(pk=found.pk)
    other = of_stream.select_related("stream", "project", "organization").filter(slug=wanted).first()
    context: dict[str, Any] = {
        "project": place,
        "slice": found,
        "other": other,
        "wanted": wanted,
        "offered": list(of_stream.filter(family=None).order_by("name", "pk")[:OFFERED]),
    }
    if other is not None:
        context |= compared(request, found, other)
    return render(request, "slices/snapshots/compare.html", context)


def compared(request: MemberRequest, found: Slice, other: Slice) -> dict[str, Any]:
    """The two, or the sentence that says why they cannot be compared."""
    a, b = current(found), current(other)
    said: dict[str, Any] = {
        "version": a,
        "other_version": b,
        "chips": unlike(a, b),
        "other_chips": unlike(b, a),
    }
    now = timezone.now()
    sides = Side(a), Side(b)
    try:
        comparison = compare(*sides, now)
        shown = [first_examples(*sides, now, part, EXAMPLES) for part in PARTS]
    except Refused as refused:
        return said | {"why_not": refused.sentence}
    except ConditionError as wrong:
        return said | {"why_not": str(wrong)}
    counts = [comparison.only_a.n, comparison.both.n, comparison.only_b.n]
    parts = [
        {
            "name": name,
            "n": n,
            "examples": thumbs(request.organization, rows),
        }
        for name, n, rows in zip(PARTS, counts, shown, strict=True)
    ]
    return said | {
        "comparison": comparison,
        "parts": parts,
        "bars": bars(counts),
        "labels": labels_of(comparison),
    }


def unlike(one: SliceVersion, other: SliceVersion) -> list[tuple[Any, bool]]:
    """What the one takes, each part with whether the other says the same."""
    same = set(chips(other))
    return [(chip, chip in same) for chip in chips(one)]


def bars(counts: list[int]) -> list[tuple[float, float]]:
    """(where it begins, how long it is) of each part, in percent of all."""
    whole, found, at = max(1, sum(counts)), [], 0.0
    for n in counts:
        found.append((round(at, 2), round(100 * n / whole, 2)))
        at += 100 * n / whole
    return found


def labels_of(comparison: Comparison) -> list[dict[str, Any]]:
    """The labels, most first: how many in each part, and the share of A and of B that has it."""
    parts = (comparison.only_a, comparison.both, comparison.only_b)
    counts = [{seen.value: seen.n for seen in part.labels} for part in parts]
    sums = sum((Counter(each) for each in counts), Counter[str]())
    names = sorted(sums, key=lambda name: (-sums[name], name))
    in_a = max(1, comparison.only_a.n + comparison.both.n)
    in_b = max(1, comparison.only_b.n + comparison.both.n)
    found = []
    for name in names[:LABELS]:
        a, both, b = (each.get(name, 0) for each in counts)
        found.append({"name": name, "ns": [a, both, b], "a": (a + both) / in_a, "b": (b + both) / in_b})
    return found
