"""What arrives on the streams of a project, day by day: a part of its page that is reckoned after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from projects.conditions.counting import PREVIEW_MS, bounded
from projects.streams.doors import open_project
from projects.streams.models import Stream
from teams.access.tenancy import MemberRequest, member_page
from teams.desk.charts import Chart, Role, Series
from teams.desk.numbers import number
from teams.identity.refused import Refused

DAYS = 30
ROLES: tuple[Role, ...] = ("examples", "people", "labels")  # one for each stream that is drawn


@require_safe
@member_page("projects.view_project")
def arrivals(request: MemberRequest, project: str) -> HttpResponse:
    """The chart, or why there is none."""
    place = open_project(request, project)
    streams = list(place.streams.select_related("organization").order_by("name", "pk")[: len(ROLES)])
    try:
        context: dict[str, Any] = {"chart": chart_of(streams), "reckoned": True}
    except Refused as refused:
        context = {"why_not": refused.sentence, "reckoned": True}
    return render(request, "projects/streams/arrivals.html", context)


def chart_of(streams: Sequence[Stream]) -> Chart | None:
    """Examples by the day on which they arrived; None where nothing did. Raises Refused (`too_slow`)."""
    if not streams:
        return None
    today = timezone.now().astimezone(UTC).date()
    axis = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    counts = counted(streams, axis[0])
    if not counts:
        return None
    series = [
        Series(stream.name, [counts[stream.pk, day] for day in axis], role)
        for stream, role in zip(streams, ROLES, strict=False)
    ]
    said = {
        "n": number(sum(counts.values())),
        "days": DAYS,
        "today": number(sum(s.values[-1] or 0 for s in series)),
    }
    return Chart(
        title=_("Arrivals"),
        description=_("%(n)s examples in %(days)s days, %(today)s of them today, by UTC.") % said,
        x=axis,
        series=series,
        kind="bar",
        y_label=_("A day"),
    )


def counted(streams: Sequence[Stream], since: date) -> Counter[tuple[int, date]]:
    """How many arrived on each stream each day; one statement, bounded in time."""
    midnight = datetime.combine(since, datetime.min.time(), UTC)
    rows = streams[0].organization.examples.filter(stream__in=streams, ingested_at__gte=midnight)
    days = rows.order_by().values("stream", on=TruncDate("ingested_at", tzinfo=UTC)).annotate(n=Count("pk"))
    with bounded(PREVIEW_MS):
        return Counter({(row["stream"], row["on"]): row["n"] for row in days})
