"""From a row as it came in to the line that is written: typed attributes, promoted columns, the split."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from projects.schemas.fields import FieldSpec, field_specs
from projects.streams import media
from projects.streams.assigning import Splits
from projects.streams.models import Stream
from projects.streams.rows import Bad, MediaIn, RowIn
from projects.streams.sniffing import Unkeepable, check_file
from projects.streams.splits import Buckets
from projects.streams.values import pointer
from teams.access.problems import FieldError

URI = re.compile(r"(?:https?://[!-~]+|sluice:[0-9a-f]{64})\Z")
STORED = ("s3://", "gs://", "az://", "file:///")
MOST_PIXELS = 200_000_000  # of all pictures that a batch brings; more would keep its sender waiting too long
MAX_SPLIT_KEY = 200


class Line(msgspec.Struct, omit_defaults=True, gc=False):
    """One line of the recordset; its members are the columns that `receiving.INSERT` names."""

    key: str
    captured_at: datetime
    attributes: dict[str, Any]
    bucket: int
    split_key: str | None = None  # the key itself, where each example is split alone
    text: str = ""
    media_uri: str = ""
    media_type: str = ""
    k1: str | None = None
    k2: str | None = None
    k3: str | None = None
    k4: str | None = None
    n1: float | None = None
    n2: float | None = None


class Rules:
    """What a stream asks of its rows, looked up once a batch."""

    def __init__(self, stream: Stream) -> None:
        specs = field_specs(stream.fields)
        self.checks = tuple((spec.name, spec.nullable, spec.check, spec) for spec in specs.values())
        self.promoted = tuple((spec.name, spec.written) for spec in specs.values() if spec.written)
        self.split_by = stream.split_by
        self.splits = Splits(stream)
        self.buckets = Buckets(self.splits.cuts.stored_by)
        self.organization = stream.organization
        self.pixels = MOST_PIXELS
        self.kept: dict[str, str] = {}

    def look_up(self, rows: Iterable[RowIn | Bad]) -> None:
        """Which uploads that these rows name are there, and of what type: one query for all."""
        named = [row.media.uri for row in rows if isinstance(row, RowIn) and row.media and row.media.uri]
        self.kept = media.named(self.organization, named)

    def errors(self, row: RowIn) -> list[FieldError]:
        """What is wrong with a row that reads well; pointers start at the row."""
        get, shown = row.attributes.get, row.media
        found = [
            wrong(spec, get(name))
            for name, nullable, check, spec in self.checks
            if not (nullable if (value := get(name)) is None else check(value))
        ]
        if self.split_by:
            found += self.split_errors(row.attributes)
        if shown is not None and not is_plain(shown):
            found += self.media_errors(shown)
        if found or self.is_hashed(row):
            return found
        return self.splits.refusal(row, self.split_key(row))

    def is_hashed(self, row: RowIn) -> bool:
        """Whether its key's hash alone says where it goes, as that of most rows does."""
        return row.split is None and not self.split_by

    def split_key(self, row: RowIn) -> str:
        """The group of a row."""
        return row.attributes[self.split_by] if self.split_by else row.key

    def media_errors(self, given: MediaIn) -> Iterable[FieldError]:
        """A file is named or sent, not both; what is named is there as far as we can know."""
        if (given.uri is None) == (given.data is None):
            yield FieldError("/media", "uri_or_data", "Give either uri or data.")
        elif given.uri is not None and not is_address(given.uri):
            detail = "An address begins with https://, http://, s3://, gs://, az:// or file:///."
            yield FieldError("/media/uri", "uri", detail)
        elif given.uri is not None and given.uri.startswith(media.SCHEME) and given.uri not in self.kept:
            yield FieldError(
                "/media/uri", "unknown_media", "Nothing with this digest has been uploaded here."
            )
        elif given.data is not None:
            yield from self.file_errors(given.data)

    def file_errors(self, data: bytes) -> Iterable[FieldError]:
        """Sent bytes are a small file of a kind that cannot run anything."""
        try:
            self.pixels -= check_file(data, media.MAX_BYTES, self.pixels).pixels
        except Unkeepable as why:
            yield FieldError("/media/data", why.code, why.detail)

    def split_errors(self, given: dict[str, Any]) -> Iterable[FieldError]:
        """A stream that splits by an attribute needs it on every example, or the split would leak."""
        value = given.get(self.split_by)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_SPLIT_KEY:
            detail = f"Examples are split by this attribute: a text of 1 to {MAX_SPLIT_KEY} characters."
            yield FieldError(pointer("/attributes", self.split_by), "split_key", detail)

    def line(self, row: RowIn, now: datetime, uri: str, media_type: str) -> Line:
        """The line of a row without errors. A row without a time gets `now`: the insert knows it by that."""
        given = row.attributes
        if self.is_hashed(row):
            split_key, bucket = None, self.buckets.of(row.key)
        else:
            split_key = self.split_key(row)
            bucket = self.splits.bucket(row, split_key)
        line = Line(row.key, row.captured_at or now, given, bucket, split_key, row.text, uri, media_type)
        for name, column in self.promoted:
            setattr(line, column, given.get(name))
        return line


def wrong(spec: FieldSpec, value: Any) -> FieldError:
    """The error of an attribute of the wrong type."""
    code = "required" if value is None else "type"
    return FieldError(pointer("/attributes", spec.name), code, f"Expected {spec.expected}.")


def is_address(uri: str) -> bool:
    """Whether a browser, a trainer or the server could use it; names in a store may have spaces and any letters."""
    if not uri.startswith(STORED):
        return bool(URI.match(uri))
    return uri not in STORED and uri.isprintable() and uri == uri.strip()


def is_plain(media: MediaIn) -> bool:
    """Whether a picture is just named, by an address on the web that can be used."""
    named = media.uri is not None and media.data is None and media.uri.startswith("http")
    return named and URI.match(media.uri or "") is not None
