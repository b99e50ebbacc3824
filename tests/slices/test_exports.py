"""Files of a snapshot, each loaded with the tool that its user would use; made by a job, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO

from projects.models import Example
from projects.streams import media
from slices.definitions.actions import Definition, current
from slices.models import Export, Snapshot
from slices.snapshots.actions import freeze_now
from slices.snapshots.cells import FORMULA
from slices.snapshots.exports import FORMATS, cancel_export, expire, forget_exports, request_export
from slices.snapshots.files import sweep
from slices.snapshots.making import make
from teams.identity.roles import Role
from teams.models import Event, Job
from teams.work import clock, jobs
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    LabelSchemaFactory,
    ModelVersionFactory,
    PredictionFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)
from tests.slices.test_snapshots import labelled, slice_of

pytestmark = pytest.mark.django_db(transaction=True)
ANY = Definition(labels="any", splits=("train", "val"))
FIELDS = [
    {"name": "store", "type": "string", "column": "k1"},
    {"name": "weight", "type": "number", "column": "n1"},
    {"name": "open", "type": "boolean"},
    {"name": "seen", "type": "timestamp"},
    {"name": "tags", "type": "string[]"},
]
DB = settings(max_examples=12, suppress_health_check=list(HealthCheck))
# What PostgreSQL keeps of a text: anything but NUL and halves of a surrogate pair.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
FIRST = "=+-@\t\r\n＝＋－＠'"


def freeze(stream: Any, definition: Any = ANY) -> Snapshot:
    return freeze_now(
        slice_version=current(slice_of(stream, definition)), role="train", as_of=timezone.now(), by=None
    )


@pytest.fixture
def snapshot() -> Snapshot:
    """Five members of two splits: four labelled, one not; odd attributes among them."""
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits"), fields=FIELDS))
    rows = [
        {"store": "a", "weight": 2.5, "open": True, "seen": "2026-03-01T10:00:00+02:00", "tags": ["x", "y"]},
        {"store": "=cmd()", "weight": -1, "open": False},
        {"store": None, "weight": "heavy", "other": [1, {"deep": None}]},
        {},
    ]
    for n, attributes in enumerate(rows):
        labelled(
            queue,
            label=str(n),
            key=f"k{n}",
            text=f"text {n}",
            attributes=attributes,
            bucket=[5000, 500][n % 2],
        )
    bare = ExampleFactory(stream=queue.stream, key="bare", bucket=5000)
    model = ModelVersionFactory(project=queue.project, name="m", version="1")
    PredictionFactory(example=bare, model_version=model, label="9", confidence=0.25)
    queue.stream.split_policies.update(test_until=0, val_until=1000)
    return freeze(queue.stream)


def made(snapshot: Snapshot, kind: str, **options: Any) -> Export:
    export = request_export(snapshot=snapshot, format=kind, options=options, by=None)
    call_command("work", "--once")
    export.refresh_from_db()
    assert (export.state, export.error) == ("ready", "")
    return export


def content(export: Export, name: str | None = None) -> bytes:
    [file] = [file for file in [*export.shards, export.archive or {}] if name in (None, file.get("name"))][:1]
    with default_storage.open(file["kept_as"]) as opened:
        return bytes(opened.read())


def unpacked(export: Export, folder: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(content(export, export.archive["name"]))) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"snapshot-{export.snapshot_id}"


def test_parquet_has_a_typed_column_for_each_declared_attribute_and_what_models_said(snapshot) -> None:
    export = made(snapshot, "parquet")
    table = pq.read_table(io.BytesIO(content(export, f"snapshot-{snapshot.pk}.parquet")))
    rows = table.to_pylist()
    assert [row["attr_store"] for row in rows] == ["a", "=cmd()", None, None, None]
    assert [row["attr_weight"] for row in rows] == [2.5, -1.0, None, None, None]
    assert [row["attr_open"] for row in rows] == [True, False, None, None, None]
    assert rows[0]["attr_seen"].isoformat() == "2026-03-01T08:00:00+00:00"
    assert rows[0]["attr_tags"] == ["x", "y"]
    assert json.loads(rows[2]["attributes"]) == {
        "store": None,
        "weight": "heavy",
        "other": [1, {"deep": None}],
    }
    assert [row["label"] for row in rows] == ["0", "1", "2", "3", None]
    assert rows[4]["predictions"] == [{"model": "m", "version": "1", "label": "9", "confidence": 0.25}]
    assert table.schema.field("captured_at").type == pa.timestamp("us", tz="UTC")
    frame = pd.read_parquet(io.BytesIO(content(export, f"snapshot-{snapshot.pk}.parquet")))
    assert frame.groupby("split").size().to_dict() == {"train": 3, "val": 2}


def test_many_rows_are_several_files_that_together_are_the_same_table(snapshot) -> None:
    export = made(snapshot, "parquet", rows_per_file=2)
    assert [(file["name"], file["rows"]) for file in export.shards if file["rows"]] == [
        (f"snapshot-{snapshot.pk}-00000-of-00003.parquet", 2),
        (f"snapshot-{snapshot.pk}-00001-of-00003.parquet", 2),
        (f"snapshot-{snapshot.pk}-00002-of-00003.parquet", 1),
    ]
    parts = [
        pq.read_table(io.BytesIO(content(export, file["name"]))) for file in export.shards if file["rows"]
    ]
    whole = made(snapshot, "parquet")
    assert pa.concat_tables(parts).to_pylist() == (
        pq.read_table(io.BytesIO(content(whole, f"snapshot-{snapshot.pk}.parquet"))).to_pylist()
    )


def test_lines_are_what_was_frozen_packed_or_not(snapshot) -> None:
    plain, packed = content(made(snapshot, "jsonl")), content(made(snapshot, "jsonl.gz"))
    assert gzip.decompress(packed) == plain
    frame = pd.read_json(io.BytesIO(packed), lines=True, compression="gzip")
    assert list(frame["key"]) == ["k0", "k1", "k2", "k3", "bare"]
    assert json.loads(plain.splitlines()[4])["predictions"] == [
        {"label": "9", "model": "m", "version": "1", "confidence": 0.25}
    ]


def test_csv_opens_in_pandas_and_holds_no_formula(snapshot) -> None:
    export = made(snapshot, "csv")
    frame = pd.read_csv(io.BytesIO(content(export)))
    assert list(frame["attr_store"].fillna("")) == ["a", "'=cmd()", "", "", ""]
    assert list(frame["attr_weight"].fillna("")) == ["2.5", "'-1", "", "", ""]
    assert json.loads(frame["answer"][0]) == {"digit": "0"}
    assert len(export.lossy) == 3


def round_trip(cell: str) -> str:
    """What the documentation says: one apostrophe less where it is followed by what begins a formula."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


