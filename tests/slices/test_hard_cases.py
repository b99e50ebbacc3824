"""Hard cases: ready-made conditions, as far as a stream knows what they ask about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from slices.definitions.actions import Definition
from slices.families.actions import create_family
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ModelVersionFactory,
    PredictionFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    token,
)
from tests.slices.test_definitions import labelled

pytestmark = pytest.mark.django_db
URL = "/api/v1/projects/digits/streams/tags/hard-cases"


def told(api: Any, stream: Any) -> dict[str, tuple[str, int]]:
    script = api(token(stream.organization, stream.project)[1])
    answer = script.get(URL)
    assert answer.status_code == 200, answer.content
    return {row["name"]: (row["text"], row["count"]) for row in answer.json()}


def test_every_kind_of_hard_case_is_found_and_counted(api: Any) -> None:
    stream = StreamFactory(project=ProjectFactory(slug="digits"), slug="tags")
    assert set(told(api, stream)) == {
        "uncertain", "low-margin", "high-entropy", "model-contradicts", "people-disagree", "overturned",
    }  # fmt: skip
    queue = QueueFactory(stream=stream)
    for _ in range(150):
        ExampleFactory(stream=stream, label="3", label_state="accepted", predicted="3", confidence=0.9)
    ExampleFactory(stream=stream, label="8", label_state="accepted", predicted="3", confidence=0.5)
    torn = ExampleFactory(stream=stream, predicted="8", confidence=0.45)
    for name, label in (("old", "3"), ("new", "8")):
        version = ModelVersionFactory(project=stream.project, name=name)
        PredictionFactory(
            example=torn, model_version=version, label=label, output={"scores": {"3": 0.45, "8": 0.5}}
        )
    returned = TaskFactory(queue=queue, example=torn)
    AnnotationFactory(task=returned, label="3", state="returned", accepted_at=None)
    labelled(queue, "3")
    found = told(api, stream)
    assert {name: count for name, (_text, count) in found.items()} == {
        "uncertain": 2, "low-margin": 1, "high-entropy": 0, "model-contradicts": 1, "people-disagree": 0,
        "overturned": 1, "models-disagree": 1, "rare-class": 2,
    }  # fmt: skip
    assert found["models-disagree"][0] == "disagrees('new', 'old')"
    assert found["rare-class"][0] == "label in ('8') or prediction in ('8')"


def test_places_that_are_new_are_hard_cases(api: Any) -> None:
    stream, now = StreamFactory(project=ProjectFactory(slug="digits"), slug="tags"), timezone.now()
    node = {"op": "=", "args": [{"property": "store"}, {"param": "store"}]}
    definition = Definition(condition=node, params={"store": "string"}, labels="any")
    family = create_family(stream=stream, slug="stores", name="Stores", definition=definition, by=None)
    for store, days in (("o'ld", 100), ("n'ew", 3)):
        family.children.create(
            organization=stream.organization, key=store, name=store, values={"store": store},
            first_seen_at=now - timedelta(days=days), last_seen_on=now.date(),
        )  # fmt: skip
        ExampleFactory(stream=stream, k1=store)
    assert told(api, stream)["new-stores"] == ("store in ('n''ew')", 1)
