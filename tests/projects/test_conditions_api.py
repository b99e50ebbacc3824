"""Reading a stream by a condition, and trying a condition, over REST."""

from __future__ import annotations

import pytest

from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream():
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    for index in range(5):
        ExampleFactory(stream=stream, key=f"e{index}", k1="ab"[index % 2], confidence=index / 10)
    return stream


@pytest.fixture
def script(stream, api):
    return api(token(stream.organization, stream.project)[1])


URL = "/api/v1/projects/digits/streams/tags"


def test_a_condition_reads_the_stream_page_by_page(script) -> None:
    where = {"where": "store = 'a' and confidence < 0.4", "limit": 1}
    first = script.get(f"{URL}/examples", where).json()
    second = script.get(first["next"]).json()
    assert [row["key"] for row in first["results"] + second["results"]] == ["e0", "e2"]
    assert second["next"] is None
    assert first["results"][0]["split"] == "train"


def test_a_condition_is_counted_clause_by_clause(script) -> None:
    answer = script.post(
        f"{URL}/conditions", {"text": "store = 'a' and confidence < 0.4"}, content_type="application/json"
    ).json()
    assert (answer["count"], answer["exact"]) == (2, True)
    assert [(clause["text"], clause["count"]) for clause in answer["clauses"]] == [
        ("store = 'a'", 3),
        ("confidence < 0.4", 4),
    ]
    same = script.post(
        f"{URL}/conditions", {"condition": answer["condition"]}, content_type="application/json"
    ).json()
    assert same["hash"] == answer["hash"]


def test_an_unknown_field_is_a_problem_with_its_spot(script) -> None:
    for answer in (
        script.get(f"{URL}/examples", {"where": "stor = 'a'"}),
        script.post(f"{URL}/conditions", {"text": "stor = 'a'"}, content_type="application/json"),
    ):
        problem = answer.json()
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        (error,) = problem["errors"]
        assert (error["code"], error["pointer"], error["span"], error["did_you_mean"][0]) == (
            "unknown_field",
            "/args/0",
            [0, 4],
            "store",
        )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": "0"}, 422),
        ({"limit": "x"}, 422),
        ({"limit": "1" * 30}, 422),
        ({"after": "-1"}, 422),
        ({"wher": "x"}, 400),
        ({"where": "\x00"}, 422),
        ({"where": "(" * 10_000}, 422),
    ],
)
def test_bad_parameters_are_problems(script, query, status) -> None:
    answer = script.get(f"{URL}/examples", query)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_foreign_and_unknown_streams_are_the_same_404(stream, api) -> None:
    other = ProjectFactory()
    stranger = api(token(other.organization, other)[1])
    foreign, unknown = (
        stranger.get(f"{URL}/examples"),
        stranger.get("/api/v1/projects/no/streams/no/examples"),
    )
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json() == unknown.json()