@DB
@given(st.lists(st.tuples(TEXTS, st.sampled_from(["", *FIRST]), TEXTS), min_size=1, max_size=8))
def test_whatever_text_there_is_no_cell_begins_a_formula_and_the_text_comes_back(odd) -> None:
    stream = StreamFactory(fields=FIELDS)
    keys = [f"k{n}" for n in range(len(odd))]
    for key, (text, first, rest) in zip(keys, odd, strict=True):
        ExampleFactory(stream=stream, key=key, text=first + rest, attributes={"store": first + text})
    frozen = freeze(stream)
    exported = {kind: made(frozen, kind) for kind in ("csv", "jsonl", "parquet")}
    wanted = [(first + rest, first + text) for text, first, rest in odd]
    cells = list(csv.DictReader(io.StringIO(content(exported["csv"]).decode(), newline="")))
    dangerous = tuple("=+-@\t\r＝＋－＠")
    assert not [cell for row in cells for cell in row.values() if cell.startswith(dangerous)]
    assert [(round_trip(row["text"]), round_trip(row["attr_store"])) for row in cells] == wanted
    lines = [json.loads(line) for line in content(exported["jsonl"]).split(b"\n") if line]
    assert [(row["text"], row["attributes"]["store"]) for row in lines] == wanted
    table = pq.read_table(io.BytesIO(content(exported["parquet"], f"snapshot-{frozen.pk}.parquet")))
    assert [(row["text"], row["attr_store"]) for row in table.to_pylist()] == wanted


def test_hugging_face_loads_the_folder_without_a_network(snapshot, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    import datasets

    export = made(snapshot, "huggingface")
    folder = unpacked(export, tmp_path)
    assert (folder / "data/train-00000-of-00001.parquet").exists()
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3, "validation": 2}
    labels = loaded["train"].features["label"]
    assert isinstance(labels, datasets.ClassLabel)
    assert labels.names == [str(n) for n in range(10)]
    assert [None if n is None else labels.int2str(n) for n in loaded["train"]["label"]] == ["0", "2", None]
    assert loaded["train"][0]["attr_tags"] == ["x", "y"]
    assert loaded["train"][2]["predictions"][0]["label"] == "9"
    said = json.loads((folder / "export.json").read_text())
    assert (said["manifest_sha256"], said["rows"], len(said["lossy"])) == (snapshot.manifest_sha256, 5, 1)


