"""Gates: clause by clause, missing evidence is never a pass, and a pass moves a placement only forwards."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from slices.gates import actions
from slices.gates.promotion import may_deploy_to
from slices.models import Decision, Gate, Run
from slices.placements.actions import create_placement
from teams.identity.refused import Refused
from teams.models import Event
from tests.factories import ProjectFactory
from tests.slices.judged import CHECKS, World, kinds, results, with_champion


@pytest.mark.django_db
def test_the_first_good_model_passes_and_is_recommended_internally() -> None:
    world = World()
    decision = world.judge("1", wrong=15)
    assert decision.outcome == "pass"
    assert results(decision) == {
        "enough": "pass",
        "good": "pass",
        "not_worse": "not_applicable",
        "drawn_by_lot": "pass",
        "no_leak": "pass",
    }
    assert world.now() == ("internal_recommendation", "1")
    assert may_deploy_to(decision) == "internal_recommendation"
    assert Event.objects.get(kind="decision.made").data["outcome"] == "pass"
    assert kinds() == ["made", "promoted"]


@pytest.mark.django_db
def test_every_clause_keeps_its_numbers_and_a_sentence() -> None:
    clause = World().judge("1", wrong=15).clauses[1]
    assert clause["numbers"] == {
        "n": 300,
        "correct": 285,
        "value": 0.95,
        "low": pytest.approx(0.92498, abs=1e-5),
        "high": pytest.approx(0.96697, abs=1e-5),
        "min": 0.8,
        "level": 0.95,
        "method": "Wilson (1927), one-sided",
    }
    assert clause["sentence"] == (
        "95.0% of 300 examples were right."
        " The true share is at least 92.5% (95% confidence); 80.0% is asked for."
    )


@pytest.mark.django_db
def test_a_bad_first_model_fails_and_moves_nothing() -> None:
    world = World()
    decision = world.judge("1", wrong=90)
    assert (decision.outcome, results(decision)["good"]) == ("fail", "fail")
    assert (world.now(), may_deploy_to(decision)) == (("human_fallback", ""), None)


@pytest.mark.django_db
def test_an_example_without_an_answer_counts_as_wrong() -> None:
    world = World(size=100)
    model = world.model("1")
    world.examples, unanswered = world.examples[:70], world.examples[70:]
    world.evaluate(model)
    call_command("work", "--all", "--once")
    numbers = world.last_word(model).clauses[1]["numbers"]
    assert (len(unanswered), numbers["correct"], numbers["n"]) == (30, 70, 100)


@pytest.mark.django_db
def test_too_few_examples_are_inconclusive_with_how_many_are_missing() -> None:
    world = World(size=30)
    decision = world.judge("1")
    clause = decision.clauses[0]
    assert (decision.outcome, clause["result"], clause["numbers"]["more"]) == (
        "inconclusive",
        "inconclusive",
        20,
    )
    assert world.now() == ("human_fallback", "")


@pytest.mark.django_db
def test_what_is_near_the_threshold_says_how_many_more_would_decide() -> None:
    decision = World(size=60).judge("1", wrong=8)
    clause = decision.clauses[1]
    assert clause["result"] == "inconclusive"
    assert clause["numbers"]["more"] > 0
    assert "more examples would decide" in clause["sentence"]


@pytest.mark.django_db
def test_a_slice_that_is_not_drawn_by_lot_is_inconclusive() -> None:
    world = World(random_only=False)
    decision = world.judge("1")
    assert (decision.outcome, results(decision)["drawn_by_lot"]) == ("inconclusive", "inconclusive")
    assert world.now() == ("human_fallback", "")


@pytest.mark.django_db
def test_a_model_trained_on_an_example_of_the_evaluation_fails() -> None:
    world = World()
    decision = world.judge("1", trained_on=world.snapshot)
    assert (decision.outcome, results(decision)["no_leak"]) == ("fail", "fail")
    assert decision.clauses[-1]["numbers"] == {"shared": 300}


@pytest.mark.django_db
def test_a_model_whose_training_nobody_knows_is_inconclusive() -> None:
    decision = World().judge("1", known=False)
    assert (decision.outcome, results(decision)["no_leak"]) == ("inconclusive", "inconclusive")


@pytest.mark.django_db
def test_an_identical_candidate_is_not_rejected_and_takes_the_place() -> None:
    world = with_champion()
    decision = world.judge("2", wrong=15)
    assert (decision.outcome, results(decision)["not_worse"]) == ("pass", "pass")
    assert decision.champion.version == "1"
    assert world.now() == ("internal_recommendation", "2")


@pytest.mark.django_db
def test_a_candidate_ten_points_worse_is_rejected() -> None:
    world = with_champion()
    decision = world.judge("2", wrong=45)
    clause = decision.clauses[2]
    assert (decision.outcome, clause["result"]) == ("fail", "fail")
    assert (clause["numbers"]["gained"], clause["numbers"]["lost"]) == (0, 30)
    assert clause["numbers"]["high"] < -0.03
    assert world.now() == ("internal_recommendation", "1")


@pytest.mark.django_db
def test_a_difference_that_could_be_luck_is_inconclusive() -> None:
    world = with_champion()
    decision = world.judge("2", wrong=20, first=10)
    assert (decision.outcome, results(decision)["not_worse"]) == ("inconclusive", "inconclusive")
    assert world.now() == ("internal_recommendation", "1")


@pytest.mark.django_db
def test_a_champion_not_evaluated_there_is_asked_for_and_then_it_is_decided() -> None:
    world = with_champion()
    champion = Decision.objects.get().model_version
    newer = world.frozen()
    candidate = world.model("2")
    world.evaluate(candidate, snapshot=newer)
    call_command("work", "--all", "--once")
    first = world.last_word(candidate)
    assert (first.outcome, first.champion_evaluation) == ("inconclusive", None)
    assert "has not been evaluated on these examples yet" in first.clauses[2]["sentence"]
    run = Run.objects.get(kind="evaluation")
    assert (run.model_version, run.eval_snapshot, run.state) == (champion, newer, "queued")

    answer = world.evaluate(champion, wrong=15, snapshot=newer)
    call_command("work", "--all", "--once")
    second = world.last_word(candidate)
    assert (second.pk > first.pk, second.outcome, second.champion_evaluation) == (True, "pass", answer)
    assert world.now() == ("internal_recommendation", "2")
    assert (
        Decision.objects.filter(model_version=champion).count() == 1
    )  # it is no candidate for its own place


@pytest.mark.django_db
def test_asking_for_the_champion_twice_is_one_run() -> None:
    world = with_champion()
    newer = world.frozen()
    for version in ("2", "3"):
        world.evaluate(world.model(version), snapshot=newer)
    call_command("work", "--all", "--once")
    assert Run.objects.filter(kind="evaluation").count() == 1
    assert Decision.objects.filter(outcome="inconclusive").count() == 2


@pytest.mark.django_db
def test_the_model_in_use_is_no_candidate() -> None:
    world = with_champion()
    champion = Decision.objects.get().evaluation
    with pytest.raises(Refused, match="in use here"):
        actions.decide(gate=world.gate, evaluation=champion, by=None)


@pytest.mark.django_db
def test_models_of_another_name_are_none_of_the_gate_s_business() -> None:
    world = World()
    model = world.model("1")
    type(model).objects.update(name="digits-control")
    model.refresh_from_db()
    world.evaluate(model)
    call_command("work", "--all", "--once")
    assert Decision.objects.count() == 0


@pytest.mark.django_db
def test_an_older_model_that_passes_late_does_not_replace_a_newer_one() -> None:
    world = World()
    older, newer = world.model("1"), world.model("2")
    world.evaluate(newer, wrong=15)
    call_command("work", "--all", "--once")
    world.evaluate(older, wrong=12)
    call_command("work", "--all", "--once")
    assert world.last_word(older).outcome == "pass"
    assert world.now() == ("internal_recommendation", "2")


@pytest.mark.django_db(transaction=True)
def test_of_two_that_come_at_once_the_second_is_held_to_the_first() -> None:
    world = World()
    evaluations = [world.evaluate(world.model(version), wrong=15) for version in ("1", "2")]

    def judge(evaluation: Any) -> None:
        try:
            actions.decide(gate=Gate.objects.get(), evaluation=evaluation)
        finally:
            connection.close()

    judges = [threading.Thread(target=judge, args=[evaluation]) for evaluation in evaluations]
    for thread in judges:
        thread.start()
    for thread in judges:
        thread.join()
    first, second = Decision.objects.order_by("pk")
    assert (first.champion, second.champion) == (None, first.model_version)
    assert [decision.outcome for decision in (first, second)] == ["pass", "pass"]
    assert world.now() == ("internal_recommendation", "2")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("checks", "sentence"),
    [
        ([], "let everything through"),
        ([{"id": "x", "type": "roc_area", "min": 0.9}], "roc_area.*Known types"),
        ([{"id": "x", "min": 0.9}], "cannot be read"),
        ([{"type": "min_sample", "n": 5}], "missing required field `id`"),
        ([{"id": "x", "type": "min_sample", "n": 0}], "cannot be read"),
        ([{"id": "x", "type": "min_sample", "n": "5"}], "cannot be read"),
        ([{"id": "x", "type": "min_sample", "n": 5, "m": 5}], "unknown field `m`"),
        ([{"id": "x", "type": "absolute", "min": 1.5}], "cannot be read"),
        ([{"id": "x", "type": "absolute", "min": 0.9, "metric": "f1"}], "f1"),
        ([{"id": "x", "type": "absolute", "min": 0.9, "level": 0.4}], "cannot be read"),
        ([{"id": "x", "type": "non_inferior", "margin": 0}], "cannot be read"),
        ([{"id": "x", "type": "min_sample", "n": 5}, {"id": "x", "type": "absolute", "min": 0.9}], "same id"),
        ("pass", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_checks_that_cannot_be_read_make_no_gate(checks: Any, sentence: str) -> None:
    placement = create_placement(
        project=ProjectFactory(), name="Shelf", slug="shelf", model_name="digits", by=None
    )
    with pytest.raises(Refused, match=sentence):
        actions.create_gate(placement=placement, name="Gate", checks=checks, by=None)
    assert Gate.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["production", "human_fallback", "moon"])
def test_a_gate_by_itself_goes_no_further_than_internal_recommendation(stage: str) -> None:
    placement = create_placement(
        project=ProjectFactory(), name="Shelf", slug="shelf", model_name="digits", by=None
    )
    with pytest.raises(Refused, match="a person signs"):
        actions.create_gate(placement=placement, name="Gate", checks=CHECKS, auto_stage=stage, by=None)


@pytest.mark.django_db
def test_a_placement_has_one_gate() -> None:
    world = World(size=1)
    with pytest.raises(Refused, match="already has a gate"):
        actions.create_gate(placement=world.placement, name="Another", checks=CHECKS, by=None)
