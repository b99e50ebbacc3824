"""What became of one snapshot in another: how many, why, which labels into which, and who."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from projects.streams.doors import open_project, see_other
from projects.streams.models import Project
from slices.snapshots.diffing import (
    ERASED,
    KINDS,
    REASONS,
    Diff,
    Pair,
    diff,
    label_of,
    labels_in,
    members_of_kind,
    step_of,
)
from slices.snapshots.models import Snapshot
from slices.snapshots.views import find_snapshot
from teams.access.addressed import row_id
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

SHOWN = 25
WHY: dict[str, str | Promise] = {
    "erased": gettext_lazy("erased"),
    "window": gettext_lazy("left the window of time"),
    "condition": gettext_lazy("no longer meet the condition"),
    "labels": gettext_lazy("no longer have a label that counts"),
    "other": gettext_lazy("not drawn, a double, or beyond the size limit"),
    "untold": gettext_lazy("not looked into"),
}
TABS: dict[str, str | Promise] = {
    "added": gettext_lazy("Came"),
    "removed": gettext_lazy("Went"),
    "relabeled": gettext_lazy("Relabelled"),
    "changed": gettext_lazy("Data changed"),
}


@require_safe
@member_page("projects.view_project")
def choose(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """On to the comparison with the snapshot `?with=`, the one before it if absent; the older one comes first."""
    place = open_project(request, project)
    found = find_snapshot(request, place, pk)
    wanted = request.GET.get("with", str(found.parent_snapshot_id or found.pk))
    other = find_snapshot(request, place, row_id(wanted) or 0)
    a, b = sorted((found, other), key=lambda row: (row.as_of, row.pk))
    return see_other(reverse("snapshot-diff", args=[request.organization.slug, place.slug, a.pk, b.pk]))


@require_safe
@member_page("projects.view_project")
def diff_page(request: MemberRequest, project: str, a: int, b: int) -> HttpResponse:
    """The whole comparison; `?kind=` says who is listed, `?after=` from which example on."""
    place = open_project(request, project)
    one, other = find_snapshot(request, place, a), find_snapshot(request, place, b)
    context: dict[str, Any] = {"project": place, "a": one, "b": other, "both": (one, other)}
    context["slice"] = other.slice_version.slice
    try:
        found = diff(one, other)
        context |= told(one, other, found) | listed(request, place, one, other, found)
    except Refused as refused:
        context["why_not"] = refused.sentence
    return render(request, "slices/snapshots/diff.html", context)


def told(a: Snapshot, b: Snapshot, found: Diff) -> dict[str, Any]:
    """The figures."""
    return {
        "diff": found,
        "reasons": [(WHY[name], found.reasons[name]) for name in REASONS if name in found.reasons],
        "moves": [
            {"before": before, "after": after, "n": n, "same": before == after}
            for (before, after), n in found.relabelings.items()
        ],
        "labels": mixes(a, b),
    }


def mixes(a: Snapshot, b: Snapshot) -> list[dict[str, Any]]:
    """By label how many in each, and how many more in the second."""
    return [
        {
            "name": name,
            "ns": (a.n_by_label.get(name, 0), b.n_by_label.get(name, 0)),
            "gain": b.n_by_label.get(name, 0) - a.n_by_label.get(name, 0),
        }
        for name in sorted({*a.n_by_label, *b.n_by_label})
    ]


def listed(request: MemberRequest, place: Project, a: Snapshot, b: Snapshot, found: Diff) -> dict[str, Any]:
    """One kind, some of them: the kind that was asked for, else the first that there are any of."""
    asked = request.GET.get("kind", "")
    kind = asked if asked in KINDS else next((name for name in KINDS if found.counts[name]), KINDS[0])
    after = row_id(request.GET.get("after", "")) or 0
    pairs = members_of_kind(a, b, kind, after, SHOWN + 1)
    shown = pairs[:SHOWN]
    return {
        "kind": kind,
        "kind_title": TABS[kind],
        "tabs": [
            {
                "label": TABS[name],
                "url": f"?kind={name}#who",
                "current": name == kind,
                "count": found.counts[name],
            }
            for name in KINDS
        ],
        "rows": rows_of(b, kind, shown),
        "next_url": f"?kind={kind}&after={shown[-1].example_id}#who" if len(pairs) > SHOWN else "",
        "first_url": f"?kind={kind}#who" if after else "",
    }


def rows_of(b: Snapshot, kind: str, pairs: list[Pair]) -> list[dict[str, Any]]:
    """Pairs as the page shows them; an example that was erased is a number."""
    ids = [pair.example_id for pair in pairs]
    keys = dict(b.organization.examples.filter(pk__in=ids).values_list("pk", "key"))
    labels = labels_in(b, pairs)
    why = step_of(b, ids) if kind == "removed" else {}
    return [
        {
            "pk": pair.example_id,
            "key": keys.get(pair.example_id),
            "before": pair.before,
            "after": pair.after,
            "labels": [shown_label(label_of(member, labels)) for member in (pair.before, pair.after)],
            "why": WHY.get(why.get(pair.example_id, ""), ""),
        }
        for pair in pairs
    ]


def shown_label(label: str | None) -> str:
    """A label for people."""
    if label is None:
        return _("no label")
    return _("erased") if label == ERASED else label
