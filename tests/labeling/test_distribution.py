"""Who gets which task: order, escalation, assignment, limits; fetching ahead, letting go, and taking back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.answers.undoing import undo
from labeling.models import Annotation, Lease, Queue, Task
from labeling.queues import people
from labeling.queues.replaying import replay
from labeling.tasks import claiming, letting_go, meant
from labeling.tasks.actions import open_tasks, rekey
from labeling.tasks.hindrances import check_may_take
from projects.conditions import Condition
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.people.actions import add_to_team
from tests.factories import AskFactory, ExampleFactory, QueueFactory, TaskFactory, TeamFactory, member

ANSWER = {"digit": "7"}


def labeler(queue: Queue) -> Any:
    return member(queue.organization, Role.LABELER, queue.project)


def a_queue(tasks: int = 0, **rules: Any) -> Queue:
    queue: Queue = QueueFactory(**rules)
    for place in range(tasks):
        TaskFactory(queue=queue, order_key=place)
    return queue


def in_team(team: Any, user: Any) -> None:
    membership = team.organization.memberships.get(user=user)
    add_to_team(team=team, membership=membership, by=None)


def given(user: Any, queue: Queue) -> Task | None:
    lease = claiming.claim(user=user, queue=queue)
    return lease and lease.task


def answered(user: Any, queue: Queue, answer: Any = ANSWER) -> Annotation:
    lease = claiming.claim(user=user, queue=queue)
    assert lease is not None
    return submit(lease=lease, token=lease.token, answer=answer, by=user)


def run_out(lease: Lease) -> int:
    Lease.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    return claiming.expire(timezone.now())


@pytest.mark.django_db
def test_what_a_claim_gives_is_what_the_rows_say() -> None:
    queue = a_queue(1)
    lease = claiming.claim(user=labeler(queue), queue=queue)
    read = Lease.objects.select_related("task__example").get()
    for ours, theirs in ((lease, read), (lease.task, read.task), (lease.task.example, read.task.example)):
        names = [field.attname for field in ours._meta.concrete_fields]
        assert {name: getattr(ours, name) for name in names} == {
            name: getattr(theirs, name) for name in names
        }
    assert (lease.task.open_slots, lease.task.people) == (0, [lease.user_id])


@pytest.mark.django_db
def test_the_next_task_is_fetched_ahead_once_and_comes_when_the_first_is_answered() -> None:
    queue = a_queue(3)
    user = labeler(queue)
    first = claiming.claim(user=user, queue=queue)
    ahead, again = (claiming.claim(user=user, queue=queue, ahead=True) for _ in range(2))
    assert (ahead.pk, ahead.token, ahead.prefetched) == (again.pk, again.token, True)
    assert ahead.expires_at < first.expires_at
    assert claiming.held(user=user, queue=queue) == first
    submit(lease=first, token=first.token, answer=ANSWER, by=user)
    second = claiming.claim(user=user, queue=queue)
    assert (second.pk, second.token, second.prefetched) == (ahead.pk, ahead.token, False)
    assert Lease.objects.filter(state="held").count() == 1


@pytest.mark.django_db
def test_what_was_fetched_ahead_returns_as_if_nobody_had_seen_it() -> None:
    queue = a_queue(2, escalate_after=1, escalation_team=None)
    user, other = labeler(queue), labeler(queue)
    claiming.claim(user=user, queue=queue)
    ahead = claiming.claim(user=user, queue=queue, ahead=True)
    assert claiming.give_back(lease=ahead, token=ahead.token + 1) is False, "of an older fence"
    assert claiming.give_back(lease=ahead, token=ahead.token) is True
    assert claiming.give_back(lease=ahead, token=ahead.token) is False
    ahead = claiming.claim(user=user, queue=queue, ahead=True)
    assert run_out(ahead) == 1
    task = Task.objects.get(pk=ahead.task_id)
    assert (task.open_slots, task.people, task.expiries) == (1, [], 0)
    assert given(other, queue) == task


@pytest.mark.django_db
def test_an_ask_is_never_fetched_ahead_and_comes_before_what_was() -> None:
    queue = a_queue(3)
    user = labeler(queue)
    first = claiming.claim(user=user, queue=queue)
    ahead = claiming.claim(user=user, queue=queue, ahead=True)
    ask = AskFactory(task__queue=queue, task__priority=100).task
    submit(lease=first, token=first.token, answer=ANSWER, by=user)
    asked = claiming.claim(user=user, queue=queue)
    assert asked.task == ask
    submit(lease=asked, token=asked.token, answer=ANSWER, by=user)
    assert given(user, queue) == ahead.task


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_person_hold_one_task() -> None:
    queue = a_queue(8)
    user = labeler(queue)
    barrier, held = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        try:
            held.append(claiming.claim(user=user, queue=queue).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(held), len(set(held)), Lease.objects.count()) == (4, 1, 1)


@pytest.mark.django_db
def test_what_too_many_let_run_out_goes_to_the_escalation_team_alone() -> None:
    organization = QueueFactory().organization
    team = TeamFactory(organization=organization)
    queue = a_queue(1, stream__project__organization=organization, escalate_after=2, escalation_team=team)
    expert = labeler(queue)
    in_team(team, expert)
    for _ in range(2):
        run_out(claiming.claim(user=labeler(queue), queue=queue))
    task = Task.objects.get(queue=queue)
    assert (task.line, task.expiries) == ("escalated", 2)
    assert given(labeler(queue), queue) is None
    assert given(expert, queue) == task
    kinds = organization.events.order_by("pk").values_list("kind", flat=True)
    assert [kind for kind in kinds if kind in ("leases.expired", "tasks.escalated")] == [
        "leases.expired",
        "leases.expired",
        "tasks.escalated",
    ]


@pytest.mark.django_db
def test_an_assigned_task_comes_first_to_one_person_and_to_nobody_else() -> None:
    queue = a_queue(2)
    user, other = labeler(queue), labeler(queue)
    last = Task.objects.get(order_key=1)
    meant.assign(task=last, to=user, by=None)
    assert given(other, queue) == Task.objects.get(order_key=0)
    assert given(user, queue) == last
    with pytest.raises(Refused, match="Nobody is needed"):
        meant.back_in_line(task=last, by=None)


@pytest.mark.django_db
def test_a_flagged_task_waits_for_a_manager_who_puts_it_back_or_drops_it() -> None:
    queue = a_queue(1)
    user, other = labeler(queue), labeler(queue)
    lease = claiming.claim(user=user, queue=queue)
    with pytest.raises(Refused, match="Say what"):
        letting_go.flag(lease=lease, token=lease.token, said=" ", by=user)
    letting_go.flag(lease=lease, token=lease.token, said="Two digits", by=user)
    task = Task.objects.get()
    assert (task.line, Lease.objects.get().said, given(other, queue)) == ("flagged", "Two digits", None)
    meant.back_in_line(task=task, by=None)
    lease = claiming.claim(user=other, queue=queue)
    meant.drop(task=lease.task, by=None)
    with pytest.raises(Refused, match="no longer yours"):
        submit(lease=lease, token=lease.token, answer=ANSWER, by=other)
    assert (Task.objects.get().state, Lease.objects.get(user=other).draft) == ("archived", ANSWER)


@pytest.mark.django_db
def test_skipping_is_as_the_queue_has_it() -> None:
    later, never, drop = (a_queue(1, skipping=way) for way in ("later", "never", "drop"))
    user = labeler(later)
    lease = claiming.claim(user=user, queue=later)
    letting_go.skip(lease=lease, token=lease.token, by=user)
    assert (given(user, later), given(labeler(later), later)) == (None, None), "put off: still theirs"
    Lease.objects.filter(pk=lease.pk).update(again_at=timezone.now())
    assert given(user, later) == lease.task
    lease = claiming.claim(user=labeler(never), queue=never)
    with pytest.raises(Refused, match="are not skipped"):
        letting_go.skip(lease=lease, token=lease.token, by=lease.user)
    lease = claiming.claim(user=labeler(drop), queue=drop)
    with pytest.raises(Refused, match="Say why"):
        letting_go.skip(lease=lease, token=lease.token, by=lease.user)
    letting_go.skip(lease=lease, token=lease.token, said="No digit at all", by=lease.user)
    assert Task.objects.get(queue=drop).state == "archived"


@pytest.mark.django_db
def test_what_was_put_off_too_long_goes_to_others() -> None:
    queue = a_queue(1, skipping="later")
    lease = claiming.claim(user=labeler(queue), queue=queue)
    letting_go.skip(lease=lease, token=lease.token, by=lease.user)
    assert claiming.expire(timezone.now() + timedelta(days=2)) == 1
    assert given(labeler(queue), queue) == lease.task
    assert Task.objects.get().expiries == 0


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["queue_paused", "person_paused", "reserved", "unqualified", "daily_cap"])
def test_whoever_may_take_nothing_gets_nothing_and_is_told_why(code: str, page: Any) -> None:
    queue = a_queue(3)
    user, other = labeler(queue), labeler(queue)
    organization = queue.organization
    if code == "queue_paused":
        Queue.objects.update(state="paused")
    if code == "person_paused":
        pause = people.pause_person(organization=organization, user=user, reason="Too fast.", by=None)
    if code == "reserved":
        people.reserve(queue=queue, user=other, by=None)
    if code == "unqualified":
        queue.requires = organization.qualifications.create(name="Digits")
        queue.save()
    if code == "daily_cap":
        Queue.objects.update(daily_cap=1)
        answered(user, queue)
    queue.refresh_from_db()
    with pytest.raises(Refused) as refused:
        check_may_take(user=user, queue=queue)
    assert (refused.value.code, given(user, queue)) == (code, None)
    url = f"/o/{organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    shown = page(user).get(url).content.decode()
    assert str(refused.value.sentence).partition("“")[0].partition(". ")[0] in shown
    # and lets them in again
    if code == "queue_paused":
        Queue.objects.update(state="active")
    if code == "person_paused":
        people.end_pause(pause=pause, by=None)
    if code == "reserved":
        team = TeamFactory(organization=organization)
        in_team(team, user)
        people.reserve(queue=queue, team=team, by=None)
    if code == "unqualified":
        people.give_credential(qualification=queue.requires, user=user, by=None)
    if code == "daily_cap":
        Lease.objects.update(ended_at=timezone.now() - timedelta(days=1))
    assert given(user, queue) is not None


@pytest.mark.django_db
def test_a_credential_that_has_expired_opens_nothing() -> None:
    queue = a_queue(1)
    user = labeler(queue)
    queue.requires = queue.organization.qualifications.create(name="Digits")
    queue.save()
    soon = timezone.now() + timedelta(hours=1)
    credential = people.give_credential(qualification=queue.requires, user=user, expires_at=soon, by=None)
    assert given(user, queue) is not None
    type(credential).objects.update(expires_at=timezone.now())
    Lease.objects.all().delete()
    Task.objects.update(open_slots=1, people=[])
    assert given(user, queue) is None


@pytest.mark.django_db
def test_a_manager_chooses_what_comes_first_and_what_waits_follows() -> None:
    queue = a_queue(order="sure", due_within_h=4)
    low, high = (ExampleFactory(stream=queue.stream, confidence=n) for n in (0.2, 0.9))
    open_tasks(queue=queue, example_ids=[low.pk, high.pk], selected_by="rule", probability=None, by=None)
    ordered = queue.tasks.order_by("-priority", "due_at", "order_key", "id").values_list("example", flat=True)
    assert list(ordered) == [high.pk, low.pk]
    assert {round((task.due_at - task.opened_at).total_seconds()) for task in queue.tasks.all()} == {4 * 3600}
    Queue.objects.update(order="unsure")
    assert (rekey(queue=queue), rekey(queue=queue)) == (2, 0)
    assert list(ordered.all()) == [low.pk, high.pk]


@pytest.mark.django_db
def test_the_last_answer_is_taken_back_whole() -> None:
    queue = a_queue(3)
    user = labeler(queue)
    kept = answered(user, queue)
    following = claiming.claim(user=user, queue=queue)
    claiming.claim(user=user, queue=queue, ahead=True)
    lease = undo(user=user, queue=queue)
    example, task = kept.example, kept.task
    example.refresh_from_db()
    task.refresh_from_db()
    assert (example.label, example.label_state, task.state, task.ended_at) == (None, "none", "open", None)
    assert (lease.task_id, lease.draft, lease.token) == (task.pk, ANSWER, 2)
    held = Lease.objects.filter(state="held").order_by("prefetched").values_list("pk", "prefetched")
    assert list(held) == [(lease.pk, False), (following.pk, True)]
    submit(lease=lease, token=lease.token, answer={"digit": "8"}, by=user)
    example.refresh_from_db()
    states = list(Annotation.objects.order_by("pk").values_list("label", "state"))
    assert (example.label, states) == ("8", [("7", "superseded"), ("8", "accepted")])
    assert given(user, queue) == following.task


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("case", "code"),
    [("ask", "asked"), ("old", "too_old"), ("nothing", "nothing_to_undo"), ("others", "acted_on")],
)
def test_what_was_acted_on_is_not_taken_back(case: str, code: str) -> None:
    queue = a_queue(1, overlap=2 if case == "others" else 1)
    user = labeler(queue)
    if case == "ask":
        AskFactory(task__queue=queue, task__priority=100)
    if case != "nothing":
        answered(user, queue)
    if case == "old":
        Annotation.objects.update(at=timezone.now() - timedelta(seconds=121))
    if case == "others":
        answered(labeler(queue), queue)
    with pytest.raises(Refused) as refused:
        undo(user=user, queue=queue)
    assert refused.value.code == code


@pytest.mark.django_db
def test_the_page_fetches_ahead_flags_skips_and_undoes(page: Any) -> None:
    queue = a_queue(4)
    user = labeler(queue)
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    client = page(user)
    client.headers = {"X-Fragment": "1"}
    post = lambda name, **data: client.post(url + name, data, headers={"X-Fragment": "1"})  # noqa: E731
    lease = post("take/").context["lease"]
    ahead = post("prefetch/").context["lease"]
    form = {"lease": lease.pk, "token": lease.token}
    second = post("answer/", **form, digit="7").context["lease"]
    assert second.pk == ahead.pk
    assert post("undo/").context["lease"].pk == lease.pk
    again = Lease.objects.get(pk=lease.pk)
    third = post("skip/", lease=lease.pk, token=again.token).context["lease"]
    assert third.pk == ahead.pk
    refused = post("flag/", lease=third.pk, token=third.token)
    assert (refused.status_code, "Say what a manager" in refused.content.decode()) == (422, True)
    fourth = post("flag/", lease=third.pk, token=third.token, said="Torn").context["lease"]
    ahead = post("prefetch/").context["lease"]
    gone = [post("give-back/", lease=row.pk, token=row.token).json()["given_back"] for row in (ahead, fourth)]
    assert gone == [True, False], "what is in front is not given back"
    assert post("undo/").json()["sentence"] == "This answer was undone already."


@pytest.mark.django_db
def test_submit_and_next_is_a_stated_number_of_statements(page: Any, django_assert_num_queries: Any) -> None:
    queue = a_queue(6)
    user = labeler(queue)
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    client = page(user)
    lease = client.post(url + "take/", headers={"X-Fragment": "1"}).context["lease"]
    for _ in range(2):
        form = {"lease": lease.pk, "token": lease.token, "digit": "7"}
        with django_assert_num_queries(16):  # 14, and the savepoint that stands for the transaction here
            shown = client.post(url + "answer/", form, headers={"X-Fragment": "1"})
        lease = shown.context["lease"]


@pytest.mark.django_db
def test_the_rules_are_replayed_on_last_week_before_the_queue_is_switched_on(page: Any) -> None:
    queue = a_queue(state="paused", overlap=2)
    queue.condition = Condition.from_text("confidence < 0.5", queue.stream).json
    queue.audit_percent = 100
    queue.save()
    week = timezone.now() - timedelta(days=6)
    for number in range(14):
        ExampleFactory(stream=queue.stream, confidence=number / 20, ingested_at=week)
    ExampleFactory(stream=queue.stream, confidence=0.1, ingested_at=week - timedelta(days=2))
    ExampleFactory(stream=queue.stream, confidence=0.1, bucket=10, ingested_at=week)
    found = replay(queue)
    assert (found.by_rule, found.by_lot, found.tasks_a_day, found.is_measured) == (10, 1, 11 / 7, False)
    assert found.hours_a_day == 11 / 7 * 2 * 15 / 3600
    manager = member(queue.organization, Role.MANAGER)
    shown = page(manager).get(f"/admin/labeling/queue/{queue.pk}/change/").content.decode()
    assert "would have sent 10 by the condition and 1 by lot: about 2 tasks a day" in shown
    assert Task.objects.count() == 0


@pytest.mark.django_db
def test_a_manager_keeps_qualifies_pauses_assigns_and_puts_back_at_the_desk(page: Any) -> None:
    queue = a_queue(1)
    user = labeler(queue)
    desk = page(member(queue.organization, Role.MANAGER))
    task, membership = Task.objects.get(), queue.organization.memberships.get(user=user)
    made = desk.get("/admin/labeling/task/").context
    here = {made["desk_field"]: made["desk_here"]}
    chosen = {"_selected_action": task.pk, "deed_form": "1", "to": membership.pk, **here}
    desk.post("/admin/labeling/task/", {**chosen, "action": "assign"})
    task.refresh_from_db()
    assert (task.line, task.assigned_to) == ("assigned", user)
    desk.post("/admin/labeling/task/", {**chosen, "action": "back_in_line"})
    task.refresh_from_db()
    assert task.line == "anybody"
    asked = {"user": user.pk, "queue": queue.pk, "reason": "Too fast.", **here}
    desk.post("/admin/labeling/pause/add/", asked)
    pause = queue.organization.pauses.get()
    assert given(user, queue) is None
    desk.post("/admin/labeling/pause/", {"_selected_action": pause.pk, "action": "end", **here})
    assert given(user, queue) == task
    kinds = ("task.assigned", "task.back_in_line", "person.paused", "person.resumed")
    said = queue.organization.events.filter(kind__in=kinds).order_by("pk").values_list("kind", flat=True)
    assert tuple(said) == kinds
