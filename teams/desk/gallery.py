"""The page that shows every component in every state; served in development only, with made-up data."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.desk.charts import Chart, Series
from teams.desk.icons import ICONS
from teams.desk.navigation import Link
from teams.desk.statuses import LOOKS, STAGES

HASH = "9f2c41d7a0b86e53c1f4d98b27ae6015fbb3d2c84e917a60d5c38b1f04e7a962"
CURL = """curl -X POST $SLUICE/api/v1/projects/shelf-tags/asks \\
  -H "Authorization: Bearer $SLUICE_TOKEN" \\
  -d '{"example": "cam-417-000912", "prediction": {"digit": 7, "confidence": 0.41}, "deadline_s": 30}'"""
PAGES = {"all": "teams/components.html", "task": "teams/components_task.html"}


class QueueForm(forms.Form):
    """One of each kind of field."""

    name = forms.CharField(label=_("Name"), help_text=_("What people see when they choose their work."))
    overlap = forms.IntegerField(label=_("Answers for each task"), min_value=1, max_value=9)
    order = forms.ChoiceField(
        label=_("Order"), choices=[("deadline", _("Nearest deadline")), ("hard", _("Least certain"))]
    )
    guideline = forms.CharField(label=_("Guideline"), widget=forms.Textarea, required=False)
    review = forms.ChoiceField(
        label=_("Review"),
        widget=forms.RadioSelect,
        choices=[("none", _("Nobody")), ("share", _("A share of the answers")), ("all", _("Every answer"))],
        help_text=_("A reviewer is never the author."),
    )
    open_now = forms.BooleanField(
        label=_("Open to labelers now"), required=False, help_text=_("You can close it again.")
    )


def sample_forms() -> dict[str, QueueForm]:
    """As it is met, and as it comes back."""
    wrong = QueueForm({"overlap": "12", "order": "hard", "guideline": ""}, prefix="wrong")
    wrong.data = {"wrong-overlap": "12", "wrong-order": "hard"}
    return {"form": QueueForm(initial={"overlap": 1, "review": "share"}), "wrong_form": wrong}


def sample_charts() -> dict[str, Chart]:
    """A comparison with an interval and a gap, a count, and nothing yet."""
    rounds = [1, 2, 3, 4, 5, 6]
    accuracy = Chart(
        title=_("Accuracy by round"),
        description=_("Chosen labels take the model from 71% to 94%; as many random ones to 91%."),
        x_label=_("Round"),
        y_label=_("Accuracy"),
        unit="%",
        x=rounds,
        y_min=60,
        floor=80,
        floor_label=_("Gate: at least 80%"),
        series=[
            Series(
                _("Chosen"),
                [71, 82, 88, 91, 93, 94],
                "model",
                [66, 78, 85, 88, 91, 92],
                [76, 86, 91, 94, 95, 96],
            ),
            Series(_("Random"), [70, 79, None, 87, 90, 91], "baseline"),
        ],
    )
    labels = Chart(
        title=_("Answers by day"),
        description=_("Between 180 and 1,240 answers a day; the queue was closed on Sunday."),
        kind="bar",
        x=[_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")],
        y_label=_("Answers"),
        series=[
            Series(_("Accepted"), [820, 1010, 1240, 960, 730, 180, 0], "labels"),
            Series(_("Returned"), [60, 84, 90, 71, 40, 22, 0], "errors"),
        ],
    )
    return {"accuracy_chart": accuracy, "labels_chart": labels}


def sample_rows() -> list[dict[str, Any]]:
    """Slices as a list shows them."""
    now = timezone.now()
    facts = [
        ("Price tags, last 30 days", 48213, "pass", "production", 4, 56, [81, 84, 88, 90, 91, 93.4]),
        ("Glare, store 417", 1204, "inconclusive", "shadow", 32, 28, [70, 69, 74, 73, 78]),
        (
            "Torn or covered labels in the refrigerated aisles",
            312,
            "fail",
            "registered",
            190,
            None,
            [64, 66, 61],
        ),
        ("First seen this week", 96, "", "human_fallback", None, 1400, []),
    ]
    return [
        {
            "name": name,
            "examples": count,
            "outcome": outcome,
            "stage": stage,
            "trend": trend,
            "last": last and now - timedelta(minutes=last),
            "next": ahead and now + timedelta(minutes=ahead),
        }
        for name, count, outcome, stage, last, ahead, trend in facts
    ]


def sample_feed() -> list[dict[str, Any]]:
    """Four things that happened."""
    now = timezone.now()
    return [
        {
            "text": _("signed the promotion to production"),
            "actor": "Amara Osei",
            "at": now - timedelta(minutes=3),
        },
        {
            "text": _("Gate passed: lower bound 0.91"),
            "icon": "check",
            "tone": "good",
            "at": now - timedelta(minutes=5),
        },
        {
            "text": _("completed run 128"),
            "actor": "shelf-trainer",
            "service": True,
            "at": now - timedelta(hours=1),
            "detail": _("4,812 examples, 6 minutes"),
        },
        {"text": _("Schedule skipped: 12 of 50 new labels"), "icon": "skip", "at": now - timedelta(days=1)},
    ]


def sample_media() -> list[SimpleNamespace]:
    """Each kind of media that an example may have; none of it is there to be played."""
    json = '{\n  "store": "417",\n  "lines": 3\n}'
    kinds: dict[str, dict[str, Any]] = {
        "audio": {"url": "#media"},
        "video": {"url": "#media"},
        "json": {"url": "#media", "words": json, "lines": 4},
        "text": {"url": "#media", "words": "First line\n" * 60, "lines": 60, "is_long": True, "is_cut": True},
        "file": {"url": "#media"},
        "image": {"url": "", "where": "s3://northwind-shelf/cam-417/000912.jpg"},
    }
    return [SimpleNamespace(kind=kind, key=f"cam-417-{kind}", **more) for kind, more in kinds.items()]


def sample_navigation() -> list[Link]:
    """Places that lead nowhere."""
    return [
        Link(_("Overview"), "#overview", "h", "organization"),
        Link(_("People"), "#people", "p", "organization"),
        Link(_("Components"), "#components", "e", "organization", current=True),
        Link(_("Stream"), "#stream", "x", "project"),
        Link(_("Queues"), "#queues", "q", "project"),
        Link(_("Slices"), "#slices", "s", "project"),
        Link(_("Runs"), "#runs", "r", "project"),
    ]


def samples() -> dict[str, Any]:
    """Everything the gallery shows."""
    now = timezone.now()
    ages = [
        timedelta(seconds=5),
        timedelta(minutes=3),
        timedelta(hours=-2),
        timedelta(days=9),
        timedelta(days=90),
    ]
    return {
        **sample_forms(),
        **sample_charts(),
        "navigation": sample_navigation(),
        "rows": sample_rows(),
        "feed": sample_feed(),
        "media": sample_media(),
        "hash": HASH,
        "curl": CURL,
        "statuses": [status for status in LOOKS if status not in STAGES],
        "stage_names": list(STAGES),
        "icons": list(ICONS),
        "trend": [81, 84, 83, 88, 90, 91, 93.4],
        "moments": [*(now - age for age in ages), None],
        "tabs": [
            {"label": _("Readiness"), "url": "#tabs", "current": True},
            {"label": _("Examples"), "url": "#tabs", "count": 48213},
            {"label": _("Snapshots"), "url": "#tabs", "count": 12},
            {"label": _("Settings"), "url": "#tabs"},
        ],
        "options": [("", _("Any state")), ("open", _("Open")), ("in_review", _("In review"))],
        "facts": [(_("Stream"), "shelf-cameras"), (_("Window"), _("30 days")), (_("Examples"), "48,213")],
        "formats": [{"label": "JSONL", "url": "#menu"}, {"label": "Parquet", "url": "#menu"}],
        "faces": ["Amara Osei", "Jun Tanaka", "Lena Brandt", "Mateo Ruiz", "Priya Nair", "Tom Berg", "Zoë"],
    }


@login_not_required
def components(request: HttpRequest) -> HttpResponse:
    """All components; `?page=task` shows the window of one task, `?as=nobody` the frame of a stranger."""
    if request.GET.get("as") != "nobody":
        pretend(request)
    page = PAGES.get(request.GET.get("page", "all"), PAGES["all"])
    return render(request, page, samples())


def pretend(request: Any) -> None:
    """A person in an organization and a project that do not exist, so that the frame can be seen."""
    request.organization = SimpleNamespace(slug="northwind", name="Northwind Markets")
    request.project = SimpleNamespace(slug="shelf-tags", name="Shelf tags")
    request.user = SimpleNamespace(is_authenticated=True, name="Amara Osei", email="amara@northwind.test")
    request.membership = SimpleNamespace(role="manager", get_role_display="Manager", can=lambda verb: True)
