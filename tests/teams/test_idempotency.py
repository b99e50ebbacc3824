"""Calls with an Idempotency-Key: sent again they are answered again, and change nothing more."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone

from projects.models import Example, Prediction
from slices.definitions.actions import Definition, create_slice
from slices.models import Snapshot
from teams.access import idempotency
from teams.models import Event, StoredAnswer
from teams.work.erasing import Doomed, erasers
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, token

URL = "/api/v1/projects/digits/streams/tags"
pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


@pytest.fixture
def send(stream: Any, api: Any) -> Any:
    script = api(token(stream.organization, stream.project)[1])

    def post(key: str | None, rows: list[Any], url: str = f"{URL}/examples", **more: Any) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        body = more or {"examples": rows}
        return script.post(url, body, content_type="application/json", headers=headers)

    return post


def test_the_same_call_is_answered_as_the_first_time(send: Any) -> None:
    first = send("k1", [{"key": "a"}, {"key": ""}])
    again = send("k1", [{"key": "a"}, {"key": ""}])
    assert (first.status_code, first.headers.get("Idempotent-Replayed")) == (200, None)
    assert (again.status_code, again["Idempotent-Replayed"], again["Content-Type"]) == (
        200,
        "true",
        first["Content-Type"],
    )
    assert again.content == first.content, "not what the rows would come to now, which is: unchanged"
    assert Event.objects.filter(kind="examples.received").count() == 1


def test_without_a_key_nothing_is_stored(send: Any) -> None:
    assert (send(None, [{"key": "a"}]).status_code, StoredAnswer.objects.count()) == (200, 0)


@pytest.mark.parametrize("other", ["body", "address"])
def test_another_call_with_the_key_is_refused(send: Any, other: str) -> None:
    send("k1", [{"key": "a"}])
    if other == "body":
        answer = send("k1", [{"key": "b"}])
    else:
        predictions = {"model": {"name": "m", "version": "1"}, "predictions": [{"key": "a", "label": "1"}]}
        answer = send("k1", [], f"{URL}/predictions", **predictions)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert (list(Example.objects.values_list("key", flat=True)), Prediction.objects.count()) == (["a"], 0)


def test_a_call_that_was_refused_may_be_right_next_time(send: Any, stream: Any) -> None:
    predictions = {"model": {"name": "m", "version": "1"}, "predictions": [{"key": "a", "label": "1"}]}
    wrong = predictions | {"model": {}}
    assert send("k1", [], f"{URL}/predictions", **wrong).status_code == 422
    assert StoredAnswer.objects.count() == 0
    ExampleFactory(stream=stream, key="a")
    right = send("k1", [], f"{URL}/predictions", **predictions).json()
    assert right["created"] == 1
    assert send("k1", [], f"{URL}/predictions", **predictions).json() == right


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "naïve", "a\tb"])
def test_a_key_is_visible_ascii(send: Any, key: str) -> None:
    answer = send(key, [{"key": "a"}])
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key")


def test_everybody_has_keys_of_their_own(send: Any, api: Any, stream: Any) -> None:
    send("k1", [{"key": "a"}])
    colleague = api(token(stream.organization, stream.project)[1])
    body = {"examples": [{"key": "b"}]}
    headers = {"Idempotency-Key": "k1"}
    answer = colleague.post(f"{URL}/examples", body, content_type="application/json", headers=headers)
    assert (answer.json()["created"], StoredAnswer.objects.count()) == (1, 2)


def test_an_answer_is_kept_for_a_day(send: Any) -> None:
    send("old", [{"key": "a"}])
    StoredAnswer.objects.update(at=timezone.now() - timedelta(hours=25))
    send("new", [{"key": "b"}])
    idempotency.prune(timezone.now())
    assert list(StoredAnswer.objects.values_list("key", flat=True)) == ["new"]


def test_lines_of_json_take_no_notice(api: Any, stream: Any) -> None:
    script = api(token(stream.organization, stream.project)[1])
    headers = {"Idempotency-Key": "k1"}
    for _again in range(2):
        answer = script.post(
            f"{URL}/examples", b'{"key": "a"}\n', content_type="application/x-ndjson", headers=headers
        )
        b"".join(answer.streaming_content)
    assert (Example.objects.count(), StoredAnswer.objects.count()) == (1, 0)


def test_an_answer_that_names_an_erased_example_is_gone(send: Any, stream: Any) -> None:
    for key in ("a", "b"):
        send(f"call-{key}", [{"key": key}])
    erased = Example.objects.get(key="a")
    doomed = Doomed(stream.organization, (erased.pk,))
    assert [row.erase(doomed) for row in erasers(at_once=False) if row.name == "stored-answers"] == [1]
    gone, other = (send(f"call-{key}", [{"key": key}]) for key in ("a", "b"))
    assert (gone.status_code, gone.json()["code"]) == (410, "erased")
    assert (other.status_code, other["Idempotent-Replayed"]) == (200, "true")


@pytest.mark.django_db(transaction=True)
def test_a_frozen_slice_is_frozen_once(api: Any, stream: Any) -> None:
    ExampleFactory(stream=stream)
    create_slice(stream=stream, name="all", slug="all", definition=Definition(labels="any"), by=None)
    script = api(token(stream.organization, stream.project)[1])
    url, headers = "/api/v1/projects/digits/slices/all/snapshots", {"Idempotency-Key": "k1"}
    answers = [
        script.post(url, {"role": "train"}, content_type="application/json", headers=headers)
        for _again in range(3)
    ]
    assert [one.status_code for one in answers] == [201] * 3
    assert len({one.json()["id"] for one in answers}) == Snapshot.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_call_runs_the_second_is_told_to_come_again(send: Any, stream: Any) -> None:
    is_running, may_end = threading.Event(), threading.Event()
    row = token(stream.organization, stream.project)[0]
    call = {"organization": stream.organization, "user": row.user, "key": "k1", "request_sha256": "0" * 64}

    def effect() -> HttpResponse:
        ExampleFactory(stream=stream, key="slow")
        is_running.set()
        may_end.wait(30)
        return HttpResponse(b"done")

    def run() -> None:
        idempotency.once(**call, effect=effect)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert is_running.wait(30)
    with pytest.raises(idempotency.Problem) as second:
        idempotency.once(**call, effect=lambda: HttpResponse(b"twice"))
    may_end.set()
    thread.join()
    assert (second.value.status_code, second.value.code, second.value.wait) == (409, "in_progress", 1)
    assert idempotency.once(**call, effect=lambda: HttpResponse(b"twice")).content == b"done"
    assert Example.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_dies_on_its_way_leaves_neither_effect_nor_key(stream: Any) -> None:
    row = token(stream.organization, stream.project)[0]
    call = {"organization": stream.organization, "user": row.user, "key": "k1", "request_sha256": "0" * 64}

    def dies() -> HttpResponse:
        ExampleFactory(stream=stream)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        idempotency.once(**call, effect=dies)
    assert (Example.objects.count(), StoredAnswer.objects.count()) == (0, 0)
    with transaction.atomic():
        assert idempotency.once(**call, effect=lambda: HttpResponse(b"now")).content == b"now"
