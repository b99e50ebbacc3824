"""What people do with it."""

from __future__ import annotations

from datetime import timedelta

import factory
from django.utils import timezone

from labeling.models import Annotation, Ask, Gold, GoldAnswer, Lease, Queue, Review, Task
from tests.factories.data import ExampleFactory, LabelSchemaFactory, StreamFactory
from tests.factories.people import Of, UserFactory


class QueueFactory(Of):
    class Meta:
        model = Queue

    stream = factory.SubFactory(StreamFactory)
    project = factory.SelfAttribute("stream.project")
    organization = factory.SelfAttribute("stream.organization")
    schema = factory.SubFactory(LabelSchemaFactory, project=factory.SelfAttribute("..project"))
    slug = factory.Sequence(lambda n: f"queue{n}")
    name = factory.Sequence(lambda n: f"Queue {n}")


class TaskFactory(Of):
    class Meta:
        model = Task

    queue = factory.SubFactory(QueueFactory)
    organization = factory.SelfAttribute("queue.organization")
    example = factory.SubFactory(ExampleFactory, stream=factory.SelfAttribute("..queue.stream"))
    selected_by = "rule"
    open_slots = factory.SelfAttribute("queue.overlap")


class LeaseFactory(Of):
    class Meta:
        model = Lease

    task = factory.SubFactory(TaskFactory)
    organization = factory.SelfAttribute("task.organization")
    queue = factory.SelfAttribute("task.queue")
    user = factory.SubFactory(UserFactory)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=15))


class AnnotationFactory(Of):
    """An accepted answer, unless told otherwise."""

    class Meta:
        model = Annotation

    task = factory.SubFactory(TaskFactory, state="accepted", open_slots=0)
    organization = factory.SelfAttribute("task.organization")
    queue = factory.SelfAttribute("task.queue")
    example = factory.SelfAttribute("task.example")
    schema = factory.SelfAttribute("task.queue.schema")
    author = factory.SubFactory(UserFactory)
    label = "3"
    answer = factory.LazyAttribute(lambda row: {"digit": row.label})
    state = "accepted"
    selected_by = factory.SelfAttribute("task.selected_by")
    accepted_at = factory.LazyAttribute(lambda row: timezone.now() if row.state == "accepted" else None)


class ReviewFactory(Of):
    class Meta:
        model = Review

    annotation = factory.SubFactory(AnnotationFactory)
    organization = factory.SelfAttribute("annotation.organization")
    reviewer = factory.SubFactory(UserFactory)
    verdict = "accept"


class GoldFactory(Of):
    """A task whose answer is known: 3."""

    class Meta:
        model = Gold

    task = factory.SubFactory(TaskFactory, round=0, state="gold", open_slots=0, selected_by="gold")
    organization = factory.SelfAttribute("task.organization")
    queue = factory.SelfAttribute("task.queue")
    example = factory.SelfAttribute("task.example")
    answer = factory.LazyFunction(lambda: {"digit": "3"})
    made_by = factory.SubFactory(UserFactory)


class GoldAnswerFactory(Of):
    class Meta:
        model = GoldAnswer

    gold = factory.SubFactory(GoldFactory)
    organization = factory.SelfAttribute("gold.organization")
    queue = factory.SelfAttribute("gold.queue")
    user = factory.SubFactory(UserFactory)
    annotation = factory.SubFactory(
        AnnotationFactory,
        task=factory.SelfAttribute("..gold.task"),
        round=0,
        author=factory.SelfAttribute("..user"),
        state="gold",
    )
    score = 1.0
    scores = factory.LazyAttribute(lambda row: {"digit": row.score})


class AskFactory(Of):
    class Meta:
        model = Ask

    task = factory.SubFactory(TaskFactory, selected_by="ask")
    organization = factory.SelfAttribute("task.organization")
    project = factory.SelfAttribute("task.queue.project")
    name = factory.Sequence(lambda n: f"ask-{n}")
    deadline_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=5))
    on_timeout = "fail"
