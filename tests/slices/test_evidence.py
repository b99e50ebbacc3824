"""What proves a snapshot: a digest of every row under a key of its own, and what its meaning leant on."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from projects.conditions import Condition
from slices.definitions.actions import Definition, create_slice, current
from slices.models import Snapshot
from slices.snapshots.actions import freeze_now
from slices.snapshots.evidence import digests_of, intact, key_of
from slices.snapshots.rows import read, rows_name
from tests.factories import (
    ModelVersionFactory,
    PredictionFactory,
    QueueFactory,
)
from tests.slices.test_snapshots import ANY, labelled, slice_of

pytestmark = pytest.mark.django_db(transaction=True)


def frozen(version: Any, role: str = "train", as_of: Any = None) -> Snapshot:
    return freeze_now(slice_version=version, role=role, as_of=as_of or timezone.now(), by=None)


def a_snapshot(n: int = 3) -> Snapshot:
    queue = QueueFactory()
    for each in range(n):
        labelled(queue, label=str(each), text=f"text {each}")
    return frozen(current(slice_of(queue.stream, Definition())))


def stored(name: str) -> bytes:
    with default_storage.open(name) as file:
        return bytes(file.read())


def overwrite(name: str, content: bytes) -> None:
    with open(default_storage.path(name), "wb") as file:
        file.write(content)


def test_the_contents_are_named_after_a_keyed_digest_of_every_row() -> None:
    snapshot = a_snapshot()
    key = hmac.digest(
        bytes(snapshot.organization.digest_key),
        b"snapshot\x00" + snapshot.manifest_sha256.encode(),
        "sha256",
    )
    lines = stored(rows_name(snapshot)).splitlines()
    digests = b"".join(hmac.digest(key, line, "sha256") for line in lines)
    assert (key_of(snapshot), stored(digests_of(snapshot))) == (key, digests)
    assert snapshot.content_sha256 == hashlib.sha256(digests).hexdigest()
    assert intact(snapshot)


def test_rows_that_were_changed_added_or_put_in_another_order_are_found_out() -> None:
    snapshot = a_snapshot()
    name = rows_name(snapshot)
    whole = stored(name)
    first, second, third = whole.splitlines(keepends=True)
    wrong = [
        whole.replace(b"text 1", b"text 7"),
        second + first + third,
        first + second + third + third,
        first + first,
    ]
    for content in wrong:
        overwrite(name, content)
        assert not intact(snapshot)
    overwrite(name, first + third)  # as after the second was erased
    assert intact(snapshot)
    overwrite(digests_of(snapshot), stored(digests_of(snapshot))[:64])
    assert not intact(snapshot)


def test_a_snapshot_of_before_there_were_keys_of_its_own_is_still_verified() -> None:
    new = a_snapshot()
    key, running = bytes(new.organization.digest_key), hashlib.sha256()
    for line in stored(rows_name(new)).splitlines():
        _opening, _comma, content = line.partition(b',"answer":')
        running.update(hmac.digest(key, b'{"answer":' + content, "sha256"))
    values = {
        field.name: getattr(new, field.name)
        for field in Snapshot._meta.fields
        if field.name not in ("id", "organization", "evidence_version", "content_sha256", "as_of")
    }
    old = new.organization.snapshots.create(
        **values, evidence_version=1, content_sha256=running.hexdigest(), as_of=new.as_of - timedelta(days=1)
    )
    default_storage.save(rows_name(old), ContentFile(stored(rows_name(new))))
    assert (intact(old), key_of(old)) == (True, None)
    overwrite(rows_name(old), stored(rows_name(old)).replace(b"text 1", b"text 7"))
    assert not intact(old)


def test_two_snapshots_have_different_keys() -> None:
    one, other = a_snapshot(), a_snapshot()
    assert key_of(one) != key_of(other)


def test_the_rows_say_what_models_had_said() -> None:
    queue = QueueFactory()
    annotation = labelled(queue, label="3")
    for name, version, confidence in (("b", "1", None), ("a", "2", 0.25), ("a", "1", 0.5)):
        model = ModelVersionFactory(project=queue.project, name=name, version=version)
        PredictionFactory(example=annotation.example, model_version=model, label="7", confidence=confidence)
    labelled(queue, label="4")
    snapshot = frozen(current(slice_of(queue.stream, Definition())))
    said = [
        [(one.model, one.version, one.label, one.confidence) for one in line.row.predictions]
        for lines in read(snapshot)
        for line in lines
    ]
    assert said == [[("a", "1", "7", 0.5), ("a", "2", "7", 0.25), ("b", "1", "7", None)], []]
    assert snapshot.histograms["confidence"] == {"a@1": {"0.50": 1}, "a@2": {"0.25": 1}}


def test_a_snapshot_says_what_its_meaning_leant_on() -> None:
    queue = QueueFactory()
    for n in range(4):
        labelled(queue, attributes={"store": "ab"[n % 2], "weight": n * 1.26, "camera": None}, k1="ab"[n % 2])
    other = slice_of(queue.stream, ANY, "other")
    condition = Condition.from_text("slice('other')", queue.stream).json
    version = current(slice_of(queue.stream, Definition(condition=condition), "mine"))
    first = frozen(version)
    second = frozen(version)
    policy = queue.stream.split_policies.get()
    assert second.resolved_refs == {"other": current(other).version}
    assert second.label_schemas == [queue.schema.version]
    assert second.split_policy == {
        "version": 1,
        "salt": policy.salt,
        "test_until": 1000,
        "val_until": 1000,
    }
    assert second.fields == queue.stream.fields
    assert second.histograms["attributes"] == {
        "camera": {"": 4},
        "store": {"a": 2, "b": 2},
        "weight": {"0": 1, "1.3e+00": 1, "2.5e+00": 1, "3.8e+00": 1},
    }
    assert (len(second.code_version), second.tzdata_version != "") == (16, True)
    assert (first.parent_snapshot_id, second.parent_snapshot_id) == (None, first.pk)


def test_an_attribute_with_too_many_values_has_no_histogram() -> None:
    queue = QueueFactory()
    for n in range(502):
        labelled(queue, attributes={"store": f"s{n}", "camera": "c"})
    version = current(create_slice(stream=queue.stream, slug="s", name="S", definition=Definition(), by=None))
    assert frozen(version).histograms["attributes"] == {"camera": {"c": 502}, "weight": {"": 502}}


def test_the_line_of_an_example_with_an_odd_text_is_one_line() -> None:
    queue = QueueFactory()
    odd = "a\u2028b\x1f\x01\n\r\t\"\\'\x7f,é𝒳"
    labelled(queue, text=odd, key="k")
    snapshot = frozen(current(slice_of(queue.stream, Definition())))
    [[line]] = list(read(snapshot))
    assert (line.row.text, json.loads(line.raw)["text"], intact(snapshot)) == (odd, odd, True)
