"""COCO files: read as the tool of their users reads them; odd ones are errors with a place."""

from __future__ import annotations

import json
import struct
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as rle
from pycocotools.coco import COCO as Tool
from sklearn.datasets import load_digits

from labeling.imports.readers.coco import COCO, propose
from labeling.imports.reading import Options, Unreadable, guess_format
from projects.schemas.questions import check_questions
from projects.streams.rows import Bad, RowIn
from tests.factories.files import picture

CLASSES = [{"value": name, "title": name} for name in ("seven", "other")]
BOXES = {"name": "marks", "kind": "boxes", "title": "Marks", "options": CLASSES}
POLYGONS = {"name": "outlines", "kind": "polygons", "title": "Outlines", "options": CLASSES}


def digits(count: int) -> dict[str, Any]:
    """Scans of digits, each with a box and an outline around its ink."""
    scans = load_digits()
    images, annotations = [], []
    for n in range(count):
        rows, columns = np.nonzero(scans.images[n] > 4)
        x, y = int(columns.min()), int(rows.min())
        width, height = int(columns.max()) - x + 1, int(rows.max()) - y + 1
        images.append(
            {
                "id": n + 1,
                "file_name": f"digit-{n}.png",
                "width": 8,
                "height": 8,
                "date_captured": "2025-01-02 03:04:05",
            }
        )
        annotations.append(
            {
                "id": n + 1,
                "image_id": n + 1,
                "category_id": 7 if scans.target[n] == 7 else 1,
                "bbox": [x, y, width, height],
                "segmentation": [[x, y, x + width, y, x + width, y + height, x, y + height]],
                "area": width * height,
                "iscrowd": 0,
            }
        )
    return {
        "info": {},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 7, "name": "seven"}, {"id": 1, "name": "other"}],
    }


def read(content: Any, *questions: Any, after: Any = None, name: str = "", **how: Any) -> list[Any]:
    file = BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
    return list(COCO.rows(file, Options(filename=name, **how), questions, after))


def zipped(members: dict[str, bytes], **infos: Any) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def codes(reads: list[Any]) -> list[Any]:
    return [
        [(error.pointer, error.code) for error in read.row.errors]
        if isinstance(read.row, Bad)
        else read.row.key
        for read in reads
    ]


def test_what_the_tool_reads_is_what_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "instances_val2017.json"
    path.write_text(json.dumps(digits(30)))
    tool = Tool(str(path))
    with path.open("rb") as file:
        rows = [found.row for found in COCO.rows(file, Options(filename=path.name), [BOXES, POLYGONS])]
    assert len(rows) == len(tool.imgs) == 30
    for row, image in zip(rows, tool.loadImgs(tool.getImgIds()), strict=True):
        assert isinstance(row, RowIn)
        [mark] = tool.loadAnns(tool.getAnnIds(imgIds=image["id"]))
        x, y, width, height = mark["bbox"]
        name = tool.cats[mark["category_id"]]["name"]
        assert (row.key, row.split, str(row.captured_at)) == (
            image["file_name"], "val", "2025-01-02 03:04:05+00:00",
        )  # fmt: skip
        assert row.labels[0].answer == {
            "marks": [{"x": x / 8, "y": y / 8, "width": width / 8, "height": height / 8, "label": name}],
            "outlines": [
                {
                    "points": [
                        [x / 8, y / 8],
                        [(x + width) / 8, y / 8],
                        [(x + width) / 8, (y + height) / 8],
                        [x / 8, (y + height) / 8],
                    ],
                    "label": name,
                }
            ],
        }


def test_masks_are_reported_one_by_one_and_their_boxes_taken() -> None:
    content = digits(2)
    mask = rle.encode(np.asfortranarray(np.ones((8, 8), dtype=np.uint8)))
    content["annotations"][1] |= {"segmentation": mask | {"counts": mask["counts"].decode()}, "iscrowd": 1}
    assert codes(read(content, BOXES)) == ["digit-0.png", "digit-1.png"]
    reads = read(content, POLYGONS, BOXES)
    assert codes(reads) == ["digit-0.png", [("/annotations/1", "mask")], "digit-1.png"]
    assert [len(mark) for mark in reads[2].row.labels[0].answer.values()] == [1, 0]


def test_a_picture_without_marks_says_so_and_a_file_without_any_says_nothing() -> None:
    content = digits(2)
    content["annotations"] = content["annotations"][:1]
    assert [len(found.row.labels[0].answer["marks"]) for found in read(content, BOXES)] == [1, 0]
    assert [found.row.labels for found in read(content | {"annotations": []}, BOXES)] == [[], []]


