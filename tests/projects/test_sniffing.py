"""What a file is, by its bytes; and that nothing which can run, lies, or is too large is kept or shown."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from projects.streams.sniffing import BY_CONTENT_TYPE, PICTURES, Unkeepable, check_file, sniff
from tests.factories.files import huge_png, picture, sound

MB = 1024 * 1024
MP3 = b"\xff\xfb\x90\x00" + bytes(413)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"


def jpeg_with(app1: bytes) -> bytes:
    """A JPEG with an EXIF segment of ours."""
    plain = picture("JPEG")
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 8) + b"Exif\0\0" + app1 + plain[2:]


def exif_that_leads_in_circles() -> bytes:
    """An EXIF block whose directories name themselves, each with a value of four gigabytes."""
    entry = struct.pack("<HHII", 0x8769, 4, 0xFFFFFFFF, 8)
    return jpeg_with(
        b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 200) + entry * 200 + struct.pack("<I", 8)
    )


def png_with_text(size: int) -> bytes:
    """A picture whose comment unpacks to so many bytes."""
    packed = b"k\0\0" + zlib.compress(b"\0" * size)
    chunk = (
        struct.pack(">I", len(packed)) + b"zTXt" + packed + struct.pack(">I", zlib.crc32(b"zTXt" + packed))
    )
    plain = picture("PNG")
    return plain[:33] + chunk + plain[33:]


def code(data: bytes, most: int = 20 * MB, pixels: int | None = None) -> str:
    """What is said of a file: its content type, or the code of why it is not kept."""
    try:
        return check_file(data, most, pixels).type.content_type
    except Unkeepable as why:
        return why.code


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (sound(), "audio/wav"),
        (b"ID3\x04\0\0\0\0\0\0" + MP3, "audio/mpeg"),
        (MP3, "audio/mpeg"),
        (b"fLaC" + bytes(40), "audio/flac"),
        (b"OggS" + bytes(24) + b"\x01vorbis", "audio/ogg"),
        (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00", "audio/mp4"),
        (MP4, "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00", "video/quicktime"),
        (WEBM, "video/webm"),
        (b'\xef\xbb\xbf {"a": [1, 2]}', "application/json"),
        ("Grüße, 世界".encode(), "text/plain"),
        (b"a < b and <b>not</b> markup", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, content_type: str) -> None:
    assert code(data) == content_type


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xef\xbb\xbf\n <?xml version='1.0'?><svg onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"  <html><body onload=alert(1)>",
        b"<script>alert(1)</script>",
        b"%PDF-1.7 /JavaScript",
        b"MZ\x90\x00",
        b"\x7fELF\x02",
        b"PK\x03\x04" + bytes(30),
        b"CWS\x09\x00",
        b"#!/bin/sh\x00",
        b"\xff\xfe<\x00s\x00v\x00g\x00",
        b"\x00",
        b" \n ",
        b"\x1aE\xdf\xa3" + bytes(60),
        b"\x1f\x8b\x08",
    ],
)
def test_what_may_run_or_is_unknown_is_not_kept(data: bytes) -> None:
    assert code(data) == "unknown_type"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"x" * (2 * MB + 1), "too_large"),
        (huge_png(0, 0), "broken_file"),
        (huge_png(0, 10), "broken_file"),
        (huge_png(50_000, 50_000), "too_many_pixels"),
        (huge_png(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        (huge_png(7000, 7000), "broken_file"),  # few enough, but they are not there
        (picture("PNG")[:-30], "broken_file"),
        (picture("JPEG", (64, 64))[:200], "broken_file"),
        (picture("WEBP")[:30], "broken_file"),
        (b"GIF89a=/*", "broken_file"),
        (b"GIF89a/*" + b" " * 2000 + b"*/=1;alert(1)//", "broken_file"),
        (b"\x89PNG\r\n\x1a\n<svg onload='alert(1)'/>", "broken_file"),
        (b"\xff\xd8\xff<html><script>alert(1)</script>", "broken_file"),
        (b"GIF89a\x00\x00\x00\x00\x00\x00\x00;", "broken_file"),
        (b'{"a": ', "broken_file"),
        (b"[" * 100_000, "broken_file"),
        (b"{}{}", "broken_file"),
        (b"fine" * 2000 + b"\x00", "broken_file"),
        (b"fine" * 2000 + b"\xff", "broken_file"),
        (b"fine" + "é".encode()[:1], "broken_file"),
    ],
)
def test_what_lies_is_broken_or_too_large_is_not_kept(data: bytes, why: str) -> None:
    assert code(data, 2 * MB) == why


def test_a_script_behind_a_whole_picture_stays_a_picture() -> None:
    assert code(picture("GIF") + b"*/=1;alert(1)//") == "image/gif"


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
@pytest.mark.parametrize("bomb", [exif_that_leads_in_circles, lambda: png_with_text(60 * MB)])
def test_what_hides_behind_a_picture_is_not_unpacked(bomb: Callable[[], bytes]) -> None:
    assert code(bomb()) in ("image/jpeg", "image/png", "broken_file")


def test_pixels_are_bounded_by_the_caller_too() -> None:
    assert (code(picture(size=(10, 10)), pixels=100), code(picture(size=(10, 10)), pixels=99)) == (
        "image/png",
        "too_many_pixels",
    )


def test_the_size_of_a_picture_is_found() -> None:
    checked = check_file(picture("JPEG", (33, 7)), MB)
    assert (checked.width, checked.height, checked.pixels) == (33, 7, 231)


@given(st.binary(max_size=300), st.sampled_from(["", "PNG", "JPEG", "GIF", "WEBP"]), st.integers(0, 80))
def test_no_bytes_make_it_fail_and_what_is_kept_is_of_a_known_kind(tail: bytes, kind: str, cut: int) -> None:
    data = (picture(kind)[:cut] if kind else b"") + tail
    try:
        kept = check_file(data, 1000)
    except Unkeepable:
        return
    assert BY_CONTENT_TYPE[kept.type.content_type].kind == kept.type.kind
    assert sniff(data) == kept.type.content_type
    assert not data.lstrip(b"\xef\xbb\xbf \t\r\n\x0c").startswith(b"<")


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.integers(1, 40), st.integers(1, 40))
def test_every_whole_picture_is_kept_as_what_it_is(kind: str, width: int, height: int) -> None:
    file = BytesIO()
    Image.new("RGB", (width, height), (9, 8, 7)).save(file, kind)
    kept = check_file(file.getvalue(), MB)
    assert (PICTURES[kept.type.content_type].upper(), kept.width, kept.height) == (kind, width, height)
