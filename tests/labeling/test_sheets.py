"""Many guesses at once: what is not marked is accepted as the model says; the exceptions are put right or handed on."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from labeling.answers.unverifying import undo_sheet
from labeling.answers.verifying import Cell, verify
from labeling.models import Annotation, GoldAnswer, Lease, Task
from labeling.queues.actions import check_sheet
from labeling.tasks import claiming
from labeling.tasks.sheets import claim_sheet, held_sheet
from projects.models import Example
from teams.access.problems import Invalid
from teams.identity.refused import Refused
from teams.models import Event
from tests.factories import (
    ExampleFactory,
    GoldFactory,
    LabelSchemaFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)

pytestmark = pytest.mark.django_db
PETS = [{"value": "cat", "title": "Cat"}, {"value": "dog", "title": "Dog"}]
ASKED = [{"name": "pet", "kind": "choice", "title": "Which pet?", "options": PETS}]
GUESSES = ["cat", "dog"]


def sheet_of(count: int, **rules: Any) -> Any:
    """A queue in which so many guesses wait, cats and dogs by turns."""
    stream = StreamFactory()
    schema = LabelSchemaFactory(project=stream.project, questions=ASKED)
    queue = QueueFactory(stream=stream, schema=schema, asking="sheet", show_predictions=True, **rules)
    more(queue, count)
    return queue


def more(queue: Any, count: int) -> None:
    for number in range(count):
        guess = GUESSES[number % 2]
        example = ExampleFactory(stream=queue.stream, predicted=guess, confidence=0.9, text=f"Pet {number}")
        TaskFactory(queue=queue, example=example, order_key=number)


def other_of(queue: Any) -> Any:
    """Where its exceptions go."""
    other = QueueFactory(stream=queue.stream, schema=queue.schema)
    queue.exceptions_to = other
    queue.save()
    return other


def labeler(queue: Any) -> Any:
    return member(queue.organization, "labeler", queue.project)


def cells_of(leases: list[Lease], **marked: Any) -> list[Cell]:
    """As the form sends them; `marked` is {c<place>: class or None}."""
    return [
        Cell(lease.pk, lease.token, f"c{place}" in marked, marked.get(f"c{place}"))
        for place, lease in enumerate(leases)
    ]


def address(queue: Any, name: str = "") -> str:
    return f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/{name}"


def form_of(leases: list[Lease], **more: Any) -> dict[str, Any]:
    return {"cell": [f"{lease.pk}.{lease.token}" for lease in leases]} | more


def test_twenty_four_are_held_at_once_in_their_order_one_class_together() -> None:
    queue = sheet_of(30)
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    assert sorted(lease.task.order_key for lease in held) == list(range(24))
    assert [lease.task.example.predicted for lease in held] == ["cat"] * 12 + ["dog"] * 12
    assert sorted(lease.cell for lease in held) == list(range(24))
    assert [lease.pk for lease in claim_sheet(user=user, queue=queue)] == [lease.pk for lease in held]
    assert [lease.pk for lease in held_sheet(user=user, queue=queue)] == [lease.pk for lease in held]
    other = claim_sheet(user=labeler(queue), queue=queue)
    assert sorted(lease.task.order_key for lease in other) == list(range(24, 30))


def test_what_is_not_marked_is_accepted_as_the_model_says_and_what_is_marked_is_put_right() -> None:
    queue = sheet_of(4)
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    kept = verify(queue=queue, cells=cells_of(held, c0="dog"), active_s=8, by=user)
    assert (kept.accepted, kept.corrected, kept.lost) == (3, 1, [])
    said = Annotation.objects.order_by("lease").values_list(
        "lease", "label", "shown_prediction", "active_s", "state"
    )
    assert list(said) == [
        (
            lease.pk,
            "dog" if lease == held[0] else lease.task.example.predicted,
            lease.task.example.predicted,
            2.0,
            "accepted",
        )
        for lease in sorted(held, key=lambda lease: lease.pk)
    ]
    assert set(Task.objects.values_list("state", flat=True)) == {"accepted"}
    labels = Example.objects.values_list("label", flat=True)
    assert sorted(labels) == ["cat", "dog", "dog", "dog"]
    kinds = Event.objects.filter(kind__startswith="annotation.").values_list("kind", flat=True)
    assert sorted(kinds) == ["annotation.accepted"] * 4 + ["annotation.submitted"] * 4


def test_sent_twice_it_counts_once() -> None:
    queue = sheet_of(4)
    user = labeler(queue)
    cells = cells_of(claim_sheet(user=user, queue=queue), c0="dog")
    verify(queue=queue, cells=cells, by=user)
    again = verify(queue=queue, cells=cells, by=user)
    assert (again.accepted, again.corrected, again.lost) == (0, 0, [])
    assert Annotation.objects.count() == 4


def test_a_marked_one_without_its_class_is_asked_about_and_nothing_is_kept(page: Any) -> None:
    queue = sheet_of(3)
    user = labeler(queue)
    browser = page(user)
    browser.post(address(queue, "sheet/take/"))
    held = held_sheet(user=user, queue=queue)
    answer = browser.post(address(queue, "sheet/answer/"), form_of(held, wrong=[held[1].pk]))
    assert answer.status_code == 422
    assert [(cell.lease.pk, cell.error) for cell in answer.context["problems"]] == [
        (held[1].pk, "Choose the right class.")
    ]
    assert Annotation.objects.count() == 0
    sent = form_of(held, wrong=[held[1].pk], **{f"right-{held[1].pk}": "dog", "active_s": "6"})
    assert browser.post(address(queue, "sheet/answer/"), sent).status_code == 303
    assert sorted(Annotation.objects.values_list("label", "active_s")) == [
        ("cat", 2.0),
        ("dog", 2.0),
        ("dog", 2.0),
    ]


def test_marked_ones_go_to_another_queue_not_accepted_if_it_says_so() -> None:
    queue = sheet_of(4)
    other, user = other_of(queue), labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    kept = verify(queue=queue, cells=cells_of(held, c1=None, c2="cat"), by=user)
    assert (kept.accepted, kept.corrected, kept.handed_on) == (2, 1, 1)
    task = Task.objects.get(queue=other)
    assert (task.example_id, task.state, task.selected_by) == (held[1].task.example_id, "open", "rule")
    assert Example.objects.get(pk=task.example_id).label is None
    assert Lease.objects.get(pk=held[1].pk).state == "skipped"


def test_a_hold_that_ended_does_not_count_and_the_rest_does(page: Any) -> None:
    queue = sheet_of(3)
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    Lease.objects.filter(pk=held[0].pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    claiming.expire(timezone.now())
    answer = page(user).post(address(queue, "sheet/answer/"), form_of(held), follow=True)
    assert f"had run out: {held[0].task.example.key}." in answer.content.decode()
    assert set(Annotation.objects.values_list("lease", flat=True)) == {held[1].pk, held[2].pk}
    assert [lease.pk for lease in held_sheet(user=user, queue=queue)] == [held[0].pk]  # it came again


def test_a_sheet_is_undone_whole_with_its_marks() -> None:
    queue = sheet_of(30)
    other, user = other_of(queue), labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    verify(queue=queue, cells=cells_of(held, c0="dog", c1=None), by=user)
    assert len(claim_sheet(user=user, queue=queue)) == 6
    assert undo_sheet(user=user, queue=queue) == 0
    again = held_sheet(user=user, queue=queue)
    assert {lease.pk for lease in again} == {lease.pk for lease in held}
    marks = {lease.pk: lease.draft for lease in again if lease.draft is not None}
    assert marks == {held[0].pk: {"pet": "dog"}, held[1].pk: {}}
    assert set(Annotation.objects.values_list("state", flat=True)) == {"superseded"}
    assert Task.objects.filter(queue=other).count() == 0
    assert set(Example.objects.values_list("label", flat=True)) == {None}
    assert sorted(Task.objects.values_list("open_slots", flat=True)) == [0] * 24 + [1] * 6
    kept = verify(queue=queue, cells=cells_of(again), by=user)
    assert (kept.accepted, Annotation.objects.filter(state="accepted").count()) == (24, 24)


def test_what_somebody_acted_on_stays_when_the_rest_is_undone() -> None:
    queue = sheet_of(3, review_percent=100)
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    verify(queue=queue, cells=cells_of(held), by=user)
    assert set(Task.objects.values_list("state", flat=True)) == {"in_review"}
    judged = Annotation.objects.get(lease=held[0])
    Annotation.objects.filter(pk=judged.pk).update(
        state="accepted", accepted_at=timezone.now(), accepted_by=labeler(queue)
    )
    assert undo_sheet(user=user, queue=queue) == 1
    assert {lease.pk for lease in held_sheet(user=user, queue=queue)} == {held[1].pk, held[2].pk}


@pytest.mark.parametrize("rules", [{"state": "paused"}, {"daily_cap": 5}])
def test_the_rules_of_the_queue_hold_for_sheets(rules: dict[str, Any]) -> None:
    queue = sheet_of(8, **rules)
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    assert len(held) == rules.get("daily_cap", 0)
    if held:
        verify(queue=queue, cells=cells_of(held), by=user)
        assert claim_sheet(user=user, queue=queue) == []


def test_asks_and_what_came_back_are_on_the_sheet_first() -> None:
    queue = sheet_of(30)
    user = labeler(queue)
    back = Lease.objects.create(
        organization=queue.organization, task=Task.objects.order_by("order_key").last(), queue=queue, user=user,
        state="returned", expires_at=timezone.now(), ended_at=timezone.now(),
    )  # fmt: skip
    Task.objects.filter(pk=back.task_id).update(open_slots=0, people=[user.pk])
    ask = Task.objects.order_by("-order_key")[1]
    Task.objects.filter(pk=ask.pk).update(priority=100, selected_by="ask")
    held = {lease.task_id for lease in claim_sheet(user=user, queue=queue)}
    assert {back.task_id, ask.pk} <= held
    assert len(held) == 24


def test_known_ones_are_among_the_cells_and_measure_whoever_marks_them_or_does_not() -> None:
    queue = sheet_of(6, gold_percent=100)
    other_of(queue)
    for known in ("cat", "dog"):
        example = ExampleFactory(stream=queue.stream, predicted="cat", confidence=0.1)
        task = TaskFactory(
            queue=queue, example=example, round=0, state="gold", open_slots=0, selected_by="gold"
        )
        GoldFactory(task=task, answer={"pet": known})
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    golds = {f"c{place}": None for place, lease in enumerate(held) if lease.task.selected_by == "gold"}
    assert (len(held), len(golds)) == (8, 2)
    verify(queue=queue, cells=cells_of(held, **golds), by=user)
    scores = GoldAnswer.objects.order_by("gold__pk").values_list("gold__answer__pet", "score")
    assert list(scores) == [("cat", 0.0), ("dog", 1.0)]
    assert Annotation.objects.filter(state="accepted").count() == 6


def statements(browser: Any, queue: Any, sent: dict[str, Any]) -> list[int]:
    """How many the page, the answer and the undoing take."""
    counted = []
    for name, form in (("", None), ("sheet/answer/", sent), ("sheet/undo/", {})):
        with CaptureQueriesContext(connection) as queries:
            at = address(queue, name)
            answer = browser.get(at) if form is None else browser.post(at, form)
        assert answer.status_code in (200, 303)
        counted.append(len(queries))
    return counted


def test_the_statements_are_as_many_for_24_cells_as_for_two(page: Any) -> None:
    counted = []
    for count in (2, 24):
        queue = sheet_of(count)
        user = labeler(queue)
        browser = page(user)
        browser.post(address(queue, "sheet/take/"))
        held = held_sheet(user=user, queue=queue)
        sent = form_of(held, wrong=[held[0].pk], **{f"right-{held[0].pk}": "dog"})
        counted.append(statements(browser, queue, sent))
        assert Annotation.objects.filter(queue=queue).count() == count
    assert counted[0] == counted[1]


def test_the_answers_of_others_are_not_theirs_to_send(page: Any) -> None:
    queue = sheet_of(3)
    held = claim_sheet(user=labeler(queue), queue=queue)
    answer = page(labeler(queue)).post(address(queue, "sheet/answer/"), form_of(held))
    assert answer.status_code == 303
    assert Annotation.objects.count() == 0
    assert page(labeler(queue)).post(address(queue, "sheet/answer/"), {"cell": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "rules", "code"),
    [
        ([*ASKED, {"name": "why", "kind": "text", "title": "Why?"}], {}, "not_on_a_sheet"),
        ([{"name": "n", "kind": "number", "title": "How many?"}], {}, "not_on_a_sheet"),
        (ASKED, {"show_predictions": False}, "no_guess"),
        (ASKED, {"overlap": 2}, "overlap"),
    ],
)
def test_a_queue_whose_questions_or_rules_do_not_fit_is_refused(
    asked: Any, rules: dict[str, Any], code: str
) -> None:
    schema = LabelSchemaFactory(questions=asked)
    with pytest.raises(Refused) as refused:
        check_sheet(schema=schema, rules={"asking": "sheet", "show_predictions": True} | rules)
    assert refused.value.code == code


def test_the_form_of_a_queue_says_what_does_not_fit(page: Any) -> None:
    queue = sheet_of(1)
    queue.exceptions_to = queue
    browser, change = (
        page(member(queue.organization, "owner")),
        reverse("admin:labeling_queue_change", args=[queue.pk]),
    )
    here = re.search(r'name="desk_here" value="([^"]+)"', browser.get(change).content.decode())
    assert here is not None
    rules = {
        "audit_percent": 0,
        "overlap": 2,
        "review_percent": 0,
        "lease_s": 900,
        "priority": 0,
        "asking": "sheet",
    }
    sent = {"name": "Pets", "desk_here": here[1], "exceptions_to": queue.pk, "show_predictions": "on"} | rules
    errors = browser.post(change, sent).context["adminform"].form.errors
    assert errors["asking"] == ["Many guesses at once are verified by one person each."]
    assert errors["exceptions_to"] == ["Name another queue of the same stream."]


def test_an_example_without_a_guess_needs_a_class() -> None:
    queue = sheet_of(2)
    Example.objects.filter(predicted="cat").update(predicted=None)
    user = labeler(queue)
    held = claim_sheet(user=user, queue=queue)
    with pytest.raises(Invalid):
        verify(queue=queue, cells=cells_of(held), by=user)
    kept = verify(queue=queue, cells=cells_of(held, c0="cat"), by=user)
    assert (kept.accepted, kept.corrected) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_windows_and_two_people_never_hold_a_task_twice() -> None:
    queue = sheet_of(40)
    people = [labeler(queue), labeler(queue)]

    def work(user: Any) -> None:
        claim_sheet(user=user, queue=queue)
        connections.close_all()

    threads = [threading.Thread(target=work, args=(user,)) for user in people * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Lease.objects.count() == Lease.objects.values("task").distinct().count() == 40
    assert sorted(Lease.objects.filter(user=user).count() for user in people) == [16, 24]
