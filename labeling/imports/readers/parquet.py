"""Parquet as Hugging Face writes it: class names, pictures and sound inside, the split in the file's name.

Any other Parquet file is read too: a column is then what it looks like, or what the person says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext_lazy as _

from labeling.imports.readers.parquet_features import Feature, features_of, type_of
from labeling.imports.readers.questions import answered_by, choice_of, name_of, split_in
from labeling.imports.readers.shapes import NotTaken
from labeling.imports.reading import (
    FORMATS,
    Column,
    Mark,
    Options,
    Questions,
    Read,
    Reader,
    Unreadable,
    row_of,
)
from projects.streams.rows import Bad
from teams.access.problems import FieldError

BATCH = 50  # rows in memory, with their pictures
MAX_GROUP = 512 * 1024 * 1024  # bytes of one group of rows, which is decoded column by column
SPLITS = {"train": "train", "val": "val", "validation": "val", "valid": "val", "dev": "val", "test": "test"}


def rows(
    file: IO[bytes], options: Options, questions: Questions, after: Mark | None = None
) -> Iterator[Read]:
    """The rows in the file's order; `after` is the number of the last one that was read, from 0."""
    table, name = opened(file), options.filename
    features = features_of(table, options)
    asked = questions or asked_by(features)
    split = SPLITS.get(str(options.more.get("split", "")).lower()) or split_in(name)
    stem = re.sub(r"\.parquet\Z", "", name.rpartition("/")[2]) or "row"
    start = 0 if after is None else int(after) + 1
    for number, values in rows_from(table, start):
        members = Members(f"{stem}/{number}", split)
        try:
            for feature in features:
                members.add(feature, values.get(feature.name), options, asked)
            row = row_of(members.made())
        except NotTaken as why:
            row = Bad([FieldError("", why.code, why.detail)], members.key)
        yield Read(row, f"row {number + 1}", number)


