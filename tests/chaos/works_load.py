"""Whoever brings files and wants files, in a process that is not killed; what it was promised is checked at its end."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.db import Error, connection
from django.test import Client
from django.utils import timezone

from projects.conditions import Condition
from projects.models import Example
from slices.definitions.actions import Definition, create_slice
from slices.models import Slice, Snapshot
from slices.snapshots.actions import request_freeze
from teams.access.actions import issue_token
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.identity.roles import PIPELINE, Role, verbs_of
from teams.models import Job
from teams.work import jobs
from teams.work.clock import DUE_SOURCES
from tests.chaos.ledger import Ledger
from tests.chaos.works_checks import violations
from tests.factories import LabelSchemaFactory, ProjectFactory, StreamFactory, member

BATCH, BAD_EVERY, SECRET_EVERY = 40, 500, 50
SECRET = "secret-"
STREAM = "/api/v1/projects/digits/streams/tags"
FIELDS = [
    {"name": "store", "type": "string", "promoted": True},
    {"name": "camera", "type": "string", "promoted": True},
    {"name": "weight", "type": "number", "promoted": True},
]
FORMATS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("parquet", {"rows_per_file": 1000}),
    ("jsonl.gz", {}),
    ("csv", {}),
)
CONDITIONS = {"all": "", "store": "store = 'store-1'", "heavy": "weight > 70"}
PATIENCE_S = 300.0


class Load:
    """The world and its clients."""

    def __init__(self, folder: Path) -> None:
        declared = [{"name": "store", "type": "string", "column": "k1"}]
        declared += [{"name": "camera", "type": "string"}, {"name": "weight", "type": "number"}]
        self.stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"), fields=declared)
        self.project, self.organization = self.stream.project, self.stream.organization
        LabelSchemaFactory(project=self.project, version=1)
        self.manager: User = member(self.organization, Role.OWNER)
        verbs = sorted(verbs_of(Role.OWNER) | PIPELINE)
        _row, text = issue_token(
            organization=self.organization, user=self.manager, name="load", verbs=verbs, by=self.manager
        )
        headers = {"authorization": f"Bearer {text}"}
        self.script = Client(raise_request_exception=False, headers=headers, SERVER_NAME="localhost")
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.random, self.batches = random.Random(7), 0
        self.slices = [self.slice(slug, condition) for slug, condition in CONDITIONS.items()]

    def slice(self, slug: str, condition: str) -> Slice:
        """One that takes whatever has arrived, labelled or not."""
        node = Condition.from_text(condition, self.stream).json
        given = Definition(condition=node, labels="any", splits=("train", "val"))
        return create_slice(stream=self.stream, slug=slug, name=slug, definition=given, by=self.manager)

    def post(self, url: str, said: Any, **headers: str) -> Any:
        """Until it is answered: whoever lost its connection asks again."""
        kind = "application/octet-stream" if isinstance(said, bytes) else "application/json"
        return again(lambda: self.script.post(url, said, content_type=kind, headers=headers))

    def bring(self, rows: int) -> int:
        """A file; the number of its import."""
        query = urlencode({"format": "ndjson", "filename": "rows.ndjson"})
        answer = self.post(f"{STREAM}/imports?{query}", body(rows), **{"Idempotency-Key": "the-file"})
        assert answer.status_code == 201, answer.content
        return int(answer.json()["id"])

    def arrive(self) -> None:
        """A batch, like that of a camera."""
        keys = [f"{SECRET if row == 0 else ''}cam-{self.batches:05}-{row:02}" for row in range(BATCH)]
        rows = [{"key": key, "text": key, "attributes": attributes(n)} for n, key in enumerate(keys)]
        self.ledger.sends(keys)
        answer = self.post(f"{STREAM}/examples", {"examples": rows})
        assert answer.status_code == 200, answer.content
        self.ledger.accepts(answer.json()["rows"])
        self.batches += 1

    def freeze(self, slice: Slice) -> None:
        """A slice, unless it is being frozen or has nothing in it yet."""
        with suppress(Refused):
            again(lambda: request_freeze(slice=slice, by=self.manager))

    def export(self, snapshot: Snapshot) -> None:
        """In every format."""
        for format, options in FORMATS:
            url = f"/api/v1/snapshots/{snapshot.pk}/exports"
            answer = self.post(url, {"format": format, "options": options})
            assert answer.status_code in (200, 202), answer.content

    def promote(self) -> None:
        """All attributes get a column."""
        answer = self.post(f"{STREAM}/fields", {"fields": FIELDS})
        assert answer.status_code in (200, 202), answer.content

    def erase(self) -> int:
        """Every secret that is here; how many."""
        rows = again(lambda: list(self.secrets().values_list("key", flat=True)))
        for start in range(0, len(rows), 500):
            said = {"stream": "tags", "keys": rows[start : start + 500]}
            answer = self.post("/api/v1/projects/digits/erasures", said)
            assert answer.status_code == 201, answer.content
        return len(rows)

    def secrets(self) -> Any:
        """The examples that go."""
        return Example.objects.filter(organization=self.organization, key__startswith=SECRET)


def attributes(n: int) -> dict[str, Any]:
    """What is known of a row beforehand."""
    return {"store": f"store-{n % 5}", "camera": f"camera-{n % 17}", "weight": n % 100}


def key_of(n: int) -> str:
    """The key of a row of the file."""
    return f"{SECRET if n % SECRET_EVERY == 3 else ''}file-{n:06}"


def body(rows: int) -> bytes:
    """The file; one row in five hundred is wrong."""
    lines = (
        {
            "key": key_of(n),
            "text": key_of(n),
            "attributes": attributes(n) | ({"weight": "heavy"} if n % BAD_EVERY == 7 else {}),
            "labels": [{"answer": {"digit": str(n % 10)}, "by": f"p{n % 3}"}],
        }
        for n in range(rows)
    )
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def again(ask: Callable[[], Any]) -> Any:
    """Ask until there is an answer that is not our own connection's fault."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = ask()
            if getattr(answer, "status_code", 200) < 500:
                return answer
        except Error:
            pass
        assert time.monotonic() < end, "nobody answers"
        connection.close()
        time.sleep(0.2)


