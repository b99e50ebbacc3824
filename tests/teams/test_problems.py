"""Whatever a machine sends, an error is problem+json with its own code: also what Django answers before a view runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.models import Example
from tests.factories import ProjectFactory, SnapshotFactory, StreamFactory, token

EXAMPLES = "/api/v1/projects/digits/streams/tags/examples"
CONDITIONS = "/api/v1/projects/digits/streams/tags/conditions"
JSON, FORM = "application/json", "multipart/form-data; boundary=x"
GOOD = b'{"examples": [{"key": "a"}]}'
pytestmark = pytest.mark.django_db

Send = Callable[[Client], Any]


@pytest.fixture
def script(api: Callable[[str], Client]) -> Client:
    """A pipeline of the organization that has the stream."""
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    return api(token(stream.organization, stream.project)[1])


def post(path: str, body: bytes, content_type: str = JSON, **headers: str) -> Send:
    return lambda script: script.post(path, body, content_type=content_type, headers=headers)


def get(path: str, **headers: str) -> Send:
    return lambda script: script.get(path, headers=headers)


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        pytest.param(get("/api/v1/nothing-here"), 404, "not_found", id="an unknown route"),
        pytest.param(get("/api/v2/runs"), 404, "not_found", id="an unknown version"),
        pytest.param(get("/api/v1/", host="evil.test"), 400, "unreadable", id="a bad host"),
        pytest.param(lambda script: script.delete(EXAMPLES), 405, "method_not_allowed", id="a wrong method"),
        pytest.param(post(EXAMPLES, GOOD, "text/csv"), 415, "unsupported_media_type", id="a wrong type"),
        pytest.param(
            post(EXAMPLES, GOOD, "multipart/form-data; boundary=x"),
            415,
            "unsupported_media_type",
            id="a form",
        ),
        pytest.param(get(EXAMPLES, accept="application/xml"), 406, "not_acceptable", id="an unknown Accept"),
        pytest.param(post(EXAMPLES, b'{"examples": ['), 400, "unreadable", id="malformed JSON"),
        pytest.param(post(EXAMPLES, b"\xff\xfe"), 400, "unreadable", id="no UTF-8"),
        pytest.param(post(EXAMPLES, b""), 400, "unreadable", id="an empty body"),
        pytest.param(post(CONDITIONS, b'{"text": NaN}'), 400, "unreadable", id="NaN"),
        pytest.param(post(CONDITIONS, b'{"text": "\\u0000"}'), 422, "nul_character", id="a NUL"),
        pytest.param(post(CONDITIONS, b'{"a":' * 40 + b"1" + b"}" * 40), 400, "too_deep", id="deep nesting"),
        pytest.param(post(CONDITIONS, b"[" * 200_000), 400, "too_deep", id="very deep nesting"),
        pytest.param(
            post(CONDITIONS, b'{"text": "colour = 1"}'), 422, "bad_condition", id="an unknown field"
        ),
        pytest.param(get(f"{EXAMPLES}?colour=red"), 400, "unknown_parameter", id="an unknown parameter"),
        pytest.param(get(f"{EXAMPLES}?limit=many"), 422, "invalid", id="a bad limit"),
        pytest.param(
            get("/api/v1/snapshots/99999999999999999999"), 404, "not_found", id="an id beyond bigint"
        ),
        pytest.param(
            get(EXAMPLES, authorization="Bearer slc_aaaaaaaa_bbb"),
            401,
            "authentication_failed",
            id="a bad token",
        ),
        pytest.param(get(EXAMPLES, authorization=""), 401, "not_authenticated", id="no token"),
        pytest.param(
            get(EXAMPLES, authorization="Basic YTpi"), 401, "not_authenticated", id="another scheme"
        ),
    ],
)
def test_it_is_a_problem(script: Client, send: Send, status: int, code: str) -> None:
    answer = send(script)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    said = answer.json()
    assert (said["code"], said["status"]) == (code, status)
    assert {"type", "title", "detail"} <= said.keys()
    assert Example.objects.count() == 0


def test_a_foreign_id_and_an_unknown_one_are_the_same_problem(script: Client) -> None:
    foreign = SnapshotFactory()
    answers = [script.get(f"/api/v1/snapshots/{pk}") for pk in (foreign.pk, foreign.pk + 1000)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("path", [EXAMPLES, CONDITIONS, "/api/v1/runs/claim"])
def test_a_body_that_is_too_large_is_not_read(script: Client, settings: Any, path: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = script.post(path, b'{"examples": [{"key": "%s"}]}' % (b"a" * 2000), content_type=JSON)
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert answer.json()["code"] == "too_large"
