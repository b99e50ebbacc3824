"""The layout of a Hugging Face data set: `datasets.load_dataset(folder)` reads it, without a network.

A card with the splits, and Parquet files whose schema says which columns are classes and which are pictures.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext_noop

from projects.schemas.answers import labels_of
from slices.snapshots.bench import Bench, Pictures
from slices.snapshots.columns import COLUMNS, SAID, Column, schema_of, table_of
from slices.snapshots.parquet import VERSION, Series
from slices.snapshots.rows import Line

__all__ = ["VERSION", "write_huggingface"]

SPLITS = {"train": "train", "val": "validation", "test": "test"}  # what they are called over there
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
LOSSES = (gettext_noop("The split val is called validation."),)


def write_huggingface(bench: Bench) -> None:
    """`README.md` and `data/<split>-00000-of-0000n.parquet`."""
    names = class_names(bench)
    columns = [Column("label", pa.int64(), class_of(names)) if names and one.name == "label" else one
               for one in COLUMNS if one.name != "split"]  # fmt: skip
    schema = schema_of(bench.fields, columns)
    if bench.inline:
        schema = schema.append(pa.field("image", PICTURE))
    schema = schema.with_metadata(
        {"huggingface": json.dumps({"info": {"features": features(schema, names)}})}
    )
    splits = [split for split in SPLITS if split in bench.snapshot.n_by_split]
    series = {split: Series(bench, schema) for split in splits}
    for lines, pictures in bench.lines_with_pictures():
        for split, one in series.items():
            mine = [line for line in lines if line.row.split == split]
            if mine:
                arrays = table_of(mine, bench.fields, columns) + (
                    [images(mine, pictures)] if bench.inline else []
                )
                weight = sum(len(line.raw) + len(pictures.get(line.row.media_uri, b"")) for line in mine)
                one.add(pa.table(arrays, schema=schema), weight)
    counts = {split: one.close(f"data/{SPLITS[split]}", numbered=True) for split, one in series.items()}
    card = bench.draft()
    card.write(card_of(bench, counts, names).encode())
    bench.finish("README.md", card)
    bench.lossy += LOSSES if "val" in splits else ()


def class_names(bench: Bench) -> list[str]:
    """The classes in their order, those of the newest questions first; empty where a label is no choice."""
    schemas = bench.snapshot.organization.label_schemas.filter(project=bench.snapshot.project_id)
    if bench.snapshot.evidence_version >= 2:
        schemas = schemas.filter(version__in=bench.snapshot.label_schemas)
    questions = schemas.order_by("-version").values_list("questions", flat=True)
    asked = [name for one in questions for name in labels_of(one)]
    there = [label for label in sorted(bench.snapshot.n_by_label) if label]
    return list(dict.fromkeys([*asked, *there])) if asked else []


def class_of(names: list[str]) -> Any:
    """The number of a row's class; None without a label."""
    numbers = {name: number for number, name in enumerate(names)}
    return lambda row: numbers.get(row.label) if row.label else None


def images(lines: list[Line], pictures: Pictures) -> pa.Array:
    """The pictures of some rows, as the `Image` feature has them."""
    found = [(pictures.get(line.row.media_uri), line.row) for line in lines]
    return pa.array(
        [{"bytes": picture, "path": str(row.example_id)} if picture else None for picture, row in found],
        PICTURE,
    )


def features(schema: pa.Schema, names: list[str]) -> dict[str, Any]:
    """What `datasets` calls the types of the columns."""
    found = {field.name: feature(field.type) for field in schema}
    if names:
        found["label"] = {"names": names, "_type": "ClassLabel"}
    if "image" in found:
        found["image"] = {"_type": "Image"}
    return found


def feature(type_: pa.DataType) -> Any:
    """One type."""
    if pa.types.is_list(type_):
        return [feature(type_.value_type)]
    if type_.equals(SAID):
        return {field.name: feature(field.type) for field in SAID}
    names = {pa.float64(): "float64", pa.bool_(): "bool", pa.string(): "string", pa.int64(): "int64"}
    return {"dtype": names.get(type_, str(type_)), "_type": "Value"}


def card_of(bench: Bench, counts: dict[str, int], names: list[str]) -> str:
    """README.md: front matter that `datasets` reads (JSON is YAML), and what people want to know."""
    snapshot = bench.snapshot
    version = snapshot.slice_version
    sizes = dict.fromkeys(counts, 0)
    for file in bench.files:
        for split in counts:
            if file.name.startswith(f"data/{SPLITS[split]}-"):
                sizes[split] += file.draft.length
    data_files = [{"split": SPLITS[split], "path": f"data/{SPLITS[split]}-*"} for split in counts]
    splits = [
        {"name": SPLITS[split], "num_bytes": sizes[split], "num_examples": n} for split, n in counts.items()
    ]
    front = {
        "pretty_name": version.slice.name,
        "tags": ["sluice"],
        "configs": [{"config_name": "default", "data_files": data_files}],
        "dataset_info": {
            "splits": splits,
            "download_size": sum(sizes.values()),
            "dataset_size": sum(sizes.values()),
        },
    }
    lines = [
        "---",
        *(f"{name}: {json.dumps(value, ensure_ascii=True)}" for name, value in front.items()),
        "---",
        "",
        f"# {' '.join(version.slice.name.split())}",
        "",
        f"Version {version.version} of a slice, as of {snapshot.as_of.isoformat()}, for {snapshot.role}.",
        "",
        f"- manifest: `{snapshot.manifest_sha256}`",
        f"- contents: `{snapshot.content_sha256}`",
        f"- members: {sum(counts.values())} ({', '.join(f'{SPLITS[split]} {n}' for split, n in counts.items())})",
        f"- classes: {', '.join(f'`{name}`' for name in names[:100]) or 'none'}{' ...' if len(names) > 100 else ''}",
        "",
        "`answer` and `attributes` are JSON; declared attributes are columns of their own, which begin with `attr_`.",
        "",
    ]
    return "\n".join(lines)
