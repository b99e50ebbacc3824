"""The values of a long JSON list, one after another: never more of the file in memory than the longest of them."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from labeling.imports.reading import Unreadable

CHUNK = 256 * 1024
MAX_ELEMENT = 8 * 1024 * 1024  # characters
SPACE = re.compile(r"[ \t\r\n]*")


def whole(digits: str) -> int | float:
    """A whole number; one with more digits than anybody counts is infinite, and refused where it stands."""
    return int(digits) if len(digits) < 30 else float(digits)


DECODER = json.JSONDecoder(parse_int=whole)


class Text:
    """What of a file has been read and not used: `buffer` from `at` on."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.decoder = file, codecs.getincrementaldecoder("utf-8-sig")()
        self.buffer, self.at, self.is_whole = "", 0, False

    def more(self) -> bool:
        """Read on, twice as much as there is; False at the end of the file. Raises UnicodeDecodeError."""
        if self.is_whole:
            return False
        left = self.buffer[self.at :]
        data = self.file.read(max(CHUNK, len(left)))
        self.is_whole = not data
        self.buffer, self.at = left + self.decoder.decode(data, final=self.is_whole), 0
        return bool(data)

    def next(self) -> str:
        """The next character that is no space, which stays; empty at the end."""
        while True:
            found = SPACE.match(self.buffer, self.at)
            assert found is not None
            self.at = found.end()
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return ""

    def value(self) -> Any:
        """The next value. Raises ValueError for what is none, or too long; RecursionError for one that is too deep."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.buffer, self.at)
            except ValueError:
                if len(self.buffer) - self.at > MAX_ELEMENT or not self.more():
                    raise
                continue
            if end < len(self.buffer) or not self.more():  # a number may go on in what is not read yet
                self.at = end
                return value


def elements(file: IO[bytes], noun: str) -> Iterator[Any]:
    """The values of a list. Raises Unreadable, with the place ("task 12"), where it cannot be read on."""
    text, count = Text(file), 0
    try:
        if text.next() != "[":
            raise Unreadable(_("This is not a JSON list."), code="not_a_list")
        text.at += 1
        while text.next() not in ("]", ""):
            count += 1
            yield text.value()
            if text.next() == ",":
                text.at += 1
            elif text.next() != "]":
                raise ValueError
        if text.next() != "]":
            raise ValueError
    except (ValueError, RecursionError):
        sentence = _("The file breaks off here, or is not JSON.")
        raise Unreadable(sentence, place=f"{noun} {count}" if count else "") from None
