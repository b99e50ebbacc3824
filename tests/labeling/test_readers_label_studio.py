"""Label Studio's export, in its documented format: what people and models said becomes rows; odd files are errors."""

from __future__ import annotations

import json
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.imports.readers.label_studio import LABEL_STUDIO, propose
from labeling.imports.reading import Options, Questions, Unreadable, guess_format, preview
from projects.schemas.questions import check_questions
from projects.streams.rows import Bad, RowIn

TEXT = "Jürgen 😀 moved to Zürich in May."


def options(*values: str) -> list[dict[str, str]]:
    return [{"value": value, "title": value} for value in values]


QUESTIONS: Questions = [
    {"name": "sentiment", "kind": "choice", "title": "Sentiment", "options": options("good", "bad")},
    {
        "name": "topics",
        "kind": "choices",
        "title": "Topics",
        "options": options("travel", "travel / rail", "work"),
    },
    {"name": "stars", "kind": "rating", "title": "Stars", "max": 5},
    {"name": "age", "kind": "number", "title": "Age"},
    {"name": "note", "kind": "text", "title": "Note"},
    {"name": "ner", "kind": "spans", "title": "Names", "options": options("person", "place")},
    {"name": "bbox", "kind": "boxes", "title": "Boxes", "options": options("car", "tree")},
    {"name": "outline", "kind": "polygons", "title": "Outlines", "options": options("car")},
]


def result(name: str, kind: str, value: dict[str, Any], to: str = "text", **more: Any) -> dict[str, Any]:
    return {"id": "x1", "from_name": name, "to_name": to, "type": kind, "value": value} | more


