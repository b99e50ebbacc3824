"""Conditions over answers: how many, whether people agree, how far they are, whose was accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.conditions import Condition, ConditionError, NeedsDatabase
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    LabelSchemaFactory,
    ModelVersionFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    UserFactory,
    token,
)
from tests.house.statements import Statement, named, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> Any:
    stream = StreamFactory()
    return QueueFactory(stream=stream, schema=LabelSchemaFactory(project=stream.project), overlap=2)


def answered(queue: Any, key: str, *labels: str, state: str = "submitted", **more: Any) -> Any:
    """An example with a task and an answer of somebody else for each label."""
    example = ExampleFactory(stream=queue.stream, key=key)
    task = TaskFactory(queue=queue, example=example)
    for label in labels:
        AnnotationFactory(task=task, label=label, state=state, **more)
    return task


def keys(queue: Any, text: str) -> list[str]:
    condition = Condition.from_text(text, queue.stream)
    assert not condition.is_local
    with pytest.raises(NeedsDatabase):
        condition.matches({"key": "k", "bucket": 1}, timezone.now())
    rows = queue.stream.examples.filter(condition.q(timezone.now()))
    return list(rows.order_by("pk").values_list("key", flat=True))


def test_answers_that_stand_are_counted_and_none_is_zero(queue: Any) -> None:
    two = answered(queue, "two", "3", "3")
    AnnotationFactory(task=two, label="3", source="consolidated", author=None)
    answered(queue, "mixed", "3", "5")
    back = answered(queue, "back", "3", state="returned")
    AnnotationFactory(task=back, label="4", state="late")
    ExampleFactory(stream=queue.stream, key="new")
    assert keys(queue, "annotation_count = 2") == ["two", "mixed"]
    assert keys(queue, "annotation_count < 1.5") == ["back", "new"]
    assert keys(queue, "annotation_count is null") == []
    assert keys(queue, "label_count.3 >= 2") == ["two"]
    assert keys(queue, "label_count.5 = 1") == ["mixed"]
    assert keys(queue, "not label_count.3 in (1, 2)") == ["back", "new"]


def test_a_class_that_no_schema_knows_is_an_error_and_old_ones_stay(queue: Any) -> None:
    later = [{"name": "q", "kind": "choice", "title": "?", "options": [{"value": "cat"}, {"value": "dog"}]}]
    LabelSchemaFactory(project=queue.project, questions=later)
    LabelSchemaFactory(questions=[later[0] | {"options": [{"value": "foreign"}, {"value": "x"}]}])
    assert keys(queue, "label_count.cat > 0 or label_count.3 > 0") == []
    for name in ("caat", "foreign"):
        with pytest.raises(ConditionError) as caught:
            Condition.from_text(f"label_count.{name} > 0", queue.stream)
        assert [error["code"] for error in caught.value.errors] == ["unknown_field"]


@pytest.mark.parametrize(
    ("question", "known", "unknown"),
    [
        ({"kind": "boolean"}, ["true", "false"], "yes"),
        ({"kind": "rating", "max": 3}, ["1", "2", "3"], "4"),
    ],
)
def test_the_classes_are_the_labels_that_the_questions_answers_come_to(
    queue: Any, question: dict[str, Any], known: list[str], unknown: str
) -> None:
    queue.schema.questions = [
        {"name": "note", "kind": "text", "title": "Why?"},
        {"name": "q", "title": "?"} | question,
    ]
    queue.schema.save()
    answered(queue, "one", known[0])
    assert keys(queue, " or ".join(f"label_count.{label} > 0" for label in known)) == ["one"]
    with pytest.raises(ConditionError):
        Condition.from_text(f"label_count.{unknown} > 0", queue.stream)


def test_people_disagree_where_two_answers_to_one_task_and_round_differ(queue: Any) -> None:
    answered(queue, "same", "3", "3")
    answered(queue, "differ", "3", "5")
    answered(queue, "one", "3")
    asked_twice = answered(queue, "again", "3")
    AnnotationFactory(task=asked_twice, label="5", round=2, state="submitted")
    taken_back = answered(queue, "taken back", "3")
    AnnotationFactory(task=taken_back, label="5", state="returned")
    elsewhere = TaskFactory(queue=QueueFactory(stream=queue.stream), example=taken_back.example)
    AnnotationFactory(task=elsewhere, label="6", state="submitted")
    assert keys(queue, "disagrees('annotators')") == ["differ"]
    assert keys(queue, "disagree.human = true") == ["differ"]
    assert keys(queue, "disagree.human = false") == ["same", "one", "again", "taken back"]
    assert keys(queue, "not disagrees('annotators')") == ["same", "one", "again", "taken back"]
    assert keys(queue, "disagree.human is null") == []


def test_the_review_state_is_that_of_the_newest_answer(queue: Any) -> None:
    answered(queue, "waiting", "3", state="in_review")
    task = answered(queue, "again", "3", state="returned")
    AnnotationFactory(task=task, label="5", state="submitted")
    ExampleFactory(stream=queue.stream, key="new")
    assert keys(queue, "review_state = 'in_review'") == ["waiting"]
    assert keys(queue, "review_state = 'submitted'") == ["again"]
    assert keys(queue, "review_state is null") == ["new"]
    with pytest.raises(ConditionError) as caught:
        Condition.from_text("review_state = 'approved'", queue.stream)
    assert caught.value.errors[0]["allowed"] == [
        "submitted", "in_review", "returned", "accepted", "superseded", "late", "gold", "recalled",
    ]  # fmt: skip


def test_the_annotator_is_whose_answer_was_accepted_last_in_a_queue_that_counts(queue: Any) -> None:
    ada, bob = (UserFactory(email=f"{name}@example.test") for name in ("ada", "bob"))
    long_ago = timezone.now() - timedelta(days=3)
    task = answered(queue, "hers", "3", state="accepted", author=ada, accepted_at=long_ago)
    other = TaskFactory(queue=QueueFactory(stream=queue.stream), example=task.example)
    AnnotationFactory(task=other, label="4", author=bob)
    control = QueueFactory(stream=queue.stream, counts=False)
    answered(control, "control", "3", state="accepted", author=ada)
    answered(queue, "open", "3", state="submitted", author=ada)
    assert keys(queue, "annotator = 'bob@example.test'") == ["hers"]
    assert keys(queue, "annotator = 'ada@example.test'") == []
    assert keys(queue, "annotator is null") == ["control", "open"]


def test_a_declared_attribute_keeps_its_name(queue: Any) -> None:
    stream = StreamFactory(fields=[{"name": "annotator", "type": "number"}])
    assert Condition.from_text("annotator > 3", stream).is_local


def test_only_who_may_see_answers_may_ask_whose_they_are(queue: Any, api: Any) -> None:
    """How many answers a person gave is a figure about that person."""
    answered(queue, "one", "3", state="accepted", author=UserFactory(email="ada@example.test"))
    script = api(token(queue.organization, queue.project)[1])
    url = f"/api/v1/projects/{queue.project.slug}/streams/{queue.stream.slug}"
    where = "annotation_count > 0 and not (review_state = 'late' or annotator = 'ada@example.test')"
    checked = script.post(f"{url}/conditions", {"text": where}, content_type="application/json")
    read = script.get(f"{url}/examples", {"where": where})
    for answer in (checked, read):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (403, "not_allowed")
        assert problem["detail"] == "This token may not ask for 'annotator'."
    typed = {"text": "annot", "cursor": 5}
    offered = script.post(f"{url}/conditions/complete", typed, content_type="application/json").json()
    assert [one["text"] for one in offered["completions"]] == ["annotation_count"]


def test_every_field_names_the_organization_in_all_that_it_asks(queue: Any) -> None:
    """Read off the statements themselves, of every field there is."""
    ModelVersionFactory(project=queue.project, name="prod")
    stream, now = queue.stream, timezone.now()
    fields = Condition(None, stream).fields
    assert {"pred.prod.conf", "label_count.9", "annotator", "pred.margin"} <= set(fields)
    nodes = [{"op": "isNull", "args": [{"property": name}]} for name in fields]
    nodes += [
        {"op": "x_disagrees", "args": who} for who in (["annotators"], ["model", "human"], ["prod", "prod"])
    ]
    for node in [*nodes, *({"op": "not", "args": [node]} for node in nodes)]:
        rows = stream.organization.examples.filter(Condition.from_json(node, stream).q(now), stream=stream)
        text, values = named(*rows.query.sql_with_params())
        statement = read(text)
        assert statement.wrong(values, {stream.pk, stream.project_id}, set()) == []
        unheld = Statement([one for one in statement.sources if "organization_id" not in one.by])
        assert {one.table for one in unheld.sources} <= {
            "projects_modelversion",
            "labeling_queue",
            "teams_user",
            "",
        }
