"""The files that people have: Label Studio, COCO, Hugging Face; each comes in by page and by REST, from nothing."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow
from sklearn.datasets import load_digits

from labeling.imports.reading import Options, reader_of
from labeling.models import Annotation
from projects.models import Example, LabelSchema, Media
from teams.identity.roles import Role
from tests.factories import ProjectFactory, StreamFactory, member, token
from tests.labeling.importing import URL, counts, sender, work
from tests.labeling.test_import_pages import settings
from tests.labeling.test_readers_coco import digits, zipped
from tests.labeling.test_readers_label_studio import result, task
from tests.stores import ObjectStore

pytestmark = pytest.mark.django_db
SCANS = load_digits()


def scan(n: int) -> bytes:
    """A scanned digit."""
    file = BytesIO()
    Pillow.fromarray((SCANS.images[n] * 15).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def coco() -> bytes:
    """Ten scans with a box and an outline each."""
    pictures = {f"images/digit-{n}.png": scan(n) for n in range(10)}
    return zipped({"annotations/instances_train.json": json.dumps(digits(10)).encode()} | pictures)


def label_studio() -> bytes:
    """Two tasks, of which one has two annotations."""
    said = [result("sentiment", "choices", {"choices": [word]}) for word in ("good", "bad")]
    good, bad = (task(one, id=n) for n, one in enumerate(said))
    second = good["annotations"][0] | {"completed_by": {"id": 9, "email": "bo@example.org"}}
    good["annotations"].append(second)
    return json.dumps([good, bad]).encode()


def shard(first: int) -> bytes:
    """Ten scans with their class, as `datasets` writes them."""
    features = Features({"image": Image(), "digit": ClassLabel(names=[str(n) for n in range(10)])})
    chosen = range(first, first + 10)
    columns = {
        "image": [Pillow.open(BytesIO(scan(n))) for n in chosen],
        "digit": [int(SCANS.target[n]) for n in chosen],
    }
    file = BytesIO()
    Dataset.from_dict(columns, features=features).to_parquet(file)
    return file.getvalue()


FILES = {
    "label_studio": ("export.json", label_studio(), [("sentiment", "choice")], 2, 3, 0),
    "coco": ("digits.zip", coco(), [("boxes", "boxes"), ("polygons", "polygons")], 10, 10, 10),
    "parquet": ("train-00000-of-00002.parquet", shard(0), [("digit", "choice")], 10, 10, 10),
}


@pytest.fixture
def stream() -> Any:
    return StreamFactory(
        slug="tags", fields=[], project=ProjectFactory(slug="digits", organization__slug="acme")
    )


@pytest.mark.parametrize("kind", FILES)
def test_a_person_brings_one_into_an_empty_project(kind: str, stream: Any, page: Any) -> None:
    name, body, asked, examples, labels, pictures = FILES[kind]
    browser = page(member(stream.organization, Role.MANAGER, stream.project))
    home = "/o/acme/projects/digits/imports/"
    brought = browser.post(home, {"stream": stream.pk, "file": SimpleUploadedFile(name, body)})
    shown = browser.get(brought["Location"])
    assert (shown.context["seen"].format, shown.context["seen"].n_bad) == (kind, 0)
    assert "Questions that it answers" in shown.content.decode()
    started = browser.post(f"{brought['Location']}start/", settings(shown))
    assert started.status_code == 303, started.context["form"].errors
    work()
    row = stream.organization.imports.get()
    assert (row.state, row.rejected) == ("done", 0)
    schema = LabelSchema.objects.get()
    assert [(question["name"], question["kind"]) for question in schema.questions] == asked
    assert (Example.objects.count(), Annotation.objects.count(), Media.objects.count()) == (
        examples,
        labels,
        pictures,
    )


@pytest.mark.parametrize("kind", FILES)
def test_a_script_sends_one(kind: str, stream: Any, api: Any) -> None:
    name, body, _asked, examples, labels, _pictures = FILES[kind]
    propose = reader_of(kind).propose
    assert propose is not None
    stream.organization.label_schemas.create(
        project=stream.project, version=1, questions=propose(BytesIO(body), Options())
    )
    send = sender(api(token(stream.organization, stream.project)[1]))
    assert counts(send(body, filename=name)) == {"created": examples, "labels": labels}
    assert counts(send(body, filename=name)) == {"unchanged": examples}


def test_the_shards_of_a_data_set_are_one_import_with_their_sides(
    stream: Any, api: Any, s3: ObjectStore, settings: Any
) -> None:
    settings.SLUICE_STORES = {"acme": [s3.setting("s3://hub/")]}
    for n, side in enumerate(("train", "train", "test")):
        s3.put(f"hub/digits/data/{side}-0000{n}-of-00003.parquet", shard(10 * n))
    names = [str(n) for n in range(10)]
    options = [{"value": name} for name in names]
    stream.organization.label_schemas.create(
        project=stream.project,
        version=1,
        questions=[{"name": "digit", "kind": "choice", "title": "Digit", "options": options}],
    )
    script = api(token(stream.organization, stream.project)[1])
    answer = script.post(URL, {"uri": "s3://hub/digits/data/"}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    work()
    row = script.get(f"/api/v1/imports/{answer.json()['id']}").json()
    assert (row["state"], counts(row)) == ("done", {"created": 30, "labels": 30})
    examples = Example.objects.order_by("key")
    assert [example.label for example in examples] == [
        str(SCANS.target[n]) for n in (*range(20, 30), *range(20))
    ]
    assert {example.bucket < 1000 for example in examples[:10]} == {True}
    assert {example.bucket >= 1000 for example in examples[10:]} == {True}


def test_the_report_says_which_mask_was_not_taken(stream: Any, api: Any) -> None:
    content = digits(2)
    content["annotations"][1]["segmentation"] = {"counts": "abc", "size": [8, 8]}
    questions = [
        {
            "name": "outlines",
            "kind": "polygons",
            "title": "O",
            "options": [{"value": "other"}, {"value": "seven"}],
        }
    ]
    stream.organization.label_schemas.create(project=stream.project, version=1, questions=questions)
    script = api(token(stream.organization, stream.project)[1])
    row = sender(script)(json.dumps(content).encode(), filename="c.json")
    assert counts(row) == {"created": 2, "labels": 2, "rejected": 1}
    fault = stream.organization.rejected_rows.get()
    assert (fault.place, fault.key, [error["pointer"] for error in fault.errors]) == (
        "images 1", "digit-1.png", ["/annotations/1"],
    )  # fmt: skip