def task(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A task with one annotation, as an export has it."""
    annotation = {
        "id": 1001,
        "completed_by": {"id": 1, "email": "ann@example.org", "first_name": "Ann", "last_name": ""},
        "result": list(results),
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2025-01-02T10:00:00.123456Z",
        "updated_at": "2025-01-02T10:05:00.123456Z",
        "lead_time": 4.2,
    }
    base = {"id": 7, "data": {"text": TEXT}, "annotations": [annotation], "predictions": []}
    return (
        base | {"created_at": "2025-01-01T09:00:00.000000Z", "inner_id": 1, "meta": {}, "project": 3} | more
    )


def read(*tasks: Any, questions: Questions = QUESTIONS, after: Any = None, **how: Any) -> list[Any]:
    file = BytesIO(json.dumps(list(tasks)).encode())
    return list(LABEL_STUDIO.rows(file, Options(**how), questions, after))


def row(*tasks: Any, **how: Any) -> RowIn:
    [found] = read(*tasks, **how)
    assert isinstance(found.row, RowIn), found.row
    return found.row


def codes(reads: list[Any]) -> list[Any]:
    return [
        [(error.pointer, error.code) for error in read.row.errors]
        if isinstance(read.row, Bad)
        else read.row.key
        for read in reads
    ]


def test_every_kind_of_result_becomes_an_answer() -> None:
    emoji = TEXT.index("Zürich")
    taken = row(
        task(
            result("sentiment", "choices", {"choices": ["good"]}),
            result("topics", "taxonomy", {"taxonomy": [["travel"], ["travel", "rail"]]}),
            result("stars", "rating", {"rating": 4}),
            result("age", "number", {"number": 41.5}),
            result("note", "textarea", {"text": ["one", "two"]}),
            result("ner", "labels", {"start": 0, "end": 6, "text": "Jürgen", "labels": ["person"]}),
            result(
                "ner", "labels", {"start": emoji + 1, "end": emoji + 7, "text": "Zürich", "labels": ["place"]}
            ),
            result(
                "bbox",
                "rectanglelabels",
                {"x": 10, "y": 20.5, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["car"]},
            ),
            result(
                "outline",
                "polygonlabels",
                {"points": [[0, 0], [50, 0], [50, 100.4]], "closed": True, "polygonlabels": ["car"]},
            ),
        )
    )
    [label] = taken.labels
    assert label.answer == {
        "sentiment": "good",
        "topics": ["travel", "travel / rail"],
        "stars": 4,
        "age": 41.5,
        "note": "one\ntwo",
        "ner": [
            {"start": 0, "end": 6, "text": "Jürgen", "label": "person"},
            {"start": emoji, "end": emoji + 6, "text": "Zürich", "label": "place"},
        ],
        "bbox": [{"x": 0.1, "y": 0.205, "width": 0.3, "height": 0.4, "label": "car"}],
        "outline": [{"points": [[0, 0], [0.5, 0], [0.5, 1]], "label": "car"}],
    }
    assert (taken.key, taken.text, label.by) == ("7", TEXT, "ann@example.org")
    assert [str(at) for at in (taken.captured_at, label.at)] == [
        "2025-01-01 09:00:00+00:00",
        "2025-01-02 10:05:00.123456+00:00",
    ]


def test_everybody_has_their_say_once_and_cancelled_ones_none() -> None:
    several = task()
    several["annotations"] = [
        {"completed_by": who, "result": [result("sentiment", "choices", {"choices": [said]})], **more}
        for who, said, more in [
            ("ann@example.org", "bad", {}),
            ("ann@example.org", "good", {}),
            (12, "bad", {}),
            ({"id": 5, "first_name": "Bo", "last_name": "Li"}, "good", {}),
            (13, "bad", {"was_cancelled": True}),
        ]
    ]
    assert [(label.by, label.answer["sentiment"]) for label in row(several).labels] == [
        ("ann@example.org", "good"),
        ("Label Studio user 12", "bad"),
        ("Bo Li", "good"),
    ]


def test_predictions_keep_their_model_and_score() -> None:
    guessed = task(
        predictions=[
            {
                "model_version": "bert@1.2",
                "score": 0.8,
                "result": [result("sentiment", "choices", {"choices": ["bad"]})],
            },
            {
                "model_version": "v3",
                "score": 7,
                "result": [result("sentiment", "choices", {"choices": ["good"]})],
            },
            42,
        ],
        annotations=[],
    )
    assert [
        (one.model, one.version, one.label, one.confidence, one.output) for one in row(guessed).predictions
    ] == [
        ("bert", "1.2", "bad", 0.8, {"sentiment": "bad"}),
        ("label-studio", "v3", "good", None, {"sentiment": "good"}),
    ]


def test_data_become_media_text_and_attributes() -> None:
    taken = row(
        {"id": 1, "data": {"image": "/data/upload/3/a b.png", "store": "417", "split": "test", "n": 3}},
        base_uri="s3://shelf/upload",
        columns={"store": "attribute:shop"},
    )
    assert taken.media is not None
    assert (taken.media.uri, taken.attributes, taken.split) == (
        "s3://shelf/upload/data/upload/3/a b.png",
        {"shop": "417", "n": 3},
        "test",
    )
    local = {"id": 1, "data": {"image": "/data/local-files/?d=shelf%2Fa.png"}}
    media = row(local, base_uri="file:///srv").media
    assert media is not None
    assert media.uri == "file:///srv/shelf/a.png"
    assert codes(read(local)) == [[("/data/image", "base_uri")]]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (result("brush", "brushlabels", {"rle": [1], "brushlabels": ["car"]}), "not_supported"),
        (result("kp", "keypointlabels", {"x": 1, "y": 1, "keypointlabels": ["a"]}), "not_supported"),
        (result("other", "number", {"number": 1}), "no_question"),
        (result("sentiment", "choices", {"choices": ["good", "bad"]}), "several"),
        (result("sentiment", "choices", {"x": 1, "choices": ["good"]}), "of_a_region"),
        (result("bbox", "rectanglelabels", {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 30,
                                            "rectanglelabels": ["car"]}), "turned"),
        (result("bbox", "rectanglelabels", {"x": 200, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["car"]}),
         "outside"),
        (result("bbox", "rectanglelabels", {"x": None, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["car"]}),
         "not_numbers"),
        (result("bbox", "rectanglelabels", {"x": 1, "y": 1, "width": 5, "height": 5}), "no_label"),
        (result("outline", "polygonlabels", {"points": [[0, 0]], "polygonlabels": ["car"]}), "too_few_points"),
        (result("outline", "polygonlabels", {"points": [[0, 0], [300, 0], [0, 9]], "polygonlabels": ["car"]}),
         "outside"),
        (result("ner", "labels", {"start": 0, "end": 3, "text": "Bob", "labels": ["person"]}), "span_text"),
        (result("ner", "labels", {"start": 0.5, "end": 3.1, "labels": ["person"]}), "not_numbers"),
        (result("ner", "labels", {"start": "/p[1]", "end": "/p[1]", "labels": ["person"]}), "not_numbers"),
        ({"type": "relation", "from_id": "a", "to_id": "b"}, "type"),
        (7, "type"),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_reported_and_its_annotation_left_out(bad: Any, code: str) -> None:
    reads = read(task(result("stars", "rating", {"rating": 4}), bad))
    assert codes(reads) == [[("/annotations/0/result/1", code)], "7"]
    assert reads[1].row.labels == []
    assert [found.place for found in reads] == ["task 1", "task 1"]


def test_the_only_question_of_a_kind_is_meant_whatever_it_is_called() -> None:
    reads = read(task(result("x", "choices", {"choices": ["good"]})), questions=QUESTIONS[:1])
    assert [label.answer for label in reads[0].row.labels] == [{"sentiment": "good"}]


def test_a_question_that_nobody_asks_is_reported() -> None:
    reads = read(task(result("x", "choices", {"choices": ["good"]})), questions=QUESTIONS[2:])
    assert codes(reads) == [[("/annotations/0/result/0", "no_question")], "7"]


def test_it_proposes_questions_that_make_sense_and_answers_them() -> None:
    tasks = [
        task(
            result("my Sentiment!", "choices", {"choices": [said]}),
            result(
                "label",
                "rectanglelabels",
                {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["car"]},
            ),
            result("stars", "rating", {"rating": 3}),
        )
        for said in ("good", "bad")
    ]
    proposal = propose(BytesIO(json.dumps(tasks).encode()), Options())
    assert check_questions(proposal) == []
    assert [(row["name"], row["kind"]) for row in proposal] == [
        ("my_sentiment", "choice"),
        ("label", "boxes"),
        ("stars", "rating"),
    ]
    assert row(tasks[0], questions=()).labels[0].answer["my_sentiment"] == "good"


def test_reading_goes_on_behind_a_mark() -> None:
    tasks = [task(result("kp", "keypoint", {}), id=n) for n in range(5)]
    reads = read(*tasks)
    assert len(reads) == 10
    for n, found in enumerate(reads):
        assert codes(read(*tasks, after=found.mark)) == codes(reads)[n + 1 :]


def test_a_long_file_is_read_a_task_at_a_time() -> None:
    class Counting(BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size >= 0, "all of it at once"
            Counting.most = max(Counting.most, size)
            return super().read(size)

    many = json.dumps([task(id=n) for n in range(5000)]).encode()
    keys = [found.row.key for found in LABEL_STUDIO.rows(Counting(many), Options(), QUESTIONS)]
    assert (keys, Counting.most <= 256 * 1024) == ([str(n) for n in range(5000)], True)


@pytest.mark.parametrize(
    ("raw", "good", "place"),
    [
        (b"", 0, ""),
        (b"{}", 0, ""),
        (b"[", 0, ""),
        (b"\xff\xfe[", 0, ""),
        (b'[{"id": 1, "data": {}},', 1, "task 1"),
        (b'[{"id": 1, "data": {}} {"id": 2}]', 1, "task 1"),
        (b'[{"id": 1, "data": {}}, {"id": ', 1, "task 2"),
        (b'[{"id": 1, "data": {}}, ' + b"[" * 100_000, 1, "task 2"),
        (b'[{"id": 1, "data": {}}, \xff]', 1, "task 2"),
    ],
)
def test_a_file_that_breaks_off_says_where(raw: bytes, good: int, place: str) -> None:
    reads = LABEL_STUDIO.rows(BytesIO(raw), Options(), QUESTIONS)
    taken = []
    with pytest.raises(Unreadable) as why:
        taken.extend(reads)
    assert why.value.place in (place, "task 1" if good else "", "")


def test_it_is_recognised() -> None:
    head = json.dumps([task()]).encode()
    assert guess_format(head, "export.json") == "label_studio"
    shown = preview(LABEL_STUDIO, BytesIO(head), Options(), QUESTIONS)
    assert [(column.name, column.guess) for column in shown.columns] == [("text", "text")]


VALUES = "x y width height start end text points choices labels rating rectanglelabels polygonlabels taxonomy number"
NAMES = f"id data annotations predictions result value type from_name to_name completed_by created_at {VALUES}".split()
ODD = ["\x00", "\ud800", "/data/upload/x.png", 1e308, -1, 10**40]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=30,
)
values = st.dictionaries(st.sampled_from(VALUES.split()), json_values)
odd_results = st.fixed_dictionaries(
    {
        "from_name": st.sampled_from([row["name"] for row in QUESTIONS]) | json_values,
        "type": st.sampled_from(
            ["choices", "labels", "rectanglelabels", "polygonlabels", "rating", "taxonomy"]
        )
        | st.sampled_from(["number", "textarea"])
        | json_values,
        "value": values | json_values,
    }
)
odd_tasks = st.builds(
    lambda results, more: task(*results) | more,
    st.lists(odd_results, max_size=3),
    st.dictionaries(st.sampled_from(NAMES[:4]), json_values, max_size=2),
)


@given(st.lists(odd_tasks | json_values, max_size=4))
def test_no_odd_file_is_more_than_an_error_with_a_place(tasks: list[Any]) -> None:
    raw = json.dumps(tasks).encode()
    for questions in (QUESTIONS, ()):
        for found in LABEL_STUDIO.rows(BytesIO(raw), Options(), questions):
            assert isinstance(found.row, RowIn | Bad)
            assert found.place
    proposal = propose(BytesIO(raw), Options())
    assert proposal == [] or check_questions(proposal) == []
    assert LABEL_STUDIO.columns is not None
    LABEL_STUDIO.columns(BytesIO(raw), Options(), ())


@given(st.binary(max_size=200))
def test_nor_are_any_bytes(raw: bytes) -> None:
    with suppress(Unreadable):
        list(LABEL_STUDIO.rows(BytesIO(raw), Options(), QUESTIONS))