def png(width: int, height: int, colour: int = 0) -> bytes:
    data = io.BytesIO()
    Image.new("L", (width, height), colour).save(data, "PNG")
    return data.getvalue()


def test_pictures_go_into_the_rows_when_they_are_asked_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    queue = QueueFactory()
    picture = png(4, 3)
    digest = media.digest_of(queue.organization, picture)
    media.keep(queue.organization, {digest: picture})
    labelled(queue, media_uri=f"sluice:{digest}", media_type="image/png")
    labelled(queue)
    frozen = freeze(queue.stream)
    lines = content(made(frozen, "jsonl", media="inline")).splitlines()
    assert [bool(json.loads(line)["media_base64"]) for line in lines] == [True, False]
    folder = unpacked(made(frozen, "huggingface", media="inline"), tmp_path)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]
    assert (loaded[0]["image"].size, loaded[1]["image"]) == ((4, 3), None)


def marked(queue: Any, answer: Any, **fields: Any) -> Any:
    task = TaskFactory(queue=queue, example=ExampleFactory(stream=queue.stream, **fields), state="accepted")
    return AnnotationFactory(task=task, label="", answer=answer)


def test_coco_has_boxes_and_polygons_in_pixels(tmp_path) -> None:
    queue = QueueFactory(schema__questions=[
        {"name": "things", "kind": "boxes", "title": "T", "options": [{"value": "cart"}, {"value": "spill"}]},
        {"name": "areas", "kind": "polygons", "title": "A", "options": [{"value": "floor"}]},
        {"name": "note", "kind": "text", "title": "N"},
    ])  # fmt: skip
    picture = png(200, 100)
    digest = media.digest_of(queue.organization, picture)
    media.keep(queue.organization, {digest: picture})
    box = {"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.25, "label": "spill"}
    triangle = {"points": [[0, 0], [1, 0], [0, 1]], "label": "floor"}
    both = {"things": [box], "areas": [triangle], "note": "wet"}
    first = marked(queue, both, media_uri=f"sluice:{digest}", media_type="image/png")
    second = marked(
        queue, {"things": [box]}, media_uri="https://x.test/b.jpg", attributes={"width": 10, "height": 20}
    )
    third = marked(queue, {"things": []}, media_uri="s3://x/c.jpg", key="third")
    frozen = freeze(queue.stream)
    export = made(frozen, "coco")
    (tmp_path / "coco.json").write_bytes(content(export, "annotations/instances_train.json"))
    coco = COCO(tmp_path / "coco.json")
    names = {row["id"]: (row["supercategory"], row["name"]) for row in coco.loadCats(coco.getCatIds())}
    assert list(names.values()) == [("things", "cart"), ("things", "spill"), ("areas", "floor")]
    images = {
        row["id"]: (row["file_name"], row["width"], row["height"]) for row in coco.loadImgs(coco.getImgIds())
    }
    assert images == {
        first.example_id: (f"{first.example_id}.png", 200, 100),
        second.example_id: ("https://x.test/b.jpg", 10, 20),
        third.example_id: ("s3://x/c.jpg", 1, 1),
    }
    found = [
        (row["image_id"], names[row["category_id"]][1], row["bbox"], row["area"], row["segmentation"])
        for row in coco.loadAnns(coco.getAnnIds())
    ]
    assert found == [
        (first.example_id, "spill", [20, 20, 100, 25], 2500, []),
        (first.example_id, "floor", [0, 0, 200, 100], 10000, [[0, 0, 200, 0, 0, 100]]),
        (second.example_id, "spill", [1, 4, 5, 5], 25, []),
    ]
    [area] = [row for row in coco.loadAnns(coco.getAnnIds()) if row["segmentation"]]
    assert coco.annToMask(area).shape == (100, 200)
    assert json.loads(content(export, "export.json"))["lossy"] == export.lossy
    assert len(export.lossy) == 3


@pytest.mark.parametrize("kind", FORMATS)
def test_after_two_weeks_it_goes_and_asked_for_again_it_is_the_same_bytes(snapshot, kind) -> None:
    first = made(snapshot, kind)
    before = {file["name"]: (file["sha256"], content(first, file["name"])) for file in first.shards}
    archive = first.archive
    Example.objects.filter(key="k1").update(text="changed", attributes={})
    for file in first.shards:
        assert hashlib.sha256(content(first, file["name"])).hexdigest() == file["sha256"]
    clock.tick(timezone.now() + timedelta(days=13))
    first.refresh_from_db()
    assert first.state == "ready"
    assert expire(timezone.now() + timedelta(days=15)) == 1
    first.refresh_from_db()
    assert (first.state, first.shards, list(stored_files(f"{snapshot.organization_id}/exports"))) == (
        "expired",
        [],
        [],
    )
    again = made(snapshot, kind)
    assert {file["name"]: (file["sha256"], content(again, file["name"])) for file in again.shards} == before
    assert (again.pk, again.archive) == (first.pk, archive)


def stored_files(folder: str) -> list[Path]:
    return [path for path in Path(default_storage.path(folder)).rglob("*") if path.is_file()]


def test_a_script_asks_waits_and_resumes_a_download_that_broke_off(snapshot, api) -> None:
    script = api(token(snapshot.organization, snapshot.project)[1])
    base = f"/api/v1/snapshots/{snapshot.pk}/exports"
    asked = script.post(base, {"format": "parquet"}, content_type="application/json")
    assert (asked.status_code, asked.json()["state"], asked.json()["rows_total"]) == (202, "queued", 5)
    assert (
        script.post(base, {"format": "parquet"}, content_type="application/json").json()["id"]
        == asked.json()["id"]
    )
    call_command("work", "--once")
    again = script.post(base, {"format": "parquet"}, content_type="application/json")
    ready = script.get(asked.json()["url"]).json()
    assert (again.status_code, again.json()) == (200, ready)
    assert (ready["state"], ready["rows_done"]) == ("ready", 5)
    file = next(file for file in ready["shards"] if file["rows"])
    whole = script.get(file["url"])
    data = whole.getvalue()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["sha256"], file["bytes"])
    rest = script.get(file["url"], headers={"range": "bytes=100-", "if-range": whole["ETag"]})
    assert (rest.status_code, data[:100] + rest.getvalue()) == (206, data)
    changed = script.get(file["url"], headers={"range": "bytes=100-", "if-range": '"other"'})
    assert (changed.status_code, changed.getvalue()) == (200, data)
    assert script.get(ready["archive"]["url"]).getvalue()[257:262] == b"ustar"
    told = Event.objects.filter(kind="snapshot.downloaded").order_by("pk")
    assert [event.data.get("file") for event in told] == [
        file["name"],
        file["name"],
        ready["archive"]["name"],
    ]
    assert {(event.by.is_service, event.token_id is not None) for event in told} == {(True, True)}
    assert [row["id"] for row in script.get(base).json()["results"]] == [ready["id"]]


