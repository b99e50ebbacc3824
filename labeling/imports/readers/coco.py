"""COCO: boxes and polygons of pictures; one JSON file, or a zip of it with the pictures.

Masks (RLE) are no polygons: each is reported by its annotation, its box is taken where boxes are asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any
from zipfile import BadZipFile

from django.utils.translation import gettext_lazy as _

from labeling.imports.readers import shapes
from labeling.imports.readers.archives import ZIP, Pictures, member_named
from labeling.imports.readers.coco_file import Coco, loaded
from labeling.imports.readers.questions import Question, answered_by, choice_of, split_in
from labeling.imports.readers.shapes import NotTaken
from labeling.imports.reading import FORMATS, Mark, Options, Questions, Read, Reader, Unreadable, row_of
from projects.schemas.values import is_number
from projects.streams.rows import Bad
from teams.access.problems import FieldError

MAX_PROBLEMS = 50  # of one picture
SHAPES = ("boxes", "polygons")
SPLITS = ("train", "val", "test")


def rows(
    file: IO[bytes], options: Options, questions: Questions, after: Mark | None = None
) -> Iterator[Read]:
    """The pictures in the file's order; before one with something that is not taken, a row that says what."""
    coco, pictures = opened(file, options.filename)
    asked = [
        found
        for kind in SHAPES
        if (found := answered_by(questions or questions_of(coco), options, kind, (kind,))) is not None
    ]
    split = options.more.get("split") or split_in(coco.name)
    done = -1 if after is None else int(after)
    for index, raw in enumerate(coco.images):
        if 2 * index + 1 <= done:
            continue
        place = f"images {index}"
        row, problems = picture_row(coco, raw, asked, options, pictures, split if split in SPLITS else None)
        if problems and 2 * index > done:
            yield Read(Bad(problems[:MAX_PROBLEMS], getattr(row, "key", None)), place, 2 * index)
        if row is not None:
            yield Read(row, place, 2 * index + 1)


def opened(file: IO[bytes], filename: str = "") -> tuple[Coco, Pictures]:
    """The annotations, and the pictures that lie beside them in a zip. Raises Unreadable."""
    file.seek(0)
    packed = file.read(4) == ZIP
    file.seek(0)
    if not packed:
        return loaded(file, filename), Pictures()
    pictures = Pictures(file)
    name = member_named(pictures, ".json")
    try:
        with pictures.open(name) as inside:
            return loaded(inside, name), pictures
    except (BadZipFile, zlib.error, EOFError):
        raise Unreadable(_("The zip is damaged, or breaks off."), place=name) from None


def picture_row(
    coco: Coco,
    raw: bytes,
    asked: list[Question],
    options: Options,
    pictures: Pictures,
    split: str | None,
) -> tuple[Any, list[FieldError]]:
    """(the row of a picture, what of it is not taken)."""
    image = coco.read(raw)
    name = image.get("file_name") if image else None
    if image is None or not isinstance(name, str) or not name:
        return None, [FieldError("/file_name", "required", "A picture has a file_name.")]
    problems: list[FieldError] = []
    answer = answer_of(coco, image, asked, problems)
    members = {
        "key": image["key"] if isinstance(image.get("key"), str) else name,  # as our own exports say it
        "captured_at": moment(image.get("date_captured")),
        "media": media_of(image, name, options, pictures, problems),
        "attributes": {
            member: image[member]
            for member in ("id", "width", "height", "license")
            if image.get(member) is not None
        },
        "split": split,
        "labels": [{"answer": answer}] if answer else None,
    }
    return row_of({member: value for member, value in members.items() if value is not None}), problems


def answer_of(
    coco: Coco, image: Mapping[str, Any], asked: list[Question], problems: list[FieldError]
) -> dict[str, Any]:
    """{question: marks}; no marks are an answer too, unless the file has none of any picture."""
    width, height = side_of(image, "width"), side_of(image, "height")
    if not asked or not coco.has_annotations:
        return {}
    if width <= 0 or height <= 0:
        problems.append(
            FieldError("/width", "required", "A picture has a width and a height, or nothing fits it.")
        )
        return {}
    answer: dict[str, Any] = {question["name"]: [] for question in asked}
    for number, annotation in coco.of(image.get("id")):
        for question in meant(coco, annotation, asked):
            try:
                answer[question["name"]] += marks(coco, annotation, question["kind"], width, height)
            except NotTaken as why:
                problems.append(FieldError(f"/annotations/{number}", why.code, why.detail))
    return answer


