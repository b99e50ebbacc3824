"""Parquet: written by `datasets` and by pyarrow, read back with class names, pictures, sides, times."""

from __future__ import annotations

import datetime
from contextlib import suppress
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Image, List, Value
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from sklearn.datasets import load_digits

from labeling.imports.readers.parquet import PARQUET, propose
from labeling.imports.reading import Options, Unreadable, guess_format
from projects.schemas.questions import check_questions
from projects.streams.rows import Bad, RowIn

DIGITS = [str(n) for n in range(10)]
DIGIT = {
    "name": "label",
    "kind": "choice",
    "title": "Digit",
    "options": [{"value": name, "title": name} for name in DIGITS],
}


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A dataset of scanned digits as `datasets` writes it to the hub, in two shards."""
    folder = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    scans = load_digits()
    features = Features(
        {"image": Image(), "label": ClassLabel(names=DIGITS), "store": Value("string"), "n": Value("int64")}
    )
    paths = []
    for shard in range(2):
        chosen = range(shard * 20, shard * 20 + 20)
        columns = {
            "image": [Pillow.fromarray((scans.images[n] * 15).astype(np.uint8)) for n in chosen],
            "label": [int(scans.target[n]) for n in chosen],
            "store": ["a" if n % 2 else "b" for n in chosen],
            "n": list(chosen),
        }
        paths.append(folder / f"train-0000{shard}-of-00002.parquet")
        Dataset.from_dict(columns, features=features).to_parquet(str(paths[-1]), batch_size=7)
    return paths


def read(path: Path, *questions: Any, after: Any = None, **how: Any) -> list[Any]:
    with path.open("rb") as file:
        return list(PARQUET.rows(file, Options(filename=f"data/{path.name}", **how), questions, after))


def table(columns: dict[str, Any], **how: Any) -> BytesIO:
    file = BytesIO()
    pq.write_table(pa.table(columns), file, **how)
    file.seek(0)
    return file


def rows(file: BytesIO, *questions: Any, **how: Any) -> list[Any]:
    return [found.row for found in PARQUET.rows(file, Options(**how), questions)]


def test_what_datasets_wrote_is_what_is_taken(shards: list[Path]) -> None:
    scans = load_digits()
    found = [one.row for path in shards for one in read(path, DIGIT)]
    assert len({row.key for row in found}) == len(found) == 40
    for n, row in enumerate(found):
        picture = np.asarray(Pillow.open(BytesIO(row.media.data)))
        assert (picture == (scans.images[n] * 15).astype(np.uint8)).all()
        assert row.labels[0].answer == {"label": str(scans.target[n])}
        assert (row.split, row.attributes) == ("train", {"store": "a" if n % 2 else "b", "n": n})
    assert found[0].key == "train-00000-of-00002/0"


def test_it_proposes_the_classes(shards: list[Path]) -> None:
    with shards[0].open("rb") as file:
        proposal = propose(file, Options())
        assert PARQUET.total is not None
        assert PARQUET.total(file) == 20
        assert PARQUET.columns is not None
        looks = [(column.name, column.guess) for column in PARQUET.columns(file, Options(), ())]
    assert check_questions(proposal) == []
    assert proposal == [DIGIT | {"title": "label", "required": False}]
    assert looks == [("image", "media"), ("label", "label"), ("store", "attribute"), ("n", "attribute")]
    assert read(shards[0])[3].row.labels[0].answer == {"label": "3"}


def test_reading_goes_on_behind_a_mark_and_skips_whole_groups(shards: list[Path]) -> None:
    everything = [one.row.key for one in read(shards[0], DIGIT)]
    for after in (0, 6, 7, 13, 19):
        assert [one.row.key for one in read(shards[0], DIGIT, after=after)] == everything[after + 1 :]


def test_lists_of_classes_are_several_choices(tmp_path: Path) -> None:
    features = Features(
        {
            "text": Value("string"),
            "topics": List(ClassLabel(names=["x", "y"])),
            "mood": ClassLabel(names=["-", "+"]),
        }
    )
    columns = {"text": ["one", "two"], "topics": [[0, 1], []], "mood": [-1, 1]}
    path = tmp_path / "validation.parquet"
    Dataset.from_dict(columns, features=features).to_parquet(str(path))
    found = [one.row for one in read(path)]
    assert [(row.text, row.split, row.labels[0].answer) for row in found] == [
        ("one", "val", {"topics": ["x", "y"]}),
        ("two", "val", {"topics": [], "mood": "+"}),
    ]


def test_any_table_is_read_and_a_person_says_what_its_columns_are() -> None:
    day = datetime.datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001 - such tables have no zone
    file = table(
        {
            "uid": ["a", "b"],
            "words": ["one", None],
            "at": [day, day],
            "path": ["x.png", "s3://b/y.png"],
            "truth": ["7", "1"],
            "who": ["ann", "bo"],
            "guess": ["7", "7"],
            "sure": [0.9, 0.5],
            "side": ["validation", "test"],
            "price": [Decimal("1.50"), None],
            "blob": [b"\x00", b"\x01"],
            "nested": [{"a": [1, 2]}, None],
        }
    )
    columns = {"uid": "key", "words": "text", "at": "captured_at", "path": "media", "truth": "label:label"}
    columns |= {"who": "labeled_by", "guess": "prediction", "sure": "confidence", "side": "split"}
    first, second = rows(file, DIGIT, columns=columns, base_uri="https://example.org/files/")
    assert (first.key, first.text, str(first.captured_at), first.split) == (
        "a", "one", "2025-01-02 03:04:05+00:00", "val",
    )  # fmt: skip
    assert [row.media.uri for row in (first, second)] == ["https://example.org/files/x.png", "s3://b/y.png"]
    assert [(label.answer, label.by) for label in first.labels] == [({"label": "7"}, "ann")]
    assert [(one.label, one.confidence) for one in second.predictions] == [("7", 0.5)]
    assert (first.attributes, second.attributes, second.text) == (
        {"price": 1.5, "nested": {"a": [1, 2]}},
        {},
        "",
    )


def test_values_that_no_row_holds_are_errors_of_their_row() -> None:
    file = table({"key": ["a", "", "c\x00", "d", "e"], "n": [1.0, 1.0, 1.0, float("nan"), float("inf")]})
    found = rows(file)
    assert [type(row).__name__ for row in found] == ["RowIn", "Bad", "Bad", "RowIn", "RowIn"]
    assert [row.attributes["n"] for row in found[3:]] == [None, None]


def test_a_class_that_is_none_and_a_question_that_is_not_asked_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    Dataset.from_dict(
        {"label": [0, 1]}, features=Features({"label": ClassLabel(names=["a", "b"])})
    ).to_parquet(str(path))
    file = pq.read_table(path)
    wrong = BytesIO()
    pq.write_table(
        file.set_column(0, "label", pa.array([5, 1])).replace_schema_metadata(file.schema.metadata), wrong
    )
    wrong.seek(0)
    asked = {"name": "label", "kind": "choice", "title": "L", "options": [{"value": "a"}, {"value": "b"}]}
    first, second = rows(wrong, asked)
    assert ([error.code for error in first.errors], second.labels[0].answer) == (
        ["unknown_class"],
        {"label": "b"},
    )
    spans = {"name": "s", "kind": "spans", "title": "S", "options": [{"value": "a"}]}
    assert [one.row.errors[0].code for one in read(path, spans)] == ["no_question"] * 2


def test_groups_that_are_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.imports.readers.parquet.MAX_GROUP", 100)
    with pytest.raises(Unreadable) as why:
        rows(table({"key": ["a" * 500]}))
    assert why.value.code == "too_large"


@pytest.mark.parametrize("cut", [0, 4, 100, -1, -8, -40])
def test_a_file_that_is_cut_is_said_so(shards: list[Path], cut: int) -> None:
    with pytest.raises(Unreadable):
        rows(BytesIO(shards[0].read_bytes()[:cut]), DIGIT)


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=30))
def test_no_damage_is_more_than_an_error_with_a_place(shards: list[Path], at: int, noise: bytes) -> None:
    data = bytearray(shards[0].read_bytes())
    data[at : at + len(noise)] = noise
    with suppress(Unreadable):
        assert all(isinstance(row, RowIn | Bad) for row in rows(BytesIO(bytes(data)), DIGIT))


ROLES = "key text media captured_at split attribute label labeled_by labeled_at prediction confidence ignore ? label:x"
NAMES = st.sampled_from(["key", "text", "label", "split", "image", "n"])


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A column of two rows."""
    return st.lists(values, min_size=2, max_size=2)


