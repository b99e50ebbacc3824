"""Sending examples and predictions over REST: every row its own outcome, the same again changes nothing."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from projects.models import Example, Media, Prediction
from projects.streams.rows import EXAMPLES
from projects.streams.splits import bucket_of
from teams.identity.roles import Role
from teams.models import Event, Job
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, member, token

URL = "/api/v1/projects/digits/streams/tags"
pytestmark = pytest.mark.django_db


def png() -> str:
    buffer = BytesIO()
    Image.new("L", (8, 8)).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


@pytest.fixture
def send(stream, api) -> Any:
    script = api(token(stream.organization, stream.project)[1])
    return lambda rows, **more: script.post(
        f"{URL}/examples", {"examples": rows} | more, content_type="application/json"
    )


def outcomes(answer: Any) -> list[str]:
    return [row["outcome"] for row in answer.json()["rows"]]


def test_the_same_thousand_rows_sent_again_create_none(send) -> None:
    rows = [{"key": f"k{n}", "attributes": {"store": "a", "weight": n}} for n in range(1000)]
    first, again = send(rows).json(), send(rows).json()
    assert [(a["created"], a["unchanged"]) for a in (first, again)] == [(1000, 0), (0, 1000)]
    assert Example.objects.count() == 1000
    assert Event.objects.filter(kind="examples.received").count() == 1, (
        "one event a batch, none for nothing new"
    )


def test_a_key_twice_in_one_batch_is_kept_as_it_stands_first_and_the_other_is_named(send) -> None:
    said = send([{"key": "a", "text": "1"}, {"key": "b"}, {"key": "a", "text": "2"}]).json()
    assert ([row["outcome"] for row in said["rows"]], said["created"], said["rejected"]) == (
        ["created", "created", "rejected"],
        2,
        1,
    )
    [error] = said["rows"][2]["errors"]
    assert (error["pointer"], error["code"]) == ("/examples/2/key", "duplicate_key")
    assert Example.objects.get(key="a").text == "1"


def test_a_bad_row_is_named_and_stops_no_other(send) -> None:
    rows = [
        {"key": "good"},
        {"key": "weight", "attributes": {"weight": "heavy"}},
        {"key": "naive", "captured_at": "2026-01-01T00:00:00"},
        {"key": "nul", "text": "a\x00b"},
        {"key": "good"},
        {"key": ""},
        {"nokey": 1},
        7,
        {"key": "svg", "media": {"data": base64.b64encode(b"<svg onload='x'/>").decode()}},
        {"key": "also good", "attributes": {"undeclared": {"kept": True}}},
    ]
    answer = send(rows)
    assert outcomes(answer) == ["created", *["rejected"] * 8, "created"]
    pointers = [row["errors"][0]["pointer"] for row in answer.json()["rows"] if row["outcome"] == "rejected"]
    assert pointers == [
        "/examples/1/attributes/weight",
        "/examples/2/captured_at",
        "/examples/3",
        "/examples/4/key",
        "/examples/5/key",
        "/examples/6",
        "/examples/7",
        "/examples/8/media/data",
    ]
    assert sorted(Example.objects.values_list("key", flat=True)) == ["also good", "good"]


def test_an_update_changes_what_differs_and_never_the_split(send, stream) -> None:
    send([{"key": "k", "attributes": {"store": "a"}, "captured_at": "2026-01-01T00:00:00Z"}])
    before = Example.objects.get()
    assert outcomes(send([{"key": "k", "attributes": {"store": "b"}}])) == ["updated"]
    assert outcomes(send([{"key": "k", "attributes": {"store": "c"}}], mode="insert")) == ["unchanged"]
    after = Example.objects.get()
    assert (after.k1, after.rev, after.bucket, after.captured_at) == (
        "b",
        2,
        before.bucket,
        before.captured_at,
    )


def test_a_picture_is_kept_once_and_shown_to_members_only(send, stream, page) -> None:
    send([{"key": "a", "media": {"data": png()}}, {"key": "b", "media": {"data": png()}}])
    assert (Media.objects.count(), Example.objects.values("media_uri").distinct().count()) == (1, 1)
    viewer = member(stream.organization, Role.VIEWER, stream.project)
    shown = page(viewer).get(f"/o/{stream.organization.slug}/projects/digits/")
    url = shown.context["examples"][0]["media"].url
    picture = page(viewer).get(url)
    assert (picture["Content-Type"], picture["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    stranger = member(ProjectFactory().organization, Role.OWNER)
    assert page(stranger).get(url).status_code == 404
    assert page(viewer).get(url[:-3] + "xxx").status_code == 404


def test_predictions_stand_beside_labels_and_never_on_them(send, stream, api) -> None:
    ExampleFactory(stream=stream, key="k", label="7", label_state="accepted")
    script = api(token(stream.organization, stream.project)[1])
    body = {
        "model": {"name": "digits", "version": "1", "digest": "abc"},
        "predictions": [
            {"key": "k", "label": "1", "confidence": 0.4},
            {"key": "nobody", "label": "1"},
            {"key": "k", "label": "2"},
            {"key": "k2", "label": "1", "confidence": 7},
        ],
    }
    first = script.post(f"{URL}/predictions", body, content_type="application/json")
    assert outcomes(first) == ["created", "rejected", "rejected", "rejected"]
    assert (
        outcomes(script.post(f"{URL}/predictions", body, content_type="application/json"))[0] == "unchanged"
    )
    example = Example.objects.get()
    assert (example.label, example.predicted, example.confidence) == ("7", "1", 0.4)
    assert Prediction.objects.count() == 1
    other = body | {"model": {"name": "digits", "version": "1", "digest": "other"}}
    clash = script.post(f"{URL}/predictions", other, content_type="application/json")
    assert (clash.status_code, clash.json()["code"]) == (409, "model_conflict")


def test_what_arrives_is_routed_by_a_job(send) -> None:
    send([{"key": "k"}])
    assert list(Job.objects.values_list("kind", flat=True)) == ["tasks.route"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"examples": []}', 422),
        (b'{"examples": {}}', 422),
        (b'{"examples": [{"key": "a"}], "more": 1}', 422),
        (b'{"examples": [{"key": "a"}], "mode": "replace"}', 422),
        (json.dumps({"examples": [{"key": str(n)} for n in range(1001)]}).encode(), 413),
        (b'{"examples": ' + b"[" * 100_000, 400),
        (b'{"examples": [{"key": "a"}], "examples": [{"key": "b"}]}', 400),
    ],
)
def test_bodies_that_cannot_be_are_problems(stream, api, raw, status) -> None:
    script = api(token(stream.organization, stream.project)[1])
    answer = script.post(f"{URL}/examples", raw, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert Example.objects.count() == 0


def test_half_a_surrogate_in_the_name_of_a_model_is_no_text(stream, api) -> None:
    script = api(token(stream.organization, stream.project)[1])
    body = b'{"model": {"name": "m\\ud800", "version": "1"}, "predictions": [{"key": "a", "label": "3"}]}'
    answer = script.post(f"{URL}/predictions", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")


@pytest.mark.parametrize("value", ["NaN", "1e400", '"\\ud800"', "[" * 60 + "]" * 60, "1" * 400, '"\\u0000"'])
def test_values_that_no_column_holds_are_that_rows_error(stream, api, value) -> None:
    script = api(token(stream.organization, stream.project)[1])
    raw = '{"examples": [{"key": "bad", "attributes": {"x": %s}}, {"key": "good"}]}' % value  # noqa: UP031
    answer = script.post(f"{URL}/examples", raw.encode(), content_type="application/json")
    assert (answer.status_code, outcomes(answer)) == (200, ["rejected", "created"])


def test_a_token_without_the_verb_may_not_send(stream, api) -> None:
    reader = api(token(stream.organization, stream.project, verbs=["projects.view_project"])[1])
    answer = reader.post(f"{URL}/examples", {"examples": [{"key": "k"}]}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    nobody = api("slc_nobody").post(f"{URL}/examples", {"examples": []}, content_type="application/json")
    assert (nobody.status_code, nobody["Content-Type"]) == (401, "application/problem+json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["key", "text", "attributes", "media", "captured_at"]), JSON) | JSON,
        max_size=4,
    )
)
def test_no_row_whatsoever_is_a_server_error(send, rows) -> None:
    assert send(rows).status_code in (200, 400, 422)


@pytest.mark.parametrize(
    ("salt", "key", "bucket"),
    [
        ("ch_demo:1", "store-17", 3323),
        ("ch_demo:1", "store-18", 4759),
        ("ch_demo:2", "store-17", 6962),
        ("ch_demo:1", "café-1", 1838),
    ],
)
def test_buckets_are_those_of_the_published_vectors(salt, key, bucket) -> None:
    assert bucket_of(salt, key) == bucket


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["\u0000", "x" * 130]),
    st.lists(st.text(max_size=2), max_size=2),
)
ROW = st.fixed_dictionaries(
    {},
    optional={
        "key": st.one_of(
            st.text(max_size=3), st.sampled_from(["a", "b", " c", "d\n", "x" * 201]), st.just(7)
        ),
        "captured_at": st.sampled_from(["2026-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2026-01-01", 5]),
        "attributes": st.dictionaries(st.sampled_from(["store", "", "y" * 121, "z"]), ODD, max_size=3),
        "predictions": st.just([{"model": "m", "version": "1", "label": "x", "output": {"a": 1e300}}]),
        "more": ODD,
    },
)


@given(st.lists(ROW, min_size=1, max_size=6))
@settings(max_examples=300)
def test_rows_that_are_read_together_are_read_as_each_alone(rows: list[Any]) -> None:
    raw = [msgspec.Raw(json.dumps(row).encode()) for row in rows]
    assert EXAMPLES.rows(raw) == [EXAMPLES.read(row) for row in raw]
