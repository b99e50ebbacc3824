"""Schedules: what is due is decided once, every decision is recorded, one bad rule stops nobody else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from slices.models import Run, Schedule, Tick
from slices.schedules import actions
from slices.schedules.saying import sentence
from teams.events.actions import record
from teams.identity.refused import Refused
from teams.models import Event, Organization
from teams.people.actions import close_organization, reopen_organization
from teams.work.clock import DUE_SOURCES
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    OrganizationFactory,
    QueueFactory,
    RunFactory,
    ScheduleFactory,
    SliceFactory,
    SliceVersionFactory,
    SnapshotFactory,
    StreamFactory,
    TickFactory,
    member,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_schedule(stream: Any = None, **fields: Any) -> Schedule:
    """Due at noon, every hour, on two slices that say something."""
    stream = stream or StreamFactory()
    train, held_out = SliceFactory(stream=stream), SliceFactory(stream=stream)
    SliceVersionFactory(slice=train)
    SliceVersionFactory(slice=held_out, splits=["test"], random_only=True)
    defaults = {"created_at": NOON - 10 * HOUR, "next_due_at": NOON}
    return ScheduleFactory(slice=train, eval_slice=held_out, **{**defaults, **fields})


def decisions(schedule: Schedule) -> list[tuple[str, str, str]]:
    """As (hour, verdict, reason), oldest first."""
    ticks = schedule.ticks.order_by("scheduled_for")
    return [(f"{tick.scheduled_for:%H:%M}", tick.verdict, tick.reason) for tick in ticks]


@pytest.mark.django_db
def test_what_is_due_fires_once_with_its_due_time_as_the_slice_s_moment() -> None:
    schedule = a_schedule(model_name="digits", pool="gpu", params={"depth": 3})
    assert actions.tick(NOON + timedelta(seconds=2)) == 1
    assert actions.tick(NOON + timedelta(seconds=3)) == 0
    schedule.refresh_from_db()
    run = Run.objects.get()
    assert decisions(schedule) == [("12:00", "fired", "due")]
    assert (run.as_of, run.model_name, run.pool, run.params) == (NOON, "digits", "gpu", {"depth": 3})
    assert (run.slice_version.slice, run.eval_slice_version.slice) == (schedule.slice, schedule.eval_slice)
    assert (schedule.next_due_at, schedule.ticks.get().run) == (NOON + HOUR, run)


@pytest.mark.django_db
def test_the_clock_asks_schedules() -> None:
    assert DUE_SOURCES["schedules"] is actions.tick


@pytest.mark.django_db
def test_what_is_not_due_or_does_not_run_is_left_alone() -> None:
    a_schedule(next_due_at=NOON + HOUR)
    a_schedule(state="paused")
    a_schedule(state="broken")
    assert (actions.tick(NOON), Tick.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_while_an_organization_is_closed_its_schedules_rest() -> None:
    organization = a_schedule().organization
    close_organization(organization=organization, by=None)
    assert (actions.tick(NOON), Tick.objects.count()) == (0, 0)
    reopen_organization(organization=Organization.objects.get(), by=None)
    assert (actions.tick(NOON), Run.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_the_newest_version_of_a_slice_is_what_trains() -> None:
    schedule = a_schedule()
    newest = SliceVersionFactory(slice=schedule.slice, version=2)
    actions.tick(NOON)
    assert Run.objects.get().slice_version == newest


@pytest.mark.django_db
def test_after_an_absence_only_the_newest_fires_and_the_rest_is_on_record() -> None:
    schedule = a_schedule(next_due_at=NOON - 3 * HOUR)
    actions.tick(NOON + timedelta(minutes=5))
    schedule.refresh_from_db()
    assert decisions(schedule) == [
        ("09:00", "skipped", "missed"),
        ("10:00", "skipped", "missed"),
        ("11:00", "skipped", "missed"),
        ("12:00", "fired", "due"),
    ]
    assert (Run.objects.get().as_of, schedule.next_due_at) == (NOON, NOON + HOUR)


@pytest.mark.django_db
def test_after_a_long_absence_the_many_missed_times_are_one_line() -> None:
    schedule = a_schedule(every_s=60, next_due_at=NOON - 10 * HOUR)
    actions.tick(NOON)
    ticks = list(schedule.ticks.order_by("scheduled_for"))
    assert len(ticks) == 22  # twenty missed, one for the rest, one fired
    assert (ticks[20].facts, sentence(ticks[20])) == (
        {"count": 580, "at_least": False},
        "skipped: 580 more missed while nobody looked",
    )


@pytest.mark.django_db
def test_while_a_run_is_under_way_the_next_is_skipped() -> None:
    schedule = a_schedule()
    actions.tick(NOON)
    run = Run.objects.get()
    actions.tick(NOON + HOUR)
    assert decisions(schedule)[1:] == [("13:00", "skipped", "overlap")]
    assert sentence(schedule.ticks.get(reason="overlap")) == f"skipped: run {run.pk} was still under way"
    Run.objects.update(state="failed")
    actions.tick(NOON + 2 * HOUR)
    assert decisions(schedule)[2:] == [("14:00", "fired", "due")]


def label(schedule: Schedule, at: datetime, count: int = 1) -> None:
    """Accepted labels on training examples of the schedule's stream."""
    queue = QueueFactory(stream=schedule.slice.stream)
    for _ in range(count):
        example = ExampleFactory(
            stream=queue.stream, captured_at=at - HOUR, label="3", label_state="accepted", labeled_at=at
        )
        AnnotationFactory(task__queue=queue, task__example=example, accepted_at=at)