def test_boxes_that_hang_over_the_edge_are_cut_and_those_outside_reported() -> None:
    content = digits(1)
    for bbox in ([-1, -1, 4, 4], [7, 7, 9, 9], [9, 9, 2, 2], [1, 1, 0, 4], [1, 1], [None, 1, 1, 1], "x"):
        content["annotations"].append({"id": 9, "image_id": 1, "category_id": 7, "bbox": bbox})
    content["annotations"].append({"id": 9, "image_id": 1, "category_id": 8, "bbox": [1, 1, 2, 2]})
    reads = read(content, BOXES)
    assert [code for _pointer, code in codes(reads)[0]] == [
        "outside", "outside", "not_numbers", "not_numbers", "not_numbers", "unknown_category",
    ]  # fmt: skip
    marks = reads[1].row.labels[0].answer["marks"][1:]
    assert marks == [
        {"x": 0, "y": 0, "width": 0.375, "height": 0.375, "label": "seven"},
        {"x": 0.875, "y": 0.875, "width": 0.125, "height": 0.125, "label": "seven"},
    ]


def test_pictures_come_out_of_the_zip_or_from_where_they_lie() -> None:
    content = digits(2)
    content["images"][1]["coco_url"] = "https://example.org/1.png"
    packed = zipped({"a/annotations.json": json.dumps(content).encode(), "a/images/digit-0.png": picture()})
    media = [found.row.media for found in read(packed, BOXES)]
    assert [(one.data, one.uri) for one in media] == [(picture(), None), (None, "https://example.org/1.png")]
    based = [found.row.media.uri for found in read(content, BOXES, base_uri="s3://shelf/digits/")]
    assert based == ["s3://shelf/digits/digit-0.png", "s3://shelf/digits/digit-1.png"]


def test_pictures_of_one_name_are_told_apart_by_their_folder() -> None:
    content = digits(2)
    for n, folder in enumerate(("train", "val")):
        content["images"][n]["file_name"] = f"{folder}/a.png"
    members = {
        "c.json": json.dumps(content).encode(),
        "x/train/a.png": picture(),
        "x/val/a.png": picture("GIF"),
    }
    assert [found.row.media.data for found in read(zipped(members), BOXES)] == [picture(), picture("GIF")]


def linked() -> bytes:
    """A zip with a link out of it under a picture's name."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("c.json", json.dumps(digits(1)))
        link = zipfile.ZipInfo("digit-0.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        linked(),
        zipped({"c.json": json.dumps(digits(1)).encode(), "../digit-0.png": picture()}),
        zipped({"c.json": json.dumps(digits(1)).encode(), "/etc/digit-0.png": picture()}),
        zipped({"c.json": json.dumps(digits(1)).encode(), "..\\digit-0.png": picture()}),
        zipped({"c.json": json.dumps(digits(1)).encode(), "digit-0.png": bytes(100 * 1024 * 1024)}),
    ],
)
def test_links_steps_upwards_and_bombs_are_not_in_the_zip(packed: bytes) -> None:
    assert [found.row.media for found in read(packed, BOXES)] == [None]


def test_a_picture_that_is_too_large_or_broken_is_reported() -> None:
    content = json.dumps(digits(1)).encode()
    large = zipped({"c.json": content, "digit-0.png": np.random.default_rng(1).bytes(3 * 1024 * 1024)})
    assert codes(read(large, BOXES)) == [[("/file_name", "too_large")], "digit-0.png"]
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("c.json", content)
        archive.writestr("digit-0.png", picture())
    broken = file.getvalue().replace(picture(), picture()[:-9] + b"x" * 9)
    assert codes(read(broken, BOXES)) == [[("/file_name", "broken_file")], "digit-0.png"]


def broken() -> bytes:
    """A zip whose bytes are not those that it says."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("c.json", b'{"images": []}')
    return file.getvalue().replace(b'{"images": []}', b'{"images": [}}')


