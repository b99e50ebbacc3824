"""A person signs a pass into production: over what was decided, with a reason, and only while it is the last word."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from slices.gates import actions
from slices.gates.promotion import may_deploy_to
from slices.gates.signing import signed_sha256
from slices.models import Decision, Gate, SignOff, StageMove
from slices.placements.actions import human_fallback, roll_back
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import MembershipFactory, ProjectFactory, UserFactory, member
from tests.slices.judged import World, kinds, with_champion


def signed_in(world: World, version: str = "1", by: Any = None) -> SignOff:
    """Version `version` signed into production."""
    decision = Decision.objects.filter(model_version__version=version).order_by("-pk")[0]
    by = by or member(world.organization, Role.MANAGER)
    return actions.sign(decision=decision, stage="production", reason="Looked at forty tags.", by=by)


@pytest.mark.django_db
def test_a_person_signs_a_pass_into_production() -> None:
    world = with_champion()
    manager = member(world.organization, Role.MANAGER)
    signature = signed_in(world, by=manager)
    decision = signature.decision
    assert world.now() == ("production", "1")
    assert signature.signed_sha256 == signed_sha256(decision, "production")
    assert (signature.move.by, signature.move.kind, signature.move.reason) == (
        manager,
        "signed",
        "Looked at forty tags.",
    )
    assert may_deploy_to(decision, ["production"]) == "production"
    assert Event.objects.filter(kind="decision.signed", by=manager).count() == 1
    with pytest.raises(Refused, match="signed already"):
        signed_in(world, by=manager)


@pytest.mark.django_db
def test_a_signature_is_over_everything_that_was_decided() -> None:
    world = with_champion()
    decision = Decision.objects.get()
    before = signed_sha256(decision, "production")
    assert signed_sha256(decision, "internal_recommendation") != before
    decision.model_version.digest = "other"
    assert signed_sha256(decision, "production") != before
    again = Decision.objects.get()
    again.clauses[0]["numbers"]["n"] = 299
    assert signed_sha256(again, "production") != before
    assert world.now() == ("internal_recommendation", "1")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "labeler", "viewer", "service", "stranger"])
def test_only_a_person_who_may_sign_can_sign(who: str) -> None:
    world = with_champion()
    service = UserFactory(is_service=True)
    MembershipFactory(organization=world.organization, user=service, role=Role.MANAGER)
    by = {
        "nobody": None,
        "labeler": member(world.organization, Role.LABELER, world.project),
        "viewer": member(world.organization, Role.VIEWER, world.project),
        "service": service,
        "stranger": member(ProjectFactory().organization, Role.OWNER),
    }[who]
    with pytest.raises(Refused, match="Only a person who may sign"):
        actions.sign(decision=Decision.objects.get(), stage="production", reason="I like it.", by=by)
    assert world.now() == ("internal_recommendation", "1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stage", "reason", "sentence"),
    [
        ("production", " ", "Say why"),
        ("shadow", "Yes", "nothing to sign"),
        ("moon", "Yes", "nothing to sign"),
    ],
)
def test_a_signature_needs_a_reason_and_a_stage(stage: str, reason: str, sentence: str) -> None:
    world = with_champion()
    with pytest.raises(Refused, match=sentence):
        actions.sign(
            decision=Decision.objects.get(),
            stage=stage,
            reason=reason,
            by=member(world.organization, Role.OWNER),
        )
    assert (SignOff.objects.count(), world.now()) == (0, ("internal_recommendation", "1"))


@pytest.mark.django_db
@pytest.mark.parametrize(("size", "wrong", "outcome"), [(300, 90, "fail"), (30, 0, "inconclusive")])
def test_only_a_pass_can_be_signed(size: int, wrong: int, outcome: str) -> None:
    world = World(size=size)
    assert world.judge("1", wrong=wrong).outcome == outcome
    with pytest.raises(Refused, match="Only a pass"):
        signed_in(world)


@pytest.mark.django_db
def test_a_pass_under_an_older_gate_can_no_longer_be_signed() -> None:
    world = with_champion()
    Gate.objects.update(version=2)
    with pytest.raises(Refused, match="has changed since"):
        signed_in(world)


@pytest.mark.django_db
def test_an_older_decision_on_the_same_model_can_no_longer_be_signed() -> None:
    world = with_champion()
    older = Decision.objects.get()
    human_fallback(placement=world.placement, reason="To look again.", by=None)
    actions.decide(gate=world.gate, evaluation=older.evaluation)
    with pytest.raises(Refused, match="newer decision"):
        actions.sign(
            decision=older, stage="production", reason="Yes", by=member(world.organization, Role.OWNER)
        )


@pytest.mark.django_db
def test_production_keeps_its_model_until_the_next_one_is_signed() -> None:
    world = with_champion()
    signed_in(world)
    decision = world.judge("2", wrong=12)
    assert (decision.outcome, may_deploy_to(decision)) == ("pass", "internal_recommendation")
    assert world.now() == ("production", "1")
    signed_in(world, "2")
    assert world.now() == ("production", "2")
    assert kinds() == ["made", "promoted", "signed", "signed"]


@pytest.mark.django_db
def test_what_was_compared_with_yesterday_s_production_cannot_be_signed_over_today_s() -> None:
    world = with_champion()
    signed_in(world)
    world.judge("2", wrong=12)
    world.judge("3", wrong=12)
    signed_in(world, "3")
    with pytest.raises(Refused, match="was not compared with it"):
        signed_in(world, "2")


@pytest.mark.django_db
def test_after_a_person_took_over_a_pass_moves_nothing_until_somebody_signs() -> None:
    world = with_champion()
    world.judge("2", wrong=15)
    roll_back(placement=world.placement, reason="It misreads sevens.", by=None)
    assert world.now() == ("internal_recommendation", "1")
    decision = world.judge("3", wrong=12)
    assert (decision.outcome, world.now()) == ("pass", ("internal_recommendation", "1"))
    actions.sign(
        decision=decision,
        stage="internal_recommendation",
        reason="Sevens are fine.",
        by=member(world.organization, Role.OWNER),
    )
    assert world.now() == ("internal_recommendation", "3")
    assert world.judge("4", wrong=12).outcome == "pass"
    assert world.now() == ("internal_recommendation", "4")


@pytest.mark.django_db
def test_where_people_decide_on_purpose_no_gate_puts_a_model() -> None:
    world = with_champion()
    human_fallback(placement=world.placement, reason="Incident.", by=member(world.organization, Role.MANAGER))
    decision = world.judge("2", wrong=12)
    assert (decision.outcome, world.now()) == ("pass", ("human_fallback", ""))


@pytest.mark.django_db
def test_a_decision_and_a_signature_are_never_changed() -> None:
    world = with_champion()
    signed_in(world)
    changes = [
        lambda: Decision.objects.update(outcome="fail"),
        lambda: SignOff.objects.update(reason="other"),
        lambda: SignOff.objects.all().delete(),
        lambda: StageMove.objects.update(reason="other"),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert world.now() == ("production", "1")
