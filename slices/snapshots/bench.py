"""Where an export is put together: files that nobody sees until all of them are finished."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

from projects.schemas.fields import FieldSpec, field_specs
from projects.streams import media
from projects.streams.media import SCHEME
from projects.streams.models import Media
from slices.snapshots.files import Draft, draft
from slices.snapshots.models import Snapshot
from slices.snapshots.rows import Line, Row, read

FEW = 100  # pictures in memory at a time

Pictures = dict[str, bytes]


class Finished(NamedTuple):
    """A file that is complete."""

    name: str
    draft: Draft
    rows: int


class Bench:
    """One export being made: its lines, its drafts, what is finished. `tell` hears how many rows are done."""

    def __init__(
        self,
        snapshot: Snapshot,
        options: dict[str, Any],
        stack: ExitStack,
        tell: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.snapshot, self.options, self.stack, self.tell = snapshot, options, stack, tell
        self.files: list[Finished] = []
        self.lossy: list[str] = []
        self.rows = 0

    @property
    def inline(self) -> bool:
        """Whether uploaded pictures go into the rows."""
        return self.options.get("media") == "inline"

    @property
    def fields(self) -> list[FieldSpec]:
        """The attributes that were declared when the snapshot was frozen."""
        return list(field_specs(self.snapshot.fields).values())

    @property
    def stem(self) -> str:
        """What its files are called."""
        return f"snapshot-{self.snapshot.pk}"

    def draft(self) -> Draft:
        """A file to write; gone at the end of the work unless it was kept."""
        return self.stack.enter_context(draft())

    def finish(self, name: str, written: Draft, rows: int = 0) -> None:
        """A file is complete."""
        self.files.append(Finished(name, written, rows))

    def lines(self) -> Iterator[list[Line]]:
        """The lines of the snapshot in batches."""
        for lines in read(self.snapshot):
            yield lines
            self.rows += len(lines)
            self.tell(self.rows)

    def lines_with_pictures(self) -> Iterator[tuple[list[Line], Pictures]]:
        """The same, each batch with its uploaded pictures by address, if they were asked for."""
        for lines in self.lines():
            if not self.inline:
                yield lines, {}
                continue
            for start in range(0, len(lines), FEW):
                part = lines[start : start + FEW]
                yield part, pictures_of(self.snapshot, part)

    def questions(self, *kinds: str) -> list[dict[str, Any]]:
        """The questions of some kinds that the answers are to; those of the newest version come first."""
        schemas = self.snapshot.organization.label_schemas.filter(project=self.snapshot.project_id)
        if self.snapshot.evidence_version >= 2:
            schemas = schemas.filter(version__in=self.snapshot.label_schemas)
        found = schemas.order_by("-version").values_list("questions", flat=True)
        return [row for questions in found for row in questions if not kinds or row["kind"] in kinds]


def pictures_of(snapshot: Snapshot, lines: list[Line]) -> Pictures:
    """Small uploads of some lines; media that are large, kept elsewhere, or were lost, are not among them."""
    pictures = {}
    for row in uploads(snapshot, lines):
        if row.size > media.MAX_BYTES:
            continue
        with suppress(FileNotFoundError):
            pictures[SCHEME + row.digest] = media.read(row)
    return pictures


def uploads(snapshot: Snapshot, lines: list[Line]) -> list[Media]:
    """The uploads that some lines point at."""
    uris = {line.row.media_uri for line in lines if line.row.media_uri.startswith(SCHEME)}
    digests = [uri.removeprefix(SCHEME) for uri in sorted(uris)]
    return list(snapshot.organization.media.filter(digest__in=digests)) if digests else []


def picture_of(snapshot: Snapshot, row: Row) -> Media | None:
    """The uploaded picture of one member, as it was frozen; None when it lies elsewhere or there is none."""
    if not row.media_uri.startswith(SCHEME):
        return None
    return snapshot.organization.media.filter(digest=row.media_uri.removeprefix(SCHEME)).first()


def in_text(picture: bytes) -> bytes:
    """A picture as JSON can carry it."""
    return base64.b64encode(picture)