def test_options_that_a_format_does_not_take_and_files_that_are_not_there(snapshot, api) -> None:
    script = api(token(snapshot.organization, snapshot.project)[1])
    base = f"/api/v1/snapshots/{snapshot.pk}/exports"
    wrong = script.post(
        base, {"format": "csv", "options": {"media": "inline"}}, content_type="application/json"
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/options/media")
    assert script.post(base, {"format": "xml"}, content_type="application/json").status_code == 422
    export = script.post(base, {"format": "csv"}, content_type="application/json").json()
    assert script.get(f"{base}/{export['id']}/files/snapshot-{snapshot.pk}.csv").status_code == 404
    called_off = script.post(f"{base}/{export['id']}/cancel")
    assert (called_off.status_code, called_off.json()["state"]) == (200, "cancelled")
    assert script.post(f"{base}/{export['id']}/cancel").status_code == 409
    call_command("work", "--once")
    assert script.get(f"{base}/{export['id']}").json()["state"] == "cancelled"
    assert stored_files(f"{snapshot.organization_id}/exports") == []
    call_command("work", "--once")
    made(snapshot, "csv")


def test_progress_is_seen_while_the_job_works_and_a_cancel_stops_it(snapshot, monkeypatch) -> None:
    from slices.snapshots import making, rows

    seen: list[tuple[str, int]] = []
    monkeypatch.setattr(making, "EVERY_S", 0)
    monkeypatch.setattr(rows, "CHUNK", 1)
    export = request_export(snapshot=snapshot, format="jsonl", by=None)
    job = Job.objects.get(kind="snapshots.export")
    lease = timezone.now() + jobs.LONG_LEASE
    told = making.Progress.__call__

    def look(progress: Any, done: int) -> None:
        told(progress, done)
        from django.db import connection

        with connection.copy().cursor() as other:
            other.execute("SELECT state, rows_done FROM slices_export")
            seen.append(other.fetchone())
            other.connection.close()
        if done == 3:
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("UPDATE slices_export SET state = 'cancelled'")
            other.close()

    monkeypatch.setattr(making.Progress, "__call__", look)
    call_command("work", "--once")
    export.refresh_from_db()
    job.refresh_from_db()
    assert seen == [("making", 0), ("making", 1), ("making", 2), ("making", 3)]
    assert (export.state, export.shards, job.state) == ("cancelled", [], "done")
    assert lease < timezone.now() + jobs.LONG_LEASE


def test_a_worker_that_dies_leaves_nothing_and_the_next_attempt_finishes(snapshot, tmp_path) -> None:
    """A real process, killed while it writes; see also the job's lease in tests/teams/test_work.py."""
    export = request_export(snapshot=snapshot, format="parquet", by=None)
    job = Job.objects.get(kind="snapshots.export")
    dying = """
import os, signal
from slices.snapshots import making
def kept(file, folder, keep=making.kept):
    said = keep(file, folder)
    os.kill(os.getpid(), signal.SIGKILL)
    return said
making.kept = kept
from django.core.management import call_command
call_command("work", "--once")
"""
    import subprocess
    import sys

    from django.conf import settings as here
    from django.db import connection

    environment = process_environment(connection.settings_dict, here.MEDIA_ROOT)
    ended = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", dying], env=environment, capture_output=True
    )
    assert ended.returncode == -9, ended.stderr
    export.refresh_from_db()
    assert (export.state, export.shards) == ("making", [])
    assert stored_files(f"{snapshot.organization_id}/exports") != [], "the first file had its place already"
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    jobs.reap(timezone.now())
    call_command("work", "--once")
    export.refresh_from_db()
    assert (export.state, export.rows_done) == ("ready", 5)
    for file in export.shards:
        assert hashlib.sha256(content(export, file["name"])).hexdigest() == file["sha256"]
    left = list((here.MEDIA_ROOT / "drafts").iterdir())
    assert left != [], "what the dead worker had begun"
    assert sweep(timezone.now() + timedelta(days=2)) == len(left)
    assert list((here.MEDIA_ROOT / "drafts").iterdir()) == []