def eventually(so: Callable[[], bool]) -> None:
    """Wait until it is so; jobs that have given up are tried again, as an operator does."""
    end = time.monotonic() + PATIENCE_S
    while not again(so):
        assert time.monotonic() < end, f"it never came to be: {undone()}"
        again(revive)
        time.sleep(0.3)


def revive() -> int:
    """Try every job again that has given up; how many."""
    dead = list(Job.objects.dead().select_related("organization"))
    for job in dead:
        jobs.retry(job=job, by=None)
    return len(dead)


def undone() -> list[tuple[str, str, str]]:
    """What is still to be done."""
    return list(Job.objects.exclude(state="done").values_list("kind", "state", "error"))


def main(folder: str, *, rows: int, seconds: float) -> None:
    """Load for so long and until the file is read; then erase, wait for calm, check, and write the outcome down."""
    load = Load(Path(folder))
    print("begun", flush=True)
    source = load.bring(rows)
    went_on(load, source, seconds)
    load.erase()
    print("everything is asked for", flush=True)
    eventually(lambda: not undone())
    swept = calm(load)
    found = violations(load.stream, load.ledger, rows=rows, source=source)
    works = counted(load, rows, swept)
    Path(folder, "outcome.json").write_text(json.dumps({"works": works, "violations": found}))


def went_on(load: Load, source: int, seconds: float) -> None:
    """Everything at once, for so long and until the import has ended."""
    began, exported, steps = time.monotonic(), set[int](), 0
    promoted = erased = False
    while not is_over(load, source) or time.monotonic() - began < seconds:
        spent = time.monotonic() - began
        assert spent < seconds + PATIENCE_S, "the import never ends"
        load.arrive()
        if steps % 6 == 2:
            load.freeze(load.random.choice(load.slices))
        for snapshot in again(lambda: list(load.organization.snapshots.exclude(pk__in=exported)[:1])):
            load.export(snapshot)
            exported.add(snapshot.pk)
        if not promoted and spent > seconds * 0.25:
            promoted = bool(load.promote()) or True
        if not erased and spent > seconds * 0.5 and has_begun(load, source):
            erased = bool(load.erase())
        again(revive)
        steps += 1
        time.sleep(0.1)


def has_begun(load: Load, source: int) -> bool:
    """Whether rows of the file are taken; an erasure removes the file of an import that has given up."""
    row = again(lambda: load.organization.imports.get(pk=source))
    return bool(row.state in ("running", "done") and row.rows_done)


def is_over(load: Load, source: int) -> bool:
    """Whether the import is done; one that gave up, for every worker that had it was killed, is resumed."""
    state = again(lambda: load.organization.imports.get(pk=source).state)
    if state == "failed":
        again(lambda: load.script.post(f"/api/v1/imports/{source}/resume"))
    return bool(state == "done")


def calm(load: Load) -> int:
    """What was put away is made again, notes are folded, and what the dead have left is swept; how many files."""
    for snapshot in load.organization.snapshots.order_by("-pk")[:3]:
        load.export(snapshot)
    eventually(lambda: not undone() and not load.organization.example_changes.exists())
    eventually(lambda: not load.organization.keepings.filter(is_settled=False).exists() and not undone())
    in_three_days = timezone.now() + timedelta(days=3)
    return sum(DUE_SOURCES[name](in_three_days) for name in ("exports", "files", "import-files"))


def counted(load: Load, rows: int, swept: int) -> dict[str, int]:
    """How much was done."""
    organization = load.organization
    return {
        "imported": rows,
        "arrived": len(load.ledger.accepted),
        "snapshots": organization.snapshots.count(),
        "exports": organization.exports.filter(state="ready").count(),
        "erased": organization.tombstones.count(),
        "promoted": organization.field_works.filter(kind="promote", state="done").count(),
        "jobs": Job.objects.filter(state="done").count(),
        "swept": swept,
    }
