"""Declared attributes: read, changed, made quick and taken back, over REST; nothing that relies on them is misled."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from labeling.queues.models import Queue
from projects.conditions import Condition
from projects.models import Example, FieldWork, Stream
from projects.streams import contradictions, declaring, promoting
from projects.streams.actions import receive
from projects.streams.forgetting import forget_keys
from projects.streams.rows import RowIn
from slices.definitions.actions import Definition, create_slice
from teams.access.actions import issue_token
from teams.access.permissions import grant
from teams.events.models import Event
from teams.identity.models import User
from teams.identity.roles import Role
from teams.work.erasing import Doomed, key_digest
from teams.work.jobs import run
from teams.work.models import Job
from tests.factories import QueueFactory, ScheduleFactory, StreamFactory, member, token

pytestmark = pytest.mark.django_db

VERBS = ("projects.view_project", "projects.manage_project", "projects.view_answers_project")
STORE = {"name": "store", "type": "string"}
WEIGHT = {"name": "weight", "type": "number"}
CAMERA = {"name": "camera", "type": "string"}
QUICK = {"promoted": True}


@pytest.fixture
def stream() -> Stream:
    made: Stream = StreamFactory(fields=[STORE, WEIGHT, CAMERA])
    return made


@pytest.fixture
def call(stream: Stream, api: Any) -> Any:
    """Read the attributes, or declare them."""
    owner = member(stream.organization, Role.OWNER)
    text = told(owner, stream, VERBS)
    client: Client = api(text)
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}/fields"

    def ask(*fields: dict[str, Any], status: int = 200, **more: Any) -> Any:
        if not fields:
            answer = client.get(url)
        else:
            answer = client.post(url, {"fields": list(fields), **more}, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


def told(user: User, stream: Stream, verbs: Sequence[str]) -> str:
    """A token of a person."""
    more: dict[str, Any] = {"user": user, "name": "notebook", "verbs": list(verbs), "by": user}
    return issue_token(organization=stream.organization, **more)[1]


def arrive(stream: Stream, *attributes: dict[str, Any], start: int = 0) -> None:
    rows = [RowIn(key=f"k{start + n:04}", attributes=one) for n, one in enumerate(attributes)]
    received = receive(stream=Stream.objects.get(pk=stream.pk), rows=rows, by=None)
    assert received.rejected == 0


def do_jobs() -> int:
    """Everything that waits, whenever it should begin."""
    done = 0
    while job := Job.objects.filter(state="queued", kind=declaring.STEP).order_by("pk").first():
        Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
        run(job.pk)
        assert Job.objects.get(pk=job.pk).state == "done", Job.objects.get(pk=job.pk).error
        done += 1
    return done


def states(answer: Any) -> dict[str, str]:
    return {row["name"]: row["state"] for row in answer["fields"]}


def count(stream: Stream, text: str) -> int:
    fresh = Stream.objects.get(pk=stream.pk)
    return Example.objects.filter(Condition.from_text(text, fresh).q(timezone.now()), stream=fresh).count()


# reading


def test_what_arrives_undeclared_is_named_with_its_likely_type_and_share(stream: Stream, call: Any) -> None:
    arrive(
        stream,
        {"store": "a", "shelf": 3, "open": True, "seen_at": "2026-01-01T00:00:00Z", "tags": ["x"]},
        {"store": "b", "shelf": 4.5, "note": "x" * 300, "size": {"w": 1}},
        {"store": "b", "shelf": "low", "label": "cart"},
        {"store": "b", "shelf": None},
    )
    answer = call()
    assert states(answer) == dict.fromkeys(("store", "weight", "camera"), "json")
    assert answer["sampled"] == 4
    seen = {one.pop("name"): one for one in answer["undeclared"]}
    assert list(seen) == ["shelf", "label", "note", "open", "seen_at", "size", "tags"]
    assert seen["shelf"] == {
        "type": "number", "n": 3, "fits": 2, "share": 0.75, "examples": ['"low"', "4.5", "3"], "can": True,
    }  # fmt: skip
    types = {name: (one["type"], one["can"]) for name, one in seen.items()}
    assert types["open"] == ("boolean", True)
    assert types["seen_at"] == ("timestamp", True)
    assert types["tags"] == ("string[]", True)
    assert (types["size"], types["label"]) == (("string", False), ("string", False))
    assert len(seen["note"]["examples"][0]) == 60


def test_values_are_for_those_who_may_see_answers_only(stream: Stream, api: Any) -> None:
    arrive(stream, {"customer": "Ada"})
    _row, text = token(stream.organization, stream.project, verbs=["projects.view_project"])
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}/fields"
    answer = api(text).get(url).json()
    assert [(one["name"], one["examples"]) for one in answer["undeclared"]] == [("customer", [])]
    assert api(text).post(url, {"fields": []}, content_type="application/json").status_code == 403


# declaring


def test_an_attribute_that_arrived_undeclared_can_be_declared_and_asked_for(
    stream: Stream, call: Any
) -> None:
    arrive(stream, {"shelf": 3}, {"shelf": 4}, {})
    call(STORE, WEIGHT, CAMERA, {"name": "shelf", "type": "number", "title": "Shelf from below"})
    assert count(stream, "shelf >= 4") == 1
    fields = call()["fields"]
    assert fields[-1] == {
        "name": "shelf", "type": "number", "enum": [], "nullable": True, "pii": False,
        "title": "Shelf from below", "promoted": False, "state": "json",
    }  # fmt: skip
    assert call()["undeclared"] == []
    event = Event.objects.get(kind="stream.fields_changed")
    assert event.data == {"added": ["shelf"], "removed": [], "changed": []}


def test_a_declaration_that_examples_contradict_is_refused_with_counts_and_first_keys(
    stream: Stream, call: Any
) -> None:
    arrive(stream, {"shelf": 3}, *[{"shelf": "low"}] * 7, {"size": 1})
    wanted = (STORE, WEIGHT, CAMERA, {"name": "shelf", "type": "number"}, {"name": "size", "type": "boolean"})
    answer = call(*wanted, status=409)
    assert (answer["code"], answer["errors"]) == (
        "contradicted",
        [
            {
                "pointer": "/fields/3",
                "code": "contradicted",
                "detail": "7 of 9 examples contradict it, first: k0001, k0002, k0003, k0004, k0005",
            },
            {
                "pointer": "/fields/4",
                "code": "contradicted",
                "detail": "1 of 9 examples contradict it, first: k0008",
            },
        ],
    )
    assert len(call()["fields"]) == 3
    call(*wanted, despite=True)
    assert (count(stream, "shelf = 3"), count(stream, "shelf is null"), count(stream, "size is null")) == (
        1,
        8,
        9,
    )


def enum(*texts: str) -> dict[str, Any]:
    return {"name": "store", "type": "enum", "enum": list(texts)}


@pytest.mark.parametrize(
    ("before", "after", "values", "n"),
    [
        (STORE, enum("a"), ["a", "b", "b"], 2),
        (enum("a", "b"), STORE, ["a", "b"], 0),
        (enum("a", "b"), enum("a"), ["a", "b"], 1),
        (enum("a"), enum("a", "b"), ["a"], 0),
        (STORE, STORE | {"nullable": False}, ["a", None], 1),
        (STORE, STORE | QUICK, ["a" * 501, "b"], 1),
        (WEIGHT, WEIGHT | QUICK, [1, 2.5], 0),
        (STORE, STORE | {"pii": True, "title": "Shop"}, ["a" * 501], 0),
    ],
)  # fmt: skip
def test_what_narrows_an_attribute_is_held_against_the_examples(
    stream: Stream, call: Any, before: Any, after: Any, values: list[Any], n: int
) -> None:
    Stream.objects.update(fields=[before])
    arrive(stream, *({before["name"]: value} for value in values if value is not None))
    if None in values:
        arrive(stream, {}, start=100)
    answer = call(after, status=409 if n else 200)
    if n:
        assert answer["errors"][0]["detail"].startswith(f"{n} of {len(values)} examples")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([{"name": "1st", "type": "string"}], "invalid"),
        ([STORE, STORE], "invalid"),
        ([{"name": "label", "type": "string"}], "invalid"),
        ([STORE | {"enum": ["a"]}], "invalid"),
        ([{"name": "store", "type": "enum"}], "invalid"),
        ([{"name": "tags", "type": "string[]", "promoted": True}], "invalid"),
        ([{"name": f"t{n}", "type": "string", "promoted": True} for n in range(5)], "invalid"),
        ([STORE | {"column": "k1"}], "invalid"),
        ([STORE | {"title": "x" * 121}], "invalid"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(
    stream: Stream, call: Any, fields: list[Any], code: str
) -> None:
    assert call(*fields, status=422)["code"] == code
    assert Stream.objects.get().fields == [STORE, WEIGHT, CAMERA]


def test_a_change_based_on_older_declarations_is_refused(stream: Stream, call: Any) -> None:
    revision = call()["revision"]
    call(STORE, WEIGHT, revision=revision)
    assert call(STORE, revision=revision, status=409)["code"] == "stale"
    call(STORE, revision=call()["revision"])


def test_what_slices_queues_and_schedules_rely_on_does_not_change_under_them(
    stream: Stream, call: Any
) -> None:
    enum = {"name": "kind", "type": "enum", "enum": ["cart", "spill"]}
    Stream.objects.update(fields=[STORE, WEIGHT, CAMERA, enum])
    stream.refresh_from_db()

    def a_slice(name: str, text: str) -> Any:
        condition = Condition.from_text(text, stream).json
        return create_slice(
            stream=stream, slug=name, name=name, definition=Definition(condition=condition), by=None
        )

    heavy, odd = a_slice("heavy", "weight > 2"), a_slice("odd", "kind = 'cart' and store = 'a'")
    QueueFactory(stream=stream, name="hard", condition=Condition.from_text("camera = 'c1'", stream).json)
    ScheduleFactory(slice=heavy, eval_slice=odd, name="nightly")
    assert Queue.objects.count() == 1
    fewer = call(STORE, CAMERA, enum, status=409)
    assert (fewer["code"], fewer["detail"]) == (
        "relied_on",
        "This would change what the schedule “nightly”, the slice “heavy” means: change that first.",
    )
    text = call(STORE, WEIGHT | {"type": "string"}, CAMERA, enum, status=409)
    assert text["code"] == "relied_on"
    assert "the queue “hard”" in call(STORE, WEIGHT, enum, status=409)["detail"]
    assert call(STORE, WEIGHT, CAMERA, enum | {"enum": ["cart"]}, status=409)["code"] == "relied_on"
    grown = enum | {"enum": ["cart", "spill", "gap"]}
    call(STORE | {"title": "Shop"}, WEIGHT | QUICK, CAMERA | {"nullable": False}, grown)
    call(STORE, WEIGHT, CAMERA, {"name": "kind", "type": "string"})
    assert count(stream, "kind = 'gap'") == 0


def test_the_attribute_that_keeps_training_and_testing_apart_stays(stream: Stream, call: Any) -> None:
    Stream.objects.update(split_by="store")
    assert call(WEIGHT, CAMERA, status=422)["code"] == "invalid"
    assert call(STORE | {"type": "number"}, status=422)["code"] == "invalid"
    call(STORE | {"title": "Shop"})


# personal data


def test_a_personal_attribute_is_withheld_from_those_who_may_not_see_answers(
    stream: Stream, call: Any, api: Any, page: Any
) -> None:
    arrive(stream, {"store": "a", "customer": "Ada Lovelace"}, {"store": "b"})
    call(STORE, WEIGHT, CAMERA, {"name": "customer", "type": "string", "pii": True})
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}"

    def read(*verbs: str) -> Any:
        owner = member(stream.organization, Role.OWNER)
        text = told(owner, stream, verbs)
        client = api(text)
        rows = client.get(f"{url}/examples").json()["results"]
        asked = client.get(f"{url}/examples", {"where": "customer like 'A%'"})
        return [(row["attributes"], row["withheld"]) for row in rows], asked.status_code

    assert read("projects.view_project") == ([({"store": "a"}, ["customer"]), ({"store": "b"}, [])], 403)
    both = [({"store": "a", "customer": "Ada Lovelace"}, []), ({"store": "b"}, [])]
    assert read("projects.view_project", "projects.view_answers_project") == (both, 200)

    viewer = member(stream.organization, Role.VIEWER)
    grant("projects.view_project", viewer, stream.project)
    example = Example.objects.get(key="k0000")
    address = f"/o/{stream.organization.slug}/projects/{stream.project.slug}/examples/{example.pk}/"
    shown = page(viewer).get(address).content.decode()
    assert ("Ada Lovelace" in shown, "withheld" in shown) == (False, True)
    manager = page(member(stream.organization, Role.MANAGER)).get(address).content.decode()
    assert ("Ada Lovelace" in manager, "withheld" in manager) == (True, False)


# quick columns


def test_making_an_attribute_quick_fills_the_column_of_older_examples_batch_by_batch(
    stream: Stream, call: Any, monkeypatch: Any
) -> None:
    small_batches(monkeypatch)
    arrive(stream, *({"store": "ab"[n % 2], "weight": n} for n in range(25)))
    before = count(stream, "store = 'a'"), count(stream, "weight >= 10")
    answer = call(STORE | QUICK, WEIGHT | QUICK, CAMERA)
    assert states(answer) == {"store": "promoting", "weight": "promoting", "camera": "json"}
    arrive(stream, {"store": "a", "weight": 99}, start=100)
    assert Example.objects.exclude(k1=None).count() == 1  # new rows at once
    during = count(stream, "store = 'a'"), count(stream, "weight >= 10")
    assert do_jobs() == 2
    answer = call()
    assert states(answer) == {"store": "promoted", "weight": "promoted", "camera": "json"}
    assert {work["state"] for work in answer["works"]} == {"done"}
    assert sorted((work["name"], work["seen"]) for work in answer["works"]) == [("store", 25), ("weight", 25)]
    after = count(stream, "store = 'a'"), count(stream, "weight >= 10")
    assert (before, during, after) == ((13, 15), (14, 16), (14, 16))
    assert Example.objects.filter(k1=None).count() == 0
    plan = Example.objects.filter(Condition.from_text("store = 'a'", Stream.objects.get()).q(timezone.now()))
    assert '"k1"' in str(plan.query)


def test_taking_it_off_empties_the_column_and_frees_it(stream: Stream, call: Any, monkeypatch: Any) -> None:
    small_batches(monkeypatch)
    call(STORE | QUICK, WEIGHT, CAMERA)
    do_jobs()
    arrive(stream, *({"store": "ab"[n % 2], "camera": "c"} for n in range(25)))
    assert Example.objects.exclude(k1=None).count() == 25
    assert call(WEIGHT, CAMERA, status=422)["detail"].startswith("“store” is quick")
    answer = call(STORE | {"promoted": False}, WEIGHT, CAMERA | QUICK)
    assert states(answer) == {"store": "demoting", "weight": "json", "camera": "promoting"}
    assert count(stream, "store = 'a'") == 13
    arrive(stream, {"store": "a"}, start=100)
    do_jobs()
    assert states(call()) == {"store": "json", "weight": "json", "camera": "promoted"}
    assert (Example.objects.exclude(k1=None).count(), Example.objects.exclude(k2=None).count()) == (0, 25)
    assert count(stream, "store = 'a'") == 14
    call(WEIGHT | QUICK, CAMERA, {"name": "store", "type": "string", "promoted": True})
    do_jobs()
    assert Example.objects.exclude(k1=None).count() == 26


def test_changing_ones_mind_while_a_column_is_filled_gives_the_first_work_up(
    stream: Stream, call: Any, monkeypatch: Any
) -> None:
    small_batches(monkeypatch)
    arrive(stream, *({"store": "a"} for _ in range(25)))
    call(STORE | QUICK, WEIGHT, CAMERA)
    assert promoting.step(organization=stream.organization, work_id=FieldWork.objects.get().pk)
    assert Example.objects.exclude(k1=None).count() == 10
    call(STORE | {"promoted": False}, WEIGHT, CAMERA)
    call(STORE | QUICK, WEIGHT, CAMERA)
    do_jobs()
    assert states(call())["store"] == "promoted"
    assert Example.objects.filter(k1="a").count() == 25
    assert sorted(FieldWork.objects.values_list("kind", "state")) == [
        ("demote", "cancelled"),
        ("promote", "cancelled"),
        ("promote", "done"),
    ]


def test_many_examples_are_looked_at_by_a_job_and_the_outcome_can_be_read(
    stream: Stream, call: Any, monkeypatch: Any
) -> None:
    small_batches(monkeypatch)
    monkeypatch.setattr(declaring, "AT_ONCE", 10)
    arrive(stream, *({"shelf": n if n % 9 else "low"} for n in range(35)))
    shelf = {"name": "shelf", "type": "number"}
    answer = call(STORE, WEIGHT, CAMERA, shelf, status=202)
    assert [(work["kind"], work["state"], work["seen"]) for work in answer["works"]] == [
        ("check", "running", 10)
    ]
    assert 0 < answer["works"][0]["progress"] < 1
    assert len(answer["fields"]) == 3
    do_jobs()
    (work,) = call()["works"]
    assert (work["state"], work["seen"], work["found"]) == (
        "refused",
        35,
        {"shelf": {"n": 4, "keys": ["k0000", "k0009", "k0018", "k0027"]}},
    )
    assert work["refusal"].startswith("“shelf” would not fit 4 of 35 examples")
    call(STORE, WEIGHT, CAMERA, shelf | {"type": "boolean"}, status=202)
    call(STORE, WEIGHT, CAMERA, {"name": "other", "type": "string"}, status=202)  # takes its place
    arrive(stream, {"shelf": 1}, start=100)
    do_jobs()
    assert [work["state"] for work in call()["works"]] == ["done", "cancelled", "refused"]
    assert [row["name"] for row in call()["fields"]] == ["store", "weight", "camera", "other"]


def small_batches(monkeypatch: Any) -> None:
    for module in (contradictions, declaring, promoting):
        monkeypatch.setattr(module, "BATCH", 10)


@pytest.mark.django_db(transaction=True)
def test_counts_are_equal_before_during_and_after_while_four_threads_send(
    stream: Stream, call: Any, monkeypatch: Any
) -> None:
    """Every key is sent once more with another store while the column is filled, emptied and filled again."""
    for module in (contradictions, declaring, promoting):
        monkeypatch.setattr(module, "BATCH", 40)
    arrive(stream, *({"store": "a"} for _ in range(400)))
    stop, turns = threading.Event(), [0]
    wrong: list[Any] = []

    def guarded(work: Any) -> Any:
        def inner(*args: Any) -> None:
            try:
                while not stop.is_set():
                    work(*args)
            except Exception as error:
                wrong.append(error)
            finally:
                connection.close()

        return inner

    def send(n: int, turn: list[int]) -> None:
        turn[0] += 1
        start = n * 100
        rows = [{"store": "ab"[(turn[0] + key) % 2]} for key in range(100)]
        arrive(stream, *rows, start=start)

    def watch() -> None:
        fresh = Stream.objects.get(pk=stream.pk)
        as_of = timezone.now()
        a, b = (Condition.from_text(f"store = '{store}'", fresh).q(as_of) for store in "ab")
        rows = Example.objects.filter(stream=fresh)
        if (rows.filter(a | b).count(), rows.filter(a & b).count()) != (400, 0):
            wrong.append(states_of(fresh))
        turns[0] += 1

    threads = [threading.Thread(target=guarded(send), args=(n, [n])) for n in range(4)]
    threads.append(threading.Thread(target=guarded(watch)))
    for thread in threads:
        thread.start()
    try:
        for promoted in (True, False, True):
            call(STORE | {"promoted": promoted}, WEIGHT, CAMERA)
            now = turns[0]
            while turns[0] < now + 2 and not wrong:  # whoever began before is done: what GRACE is for
                stop.wait(0.01)
            do_jobs()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert states(call())["store"] == "promoted"
    rows = Example.objects.values_list("attributes__store", "k1")
    assert [one for one in rows if one[0] != one[1]] == []


def states_of(stream: Stream) -> list[str]:
    return [row.get("state", "json") for row in stream.fields]


def test_the_keys_of_erased_examples_go_from_what_was_found(
    stream: Stream, call: Any, monkeypatch: Any
) -> None:
    small_batches(monkeypatch)
    monkeypatch.setattr(declaring, "AT_ONCE", 10)
    arrive(stream, *({"shelf": "low"} for n in range(15)))
    call(STORE, WEIGHT, CAMERA, {"name": "shelf", "type": "number"}, status=202)
    do_jobs()
    keys = {key_digest(stream.organization, stream.pk, key) for key in ("k0000", "k0003")}
    assert forget_keys(Doomed(stream.organization, (1, 4), keys)) == 2
    assert forget_keys(Doomed(stream.organization, (1, 4), keys)) == 0
    (work,) = call()["works"]
    assert work["found"] == {"shelf": {"n": 15, "keys": ["k0001", "k0002", "k0004"]}}
    assert work["refusal"].endswith("first: k0001, k0002, k0004.")