def left_behind(export: Export) -> Path:
    """A file that a maker that was killed had put in its place, of rows that are others by now."""
    folder = Path(default_storage.path(f"{export.organization_id}/exports/{export.pk}/0123456789abcdef"))
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").write_bytes(b"ann was here")
    return folder / "part-0.parquet"


def test_the_next_attempt_removes_what_a_killed_one_left(snapshot) -> None:
    export = request_export(snapshot=snapshot, format="csv", by=None)
    left = left_behind(export)
    call_command("work", "--once")
    export.refresh_from_db()
    assert (export.state, left.exists(), left.parent.exists()) == ("ready", False, False)
    assert len(stored_files(f"{snapshot.organization_id}/exports")) == 2, "a file, and the digest beside it"


@pytest.mark.parametrize("end", ["cancelled", "failed", "erased", "erased when it had expired"])
def test_an_export_that_never_gets_ready_leaves_no_file_of_a_killed_attempt(snapshot, end: str) -> None:
    export = request_export(snapshot=snapshot, format="csv", by=None)
    left = left_behind(export)
    if end == "cancelled":
        cancel_export(export=export, by=None)
    elif end == "failed":
        Job.objects.filter(pk=export.job_id).update(state="dead", error="OSError: no room")
        clock.tick(timezone.now())
    else:
        if end == "erased when it had expired":
            Export.objects.update(state="expired")
        assert forget_exports(snapshot) == 1
    assert (left.exists(), stored_files(f"{snapshot.organization_id}/exports")) == (False, [])


def process_environment(database: dict[str, Any], files: Path) -> dict[str, str]:
    import os
    from urllib.parse import quote

    who = f"{quote(database['USER'])}:{quote(database['PASSWORD'] or '')}"
    where = f"{quote(str(database['HOST']), safe='')}:{database['PORT']}/{database['NAME']}"
    url = f"postgres://{who}@{where}"
    return {**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url, "SLUICE_FILES": str(files)}


