"""Conditions over what models said: by name, how torn they were, and whom they contradict."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from projects.conditions import Condition, ConditionError, NeedsDatabase
from projects.conditions.evaluating import row_of
from projects.streams.summary import LabelSummary, summarize
from tests.factories import (
    ExampleFactory,
    ModelVersionFactory,
    PredictionFactory,
    ProjectFactory,
    StreamFactory,
)

pytestmark = pytest.mark.django_db

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def stream() -> Any:
    return StreamFactory()


def says(example: Any, model: str, label: str, days: int = 0, confidence: Any = 0.5, **output: Any) -> None:
    PredictionFactory(
        example=example,
        model_version=ModelVersionFactory(project=example.stream.project, name=model),
        label=label,
        confidence=confidence,
        output=output,
        at=AS_OF + timedelta(days=days),
    )
    summarize(organization=example.organization, example_ids=[example.pk])


def keys(stream: Any, text: str) -> list[str]:
    condition = Condition.from_text(text, stream)
    assert Condition.from_json(condition.json, stream).text == text
    return list(stream.examples.filter(condition.q(AS_OF)).order_by("pk").values_list("key", flat=True))


def test_the_newest_prediction_of_a_model_counts_by_its_name(stream: Any) -> None:
    one, two, _three = (ExampleFactory(stream=stream, key=key) for key in ("one", "two", "three"))
    says(one, "prod", "a", days=0, confidence=0.9)
    says(one, "prod", "b", days=1, confidence=0.4)
    says(one, "next", "c", days=2, confidence=0.8)
    says(two, "prod", "a", confidence=None)
    says(two, "my model", "a")
    assert keys(stream, "pred.prod.label = 'b'") == ["one"]
    assert keys(stream, "pred.prod.label = 'a'") == ["two"]
    assert keys(stream, "pred.next.label is null") == ["two", "three"]
    assert keys(stream, "pred.prod.label <> 'a'") == ["one", "three"]
    assert keys(stream, "pred.prod.conf < 0.6") == ["one"]
    assert keys(stream, "not pred.prod.conf < 0.6") == ["two", "three"]
    assert keys(stream, "\"pred.my model.label\" in ('a', 'b')") == ["two"]
    assert keys(stream, "prediction = 'c'") == ["one"]


def test_models_of_other_projects_and_organizations_are_not_there(stream: Any) -> None:
    says(ExampleFactory(stream=stream), "prod", "a")
    says(
        ExampleFactory(stream=StreamFactory(project=ProjectFactory(organization=stream.organization))),
        "sister",
        "a",
    )
    says(ExampleFactory(), "foreign", "a")
    for name in ("sister", "foreign"):
        with pytest.raises(ConditionError) as caught:
            Condition.from_text(f"pred.{name}.label = 'a' or disagrees('prod', '{name}')", stream)
        assert [error["code"] for error in caught.value.errors] == ["unknown_field", "unknown_field"]
    with pytest.raises(ConditionError) as caught:
        Condition.from_text("pred.prd.label = 'a' and disagrees('prod', 'prd')", stream)
    assert [error["did_you_mean"][0] for error in caught.value.errors] == ["pred.prod.label", "prod"]


@pytest.mark.parametrize(
    ("scores", "margin", "entropy"),
    [
        ({"a": 0.5, "b": 0.25, "c": 0.25}, 0.25, 1.5 * math.log(2)),
        ({"a": 1, "b": 0}, 1.0, 0.0),
        ({"a": 0.5, "b": 0.5}, 0.0, math.log(2)),
        ({"a": 1.0}, None, 0.0),
        ({}, None, None),
        ({"a": "high", "b": 0.5}, None, None),
        ({"a": 7, "b": 0.5}, None, None),
        ({"a": 0.5, "b": None}, None, None),
        ([0.5, 0.5], None, None),
        (0.5, None, None),
        (None, None, None),
    ],
)
def test_margin_and_entropy_are_those_of_the_newest_predictions_scores(
    stream: Any, scores: Any, margin: float | None, entropy: float | None
) -> None:
    example = ExampleFactory(stream=stream, key="it")
    says(example, "prod", "a", days=0, scores={"a": 0.9, "b": 0.1})
    says(example, "next", "a", days=1, scores=scores)
    ExampleFactory(stream=stream, key="silent")
    condition = Condition(None, stream)
    row = stream.examples.annotate(
        margin=condition.expression("pred.margin"), entropy=condition.expression("pred.entropy")
    ).get(key="it")
    assert (row.margin, row.entropy) == (pytest.approx(margin), pytest.approx(entropy))
    assert ("it" in keys(stream, "pred.margin is null")) is (margin is None)
    assert keys(stream, "pred.entropy is null") == (["it", "silent"] if entropy is None else ["silent"])


def test_a_prediction_without_scores_has_no_margin(stream: Any) -> None:
    says(ExampleFactory(stream=stream, key="it"), "prod", "a", other=1)
    assert keys(stream, "pred.margin is null and pred.entropy is null") == ["it"]


def test_models_and_people_disagree_where_both_have_spoken(stream: Any) -> None:
    table = {
        "same": ("a", "a", "a"),
        "wrong": ("a", "b", "b"),
        "torn": ("a", "b", None),
        "one": ("a", None, "a"),
    }
    for key, (prod, following, label) in table.items():
        example = ExampleFactory(stream=stream, key=key)
        says(example, "prod", prod)
        if following:
            says(example, "next", following, days=-1)
        if label:
            summary = LabelSummary(example.pk, label, "accepted", AS_OF)
            summarize(organization=example.organization, labels=[summary])
    ExampleFactory(stream=stream, key="new")
    assert keys(stream, "disagrees('prod', 'next')") == ["wrong", "torn"]
    assert keys(stream, "disagrees('model', 'human')") == ["wrong"]
    assert keys(stream, "disagree.model_human = true") == ["wrong"]
    assert keys(stream, "disagree.model_human = false") == ["same", "one"]
    assert keys(stream, "not disagrees('model', 'human')") == ["same", "torn", "one", "new"]
    assert keys(stream, "not disagrees('prod', 'next')") == ["same", "one", "new"]


def test_what_a_row_alone_decides_is_local_and_the_rest_says_so(stream: Any) -> None:
    example = ExampleFactory(stream=stream, key="it", k1="a")
    says(example, "prod", "a")
    row = row_of(example, stream)
    local = Condition.from_text("store = 'a' and not disagrees('model', 'human') and id > 0", stream)
    assert (local.is_local, local.matches(row, AS_OF)) == (True, True)
    assert Condition.from_text("", stream).is_local
    for text in ("pred.prod.label = 'a'", "store = 'b' and pred.margin > 1", "disagrees('prod', 'prod')"):
        elsewhere = Condition.from_text(text, stream)
        assert not elsewhere.is_local
        with pytest.raises(NeedsDatabase):
            elsewhere.matches(row, AS_OF)


def test_every_local_field_is_in_the_row_that_decides(stream: Any) -> None:
    row = row_of(ExampleFactory(stream=stream), stream)
    assert set(row) == {name for name, field in Condition(None, stream).fields.items() if field.is_local} | {
        "bucket",
        "split_key",
    }