def crowded() -> bytes:
    """The end of a zip that says it has more members than it may."""
    packed = bytearray(zipped({"c.json": b"{}"}))
    packed[-14:-10] = struct.pack("<HH", 0xFFFF, 0xFFFF)
    return bytes(packed)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"images": 1}',
        b'{"images": [{}]',
        b"\xff",
        b'{"images": ' + b"[" * 100_000,
        b"PK\x03\x04",
        zipped({"c.json": b"{}"})[:-5],
        zipped({"a.json": b"{}", "b.json": b"{}"}),
        zipped({"a.txt": b"{}"}),
        broken(),
        zipped({"c.json": b"[" * (60 * 1024 * 1024)}),
        crowded(),
    ],
)
def test_what_is_no_coco_file_is_said_so(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read(content, BOXES)


def test_a_file_that_is_too_large_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.imports.readers.coco_file.MAX_BYTES", 1000)
    with pytest.raises(Unreadable) as why:
        read(digits(20), BOXES)
    assert why.value.code == "too_large"


def test_numbers_that_are_none_are_missing() -> None:
    content = json.dumps(digits(1)).replace('"area": ', '"area": NaN, "x": ')
    assert codes(read(content.encode(), BOXES)) == ["digit-0.png"]


def test_it_proposes_what_it_has() -> None:
    content = digits(3)
    proposal = propose(BytesIO(json.dumps(content).encode()), Options())
    assert check_questions(proposal) == []
    assert [(row["name"], [option["value"] for option in row["options"]]) for row in proposal] == [
        ("boxes", ["seven", "other"]),
        ("polygons", ["seven", "other"]),
    ]
    assert sorted(read(content)[0].row.labels[0].answer) == ["boxes", "polygons"]


def test_reading_goes_on_behind_a_mark() -> None:
    content = digits(4)
    content["annotations"][2]["bbox"] = [99, 99, 1, 1]
    reads = read(content, BOXES)
    assert len(reads) == 5
    for n, found in enumerate(reads):
        assert codes(read(content, BOXES, after=found.mark)) == codes(reads)[n + 1 :]


def test_it_is_recognised_and_counted() -> None:
    raw = json.dumps(digits(3)).encode()
    assert guess_format(raw[:65536], "x.json") == "coco"
    assert COCO.total is not None
    assert COCO.total(BytesIO(raw)) == 3


NAMES = [
    "id",
    "image_id",
    "category_id",
    "bbox",
    "segmentation",
    "file_name",
    "width",
    "height",
    "date_captured",
]
MORE = ["name", "coco_url", "counts"]
odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["\x00", "a.png", 10**30, 8, 1]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES + MORE), inner, max_size=8)
    ),
    max_leaves=20,
)
records = st.lists(odd, max_size=4)


@given(records, records, records, st.booleans())
def test_no_odd_file_is_more_than_an_error_with_a_place(
    images: Any, marks: Any, names: Any, real: bool
) -> None:
    base = digits(1) if real else {"images": [], "annotations": [], "categories": []}
    content = {
        "images": base["images"] + images,
        "annotations": base["annotations"] + marks,
        "categories": base["categories"] + names,
    }
    raw = json.dumps(content).encode()
    try:
        for questions in ([BOXES, POLYGONS], []):
            for found in read(raw, *questions):
                assert isinstance(found.row, RowIn | Bad)
                assert found.place
        proposal = propose(BytesIO(raw), Options())
    except Unreadable:
        return
    assert proposal == [] or check_questions(proposal) == []


@given(st.binary(max_size=200), st.booleans())
def test_nor_are_any_bytes(raw: bytes, is_zip: bool) -> None:
    with suppress(Unreadable):
        read(b"PK\x03\x04" + raw if is_zip else raw, BOXES)


def test_a_zip_of_a_hundred_thousand_pictures_is_told_how_many_it_may_have() -> None:
    packed = zipped({f"{n}.png": b"" for n in range(100_000)})
    with pytest.raises(Unreadable, match=r"A zip has at most 65,534 files here; divide it\."):
        read(packed, BOXES)


@pytest.mark.parametrize("size", [-5, 0, float("inf"), float("nan"), 1e308, 10**30, 10**400, "8", True, [8]])
def test_a_picture_of_an_absurd_size_is_said_so(size: Any) -> None:
    content = digits(1)
    content["images"][0]["width"] = size
    first = read(content, BOXES)[0].row
    assert [(error.pointer, error.detail) for error in first.errors] == [
        ("/width", "A picture has a width and a height, or nothing fits it.")
    ]


@pytest.mark.parametrize("box", [[0, 0, 10**30, 1], [0, 0, 10**400, 1], [1e308] * 4, [-1e308, 0, 1e308, 1]])
def test_a_box_of_absurd_numbers_is_said_so(box: list[Any]) -> None:
    content = digits(1)
    content["annotations"][0]["bbox"] = box
    first = read(content, BOXES)[0].row
    assert [(error.pointer, error.detail) for error in first.errors] == [
        ("/annotations/0", "A box is four numbers.")
    ]
