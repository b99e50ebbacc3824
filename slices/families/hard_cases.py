"""Ready-made conditions for what models and people find hard, as far as a stream knows what they ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Min
from django.utils.translation import gettext as _

from projects.conditions.counting import PREVIEW_MS, bounded
from projects.conditions.text import quote, show_field
from projects.streams.models import LabelState, Stream
from slices.definitions.actions import current
from slices.definitions.meaning import condition_of

RARE = 0.01  # of the labelled
NEW_DAYS = 14
MOST_VALUES = 200
SLOW_S = 60


class HardCase(NamedTuple):
    """A ready-made condition; `verb` is what one must be allowed to ask it, empty for everybody."""

    name: str
    title: str
    text: str
    verb: str = ""


Source = Callable[[Stream, datetime], Iterator[HardCase]]


def hard_cases(stream: Stream, at: datetime) -> list[HardCase]:
    """Those that make sense on a stream, in the order in which one tries them."""
    return [case for source in SOURCES for case in source(stream, at)]


def of_the_model(stream: Stream, at: datetime) -> Iterator[HardCase]:
    """Where the newest model was torn, or contradicts people."""
    yield HardCase("uncertain", _("The model is unsure"), "confidence between 0.4 and 0.7")
    yield HardCase("low-margin", _("Two answers are nearly as likely"), "pred.margin < 0.1")
    yield HardCase("high-entropy", _("The model is torn between many answers"), "pred.entropy > 1")
    yield HardCase("model-contradicts", _("The model contradicts the label"), "disagrees('model', 'human')")


def of_people(stream: Stream, at: datetime) -> Iterator[HardCase]:
    """Where people contradict each other, were overturned, or took long."""
    yield HardCase("people-disagree", _("People disagree"), "disagrees('annotators')")
    yield HardCase("overturned", _("Overturned in review"), "was_returned = true")
    verb = "projects.view_answers_project"
    yield HardCase("slow", _("Slow to label"), f"answer_seconds > {SLOW_S}", verb)


def of_two_models(stream: Stream, at: datetime) -> Iterator[HardCase]:
    """Where the two models that came last contradict each other."""
    versions = stream.organization.model_versions.filter(project=stream.project_id)
    newest = versions.values("name").annotate(last=Max("pk")).order_by("-last")[:2]
    names = [row["name"] for row in newest]
    if len(names) == 2:
        text = f"disagrees({quote(names[0])}, {quote(names[1])})"
        yield HardCase("models-disagree", _("Two models disagree"), text)


def of_rare_classes(stream: Stream, at: datetime) -> Iterator[HardCase]:
    """Labels that few examples have, or that the model says of others. Raises Refused (`too_slow`)."""
    labeled = stream.organization.examples.filter(stream=stream, label_state=LabelState.ACCEPTED)
    with bounded(PREVIEW_MS):
        counts = dict(labeled.order_by().values("label").annotate(n=Count("pk")).values_list("label", "n"))
    few = sorted(label for label, n in counts.items() if label and n < RARE * sum(counts.values()))
    if few:
        values = ", ".join(quote(label) for label in few[:MOST_VALUES])
        yield HardCase("rare-class", _("Rare class"), f"label in ({values}) or prediction in ({values})")


def of_new_places(stream: Stream, at: datetime) -> Iterator[HardCase]:
    """Values of a family's field that were met lately, while others have been there for longer."""
    families = stream.organization.families.filter(slice__stream=stream).select_related("slice")
    for family in families.annotate(began=Min("children__first_seen_at")).order_by("pk"):
        fields, _rest = condition_of(current(family.slice)).grouped() or ({}, None)
        new = family.children.filter(first_seen_at__gte=at - timedelta(days=NEW_DAYS))
        if len(fields) != 1 or family.began is None or family.began >= at - timedelta(days=NEW_DAYS):
            continue
        [(param, field)] = fields.items()
        values = [child.values[param] for child in new.order_by("-first_seen_at", "-pk")[:MOST_VALUES]]
        if values and all(isinstance(value, str) for value in values):
            said = ", ".join(quote(value) for value in sorted(values))
            title = _("New %(field)s, for less than %(days)s days") % {"field": field, "days": NEW_DAYS}
            yield HardCase(f"new-{family.slice.slug}", title, f"{show_field(field)} in ({said})")


SOURCES: tuple[Source, ...] = (of_the_model, of_people, of_two_models, of_rare_classes, of_new_places)
