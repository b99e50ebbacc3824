"""What we send out in others' formats comes back in as the same."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from labeling.imports.readers.coco import COCO
from labeling.imports.readers.parquet import PARQUET
from labeling.imports.reading import Options
from tests.factories import AnnotationFactory, ExampleFactory, QueueFactory, TaskFactory
from tests.slices.test_exports import content, freeze, made
from tests.slices.test_snapshots import labelled

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = [
    {"name": "things", "kind": "boxes", "title": "T", "options": [{"value": "cart"}, {"value": "spill"}]},
    {"name": "areas", "kind": "polygons", "title": "A", "options": [{"value": "floor"}]},
]


def test_marks_come_back_from_coco() -> None:
    queue = QueueFactory(schema__questions=QUESTIONS)
    box = {"x": 0.1, "y": 0.25, "width": 0.5, "height": 0.25, "label": "spill"}
    triangle = {"points": [[0, 0], [1, 0], [0, 1]], "label": "floor"}
    answers: list[dict[str, Any]] = [
        {"things": [box], "areas": [triangle, triangle]},
        {"things": [box, box | {"label": "cart"}], "areas": []},
        {"things": [], "areas": []},
    ]
    for n, answer in enumerate(answers):
        size = {"width": 1000, "height": 800}
        example = ExampleFactory(
            stream=queue.stream, key=f"k{n}", media_uri=f"https://x.test/{n}.png", attributes=size
        )
        AnnotationFactory(
            task=TaskFactory(queue=queue, example=example, state="accepted"), label="", answer=answer
        )
    export = made(freeze(queue.stream), "coco")
    name = "annotations/instances_train.json"
    reads = COCO.rows(BytesIO(content(export, name)), Options(filename=name), QUESTIONS)
    assert [
        (read.row.key, read.row.media.uri, read.row.split, read.row.labels[0].answer) for read in reads
    ] == [(f"k{n}", f"https://x.test/{n}.png", "train", answer) for n, answer in enumerate(answers)]


def test_labels_come_back_from_hugging_faces_layout() -> None:
    queue = QueueFactory()
    for n in range(4):
        labelled(queue, label=str(n), key=f"k{n}", text=f"text {n}", media_uri=f"s3://x/{n}.png")
    export = made(freeze(queue.stream), "huggingface")
    [shard] = [file["name"] for file in export.shards if file["name"].endswith(".parquet")]
    reads = PARQUET.rows(BytesIO(content(export, shard)), Options(filename=shard), queue.schema.questions)
    rows = [read.row for read in reads]
    examples = {row.key: row for row in queue.organization.examples.all()}
    assert [(row.key, row.text, row.media.uri, row.split, row.captured_at) for row in rows] == [
        (f"k{n}", f"text {n}", f"s3://x/{n}.png", "train", examples[f"k{n}"].captured_at) for n in range(4)
    ]
    assert [row.labels[0].answer for row in rows] == [{"digit": str(n)} for n in range(4)]