@pytest.mark.django_db
def test_too_few_new_labels_skip_with_the_numbers() -> None:
    schedule = a_schedule(min_new=3, watermark_at=NOON - HOUR)
    label(schedule, NOON - 2 * HOUR, 5)  # before the last good run
    label(schedule, NOON - timedelta(minutes=1), 2)
    actions.tick(NOON)
    assert decisions(schedule) == [("12:00", "skipped", "min_new")]
    tick = schedule.ticks.get()
    assert (tick.facts, sentence(tick)) == ({"new": 2, "needs": 3}, "skipped: 2 new labels, needs 3")
    label(schedule, NOON)
    actions.tick(NOON + HOUR)
    assert decisions(schedule)[1:] == [("13:00", "fired", "due")]
    assert sentence(schedule.ticks.get(verdict="fired")) == "fired: 3 new labels, needs 3"


@pytest.mark.django_db
def test_one_bad_rule_is_parked_alone_with_its_reason() -> None:
    good = [a_schedule() for _ in range(3)]
    bad = a_schedule(cron="61 * * * *", every_s=None)
    explodes = a_schedule(time_zone="Mars/Olympus", cron="0 * * * *", every_s=None)
    mute = ScheduleFactory(next_due_at=NOON)  # its slices have no version
    actions.tick(NOON)
    assert [schedule.ticks.get().verdict for schedule in good] == ["fired"] * 3
    for row in (bad, explodes, mute):
        row.refresh_from_db()
    assert (bad.state, bad.state_reason) == ("broken", "The cron expression cannot be read: Bad minute.")
    assert (explodes.state, explodes.state_reason) == (
        "broken",
        "There is no time zone called “Mars/Olympus”.",
    )
    assert (mute.state, mute.next_due_at, mute.ticks.count()) == ("broken", None, 0)
    assert Event.objects.filter(kind="schedule.broken").count() == 3


@pytest.mark.django_db
def test_a_due_time_is_never_decided_twice() -> None:
    schedule = a_schedule()
    actions.tick(NOON)
    Run.objects.update(state="succeeded")
    Schedule.objects.update(next_due_at=NOON)  # somebody set it back
    actions.tick(NOON)
    schedule.refresh_from_db()
    assert decisions(schedule) == [("12:00", "fired", "due")]
    assert (Run.objects.count(), schedule.next_due_at) == (1, NOON + HOUR)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_decide_300_due_schedules_exactly_once_each() -> None:
    stream = StreamFactory()
    first = a_schedule(stream)
    ScheduleFactory.create_batch(
        299, slice=first.slice, eval_slice=first.eval_slice, created_at=first.created_at, next_due_at=NOON
    )
    bad = a_schedule(stream, cron="61 * * * *", every_s=None)
    done: list[int] = []

    def clock() -> None:
        try:
            done.append(actions.tick(NOON))
        finally:
            connection.close()

    clocks = [threading.Thread(target=clock) for _ in range(2)]
    for thread in clocks:
        thread.start()
    for thread in clocks:
        thread.join()
    actions.tick(NOON)  # whatever the two left to each other
    assert Run.objects.count() == Tick.objects.filter(verdict="fired").count() == 300
    assert Schedule.objects.filter(state="active", next_due_at=NOON + HOUR).count() == 300
    assert Schedule.objects.get(state="broken") == bad
    assert sum(done) == 301


