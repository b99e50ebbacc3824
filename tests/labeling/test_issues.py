"""Issues and questions on the page of an example; a new label that an issue asked for mends it, and runs cite it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.models import Issue, Queue, ReviewLease, Task
from labeling.tasks.claiming import claim
from projects.streams.models import Example
from slices.definitions.actions import Definition, create_slice, current
from slices.runs.mended import mended_in
from slices.snapshots.actions import freeze
from slices.snapshots.grades import grade_of, graded
from teams.identity.roles import Role
from teams.models import Event
from teams.work.clock import tick
from tests.factories import AnnotationFactory, ExampleFactory, QueueFactory, TaskFactory, member

pytestmark = pytest.mark.django_db


def person(queue: Queue, role: str = Role.LABELER) -> Any:
    return member(queue.organization, role, queue.project)


def page_at(example: Example, name: str = "") -> str:
    return (
        f"/o/{example.organization.slug}/projects/{example.stream.project.slug}/examples/{example.pk}/{name}"
    )


def issues_at(queue: Queue, issue: Issue, name: str) -> str:
    return f"/o/{queue.organization.slug}/projects/{queue.project.slug}/issues/{issue.pk}/{name}/"


def labelled() -> Any:
    """An example that counts as a 3, by an answer that was accepted."""
    queue = QueueFactory()
    example = ExampleFactory(stream=queue.stream, text="See Tom.", media_uri="https://example.test/a.png")
    task = TaskFactory(queue=queue, example=example, state="accepted", open_slots=0)
    AnnotationFactory(task=task)
    Example.objects.filter(pk=example.pk).update(label="3", label_state="accepted")
    return task


@pytest.mark.parametrize(
    ("sent", "pin", "where"),
    [
        ({}, None, ""),
        ({"passage": "Tom"}, {"start": 4, "end": 7}, "Tom"),
        ({"across": "25", "down": "50"}, {"at": [0.25, 0.5]}, "at 25 % across, 50 % down"),
    ],
)
def test_a_labeler_asks_about_a_spot_and_reads_the_answer(page: Any, sent: Any, pin: Any, where: str) -> None:
    task = labelled()
    labeler, reviewer = person(task.queue), person(task.queue, Role.REVIEWER)
    page(labeler).post(page_at(task.example, "issues/"), {"kind": "issue", "body": "Is this Tom?"} | sent)
    issue = Issue.objects.get()
    assert (issue.kind, issue.body, issue.pin, issue.opened_by) == ("question", "Is this Tom?", pin, labeler)
    for reply in ("", "It is.", "It is not."):
        page(reviewer).post(issues_at(task.queue, issue, "resolve"), {"reply": reply})
    issue.refresh_from_db()
    assert (issue.state, issue.reply, issue.resolved_by) == ("resolved", "It is.", reviewer)
    shown = page(labeler).get(page_at(task.example))
    panel = next(row["context"] for row in shown.context["panels"] if "issues" in row["context"])
    assert [row.where for row in panel["issues"]] == [where]
    assert b"It is." in shown.content
    assert list(Event.objects.filter(kind__startswith="issue.").order_by("pk").values_list("kind", flat=True)) == [
        "issue.opened", "issue.resolved",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [{"body": " "}, {"passage": "Bob"}, {"across": "a"}, {"across": "101", "down": "3"}, {"down": "nan"}],
)
def test_what_points_nowhere_is_refused_in_words(page: Any, sent: Any) -> None:
    task = labelled()
    client = page(person(task.queue))
    asked = client.post(page_at(task.example, "issues/"), {"body": "Is this Tom?"} | sent, follow=True)
    assert (asked.status_code, Issue.objects.count(), len(asked.context["messages"])) == (200, 0, 1)


def test_from_a_bad_label_to_an_issue_to_a_new_label_to_a_run_that_cites_it(page: Any) -> None:
    task = labelled()
    queue, labeler = task.queue, person(task.queue)
    client = page(person(queue, Role.MANAGER))
    client.post(page_at(task.example, "issues/"), {"kind": "issue", "body": "It is a 7."})
    issue = Issue.objects.get()
    for _twice in range(2):
        client.post(issues_at(queue, issue, "ask-again"), {"queue": queue.pk})
    assert list(Task.objects.order_by("round").values_list("round", "state", "selected_by")) == [
        (1, "accepted", "rule"), (2, "open", "manual"),
    ]  # fmt: skip
    before = frozen(queue)
    lease = claim(user=labeler, queue=queue)
    assert lease is not None
    answer = submit(lease=lease, token=lease.token, answer={"digit": "7"}, by=labeler)
    tick(timezone.now())
    issue.refresh_from_db()
    assert (issue.state, issue.mended_by) == ("resolved", answer)
    task.example.refresh_from_db()
    assert task.example.label == "7"
    after = frozen(queue)
    rows = {row.pk: row for row in graded(queue.organization.snapshots.all())}
    found = [[one.pk for one in mended_in(row, grade_of(rows[row.pk]))] for row in (before, after)]
    assert found == [[], [issue.pk]]


def frozen(queue: Queue) -> Any:
    """A snapshot of everything that is labelled now."""
    found = create_slice(
        stream=queue.stream,
        slug=f"all-{queue.organization.snapshots.count()}",
        name="All",
        description="",
        definition=Definition(labels="any"),
        by=None,
    )
    return freeze(slice_version=current(found), role="train", as_of=timezone.now(), by=None)


def test_what_was_said_stands_beside_the_task_with_its_spot(page: Any) -> None:
    task = labelled()
    labeler = person(task.queue)
    browser, asks = page(labeler), {"kind": "question", "body": "Which one?", "across": "25", "down": "50"}
    sent = browser.post(page_at(task.example, "issues/"), asks, headers={"X-Fragment": "1"})
    issue = Issue.objects.get()
    assert (sent.status_code, sent.context["told"]) == (200, "Asked; the answer appears here.")
    shown = browser.get(page_at(task.example, "issues/beside/"))
    assert shown.context["pins"] == [{"n": issue.pk, "x": "25.00%", "y": "50.00%"}]
    assert b"<html" not in shown.content
    assert b"Which one?" in shown.content
    wrong = browser.post(page_at(task.example, "issues/"), asks | {"body": " "}, headers={"X-Fragment": "1"})
    assert (wrong.status_code, Issue.objects.count()) == (422, 1)
    assert b"Say in at most" in wrong.content


def test_the_task_and_the_answer_that_is_judged_have_a_button_for_it(page: Any) -> None:
    task = TaskFactory(queue__review_percent=100)
    labeler, reviewer = person(task.queue), person(task.queue, Role.REVIEWER)
    here = f"/o/{task.organization.slug}/{{}}/{task.queue.project.slug}/{task.queue.slug}/"
    address = page_at(task.example, "issues/beside/")
    lease = claim(user=labeler, queue=task.queue)
    assert lease is not None
    assert address in page(labeler).get(here.format("label")).content.decode()
    submit(lease=lease, token=lease.token, answer={"digit": "3"}, by=labeler)
    page(reviewer).post(here.format("review") + "take/")
    assert address in page(reviewer).get(here.format("review")).content.decode()


def test_a_blind_reviewer_is_not_told_who_asked(page: Any) -> None:
    task = TaskFactory()
    labeler, reviewer = person(task.queue), person(task.queue, Role.REVIEWER)
    page(labeler).post(page_at(task.example, "issues/"), {"kind": "question", "body": "Which one?"})
    beside = page_at(task.example, "issues/beside/")
    assert str(labeler) in page(reviewer).get(beside).content.decode()
    ReviewLease.objects.create(
        organization=task.organization,
        task=task,
        reviewer=reviewer,
        expires_at=timezone.now() + timedelta(minutes=5),
    )
    shown = page(reviewer).get(beside).content.decode()
    assert str(labeler) not in shown
    assert "Which one?" in shown
