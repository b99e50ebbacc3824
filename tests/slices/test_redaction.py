"""Erased members of snapshots: marked at once, in no file within moments, the hash still proves what was frozen."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from projects.erasure.actions import erase
from projects.erasure.choosing import Wanted
from slices.definitions.actions import Definition, create_slice, current
from slices.models import Keeping, ManifestBlock, Redaction, Snapshot
from slices.runs.evaluations import Result, record_evaluation, results_of
from slices.snapshots import blocks
from slices.snapshots.actions import freeze
from slices.snapshots.evidence import intact
from slices.snapshots.expiring import discard, settle_all
from slices.snapshots.manifest import read, verify
from teams.identity.roles import Role
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ModelVersionFactory,
    PlacementFactory,
    ProjectFactory,
    QueueFactory,
    RunFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

ANY = Definition(labels="any", splits=("train", "val", "test"))


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


@pytest.fixture
def script(stream, api) -> Any:
    return api(token(stream.organization, stream.project)[1])


def examples(stream: Any, *names: str) -> list[Any]:
    return [
        ExampleFactory(stream=stream, key=name, text=f"{name} was here", attributes={"camera": name})
        for name in names
    ]


def frozen(stream: Any, slug: str = "all", role: str = "train", definition: Definition = ANY) -> Snapshot:
    definition = definition if role == "eval" else Definition(labels="any", splits=("train", "val"))
    made = create_slice(stream=stream, slug=slug, name=slug, definition=definition, by=None)
    return freeze(slice_version=current(made), role=role, as_of=timezone.now(), by=None)


def forget(stream: Any, *rows: Any) -> Any:
    wanted = Wanted(ids=tuple(row.pk for row in rows))
    return erase(project=stream.project, stream=None, wanted=wanted, by=None)


def work() -> None:
    call_command("work", "--all", "--once")


def download(script: Any, snapshot: Snapshot, **query: Any) -> Any:
    return script.get(f"/api/v1/snapshots/{snapshot.pk}/download", query)


def texts(answer: Any) -> list[str]:
    return [json.loads(line)["text"] for line in answer.getvalue().splitlines()]


@pytest.mark.django_db
def test_a_redacted_snapshot_is_handed_out_without_its_erased_members_to_who_accepts_that(
    stream, script
) -> None:
    ann, bob, cat = examples(stream, "ann", "bob", "cat")
    snapshot = frozen(stream)
    url = f"/api/v1/snapshots/{snapshot.pk}"
    assert (script.get(url).json()["grade"], script.get(url).json()["redacted_count"]) == ("exact", 0)
    assert texts(download(script, snapshot)) == ["ann was here", "bob was here", "cat was here"]
    forget(stream, ann, cat)
    at_once = download(script, snapshot, accept_redacted="true")
    assert (at_once.status_code, at_once.json()["code"]) == (503, "being_redacted")
    work()
    refused = download(script, snapshot)
    assert (refused.status_code, refused.json()["code"]) == (409, "redacted")
    answer = download(script, snapshot, accept_redacted="true")
    assert (answer.status_code, answer["X-Snapshot-Redacted"]) == (200, "2")
    assert texts(answer) == ["bob was here"]
    assert (script.get(url).json()["grade"], script.get(url).json()["redacted_count"]) == ("redacted(2)", 2)
    assert download(script, snapshot, accept_redacted="perhaps").status_code == 422
    assert bob.pk > 0


@pytest.mark.django_db
def test_its_manifest_and_the_lines_that_are_left_still_prove_what_was_frozen(stream, files: Path) -> None:
    ann, *_others = examples(stream, "ann", "bob", "cat")
    snapshot = frozen(stream)
    forget(stream, ann)
    work()
    assert (verify(snapshot), intact(snapshot)) == (True, True)
    members = [member.example_id for batch in read(snapshot) for member in batch]
    assert (ann.pk in members, len(members)) == (True, snapshot.n_total)
    found = [path for path in files.rglob("*") if path.is_file() and b"ann was" in path.read_bytes()]
    assert found == []


@pytest.mark.django_db
def test_what_a_snapshot_counted_by_value_forgets_the_values_of_who_was_erased(stream, script) -> None:
    stream.fields = [{"name": "camera", "type": "string"}]
    stream.save()
    ann, *_others = examples(stream, "ann", "bob", "bob2")
    snapshot = frozen(stream)
    assert "ann" in json.dumps(snapshot.histograms)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Snapshot.objects.filter(pk=snapshot.pk).update(histograms={})
    forget(stream, ann)
    work()
    snapshot.refresh_from_db()
    assert ("ann" in json.dumps(snapshot.histograms), "bob2" in json.dumps(snapshot.histograms)) == (
        False,
        True,
    )
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Snapshot.objects.filter(pk=snapshot.pk).update(n_total=7)


@pytest.mark.django_db
def test_an_erasure_finds_an_expired_snapshot_and_nothing_is_said_of_its_values_any_more(stream) -> None:
    ann, *_others = examples(stream, "ann", "bob")
    snapshot = frozen(stream)
    assert snapshot.histograms != {}
    stream.organization.keepings.update(expired_at=timezone.now())
    discard(stream.organization, snapshot.pk)
    forget(stream, ann)
    work()
    snapshot.refresh_from_db()
    marks = list(Redaction.objects.values_list("snapshot", "example_id", "is_removed"))
    assert (snapshot.histograms, marks) == ({}, [(snapshot.pk, ann.pk, True)])
    assert blocks.held_by_snapshots(stream.organization, [ann.pk]) == set()


@pytest.mark.django_db(transaction=True)
def test_exports_that_were_made_go_and_are_made_again_without_the_erased(stream, script, files: Path) -> None:
    ann, *_others = examples(stream, "ann", "bob")
    snapshot = frozen(stream)
    asked = script.post(
        f"/api/v1/snapshots/{snapshot.pk}/exports", {"format": "csv"}, content_type="application/json"
    ).json()
    work()
    before = script.get(asked["url"]).json()
    assert b"ann was here" in script.get(before["shards"][0]["url"]).getvalue()
    forget(stream, ann)
    work()
    assert script.get(asked["url"]).json()["state"] == "expired"
    again = script.post(
        f"/api/v1/snapshots/{snapshot.pk}/exports", {"format": "csv"}, content_type="application/json"
    ).json()
    work()
    url = script.get(again["url"]).json()["shards"][0]["url"]
    assert script.get(url).status_code == 409
    answer = script.get(f"{url}?accept_redacted=true")
    assert (answer["X-Snapshot-Redacted"], b"ann was" in answer.getvalue()) == ("1", False)
    assert not [path for path in files.rglob("*") if path.is_file() and b"ann was" in path.read_bytes()]


@pytest.mark.django_db
def test_equal_snapshots_share_their_file_and_are_both_marked(stream) -> None:
    ann, *_others = examples(stream, "ann", "bob")
    one, other = frozen(stream), frozen(stream, "same")
    assert one.manifest_sha256 == other.manifest_sha256
    assert ManifestBlock.objects.filter(manifest_sha256=one.manifest_sha256).count() == 1
    forget(stream, ann)
    work()
    marks = list(Redaction.objects.order_by("snapshot").values_list("snapshot", "example_id", "is_removed"))
    assert marks == [(one.pk, ann.pk, True), (other.pk, ann.pk, True)]
    assert (intact(one), intact(other)) == (True, True)


@pytest.mark.django_db
def test_what_a_model_said_of_it_leaves_the_results_and_the_scores_stay(stream) -> None:
    queue = QueueFactory(stream=stream)
    rows = [ExampleFactory(stream=stream, bucket=5, key=f"e{n}") for n in range(3)]
    for row in rows:
        AnnotationFactory(task=TaskFactory(queue=queue, example=row, state="accepted", open_slots=0))
    held_out = Definition(labels="any", splits=("test",))
    snapshot = frozen(stream, role="eval", definition=held_out)
    said = [Result(row.pk, "3", 0.5) for row in rows]
    model = ModelVersionFactory(project=stream.project)
    evaluation = record_evaluation(model_version=model, snapshot=snapshot, results=said, by=None)
    forget(stream, rows[1])
    work()
    evaluation.refresh_from_db()
    assert sorted(results_of(evaluation)) == [rows[0].pk, rows[2].pk]
    assert (evaluation.n, evaluation.correct) == (3, 3)


@pytest.mark.django_db
def test_a_freeze_that_saw_what_was_erased_meanwhile_is_marked_when_it_is_there(
    stream, script, files: Path
) -> None:
    """As a freeze that began before the erasure and ended after it would leave things."""
    ann, *_others = examples(stream, "ann", "bob")
    snapshot = frozen(stream)
    organization = stream.organization
    organization.tombstones.create(
        erasure=organization.erasures.create(project=stream.project, n=1, marked_at=timezone.now()),
        stream=stream,
        example_id=ann.pk,
        key_digest="0" * 64,
    )
    assert download(script, snapshot, accept_redacted="true").status_code == 503
    assert settle_all(timezone.now()) == 1
    assert settle_all(timezone.now()) == 0
    work()
    assert texts(download(script, snapshot, accept_redacted="true")) == ["bob was here"]
    assert not [path for path in files.rglob("*") if path.is_file() and b"ann was" in path.read_bytes()]


@pytest.mark.django_db
def test_a_snapshot_from_before_there_were_blocks_gets_them(stream) -> None:
    ann, *_others = examples(stream, "ann", "bob")
    snapshot = frozen(stream)
    ManifestBlock.objects.all().delete()
    assert blocks.snapshots_with(stream.organization, ann.pk) == []
    settle_all(timezone.now())
    assert blocks.snapshots_with(stream.organization, ann.pk) == [snapshot.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "start", [1, 65_534, 3 * 65_536 - 2, 2**40], ids=["small", "edge", "later edge", "huge"]
)
def test_an_example_is_found_in_its_block_wherever_its_number_lies(stream, start: int) -> None:
    rows = [ExampleFactory(pk=start + n, stream=stream, key=f"e{n}") for n in range(5)]
    outside = ExampleFactory(pk=start + 10, stream=stream, key="outside", bucket=5)
    snapshot = frozen(stream)
    organization = stream.organization
    assert {row.pk: blocks.snapshots_with(organization, row.pk) for row in [*rows, outside]} == {
        **{row.pk: [snapshot.pk] for row in rows},
        outside.pk: [],
    }
    asked = [row.pk for row in [*rows, outside]]
    assert sorted(blocks.memberships(organization, asked)) == [(snapshot.pk, row.pk) for row in rows]


@pytest.mark.django_db
def test_the_picture_of_an_erased_member_is_gone(stream, script) -> None:
    ann, *_others = examples(stream, "ann", "bob")
    snapshot = frozen(stream)
    forget(stream, ann)
    answer = script.get(f"/api/v1/snapshots/{snapshot.pk}/media/{ann.pk}")
    assert (answer.status_code, answer.json()["code"]) == (410, "erased")


@pytest.mark.django_db
def test_every_snapshot_has_a_keeping(stream) -> None:
    examples(stream, "ann")
    snapshot = frozen(stream)
    row = Keeping.objects.get(snapshot=snapshot)
    assert (row.expired_at, row.look_at - snapshot.built_at) == (None, timedelta(days=180))


@pytest.mark.django_db
def test_where_an_example_was_used_is_told_also_after_it_was_erased(stream, script, page) -> None:
    ann, *_others = examples(stream, "ann", "bob")
    snapshot = frozen(stream)
    ExampleFactory(stream=stream, key="later")
    model = ModelVersionFactory(project=stream.project, name="digits", version="7")
    run = RunFactory(project=stream.project, snapshot=snapshot, model_version=model, state="succeeded")
    PlacementFactory(project=stream.project, slug="live", stage="production", model_version=model)
    url = f"/api/v1/examples/{ann.pk}/lineage"
    before = script.get(url).json()
    erasure = forget(stream, ann)
    work()
    after = script.get(url).json()
    assert [row["grade"] for said in (before, after) for row in said["snapshots"]] == ["exact", "redacted(1)"]
    learnt = {"id": model.pk, "name": "digits", "version": "7", "run": run.pk, "snapshot": snapshot.pk}
    assert (before["model_versions"], after["model_versions"]) == ([learnt], [learnt])
    assert [row["placement"] for row in after["placements"]] == ["live"]
    owner = member(stream.organization, Role.OWNER)
    here = f"/o/{stream.organization.slug}/projects/digits/erasures/{erasure.pk}/"
    shown = page(owner).get(here).content.decode()
    assert ("digits@7" in shown, "redacted(1)" in shown) == (True, True)
    assert script.get("/api/v1/examples/999999/lineage").status_code == 404


@pytest.mark.django_db
def test_a_person_is_asked_before_taking_a_redacted_snapshot_and_every_list_says_what_it_is(
    stream, page
) -> None:
    ann, *_others = examples(stream, "ann", "bob", "cat")
    snapshot = frozen(stream)
    run = RunFactory(project=stream.project, snapshot=snapshot)
    forget(stream, ann)
    work()
    owner = page(member(stream.organization, Role.OWNER))
    here = f"/o/{stream.organization.slug}/projects/digits/"
    asked = owner.get(f"{here}snapshots/{snapshot.pk}/download/?format=jsonl")
    assert (asked.status_code, "1 member was erased" in asked.content.decode()) == (200, True)
    assert "format=jsonl&amp;accept_redacted=true" in asked.content.decode()
    answer = owner.get(f"{here}snapshots/{snapshot.pk}/download/?format=jsonl&accept_redacted=true")
    assert texts(answer) == ["bob was here", "cat was here"]
    places = (f"snapshots/{snapshot.pk}/", "slices/all/", f"runs/{run.pk}/")
    assert {
        place: "1 erased" in owner.get(here + place).content.decode() for place in places
    } == dict.fromkeys(places, True)
