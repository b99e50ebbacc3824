"""`sluice.py`: it fetches snapshots, goes on where a download broke off, and verifies them alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from projects.streams import media
from slices.definitions.actions import Definition, current
from slices.models import Snapshot
from slices.runs.claiming import claim
from slices.runs.completing import Report, complete
from slices.snapshots import rows
from slices.snapshots.actions import freeze_now
from teams.events.sealing import seal
from teams.models import Event
from tests.factories import ProjectFactory, QueueFactory, RunFactory, StreamFactory, token
from tests.house.world import PNG
from tests.slices.test_evidence import overwrite, stored
from tests.slices.test_snapshots import labelled, slice_of

pytestmark = pytest.mark.django_db(transaction=True)
WEIGHTS = b"the weights of a model"


class Door(ThreadingHTTPServer):
    """The application behind a real socket; `cut` makes it hang up in the middle of large answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cut, self.busy, self.asked = 0, 0, []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Door

    def do_GET(self) -> None:
        self.answer("GET", b"")

    def do_POST(self) -> None:
        self.answer("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def answer(self, method: str, body: bytes) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        if self.server.busy:
            self.server.busy -= 1
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        try:
            got = Client(headers=headers).generic(method, self.path, body, content_type="application/json")
            content = got.getvalue()
        finally:
            connection.close()  # each request has a thread of its own
        self.send_response(got.status_code)
        for name, value in ({"Content-Length": str(len(content))} | dict(got.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.cut and self.path.endswith("format=jsonl") and len(content) > 100:
            self.server.cut -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def door() -> Any:
    running = Door()
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def snapshot() -> Snapshot:
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits")))
    digest = media.digest_of(queue.organization, PNG)
    media.keep(queue.organization, {digest: PNG})
    for n in range(6):
        labelled(queue, label=str(n), key=f"k{n}", text=f"text {n}", media_uri=f"sluice:{digest}")
    version = current(slice_of(queue.stream, Definition()))
    return freeze_now(slice_version=version, role="train", as_of=timezone.now(), by=None)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program as anybody gets it: from the server, without a token."""
    path = tmp_path / "sluice.py"
    path.write_bytes(Client().get("/sluice.py").content)
    return path


def work() -> None:
    """A worker, in a thread."""
    try:
        call_command("work", "--once")
    finally:
        connection.close()


def trained(snapshot: Snapshot) -> None:
    """A run on it that succeeds."""
    run = RunFactory(project=snapshot.project, snapshot=snapshot, slice_version=snapshot.slice_version)
    user = token(snapshot.organization, snapshot.project)[0].user
    taken = claim(
        organization=snapshot.organization,
        projects=[snapshot.project_id],
        pools=["default"],
        claim_id="c",
        worker="w",
        by=user,
    )
    assert taken is not None
    model = {"version": "7", "digest": "sha256:" + hashlib.sha256(WEIGHTS).hexdigest()}
    run.refresh_from_db()
    complete(run=run, token=run.lease_token, report=Report("succeeded", model=model), body={"x": 1}, by=user)
    seal()


def run(program: Path, door: Door | None, *words: Any, secret: str = "", python: str = sys.executable) -> Any:
    said = {"SLUICE_URL": door.url, "SLUICE_TOKEN": secret, "SLUICE_PAUSE": "0.01"} if door else {}
    environment = {"PATH": os.environ["PATH"], "HOME": str(program.parent), **said}
    words = (python, "-I", str(program), *map(str, words))
    return subprocess.run(words, env=environment, cwd=program.parent, capture_output=True, text=True)


@pytest.fixture
def pulled(snapshot: Snapshot, program: Path, door: Door, tmp_path: Path) -> Path:
    """A folder that was pulled, of a snapshot on which a model was trained."""
    trained(snapshot)
    secret = token(snapshot.organization, snapshot.project)[1]
    done = run(program, door, "pull", snapshot.pk, "--to", tmp_path / "data", secret=secret)
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path / "data"


def checks(program: Path, folder: Path, *words: Any) -> dict[str, Any]:
    """{check: whether it holds}, for an offline verification."""
    done = run(program, None, "verify", folder, *words, "--json")
    found = json.loads(done.stdout)["checks"]
    assert done.returncode == (1 if any(one["holds"] is False for one in found) else 0)
    return {one["name"]: one["holds"] for one in found}


GOOD = {"manifest": True, "contents": True, "definition": True, "rows": True, "audit": True, "model": True}


def test_data_is_proven_to_model_without_a_connection(pulled, program, tmp_path) -> None:
    model, other = tmp_path / "m.bin", tmp_path / "other.bin"
    model.write_bytes(WEIGHTS)
    other.write_bytes(b"something else")
    assert checks(program, pulled) == GOOD
    assert checks(program, pulled, "--model", model) == GOOD | {"model file": True}
    assert checks(program, pulled, "--model", other) == GOOD | {"model file": False}
    said = run(program, None, "verify", pulled, "--model", model)
    assert "holds          model: Run " in said.stdout
    assert "m.bin is digits@7." in said.stdout


def changed(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "broken"),
    [
        ("rows", b'"text 3"', b'"text 4"', {"rows"}),
        ("rows", b'"split":"train"', b'"split":"val"', {"rows"}),
        ("manifest.csv", b"train", b"val", {"manifest", "rows"}),
        ("evidence.json", b'"n_total": 6', b'"n_total": 7', {"manifest"}),
        ("evidence.json", b"run.succeeded", b"run.failed", {"audit"}),
    ],
)
def test_whatever_is_changed_is_found(pulled, program, file, old, new, broken) -> None:
    path = next(pulled.glob("*.jsonl")) if file == "rows" else pulled / file
    changed(path, old, new)
    found = checks(program, pulled)
    wrong = {name for name, holds in found.items() if holds is False}
    assert wrong - {path.name} == broken


def test_digests_and_keys_that_are_others_prove_nothing(pulled, program) -> None:
    digests = (pulled / "digests.bin").read_bytes()
    (pulled / "digests.bin").write_bytes(digests[32:] + digests[:32])
    assert checks(program, pulled)["contents"] is False
    (pulled / "digests.bin").write_bytes(digests)
    evidence = json.loads((pulled / "evidence.json").read_text())
    (pulled / "evidence.json").write_text(json.dumps(evidence | {"key": "0" * 64}))
    assert checks(program, pulled)["rows"] is False
    (pulled / "evidence.json").write_text(json.dumps(evidence | {"definition": "{}"}))
    assert checks(program, pulled)["definition"] is False


def test_a_row_that_is_missing_was_erased_or_is_a_fault(pulled, program, snapshot, api) -> None:
    path = next(pulled.glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    found = checks(program, pulled)
    assert (found["rows"], found["erased"]) == (True, False)
    name = rows.rows_name(snapshot)
    overwrite(name, b"".join(stored(name).splitlines(keepends=True)[i] for i in (0, 1, 3, 4)))
    script = api(token(snapshot.organization, snapshot.project)[1])
    evidence = script.get(f"/api/v1/snapshots/{snapshot.pk}/evidence").json()
    gone = [json.loads(lines[n])["example_id"] for n in (2, 5)]
    assert evidence["erased"] == gone
    (pulled / "evidence.json").write_text(json.dumps(evidence))
    assert checks(program, pulled)["erased"] is True
    path.write_bytes(lines[0] + lines[3])
    assert checks(program, pulled)["erased"] is False, "two more than the evidence knows of"


def test_a_download_that_breaks_off_goes_on_and_ends_whole(snapshot, program, door, tmp_path) -> None:
    secret = token(snapshot.organization, snapshot.project)[1]
    door.cut, door.busy = 3, 2
    done = run(program, door, "pull", snapshot.pk, "--to", "data", "--json", secret=secret)
    assert (done.returncode, done.stderr) == (0, "")
    name = rows.rows_name(snapshot)
    [file] = json.loads(done.stdout)["files"]
    assert (tmp_path / "data" / file["name"]).read_bytes() == stored(name)
    assert file["sha256"] == hashlib.sha256(stored(name)).hexdigest()
    ranges = [asked for path, asked in door.asked if path.endswith("format=jsonl")]
    size = len(stored(name))
    assert ranges[:2] == [None, f"bytes={size // 2}-"]
    assert len(ranges) == 4
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        file["name"], "manifest.csv", "digests.bin", "evidence.json", "pulled.json",
    }  # fmt: skip
    assert Event.objects.filter(kind="snapshot.downloaded").count() == 1, (
        "the parts of one download count once"
    )
    door.asked.clear()
    run(program, door, "pull", snapshot.pk, "--to", "data", secret=secret)
    assert Event.objects.filter(kind="snapshot.downloaded").count() == 1, (
        "what is here already is not fetched again"
    )


def test_a_file_that_was_changed_meanwhile_is_fetched_from_its_beginning(
    snapshot, program, door, tmp_path
) -> None:
    secret = token(snapshot.organization, snapshot.project)[1]
    (tmp_path / "data").mkdir()
    part = tmp_path / "data" / f"snapshot-{snapshot.pk}.jsonl.part"
    part.write_bytes(b"of another file")
    part.with_name(part.name.replace(".part", ".etag")).write_text('"0000"')
    done = run(program, door, "pull", snapshot.pk, "--to", "data", secret=secret)
    assert (done.returncode, checks(program, tmp_path / "data")["rows"]) == (0, True)


@pytest.mark.parametrize("kind", ["parquet", "jsonl.gz"])
def test_other_formats_are_made_and_are_the_servers_files(snapshot, program, door, tmp_path, kind) -> None:
    secret = token(snapshot.organization, snapshot.project)[1]
    worker = threading.Timer(1, work)
    worker.start()
    done = run(program, door, "pull", snapshot.pk, "--to", "data", "--format", kind, secret=secret)
    worker.join()
    assert (done.returncode, done.stderr) == (0, "")
    found = checks(program, tmp_path / "data")
    assert found[f"snapshot-{snapshot.pk}.{kind}"] is True
    assert found["rows"] is (True if kind == "jsonl.gz" else None)
    changed(tmp_path / "data" / f"snapshot-{snapshot.pk}.{kind}", b"\x00", b"\x01")
    assert checks(program, tmp_path / "data")[f"snapshot-{snapshot.pk}.{kind}"] is False


def test_rows_with_pictures_are_verified_too(snapshot, program, door, tmp_path) -> None:
    secret = token(snapshot.organization, snapshot.project)[1]
    worker = threading.Timer(1, work)
    worker.start()
    done = run(program, door, "pull", snapshot.pk, "--to", "data", "--pictures", secret=secret)
    worker.join()
    assert done.returncode == 0, done.stderr
    [file] = (tmp_path / "data").glob("*.jsonl")
    assert all(json.loads(line)["media_base64"] for line in file.read_text().splitlines())
    assert checks(program, tmp_path / "data")["rows"] is True


@pytest.mark.parametrize("python", ["python3.9", "python3.13"])
def test_it_runs_on_old_and_new_pythons(pulled, program, python) -> None:
    there = subprocess.run([python, "-c", "pass"], capture_output=True)
    if there.returncode:
        pytest.skip(f"no {python} here")
    done = run(program, None, "verify", pulled, python=python)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_goes_wrong_is_said_in_a_sentence(snapshot, program, door, tmp_path) -> None:
    stranger = token(ProjectFactory().organization)[1]
    done = run(program, door, "pull", snapshot.pk, secret=stranger)
    assert (done.returncode, "404" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    done = run(program, None, "verify", tmp_path)
    assert (done.returncode, "evidence.json cannot be read" in done.stderr) == (1, True)
    assert run(program, None, "pull", 1).returncode == 2
    assert run(program, None, "dance").returncode == 2


def test_the_list_of_members_has_the_manifests_hash_and_is_served_in_parts(snapshot, api) -> None:
    script = api(token(snapshot.organization, snapshot.project)[1])
    url = f"/api/v1/snapshots/{snapshot.pk}/members"
    whole = script.get(url)
    content = whole.getvalue()
    assert (hashlib.sha256(content).hexdigest(), content.count(b"\n")) == (snapshot.manifest_sha256, 6)
    part = script.get(url, headers={"range": "bytes=10-", "if-range": whole["ETag"]})
    assert (part.status_code, part.getvalue()) == (206, content[10:])


def test_a_snapshot_of_before_there_were_keys_says_what_cannot_be_proven(
    snapshot, program, door, tmp_path
) -> None:
    values = {
        field.name: getattr(snapshot, field.name)
        for field in Snapshot._meta.fields
        if field.name not in ("id", "evidence_version", "as_of")
    }
    old = Snapshot.objects.create(**values, as_of=snapshot.as_of - timedelta(days=1))
    for ending in ("", ".sha256"):
        path = Path(default_storage.path(rows.rows_name(old) + ending))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored(rows.rows_name(snapshot) + ending))
    secret = token(snapshot.organization, snapshot.project)[1]
    done = run(program, door, "pull", old.pk, "--to", "data", secret=secret)
    assert (done.returncode, done.stderr) == (0, "")
    found = checks(program, tmp_path / "data")
    assert (found["manifest"], found["contents"]) == (True, None)
