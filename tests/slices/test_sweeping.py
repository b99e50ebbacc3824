"""Files that no row names go when they are old; a file that any row names never does."""

from __future__ import annotations

import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from labeling.imports.storing import keep
from projects.streams import media
from slices.models import Export
from slices.snapshots.expiring import discard
from slices.snapshots.exports import request_export
from teams.work import sweeping
from teams.work.clock import DUE_SOURCES
from tests.factories import (
    EvaluationFactory,
    ExampleFactory,
    ModelVersionFactory,
    ProjectFactory,
    StreamFactory,
)
from tests.slices.test_expiry import frozen

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stream() -> Any:
    made = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    for name in ("ann", "bob"):
        ExampleFactory(stream=made, key=name, text=f"{name} was here")
    return made


def there(files: Path) -> set[str]:
    return {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}


def sweep(days: float) -> int:
    """A round, so many days from now."""
    return sum(sweeping.sweep_round(timezone.now() + timedelta(days=days)))


def put(files: Path, organization: Any, *names: str) -> set[str]:
    """Files as a killed process leaves them."""
    for name in names:
        path = files / str(organization.pk) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"ann was here")
    return {f"{organization.pk}/{name}" for name in names}


def test_what_rows_name_stays_and_what_none_names_goes_when_it_is_old(stream, files: Path) -> None:
    organization = stream.organization
    snapshot = frozen(stream)
    export = request_export(snapshot=snapshot, format="parquet", by=None)
    call_command("work", "--once")
    export.refresh_from_db()
    media.keep(organization, {media.digest_of(organization, b"a picture"): b"a picture"})
    stored = keep(organization, BytesIO(b'{"key": "ann"}\n'))
    organization.imports.create(project=stream.project, stream=stream, name="a", stored=stored.name)
    model = ModelVersionFactory(project=stream.project)
    results = EvaluationFactory(model_version=model, snapshot=snapshot).results_name
    named = there(files) | put(files, organization, results.removeprefix(f"{organization.pk}/"))
    zeros = "0" * 64
    strange = put(
        files,
        organization,
        "imports/0123",
        "media/ab/abcd",
        f"manifests/{zeros}.parquet",
        f"manifests/{zeros}.parquet.sha256",
        f"rows/v2/{zeros}-{zeros[:32]}.jsonl",
        f"rows/v2/{snapshot.manifest_sha256}-{zeros[:32]}.digests",
        f"exports/{export.pk}/0123456789abcdef/part.parquet",
        f"exports/{export.pk + 1}/0123456789abcdef/part.parquet",
        f"evaluations/{zeros}.parquet",
        "erasures/1-x.json.draft",
    )
    assert sweep(days=1) == 0
    assert there(files) == named | strange
    assert sweep(days=3) == len(strange)
    assert there(files) == named
    assert sweep(days=3) == 0


def test_a_freeze_that_was_rolled_back_leaves_files_for_the_sweep_only(stream, files: Path) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        frozen(stream)
        raise RuntimeError
    left = there(files)
    assert len(left) == 6
    assert sweep(days=3) == 6
    assert there(files) == set()


def test_a_freeze_that_finds_the_files_of_one_rolled_back_keeps_them(stream, files: Path) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        frozen(stream)
        raise RuntimeError
    left = there(files)
    frozen(stream)
    assert (sweep(days=3), there(files)) == (0, left)


def test_files_that_a_killed_discard_left_of_an_expired_snapshot_go_too(stream, files: Path) -> None:
    snapshot = frozen(stream)
    snapshot.organization.keepings.update(expired_at=timezone.now())
    assert sweep(days=3) == 6
    discard(snapshot.organization, snapshot.pk)
    assert there(files) == set()


def test_an_export_whose_maker_is_at_it_is_left_for_the_next_round(stream, files: Path) -> None:
    export = request_export(snapshot=frozen(stream), format="csv", by=None)
    before = there(files)
    put(files, stream.organization, f"exports/{export.pk}/0123456789abcdef/a.csv")
    from concurrent.futures import ThreadPoolExecutor

    with transaction.atomic(), ThreadPoolExecutor(1) as other:
        Export.objects.select_for_update().get(pk=export.pk)
        assert other.submit(alone, 3).result() == 0
    assert sweep(days=3) == 1
    assert there(files) == before


def alone(days: float) -> int:
    from django.db import connection

    try:
        return sweep(days)
    finally:
        connection.close()


def test_the_clock_sweeps_in_small_turns_and_begins_again_hours_later(
    stream, files: Path, monkeypatch
) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    turn, at = sweeping.Turns(), timezone.now() + timedelta(days=3)
    put(files, stream.organization, *(f"imports/{n}" for n in range(5)))
    monkeypatch.setattr(sweeping, "TURN_S", 1e-9)
    gone = [turn(at) for _look in range(12)]
    assert sum(gone) == 5
    assert max(gone) <= 2, "a turn ends when its time is over"
    put(files, stream.organization, "imports/late")
    os.utime(files / str(stream.organization.pk) / "imports/late", (0, 0))
    assert turn(at) == 0
    assert [turn(at + sweeping.EVERY) for _look in range(3)].count(1) == 1
    assert "files" in DUE_SOURCES
