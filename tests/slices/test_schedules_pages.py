"""Schedules through their doors: pages for people, REST for machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from slices.models import Run, Schedule
from teams.identity.roles import Role
from tests.factories import (
    RunFactory,
    ScheduleFactory,
    SliceFactory,
    SliceVersionFactory,
    StreamFactory,
    TickFactory,
    member,
    token,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def schedule(db: None) -> Schedule:
    stream = StreamFactory()
    train, held_out = (
        SliceFactory(stream=stream, name="Labelled"),
        SliceFactory(stream=stream, name="Held out"),
    )
    SliceVersionFactory(slice=train)
    SliceVersionFactory(slice=held_out, splits=["test"])
    return ScheduleFactory(
        slice=train,
        eval_slice=held_out,
        name="retrain",
        cron="0 3 * * *",
        every_s=None,
        time_zone="Europe/Berlin",
        next_due_at=timezone.now() + HOUR,
    )


def address(schedule: Schedule, *rest: Any) -> str:
    parts = "".join(f"{part}/" for part in (schedule.pk, *rest))
    return f"/o/{schedule.organization.slug}/projects/{schedule.project.slug}/schedules/{parts}"


def another(schedule: Schedule) -> Schedule:
    return ScheduleFactory(slice=schedule.slice, eval_slice=schedule.eval_slice, next_due_at=NOON)


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(
    schedule: Schedule, page: Any, django_assert_num_queries: Any
) -> None:
    client = page(member(schedule.organization, Role.MANAGER))
    url = address(schedule).removesuffix(f"{schedule.pk}/")
    TickFactory(schedule=schedule, verdict="skipped", reason="min_new", facts={"new": 41, "needs": 50})
    client.get(url)
    with django_assert_num_queries(6):
        assertContains(client.get(url), "skipped: 41 new labels, needs 50")
    for _ in range(2):
        TickFactory(schedule=another(schedule))
    with django_assert_num_queries(6):
        assertContains(client.get(url), "data-row", count=3)


@pytest.mark.django_db
def test_an_empty_list_says_what_a_schedule_is(page: Any) -> None:
    stream = StreamFactory()
    client = page(member(stream.organization, Role.VIEWER, stream.project))
    url = f"/o/{stream.organization.slug}/projects/{stream.project.slug}/schedules/"
    assertContains(client.get(url), "No schedules yet")


def test_the_page_says_each_decision_in_one_line_on_the_schedule_s_own_clock(
    schedule: Schedule, page: Any, django_assert_num_queries: Any
) -> None:
    run = RunFactory(project=schedule.project, state="claimed")
    TickFactory(
        schedule=schedule,
        scheduled_for=NOON,
        verdict="skipped",
        reason="min_new",
        facts={"new": 1, "needs": 50},
    )
    TickFactory(schedule=schedule, scheduled_for=NOON + HOUR, run=run)
    client = page(member(schedule.organization, Role.VIEWER, schedule.project))
    client.get(address(schedule))
    with django_assert_num_queries(9):
        answer = client.get(address(schedule))
    assertContains(answer, "1 Jun 14:00")
    assertContains(answer, "skipped: 1 new label, needs 50")
    assertContains(answer, f"run {run.pk}")
    assertContains(answer, "0 3 * * * in Europe/Berlin")
    for _ in range(2):
        TickFactory(schedule=schedule, scheduled_for=NOON + 2 * HOUR + timedelta(minutes=_))
    with django_assert_num_queries(9):
        client.get(address(schedule))


def test_a_long_log_goes_on_on_the_next_page(schedule: Schedule, page: Any) -> None:
    ticks = [TickFactory(schedule=schedule, scheduled_for=NOON + n * HOUR) for n in range(51)]
    client = page(member(schedule.organization, Role.MANAGER))
    assertContains(client.get(address(schedule)), f'href="?before={ticks[1].pk}"')
    assertContains(client.get(address(schedule) + f"?before={ticks[1].pk}"), "data-row", count=1)


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "%00"])
def test_a_page_that_cannot_be_is_the_first(schedule: Schedule, page: Any, before: str) -> None:
    client = page(member(schedule.organization, Role.MANAGER))
    assert client.get(address(schedule) + f"?before={before}").status_code == 200


def test_a_manager_pauses_resumes_and_runs_it_now(schedule: Schedule, page: Any) -> None:
    client = page(member(schedule.organization, Role.MANAGER))
    assertContains(client.get(address(schedule)), "Run now")
    for verb, state, said in (
        ("pause", "paused", "Paused."),
        ("resume", "active", "Running again."),
        ("run-now", "active", "A run was asked for."),
    ):
        answer = client.post(address(schedule, verb))
        schedule.refresh_from_db()
        assert (answer.status_code, answer["Location"], schedule.state) == (303, address(schedule), state)
        assertContains(client.get(address(schedule)), said)
    assert Run.objects.get().slice_version.slice == schedule.slice
    assertContains(client.get(address(schedule)), "A run of this schedule is still under way.")
    client.post(address(schedule, "run-now"))
    assert Run.objects.count() == 1


@pytest.mark.parametrize("verb", ["pause", "resume", "run-now"])
def test_a_get_changes_nothing(schedule: Schedule, page: Any, verb: str) -> None:
    client = page(member(schedule.organization, Role.MANAGER))
    assert client.get(address(schedule, verb)).status_code == 405
    assert (Schedule.objects.get().state, Run.objects.count()) == ("active", 0)


@pytest.mark.parametrize("verb", ["pause", "resume", "run-now"])
def test_who_may_only_look_is_offered_nothing_and_refused(schedule: Schedule, page: Any, verb: str) -> None:
    client = page(member(schedule.organization, Role.LABELER, schedule.project))
    assertNotContains(client.get(address(schedule)), verb)
    assert client.post(address(schedule, verb)).status_code == 403
    assert (Schedule.objects.get().state, Run.objects.count()) == ("active", 0)


def test_from_outside_there_is_nothing(schedule: Schedule, page: Any) -> None:
    ungranted = page(member(schedule.organization, Role.LABELER))
    elsewhere = StreamFactory()
    foreign = page(member(elsewhere.organization, Role.OWNER))
    own = f"/o/{elsewhere.organization.slug}/projects/{elsewhere.project.slug}/schedules/{schedule.pk}/"
    answers = [
        ungranted.get(address(schedule)),
        foreign.get(address(schedule)),
        foreign.get(own),
        foreign.post(own + "pause/"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]


def test_a_broken_schedule_says_why(schedule: Schedule, page: Any) -> None:
    Schedule.objects.update(
        state="broken", state_reason="The cron expression cannot be read: Bad minute.", cron="61 * * * *"
    )
    client = page(member(schedule.organization, Role.MANAGER))
    assertContains(client.get(address(schedule)), "Bad minute")
    client.post(address(schedule, "resume"))
    assert Schedule.objects.get().state == "broken"


def test_a_schedule_that_nobody_looks_at_is_overdue(schedule: Schedule, page: Any) -> None:
    Schedule.objects.update(next_due_at=timezone.now() - HOUR)
    client = page(member(schedule.organization, Role.MANAGER))
    assertContains(client.get(address(schedule)), "the clock process may not be running")


def test_a_script_reads_schedules_and_what_they_decided(schedule: Schedule, api: Any) -> None:
    client: Client = api(token(schedule.organization, schedule.project)[1])
    base = f"/api/v1/projects/{schedule.project.slug}/schedules"
    ticks = [TickFactory(schedule=schedule, scheduled_for=NOON + n * HOUR) for n in range(3)]
    body = client.get(base).json()
    assert (body["next"], [row["id"] for row in body["results"]]) == (None, [schedule.pk])
    assert client.get(f"{base}/{schedule.pk}").json() == body["results"][0]
    first = client.get(f"{base}/{schedule.pk}/ticks?limit=2").json()
    assert [row["id"] for row in first["results"]] == [ticks[2].pk, ticks[1].pk]
    last = client.get(first["next"]).json()
    assert ([row["id"] for row in last["results"]], last["next"]) == ([ticks[0].pk], None)
    assert first["results"][0]["sentence"] == "fired"


def test_a_script_of_another_organization_finds_none_of_it(schedule: Schedule, api: Any) -> None:
    elsewhere = StreamFactory()
    client = api(token(elsewhere.organization, elsewhere.project)[1])
    base = f"/api/v1/projects/{schedule.project.slug}/schedules"
    urls = [base, f"{base}/{schedule.pk}", f"{base}/{schedule.pk}/ticks"]
    own = f"/api/v1/projects/{elsewhere.project.slug}/schedules/{schedule.pk}"
    assert {client.get(url).status_code for url in [*urls, own, own + "/ticks"]} == {404}


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?after=-1", "?after=x", "?limit=٣", "?after=" + "9" * 30]
)
def test_a_page_of_the_api_that_cannot_be_is_a_422(schedule: Schedule, api: Any, query: str) -> None:
    client = api(token(schedule.organization, schedule.project)[1])
    answer = client.get(f"/api/v1/projects/{schedule.project.slug}/schedules{query}")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
