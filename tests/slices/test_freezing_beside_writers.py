"""Freezing while others write: what was frozen is of one instant, and stays provable."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from slices.snapshots import evidence, manifest
from slices.snapshots.actions import freeze_now
from tests.factories import ExampleFactory, SliceVersionFactory, StreamFactory, token

TIMES, ROWS = 20, 30
pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_frozen_beside_a_writer_has_its_hash_later_too(api: Any) -> None:
    stream = StreamFactory(slug="tags")
    version = SliceVersionFactory(slice__stream=stream, labels="any", window=None, splits=["train", "val"])
    ExampleFactory(stream=stream)
    script = api(token(stream.organization, stream.project)[1])
    url = f"/api/v1/projects/{stream.project.slug}/streams/tags/examples"
    stop, codes, sent = threading.Event(), [], 0

    def write() -> None:
        nonlocal sent
        try:
            while not stop.is_set():
                rows = [{"key": f"k{n}", "text": f"turn {sent}"} for n in range(sent % 50, sent % 50 + ROWS)]
                codes.append(
                    script.post(url, {"examples": rows}, content_type="application/json").status_code
                )
                sent += 1
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    frozen = []
    try:
        for _time in range(TIMES):
            frozen.append(freeze_now(slice_version=version, role="train", as_of=timezone.now(), by=None))
    finally:
        stop.set()
        writer.join(timeout=60)
    assert (set(codes), len(frozen)) == ({200}, TIMES)
    for snapshot in frozen:
        members = [member for batch in manifest.read(snapshot) for member in batch]
        assert manifest.digest(members) == snapshot.manifest_sha256
        assert len({member.example_id for member in members}) == len(members) == snapshot.n_total
        assert (evidence.intact(snapshot), evidence.erased(snapshot)) == (True, [])
