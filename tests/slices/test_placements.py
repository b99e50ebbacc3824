"""Placements: every move is on record, and the ways back are never closed by a gate."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from pytest_django.asserts import assertContains, assertNotContains

from projects.models import ModelVersion
from slices.models import Placement, StageMove
from slices.placements import actions
from slices.placements.history import before, held_by
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import ModelVersionFactory, ProjectFactory, StreamFactory, member, token


@pytest.fixture
def placement(db: None) -> Placement:
    return actions.create_placement(
        project=ProjectFactory(),
        name="Shelf",
        slug="shelf",
        model_name="digits",
        confidence_floor=0.6,
        by=None,
    )


def version(placement: Placement, name: str) -> ModelVersion:
    known = placement.project.model_versions.filter(version=name).first()
    return known or ModelVersionFactory(project=placement.project, version=name)


def move(placement: Placement, stage: str, name: str) -> StageMove:
    return actions.move(
        placement=placement, stage=stage, model_version=version(placement, name), reason="Because.", by=None
    )


def state(placement: Placement) -> tuple[str, str]:
    placement.refresh_from_db()
    return placement.stage, placement.model_version.version if placement.model_version else ""


def test_a_new_placement_is_in_people_s_hands(placement: Placement) -> None:
    assert state(placement) == ("human_fallback", "")
    assert [(row.kind, row.stage) for row in placement.moves.all()] == [("made", "human_fallback")]
    with pytest.raises(Refused, match="with this address"):
        actions.create_placement(
            project=placement.project, name="Other", slug="shelf", model_name="x", by=None
        )


def test_a_move_is_written_down_with_its_reason_and_said(placement: Placement) -> None:
    by = member(placement.organization, Role.MANAGER)
    since = placement.since
    model = version(placement, "1")
    done = actions.move(
        placement=placement, stage="shadow", model_version=model, reason=" Let us see. ", by=by
    )
    assert state(placement) == ("shadow", "1")
    assert (done.reason, done.by, done.kind) == ("Let us see.", by, "moved")
    assert placement.since > since
    event = Event.objects.get(kind="placement.moved")
    assert (event.by, event.data["before"], event.data["stage"]) == (by, "human_fallback", "shadow")


def test_what_cannot_be_a_move_is_refused_and_changes_nothing(placement: Placement) -> None:
    other = ModelVersionFactory(project=placement.project, name="digits-control")
    foreign = ModelVersionFactory(name="digits")
    own = version(placement, "1")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"stage": "shadow", "model_version": own, "reason": "  "}, "Say why"),
        ({"stage": "moon", "model_version": own, "reason": "Yes"}, "no such stage"),
        ({"stage": "shadow", "model_version": None, "reason": "Yes"}, "needs a model"),
        ({"stage": "human_fallback", "model_version": own, "reason": "Yes"}, "needs a model"),
        ({"stage": "shadow", "model_version": other, "reason": "Yes"}, "Only versions of digits"),
        ({"stage": "shadow", "model_version": foreign, "reason": "Yes"}, "Only versions of digits"),
    ]
    for values, sentence in cases:
        with pytest.raises(Refused, match=sentence):
            actions.move(placement=placement, by=None, **values)
    assert (state(placement), placement.moves.count()) == (("human_fallback", ""), 1)


def test_rolling_back_returns_to_the_model_before_with_its_stage(placement: Placement) -> None:
    move(placement, "internal_recommendation", "1")
    move(placement, "production", "1")
    move(placement, "production", "2")
    done = actions.roll_back(placement=placement, reason="It misreads sevens.", by=None)
    assert state(placement) == ("production", "1")
    assert (done.kind, done.reason) == ("rolled_back", "It misreads sevens.")


def test_rolling_back_again_goes_further_and_never_to_what_was_taken_back(placement: Placement) -> None:
    for name in ("1", "2", "3"):
        move(placement, "internal_recommendation", name)
    move(placement, "production", "3")
    seen = []
    for _ in range(3):
        actions.roll_back(placement=placement, reason="Worse.", by=None)
        seen.append(state(placement))
    assert seen == [
        ("internal_recommendation", "2"),
        ("internal_recommendation", "1"),
        ("human_fallback", ""),
    ]
    with pytest.raises(Refused, match="nothing to return to"):
        actions.roll_back(placement=placement, reason="Worse.", by=None)


def test_rolling_back_needs_a_reason(placement: Placement) -> None:
    move(placement, "shadow", "1")
    with pytest.raises(Refused, match="Say why"):
        actions.roll_back(placement=placement, reason="", by=None)
    assert state(placement) == ("shadow", "1")


def test_people_take_over_in_one_step_and_can_give_back(placement: Placement) -> None:
    move(placement, "production", "1")
    actions.human_fallback(placement=placement, reason="Incident.", by=None)
    assert state(placement) == ("human_fallback", "")
    with pytest.raises(Refused, match="already decide"):
        actions.human_fallback(placement=placement, reason="Again.", by=None)
    earlier = before(placement)
    assert earlier is not None
    assert (earlier.stage, str(earlier.model_version)) == ("production", "digits@1")
    actions.roll_back(placement=placement, reason="It was the camera.", by=None)
    assert state(placement) == ("production", "1")


def test_a_person_s_step_holds_the_placement_until_the_next_move(placement: Placement) -> None:
    assert held_by(placement) is None
    actions.human_fallback(placement=placement, reason="Not yet.", by=None)
    assert held_by(placement) is not None
    move(placement, "shadow", "1")
    assert held_by(placement) is None


@pytest.mark.django_db(transaction=True)
def test_moves_that_come_at_once_form_one_line() -> None:
    placement = actions.create_placement(
        project=ProjectFactory(), name="Shelf", slug="shelf", model_name="digits", by=None
    )
    models = [version(placement, str(n)) for n in range(6)]

    def step(model: ModelVersion) -> None:
        try:
            actions.move(
                placement=Placement.objects.get(), stage="shadow", model_version=model, reason="Yes", by=None
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=step, args=[model]) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moves = list(placement.moves.order_by("pk"))
    placement.refresh_from_db()
    assert (len(moves), moves[-1].model_version) == (7, placement.model_version)
    befores = [
        event.data["model_version_before"]
        for event in Event.objects.filter(kind="placement.moved").order_by("pk")
    ]
    assert befores == [move.model_version_id for move in moves[:-1]]


def address(placement: Placement, *rest: str) -> str:
    parts = "".join(f"{part}/" for part in rest)
    return f"/o/{placement.organization.slug}/projects/{placement.project.slug}/placements/{parts}"


def test_a_script_asks_which_stage_applies(placement: Placement, api: Any) -> None:
    client = api(token(placement.organization, placement.project)[1])
    url = f"/api/v1/projects/{placement.project.slug}/placements"
    body = client.get(f"{url}/shelf").json()
    assert (body["stage"], body["model_version"], body["people_decide"]) == ("human_fallback", None, True)
    assert body["boundary"].startswith("Sluice never runs or deploys a model.")
    move(placement, "production", "1")
    body = client.get(f"{url}/shelf").json()
    model = version(placement, "1")
    assert (body["stage"], body["people_decide"], body["confidence_floor"]) == ("production", False, 0.6)
    assert body["model_version"] == {
        "id": model.pk, "name": "digits", "version": "1", "digest": model.digest, "uri": "", "lineage": ""
    }  # fmt: skip
    assert client.get(url).json() == {"results": [body], "next": None}


def test_a_script_of_another_organization_finds_none_of_it(placement: Placement, api: Any) -> None:
    elsewhere = StreamFactory()
    client = api(token(elsewhere.organization, elsewhere.project)[1])
    urls = [
        f"/api/v1/projects/{placement.project.slug}/placements",
        f"/api/v1/projects/{placement.project.slug}/placements/shelf",
        f"/api/v1/projects/{elsewhere.project.slug}/placements/shelf",
    ]
    assert {client.get(url).status_code for url in urls} == {404}


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(
    placement: Placement, page: Any, django_assert_num_queries: Any
) -> None:
    client = page(member(placement.organization, Role.MANAGER))
    client.get(address(placement))
    with django_assert_num_queries(5):
        assertContains(client.get(address(placement)), "data-row", count=1)
    for slug in ("two", "three"):
        row = actions.create_placement(
            project=placement.project, name=slug, slug=slug, model_name="digits", by=None
        )
        move(row, "shadow", slug)
    with django_assert_num_queries(5):
        assertContains(client.get(address(placement)), "data-row", count=3)


def test_a_manager_rolls_back_and_hands_over_on_the_page(placement: Placement, page: Any) -> None:
    move(placement, "internal_recommendation", "1")
    move(placement, "production", "2")
    client = page(member(placement.organization, Role.MANAGER))
    answer = client.get(address(placement, "shelf"))
    assertContains(answer, "digits@1 applies again, in internal recommendation.")
    answer = client.post(address(placement, "shelf", "roll-back"), {"reason": "It misreads sevens."})
    assert (answer.status_code, answer["Location"]) == (303, address(placement, "shelf"))
    assert state(placement) == ("internal_recommendation", "1")
    assertContains(client.get(address(placement, "shelf")), "A person took this placement in hand")
    client.post(address(placement, "shelf", "people-decide"), {"reason": ""})
    assertContains(client.get(address(placement, "shelf")), "Say why")
    assert state(placement) == ("internal_recommendation", "1")
    client.post(address(placement, "shelf", "people-decide"), {"reason": "Incident."})
    assert state(placement) == ("human_fallback", "")
    assertContains(client.get(address(placement, "shelf")), "People already decide here.")


@pytest.mark.parametrize("verb", ["roll-back", "people-decide"])
def test_who_may_only_look_is_offered_nothing_and_refused(placement: Placement, page: Any, verb: str) -> None:
    move(placement, "production", "1")
    client = page(member(placement.organization, Role.REVIEWER, placement.project))
    assertNotContains(client.get(address(placement, "shelf")), verb)
    assert client.post(address(placement, "shelf", verb), {"reason": "Me!"}).status_code == 403
    manager = page(member(placement.organization, Role.MANAGER))
    assert manager.get(address(placement, "shelf", verb)).status_code == 405
    assert state(placement) == ("production", "1")


def test_from_outside_there_is_nothing(placement: Placement, page: Any) -> None:
    ungranted = page(member(placement.organization, Role.VIEWER))
    foreign = page(member(StreamFactory().organization, Role.OWNER))
    answers = [
        ungranted.get(address(placement, "shelf")),
        foreign.get(address(placement, "shelf")),
        foreign.post(address(placement, "shelf", "people-decide"), {"reason": "Me!"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
