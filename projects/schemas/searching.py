"""Finding an option among many: by typing, or by going down the tree that parents make."""

from __future__ import annotations

import heapq
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projects.schemas.options import path

MOST = 20  # options in one answer
LONGEST = 100  # characters of what is typed

Option = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """An option with the titles of those above it, the top first, and how many there are right below."""

    value: str
    title: str
    above: list[str]
    below: int


def find(options: Sequence[Option], typed: str) -> tuple[list[Found], int]:
    """The best MOST options for what is typed, and how many fit in all. Every word has to be in the title or value.

    Titles that begin with it come first, then those of which a word does, then shorter ones; a tie keeps the order of
    the schema.
    """
    words = folded(typed[:LONGEST]).split()
    ranked = [
        (rank, index) for index, option in enumerate(options) if (rank := rank_of(option, words)) is not None
    ]
    best = heapq.nsmallest(MOST, ranked)
    return shown(options, [options[index] for _rank, index in best]), len(ranked)


def rank_of(option: Option, words: Sequence[str]) -> tuple[int, int] | None:
    """How well an option fits, the smaller the better; None: it does not."""
    title = folded(title_of(option))
    text = f"{title} {folded(option['value'])}"
    if not words or not all(word in text for word in words):
        return None
    if title.startswith(" ".join(words)):
        return 0, len(title)
    begins = all(f" {word}" in f" {text}" for word in words)
    return (1 if begins else 2), len(title)


def below(options: Sequence[Option], value: str | None) -> tuple[list[Found], int]:
    """The first MOST options right below one (None: at the top), and how many there are."""
    listed = [option for option in options if option.get("parent") == value]
    return shown(options, listed[:MOST]), len(listed)


def shown(options: Sequence[Option], listed: Sequence[Option]) -> list[Found]:
    """Options as a person recognizes them."""
    parents = {option["value"]: option.get("parent") for option in options}
    counts = Counter(parents.values())
    wanted = {one for option in listed for one in path(parents, option["value"])}
    titles = {option["value"]: title_of(option) for option in options if option["value"] in wanted}
    return [
        Found(
            value=option["value"],
            title=title_of(option),
            above=[titles[one] for one in path(parents, option["value"])[:-1]],
            below=counts[option["value"]],
        )
        for option in listed
    ]


def title_of(option: Option) -> str:
    """What is read."""
    return str(option.get("title") or option["value"])


def folded(text: str) -> str:
    """Without case and accents, so that `uber` finds Über."""
    return text.casefold() if text.isascii() else "".join(bare(text)).casefold()


def bare(text: str) -> Iterator[str]:
    """Its characters without the marks on them."""
    return (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
