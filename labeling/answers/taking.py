"""Examples that come with labels: the door of decisions.md, one transaction for both."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from labeling.answers import imported
from labeling.answers.imported import Drawn
from labeling.queues.actions import queue_of_imports
from projects.schemas.answers import check_answer
from projects.schemas.models import LabelSchema
from projects.streams.actions import receive
from projects.streams.models import Project, Stream
from projects.streams.receiving import Received
from projects.streams.rows import Bad, InlineLabel, RowIn
from projects.streams.summary import lock, summarize
from teams.access.problems import FieldError
from teams.events.actions import record
from teams.identity.models import User

Row = RowIn | Bad
AS_IMPORTED = Drawn()


@transaction.atomic
def take(
    *, stream: Stream, rows: Sequence[Row], mode: str = "upsert", drawn: Drawn = AS_IMPORTED, by: User | None
) -> Received:
    """Take a batch of examples with the labels that they come with; a label that does not fit rejects its row.

    Labels are kept in either mode. Sending them again changes nothing.
    """
    if not any(isinstance(row, RowIn) and row.labels for row in rows):
        return receive(stream=stream, rows=rows, mode=mode, by=by)
    schema = newest_schema(stream.project)
    rows = [checked(schema, row) for row in rows]
    received = receive(stream=stream, rows=rows, mode=mode, by=by)
    labels = {
        outcome.id: row.labels
        for outcome, row in zip(received.rows, rows, strict=True)
        if isinstance(row, RowIn) and row.labels and isinstance(outcome.id, int)
    }
    if schema is None or not labels:
        return received
    return with_news(
        received, *import_labels(stream=stream, schema=schema, labels=labels, drawn=drawn, by=by)
    )


def newest_schema(project: Project) -> LabelSchema | None:
    """The questions that labels from outside answer."""
    return project.organization.label_schemas.filter(project=project).order_by("-version").first()


def checked(schema: LabelSchema | None, row: Row) -> Row:
    """A row whose labels fit the questions, or what is wrong with them."""
    if isinstance(row, Bad) or not row.labels:
        return row
    if schema is None:
        detail = (
            "This project asks no questions yet; a label is an answer to them. "
            "An import with questions=propose asks those that its file answers."
        )
        return Bad([FieldError("/labels", "no_schema", detail)], row.key)
    errors = [error for index, label in enumerate(row.labels) for error in wrong(schema, label, index)]
    return Bad(errors + twice(row.labels), row.key) if errors or twice(row.labels) else row


def wrong(schema: LabelSchema, label: InlineLabel, index: int) -> list[FieldError]:
    """What is wrong with a label; pointers start at the row."""
    at = f"/labels/{index}/answer"
    return [
        FieldError(f"{at}{row.pointer}", row.code, row.detail) for row in check_answer(schema, label.answer)
    ]


def twice(labels: Sequence[InlineLabel]) -> list[FieldError]:
    """Everybody has one say about an example."""
    names = [label.by for label in labels]
    return [
        FieldError(f"/labels/{index}/by", "taken", "Another label of this row is by the same person.")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


@transaction.atomic
def import_labels(
    *,
    stream: Stream,
    schema: LabelSchema,
    labels: dict[int, list[InlineLabel]],
    drawn: Drawn = AS_IMPORTED,
    by: User | None,
) -> tuple[set[int], int]:
    """Keep what was said outside of examples, by id; (the examples of which that is news, how many labels are new).

    The labels fit the schema. What an example's label is now is in its summary when this returns.
    """
    organization, now = stream.organization, timezone.now()
    queue = queue_of_imports(stream=stream, schema=schema, by=by)
    names = {label.by for said in labels.values() for label in said}
    voices = imported.voices_of(organization, stream.project_id, names)
    lock(organization, list(labels))
    before = imported.standing(organization, list(labels))
    settled = imported.answered_here(organization, list(labels))
    verdicts = {
        example: imported.judge(
            before.get(example, []),
            [imported.say(schema, label, voices[label.by]) for label in said],
            example in settled,
        )
        for example, said in sorted(labels.items())
    }
    news = {example: verdict for example, verdict in verdicts.items() if verdict.is_news}
    if not news:
        return set(), 0
    imported.write(queue, news, drawn, now)
    summarize(organization=organization, labels=imported.summaries(news, now))
    fresh = sum(len(verdict.fresh) for verdict in news.values())
    record(
        "labels.imported",
        organization=organization,
        subject=stream,
        by=by,
        queue=queue.pk,
        examples=len(news),
        labels=fresh,
    )
    return set(news), fresh


def with_news(received: Received, news: set[int], fresh: int) -> Received:
    """What became of a batch, now that its labels are kept: an example with a new label is not unchanged."""
    for row in received.rows:
        if row.outcome == "unchanged" and row.id in news:
            row.outcome = "updated"
            received.unchanged -= 1
            received.updated += 1
    received.labels = fresh
    return received
