"""The run contract: claimed once, fenced, completed once, evaluated on what it was given."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from slices.definitions.actions import Definition, create_slice, current
from slices.models import Attempt, Evaluation, Run
from slices.runs import claiming
from slices.runs.actions import cancel, request_evaluation, request_training
from slices.runs.metrics import score
from teams.models import Event
from tests.factories import ProjectFactory, QueueFactory, RunFactory, StreamFactory, token
from tests.slices.test_snapshots import labelled

JSON = {"content_type": "application/json"}


@pytest.fixture
def queue(transactional_db) -> Any:
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits")))
    for n in range(6):
        labelled(queue, label=str(n % 2), bucket=5000)
    for n in range(4):
        labelled(queue, label=str(n % 2), bucket=5, selected_by="random")
    return queue


@pytest.fixture
def script(queue, api) -> Any:
    return api(token(queue.organization, queue.project)[1])


def train(queue: Any, **definition: Any) -> Run:
    make = lambda slug, what: current(  # noqa: E731
        create_slice(stream=queue.stream, slug=slug, name=slug, definition=what, by=None)
    )
    run = request_training(
        slice_version=make("train", Definition(**definition)),
        eval_slice_version=make("held-out", Definition(splits=("test",), random_only=True)),
        model_name="digits",
        as_of=timezone.now(),
        by=None,
    )
    call_command("work", "--once")
    run.refresh_from_db()
    return run


def claim(script: Any, claim_id: str = "c1") -> Any:
    return script.post("/api/v1/runs/claim", {"claim_id": claim_id, "pools": ["default"]}, **JSON)


def results(script: Any, work: dict[str, Any], wrong: int = 0) -> list[dict[str, Any]]:
    import json

    lines = script.get(work["eval_snapshot"]["urls"]["jsonl"]).getvalue().splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        {"example_id": row["example_id"], "label": "9" if index < wrong else row["label"], "confidence": 0.9}
        for index, row in enumerate(rows)
    ]


def report(script: Any, work: dict[str, Any], **more: Any) -> dict[str, Any]:
    evaluations = [{"snapshot": work["eval_snapshot"]["id"], "results": results(script, work, wrong=1)}]
    model = {"version": "1", "digest": "abc"}
    return {
        "token": work["lease"]["token"],
        "outcome": "succeeded",
        "model": model,
        "evaluations": evaluations,
    } | more


def test_a_run_is_prepared_claimed_and_completed_in_one_go(queue, script) -> None:
    run = train(queue)
    assert (run.state, run.snapshot.n_total, run.eval_snapshot.n_total) == ("queued", 6, 4)
    work = claim(script).json()
    assert claim(script).json()["lease"]["token"] == work["lease"]["token"], (
        "a lost answer is asked for again"
    )
    assert claim(script, "c2").status_code == 204
    body = report(script, work)
    url = f"/api/v1/runs/{run.pk}/complete"
    first, again = script.post(url, body, **JSON), script.post(url, body, **JSON)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    other = script.post(url, body | {"metrics": {"loss": 1.0}}, **JSON)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    evaluation = Evaluation.objects.get()
    assert (evaluation.n, evaluation.correct, str(evaluation.model_version)) == (4, 3, "digits@1")
    kinds = list(Event.objects.filter(kind__startswith="run.").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["run.requested", "run.queued", "run.claimed", "run.succeeded"]


def test_a_slice_that_is_too_small_ends_the_run_with_the_funnel(queue) -> None:
    run = train(queue, min_size=100)
    assert (run.state, run.report["funnel"][-1]["n"]) == ("snapshot_failed", 6)


def test_a_worker_that_fell_silent_loses_the_run_and_its_late_report_is_refused(queue, script) -> None:
    run = train(queue)
    work = claim(script).json()
    assert claiming.reap(timezone.now() + timedelta(hours=1)) == 1
    Run.objects.update(available_at=timezone.now())
    fresh = claim(script, "c2").json()
    assert fresh["snapshot"] == work["snapshot"], "a retry works on the same snapshot"
    late = script.post(f"/api/v1/runs/{run.pk}/complete", report(script, work), **JSON)
    assert (late.status_code, late.json()["code"]) == (409, "lease_lost")
    beat = script.post(f"/api/v1/runs/{run.pk}/heartbeat", {"token": work["lease"]["token"]}, **JSON)
    assert beat.status_code == 409
    assert list(Attempt.objects.order_by("number").values_list("number", "outcome")) == [(1, "lost"), (2, "")]


def test_a_run_fails_for_good_after_its_last_attempt(queue, script) -> None:
    run = train(queue)
    for _attempt in range(3):
        Run.objects.update(available_at=timezone.now())
        work = claim(script).json()
        body = {"token": work["lease"]["token"], "outcome": "failed", "error": {"message": "out of memory"}}
        assert script.post(f"/api/v1/runs/{run.pk}/complete", body, **JSON).status_code == 200
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == ("failed", 3, "out of memory")


def test_a_cancelled_run_tells_its_worker_at_the_next_heartbeat(queue, script) -> None:
    run = train(queue)
    held = claim(script).json()["lease"]["token"]
    cancel(run=run, by=None)
    beat = script.post(f"/api/v1/runs/{run.pk}/heartbeat", {"token": held, "percent": 40}, **JSON).json()
    assert beat["command"] == "cancel"
    script.post(f"/api/v1/runs/{run.pk}/release", {"token": held}, **JSON)
    run.refresh_from_db()
    assert (run.state, run.progress) == ("cancelled", {"percent": 40.0})


def test_an_evaluation_run_is_asked_for_once_and_claimed_before_training(queue, script) -> None:
    run = train(queue)
    work = claim(script).json()
    script.post(f"/api/v1/runs/{run.pk}/complete", report(script, work, evaluations=[]), **JSON)
    run.refresh_from_db()
    asked = [
        request_evaluation(model_version=run.model_version, snapshot=run.eval_snapshot, by=None)
        for _n in range(2)
    ]
    assert asked[0].pk == asked[1].pk
    evaluation = claim(script, "c2").json()
    assert (evaluation["run"]["kind"], evaluation["model_version"]["version"], evaluation["snapshot"]) == (
        "evaluation",
        "1",
        None,
    )
    body = report(script, evaluation)
    assert script.post(f"/api/v1/runs/{evaluation['run']['id']}/complete", body, **JSON).status_code == 200
    assert Evaluation.objects.get().correct == 3


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda rows: [*rows, rows[0]], "/evaluations/0/results/4/example_id"),
        (lambda rows: [rows[0] | {"example_id": 10**15}], "/evaluations/0/results/0/example_id"),
        (lambda rows: [rows[0] | {"confidence": 1.5}], "/evaluations/0/results/0/confidence"),
        (lambda rows: [rows[0] | {"label": None}], "/evaluations/0/results/0/label"),
    ],
)
def test_results_that_cannot_be_are_refused_and_nothing_is_kept(queue, script, change, pointer) -> None:
    run = train(queue)
    work = claim(script).json()
    body = report(script, work)
    body["evaluations"][0]["results"] = change(body["evaluations"][0]["results"])
    answer = script.post(f"/api/v1/runs/{run.pk}/complete", body, **JSON)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    run.refresh_from_db()
    assert (run.state, Evaluation.objects.count()) == ("claimed", 0)


def test_a_metric_that_is_no_number_is_unreadable(queue, script) -> None:
    run = train(queue)
    held = claim(script).json()["lease"]["token"]
    raw = f'{{"token": {held}, "outcome": "succeeded", "metrics": {{"loss": NaN}}}}'
    answer = script.post(f"/api/v1/runs/{run.pk}/complete", raw, **JSON)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_eight_workers_at_five_runs_claim_each_once(transactional_db) -> None:
    project = ProjectFactory()
    for _n in range(5):
        RunFactory(project=project)
    key, _text = token(project.organization, project)
    got: list[int] = []

    def work(n: int) -> None:
        while run := claiming.claim(
            organization=project.organization,
            projects=[project.pk],
            pools=["default"],
            claim_id=f"{n}-{len(got)}-{timezone.now().timestamp()}",
            worker=str(n),
            by=key.user,
        ):
            got.append(run.pk)
        connection.close()

    threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(Run.objects.values_list("pk", flat=True))


def test_a_missing_result_counts_as_wrong() -> None:
    scored = score({1: "a", 2: "a", 3: "b"}, {1: "a", 3: "a"})
    assert (scored["n"], scored["correct"], scored["coverage"]) == (3, 1, 2 / 3)
    assert scored["classes"]["a"] == {"support": 2, "recall": 0.5, "precision": 0.5}
    assert scored["classes"]["b"] == {"support": 1, "recall": 0.0, "precision": None}