def meant(coco: Coco, annotation: Mapping[str, Any] | None, asked: list[Question]) -> list[Question]:
    """The questions that an annotation answers: those that know its category, else all of them."""
    name = coco.categories.get(id_of(annotation or {}))
    knowing = [row for row in asked if any(option["value"] == name for option in row["options"])]
    return knowing or asked


def id_of(annotation: Mapping[str, Any]) -> int | str | None:
    """The category of an annotation, if it can be one."""
    value = annotation.get("category_id")
    return value if isinstance(value, int | str) else None


def side_of(image: Mapping[str, Any], name: str) -> float:
    """How long a side of a picture is; 0 where that is not said."""
    value = image.get(name)
    return float(value) if value is not None and is_number(value) else 0.0


def marks(
    coco: Coco, annotation: Mapping[str, Any] | None, kind: str, width: float, height: float
) -> list[dict[str, Any]]:
    """An annotation as a box, or as a polygon for each of its parts. Raises NotTaken."""
    if annotation is None:
        raise NotTaken("type", "An annotation is an object.")
    label = {"label": coco.category(annotation.get("category_id"))}
    if kind == "boxes":
        bbox = annotation.get("bbox")
        return [shapes.box(bbox if isinstance(bbox, list) else [], width, height) | label]
    parts = annotation.get("segmentation")
    if isinstance(parts, dict):
        raise NotTaken("mask", "Masks (RLE) are not taken; polygons are.")
    if not isinstance(parts, list) or not all(isinstance(part, list) for part in parts):
        raise NotTaken("type", "A segmentation is a list of polygons.")
    return [{"points": shapes.polygon(pairs(part), width, height)} | label for part in parts]


def pairs(numbers: list[Any]) -> list[list[Any]]:
    """[x1, y1, x2, y2, ...] as points; an odd one is none."""
    return [numbers[start : start + 2] for start in range(0, len(numbers), 2)]


def moment(value: Any) -> str | None:
    """When a picture was taken, as COCO writes it: without a zone, so UTC. None where that is no time."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def media_of(
    image: Mapping[str, Any], name: str, options: Options, pictures: Pictures, problems: list[FieldError]
) -> dict[str, Any] | None:
    """The picture: out of the zip, at an address that the file has, or below the one that the person gave."""
    try:
        data = pictures.read(name)
    except NotTaken as why:
        problems.append(FieldError("/file_name", why.code, why.detail))
        return None
    if data is not None:
        return {"data": data}
    if options.base_uri:
        return {"uri": f"{options.base_uri.rstrip('/')}/{name.lstrip('/')}"}
    addresses = (image.get("coco_url"), image.get("flickr_url"), name)
    return next(({"uri": uri} for uri in addresses if isinstance(uri, str) and "://" in uri), None)


def questions_of(coco: Coco) -> list[dict[str, Any]]:
    """What a file would have asked: boxes or polygons of its categories, or both."""
    options = choice_of(coco.names())
    found = coco.kinds() if options else ()
    return [
        {"name": kind, "kind": kind, "title": kind.capitalize(), "options": options}
        for kind in SHAPES
        if kind in found
    ]


def propose(file: IO[bytes], options: Options) -> list[dict[str, Any]]:
    """Boxes or polygons of the file's categories, or both."""
    return questions_of(opened(file)[0])


def total(file: IO[bytes]) -> int | None:
    """How many pictures there are."""
    return len(opened(file)[0].images)


def guess(head: bytes, filename: str) -> float:
    """An object with images, annotations, categories; or a zip, which other formats have less often."""
    if head.startswith(ZIP):
        return 0.6 if b".json" in head or b"images/" in head else 0.2
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return 0.0
    words = (b'"images"', b'"annotations"', b'"categories"', b'"file_name"', b'"licenses"', b'"bbox"')
    return min(0.95, 0.3 * sum(word in head for word in words))


COCO = FORMATS.add(
    Reader(
        "coco",
        _("COCO (JSON, or zip with pictures)"),
        rows,
        guess,
        total=total,
        extensions=(".json", ".zip"),
        propose=propose,
    )
)
