"""Events and jobs: said once, done once, whatever dies."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from teams.events.actions import KINDS, Kind, record, register
from teams.models import Event, Job
from teams.work import beats, clock, jobs
from tests.factories import OrganizationFactory, UserFactory

done: list[int] = []


@jobs.after("test.happened", name="test.note")
def note(organization, event_id) -> None:
    done.append(event_id)


@jobs.job("test.fails")
def fails(organization) -> None:
    raise ValueError("no such luck")


@jobs.job("test.slow")
def slow(organization, mark) -> None:
    organization.jobs.filter(pk=mark).update(error="touched")


@pytest.fixture(autouse=True)
def clean():
    register(Kind("test.happened", "It happened"))
    done.clear()
    yield
    KINDS.pop("test.happened", None)


@pytest.mark.django_db
def test_an_event_and_its_work_are_written_together_and_done_once() -> None:
    organization, user = OrganizationFactory(), UserFactory()
    event = record("test.happened", organization=organization, subject=organization, by=user, size=3)
    call_command("work", "--all", "--once")
    call_command("work", "--all", "--once")
    assert done == [event.pk]
    assert [(row.kind, row.by, row.data) for row in Event.objects.all()] == [
        ("test.happened", user, {"size": 3})
    ]
    assert [(row.state, row.attempts) for row in Job.objects.all()] == [("done", 1)]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_never_said() -> None:
    organization = OrganizationFactory()
    with pytest.raises(RuntimeError), transaction.atomic():
        record("test.happened", organization=organization, by=None)
        raise RuntimeError
    call_command("work", "--all", "--once")
    assert (done, Event.objects.count(), Job.objects.count()) == ([], 0, 0)


@pytest.mark.django_db
def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(LookupError):
        record("test.misspelt", organization=OrganizationFactory(), by=None)


@pytest.mark.django_db
def test_events_cannot_be_changed_or_dropped() -> None:
    record("test.happened", organization=OrganizationFactory(), by=None)
    for change in (lambda: Event.objects.update(kind="other"), lambda: Event.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_a_failing_job_is_tried_five_times_and_then_shown_as_dead() -> None:
    jobs.enqueue("test.fails", organization=OrganizationFactory())
    for _attempt in range(7):
        Job.objects.update(run_after=timezone.now())
        call_command("work", "--all", "--once")
    row = Job.objects.get()
    assert (row.state, row.attempts, row.error) == ("dead", 5, "ValueError: no such luck")


@pytest.mark.django_db
def test_a_job_whose_workers_die_is_parked_after_its_last_attempt() -> None:
    row = jobs.enqueue("test.fails", organization=OrganizationFactory())
    for _attempt in range(5):
        assert jobs.claim(row.pk) is not None
        jobs.reap(timezone.now() + timedelta(hours=1))
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("dead", 5)


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_leaves_no_effect() -> None:
    organization = OrganizationFactory()
    mark = jobs.enqueue("test.fails", organization=organization)
    row = jobs.enqueue("test.slow", organization=organization, mark=mark.pk)
    held = jobs.claim(row.pk)
    assert held is not None
    jobs.reap(timezone.now() + timedelta(hours=1))
    with pytest.raises(jobs.Superseded), transaction.atomic():
        slow(organization, mark.pk)
        jobs.finish(held)
    mark.refresh_from_db()
    assert mark.error == ""


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_one_job_do_it_once() -> None:
    event = record("test.happened", organization=OrganizationFactory(), by=None)
    job_id = Job.objects.get().pk

    def work() -> None:
        jobs.run(job_id)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [event.pk]


@pytest.mark.django_db
def test_hints_are_capped_and_take_turns_between_organizations() -> None:
    big, small = OrganizationFactory(), OrganizationFactory()
    for _n in range(250):
        jobs.enqueue("test.fails", organization=big)
    jobs.enqueue("test.fails", organization=small)
    assert clock.hint(timezone.now()) == clock.OUTSTANDING_HINTS
    assert OrmQ.objects.count() == clock.OUTSTANDING_HINTS
    assert small.jobs.exclude(hinted_at=None).count() == 1
    assert clock.hint(timezone.now()) == 0


@pytest.mark.django_db
def test_a_due_source_that_fails_stops_no_other() -> None:
    seen: list[str] = []

    def bad(at) -> int:
        raise ValueError("bad rule")

    def good(at) -> int:
        seen.append("good")
        return 1

    before = dict(clock.DUE_SOURCES)
    clock.DUE_SOURCES.clear()
    clock.DUE_SOURCES.update(bad=bad, good=good)
    try:
        assert clock.tick(timezone.now()) == 1
    finally:
        clock.DUE_SOURCES.clear()
        clock.DUE_SOURCES.update(before)
    assert seen == ["good"]


@pytest.mark.django_db
def test_a_beat_tells_its_age() -> None:
    assert beats.age("worker") is None
    beats.touch("worker")
    assert 0 <= beats.age("worker") < 60
