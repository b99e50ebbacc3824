"""Files over REST into a project that asks nothing: looked at first, then taken with the questions that they answer."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as site

from labeling.models import Annotation, Import
from projects.models import Example, LabelSchema
from teams.access.actions import issue_token
from teams.identity.roles import PIPELINE, Role
from teams.models import Event, Job
from tests.factories import LabelSchemaFactory, ProjectFactory, StreamFactory, member, token
from tests.labeling.importing import URL, counts, work
from tests.labeling.test_import_formats import FILES

pytestmark = pytest.mark.django_db

TABLE = b"id,sentence,class,annotator,price\na,one,cat,ann,1\nb,two,dog,bob,2\nc,three,cat,ann,3\n"
CSV = ("animals.csv", TABLE, [("class", "choice")], 3, 3, 0)
EVERY = FILES | {"csv": CSV}


@pytest.fixture
def stream() -> Any:
    return StreamFactory(
        slug="tags", fields=[], project=ProjectFactory(slug="digits", organization__slug="acme")
    )


@pytest.fixture
def manager(stream: Any, api: Any) -> Any:
    """A script of a manager's."""
    user = member(stream.organization, Role.MANAGER)
    verbs = [*PIPELINE, "projects.manage_project", "projects.edit_schema_project"]
    _row, text = issue_token(organization=stream.organization, user=user, name="x", verbs=verbs, by=user)
    return api(text)


def post(script: Any, body: bytes, path: str = "", **query: str) -> Any:
    url = f"{URL}{path}?{urlencode(query)}"
    return script.post(url, body, content_type="application/octet-stream")


@pytest.mark.parametrize("kind", EVERY)
def test_a_file_comes_into_an_empty_project_with_its_labels_in_one_call(
    kind: str, stream: Any, manager: Any
) -> None:
    name, body, asked, examples, labels, _pictures = EVERY[kind]
    begun = post(manager, body, filename=name, questions="propose")
    assert begun.status_code == 201, begun.json()
    work()
    done = manager.get(f"/api/v1/imports/{begun.json()['id']}").json()
    assert (done["state"], done["format"], counts(done)) == (
        "done",
        kind,
        {"created": examples, "labels": labels},
    )
    [schema] = LabelSchema.objects.all()
    assert [(row["name"], row["kind"]) for row in schema.questions] == asked
    assert Annotation.objects.count() == labels
    said = Event.objects.filter(kind="schema.created").values_list("kind", "by__email")
    assert list(said) == [("schema.created", stream.organization.memberships.get().user.email)]
    again = post(manager, body, filename=name, questions="propose").json()
    work()
    assert counts(manager.get(f"/api/v1/imports/{again['id']}").json()) == {"unchanged": examples}
    assert LabelSchema.objects.count() == 1


@pytest.mark.parametrize("kind", EVERY)
def test_a_file_is_looked_at_and_nothing_is_kept(kind: str, stream: Any, manager: Any) -> None:
    name, body, asked, examples, _labels, _pictures = EVERY[kind]
    before = files()
    seen = post(manager, body, "/preview", filename=name)
    assert seen.status_code == 200, seen.json()
    found = seen.json()
    assert (found["format"], found["problem"], found["asked"]) == (kind, "", [])
    assert [(row["name"], row["kind"]) for row in found["proposal"]] == asked
    assert [row["errors"] for row in found["rows"]] == [[]] * examples
    assert {name for row in found["rows"] for label in row["labels"] for name in label["answer"]} <= {
        name for name, _kind in asked
    }
    assert files() == before
    assert [model.objects.count() for model in (Import, Job, Example, LabelSchema)] == [0, 0, 0, 0]


def test_marks_are_shown_as_they_would_be_kept(stream: Any, manager: Any) -> None:
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "gap"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 50, 40]}],
    }
    body = json.dumps(content).encode()
    [row] = post(manager, body, "/preview", filename="a.json").json()["rows"]
    [label] = row["labels"]
    [box] = label["answer"]["boxes"]
    post(manager, body, filename="a.json", questions="propose")
    work()
    assert Annotation.objects.get().answer == {"boxes": [box]}


def files() -> list[str]:
    return sorted(name for _folder, _folders, names in os.walk(site.MEDIA_ROOT) for name in names)


