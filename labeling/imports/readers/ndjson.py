"""Lines of JSON, an example each, as the API takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.imports.readers.lines import MAX_LINE, lines, mark_of
from labeling.imports.reading import FORMATS, Mark, Options, Questions, Read, Reader, Unreadable
from projects.streams.rows import EXAMPLES, Bad
from teams.access.problems import FieldError


def rows(
    file: IO[bytes], options: Options, questions: Questions, after: Mark | None = None
) -> Iterator[Read]:
    """A row for every line that is not blank."""
    for line in lines(file, mark_of(after)):
        if line.number == 1 and line.raw is not None and line.raw.lstrip().startswith(b"["):
            sentence = _("This file is one JSON list; send its members one a line, without brackets.")
            raise Unreadable(sentence, code="not_lines", place=_("line 1"))
        place = _("line %(n)s") % {"n": line.number}
        mark = msgspec.to_builtins(line.after)
        if line.raw is None:
            error = FieldError("", "too_large", f"A line has at most {MAX_LINE // 1024 // 1024} MB.")
            yield Read(Bad([error]), place, mark)
        elif line.raw.strip():
            yield Read(EXAMPLES.read(msgspec.Raw(line.raw)), place, mark)


def guess(head: bytes, filename: str) -> float:
    """By its name, or by a first line that is an object with a key."""
    if filename.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        return 0.9
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0].rstrip()
    return 0.6 if first.startswith(b"{") and first.endswith(b"}") and b'"key"' in first else 0.0


FORMATS.add(
    Reader(
        "ndjson",
        gettext_lazy("Lines of JSON, as the API takes them"),
        rows,
        guess,
        extensions=(".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
    )
)
