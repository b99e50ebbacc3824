"""What a file is, by its bytes alone: never by its name, nor by what its sender says of it.

Nothing that a browser would run is among the kinds that are known: no HTML, no SVG or other XML.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import IO

import msgspec
from django.conf import settings
from PIL import Image

HEAD = 4096  # bytes that tell what a file is
UNKNOWN = "application/octet-stream"
BLANK = "\ufeff \t\n\r\f"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
DECODING = Lock()  # one picture at a time: the largest ones take hundreds of megabytes


class Unkeepable(Exception):
    """A file that is not kept here, and why: a code for machines, a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file that may be shown. `is_like` looks at its first bytes."""

    content_type: str
    extension: str
    kind: str  # image, audio, video, text, json
    is_like: Callable[[bytes], bool]


def begins(*beginnings: bytes) -> Callable[[bytes], bool]:
    """Whether a file begins so."""
    return lambda head: head.startswith(beginnings)


def riff(form: bytes) -> Callable[[bytes], bool]:
    """Whether it is a RIFF file of this form."""
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def brand(*brands: bytes) -> Callable[[bytes], bool]:
    """Whether it is an ISO media file (ISO 14496-12) whose first brand begins so."""
    return lambda head: head[4:8] == b"ftyp" and head[8:12].startswith(brands)


def is_mp3(head: bytes) -> bool:
    """An ID3 tag, or the header of an MPEG layer III frame whose fields are none of the forbidden ones."""
    if head.startswith(b"ID3"):
        return True
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[1] >> 3 & 3 != 1 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def is_text(head: bytes) -> bool:
    """UTF-8 without control characters (the last one may be cut off), and neither markup nor PDF, which is text too."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    said = text.strip(BLANK)
    return bool(said) and not said.startswith(("<", "%PDF")) and CONTROLS.search(text) is None


def is_json(head: bytes) -> bool:
    """Text that begins as an object or a list."""
    return head.lstrip(b"\xef\xbb\xbf \t\n\r")[:1] in (b"{", b"[") and is_text(head)


TYPES: tuple[FileType, ...] = (
    FileType("image/png", "png", "image", begins(b"\x89PNG\r\n\x1a\n")),
    FileType("image/jpeg", "jpg", "image", begins(b"\xff\xd8\xff")),
    FileType("image/gif", "gif", "image", begins(b"GIF87a", b"GIF89a")),
    FileType("image/webp", "webp", "image", riff(b"WEBP")),
    FileType("audio/wav", "wav", "audio", riff(b"WAVE")),
    FileType("audio/flac", "flac", "audio", begins(b"fLaC")),
    FileType(
        "audio/ogg", "ogg", "audio", lambda head: head.startswith(b"OggS") and b"theora" not in head[:512]
    ),
    FileType("video/ogg", "ogv", "video", begins(b"OggS")),
    FileType("audio/mp4", "m4a", "audio", brand(b"M4A", b"M4B")),
    FileType("video/mp4", "mp4", "video", brand(b"iso", b"mp4", b"avc", b"M4V", b"MSNV", b"dash")),
    FileType("video/quicktime", "mov", "video", brand(b"qt")),
    FileType(
        "video/webm", "webm", "video", lambda head: head[:4] == b"\x1aE\xdf\xa3" and b"webm" in head[:64]
    ),
    FileType("audio/mpeg", "mp3", "audio", is_mp3),
    FileType("application/json", "json", "json", is_json),
    FileType("text/plain", "txt", "text", is_text),
)
BY_CONTENT_TYPE = {row.content_type: row for row in TYPES}
PICTURES = {f"image/{name}": name for name in ("png", "jpeg", "gif", "webp")}
KEPT = (
    "pictures (PNG, JPEG, GIF, WebP), audio (WAV, MP3, FLAC, Ogg, M4A), video (MP4, WebM, Ogg, QuickTime), "
    "JSON and plain text"
)


