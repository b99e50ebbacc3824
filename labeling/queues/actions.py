"""Making queues, and stopping and starting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.queues.models import Queue
from projects.conditions import Condition
from projects.schemas.models import LabelSchema
from projects.schemas.questions import is_on_page
from projects.streams.models import Stream
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


@transaction.atomic
def create_queue(
    *,
    stream: Stream,
    schema: LabelSchema,
    slug: str,
    name: str,
    condition: Any = None,
    by: User | None,
    **rules: Any,
) -> Queue:
    """Work of one kind. `condition` is JSON or null; raises ConditionError with everything that is wrong with it.

    The schema is frozen from now on: answers will refer to it. Raises Refused where it asks what cannot be answered
    on a page.
    """
    check_on_page(schema)
    check_sheet(schema=schema, rules=rules)
    organization = stream.organization
    checked = Condition.from_json(condition, stream).json
    organization.label_schemas.filter(pk=schema.pk, frozen_at=None).update(frozen_at=timezone.now())
    queue = organization.queues.create(
        project=stream.project, stream=stream, schema=schema, slug=slug, name=name, condition=checked, **rules
    )
    record("queue.created", organization=organization, subject=queue, by=by)
    return queue


def check_on_page(schema: LabelSchema) -> None:
    """People are asked only what the task page lets them answer."""
    others = [row["title"] for row in schema.questions if not is_on_page(row)]
    if others:
        sentence = _("“%(title)s” cannot be answered on the task page; its answers come with imports.")
        raise Refused(sentence % {"title": others[0]}, "not_on_page", 422)


MOST_CLASSES = 30  # more are searched, which a cell has no room for


def check_sheet(*, schema: LabelSchema, rules: Mapping[str, Any]) -> None:
    """Raises Refused where many guesses at once cannot be verified by these rules of a queue."""
    other = rules.get("exceptions_to")
    if rules.get("asking", Queue.Asking.ONE) != Queue.Asking.SHEET:
        if other is not None:
            raise Refused(
                _("Exceptions are marked only where many guesses are seen at once."), "no_sheet", 422
            )
        return
    if not is_of_one_word(schema.questions):
        raise Refused(
            _("Many guesses at once need one single question, with one choice of at most 30, or yes and no."),
            "not_on_a_sheet",
            422,
        )
    if not rules.get("show_predictions"):
        raise Refused(
            _("Many guesses at once are what the model says: the queue has to show it."), "no_guess", 422
        )
    if rules.get("overlap", 1) != 1:
        raise Refused(_("Many guesses at once are verified by one person each."), "overlap", 422)
    if other is not None and other.asking != Queue.Asking.ONE:
        raise Refused(_("Exceptions go to a queue that shows one task at a time."), "sheet_again", 422)


def is_of_one_word(questions: list[dict[str, Any]]) -> bool:
    """Whether a schema asks one thing that one key answers."""
    row = questions[0]
    if len(questions) > 1 or not row.get("required", True):
        return False
    options = row.get("options", [])
    few = len(options) <= MOST_CLASSES and not any("parent" in option for option in options)
    return row["kind"] == "boolean" or (row["kind"] == "choice" and few)


def queue_of_imports(*, stream: Stream, schema: LabelSchema, by: User | None) -> Queue:
    """Where labels that came with examples are kept; made on first use. It hands out nothing."""
    organization = stream.organization
    found = organization.queues.filter(stream=stream, schema=schema, holds_imports=True)
    return found.select_related("organization", "stream").first() or _make_queue_of_imports(
        stream, schema, by
    )


@transaction.atomic
def _make_queue_of_imports(stream: Stream, schema: LabelSchema, by: User | None) -> Queue:
    organization = stream.organization
    organization.streams.select_for_update(no_key=True).get(pk=stream.pk)  # two first batches make one queue
    organization.label_schemas.filter(pk=schema.pk, frozen_at=None).update(frozen_at=timezone.now())
    queue, is_new = organization.queues.get_or_create(
        stream=stream,
        schema=schema,
        holds_imports=True,
        defaults={
            "project": stream.project,
            "slug": f"imported-{stream.pk}-v{schema.version}",
            "name": _("Imported labels: %(stream)s, version %(version)s")
            % {"stream": stream.name[:60], "version": schema.version},
            "state": Queue.State.PAUSED,
        },
    )
    if is_new:
        record("queue.created", organization=organization, subject=queue, by=by)
    return queue


def check_for_people(queue: Queue) -> None:
    """A queue that only keeps imported labels has no places."""
    if queue.holds_imports:
        raise Refused(_("This queue keeps imported labels; it has no places for people."), "holds_imports")


@transaction.atomic
def pause(*, queue: Queue, by: User | None) -> None:
    """Hand out no more tasks; what people hold they may finish."""
    organization = queue.organization
    if organization.queues.filter(pk=queue.pk, state=Queue.State.ACTIVE).update(state=Queue.State.PAUSED):
        record("queue.paused", organization=organization, subject=queue, by=by)


@transaction.atomic
def resume(*, queue: Queue, by: User | None) -> None:
    """Hand out tasks again."""
    check_for_people(queue)
    organization = queue.organization
    if organization.queues.filter(pk=queue.pk, state=Queue.State.PAUSED).update(state=Queue.State.ACTIVE):
        record("queue.resumed", organization=organization, subject=queue, by=by)
