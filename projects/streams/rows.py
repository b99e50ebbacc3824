"""A batch as it comes in: each row is read by itself, so that one bad row stops no other."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from projects.streams.values import are_plain, has_nul, odd_values
from teams.access.parsing import says_twice
from teams.access.problems import FieldError, Invalid, Problem

MAX_ROWS = 1000
MAX_KEY = 200
MAX_TEXT = 100_000
MAX_ATTRIBUTES = 100
MAX_LABELS = 20
MAX_WHO = 200
MAX_ROW_BYTES = 256_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
SplitName = Literal["train", "val", "test"]


class MediaIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """Where the media are, or their bytes (base64 in JSON)."""

    uri: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    data: bytes | None = None
    type: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[\w.+-]+/[\w.+-]+\Z")] | None = None


class ModelIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which model says so."""

    name: Name
    version: Name
    digest: Annotated[str, msgspec.Meta(max_length=100)] = ""


class InlinePrediction(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What a model said of the example it comes with."""

    model: Name
    version: Name
    label: Label
    confidence: Share | None = None
    output: dict[str, Any] = {}


class InlineLabel(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What somebody outside said of the example it comes with: {question name: value}, who said so, and when.

    `by` is an e-mail address or a name; empty where nobody in particular is known.
    """

    answer: dict[str, Any]
    by: Annotated[str, msgspec.Meta(max_length=MAX_WHO)] = ""
    at: Moment | None = None


class PredictionIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What a model said of an example that is already here."""

    key: Key
    label: Label
    confidence: Share | None = None
    output: dict[str, Any] = {}


class RowIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """One example. What a row leaves out is empty; `captured_at`, the split and labels then stay as they were.

    `split` is the side of the train/test assignment that the example comes with; without it a hash decides.
    Rows hold no cycles (gc=False): a thousand of them a batch would only keep the collector busy.
    """

    key: Key
    captured_at: Moment | None = None
    attributes: Annotated[dict[str, Any], msgspec.Meta(max_length=MAX_ATTRIBUTES)] = {}
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    media: MediaIn | None = None
    predictions: Annotated[list[InlinePrediction], msgspec.Meta(max_length=20)] = []
    labels: Annotated[list[InlineLabel], msgspec.Meta(max_length=MAX_LABELS)] = []
    split: SplitName | None = None


class Bad(msgspec.Struct, frozen=True):
    """A row that cannot be taken, and why; pointers start at the row."""

    errors: list[FieldError]
    key: str | None = None


class ExamplesIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a batch of examples; the rows are still unread."""

    examples: list[msgspec.Raw]
    mode: Literal["insert", "upsert"] = "upsert"


class PredictionsIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a batch of predictions; the rows are still unread."""

    model: ModelIn
    predictions: list[msgspec.Raw]


Body = TypeVar("Body")
Row = TypeVar("Row", RowIn, PredictionIn)


class Reader(Generic[Body, Row]):
    """Reads one kind of batch: `envelope` its body, `rows` each of its rows."""

    def __init__(self, envelope: type[Body], row: type[Row]) -> None:
        self.envelope: msgspec.json.Decoder[Body] = msgspec.json.Decoder(envelope)
        self.row: msgspec.json.Decoder[Row] = msgspec.json.Decoder(row)
        self.list: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self.type = envelope

    def body(self, raw: bytes) -> Body:
        """The body with unread rows. Raises Problem: 400 unreadable, 422 readable but no such body."""
        if self.repeats(raw):
            raise Problem(400, "twice", "The body has the same name twice.")
        try:
            return self.envelope.decode(raw)
        except msgspec.ValidationError as error:
            raise Invalid([field_error(error)]) from None
        except RecursionError:
            raise Problem(400, "too_deep", "The body nests too deeply.") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self.lenient(raw, str(error))

    def repeats(self, raw: bytes) -> bool:
        """Whether the body itself has a name twice; most bodies are long, and are not read once more for that."""
        names = (b'"%b"' % name.encode() for name in self.type.__struct_fields__)  # type: ignore[attr-defined]
        if b"\\u" not in raw and all(raw.count(name) < 2 for name in names):
            return False
        found: list[list[tuple[str, Any]]] = [[]]

        def outermost(pairs: list[tuple[str, Any]]) -> None:
            found[0] = pairs  # the outermost object ends last

        try:
            json.loads(raw, object_pairs_hook=outermost)
        except (ValueError, RecursionError):
            return False
        return len(dict(found[0])) != len(found[0])

    def lenient(self, raw: bytes, why: str) -> Body:
        """The same for what Python writes and JSON does not allow (NaN, lone surrogates): its rows are at fault."""
        try:
            value = json.loads(raw)
            rows = {
                name: rows_of(rows) for name, rows in value.items() if name in ("examples", "predictions")
            }
            header = {name: item for name, item in value.items() if name not in rows}
            json.dumps(header, ensure_ascii=False).encode()  # half a surrogate is no text
            return msgspec.convert({**header, **rows}, self.type)
        except msgspec.ValidationError as error:
            raise Invalid([field_error(error)]) from None
        except (ValueError, AttributeError, RecursionError):
            raise Problem(400, "unreadable", f"The body is not valid JSON: {why}"[:200]) from None

    def rows(self, raw: list[msgspec.Raw]) -> list[Row | Bad]:
        """Each row, or what is wrong with it. Raises Problem for none or too many."""
        if not raw:
            raise Problem(422, "no_rows", f"A batch has 1 to {MAX_ROWS} rows; this one has none.")
        if len(raw) > MAX_ROWS:
            raise Problem(413, "too_many_rows", f"A batch has 1 to {MAX_ROWS} rows; this one has {len(raw)}.")
        together = self.read_together(raw)
        return together if together is not None else [self.read(row) for row in raw]

    def read_together(self, raw: list[msgspec.Raw]) -> list[Row | Bad] | None:
        """All rows in one go, which is much faster; None where one is, or may be, at fault: then each is read alone."""
        joined = b"[%b]" % b",".join(raw)
        if b"\\u0000" in joined or max(memoryview(row).nbytes for row in raw) > MAX_ROW_BYTES:
            return None
        try:
            rows: list[Any] = self.list.decode(joined)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if len(rows) != len(raw) or not all(map(is_plain, rows)) or says_twice(joined):
            return None
        return rows

    def read(self, raw: msgspec.Raw) -> Row | Bad:
        """One row."""
        try:
            row = self.row.decode(raw)
        except msgspec.ValidationError as error:
            return Bad([field_error(error)], key_in(raw))
        except RecursionError:
            return Bad([FieldError("", "too_deep", "The row nests too deeply.")])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Bad([FieldError("", "unreadable", f"The row is not valid JSON: {error}"[:200])])
        if says_twice(bytes(raw)):
            return Bad([FieldError("", "twice", "An object has the same name twice.")], key_in(raw))
        errors = unkeepable(row, bytes(raw))
        return Bad(errors, key_in(raw)) if errors else row


def rows_of(rows: Any) -> Any:
    """Rows as Python read them, as unread JSON again; what no row may hold is found when the row is read."""
    return [msgspec.Raw(json.dumps(row).encode()) for row in rows] if isinstance(rows, list) else rows


def key_in(raw: msgspec.Raw) -> str | None:
    """The key of a row that is wrong elsewhere, so that the caller knows which it is."""
    try:
        key = KEY.decode(raw).key
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return key[:MAX_KEY].replace("\x00", "") or None


def is_plain(row: RowIn | PredictionIn) -> bool:
    """Whether `unkeepable` has nothing to say of a row without NUL that is not too large; False if it may have."""
    if not row.key.isprintable() or row.key != row.key.strip():
        return False
    if isinstance(row, PredictionIn):
        return not row.output
    at = row.captured_at
    is_alone = not row.predictions and not row.labels
    return is_alone and (at is None or EARLIEST <= at < LATEST) and are_plain(row.attributes)


def unkeepable(row: RowIn | PredictionIn, raw: bytes) -> list[FieldError]:
    """What reads well but no column can hold, or nobody could read on a page."""
    errors = []
    if not row.key.isprintable() or row.key != row.key.strip():
        errors.append(
            FieldError("/key", "key_format", "A key has no control characters, and no space around it.")
        )
    if b"\\u0000" in raw and has_nul(msgspec.to_builtins(row)):
        errors.append(FieldError("", "nul_character", "Text must not contain the NUL character."))
    if isinstance(row, PredictionIn):
        return [*errors, *odd_values(row.output, "/output")]
    if row.captured_at is not None and not EARLIEST <= row.captured_at < LATEST:
        errors.append(FieldError("/captured_at", "out_of_range", "A time lies between 1970 and 2200."))
    if len(raw) > MAX_ROW_BYTES and (row.media is None or row.media.data is None):
        errors.append(
            FieldError("", "too_large", f"A row without a picture has at most {MAX_ROW_BYTES} bytes.")
        )
    errors += odd_values(row.attributes, "/attributes")
    for index, prediction in enumerate(row.predictions):
        errors += odd_values(prediction.output, f"/predictions/{index}/output")
    for index, label in enumerate(row.labels):
        errors += unkeepable_label(label, f"/labels/{index}")
    return errors


def unkeepable_label(label: InlineLabel, at: str) -> list[FieldError]:
    """The same of a label that came with a row."""
    errors = list(odd_values(label.answer, f"{at}/answer"))
    if not label.by.isprintable() or label.by != label.by.strip():
        detail = "Who said it has no control characters, and no space around it."
        errors.append(FieldError(f"{at}/by", "format", detail))
    if label.at is not None and not EARLIEST <= label.at < LATEST:
        errors.append(FieldError(f"{at}/at", "out_of_range", "A time lies between 1970 and 2200."))
    return errors


WHERE = re.compile(r" - at `(?:key in )?\$([^`]*)`\Z")


def field_error(error: msgspec.ValidationError) -> FieldError:
    """msgspec's sentence as ours: "Expected `str`, got `int` - at `$.media.uri`" points at /media/uri."""
    text = str(error)
    where = WHERE.search(text)
    pointer = re.sub(
        r"\[\.\.\.\]|\[(\d+)\]|\.",
        lambda m: f"/{m[1]}" if m[1] else "/" * (m[0] == "."),
        where[1] if where else "",
    )
    detail = text[: where.start()] if where else text
    return FieldError(pointer, code_of(detail), f"{detail.replace('`', '')}."[:200])


CODES = (
    ("missing required", "required"),
    ("unknown field", "unknown"),
    ("timezone", "zone_missing"),
    ("out of range", "out_of_range"),
    ("length", "length"),
    ("base64", "not_base64"),
    ("RFC3339", "not_a_time"),
    ("Expected `float`", "out_of_range"),
    ("regex", "format"),
)


def code_of(detail: str) -> str:
    """A word for machines."""
    return next((code for words, code in CODES if words in detail), "type")


class KeyOnly(msgspec.Struct):
    """As much of a row as it takes to name it."""

    key: str = ""


KEY = msgspec.json.Decoder(KeyOnly)
EXAMPLES = Reader(ExamplesIn, RowIn)
PREDICTIONS = Reader(PredictionsIn, PredictionIn)
