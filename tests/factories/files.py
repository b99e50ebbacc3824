"""Small files that are what they say: pictures, sound, film, made here."""

from __future__ import annotations

import struct
import wave
import zlib
from io import BytesIO

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8), grey: int = 128) -> bytes:
    """A picture of one grey."""
    file = BytesIO()
    Image.new("L", size, grey).save(file, kind)
    return file.getvalue()


def sound(seconds: float = 0.1) -> bytes:
    """Silence, as WAV."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\x00\x00" * int(8000 * seconds))
    return file.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG that says it is of this size; its pixels would be zeros, as many as fit a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