def opened(file: IO[bytes]) -> pq.ParquetFile:
    """The file, only its footer read. Raises Unreadable."""
    try:
        table = pq.ParquetFile(file)
    except (pa.ArrowException, OSError, ValueError):
        raise Unreadable(_("This is not Parquet, or it breaks off.")) from None
    metadata = table.metadata
    if any(metadata.row_group(n).total_byte_size > MAX_GROUP for n in range(metadata.num_row_groups)):
        sentence = _("A group of rows has more than %(mb)s MB; write the file with smaller groups.")
        raise Unreadable(sentence % {"mb": MAX_GROUP // 1024 // 1024}, code="too_large")
    return table


def rows_from(table: pq.ParquetFile, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number, values) of the rows from one on; groups before it are not read at all."""
    first = 0
    for group in range(table.metadata.num_row_groups):
        count = table.metadata.row_group(group).num_rows
        if first + count > start:
            yield from (row for row in rows_of(table, group, first) if row[0] >= start)
        first += count


def rows_of(table: pq.ParquetFile, group: int, first: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number, values) of the rows of a group. Raises Unreadable where it is damaged."""
    number = first
    try:
        for batch in table.iter_batches(batch_size=BATCH, row_groups=[group]):
            for values in batch.to_pylist():
                yield number, values
                number += 1
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise Unreadable(_("The file is damaged here."), place=f"row {number + 1}") from None


class Members:
    """A row while it is put together, column by column."""

    def __init__(self, key: str, split: str | None) -> None:
        self.key = key
        self.values: dict[str, Any] = {"split": split}
        self.attributes: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.label: dict[str, Any] = {}
        self.prediction: dict[str, Any] = {}

    def add(self, feature: Feature, value: Any, options: Options, questions: Questions) -> None:
        """One column's value. Raises NotTaken."""
        role, _colon, name = feature.role.partition(":")
        if role == "ignore" or value is None:
            return
        if role in ROLES:
            ROLES[role](self, value, options)
        elif role == "label":
            self.add_label(feature, value, name or feature.name, options, questions)
        elif role == "prediction":
            self.prediction["label"] = str(of_class(feature, value))
        elif role == "confidence":
            self.prediction["confidence"] = value
        else:
            self.attributes[name or feature.name] = plain(of_class(feature, value))

    def add_label(
        self, feature: Feature, value: Any, name: str, options: Options, questions: Questions
    ) -> None:
        """The answer that a column is; -1 is how `datasets` says that there is none."""
        if feature.names and value == -1:
            return
        kinds = (
            ("choices",) if feature.is_list else ("choice", "choices", "boolean", "rating", "number", "text")
        )
        question = answered_by(questions, options, name, kinds)
        if question is None:
            raise NotTaken("no_question", f"No question of the project is answered by {feature.name[:40]}.")
        said = of_class(feature, value)
        self.answer[question["name"]] = AS.get(question["kind"], plain)(said)

    def made(self) -> dict[str, Any]:
        """The row as a line of JSON would have it."""
        row = {name: value for name, value in self.values.items() if value is not None}
        if self.answer:
            row["labels"] = [{"answer": self.answer} | self.label]
        if "label" in self.prediction:
            row["predictions"] = [{"model": "imported", "version": "1"} | self.prediction]
        return {"key": self.key, "attributes": self.attributes} | row


def add_key(row: Members, value: Any, options: Options) -> None:
    """What the row is called."""
    row.key = row.values["key"] = str(value)


def add_text(row: Members, value: Any, options: Options) -> None:
    """What there is to read."""
    row.values["text"] = str(value)


def add_split(row: Members, value: Any, options: Options) -> None:
    """The side that the row says itself."""
    row.values["split"] = SPLITS.get(str(value).lower(), row.values["split"])


def add_time(row: Members, value: Any, options: Options) -> None:
    """When it was captured; without a zone it is UTC."""
    row.values["captured_at"] = plain(value)


def add_media(row: Members, value: Any, options: Options) -> None:
    """A file inside, or where it is."""
    data, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (None, value)
    if isinstance(value, bytes):
        data, path = value, None
    if data is not None:
        row.values["media"] = {"data": data}
    elif path:
        uri = str(path)
        if "://" not in uri and options.base_uri:
            uri = f"{options.base_uri.rstrip('/')}/{uri.lstrip('/')}"
        row.values["media"] = {"uri": uri}


def add_who(row: Members, value: Any, options: Options) -> None:
    """Who said what the label is."""
    row.label["by"] = str(value)


def add_when(row: Members, value: Any, options: Options) -> None:
    """When they did."""
    row.label["at"] = plain(value)


ROLES: dict[str, Callable[[Members, Any, Options], None]] = {
    "key": add_key,
    "text": add_text,
    "media": add_media,
    "captured_at": add_time,
    "split": add_split,
    "labeled_by": add_who,
    "labeled_at": add_when,
}
AS: dict[str, Callable[[Any], Any]] = {
    "choice": lambda value: str(plain(value)),
    "choices": lambda value: [str(plain(one)) for one in (value if isinstance(value, list) else [value])],
    "text": lambda value: str(plain(value)),
}


def of_class(feature: Feature, value: Any) -> Any:
    """The name of a class, or the names of several, where a column holds their numbers. Raises NotTaken."""
    if not feature.names:
        return value
    if isinstance(value, list):
        return [of_class(feature, one) for one in value]
    if isinstance(value, int) and 0 <= value < len(feature.names):
        return feature.names[value]
    raise NotTaken("unknown_class", f"{feature.name[:40]}: there is no class of this number.")


def plain(value: Any) -> Any:
    """A value as JSON has it; bytes are nobody's business."""
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return None
        case list() | tuple():
            return [plain(one) for one in value]
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
        case None | bool() | int() | float() | str():
            return value
    return str(value)


def asked_by(features: Sequence[Feature]) -> list[dict[str, Any]]:
    """A question for each column that holds classes."""
    asked: dict[str, dict[str, Any]] = {}
    for feature in features:
        options = choice_of(feature.names)
        if feature.role.partition(":")[0] == "label" and len(options) > 1:
            name = name_of(feature.role.partition(":")[2] or feature.name)
            kind = "choices" if feature.is_list else "choice"
            question: Mapping[str, Any] = {
                "name": name,
                "kind": kind,
                "title": feature.name.replace("_", " ")[:200],
            }
            asked.setdefault(name, {**question, "required": False, "options": options})
    return list(asked.values())


def propose(file: IO[bytes], options: Options) -> list[dict[str, Any]]:
    """The questions of the columns that hold classes."""
    return asked_by(features_of(opened(file), options))


def columns(file: IO[bytes], options: Options, questions: Questions) -> list[Column]:
    """The columns with what they look like, and a few of their values."""
    table = opened(file)
    features = features_of(table, Options())
    few = [
        values for _number, values in zip(range(3), (row for _n, row in rows_from(table, 0)), strict=False)
    ]
    return [
        Column(
            feature.name,
            [sample(feature, values.get(feature.name)) for values in few],
            guess_of(feature, field.type, questions),
            type_of(field.type) or "string",
        )
        for feature, field in zip(features, table.schema_arrow, strict=True)
    ]


def guess_of(feature: Feature, kind: pa.DataType, questions: Questions) -> str:
    """What a column most likely is, with the question that it answers; an object is no attribute to ask for."""
    if feature.role == "label" and questions:
        kinds = ("choices",) if feature.is_list else ("choice", "choices")
        question = answered_by(questions, Options(), feature.name, kinds)
        return f"label:{question['name']}" if question else "attribute"
    return "ignore" if feature.role == "attribute" and type_of(kind) is None else feature.role


def sample(feature: Feature, value: Any) -> str:
    """A value as a person recognises it."""
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return f"{len(value['bytes']):,} bytes"
    try:
        return str(plain(of_class(feature, value)))[:80]
    except NotTaken:
        return str(value)[:80]


def total(file: IO[bytes]) -> int | None:
    """How many rows there are."""
    return int(opened(file).metadata.num_rows)


def guess(head: bytes, filename: str) -> float:
    """Its magic."""
    return 1.0 if head.startswith(b"PAR1") else 0.0


PARQUET = FORMATS.add(
    Reader(
        "parquet",
        _("Parquet (Hugging Face)"),
        rows,
        guess,
        columns=columns,
        total=total,
        propose=propose,
        extensions=(".parquet",),
    )
)
