"""What may stand at a place in a condition's text: asked of the grammar itself, then of the stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Count, F
from lark import Token, UnexpectedInput

from projects.conditions.counting import bounded
from projects.conditions.fields import Field, Fields, fields_of
from projects.conditions.nodes import OPERATORS, PARAM_FOR, SPLITS
from projects.conditions.predicted import models_of
from projects.conditions.references import names_of
from projects.conditions.text import MAX_TEXT, expected, quote, show_field, unquote
from projects.streams.models import Stream
from teams.identity.refused import Refused

MOST = 100
MOST_VALUES = 20
NEWEST = 20_000  # examples that frequent values are counted in
VALUES_MS = 1_000

PIECE = re.compile(r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|\$?[A-Za-z0-9_.]+|\$|\s+|.", re.DOTALL)
CLOSED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
WORD = re.compile(r"[$'\"A-Za-z0-9_]")
REST = {"'": re.compile(r"[^'\s]*'"), '"': re.compile(r"[^\"\s]*\""), "": re.compile(r"[A-Za-z0-9_.]*")}

# An operator as it is typed, and what it says.
TYPED = {
    "=": ("=", "is"),
    "<>": ("<>", "is not, or is missing"),
    "<": ("<", "is less than"),
    "<=": ("<=", "is at most"),
    ">": (">", "is more than"),
    ">=": (">=", "is at least"),
    "between": ("between", "lies between two values, both included"),
    "in": ("in (", "is one of"),
    "like": ("like", "fits a pattern with % and _"),
    "isNull": ("is null", "is missing"),
    "x_within_last": ("within last", "lies in the last days or hours"),
    "x_within": ("within", "lies in the months or days before a moment"),
    "a_overlaps": ("has any (", "holds at least one of"),
    "a_contains": ("has all (", "holds all of"),
}
FUNCTIONS = {
    "SAMPLE": ("sample(", "A share of the examples, by lot: sample(10%, 'salt')"),
    "SPLIT": ("split(", "The examples of a split"),
    "SLICE": ("slice(", "The members of a slice"),
    "DISAGREES": ("disagrees(", "Where people or models contradict each other"),
}
KEYWORDS = {
    "AND": ("and", "Both hold"),
    "OR": ("or", "At least one holds"),
    "NOT": ("not", "The contrary"),
    "LAST": ("last", "Counted back from now"),
    "OF": ("of", "Before which moment"),
    "CASEI": ("casei", "Capital letters do not matter"),
    "ANY": ("any (", "At least one of"),
    "ALL": ("all (", "All of"),
    "NULL": ("null", "Missing"),
    "LPAR": ("(", "A part of its own"),
    "RPAR": (")", "The end of this part"),
}
LENGTHS = {
    "DURATION": (("24h", "a day"), ("7d", "a week"), ("30d", "30 days"), ("60d", "60 days")),
    "LENGTH": (("P1D", "a day"), ("P1W", "a week"), ("P1M", "a month of the calendar"), ("P1Y", "a year")),
}
OF_PEOPLE = ("annotators", "model", "human")


class Completion(NamedTuple):
    """Something that may stand there; `replace` is [from, to) of the text that it takes the place of.

    `kind` is field, operator, keyword, function, value, slice or param.
    """

    text: str
    kind: str
    detail: str
    replace: tuple[int, int]


class Candidate(NamedTuple):
    """Something that the grammar allows; `bare` is how it may also be begun, without its quotes."""

    text: str
    kind: str
    detail: str
    bare: str = ""


def everything(verb: str) -> bool:
    """Nothing is withheld."""
    return True


def complete(
    text: str,
    cursor: int,
    stream: Stream,
    params: Mapping[str, str] | None = None,
    may: Callable[[str], bool] = everything,
) -> list[Completion]:
    """What may stand at the cursor, of what begins as the word there does; nothing after a mistake.

    `may` says whether the reader has the verb that a field asks for.
    """
    cursor = min(max(cursor, 0), len(text), MAX_TEXT)
    start = beginning(text[:cursor])
    typed = text[start:cursor]
    try:
        tokens, terminals = expected(text[:start])
    except UnexpectedInput:
        return []
    spot = Spot(stream, fields_of(stream), tokens, terminals, typed, dict(params or {}), may)
    replace = (start, ending(text, start, cursor))
    fitting = (one for one in spot.candidates() if begins(one, typed))
    return [
        Completion(one.text, one.kind, one.detail, replace)
        for one, _n in zip(fitting, range(MOST), strict=False)
    ]


def beginning(before: str) -> int:
    """Where the word at the end of a text begins; its end, if there is none or it is done."""
    pieces = list(PIECE.finditer(before))
    last = pieces[-1] if pieces else None
    if last is None or not WORD.match(last[0]) or CLOSED.fullmatch(last[0]):
        return len(before)
    return last.start()


def ending(text: str, start: int, cursor: int) -> int:
    """Where the word that the cursor is in ends."""
    first = text[start] if start < cursor and text[start] in "'\"" else ""
    rest = REST[first].match(text, cursor) if start < cursor else None
    return rest.end() if rest else cursor


def begins(candidate: Candidate, typed: str) -> bool:
    """Whether a candidate begins with what is typed; a field with or without its quotes, a value too."""
    small, text, bare = typed.lower(), candidate.text.lower(), candidate.bare.lower()
    if small.startswith("'"):
        return text.startswith(small)
    if small.startswith('"'):
        return candidate.kind == "field" and bare.startswith(small[1:])
    return text.startswith(small) or (bool(bare) and bare.startswith(small))


@dataclass
class Spot:
    """A place in a text: what stands before it, and what the grammar takes there."""

    stream: Stream
    fields: Fields
    tokens: list[Token]
    terminals: set[str]
    typed: str
    params: dict[str, str]
    may: Callable[[str], bool]
    subject: Field | None = field(init=False)

    def __post_init__(self) -> None:
        names = [token for token in self.tokens if token.type in ("NAME", "QUOTED")]
        name = names[-1] if names else None
        said = None if name is None else unquote(name) if name.type == "QUOTED" else str(name)
        self.subject = self.fields.get(said) if said is not None else None

    def before(self, n: int) -> list[str]:
        """The kinds of the last tokens."""
        return [token.type for token in self.tokens[-n:]]

    def candidates(self) -> Iterator[Candidate]:
        """All that may stand here."""
        if "NAME" in self.terminals:
            yield from self.names()
        if "COMPARISON" in self.terminals:
            yield from self.operators()
        if "STRING" in self.terminals:
            yield from self.texts()
        if "PARAM" in self.terminals:
            yield from self.parameters()
        for kind, choices in LENGTHS.items():
            if kind in self.terminals:
                yield from (Candidate(text, "value", detail) for text, detail in choices)
        yield from self.words()

    def names(self) -> Iterator[Candidate]:
        """The fields."""
        for name, one in sorted(self.fields.items()):
            if not one.verb or self.may(one.verb):
                detail = f"{one.type}: {one.title}" if one.title else one.type
                yield Candidate(show_field(name), "field", detail, name)

    def operators(self) -> Iterator[Candidate]:
        """Those of the field's type."""
        for op in OPERATORS[self.subject.type] if self.subject else ():
            text, detail = TYPED[op]
            yield Candidate(text, "operator", detail)
            if op == "isNull":
                yield Candidate("is not null", "operator", "is there")

    def texts(self) -> Iterator[Candidate]:
        """Values between quotes, or what else a value may be."""
        called, last = self.called(), self.before(1)
        if called == "SLICE":
            for name in names_of(self.stream):
                yield Candidate(quote(name), "slice", "slice", name)
        elif called == "SPLIT":
            for name in SPLITS:
                yield Candidate(quote(name), "value", "split", name)
        elif called == "DISAGREES":
            for name in (*OF_PEOPLE, *models_of(self.stream)):
                yield Candidate(quote(name), "value", "people" if name in OF_PEOPLE else "model", name)
        elif called is None and last not in (["LIKE"], ["TIMESTAMP"]) and self.subject:
            yield from self.values(self.subject)

    def called(self) -> str | None:
        """The function whose brackets are open here."""
        kinds = [token.type for token in self.tokens]
        opened = len(kinds) - 1 - kinds[::-1].index("LPAR") if "LPAR" in kinds else 0
        within = opened > 0 and "RPAR" not in kinds[opened:]
        return kinds[opened - 1] if within and kinds[opened - 1] in FUNCTIONS else None

    def values(self, subject: Field) -> Iterator[Candidate]:
        """Values of a field; none where they are withheld."""
        if subject.verb and not self.may(subject.verb):
            return
        match subject.type:
            case "enum":
                yield from (Candidate(quote(value), "value", "", value) for value in subject.enum)
            case "boolean":
                yield from (Candidate(value, "value", "") for value in ("true", "false"))
            case "timestamp":
                yield Candidate("timestamp '", "keyword", "A moment with its zone, like 2026-01-31T08:00:00Z")
            case "string":
                typed = self.typed[1:].replace("''", "'") if self.typed.startswith("'") else self.typed
                for value, n in frequent(self.stream, subject, typed):
                    yield Candidate(quote(value), "value", f"{n} of the newest examples", value)

    def parameters(self) -> Iterator[Candidate]:
        """Those declared whose type the field takes."""
        wanted = PARAM_FOR[self.subject.type] if self.subject else None
        for name, type_name in sorted(self.params.items()):
            if type_name == wanted:
                yield Candidate(f"${name}", "param", type_name, name)

    def words(self) -> Iterator[Candidate]:
        """Functions and words of the language."""
        for kind, (text, detail) in FUNCTIONS.items():
            if kind in self.terminals:
                yield Candidate(text, "function", detail)
        for kind, (text, detail) in KEYWORDS.items():
            if kind in self.terminals:
                yield Candidate(text, "keyword", detail)


def frequent(stream: Stream, subject: Field, typed: str) -> list[tuple[str, int]]:
    """The most frequent values of a column that begin so, with how often, among the newest examples."""
    if not isinstance(subject.expression, F) or subject.name in ("key", "text"):
        return []
    column: str = vars(subject.expression)["name"]
    rows = stream.organization.examples.filter(stream=stream)
    newest = rows.order_by("-pk").values("pk")[:NEWEST]
    found = rows.filter(pk__in=newest, **{f"{column}__startswith": typed}).exclude(**{column: ""})
    counted = found.values_list(column).annotate(n=Count("pk")).order_by("-n", column)
    try:
        with bounded(VALUES_MS):
            return list(counted[:MOST_VALUES])
    except Refused:
        return []  # a help that keeps one waiting is none