def type_of(head: bytes) -> FileType | None:
    """What a file is, by its first bytes; None for what is not shown."""
    return next((row for row in TYPES if row.is_like(head[:HEAD])), None)


def sniff(data: bytes) -> str | None:
    """The content type that the bytes themselves show; None for anything we do not keep."""
    found = type_of(data)
    return found.content_type if found else None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept; `width` and `height` in pixels, 0 where it is no picture."""

    type: FileType
    width: int = 0
    height: int = 0

    @property
    def pixels(self) -> int:
        """How much there is to decode."""
        return self.width * self.height


def most_pixels() -> int:
    """Of one picture."""
    return settings.SLUICE_MEDIA_MEGAPIXELS * 1_000_000


def check_file(data: bytes, most_bytes: int, pixels: int | None = None) -> Checked:
    """Whether a whole file may be kept: small enough, of a known kind, and really of it. Raises Unkeepable.

    `pixels` is how many a picture may have, if fewer than the installation allows.
    """
    if not data:
        raise Unkeepable("empty", "The file is empty.")
    if len(data) > most_bytes:
        raise Unkeepable("too_large", f"A file has at most {most_bytes / 1024 / 1024:g} MB here.")
    found = type_of(data)
    if found is None:
        raise Unkeepable("unknown_type", f"Only these files are kept here: {KEPT}.")
    if found.content_type in PICTURES:
        return Checked(found, *decoded_size(data, found.content_type, pixels))
    if found.kind in ("text", "json"):
        check_text(data)
    if found.kind == "json":
        check_json(data)
    return Checked(found)


def check_text(data: bytes) -> None:
    """Whether it is text to its end. Raises Unkeepable."""
    try:
        data.decode()
    except UnicodeDecodeError:
        is_whole = False
    else:
        is_whole = is_text(data)
    if not is_whole:
        raise Unkeepable("broken_file", "It begins as text and goes on as something else.")


def check_json(data: bytes) -> None:
    """Whether it is JSON to its end. Raises Unkeepable."""
    try:
        msgspec.json.decode(data.removeprefix(codecs.BOM_UTF8))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unkeepable("broken_file", f"It begins as JSON and is none: {error}"[:200]) from None


def decoded_size(data: bytes, content_type: str, pixels: int | None = None) -> tuple[int, int]:
    """(width, height) of a picture, decoded to its end. Raises Unkeepable for one that is too large or broken."""
    try:
        with opened(BytesIO(data), content_type, pixels) as image:
            size = image.size
            image.draft("RGB", (1, 1))  # of a JPEG only an eighth of each side is computed
            with DECODING:
                image.load()
    except Unkeepable:
        raise
    except Exception:  # Pillow raises whatever a broken file makes it raise
        raise Unkeepable("broken_file", "The picture is broken or cut off.") from None
    return size


def opened(file: IO[bytes], content_type: str, pixels: int | None = None) -> Image.Image:
    """A picture of which only the head is read, within the limits. Raises Unkeepable, or what Pillow does."""
    most = most_pixels() if pixels is None else min(pixels, most_pixels())
    try:
        image = Image.open(file, formats=[PICTURES[content_type]])
    except Image.DecompressionBombError:
        raise too_many(most) from None
    if 0 in image.size:
        raise Unkeepable("empty", "The picture has no pixels.")
    if image.width * image.height > most:
        raise too_many(most)
    return image


def too_many(most: int) -> Unkeepable:
    """More pixels than a page should be asked to show."""
    return Unkeepable(
        "too_many_pixels", f"The picture has more than the {most / 1e6:g} million pixels allowed."
    )


def is_shown(file: IO[bytes], found: FileType) -> bool:
    """Whether a browser may be given this file of an organization's own store to show, judged by its head."""
    if found.content_type not in PICTURES:
        return True
    try:
        opened(file, found.content_type).close()
    except Exception:  # whatever a decoder trips over
        return False
    return True
