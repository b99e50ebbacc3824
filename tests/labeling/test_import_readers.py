"""Files of lines and tables: every line is a row or a fault with its place, and a mark leads back to it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.imports.reading import FORMATS, Options, Read, Unreadable, guess_format, preview, reader_of
from projects.streams.rows import Bad, RowIn

AS_IT_IS = Options()
ASKED = [
    {
        "name": "kind",
        "kind": "choice",
        "title": "Which?",
        "options": [{"value": "cat", "title": "A cat"}, {"value": "dog"}],
    },
    {"name": "sure", "kind": "boolean", "title": "Sure?"},
    {"name": "tags", "kind": "choices", "title": "Tags", "options": [{"value": "x"}, {"value": "y"}]},
    {"name": "score", "kind": "rating", "title": "How?", "max": 5},
]


def read(
    kind: str, body: bytes, options: Options = AS_IT_IS, asked: Any = (), after: Any = None
) -> list[Read]:
    return list(reader_of(kind).rows(io.BytesIO(body), options, asked, after))


def said(reads: list[Read]) -> list[str]:
    """key, or the code of the first fault."""
    return [one.row.errors[0].code if isinstance(one.row, Bad) else one.row.key for one in reads]


def places(reads: list[Read]) -> list[str]:
    return [one.place for one in reads]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"key": "a"}\n{"key": "b"}\n', ["a", "b"]),
        (b'\xef\xbb\xbf{"key": "a"}\r\n\r\n  \n{"key": "b"}', ["a", "b"]),
        (b'{"key": "a"}\nnot json\n{"key": "b\xff"}\n{"key": "c"}', ["a", "unreadable", "unreadable", "c"]),
        (b"", []),
        (b"\n\n", []),
        (b'{"key": "' + b"x" * (10 * 1024 * 1024) + b'"}\n{"key": "b"}\n', ["too_large", "b"]),
        (b'{"key": "a", "attributes": {"x": NaN}}\n{"key": "b"}', ["unreadable", "b"]),
        (b"[" * 100_000 + b"\n", None),
        (b'[{"key": "a"}]', None),
        (b"\xff\xfe{\x00", None),
    ],
)
def test_every_line_of_json_is_a_row_or_a_fault(body: bytes, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(Unreadable):
            read("ndjson", body)
        return
    assert said(read("ndjson", body)) == expected


@pytest.mark.parametrize(
    ("body", "expected", "where"),
    [
        (b"key,text\na,1\nb,2\n", ["a", "b"], ["line 2", "line 3"]),
        (b"\xef\xbb\xbfkey,text\r\na,1\r\n\r\nb,2", ["a", "b"], ["line 2", "line 4"]),
        (b"key;text\na;1,5\n", ["a"], ["line 2"]),
        (b"key\ttext\na\t1\n", ["a"], ["line 2"]),
        (b'key,text\na,"one, ""two""\nthree"\nb,2\n', ["a", "b"], ["lines 2 to 3", "line 4"]),
        (b'key,text\na,"never closed\nb,2\nc,3\n', ["quote", "b", "c"], ["line 2", "line 3", "line 4"]),
        (b'key,text\na,5" pipe\nb,6" pipe\n', ["a", "b"], ["line 2", "line 3"]),
        (b'key,text\na,"x"y\nb,2\n', ["csv", "b"], ["line 2", "line 3"]),
        (b"key,text\na\nb,2,3\nc,4\n", ["columns", "columns", "c"], ["line 2", "line 3", "line 4"]),
        (b"key,text\na,caf\xe9\nb,caf\xc3\xa9\n", ["encoding", "b"], ["line 2", "line 3"]),
        (b"key,text\na," + b"x" * (10 * 1024 * 1024) + b"\nb,2\n", ["too_large", "b"], ["line 2", "line 3"]),
        (b"key,text\na,x\x00y\nb,2\n", ["nul_character", "b"], ["line 2", "line 3"]),
        (b"\n\nkey,text\na,1\n", ["a"], ["line 4"]),
        (b"key,text\n", [], []),
        (b"key,text\n,1\nb,2\n", ["required", "b"], ["line 2", "line 3"]),
    ],
)
def test_every_line_of_a_table_is_a_row_or_a_fault(
    body: bytes, expected: list[str], where: list[str]
) -> None:
    found = read("csv", body)
    assert (said(found), places(found)) == (expected, where)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"key,key\n", "columns"),
        (b"key,,\n", "columns"),
        (b"k\xe9y\n", "encoding"),
        (b"\xfe\xff\x00k", "encoding"),
    ],
)
def test_a_table_whose_names_make_no_sense_cannot_be_read(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        read("csv", body)
    assert wrong.value.code == code


def test_cells_answer_questions_in_the_words_that_people_use() -> None:
    body = b"id,kind,sure,tags,score,annotator\n1,a CAT,yes,x|y,4,ann@example.test\n2,dog,0,,,\n3,bird,maybe,x;z,9,\n"
    rows: list[Any] = [one.row for one in read("csv", body, asked=ASKED)]
    assert [[(label.answer, label.by) for label in row.labels] for row in rows] == [
        [({"kind": "cat", "sure": True, "tags": ["x", "y"], "score": 4}, "ann@example.test")],
        [({"kind": "dog", "sure": False}, "")],
        [({"kind": "bird", "sure": "maybe", "tags": ["x", "z"], "score": 9}, "")],
    ]


def test_cells_are_of_the_types_that_somebody_says() -> None:
    body = b"key,n,flag,when,list,code,captured_at,split\n"
    body += b"a,1.5,true,2025-01-02,p|q,007,2025-01-02 03:04,dev\nb,many,,,,,nonsense,odd\n"
    types = {"n": "number", "flag": "boolean", "when": "timestamp", "list": "string[]"}
    first, second = read("csv", body, Options(types=types, more={"time_zone": "Europe/Berlin"}))
    assert isinstance(first.row, RowIn)
    assert first.row.attributes == {
        "n": 1.5,
        "flag": True,
        "when": "2025-01-02T00:00:00+01:00",
        "list": ["p", "q"],
        "code": "007",
    }
    assert (str(first.row.captured_at), first.row.split) == ("2025-01-02 03:04:00+01:00", "val")
    assert said([second]) == ["not_a_time"]


def test_a_time_without_a_zone_is_that_rows_error_unless_a_zone_is_said() -> None:
    assert said(read("csv", b"key,captured_at\na,2025-01-02 03:04\n")) == ["zone_missing"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe", 7])
def test_a_zone_that_nobody_knows_cannot_be_read_by(zone: Any) -> None:
    with pytest.raises(Unreadable) as wrong:
        read("csv", b"key,captured_at\na,2026-07-01T12:00\n", Options(more={"time_zone": zone}))
    assert wrong.value.code == "time_zone"


def test_what_somebody_says_of_columns_must_make_sense() -> None:
    for columns in (
        {"no": "key"},
        {"a": "what"},
        {"a": "text", "b": "text"},
        {"a": "label:"},
        {"a": "prediction"},
    ):
        with pytest.raises(Unreadable):
            read("csv", b"a,b\n1,2\n", Options(columns=columns))


def test_predictions_of_a_model_come_with_the_rows() -> None:
    options = Options(more={"model": "m", "version": "3"}, columns={"p": "prediction", "c": "confidence"})
    [one] = read("csv", b"key,p,c\na,cat,0.75\n", options)
    assert isinstance(one.row, RowIn)
    [prediction] = one.row.predictions
    assert (prediction.model, prediction.version, prediction.label, prediction.confidence) == (
        "m",
        "3",
        "cat",
        0.75,
    )


# A carriage return that the csv module leaves without quotes reads as the end of a line.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@settings(max_examples=80)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=12),
    crlf=st.booleans(),
    packed=st.booleans(),
    data=st.data(),
)
def test_a_written_table_reads_back_and_from_every_mark(
    rows: Any, crlf: bool, packed: bool, data: Any
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n" if crlf else "\n")
    writer.writerow(["key", "text", "note"])
    for index, (text, note) in enumerate(rows):
        writer.writerow([f"k{index}", text, note])
    body = written.getvalue().encode()
    body = gzip.compress(body) if packed else body
    found = read("csv", body)
    assert said(found) == [f"k{index}" for index in range(len(rows))]
    kept = [(one.row.text, one.row.attributes.get("note", "")) for one in found if isinstance(one.row, RowIn)]
    plain = [tuple(cell.replace("\r\n", "\n") if cell.strip() else "" for cell in row) for row in rows]
    assert [tuple(cell.replace("\r\n", "\n") for cell in row) for row in kept] == plain
    for index, one in enumerate(found):
        mark = json.loads(json.dumps(one.mark))
        rest = read("csv", body, after=mark)
        assert [(other.row, other.place) for other in rest] == [
            (other.row, other.place) for other in found[index + 1 :]
        ]


@settings(max_examples=80)
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_whatsoever_is_more_than_unreadable(body: bytes) -> None:
    for kind in ("csv", "ndjson"):
        try:
            found = read(kind, b"key,text\n" + body if kind == "csv" else body)
        except Unreadable:
            continue
        assert all(isinstance(one.row, RowIn | Bad) for one in found)


def test_a_bomb_is_put_out() -> None:
    bomb = gzip.compress(b'{"key": "a", "text": "' + b" " * 4 * 1024 * 1024 + b'"}\n', 9) * 30
    with pytest.raises(Unreadable) as wrong:
        for _one in reader_of("ndjson").rows(io.BytesIO(bomb), Options(), ()):
            pass
    assert wrong.value.code == "compression_ratio"


def test_memory_stays_flat_however_long_the_file() -> None:
    def peak(count: int) -> int:
        body = io.BytesIO(b"key,text,note\n" + b"".join(b"k%d,hello,there\n" % n for n in range(count)))
        tracemalloc.start()
        for _one in reader_of("csv").rows(body, Options(), ()):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(20_000) < peak(2_000) + 200_000


@pytest.mark.parametrize(
    ("head", "filename", "kind"),
    [
        (b'{"key": "a"}\n', "x.jsonl", "ndjson"),
        (b'{"key": "a"}\n{"key": "b"}\n', "upload", "ndjson"),
        (b"a,b\n1,2\n", "x.CSV", "csv"),
        (b"a;b\n1;2\n", "upload", "csv"),
        (b"\x00\x01", "upload", None),
    ],
)
def test_the_format_is_told_from_the_name_or_the_beginning(
    head: bytes, filename: str, kind: str | None
) -> None:
    assert guess_format(head, filename) == kind


def test_a_preview_guesses_columns_and_shows_the_first_rows() -> None:
    body = b"id,sentence,class,shelf,price,0code,empty\n" + b"1,hello,cat,x1,2.5,007,\n" * 30
    found = preview(FORMATS.readers["csv"], io.BytesIO(body), Options(), ASKED)
    assert [(column.name, column.guess, column.type) for column in found.columns] == [
        ("id", "key", "number"),
        ("sentence", "text", "string"),
        ("class", "label", "string"),
        ("shelf", "attribute", "string"),
        ("price", "attribute", "number"),
        ("0code", "attribute", "string"),
        ("empty", "attribute", "string"),
    ]
    assert (len(found.rows), found.columns[1].samples) == (20, ("hello",))


def test_a_table_of_ten_thousand_columns_is_told_how_many_it_may_have() -> None:
    names = ",".join(f"c{n}" for n in range(10_000)).encode()
    with pytest.raises(Unreadable, match=r"A table has at most 500 columns here\."):
        read("csv", names + b"\n" + b"x," * 9_999 + b"x\n")


def test_a_cell_that_is_no_row_is_a_fault_of_its_line_alone() -> None:
    found = read("csv", b"key,text\na," + b"x" * (12 * 1024 * 1024) + b"\nb,fine\n")
    assert (said(found), places(found)) == (["too_large", "b"], ["line 2", "line 3"])
    assert [one.detail for one in found[0].row.errors] == ["A line has at most 10 MB."]
