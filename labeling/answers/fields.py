"""What conditions may ask of answers: how many, whether they agree, how far they are, whose was accepted.

Counted are the answers that stand: not returned, superseded or late, and not made of others by majority.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, Exists, FloatField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from labeling.answers.labels import accepted_labels
from labeling.answers.models import Annotation
from projects.conditions.fields import Field
from projects.schemas.answers import labels_of
from projects.streams.models import Stream

STARTS = ("annotation_count", "annotator", "answer_seconds", "disagree.human", "review_state", "was_returned")
STARTS_OF_CLASSES = ("label_count.",)
MOST_CLASSES = 1000  # with a count of their own: making a field takes time
STANDING = (Annotation.State.SUBMITTED, Annotation.State.IN_REVIEW, Annotation.State.ACCEPTED)
VERB = "projects.view_answers_project"


def answered(stream: Stream) -> Mapping[str, Field]:
    """How many answers, whether people contradict each other or were overturned, how long it took, and whose it is."""
    fields = (
        Field(
            "annotation_count",
            "number",
            count(given(stream)),
            title="How many answers it has",
            is_local=False,
        ),
        Field(
            "disagree.human",
            "boolean",
            Exists(contradicted(stream)),
            title="Whether people contradict each other",
            is_local=False,
        ),
        Field(
            "review_state",
            "enum",
            Subquery(of_example(stream).order_by("-pk").values("state")[:1]),
            tuple(Annotation.State.values),
            "How far its newest answer is",
            is_local=False,
        ),
        Field(
            "was_returned",
            "boolean",
            Exists(of_example(stream).filter(state=Annotation.State.RETURNED)),
            title="Whether a reviewer returned an answer to it",
            is_local=False,
        ),
        Field(
            "answer_seconds",
            "number",
            Subquery(newest_accepted(stream).values("active_s")[:1]),
            title="How long its accepted answer took, in active seconds",
            is_local=False,
            verb=VERB,
        ),
        Field(
            "annotator",
            "string",
            Subquery(newest_accepted(stream).values("author__email")[:1]),
            title="The e-mail address of whose answer was accepted",
            is_local=False,
            verb=VERB,
        ),
    )
    return {field.name: field for field in fields}


def classes(stream: Stream) -> Mapping[str, Field]:
    """`label_count.<class>` for the classes that the schemas of the project know; not for each of a tree of 20,000."""
    return {
        f"label_count.{value}": Field(
            f"label_count.{value}",
            "number",
            count(given(stream).filter(label=value)),
            title=f"How many answers say {value}",
            is_local=False,
        )
        for value in values_of(stream)[:MOST_CLASSES]
    }


def values_of(stream: Stream) -> list[str]:
    """The classes of the project's schemas, old ones too: their answers are still there."""
    schemas = stream.organization.label_schemas.filter(project=stream.project_id).order_by("version")
    labels = (label for asked in schemas.values_list("questions", flat=True) for label in labels_of(asked))
    return list(dict.fromkeys(labels))


def of_example(stream: Stream) -> QuerySet[Annotation]:
    """The answers on the example outside."""
    return stream.organization.annotations.filter(example=OuterRef("pk"))


def given(stream: Stream) -> QuerySet[Annotation]:
    """Those that stand."""
    standing = of_example(stream).filter(state__in=STANDING)
    return standing.exclude(source=Annotation.Source.CONSOLIDATED)


def count(rows: QuerySet[Annotation]) -> Coalesce:
    """How many rows on the example outside; 0 where there are none."""
    counted = rows.order_by().values("example").annotate(n=Cast(Count("pk"), FloatField()))
    return Coalesce(Subquery(counted.values("n")), Value(0.0))


def contradicted(stream: Stream) -> QuerySet[Annotation]:
    """Answers that another one to the same task and round contradicts."""
    same = {name: OuterRef(name) for name in ("example", "task", "round")}
    others = stream.organization.annotations.filter(**same, state__in=STANDING)
    others = others.exclude(source=Annotation.Source.CONSOLIDATED).exclude(label=OuterRef("label"))
    return given(stream).filter(Exists(others))


def newest_accepted(stream: Stream) -> QuerySet[Annotation]:
    """The accepted answers on the example outside that count, newest first."""
    return accepted_labels(stream).filter(example=OuterRef("pk")).order_by("-accepted_at", "-pk")
