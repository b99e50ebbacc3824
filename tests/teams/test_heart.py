"""A long job belongs to its worker for as long as that lives, and to another one within a minute after that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from teams.models import Beat, Job
from teams.work import beats, heart, jobs
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)

begun, go_on = threading.Event(), threading.Event()


@jobs.job("test.long", long=True, repeatable_read=True)
def long_work(organization) -> None:
    organization.jobs.count()  # from here on it sees one instant
    begun.set()
    assert go_on.wait(20)


def limits() -> list[str]:
    names = ("statement_timeout", "idle_in_transaction_session_timeout")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s), current_setting(%s)", names)
        return list(cursor.fetchone())


@jobs.job("test.short_limits")
@jobs.job("test.long_limits", long=True)
def tell_limits(organization) -> None:
    told.append(limits())


told: list[list[str]] = []


def work(job_id: int) -> None:
    jobs.run(job_id)
    connection.close()


@pytest.fixture
def held(monkeypatch) -> Iterator[Job]:
    """A job that a worker is at; its lease is over already, and its heart has beaten."""
    monkeypatch.setattr(heart, "BEAT_EVERY_S", 0.02)
    monkeypatch.setattr(jobs, "LONG_LEASE", timedelta(0))
    begun.clear()
    go_on.clear()
    row = jobs.enqueue("test.long", organization=OrganizationFactory())
    worker = threading.Thread(target=work, args=[row.pk])
    worker.start()
    assert begun.wait(20)
    eventually(lambda: Beat.objects.filter(name=f"job {row.pk}.1").exists())
    yield row
    go_on.set()
    worker.join()


def eventually(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


def state(row: Job) -> tuple[str, int]:
    row.refresh_from_db()
    return row.state, row.attempts


def test_a_lease_that_is_over_is_kept_by_the_heart_and_the_work_is_done_at_the_first_attempt(held) -> None:
    assert jobs.reap(timezone.now()) == 0
    go_on.set()
    eventually(lambda: state(held)[0] != "running")
    assert state(held) == ("done", 1)


def test_beats_of_jobs_are_no_sign_of_a_process_and_end_with_the_job(held) -> None:
    beats.touch("clock")
    assert list(beats.ages()) == ["clock"]
    go_on.set()
    eventually(lambda: not Beat.objects.filter(name__startswith="job ").exists())
    assert list(Beat.objects.values_list("name", flat=True)) == ["clock"]


def test_a_silent_heart_gives_the_job_to_another_and_what_the_first_one_did_is_discarded(
    held, caplog
) -> None:
    in_a_minute = timezone.now() + timedelta(minutes=1, seconds=5)
    assert jobs.reap(in_a_minute) == 1
    second = jobs.claim(held.pk)
    assert second is not None
    assert (second.attempts, second.token) == (2, 2)
    go_on.set()
    eventually(lambda: "lost its lease" in caplog.text or "failed" in caplog.text)
    assert state(held) == ("running", 2)
    jobs.finish(second)
    assert state(held) == ("done", 2)


def test_what_the_heart_of_a_dead_worker_left_is_taken_back(held) -> None:
    beats.touch(f"job {held.pk + 1000}.1")
    Beat.objects.filter(name=f"job {held.pk + 1000}.1").update(at=timezone.now() - timedelta(hours=1))
    jobs.reap(timezone.now() + timedelta(minutes=1, seconds=5))
    assert not Beat.objects.filter(name=f"job {held.pk + 1000}.1").exists()


def test_a_long_job_may_read_for_longer_than_a_page_and_only_a_long_one() -> None:
    told.clear()
    organization, usual = OrganizationFactory(), limits()
    for kind in ("test.long_limits", "test.short_limits"):
        jobs.run(jobs.enqueue(kind, organization=organization).pk)
    assert told == [["1h", "1h"], usual]
    assert limits() == usual
