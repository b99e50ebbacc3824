"""The rounds of a schedule, beside chance, and plainly where the choice lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from slices.gates.rounds import Round, rounds
from slices.models import Schedule
from teams.identity.roles import Role
from tests.factories import (
    DecisionFactory,
    EvaluationFactory,
    ExampleFactory,
    GateFactory,
    ModelVersionFactory,
    PlacementFactory,
    RunFactory,
    ScheduleFactory,
    SliceFactory,
    SliceVersionFactory,
    SnapshotFactory,
    StageMoveFactory,
    StreamFactory,
    TickFactory,
    member,
    token,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Played:
    """Two schedules on one stream, and what came of them."""

    def __init__(self) -> None:
        self.stream = StreamFactory()
        self.project = self.stream.project
        self.train = SliceVersionFactory(slice=SliceFactory(stream=self.stream))
        self.held_out = SliceVersionFactory(slice=SliceFactory(stream=self.stream), splits=["test"])
        slices = {"slice": self.train.slice, "eval_slice": self.held_out.slice}
        self.own: Schedule = ScheduleFactory(name="retrain", **slices)
        self.chance: Schedule = ScheduleFactory(name="by lot", model_name="digits-control", **slices)
        self.placement = PlacementFactory(project=self.project)
        self.gate = GateFactory(placement=self.placement)

    def play(
        self, schedule: Schedule, number: int, labels: int, correct: int | None, state: str = "succeeded"
    ) -> Any:
        """One tick whose run ended so; `correct` of 100 held-out examples, None for no evaluation."""
        at = NOON + number * HOUR
        model = ModelVersionFactory(project=self.project, name=schedule.model_name)
        snapshot = SnapshotFactory(
            slice_version=self.train, as_of=at + timedelta(seconds=schedule.pk), n_total=labels
        )
        held_out = self.held_out.snapshots.filter(as_of=at).first()
        held_out = held_out or SnapshotFactory(slice_version=self.held_out, role="eval", as_of=at)
        run = RunFactory(
            project=self.project,
            state=state,
            as_of=at,
            snapshot=snapshot,
            eval_snapshot=held_out,
            model_version=model if state == "succeeded" else None,
        )
        TickFactory(schedule=schedule, scheduled_for=at, run=run)
        if correct is not None:
            EvaluationFactory(model_version=model, snapshot=held_out, n=100, correct=correct)
        return model

    def arrive(self, number: int, count: int) -> None:
        """Examples that came before a round."""
        ExampleFactory.create_batch(
            count, stream=self.stream, ingested_at=NOON + number * HOUR - timedelta(minutes=1)
        )

    def rounds(self) -> list[Round]:
        return rounds(self.own, beside=self.chance)


@pytest.fixture
def played(db: None) -> Played:
    return Played()


def test_each_round_says_what_was_seen_spent_and_reached(played: Played) -> None:
    played.arrive(0, 3)
    played.arrive(1, 2)
    played.arrive(5, 4)  # later than all of them
    first = played.play(played.own, 0, labels=20, correct=70)
    second = played.play(played.own, 1, labels=40, correct=85)
    played.play(played.chance, 0, labels=20, correct=72)
    played.play(played.chance, 1, labels=40, correct=80)
    DecisionFactory(gate=played.gate, model_version=first, outcome="inconclusive")
    DecisionFactory(gate=played.gate, model_version=first, outcome="pass")
    for stage in ("internal_recommendation", "production", "human_fallback"):
        model = None if stage == "human_fallback" else second
        StageMoveFactory(placement=played.placement, stage=stage, model_version=model)
    said = [
        (row.round, row.examples, row.labels, row.accuracy, row.accuracy_random_labels, row.gate, row.stage)
        for row in played.rounds()
    ]
    assert said == [
        (1, 3, 20, 0.70, 0.72, "pass", "registered"),
        (2, 5, 40, 0.85, 0.80, None, "production"),
    ]
    assert [(row.chance_better, row.points) for row in played.rounds()] == [(True, "−2.0"), (False, "+5.0")]
    runs = [tick.run for tick in played.own.ticks.order_by("scheduled_for")]
    assert [row.snapshot_sha256 for row in played.rounds()] == [run.snapshot.manifest_sha256 for run in runs]


def test_only_what_succeeded_is_a_round_and_rounds_are_paired_by_number(played: Played) -> None:
    played.play(played.own, 0, labels=20, correct=None, state="failed")
    played.play(played.own, 1, labels=20, correct=70)
    played.play(played.chance, 5, labels=25, correct=60)
    TickFactory(schedule=played.own, scheduled_for=NOON + 2 * HOUR, verdict="skipped", reason="min_new")
    [row] = played.rounds()
    # the other's first round was evaluated on a snapshot of its own: better than nothing
    assert (row.round, row.labels, row.random_labels, row.accuracy_random_labels) == (1, 20, 25, 0.6)


def test_the_same_evaluation_snapshot_is_preferred(played: Played) -> None:
    played.play(played.own, 0, labels=20, correct=70)
    control = played.play(played.chance, 1, labels=20, correct=60)
    shared = played.own.ticks.get().run.eval_snapshot
    EvaluationFactory(model_version=control, snapshot=shared, n=100, correct=66)
    assert [row.accuracy_random_labels for row in played.rounds()] == [0.66]


def test_what_is_not_known_is_none_and_never_a_loss(played: Played) -> None:
    played.play(played.own, 0, labels=20, correct=None)
    [row] = played.rounds()
    assert (row.accuracy, row.accuracy_random_labels, row.gain, row.chance_better) == (
        None,
        None,
        None,
        False,
    )
    assert rounds(played.chance) == []


def test_the_number_of_queries_does_not_grow_with_the_rounds(
    played: Played, django_assert_num_queries: Any
) -> None:
    played.play(played.own, 0, labels=20, correct=70)
    played.play(played.chance, 0, labels=20, correct=70)
    with django_assert_num_queries(6):
        assert len(played.rounds()) == 1
    for number in (1, 2):
        played.play(played.own, number, labels=20, correct=70)
        played.play(played.chance, number, labels=20, correct=70)
    with django_assert_num_queries(6):
        assert len(played.rounds()) == 3


def address(played: Played, beside: Any = "") -> str:
    base = f"/o/{played.project.organization.slug}/projects/{played.project.slug}"
    return f"{base}/schedules/{played.own.pk}/rounds/" + (f"?beside={beside}" if beside else "")


def test_the_page_says_plainly_where_the_choice_lost_to_chance(played: Played, page: Any) -> None:
    for number, (own, chance) in enumerate([(70, 75), (85, 80), (90, 91)]):
        played.play(played.own, number, labels=20 * (number + 1), correct=own)
        played.play(played.chance, number, labels=20 * (number + 1), correct=chance)
    client = page(member(played.project.organization, Role.VIEWER, played.project))
    answer = client.get(address(played, played.chance.pk))
    assertContains(answer, "In rounds 1, 3 labels drawn by lot gave the better model, by up to 5.0 points.")
    assertContains(answer, "chance did better", count=2)
    assertContains(answer, "<svg")
    assertNotContains(client.get(address(played)), "chance did better")


def test_the_page_says_when_the_choice_never_lost(played: Played, page: Any) -> None:
    for schedule, correct in ((played.own, 80), (played.chance, 80)):
        played.play(schedule, 0, labels=20, correct=correct)
    client = page(member(played.project.organization, Role.MANAGER))
    assertContains(client.get(address(played, played.chance.pk)), "at least as well as chance")


def test_before_the_first_round_the_page_says_what_a_round_is(played: Played, page: Any) -> None:
    client = page(member(played.project.organization, Role.MANAGER))
    assertContains(client.get(address(played)), "No rounds yet")


@pytest.mark.parametrize("beside", ["x", "0", "-1", "9" * 30, "foreign"])
def test_a_schedule_beside_that_is_none_of_the_project_s_is_not_found(
    played: Played, page: Any, beside: str
) -> None:
    client = page(member(played.project.organization, Role.MANAGER))
    wanted = str(ScheduleFactory().pk) if beside == "foreign" else beside
    assert client.get(address(played, wanted)).status_code == 404


def test_a_script_reads_the_rounds(played: Played, api: Any) -> None:
    played.play(played.own, 0, labels=20, correct=70)
    played.play(played.chance, 0, labels=20, correct=72)
    client = api(token(played.project.organization, played.project)[1])
    url = f"/api/v1/projects/{played.project.slug}/schedules/{played.own.pk}/rounds"
    [row] = client.get(f"{url}?beside={played.chance.pk}").json()
    wanted = {
        "round": 1,
        "labels": 20,
        "accuracy": 0.7,
        "accuracy_random_labels": 0.72,
        "chance_better": True,
    }
    assert {key: row[key] for key in wanted} == wanted
    assert client.get(f"{url}?beside=x").status_code == 422
    assert client.get(f"{url}?beside={ScheduleFactory().pk}").status_code == 404
    elsewhere = StreamFactory()
    stranger = api(token(elsewhere.organization, elsewhere.project)[1])
    assert stranger.get(url).status_code == 404