COLUMNS = st.one_of(
    pairs(st.text(max_size=5)),
    pairs(st.floats()),
    pairs(st.binary(max_size=5)),
    pairs(st.lists(st.booleans(), max_size=2)),
    pairs(st.dates()),
)


@given(st.dictionaries(NAMES, COLUMNS, min_size=1), st.dictionaries(NAMES, st.sampled_from(ROLES.split())))
def test_whatever_a_column_is_said_to_be(columns: dict[str, Any], said: dict[str, str]) -> None:
    assert all(isinstance(row, RowIn | Bad) for row in rows(table(columns), DIGIT, columns=said))


def test_it_is_recognised(shards: list[Path]) -> None:
    assert guess_format(shards[0].read_bytes()[:65536], "x") == "parquet"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[" * 100_000,
        b"9" * 5000,
        b'{"info": 5}',
        b'{"info": {"features": [1]}}',
        b'{"info": {"features": {"key": {"_type": ["x"]}}}}',
        b'{"info": {"features": {"key": {"_type": "ClassLabel", "names": {"a": 1}}}}}',
        b'{"info": {"features": {"key": {"_type": "List", "feature": null}}}}',
    ],
)
def test_rubbish_in_what_a_file_says_of_itself_is_passed_over(said: bytes) -> None:
    file = BytesIO()
    pq.write_table(pa.table({"key": ["a"]}).replace_schema_metadata({b"huggingface": said}), file)
    assert [row.key for row in rows(file)] == ["a"]
    assert propose(file, Options()) == []


def test_a_file_of_thousands_of_columns_is_an_error_of_its_rows() -> None:
    [row] = rows(table({f"c{n}": ["a"] for n in range(5_000)}))
    assert [(error.pointer, error.code) for error in row.errors] == [("/attributes", "length")]