def test_a_job_that_gives_up_says_so_on_the_export(snapshot, api) -> None:
    export = request_export(snapshot=snapshot, format="csv", by=None)
    Job.objects.filter(pk=export.job_id).update(state="dead", error="OSError: no room")
    clock.tick(timezone.now())
    export.refresh_from_db()
    assert (export.state, export.error) == ("failed", "OSError: no room")
    assert made(snapshot, "csv").pk == export.pk


def test_rows_that_change_put_the_exports_away_and_one_in_the_making_is_begun_anew(snapshot) -> None:
    from slices.snapshots.rows import rows_name

    ready = made(snapshot, "csv")
    assert forget_exports(snapshot) == 1
    ready.refresh_from_db()
    assert (ready.state, stored_files(f"{snapshot.organization_id}/exports")) == ("expired", [])
    going = request_export(snapshot=snapshot, format="csv", by=None)

    def erase(done: int) -> None:
        beside = Path(default_storage.path(f"{rows_name(snapshot)}.sha256"))
        beside.write_text("0" * 64)

    from slices.snapshots.making import RowsChanged

    with pytest.raises(RowsChanged):
        make(going, erase)
    going.refresh_from_db()
    assert going.state == "queued"


def test_a_person_has_files_made_on_the_page_of_the_snapshot(snapshot, page) -> None:
    manager = member(snapshot.organization, Role.MANAGER)
    base = f"/o/{snapshot.organization.slug}/projects/digits/snapshots/{snapshot.pk}/"
    browser = page(manager)
    asked = browser.post(f"{base}exports/", {"format": "huggingface"}, follow=True)
    assert b"data-fresh-s" in asked.content
    call_command("work", "--once")
    shown = browser.get(base)
    assert b"data-fresh-s" not in shown.content
    export = Export.objects.get()
    for file in [*export.shards, export.archive]:
        assert file["sha256"].encode() in shown.content
    answer = browser.get(f"{base}exports/{export.pk}/files/data/train-00000-of-00001.parquet")
    assert (answer.status_code, answer.getvalue()[:4]) == (200, b"PAR1")
    refused = browser.post(f"{base}exports/", {"format": "csv", "inline": "on"}, follow=True)
    assert b"cannot carry pictures" in refused.content
    viewer = member(snapshot.organization, Role.VIEWER, snapshot.project)
    assert page(viewer).post(f"{base}exports/", {"format": "csv"}).status_code == 403
    assert Event.objects.get(kind="snapshot.downloaded").by == manager


def test_what_takes_too_long_is_not_made_while_somebody_waits(snapshot, api, monkeypatch) -> None:
    from slices.snapshots import downloads

    monkeypatch.setattr(downloads, "MOST", 4)
    script = api(token(snapshot.organization, snapshot.project)[1])
    url = f"/api/v1/snapshots/{snapshot.pk}/download"
    refused = script.get(url, {"format": "parquet"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ask_for_export")
    assert script.get(url).status_code == 200
    monkeypatch.setattr(downloads, "MOST", 5)
    assert script.get(url, {"format": "parquet"}).getvalue()[:4] == b"PAR1"


def test_asking_twice_at_once_is_one_export(snapshot) -> None:
    one, two = (request_export(snapshot=snapshot, format="csv", by=None) for _ in range(2))
    assert (one.pk, Job.objects.filter(kind="snapshots.export").count()) == (two.pk, 1)
    cancel_export(export=one, by=None)
    three = request_export(snapshot=snapshot, format="csv", by=None)
    assert (three.pk, three.state) == (one.pk, "queued")


def test_an_old_snapshot_without_schemas_of_its_own_takes_those_of_its_project(snapshot) -> None:
    LabelSchemaFactory(project=snapshot.project, version=900)
    values = {
        field.name: getattr(snapshot, field.name)
        for field in Snapshot._meta.fields
        if field.name not in ("id", "evidence_version", "as_of", "fields", "label_schemas")
    }
    old = Snapshot.objects.create(**values, as_of=snapshot.as_of - timedelta(days=1))
    from slices.snapshots.rows import rows_name

    with default_storage.open(rows_name(snapshot)) as rows:
        default_storage.save(rows_name(old), rows)
    default_storage.save(f"{rows_name(old)}.sha256", io.BytesIO(b"0" * 64))  # type: ignore[arg-type]
    for kind in FORMATS:
        made(old, kind)