@pytest.mark.django_db
def test_pausing_stops_and_resuming_makes_up_for_nothing() -> None:
    schedule, by = a_schedule(), member(OrganizationFactory())
    actions.pause(schedule=schedule, reason="Holidays", by=by)
    assert (schedule.state, schedule.next_due_at, schedule.state_reason) == ("paused", None, "Holidays")
    assert actions.tick(NOON + 30 * 24 * HOUR) == 0
    with pytest.raises(Refused, match="not running"):
        actions.pause(schedule=schedule, by=by)
    before = timezone.now()
    actions.resume(schedule=schedule, by=by)
    assert schedule.state == "active"
    assert schedule.next_due_at > before
    assert actions.tick(before) == 0
    with pytest.raises(Refused, match="running already"):
        actions.resume(schedule=schedule, by=by)
    kinds = Event.objects.filter(kind__startswith="schedule").order_by("id").values_list("kind", "by")
    assert list(kinds) == [("schedule.paused", by.pk), ("schedule.resumed", by.pk)]


@pytest.mark.django_db
def test_a_broken_schedule_resumes_only_with_a_rule_that_can_be_followed() -> None:
    schedule = a_schedule(cron="61 * * * *", every_s=None, state="broken")
    with pytest.raises(Refused, match="Bad minute"):
        actions.resume(schedule=schedule, by=None)


@pytest.mark.django_db
def test_run_now_makes_a_run_and_leaves_the_rhythm_alone() -> None:
    schedule = a_schedule(min_new=1000)
    tick = actions.run_now(schedule=schedule, by=None)
    schedule.refresh_from_db()
    assert (tick.verdict, tick.reason, sentence(tick)) == ("fired", "run_now", "fired: run out of turn")
    assert (tick.run.as_of, schedule.next_due_at) == (tick.scheduled_for, NOON)
    with pytest.raises(Refused, match="still under way"):
        actions.run_now(schedule=schedule, by=None)
    actions.tick(NOON)
    assert [(row.verdict, row.reason) for row in schedule.ticks.order_by("pk")] == [
        ("fired", "run_now"),
        ("skipped", "overlap"),
    ]


def test_making_a_schedule_plans_its_first_due_time(db: None) -> None:
    known = a_schedule()
    made = actions.create_schedule(
        project=known.project,
        name="nightly",
        slice=known.slice,
        eval_slice=known.eval_slice,
        model_name="digits",
        cron="0 2 * * *",
        time_zone="Europe/Berlin",
        by=None,
    )
    made.refresh_from_db()
    assert made.next_due_at > timezone.now()
    assert (made.state, made.min_new, made.organization) == ("active", 0, known.organization)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cron": "* * * * *"}, "too often"),
        ({"every_s": 1}, "too often"),
        ({"cron": "0 0 30 2 *"}, "cannot be read"),
        ({"cron": "0 2 * * *", "time_zone": "Nowhere"}, "no time zone"),
        ({}, "five fields"),
        ({"every_s": 3600, "name": "taken"}, "this name"),
        ({"every_s": 3600, "eval_slice": "foreign"}, "of this project"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(change: dict[str, Any], sentence: str) -> None:
    known = a_schedule(name="taken")
    fields: dict[str, Any] = {
        "project": known.project,
        "name": "new",
        "slice": known.slice,
        "eval_slice": known.eval_slice,
        "model_name": "digits",
    }
    if change.get("eval_slice") == "foreign":
        change = {**change, "eval_slice": SliceFactory()}
    with pytest.raises(Refused, match=sentence):
        actions.create_schedule(**{**fields, **change}, by=None)
    assert Schedule.objects.count() == 1


@pytest.mark.django_db
def test_a_good_run_moves_the_watermark_to_its_snapshot_at_once_and_a_failed_one_does_not() -> None:
    schedule = a_schedule(watermark_at=NOON - 5 * HOUR)
    snapshot = SnapshotFactory(slice_version=schedule.slice.versions.get(), as_of=NOON)
    run = RunFactory(project=schedule.project, snapshot=snapshot, state="failed")
    TickFactory(schedule=schedule, run=run)
    record("run.succeeded", organization=run.organization, subject=run, by=None)
    schedule.refresh_from_db()
    assert schedule.watermark_at == NOON - 5 * HOUR
    Run.objects.update(state="succeeded")
    record("run.succeeded", organization=run.organization, subject=run, by=None)
    schedule.refresh_from_db()
    assert schedule.watermark_at == NOON
    actions.move_watermark(run=RunFactory(project=schedule.project, state="succeeded"))
    schedule.refresh_from_db()
    assert schedule.watermark_at == NOON
