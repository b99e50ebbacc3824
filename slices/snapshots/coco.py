"""COCO: a file of pictures, boxes and polygons for each split.

Answers mark fractions of a picture, COCO counts pixels. The size of a picture is that of the upload, or what the
example's attributes `width` and `height` say; a picture of unknown size is given the size 1 by 1, so that its
boxes are still the fractions.
"""

from __future__ import annotations

from contextlib import suppress
from mimetypes import MimeTypes
from typing import Any, NamedTuple

import msgspec
from django.core.files.storage import default_storage
from django.utils.translation import gettext_noop
from PIL import Image, UnidentifiedImageError

from projects.streams.media import SCHEME
from projects.streams.models import Media
from slices.snapshots.bench import FEW, Bench, uploads
from slices.snapshots.files import Draft
from slices.snapshots.rows import Line, Row

VERSION = "1"
MARKS = ("boxes", "polygons")
LOSSES = (
    gettext_noop("Only boxes and polygons are in it: other answers, texts and predictions are not."),
    gettext_noop("A picture without a label looks like one on which there is nothing to mark."),
)
NO_SIZE = gettext_noop(
    "The size of some pictures is not known: theirs is 1 by 1, and their marks are fractions."
)
NO_MARKS = gettext_noop("No question asks for boxes or polygons, so there is nothing marked.")
DIGITS = 3
CHUNK = 1024 * 1024
ENDINGS = MimeTypes()  # without what the machine's own files say, which differs

Size = tuple[float, float]


class Category(NamedTuple):
    """What can be marked: one option of one question."""

    question: str
    label: str


class Part:
    """The file of one split while it grows: pictures and marks lie apart until both are complete."""

    def __init__(self, bench: Bench) -> None:
        self.images, self.annotations = bench.draft(), bench.draft()
        self.n_images = self.n_annotations = 0

    def image(self, image: dict[str, Any]) -> None:
        """One more picture."""
        self.images.write(b",\n" * bool(self.n_images) + msgspec.json.encode(image))
        self.n_images += 1

    def annotation(self, annotation: dict[str, Any]) -> None:
        """One more mark."""
        self.n_annotations += 1
        numbered = {"id": self.n_annotations} | annotation
        self.annotations.write(b",\n" * (self.n_annotations > 1) + msgspec.json.encode(numbered))


def write_coco(bench: Bench) -> None:
    """`annotations/instances_<split>.json` for each split that has members."""
    questions = bench.questions(*MARKS)
    categories = categories_of(questions)
    parts = {split: Part(bench) for split in sorted(bench.snapshot.n_by_split)}
    sized = True
    for lines in bench.lines():
        for start in range(0, len(lines), FEW):
            some = lines[start : start + FEW]
            known = {SCHEME + upload.digest: upload for upload in uploads(bench.snapshot, some)}
            for line in some:
                size = size_of(line.row, known.get(line.row.media_uri))
                put(parts[line.row.split], line, size or (1, 1), questions, categories)
                sized = sized and size is not None
    for split, part in parts.items():
        whole = bench.draft()
        join(whole, bench, part, categories)
        bench.finish(f"annotations/instances_{split}.json", whole, part.n_images)
    bench.lossy += [*LOSSES, *([] if sized else [NO_SIZE]), *([] if categories else [NO_MARKS])]


def categories_of(questions: list[dict[str, Any]]) -> dict[Category, int]:
    """Every option that can be marked, numbered from 1: those of the newest questions first."""
    found = [Category(row["name"], option["value"]) for row in questions for option in row["options"]]
    return {category: number for number, category in enumerate(dict.fromkeys(found), start=1)}


def put(
    part: Part, line: Line, size: Size, questions: list[dict[str, Any]], categories: dict[Category, int]
) -> None:
    """One example with its marks."""
    row = line.row
    width, height = size
    part.image(
        {
            "id": row.example_id,
            "file_name": file_name(row),
            "width": width,
            "height": height,
            "coco_url": row.media_uri if row.media_uri.startswith(("https://", "http://")) else "",
            "date_captured": row.captured_at,
            "key": row.key,
        }
    )
    answer = msgspec.json.decode(row.answer) or {}
    for name in dict.fromkeys(question["name"] for question in questions):
        for mark in answer.get(name) or ():
            number = (
                categories.get(Category(name, str(mark.get("label")))) if isinstance(mark, dict) else None
            )
            if number is not None:
                shape = polygon(mark, size) if "points" in mark else box(mark, size)
                part.annotation({"image_id": row.example_id, "category_id": number} | shape)


def file_name(row: Row) -> str:
    """What a picture is called: uploads by their number here, others by where they are."""
    if row.media_uri.startswith(SCHEME):
        return f"{row.example_id}{ENDINGS.guess_extension(row.media_type) or '.bin'}"
    return row.media_uri or row.key


def box(mark: dict[str, Any], size: Size) -> dict[str, Any]:
    """[x, y, width, height] in pixels."""
    width, height = size
    bbox = [mark["x"] * width, mark["y"] * height, mark["width"] * width, mark["height"] * height]
    area = bbox[2] * bbox[3]
    return {"bbox": rounded(bbox), "area": round(area, DIGITS), "segmentation": [], "iscrowd": 0}


def polygon(mark: dict[str, Any], size: Size) -> dict[str, Any]:
    """[x1, y1, x2, y2, ...] in pixels, with the box around it."""
    points = [(x * size[0], y * size[1]) for x, y in mark["points"]]
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    bbox = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    flat = rounded([value for point in points for value in point])
    around = zip(points, points[1:] + points[:1], strict=True)
    area = abs(sum(x * y_next - x_next * y for (x, y), (x_next, y_next) in around)) / 2
    return {"bbox": rounded(bbox), "area": round(area, DIGITS), "segmentation": [flat], "iscrowd": 0}


def rounded(values: list[float]) -> list[float]:
    """To a thousandth of a pixel; of a picture whose size is not known, of its size."""
    return [round(value, DIGITS) for value in values]


def size_of(row: Row, upload: Media | None) -> Size | None:
    """(width, height) of a picture in pixels; None where nobody knows."""
    if upload is not None:
        with suppress(FileNotFoundError, UnidentifiedImageError, OSError, ValueError):
            with default_storage.open(upload.name) as file, Image.open(file) as picture:
                return picture.size
    said = msgspec.json.decode(row.attributes)
    size = said.get("width"), said.get("height")
    if all(isinstance(side, int | float) and not isinstance(side, bool) and side >= 1 for side in size):
        return size
    return None


def join(whole: Draft, bench: Bench, part: Part, categories: dict[Category, int]) -> None:
    """The file of one split: what it is of, what can be marked, the pictures, the marks."""
    info = {
        "description": bench.stem,
        "version": bench.snapshot.manifest_sha256,
        "date_created": bench.snapshot.as_of.isoformat(),
    }
    listed = [
        {"id": number, "name": category.label, "supercategory": category.question}
        for category, number in categories.items()
    ]
    whole.write(b'{"info":' + msgspec.json.encode(info) + b',\n"categories":' + msgspec.json.encode(listed))
    for name, draft in ((b"images", part.images), (b"annotations", part.annotations)):
        whole.write(b',\n"' + name + b'":[\n')
        written = draft.again()
        while chunk := written.read(CHUNK):
            whole.write(chunk)
        whole.write(b"\n]")
    whole.write(b"}\n")
