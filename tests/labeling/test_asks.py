"""Asking a person: answered, timed out or stopped, exactly once, and never late."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.asks.actions import past_deadline, settle
from labeling.models import Annotation, Ask, Task
from labeling.tasks import claiming
from teams.identity.roles import Role
from tests.factories import (
    ExampleFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

JSON = {"content_type": "application/json"}
URL = "/api/v1/projects/digits/asks"


@pytest.fixture
def queue(db) -> Any:
    return QueueFactory(stream=StreamFactory(slug="tags", project=ProjectFactory(slug="digits")))


@pytest.fixture
def script(queue, api) -> Any:
    return api(token(queue.organization, queue.project)[1])


def body(**more: Any) -> dict[str, Any]:
    return {"name": "n1", "example": {"key": "k1"}, "deadline_s": 60} | more


def answer(ask_id: int, digit: str = "7") -> Annotation:
    task = Ask.objects.get(pk=ask_id).task
    user = member(task.organization, Role.LABELER, task.queue.project)
    lease = claiming.claim(user=user, queue=task.queue)
    assert lease.task == task
    return submit(lease=lease, token=lease.token, answer={"digit": digit}, by=user)


def overdue(ask_id: int) -> None:
    Ask.objects.filter(pk=ask_id).update(deadline_at=timezone.now() - timedelta(seconds=1))


def test_a_person_is_asked_ahead_of_batch_work_and_the_answer_comes_back(queue, script) -> None:
    TaskFactory(queue=queue, priority=50)
    asked = script.post(URL, body(), **JSON)
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    ask_id = asked.json()["id"]
    annotation = answer(ask_id)
    got = script.get(f"/api/v1/asks/{ask_id}?wait_s=5")
    assert (got.status_code, got.json()["state"]) == (200, "answered")
    result = got.json()["result"]
    assert (result["source"], result["label"], result["annotation"]) == ("person", "7", annotation.pk)
    assert None not in got.json()["timings"].values()
    assert (annotation.selected_by, annotation.example.key) == ("ask", "k1")


def test_the_same_name_is_the_same_ask_and_another_body_a_conflict(queue, script) -> None:
    first, again = script.post(URL, body(), **JSON), script.post(URL, body(), **JSON)
    other = script.post(URL, body(deadline_s=61), **JSON)
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert (Ask.objects.count(), Task.objects.count()) == (1, 1)


def test_nobody_in_time_gives_the_declared_default_and_the_late_answer_is_kept_apart(queue, script) -> None:
    guess = {"label": "3", "confidence": 0.4, "model": "digits", "version": "1"}
    ask_id = script.post(URL, body(prediction=guess, on_timeout="use_prediction"), **JSON).json()["id"]
    task = Ask.objects.get().task
    user = member(queue.organization, Role.LABELER, queue.project)
    lease = claiming.claim(user=user, queue=queue)
    overdue(ask_id)
    late = submit(lease=lease, token=lease.token, answer={"digit": "7"}, by=user)
    got = script.get(f"/api/v1/asks/{ask_id}").json()
    assert (got["state"], got["result"]["source"], got["result"]["label"]) == ("timed_out", "prediction", "3")
    task.refresh_from_db()
    assert (late.state, task.state) == ("late", "archived")


def test_a_fixed_answer_and_no_answer_are_defaults_too(queue, script) -> None:
    fixed = script.post(URL, body(name="a", on_timeout="answer", answer={"digit": "0"}), **JSON).json()["id"]
    fail = script.post(URL, body(name="b", example={"key": "k2"}), **JSON).json()["id"]
    for ask_id in (fixed, fail):
        overdue(ask_id)
    results = [script.get(f"/api/v1/asks/{ask_id}").json()["result"] for ask_id in (fixed, fail)]
    assert [(row["source"], row["label"]) for row in results] == [("default", "0"), (None, None)]


def test_the_clock_ends_asks_that_nobody_reads(queue, script) -> None:
    ask_id = script.post(URL, body(), **JSON).json()["id"]
    overdue(ask_id)
    assert [settle(ask=row).state for row in past_deadline(timezone.now())] == ["timed_out"]
    assert past_deadline(timezone.now()) == []


def test_a_stopped_ask_stays_stopped(queue, script) -> None:
    ask_id = script.post(URL, body(), **JSON).json()["id"]
    assert script.post(f"/api/v1/asks/{ask_id}/stop", **JSON).json()["state"] == "stopped"
    assert script.post(f"/api/v1/asks/{ask_id}/stop", **JSON).json()["state"] == "stopped"
    assert claiming.claim(user=member(queue.organization, Role.OWNER), queue=queue) is None
    listed = script.get(URL, {"state": "stopped"}).json()["results"]
    assert [row["id"] for row in listed] == [ask_id]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"on_timeout": "use_prediction"}, "/on_timeout"),
        ({"on_timeout": "answer"}, "/answer"),
        ({"on_timeout": "answer", "answer": {"digit": "11"}}, "/answer/digit"),
        ({"deadline_s": 0}, "/deadline_s"),
        ({"deadline_s": None, "deadline_at": "2020-01-01T00:00:00Z"}, "/deadline_s"),
        ({"deadline_at": "2030-01-01T00:00:00Z"}, "/deadline_s"),
        ({"example": {"key": ""}}, "/example/key"),
        ({"example_key": "k1"}, "/example"),
        ({"queue": "nowhere"}, "/queue"),
    ],
)
def test_an_ask_that_cannot_be_is_refused_with_its_pointer(queue, script, change, pointer) -> None:
    got = script.post(URL, body(**change), **JSON)
    assert (got.status_code, got.json()["errors"][0]["pointer"]) == (422, pointer)
    assert Ask.objects.count() == 0


def test_an_unknown_example_key_is_told(queue, script) -> None:
    asked = {"name": "n", "example_key": "nobody", "deadline_s": 5}
    assert script.post(URL, asked, **JSON).json()["errors"][0]["code"] == "unknown_example"
    ExampleFactory(stream=queue.stream, key="nobody")
    assert script.post(URL, asked, **JSON).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_a_caller_who_waits_gets_the_answer_when_it_comes(api) -> None:
    queue = QueueFactory(stream=StreamFactory(slug="tags", project=ProjectFactory(slug="digits")))
    script = api(token(queue.organization, queue.project)[1])
    ask_id = script.post(URL, body(), **JSON).json()["id"]

    def person() -> None:
        time.sleep(0.5)
        answer(ask_id)
        connection.close()

    thread = threading.Thread(target=person)
    thread.start()
    got = script.get(f"/api/v1/asks/{ask_id}?wait_s=20").json()
    thread.join()
    assert (got["state"], got["result"]["label"]) == ("answered", "7")


def test_another_organizations_ask_is_not_there(queue, script, api) -> None:
    ask_id = script.post(URL, body(), **JSON).json()["id"]
    other = ProjectFactory()
    stranger = api(token(other.organization, other)[1])
    assert [stranger.get(f"/api/v1/asks/{ask_id}").status_code, stranger.get(URL).status_code] == [404, 404]
