"""What the columns of a Parquet file are: as `datasets` describes them, else as they look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from labeling.imports.reading import Options

KEYS = ("key", "id", "image_id", "uuid", "guid", "idx", "file_name", "filename")
TEXTS = ("text", "sentence", "content", "document", "question", "body", "review", "prompt")
TIMES = ("captured_at", "timestamp", "created_at", "date")
PATHS = ("media_uri", "uri", "url", "image_url", "image_path", "audio_url", "video_url")


@dataclass(frozen=True, slots=True)
class Feature:
    """A column: what it is taken for, and the names of its classes where it holds numbers of them."""

    name: str
    role: str
    names: tuple[str, ...] = ()
    is_list: bool = False
    is_bytes: bool = False


def features_of(table: pq.ParquetFile, options: Options) -> list[Feature]:
    """The columns, in the file's order: as the person says, else as Hugging Face's description or their looks do."""
    schema = table.schema_arrow
    described = described_in(schema)
    features = [feature_of(column, described.get(column.name), options) for column in schema]
    taken: set[str] = set()
    unique = []
    for feature in features:
        if feature.role in ("key", "text", "media", "captured_at", "split") and feature.role in taken:
            feature = Feature(feature.name, "attribute" if not feature.is_bytes else "ignore", feature.names)
        taken.add(feature.role)
        unique.append(feature)
    return unique


def described_in(schema: pa.Schema) -> dict[str, Any]:
    """What the `datasets` library wrote of the columns: {name: {"_type": ...}}; nothing where there is no such word."""
    try:
        said = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        found = said["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def feature_of(column: pa.Field, said: Any, options: Options) -> Feature:
    """One column."""
    names, is_list = names_in(said)
    looks = looks_like(column, said, bool(names))
    role = options.columns.get(column.name) or looks
    return Feature(column.name, role, names, is_list, looks in ("media", "ignore"))


def names_in(said: Any) -> tuple[tuple[str, ...], bool]:
    """(the names of a column's classes, whether it holds lists of them)."""
    kind = said.get("_type") if isinstance(said, dict) else None
    is_list = isinstance(said, list) or kind in ("Sequence", "List", "LargeList")
    inner = said
    if is_list:
        inner = next(iter(said), None) if isinstance(said, list) else said.get("feature")
    names = inner.get("names") if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" else None
    if not isinstance(names, list):
        return (), False
    return tuple(str(name) for name in names), is_list


def looks_like(column: pa.Field, said: Any, is_class: bool) -> str:
    """What a column most likely is."""
    plain, kind = column.name.lower(), said.get("_type") if isinstance(said, dict) else None
    if is_class:
        return "label"
    if kind in ("Image", "Audio", "Video") or is_file(column.type):
        return "media"
    if is_binary(column.type):
        return "ignore"
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if plain in KEYS and (is_text or pa.types.is_integer(column.type)):
        return "key"
    if plain in TIMES and (pa.types.is_timestamp(column.type) or plain == "captured_at"):
        return "captured_at"
    if is_text and plain in PATHS:
        return "media"
    if is_text and plain in TEXTS:
        return "text"
    if is_text and plain == "split":
        return "split"
    return "attribute"


def is_file(kind: pa.DataType) -> bool:
    """Whether a column holds files as `datasets` writes them: {"bytes", "path"}."""
    return pa.types.is_struct(kind) and {field.name for field in kind} == {"bytes", "path"}


def is_binary(kind: pa.DataType) -> bool:
    """Whether a column holds bytes of nobody knows what."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)


def type_of(kind: pa.DataType) -> str | None:
    """The type of an attribute that holds such values; None where there is none."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "string[]" if type_of(kind.value_type) == "string" else None
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return None if pa.types.is_nested(kind) or is_binary(kind) else "string"
