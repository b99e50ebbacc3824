"""Jobs that are done step by step: each step is a transaction, whatever dies none is lost or done twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from teams.models import Job
from teams.work import jobs
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)
trouble: list[str] = []
told: list[int] = []


def note(organization: Any, mark: int) -> None:
    told.append(mark)


@jobs.stepwise("test.counts", given_up=note)
def counts(organization: Any, mark: int) -> Iterator[None]:
    """Counts to ten in the error of another job: that is how far it has come."""
    while (reached := len(organization.jobs.get(pk=mark).error)) < 10:
        organization.jobs.filter(pk=mark).update(error="x" * (reached + 1))
        if trouble and reached == 5:
            if trouble[0] == "lose":
                jobs.reap(timezone.now() + timedelta(hours=1))
            elif trouble[0] == "fail":
                raise ValueError("no such luck")
        yield


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    trouble.clear()
    told.clear()
    yield
    trouble.clear()


@pytest.fixture
def job() -> Any:
    organization = OrganizationFactory()
    mark = organization.jobs.create(kind="test.mark", state=Job.State.DONE)
    return jobs.enqueue("test.counts", organization=organization, mark=mark.pk)


def reached(job: Any) -> int:
    return len(Job.objects.get(pk=job.args["mark"]).error)


def test_it_is_done_when_its_last_step_is(job: Any) -> None:
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, reached(job)) == ("done", 10)


def test_a_step_that_fails_is_undone_and_tried_again_from_where_the_others_left_off(job: Any) -> None:
    trouble.append("fail")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, reached(job)) == ("queued", 1, 5)
    trouble.clear()
    Job.objects.update(run_after=timezone.now())
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, reached(job)) == ("done", 10)


def test_a_step_that_lost_its_lease_leaves_no_effect(job: Any) -> None:
    trouble.append("lose")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, reached(job)) == ("running", 5), "what it did and what it gave back is undone together"


def test_after_its_turn_others_have_theirs(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "TURN_S", 0.0)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, reached(job)) == ("queued", 0, 1)
    call_command("work", "--once")
    job.refresh_from_db()
    assert (job.state, reached(job)) == ("done", 10), "nobody else was waiting"


def test_steps_that_were_done_give_the_attempts_back(job: Any) -> None:
    Job.objects.filter(pk=job.pk).update(attempts=4)
    trouble.append("fail")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("queued", 1)


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_whoever_waits_is_told_when_it_is_given_up(job: Any, how: str) -> None:
    Job.objects.filter(pk=job.args["mark"]).update(error="x" * 5)
    trouble.append("fail")
    for _attempt in range(5):
        assert told == []
        Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
        if how == "fails":
            jobs.run(job.pk)
        else:
            assert jobs.claim(job.pk) is not None
            jobs.reap(timezone.now() + timedelta(hours=1))
    job.refresh_from_db()
    assert (job.state, told, reached(job)) == ("dead", [job.args["mark"]], 5)


def test_each_step_is_a_transaction_of_its_own(job: Any) -> None:
    with connection.cursor() as cursor:
        jobs.run(job.pk)
        cursor.execute("SELECT xmin::text FROM teams_job WHERE id = ANY(%s)", [[job.pk, job.args["mark"]]])
        assert len(set(cursor.fetchall())) == 2, "the last count was committed before the job was done"
