"""The checks after chaos find what they are for: each thing broken on purpose is one sentence, and calm is none."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from projects.models import Example
from slices.models import SliceCount
from slices.snapshots.rows import rows_name
from teams.work import clock
from tests.chaos import works_checks as checks
from tests.chaos.works_load import Load

ROWS = 60
pytestmark = pytest.mark.django_db(transaction=True)


def work() -> None:
    for _turn in range(3):
        call_command("work", "--all", "--once")
        clock.tick(timezone.now())


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A world in which everything was done once, and nobody died."""
    made = Load(tmp_path)
    made.source = made.bring(ROWS)
    made.arrive()
    work()
    made.freeze(made.slices[0])
    work()
    made.promote()
    made.erase()
    work()
    made.export(made.organization.snapshots.get())
    work()
    return made


def found(load: Load) -> list[str]:
    return checks.violations(load.stream, load.ledger, rows=ROWS, source=load.source)


def test_calm_is_no_violation_and_every_break_is_one(load, files: Path) -> None:
    assert found(load) == []
    stream, organization, snapshot = load.stream, load.organization, load.organization.snapshots.get()
    example, job = Example.objects.filter(stream=stream).latest("pk"), organization.jobs.latest("pk")

    def only(check: Callable[..., Any], *given: Any) -> str:
        [sentence] = check(*given)
        return str(sentence)

    load.ledger.accepted["ghost"] = 7
    assert only(checks.arrivals, stream, load.ledger) == "ghost was accepted as 7 and is None"
    load.ledger.accepted.pop("ghost")
    load.ledger.created["cam-00000-01"] = 2
    assert only(checks.arrivals, stream, load.ledger) == "cam-00000-01 was created 2 times"

    organization.imports.update(labels=F("labels") + 1)
    assert only(checks.imported, stream, load.source, ROWS) == "the import says 60 labels of 59"

    SliceCount.objects.filter(pk=SliceCount.objects.earliest("pk").pk).update(n=F("n") + 1)
    assert only(checks.counts, stream).startswith("slice ")

    Example.objects.filter(pk=example.pk).update(k2="another")
    assert only(checks.columns, stream) == "1 rows have another camera in k2 than in their JSON"

    lines = Path(default_storage.path(rows_name(snapshot)))
    whole = lines.read_bytes()
    lines.write_bytes(whole.replace(b"store-1", b"store-2", 1))
    assert list(checks.snapshots(organization)) == [
        f"the lines of snapshot {snapshot.pk} are not those that were frozen",
        f"the lines of snapshot {snapshot.pk} have another digest beside them",
    ]
    lines.write_bytes(whole)

    export = organization.exports.filter(state="ready", format="csv").get()
    half = Path(default_storage.path(export.shards[0]["kept_as"]))
    half.write_bytes(half.read_bytes()[:-5])
    name = export.shards[0]["name"]
    assert only(checks.exports, organization) == f"{name} of export {export.pk} is not what it is said to be"
    organization.exports.filter(pk=export.pk).update(shards=[export.shards[0] | {"sha256": "0" * 64}])
    assert list(checks.exports(organization)) == [
        f"{name} of export {export.pk} is not what it is said to be",
        f"export {export.pk} (csv) made afresh is another",
    ]

    (files / "drafts" / "half").write_bytes(b"")
    assert only(checks.strange_files, organization) == "drafts/half is there and nothing names it"
    (files / "drafts" / "half").unlink()
    lines.unlink()
    assert only(checks.strange_files, organization) == f"{rows_name(snapshot)} is named and is not there"
    lines.write_bytes(whole)

    Example.objects.filter(pk=example.pk).update(text="secret-cam")
    assert only(checks.traces, "secret-") == "1 rows of projects_example hold an erased key"
    Example.objects.filter(pk=example.pk).update(text="")
    (files / "left.gz").write_bytes(gzip.compress(b"secret-file"))
    assert only(checks.traces, "secret-") == "left.gz holds an erased key"

    organization.jobs.filter(pk=job.pk).update(state="dead", error="OSError: no room")
    assert only(checks.undone, organization) == f"job {job.kind} is dead: OSError: no room"
