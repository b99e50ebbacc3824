"""JSON as it comes in: bounded in depth, without the values that PostgreSQL or other readers choke on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from teams.access.problems import Problem

MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """RFC 8259 JSON: no NaN, no duplicate tricks, no NUL, no lone surrogates, at most 32 deep."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body as Python values; 400 where it cannot be read, 422 where it can but must not be kept."""
        encoding = str((parser_context or {})["request"].headers.get("Content-Encoding", "")).strip().lower()
        if encoding not in ("", "identity"):
            raise Problem(415, "unsupported_encoding", "A body is sent plain here, without Content-Encoding.")
        raw = bounded(stream)
        if not raw.strip():
            raise ParseError("The body is empty; a JSON document is expected.")
        return strict_json(raw)


def bounded(stream: Any) -> bytes:
    """All of a body, or a 413 as soon as it is more than an installation takes; DRF reads without end."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise RequestDataTooBig
    return raw


def strict_json(raw: bytes) -> Any:
    """Decode a JSON document strictly."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ParseError(f"The body is not valid JSON: {error}"[:200]) from None
    except RecursionError:
        raise Problem(400, "too_deep", f"The body nests deeper than {MAX_DEPTH} levels.") from None
    check(value)
    if says_twice(raw):
        raise Problem(400, "twice", "An object of the body has the same name twice.")
    return value


class Twice(Exception):
    """An object has a name twice."""


def once(pairs: list[tuple[str, Any]]) -> None:
    """The names and values of an object. Raises Twice."""
    if len(dict(pairs)) != len(pairs):
        raise Twice


def says_twice(raw: bytes) -> bool:
    """Whether an object of this JSON has a name twice (RFC 8259, 4: what readers make of that is unpredictable).

    msgspec keeps the last of them and does not say so, which is why the standard library reads it once more.
    """
    try:
        json.loads(raw, object_pairs_hook=once)
    except Twice:
        return True
    except (ValueError, RecursionError):  # whoever reads it for what it says finds that too
        return False
    return False


def check(value: Any, depth: int = 0) -> None:
    """Refuse what no column can hold."""
    if depth > MAX_DEPTH:
        raise Problem(400, "too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")
    match value:
        case str():
            if "\x00" in value:
                raise Problem(422, "nul_character", "Text must not contain the NUL character.")
        case int() if not -(2**63) <= value < 2**63:
            raise Problem(422, "out_of_range", "A whole number fits 64 bits.")
        case dict():
            for key, item in value.items():
                check(key, depth + 1)
                check(item, depth + 1)
        case list():
            for item in value:
                check(item, depth + 1)
