"""A COCO file in memory: its records unread until they are needed, annotations found by their picture."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import IO, Any

import msgspec
from django.utils.translation import gettext_lazy as _

from labeling.imports.readers.shapes import NotTaken
from labeling.imports.reading import Unreadable
from projects.schemas.values import is_text

MAX_BYTES = 256 * 1024 * 1024
LENIENT_BYTES = 32 * 1024 * 1024  # of a file that has to be read twice
SAMPLED = 2000


class Whole(msgspec.Struct):
    """The lists of a file, each record as it stands there."""

    images: list[msgspec.Raw] = []
    annotations: list[msgspec.Raw] = []
    categories: list[msgspec.Raw] = []


class Of(msgspec.Struct):
    """Whose an annotation is."""

    image_id: int | str | None = None


WHOLE, OF = msgspec.json.Decoder(Whole), msgspec.json.Decoder(Of)


class Coco:
    """One file. `name` is its own, which may say a split."""

    def __init__(self, whole: Whole, name: str) -> None:
        self.name = name
        self.images = [bytes(raw) for raw in whole.images]
        self.annotations = whole.annotations
        self.categories = dict(self._categories(whole.categories))
        self.by_image: dict[Any, list[int]] = defaultdict(list)
        for number, raw in enumerate(whole.annotations):
            self.by_image[image_of(raw)].append(number)

    def _categories(self, rows: list[msgspec.Raw]) -> Iterator[tuple[Any, str]]:
        for raw in rows:
            row = self.read(bytes(raw))
            if row is not None and isinstance(row.get("id"), int | str) and isinstance(row.get("name"), str):
                yield row["id"], row["name"]

    def read(self, raw: bytes) -> dict[str, Any] | None:
        """A record; None where it is no object."""
        try:
            value = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def has_annotations(self) -> bool:
        """Whether anything at all is annotated; a file of pictures alone says nothing of them."""
        return bool(self.annotations)

    def of(self, image: Any) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """(number in the file, annotation) of a picture."""
        numbers = self.by_image.get(image, ()) if isinstance(image, int | str) else ()
        for number in numbers:
            yield number, self.read(bytes(self.annotations[number]))

    def category(self, value: Any) -> str:
        """The name of a category. Raises NotTaken for one that the file does not have."""
        if not isinstance(value, int | str) or value not in self.categories:
            raise NotTaken("unknown_category", "The file has no such category.")
        return self.categories[value]

    def names(self) -> list[str]:
        """Of all categories, in the file's order."""
        return [name for name in self.categories.values() if is_text(name)]

    def kinds(self) -> set[str]:
        """Which shapes the first annotations have."""
        found = set()
        for raw in self.annotations[:SAMPLED]:
            row = self.read(bytes(raw)) or {}
            if isinstance(row.get("bbox"), list) and len(row["bbox"]) == 4:
                found.add("boxes")
            if isinstance(row.get("segmentation"), list) and row["segmentation"]:
                found.add("polygons")
        return found


def image_of(raw: msgspec.Raw) -> Any:
    """Whose an annotation is; None where it does not say."""
    try:
        return OF.decode(raw).image_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def loaded(file: IO[bytes], name: str) -> Coco:
    """A file's records. Raises Unreadable for what is no COCO file, or too large to hold."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Unreadable(
            _("A COCO file has at most %(mb)s MB here; divide it by pictures.")
            % {"mb": MAX_BYTES // 1024 // 1024},
            code="too_large",
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return Coco(WHOLE.decode(data), name)
    except msgspec.ValidationError:
        raise Unreadable(
            _("This has no lists of images, annotations and categories, as COCO does.")
        ) from None
    except RecursionError:
        raise Unreadable(_("The file nests too deeply.")) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lenient(data, name)


def lenient(data: bytes, name: str) -> Coco:
    """The same for what Python writes and JSON does not allow (NaN): it is then missing."""
    try:
        value = json.loads(data, parse_constant=lambda word: None) if len(data) <= LENIENT_BYTES else None
        return Coco(WHOLE.decode(msgspec.json.encode(value)), name)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise Unreadable(_("The file breaks off, or is not JSON.")) from None
