"""Slices and snapshots: who is in, frozen once, the same bytes for ever."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from projects.conditions import Condition, ConditionError
from slices.definitions.actions import Definition, change_slice, create_slice, current
from slices.definitions.asking import live_count
from slices.definitions.members import funnel, members
from slices.models import Snapshot
from slices.snapshots.actions import freeze_now
from slices.snapshots.building import TooSmall
from slices.snapshots.composing import Statement, statements
from slices.snapshots.manifest import read, verify
from slices.snapshots.rows import COPY
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ModelVersionFactory,
    PredictionFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

ANY = Definition(labels="any", splits=("train", "val", "test"))


def labelled(queue: Any, label: str = "3", selected_by: str = "rule", **fields: Any) -> Any:
    example = ExampleFactory(stream=queue.stream, **fields)
    task = TaskFactory(queue=queue, example=example, selected_by=selected_by, state="accepted", open_slots=0)
    return AnnotationFactory(task=task, label=label)


def slice_of(stream: Any, definition: Definition = ANY, slug: str = "all") -> Any:
    return create_slice(stream=stream, slug=slug, name=slug.title(), definition=definition, by=None)


def keys(version: Any) -> list[str]:
    return sorted(row.key for row in members(version, timezone.now()))


@pytest.mark.django_db
def test_a_slice_takes_its_labels_from_the_queues_it_names() -> None:
    queue, control = QueueFactory(), None
    control = QueueFactory(stream=queue.stream, counts=False)
    main, other = labelled(queue, key="main"), labelled(control, key="control")
    ExampleFactory(stream=queue.stream, key="unlabelled")
    assert keys(current(slice_of(queue.stream, Definition()))) == ["main"]
    named = Definition(queues=(control.pk,))
    assert keys(current(slice_of(queue.stream, named, "control"))) == ["control"]
    assert keys(current(slice_of(queue.stream, ANY, "any"))) == ["control", "main", "unlabelled"]
    assert (main.label, other.label) == ("3", "3")


@pytest.mark.django_db
def test_an_evaluation_slice_takes_only_what_was_drawn_by_lot() -> None:
    queue = QueueFactory()
    labelled(queue, key="hard", bucket=5)
    labelled(queue, key="lot", bucket=6, selected_by="random")
    labelled(queue, key="asked", bucket=7, selected_by="ask")
    held_out = Definition(splits=("test",), random_only=True)
    assert keys(current(slice_of(queue.stream, held_out))) == ["lot"]


@pytest.mark.django_db
def test_the_steps_of_narrowing_are_counted_in_their_order() -> None:
    queue = QueueFactory()
    for n in range(6):
        labelled(queue, k1="ab"[n % 2], captured_at=timezone.now() - timedelta(days=n * 20))
    ExampleFactory(stream=queue.stream, k1="a")
    definition = Definition(
        condition=Condition.from_text("store = 'a'", queue.stream).json,
        window={"clock": "captured_at", "length": "60d"},
        max_size=1,
    )
    version = current(slice_of(queue.stream, definition))
    assert [(row["step"], row["n"]) for row in funnel(version, timezone.now())] == [
        ("stream", 7),
        ("window", 4),
        ("condition", 3),
        ("labels", 2),
        ("split", 2),
        ("limit", 1),
    ]
    assert live_count(version) == (1, True)


def copied(one: Statement) -> bytes:
    with connection.cursor() as cursor:
        with cursor.copy(COPY.replace("{LINES}", one.sql), one.values) as lines:
            return b"".join(lines)


@pytest.mark.django_db
def test_what_was_said_of_members_is_the_same_read_together_or_one_by_one() -> None:
    queue, other = QueueFactory(), QueueFactory()
    twice = labelled(queue, key='zwei\n"', text="\\ \t ü", attributes={"store": "x\u2028"})
    again = TaskFactory(queue=queue, example=twice.example, round=2, state="accepted", open_slots=0)
    newer = AnnotationFactory(task=again, label='"neu"', answer={"digit": None})
    bare = ExampleFactory(stream=queue.stream, key="bare")
    labelled(other, key="elsewhere")
    versions = [ModelVersionFactory(project=queue.stream.project, name=name) for name in ("z", 'ä"\n')]
    said = [(twice.example, versions[0], 1e-7), (twice.example, versions[1], None), (bare, versions[1], 0.5)]
    for example, model, confidence in said:
        PredictionFactory(example=example, model_version=model, label="9\\", confidence=confidence)
    asked = list(statements(current(slice_of(queue.stream)), timezone.now(), {}))
    together, one_by_one = map(copied, asked)
    assert together == one_by_one
    first, second = (json.loads(line.split(b"\x1f")[1]) for line in together.splitlines())
    assert (first["annotation_id"], first["label"], first["answer"]) == (newer.pk, '"neu"', {"digit": None})
    said = [(row["model"], row["confidence"]) for row in first["predictions"]]
    assert said == [("z", 1e-7), ('ä"\n', None)]  # in the database's order of names
    one = {"label": "9\\", "model": 'ä"\n', "version": versions[1].version, "confidence": 0.5}
    assert (second["key"], second["label"], second["predictions"]) == ("bare", None, [one])


@pytest.mark.django_db
def test_a_change_is_a_new_version_and_the_same_meaning_is_none() -> None:
    stream = StreamFactory()
    made = slice_of(stream)
    change_slice(slice=made, definition=Definition(labels="any", splits=("test", "val", "train")), by=None)
    assert current(made).version == 1
    change_slice(slice=made, definition=Definition(labels="any", min_size=5), by=None)
    assert (current(made).version, current(made).min_size) == (2, 5)


@pytest.mark.django_db
def test_a_definition_that_cannot_be_is_refused() -> None:
    stream, foreign = StreamFactory(), QueueFactory()
    bad = [
        Definition(window={"clock": "captured_at", "length": "sixty"}),
        Definition(splits=("holdout",)),
        Definition(splits=()),
        Definition(queues=(foreign.pk,)),
        Definition(max_size=1, min_size=5),
    ]
    for definition in bad:
        with pytest.raises(Refused):
            slice_of(stream, definition)
    with pytest.raises(ConditionError):
        slice_of(stream, Definition(condition={"op": "=", "args": [{"property": "nope"}, 1]}))


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_is_the_same_for_ever() -> None:
    queue = QueueFactory()
    for n in range(5):
        labelled(queue, label=str(n))
    version, as_of = current(slice_of(queue.stream, Definition())), timezone.now()
    first = freeze_now(slice_version=version, role="train", as_of=as_of, by=None)
    lines = "".join(
        f"{row.example_id},{row.example_rev},{row.annotation_id},{row.split}\n"
        for batch in read(first)
        for row in batch
    )
    assert hashlib.sha256(lines.encode()).hexdigest() == first.manifest_sha256
    labelled(queue)
    queue.stream.examples.update(label="9")
    again = freeze_now(slice_version=version, role="train", as_of=as_of, by=None)
    assert (again.pk, again.manifest_sha256, verify(again)) == (first.pk, first.manifest_sha256, True)
    assert (again.n_total, again.n_by_label) == (5, {"0": 1, "1": 1, "2": 1, "3": 1, "4": 1})
    with pytest.raises(DatabaseError), transaction.atomic():
        Snapshot.objects.update(n_total=7)


@pytest.mark.django_db(transaction=True)
def test_six_who_freeze_the_same_instant_get_one_snapshot() -> None:
    queue = QueueFactory()
    for _n in range(20):
        labelled(queue)
    version, as_of = current(slice_of(queue.stream, Definition())), timezone.now()
    got: list[int] = []

    def work() -> None:
        for _try in range(5):
            try:
                got.append(freeze_now(slice_version=version, role="train", as_of=as_of, by=None).pk)
                break
            except DatabaseError:
                continue  # the other was quicker; the next look finds its row
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(set(got)), Snapshot.objects.count()) == (6, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_too_few_members_are_refused_with_the_funnel() -> None:
    version = current(slice_of(StreamFactory(), Definition(min_size=3)))
    with pytest.raises(TooSmall) as caught:
        freeze_now(slice_version=version, role="train", as_of=timezone.now(), by=None)
    assert caught.value.funnel[-1] == {"step": "limit", "n": 0, "removed": 0}
    assert Snapshot.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_script_freezes_downloads_resumes_and_gets_the_same_bytes(api) -> None:
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits")))
    for n in range(7):
        labelled(queue, label=str(n), key=f"k{n}")
    slice_of(queue.stream, Definition())
    script = api(token(queue.organization, queue.project)[1])
    made = script.post("/api/v1/projects/digits/slices/all/snapshots", {}, content_type="application/json")
    assert made.status_code == 201
    url = f"/api/v1/snapshots/{made.json()['id']}/download"
    whole = script.get(url)
    content = whole.getvalue()
    assert [line.count(b'"key"') for line in content.splitlines()] == [1] * 7
    assert script.get(url).getvalue() == content
    head, tail = (
        script.get(url, headers={"range": "bytes=0-99"}),
        script.get(url, headers={"range": "bytes=100-", "if-range": whole["ETag"]}),
    )
    assert (head.status_code, tail.status_code, tail["Content-Range"]) == (
        206,
        206,
        f"bytes 100-{len(content) - 1}/{len(content)}",
    )
    assert head.getvalue() + tail.getvalue() == content
    assert script.get(url, headers={"if-none-match": whole["ETag"]}).status_code == 304
    beyond = script.get(url, headers={"range": "bytes=999999-"})
    assert (beyond.status_code, beyond["Content-Type"]) == (416, "application/problem+json")
    parquet = script.get(url, {"format": "parquet"}).getvalue()
    assert parquet[:4] == b"PAR1"
    assert script.get(url, {"format": "xml"}).status_code == 422
    told = Event.objects.filter(kind="snapshot.downloaded").order_by("pk")
    assert [event.data["format"] for event in told] == ["jsonl", "jsonl", "jsonl", "parquet"], (
        "whole, whole, from the first byte, parquet; a rest, a 304 and errors are no download"
    )


@pytest.mark.django_db(transaction=True)
def test_another_organization_finds_nothing(api) -> None:
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits")))
    labelled(queue)
    version = current(slice_of(queue.stream, Definition()))
    snapshot = freeze_now(slice_version=version, role="train", as_of=timezone.now(), by=None)
    other = ProjectFactory()
    stranger = api(token(other.organization, other)[1])
    for url in (
        f"/api/v1/snapshots/{snapshot.pk}",
        f"/api/v1/snapshots/{snapshot.pk}/download",
        "/api/v1/projects/digits/slices",
    ):
        assert stranger.get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_pages_of_a_slice_and_its_snapshot_show_the_evidence(page) -> None:
    queue = QueueFactory()
    for _n in range(3):
        labelled(queue)
    made = slice_of(queue.stream, Definition())
    manager = member(queue.organization, Role.MANAGER)
    base = f"/o/{queue.organization.slug}/projects/{queue.project.slug}"
    client = page(manager)
    assert b"It is being frozen" in client.post(f"{base}/slices/all/freeze/", follow=True).content
    call_command("work", "--once")
    snapshot = Snapshot.objects.get()
    assert snapshot.manifest_sha256[:12].encode() in client.get(f"{base}/slices/all/").content
    shown = client.get(f"{base}/snapshots/{snapshot.pk}/")
    assert snapshot.manifest_sha256.encode() in shown.content
    assert client.get(f"{base}/snapshots/{snapshot.pk}/download/?format=jsonl").getvalue().count(b"\n") == 3
    labeler = member(queue.organization, Role.LABELER, queue.project)
    assert page(labeler).post(f"{base}/slices/all/freeze/").status_code == 403
    assert made.name in client.get(f"{base}/slices/").content.decode()


@pytest.mark.django_db
def test_the_list_of_slices_takes_the_same_queries_for_one_and_for_three(
    page, django_assert_num_queries
) -> None:
    stream = StreamFactory()
    slice_of(stream)
    client = page(member(stream.organization, Role.MANAGER))
    url = f"/o/{stream.organization.slug}/projects/{stream.project.slug}/slices/"
    client.get(url)  # content types are looked up once a process
    with django_assert_num_queries(11):
        client.get(url)
    slice_of(stream, ANY, "two")
    slice_of(stream, ANY, "three")
    with django_assert_num_queries(11):
        client.get(url)


@pytest.mark.django_db(transaction=True)
def test_a_freeze_without_a_body_is_one_for_training_now(api) -> None:
    queue = QueueFactory()
    labelled(queue)
    slice_of(queue.stream, Definition())
    script = api(token(queue.organization, queue.stream.project)[1])
    url = f"/api/v1/projects/{queue.stream.project.slug}/slices/all/snapshots"
    answers = [
        script.generic("POST", url, b"", content_type=kind)
        for kind in ("application/json", "application/octet-stream")
    ]
    assert [(one.status_code, one.json()["role"]) for one in answers] == [(201, "train")] * 2
