"""Answers are judged through the reviewer's pages: accepted, returned with a reason, corrected, contested, decided."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from labeling.answers.actions import submit
from labeling.answers.undoing import undo
from labeling.models import Annotation, Lease, Queue, Review, ReviewLease, Task
from labeling.reviews.claiming import claim
from labeling.reviews.reasons import reasons_of
from labeling.tasks import claiming
from teams.identity.roles import Role
from teams.models import Event, User
from teams.people.actions import deactivate_member
from tests.factories import QueueFactory, ReviewFactory, TaskFactory, member

pytestmark = pytest.mark.django_db
HOME, WORK = 6, 8  # statements


def person(queue: Queue, role: str = Role.LABELER) -> User:
    return member(queue.organization, role, queue.project)


def answered(queue: Queue, digit: str = "3", by: User | None = None) -> Annotation:
    """The next task of a queue, answered."""
    user = by or person(queue)
    lease = claiming.claim(user=user, queue=queue)
    assert lease is not None
    return submit(lease=lease, token=lease.token, answer={"digit": digit}, by=user)


def reviewed_queue(**rules: Any) -> Any:
    return QueueFactory(**{"review_percent": 100} | rules)


def in_review(**rules: Any) -> Annotation:
    return answered(TaskFactory(queue=reviewed_queue(**rules)).queue)


def address(queue: Queue, name: str = "") -> str:
    return f"/o/{queue.organization.slug}/review/{queue.project.slug}/{queue.slug}/{name}"


def taken(client: Any, queue: Queue) -> ReviewLease:
    client.post(address(queue, "take/"))
    return ReviewLease.objects.latest("claimed_at")


def judge(client: Any, lease: ReviewLease, verdict: str, **fields: Any) -> Any:
    form = {"task": lease.task_id, "token": lease.token, "verdict": verdict} | fields
    return client.post(address(lease.task.queue, "judge/"), form, headers={"X-Fragment": "1"})


def kinds() -> list[str]:
    said = Event.objects.filter(subject_type__startswith="labeling.").order_by("pk")
    return list(said.values_list("kind", flat=True))


def test_a_labeler_answers_a_reviewer_returns_it_the_labeler_mends_it_and_the_reviewer_accepts(
    page: Any,
) -> None:
    answer = in_review()
    queue, task = answer.queue, answer.task
    client = page(person(queue, Role.REVIEWER))
    assert [(row.verdicts, row.decisions) for row in client.get(home(queue)).context["rows"]] == [(1, 0)]
    shown = client.get(address(queue))
    assert (shown.status_code, shown.context["waiting"]) == (200, 1)
    lease = taken(client, queue)
    shown = client.get(address(queue))
    assert [line.words for line in shown.context["answers"][0]["lines"]] == [["3"]]
    assert judge(client, lease, "return", reason="Wrong answer", note="It is a 7.").status_code == 204

    labeler = page(answer.author)
    work = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    labeler.post(work + "take/")
    assert b"It is a 7." in labeler.get(work).content
    mended = answered(queue, "7", by=answer.author)
    assert (mended.state, mended.task_id) == ("in_review", task.pk)

    lease = taken(client, queue)
    assert [row.note for row in client.get(address(queue)).context["before"]] == ["It is a 7."]
    assert judge(client, lease, "accept").status_code == 204
    mended.refresh_from_db()
    task.refresh_from_db()
    assert (mended.state, task.state) == ("accepted", "accepted")
    assert kinds() == [
        "annotation.submitted", "annotation.returned", "annotation.submitted", "annotation.accepted",
    ]  # fmt: skip
    assert ReviewLease.objects.count() == 0


def home(queue: Queue) -> str:
    return f"/o/{queue.organization.slug}/review/"


def test_what_was_returned_is_always_looked_at_again_also_where_the_lot_would_not_say_so(page: Any) -> None:
    answer = in_review()
    queue = answer.queue
    client = page(person(queue, Role.REVIEWER))
    judge(client, taken(client, queue), "return", reason="Wrong answer")
    Queue.objects.update(review_percent=0)
    assert answered(Queue.objects.get(), "7", by=answer.author).state == "in_review"


@pytest.mark.parametrize(
    ("rules", "example", "answers", "states"),
    [
        ({"review_first": 2}, {}, "333", ["in_review", "in_review", "accepted"]),
        ({"review_unsure": 60}, {"confidence": 0.5, "predicted": "3"}, "3", ["in_review"]),
        ({"review_unsure": 60}, {"confidence": 0.6, "predicted": "3"}, "3", ["accepted"]),
        ({"review_unsure": 60}, {}, "3", ["accepted"]),
        ({"review_disagreement": True}, {"confidence": 0.9, "predicted": "3"}, "4", ["in_review"]),
        ({"review_disagreement": True}, {"confidence": 0.9, "predicted": "3"}, "3", ["accepted"]),
        ({"review_disagreement": True}, {}, "3", ["accepted"]),
    ],
)
def test_a_queue_says_what_is_always_looked_at(
    rules: dict[str, Any], example: dict[str, Any], answers: str, states: list[str]
) -> None:
    queue = QueueFactory(review_percent=0, **rules)
    for _digit in answers:
        TaskFactory(queue=queue, **{f"example__{name}": value for name, value in example.items()})
    user = person(queue)
    assert [answered(queue, digit, by=user).state for digit in answers] == states


def test_a_majority_that_not_all_belong_to_is_looked_at_where_answers_differ(page: Any) -> None:
    task = TaskFactory(queue=QueueFactory(overlap=3, review_disagreement=True))
    for digit in "334":
        answered(task.queue, digit)
    assert [row.state for row in Annotation.objects.filter(source="consolidated")] == ["in_review"]
    client = page(person(task.queue, Role.REVIEWER))
    judge(client, taken(client, task.queue), "return", reason="Wrong answer")
    task.refresh_from_db()
    assert task.state == "complete"


def test_whose_answer_it_is_is_hidden_unless_the_queue_shows_it(page: Any) -> None:
    answer = in_review()
    client = page(person(answer.queue, Role.REVIEWER))
    taken(client, answer.queue)
    assert answer.author.name.encode() not in client.get(address(answer.queue)).content
    Queue.objects.update(review_blind=False)
    assert answer.author.name.encode() in client.get(address(answer.queue)).content


def test_nobody_judges_what_they_have_answered(page: Any) -> None:
    queue = TaskFactory(queue=reviewed_queue()).queue
    reviewer = person(queue, Role.REVIEWER)
    answer = answered(queue, by=reviewer)
    client = page(reviewer)
    assert client.get(home(queue)).context["rows"] == []
    assert claim(user=reviewer, queue=queue) is None
    other = claim(user=person(queue, Role.REVIEWER), queue=queue)
    assert other is not None
    ReviewLease.objects.update(reviewer=reviewer)
    said = judge(client, other, "accept")
    assert (said.status_code, said.context["lost"]["sentence"]) == (
        403, "You have answered this task; somebody else judges the answer.",
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="never the author"), transaction.atomic():
        ReviewFactory(annotation=answer, reviewer=reviewer)
    ReviewFactory(annotation=answer, reviewer=person(queue, Role.REVIEWER))
    with pytest.raises(IntegrityError, match="never the author"), transaction.atomic():
        Review.objects.update(reviewer=reviewer)


def test_a_reviewer_corrects_and_accepts_and_the_author_is_told(page: Any) -> None:
    answer = in_review()
    reviewer = person(answer.queue, Role.REVIEWER)
    client = page(reviewer)
    lease = taken(client, answer.queue)
    form = client.get(address(answer.queue), {"correct": "1"}).context
    assert [one.value for row in form["questions"] for one in row.options if one.chosen] == ["3"]
    assert judge(client, lease, "correct", digit="11").status_code == 422
    assert judge(client, lease, "correct", digit="7", note="Look closer.").status_code == 204
    review = Review.objects.get()
    answer.refresh_from_db()
    made = review.correction
    assert made is not None
    assert (made.label, made.state, made.author, made.source) == ("7", "accepted", reviewer, "person")
    assert (answer.state, review.verdict, review.note) == ("superseded", "correct", "Look closer.")
    event = Event.objects.get(kind="annotation.corrected")
    assert (event.data["author"], event.data["correction"]) == (answer.author_id, made.pk)
    made.example.refresh_from_db()
    assert made.example.label == "7"


@pytest.mark.parametrize("reason", ["", "something else"])
def test_a_return_has_a_reason_from_the_list_and_what_was_typed_stays(page: Any, reason: str) -> None:
    answer = in_review(return_reasons="Too dark\n\nToo dark\nUpside down")
    assert reasons_of(answer.queue) == ["Too dark", "Upside down"]
    client = page(person(answer.queue, Role.REVIEWER))
    said = judge(client, taken(client, answer.queue), "return", reason=reason, note="It is dim.")
    assert (said.status_code, said.context["refusal"]) == (422, "Choose the reason why the answer goes back.")
    assert b"It is dim." in said.content
    assert Review.objects.count() == 0


def test_who_comes_second_reads_why_and_has_what_they_typed(page: Any) -> None:
    answer = in_review()
    first, second = page(person(answer.queue, Role.REVIEWER)), page(person(answer.queue, Role.REVIEWER))
    lease = taken(first, answer.queue)
    second.post(address(answer.queue, "take/"))
    assert ReviewLease.objects.count() == 1, "it is before the first alone"
    ReviewLease.objects.update(expires_at="2020-01-01T00:00Z")
    newer = taken(second, answer.queue)
    assert (newer.pk, newer.token) == (lease.pk, lease.token + 1)
    late = judge(first, lease, "return", reason="Wrong answer", note="Typed for long.")
    assert late.status_code == 409
    assert b"Typed for long." in late.content
    assert judge(second, newer, "accept").status_code == 204
    assert Annotation.objects.get().state == "accepted"


def test_what_its_author_undoes_is_not_judged(page: Any) -> None:
    answer = in_review()
    client = page(person(answer.queue, Role.REVIEWER))
    lease = taken(client, answer.queue)
    undo(user=answer.author, queue=answer.queue)
    assert judge(client, lease, "accept").status_code == 409
    assert client.get(address(answer.queue)).context["waiting"] == 0


def test_the_answer_of_somebody_who_is_gone_goes_to_somebody_else(page: Any) -> None:
    answer = in_review()
    queue = answer.queue
    client = page(person(queue, Role.REVIEWER))
    judge(client, taken(client, queue), "return", reason="Wrong answer")
    owner = person(queue, Role.OWNER)
    membership = queue.organization.memberships.get(user=answer.author)
    deactivate_member(membership=membership, by=owner)
    assert (Task.objects.get().open_slots, Lease.objects.get().state) == (1, "expired")
    mended = answered(queue, "7")
    assert mended.state == "in_review"
    queue.organization.memberships.filter(user=mended.author).update(is_active=False)
    judge(client, taken(client, queue), "return", reason="Wrong answer")
    assert (Task.objects.get().state, Task.objects.get().open_slots) == ("open", 1)


def apart(**rules: Any) -> Any:
    task = TaskFactory(queue=QueueFactory(overlap=2, **rules))
    for digit in "34":
        answered(task.queue, digit)
    return task


def test_where_people_did_not_agree_somebody_picks_an_answer(page: Any) -> None:
    task = apart()
    client = page(person(task.queue, Role.REVIEWER))
    lease = taken(client, task.queue)
    shown = client.get(address(task.queue)).context
    assert [row["lines"][0].words for row in shown["answers"]] == [["3"], ["4"]]
    assert judge(client, lease, "pick", pick=10**9).status_code == 422
    assert judge(client, lease, "pick", pick=shown["answers"][1]["pk"]).status_code == 204
    task.refresh_from_db()
    accepted = Annotation.objects.get(state="accepted")
    assert (task.state, accepted.label, accepted.source) == ("accepted", "4", "consolidated")
    assert Event.objects.get(kind="task.decided").data["answer"] == accepted.pk


def test_or_gives_another_but_nobody_who_answered_decides(page: Any) -> None:
    task = apart()
    client = page(person(task.queue, Role.REVIEWER))
    assert judge(client, taken(client, task.queue), "correct", digit="5").status_code == 204
    accepted = Annotation.objects.get(state="accepted")
    assert (accepted.label, accepted.source) == ("5", "person")
    again = apart()
    one = again.annotations.first().author
    again.organization.memberships.filter(user=one).update(role=Role.REVIEWER)
    assert claim(user=one, queue=again.queue) is None


def returned(page: Any) -> tuple[Annotation, Any]:
    answer = in_review()
    client = page(person(answer.queue, Role.REVIEWER))
    judge(client, taken(client, answer.queue), "return", reason="Wrong answer")
    lease = claiming.claim(user=answer.author, queue=answer.queue)
    assert lease is not None
    labeler = page(answer.author)
    work = f"/o/{answer.organization.slug}/label/{answer.queue.project.slug}/{answer.queue.slug}/contest/"
    form = {"lease": lease.pk, "token": lease.token}
    return answer, lambda **said: labeler.post(work, form | said, headers={"X-Fragment": "1"})


@pytest.mark.parametrize(
    ("decision", "states", "contest"),
    [
        ("right", ("accepted", "accepted", "answered"), "overturned"),
        ("stands", ("returned", "open", "returned"), "upheld"),
    ],
)
def test_a_labeler_contests_a_return_and_a_manager_decides(
    page: Any, decision: str, states: tuple[str, str, str], contest: str
) -> None:
    answer, object_to_it = returned(page)
    assert object_to_it(said=" ").status_code == 422
    assert object_to_it(said="It has a bar.").status_code == 204
    assert (Task.objects.get().state, Lease.objects.get().state) == ("in_review", "answered")
    review = Review.objects.get()
    manager = page(person(answer.queue, Role.MANAGER))
    here = f"/o/{answer.organization.slug}/review/contested/"
    assert [row["review"].objection for row in manager.get(here).context["rows"]] == ["It has a bar."]
    for _twice in range(2):
        manager.post(f"{here}{review.pk}/", {"decision": decision, "note": "Look at page 3."})
    answer.refresh_from_db()
    review.refresh_from_db()
    assert (answer.state, Task.objects.get().state, Lease.objects.get().state) == states
    assert review.contest == contest
    assert kinds().count("review.decided") == 1
    if decision == "stands":
        lease = claiming.claim(user=answer.author, queue=answer.queue)
        assert lease is not None
        assert lease.note == "Wrong answer\nLook at page 3."


def test_whom_a_contest_is_about_does_not_decide_it(page: Any) -> None:
    answer, object_to_it = returned(page)
    object_to_it(said="It has a bar.")
    review = Review.objects.get()
    answer.organization.memberships.filter(user=review.reviewer).update(role=Role.MANAGER)
    client = page(review.reviewer)
    here = f"/o/{answer.organization.slug}/review/contested/"
    assert client.get(here).context["rows"] == []
    client.post(f"{here}{review.pk}/", {"decision": "stands"})
    review.refresh_from_db()
    assert review.contest == "open"


@pytest.mark.parametrize("n", [1, 3])
def test_the_pages_cost_the_same_for_one_and_for_three(
    page: Any, n: int, django_assert_num_queries: Any
) -> None:
    queue = reviewed_queue()
    for _each in range(n):
        TaskFactory(queue=queue)
        answered(queue)
    client = page(person(queue, Role.REVIEWER))
    taken(client, queue)
    client.get(home(queue))
    with django_assert_num_queries(HOME):
        client.get(home(queue))
    with django_assert_num_queries(WORK):
        client.get(address(queue))
