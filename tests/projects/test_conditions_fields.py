"""Lists and times among the attributes: declared, taken at the door, asked for by a condition."""

from __future__ import annotations

from typing import Any

import pytest

from projects.schemas.fields import check_fields
from teams.identity.refused import Refused
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, token

pytestmark = pytest.mark.django_db

URL = "/api/v1/projects/digits/streams/tags/examples"
FIELDS = [
    {"name": "tags", "type": "string[]"},
    {"name": "seen_at", "type": "timestamp"},
    {"name": "must", "type": "string[]", "nullable": True},
]


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"), fields=FIELDS)


@pytest.fixture
def script(stream: Any, api: Any) -> Any:
    return api(token(stream.organization, stream.project)[1])


def send(script: Any, **attributes: Any) -> Any:
    """What becomes of each of these attributes, sent as examples of their own."""
    rows = [{"key": key, "attributes": value} for key, value in attributes.items()]
    return script.post(URL, {"examples": rows}, content_type="application/json").json()


def read(script: Any, where: str) -> list[str]:
    answer = script.get(URL, {"where": where}).json()
    return sorted(row["key"] for row in answer["results"])


def test_a_list_of_texts_is_taken_and_asked_for(script: Any) -> None:
    sent = send(
        script,
        both={"tags": ["blurry", "dark"]},
        one={"tags": ["dark"]},
        none={"tags": []},
        null={"tags": None},
        absent={},
    )
    assert sent["created"] == 5
    assert read(script, "tags has any ('blurry', 'night')") == ["both"]
    assert read(script, "tags has any ('dark')") == ["both", "one"]
    assert read(script, "tags has all ('dark', 'blurry')") == ["both"]
    assert read(script, "not tags has any ('dark')") == ["absent", "none", "null"]
    assert read(script, "tags is null") == ["absent", "null"]


def test_what_is_no_list_of_texts_is_that_rows_error(script: Any) -> None:
    sent = send(
        script,
        good={"tags": ["a"] * 100},
        text={"tags": "a"},
        number={"tags": ["a", 1]},
        nested={"tags": [["a"]]},
        null={"tags": [None]},
        many={"tags": ["a"] * 101},
        long={"tags": ["a" * 501]},
    )
    assert (sent["created"], sent["rejected"]) == (1, 6)
    errors = [error for row in sent["rows"] for error in row.get("errors", ())]
    assert {(error["pointer"].split("/", 3)[3], error["code"]) for error in errors} == {
        ("attributes/tags", "type")
    }
    assert errors[0]["detail"] == "Expected a list of at most 100 texts, each of at most 500 characters."


def test_a_time_among_the_attributes_is_asked_for_like_any_other(script: Any) -> None:
    send(
        script,
        january={"seen_at": "2026-01-31T22:30:00+01:00"},
        february={"seen_at": "2026-02-01T00:30:00.5+02:00"},
        march={"seen_at": "2026-03-01 00:00:00Z"},
        never={},
    )
    assert read(script, "seen_at < timestamp '2026-02-01T00:00:00Z'") == ["february", "january"]
    assert read(script, "seen_at within P1M of timestamp '2026-03-01T00:00:00Z'") == []
    assert read(script, "seen_at within P1M of timestamp '2026-03-01T00:00:00+02:00'") == ["february"]
    assert read(script, "not seen_at < timestamp '2026-02-01T00:00:00Z'") == ["march", "never"]
    between = "seen_at between timestamp '2026-02-01T00:00:00Z' and timestamp '2026-03-01T00:00:00Z'"
    assert read(script, between) == ["march"]


def test_values_that_came_before_their_declaration_are_missing_and_no_error(stream: Any, script: Any) -> None:
    for key, value in enumerate(
        ["2026-02-30T00:00:00Z", "soon", 7, ["2026-02-01T00:00:00Z"], {"a": 1}, True]
    ):
        ExampleFactory(stream=stream, key=str(key), attributes={"seen_at": value, "tags": value})
    assert read(script, "seen_at is not null") == []
    assert read(script, "tags is not null") == ["3"]
    assert read(script, "tags has any ('2026-02-01T00:00:00Z', 'a', 'soon')") == ["3"]


def test_a_list_cannot_be_promoted_to_a_column() -> None:
    check_fields(FIELDS)
    with pytest.raises(Refused):
        check_fields([{"name": "tags", "type": "string[]", "column": "k1"}])
