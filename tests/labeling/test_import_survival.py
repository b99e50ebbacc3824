"""The same rows three times, the worker killed in the middle: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from labeling.models import Import, RejectedRow
from projects.models import Example
from teams.work import jobs
from tests.factories import LabelSchemaFactory, ProjectFactory, StreamFactory, token
from tests.labeling.importing import counts, sender, work

ROOT = Path(__file__).resolve().parents[2]
ROWS, BAD_EVERY = 5000, 500
pytestmark = pytest.mark.django_db(transaction=True)


def body() -> bytes:
    """Rows with labels, one in five hundred of them wrong."""
    rows = (
        {
            "key": f"k{n}",
            "attributes": {"store": "a", "weight": "heavy" if n % BAD_EVERY == 7 else n},
            "labels": [{"answer": {"digit": str(n % 10)}, "by": f"p{n % 3}"}],
        }
        for n in range(ROWS)
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def worker() -> subprocess.Popen[bytes]:
    """A worker of its own, on the test's database and files."""
    one = settings.DATABASES["default"]
    url = (
        f"postgres://{one['USER']}:{one['PASSWORD']}@{one['HOST'] or 'localhost'}:{one['PORT']}/{one['NAME']}"
    )
    environment = os.environ | {
        "TEST_DATABASE": json.dumps(
            {name: str(one[name] or "") for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        ),
        "TEST_MEDIA": str(settings.MEDIA_ROOT),
        "URL": url,
    }
    return subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment)


PROGRAM = """
import json, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from django.conf import settings
settings.DATABASES["default"].update(json.loads(os.environ["TEST_DATABASE"]))
settings.MEDIA_ROOT = os.environ["TEST_MEDIA"]
import django
django.setup()
from labeling.imports import batches
batches.ROWS = 100
from django.core.management import call_command
call_command("work")
"""


def test_killed_again_and_again_an_import_takes_each_row_once(api: Any) -> None:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    LabelSchemaFactory(project=stream.project, version=1)
    send = sender(api(token(stream.organization, stream.project)[1]))
    row = send(body(), format="ndjson", runs=False)
    kills, seen = 0, 0
    while kills < 3:
        process = worker()
        try:
            seen = wait_for_more(row["id"], seen)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        kills += 1
        jobs.reap(timezone.now() + timedelta(hours=1))
    assert 0 < Example.objects.count() < ROWS - ROWS // BAD_EVERY, "it was killed in the middle"
    work()
    bad = ROWS // BAD_EVERY
    done = Import.objects.get()
    assert (done.state, done.rows_done, done.created, done.rejected, done.labels) == (
        "done",
        ROWS,
        ROWS - bad,
        bad,
        ROWS - bad,
    )
    assert (Example.objects.count(), RejectedRow.objects.count()) == (ROWS - bad, bad)
    for _again in range(2):
        assert counts(send(body(), format="ndjson")) == {"unchanged": ROWS - bad, "rejected": bad}
    assert Example.objects.count() == ROWS - bad


def wait_for_more(pk: int, seen: int) -> int:
    """Until some more batches are committed; how far it is then."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        done = Import.objects.get(pk=pk).rows_done
        if done >= seen + 200:
            return done
        time.sleep(0.02)
    raise AssertionError("the worker does not get on")
