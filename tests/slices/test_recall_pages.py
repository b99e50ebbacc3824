"""A bad week of one person, through the pages: seen, recalled in one action, gone from the next snapshot."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Annotation, Recall
from labeling.recall.actions import recall
from labeling.recall.choosing import Choice
from slices.definitions.actions import Definition, create_slice, current
from slices.models import Snapshot, Suspicion
from slices.runs.evaluations import Result, record_evaluation
from slices.snapshots.actions import freeze
from slices.snapshots.expiring import settle_all
from slices.snapshots.manifest import verify
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ModelVersionFactory,
    QueueFactory,
    RunFactory,
    ScheduleFactory,
    TaskFactory,
    member,
    token,
)

pytestmark = pytest.mark.django_db
TEST = Definition(splits=("test",))
NOW = timezone.now()
WEEK = {
    "since": f"{NOW - timedelta(days=8):%Y-%m-%dT%H:%M}",
    "until": f"{NOW - timedelta(days=2):%Y-%m-%dT%H:%M}",
}


class Place:
    """Two people answered for three weeks; a slice of it was frozen, trained on and measured on."""

    def __init__(self, page: Any) -> None:
        self.queue = QueueFactory()
        self.organization, self.project = self.queue.organization, self.queue.project
        self.ada, self.bob = (member(self.organization, Role.LABELER, self.project) for _ in range(2))
        self.manager = page(member(self.organization, Role.MANAGER))
        for days in (15, 5, 4, 1):
            for person in (self.ada, self.bob):
                for bucket in (5, 5000):  # one is held out for tests
                    self.said(person, NOW - timedelta(days=days), bucket)
        self.slice = create_slice(
            stream=self.queue.stream, slug="all", name="All", definition=Definition(), by=None
        )
        self.held_out = create_slice(
            stream=self.queue.stream, slug="out", name="Out", definition=TEST, by=None
        )
        self.train = self.frozen()
        self.eval = freeze(slice_version=current(self.held_out), role="eval", as_of=timezone.now(), by=None)
        self.model = ModelVersionFactory(project=self.project)
        self.run = RunFactory(
            project=self.project, snapshot=self.train, model_version=self.model, state="succeeded"
        )
        self.schedule = ScheduleFactory(project=self.project, slice=self.slice, eval_slice=self.held_out)

    def said(self, person: Any, at: Any, bucket: int) -> Annotation:
        example = ExampleFactory(
            stream=self.queue.stream, bucket=bucket, label="3", label_state="accepted", labeled_at=at
        )
        task = TaskFactory(
            queue=self.queue, example=example, state="accepted", open_slots=0, people=[person.pk]
        )
        return AnnotationFactory(task=task, author=person, at=at, accepted_at=at)

    def frozen(self) -> Snapshot:
        return freeze(slice_version=current(self.slice), role="train", as_of=timezone.now(), by=None)

    def url(self, rest: str = "") -> str:
        return f"/o/{self.organization.slug}/projects/{self.project.slug}/{rest}"

    def recalls(self) -> str:
        membership = self.organization.memberships.get(user=self.ada)
        query = "&".join(f"{name}={value}" for name, value in WEEK.items())
        return self.url(f"recalls/?look=1&person={membership.pk}&{query}")


@pytest.fixture
def place(page: Any) -> Place:
    return Place(page)


def work() -> None:
    call_command("work", "--all", "--once")


def text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_bad_week_of_one_person_is_gone_from_the_next_snapshot_in_one_action(
    place: Place, api: Any
) -> None:
    before = place.train.n_total
    in_week = set(
        Annotation.objects.filter(
            author=place.ada, at__gte=NOW - timedelta(days=8), at__lt=NOW - timedelta(days=2)
        ).values_list("example", flat=True)
    )
    seen = text(place.manager.get(place.recalls()))
    assert "Answers that stop counting 4 Tasks 4 Examples 4" in seen
    assert f"Snapshot {place.train.pk}" in seen
    assert str(place.model) in seen
    assert Annotation.objects.filter(state="recalled").count() == 0, "looking changes nothing"

    answer = place.manager.post(place.recalls(), {"reason": "mixed up 3 and 8"})
    assert answer.status_code == 303
    work()
    row = Recall.objects.get()
    assert (row.state, row.answers, row.reopened) == ("done", 4, 4)
    assert set(Annotation.objects.filter(state="recalled").values_list("example", flat=True)) == in_week

    after = place.frozen()
    assert (before, after.n_total) == (8, 6)
    assert list(Suspicion.objects.order_by("snapshot").values_list("snapshot", "n")) == [
        (place.train.pk, 2),
        (place.eval.pk, 2),
    ]
    assert verify(place.train)
    shown = text(place.manager.get(answer["Location"]))
    assert "mixed up 3 and 8" in shown
    assert f"Run {place.schedule.name} now" in shown
    page = text(place.manager.get(place.url(f"snapshots/{place.train.pk}/")))
    assert "Suspect: some of its labels were recalled" in page
    assert "Suspect" not in text(place.manager.get(place.url(f"snapshots/{after.pk}/")))
    assert "Suspect: some" in text(place.manager.get(place.url(f"runs/{place.run.pk}/")))
    script = api(token(place.organization, place.project)[1])
    said = script.get(f"/api/v1/snapshots/{place.train.pk}").json()
    assert [(one["recall"], one["n"]) for one in said["suspect"]] == [(row.pk, 2)]
    proof = script.get(f"/api/v1/snapshots/{place.train.pk}/evidence").json()
    assert proof["recalled"] == said["suspect"]
    assert list(
        Event.objects.filter(subject_id=row.pk, kind__contains="recall")
        .order_by("pk")
        .values_list("kind", flat=True)
    ) == [
        "recall.started",
        "answers.recalled",
    ]


def test_taken_back_through_the_page_the_answers_are_in_the_next_snapshot_and_nothing_is_suspect(
    place: Place,
) -> None:
    to = place.manager.post(place.recalls(), {"reason": "a bad week"})["Location"]
    work()
    assert place.manager.post(f"{to}undo/").status_code == 303
    work()
    assert Recall.objects.get().state == "undone"
    assert place.frozen().n_total == 8
    assert "Taken back: every answer counts as before." in text(place.manager.get(to))
    assert "Suspect" not in text(place.manager.get(place.url(f"snapshots/{place.train.pk}/")))
    assert Suspicion.objects.count() == 2, "the marks stay on record"


def test_an_evaluation_of_a_suspect_snapshot_is_named_on_the_recall(place: Place) -> None:
    rows = Annotation.objects.filter(example__bucket=5).values_list("example", flat=True)
    results = [Result(pk, "3") for pk in rows]
    record_evaluation(model_version=place.model, snapshot=place.eval, results=results, by=None)
    to = place.manager.post(place.recalls(), {"reason": "a bad week"})["Location"]
    work()
    shown = text(place.manager.get(to))
    assert f"Evaluations on them Model Snapshot Accuracy {place.model} {place.eval.pk} 100" in shown


def test_a_snapshot_that_was_being_frozen_meanwhile_is_marked_by_the_clock(place: Place) -> None:
    settle_all(timezone.now())
    recall(choice=Choice(place.project, place.ada), reason="all of it", by=None)
    work()
    Suspicion.objects.all().delete()
    place.organization.keepings.filter(snapshot=place.train).update(is_settled=False)
    settle_all(timezone.now())
    assert list(Suspicion.objects.values_list("snapshot", "n")) == [(place.train.pk, 4)]


def test_the_form_says_what_is_wrong(place: Place) -> None:
    everything = place.manager.get(place.url("recalls/?look=1"))
    assert (everything.status_code, "this would be every answer" in text(everything)) == (422, True)
    backwards = place.manager.get(place.url("recalls/?look=1&since=2026-02-02T00:00&until=2026-01-01T00:00"))
    assert "This is before it begins." in text(backwards)
    silent = place.manager.post(place.recalls(), {"reason": ""})
    assert (silent.status_code, Recall.objects.count()) == (422, 0)


def test_only_who_manages_may_recall(place: Place, page: Any) -> None:
    for person in (place.ada, member(place.organization, Role.REVIEWER, place.project)):
        assert page(person).get(place.recalls()).status_code == 403
        assert page(person).post(place.recalls(), {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_many(
    place: Place, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        place.organization.recalls.create(
            project=place.project, reason=f"week {n}", person=place.ada, until=NOW, state="done"
        )
    address = place.url("recalls/")
    place.manager.get(address)
    with django_assert_num_queries(QUERIES):
        assert place.manager.get(address).status_code == 200


QUERIES = 9