def test_the_columns_of_a_table_are_said_with_their_types(stream: Any, manager: Any) -> None:
    found = post(manager, TABLE, "/preview", filename="animals.csv").json()
    assert [(row["name"], row["guess"], row["type"]) for row in found["columns"]] == [
        ("id", "key", "string"),
        ("sentence", "text", "string"),
        ("class", "label:class", "string"),
        ("annotator", "labeled_by", "string"),
        ("price", "attribute", "number"),
    ]
    assert found["rows"][0] == {
        "place": "line 2",
        "key": "a",
        "errors": [],
        "text": "one",
        "media": "",
        "split": "",
        "attributes": {"price": "1"},
        "labels": [{"by": "ann", "answer": {"class": "cat"}}],
    }
    types = json.dumps({"options": {"types": {"price": "number"}, "columns": {"class": "ignore"}}})
    again = post(manager, TABLE, "/preview", filename="animals.csv", settings=types).json()
    assert (again["proposal"], again["rows"][0]["attributes"]) == ([], {"price": 1})


def test_a_project_that_asks_something_keeps_its_questions(stream: Any, manager: Any) -> None:
    LabelSchemaFactory(project=stream.project, version=1)
    seen = post(manager, TABLE, "/preview", filename="animals.csv").json()
    assert (seen["proposal"], [row["name"] for row in seen["asked"]]) == ([], ["digit"])
    assert [error["code"] for error in seen["rows"][0]["errors"]] == ["not_an_option"]
    begun = post(manager, TABLE, filename="animals.csv", questions="propose").json()
    work()
    assert counts(manager.get(f"/api/v1/imports/{begun['id']}").json()) == {"rejected": 3}
    assert LabelSchema.objects.count() == 1


def test_without_being_told_to_nothing_is_asked(stream: Any, manager: Any) -> None:
    begun = post(manager, TABLE, filename="animals.csv").json()
    work()
    assert counts(manager.get(f"/api/v1/imports/{begun['id']}").json()) == {"rejected": 3}
    assert LabelSchema.objects.count() == 0
    lines = manager.get(f"/api/v1/imports/{begun['id']}/errors").getvalue().decode().splitlines()
    assert "questions=propose" in json.loads(lines[0])["detail"]


@pytest.mark.parametrize(
    ("body", "query", "status", "code"),
    [
        (b"\xff\xfek\x00e\x00", {"filename": "a.csv", "questions": "propose"}, 422, "unreadable"),
        (b"\x00\x01" * 50, {"questions": "propose"}, 422, "unreadable"),
        (TABLE, {"filename": "a.csv", "questions": "all"}, 422, "invalid"),
        (TABLE, {"filename": "a.csv", "settings": "[]"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_and_leaves_nothing(
    stream: Any, manager: Any, body: bytes, query: dict[str, str], status: int, code: str
) -> None:
    before = files()
    answer = post(manager, body, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert files() == before
    assert [model.objects.count() for model in (Import, Job, LabelSchema)] == [0, 0, 0]


def test_a_file_that_cannot_be_read_says_why_when_it_is_looked_at(stream: Any, manager: Any) -> None:
    seen = post(manager, b"\xff\xfek\x00e\x00", "/preview", filename="a.csv").json()
    assert (seen["format"], seen["rows"], "UTF-16" in seen["problem"]) == ("csv", [], True)


def test_a_pipeline_may_look_and_may_not_change_the_questions(stream: Any, api: Any) -> None:
    script = api(token(stream.organization, stream.project)[1])
    assert post(script, TABLE, "/preview", filename="a.csv").status_code == 200
    refused = post(script, TABLE, filename="a.csv", questions="propose")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (Import.objects.count(), LabelSchema.objects.count()) == (0, 0)


def test_a_file_in_a_store_is_looked_at_by_who_may_bring_one_by_page(
    stream: Any, manager: Any, api: Any, settings: Any, tmp_path: Any
) -> None:
    settings.SLUICE_MEDIA_ROOTS = {"acme": str(tmp_path)}
    (tmp_path / "animals.csv").write_bytes(TABLE)
    body = {"uri": f"file://{tmp_path}/animals.csv", "questions": "propose"}
    seen = manager.post(f"{URL}/preview", body, content_type="application/json").json()
    assert (seen["files"], [row["key"] for row in seen["rows"]]) == (1, ["a", "b", "c"])
    pipeline = api(token(stream.organization, stream.project)[1])
    refused = pipeline.post(f"{URL}/preview", {"uri": body["uri"]}, content_type="application/json")
    assert refused.status_code == 403
    begun = manager.post(URL, body, content_type="application/json").json()
    work()
    assert counts(manager.get(f"/api/v1/imports/{begun['id']}").json()) == {"created": 3, "labels": 3}


def test_a_call_with_a_key_asks_once(stream: Any, manager: Any) -> None:
    url = f"{URL}?filename=animals.csv&questions=propose"
    key = {"content_type": "application/octet-stream", "HTTP_IDEMPOTENCY_KEY": "one"}
    first, second = (manager.post(url, TABLE, **key) for _n in range(2))
    assert (first.json()["id"], LabelSchema.objects.count()) == (second.json()["id"], 1)
