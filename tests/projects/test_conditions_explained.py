"""What is said of a condition beside its counts: rows that lack a value, parameters by the fields beside them."""

from __future__ import annotations

from typing import Any

import pytest

from projects.conditions import Condition
from projects.conditions.fields import fields_of
from projects.conditions.missing import lacking
from projects.conditions.params import implied
from projects.conditions.text import parse
from projects.conditions.withholding import withheld
from tests.factories import StreamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    return StreamFactory()


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", []),
        ("label = '3'", []),
        ("label <> '3'", ["label"]),
        ("not label = '3'", ["label"]),
        ("not label <> '3'", []),
        ("not (label = '3' or confidence < 0.5)", ["confidence", "label"]),
        ("label <> '3' and label is not null", []),
        ("label <> '3' and label in ('1', '2')", []),
        ("label <> '3' or label = '1'", ["label"]),
        ("not label is null", []),
        ("not key = 'a' and not captured_at within last 7d", []),
        ("not sample(10%, 'a') and not split('test')", []),
    ],
)
def test_a_negation_says_what_may_be_missing(stream: Any, text: str, fields: list[str]) -> None:
    assert lacking(Condition.from_text(text, stream)) == fields


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("store = $store", {"store": "string"}),
        ("store = $s and weight between $low and 3", {"s": "string", "low": "number"}),
        ("captured_at > $since or not weight in (1, $w)", {"since": "timestamp", "w": "number"}),
        ("nowhere = $x", {"x": "string"}),
        ("slice('a') and sample(1%, 'b')", {}),
    ],
)
def test_a_parameter_has_the_type_of_the_field_beside_it(
    stream: Any, text: str, params: dict[str, str]
) -> None:
    assert implied(parse(text), fields_of(stream)) == params


def test_who_answered_what_is_withheld_from_those_without_the_verb(stream: Any) -> None:
    condition = Condition.from_text("annotator = 'mo' and confidence < 0.5", stream)
    assert withheld(condition, lambda verb: False) == ["annotator"]
    assert withheld(condition, lambda verb: True) == []
