"""Decisions through their doors: the page clause by clause, the signature, and "may I deploy?" for machines."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from slices.gates.actions import sign
from slices.models import Decision, SignOff
from slices.placements.actions import create_placement
from teams.identity.roles import Role
from tests.factories import (
    DecisionFactory,
    ModelVersionFactory,
    ScheduleFactory,
    StreamFactory,
    TickFactory,
    member,
    token,
)
from tests.slices.judged import World


@pytest.fixture
def world(db: None) -> World:
    world = World()
    world.judge("1", wrong=15)
    return world


def decision_of(world: World, version: str = "1") -> Decision:
    return Decision.objects.filter(model_version__version=version).order_by("-pk")[0]


def address(world: World, *rest: Any) -> str:
    parts = "".join(f"{part}/" for part in rest)
    return f"/o/{world.organization.slug}/projects/{world.project.slug}/{parts}"


def decision_url(world: World, decision: Decision) -> str:
    return address(world, "placements", "shelf", "decisions", decision.pk)


def test_the_page_says_every_clause_with_its_numbers(
    world: World, page: Any, django_assert_num_queries: Any
) -> None:
    world.judge("2", wrong=45)
    decision = decision_of(world, "2")
    client = page(member(world.organization, Role.VIEWER, world.project))
    url = decision_url(world, decision)
    client.get(url)
    with django_assert_num_queries(6):
        answer = client.get(url)
    for clause in decision.clauses:
        assertContains(answer, clause["sentence"])
    for number in ("−10.0 points", "Tango (1998), one-sided", "Wilson (1927), one-sided", "80.0%"):
        assertContains(answer, number)
    assertContains(answer, "Only a pass can be signed.")
    assertContains(answer, decision.evaluation.snapshot.manifest_sha256)


def test_who_may_sign_signs_on_the_page(world: World, page: Any) -> None:
    decision = decision_of(world)
    client = page(member(world.organization, Role.MANAGER))
    url = decision_url(world, decision)
    assertContains(client.get(url), "Sign this decision")
    refused = client.post(f"{url}sign/", {"stage": "production", "reason": " "})
    assert (refused.status_code, SignOff.objects.count()) == (422, 0)
    assertContains(refused, "Clause by clause", status_code=422)
    answer = client.post(f"{url}sign/", {"stage": "production", "reason": "Looked at forty tags."})
    assert (answer.status_code, answer["Location"]) == (303, url)
    assert world.now() == ("production", "1")
    shown = client.get(url)
    assertContains(shown, "Looked at forty tags.")
    assertContains(shown, SignOff.objects.get().signed_sha256)
    assertContains(client.get(address(world, "placements", "shelf")), "signed digits@1 into production")


@pytest.mark.parametrize("stage", ["shadow", "human_fallback", "moon", ""])
def test_a_forged_stage_is_a_message_on_the_form(world: World, page: Any, stage: str) -> None:
    client = page(member(world.organization, Role.MANAGER))
    url = decision_url(world, decision_of(world)) + "sign/"
    assert client.post(url, {"stage": stage, "reason": "Yes"}).status_code == 422
    assert world.now() == ("internal_recommendation", "1")


def test_who_may_not_sign_is_not_asked_and_is_refused(world: World, page: Any) -> None:
    client = page(member(world.organization, Role.REVIEWER, world.project))
    url = decision_url(world, decision_of(world))
    assertNotContains(client.get(url), "Sign this decision")
    assert client.post(f"{url}sign/", {"stage": "production", "reason": "Me!"}).status_code == 403
    manager = page(member(world.organization, Role.MANAGER))
    assert manager.get(f"{url}sign/").status_code == 405
    assert SignOff.objects.count() == 0


def test_from_outside_there_is_nothing(world: World, page: Any) -> None:
    url = decision_url(world, decision_of(world))
    elsewhere = StreamFactory()
    foreign = page(member(elsewhere.organization, Role.OWNER))
    own = url.replace(world.organization.slug, elsewhere.organization.slug).replace(
        world.project.slug, elsewhere.project.slug
    )
    ungranted = page(member(world.organization, Role.LABELER))
    signing = {"stage": "production", "reason": "Me!"}
    answers = [foreign.get(url), foreign.get(own), foreign.post(f"{own}sign/", signing), ungranted.get(url)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert SignOff.objects.count() == 0


def test_the_page_of_a_placement_shows_what_the_gate_said(
    world: World, page: Any, django_assert_num_queries: Any
) -> None:
    client = page(member(world.organization, Role.MANAGER))
    url = address(world, "placements", "shelf")
    client.get(url)
    with django_assert_num_queries(13):
        assertContains(client.get(url), "Every clause passed.")
    for _ in range(2):
        DecisionFactory(gate=world.gate, model_version__name="digits", outcome="fail")
    with django_assert_num_queries(13):
        assertContains(
            client.get(url), 'href="' + address(world, "placements", "shelf", "decisions"), count=3
        )


def test_a_script_asks_whether_it_may_deploy(world: World, api: Any) -> None:
    client = api(token(world.organization, world.project)[1])
    model = decision_of(world).model_version
    url = f"/api/v1/model-versions/{model.pk}/decision"
    body = client.get(url).json()
    assert (body["may_deploy_to"], body["needs_signature_for"]) == ("internal_recommendation", ["production"])
    assert body["model_version"]["version"] == "1"
    [decision] = body["decisions"]
    assert (decision["outcome"], decision["placement"], decision["champion"]) == ("pass", "shelf", None)
    assert [clause["id"] for clause in decision["clauses"]] == [
        "enough",
        "good",
        "not_worse",
        "drawn_by_lot",
        "no_leak",
    ]
    assert body["boundary"].startswith("Sluice never runs or deploys a model.")
    owner = member(world.organization, Role.OWNER)
    sign(decision=decision_of(world), stage="production", reason="Looked at forty tags.", by=owner)
    body = client.get(url).json()
    assert (body["may_deploy_to"], body["needs_signature_for"]) == ("production", [])
    assert body["decisions"][0]["signatures"][0]["signed_sha256"] == SignOff.objects.get().signed_sha256


def test_a_model_that_failed_may_be_deployed_nowhere(world: World, api: Any) -> None:
    world.judge("2", wrong=45)
    client = api(token(world.organization, world.project)[1])
    body = client.get(f"/api/v1/model-versions/{decision_of(world, '2').model_version_id}/decision").json()
    assert (body["may_deploy_to"], body["decisions"][0]["outcome"]) == (None, "fail")


def test_a_model_that_no_gate_saw_may_be_deployed_nowhere(world: World, api: Any) -> None:
    client = api(token(world.organization, world.project)[1])
    model = ModelVersionFactory(project=world.project)
    body = client.get(f"/api/v1/model-versions/{model.pk}/decision").json()
    assert (body["may_deploy_to"], body["decisions"], body["needs_signature_for"]) == (None, [], [])


def test_a_script_of_another_organization_or_project_learns_nothing(world: World, api: Any) -> None:
    elsewhere = StreamFactory()
    sibling = StreamFactory(project__organization=world.organization)
    url = f"/api/v1/model-versions/{decision_of(world).model_version_id}/decision"
    for organization, project in (
        (elsewhere.organization, elsewhere.project),
        (world.organization, sibling.project),
    ):
        assert api(token(organization, project)[1]).get(url).status_code == 404


def test_a_signature_is_only_asked_for_where_it_opens_more(world: World, page: Any) -> None:
    client = page(member(world.organization, Role.MANAGER))
    url = decision_url(world, decision_of(world))
    assertNotContains(client.get(url), 'value="internal_recommendation"')
    client.post(f"{url}sign/", {"stage": "production", "reason": "Yes"})
    assertNotContains(client.get(url), "Sign this decision")


def test_a_pass_that_moved_nothing_says_why(world: World, page: Any) -> None:
    sign(
        decision=decision_of(world),
        stage="production",
        reason="Yes",
        by=member(world.organization, Role.OWNER),
    )
    world.judge("2", wrong=12)
    client = page(member(world.organization, Role.MANAGER))
    answer = client.get(decision_url(world, decision_of(world, "2")))
    assertContains(answer, "A model in production stays until somebody signs the next one.")


def test_the_project_s_page_says_how_ready_it_is(
    world: World, page: Any, django_assert_num_queries: Any
) -> None:
    slices = {"slice": world.train.slice, "eval_slice": world.held_out.slice}
    schedule = ScheduleFactory(name="nightly", state="paused", **slices)
    TickFactory(schedule=schedule, verdict="skipped", reason="min_new", facts={"new": 41, "needs": 50})
    client = page(member(world.organization, Role.VIEWER, world.project))
    url = address(world)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        answer = client.get(url)
    for words in (
        "How ready it is",
        "No next run",
        "skipped: 41 new labels, needs 50",
        "digits@1",
        "Last run",
    ):
        assertContains(answer, words)
    for n in range(2):
        TickFactory(schedule=ScheduleFactory(name=f"other {n}", next_due_at=timezone.now(), **slices))
        placement = create_placement(
            project=world.project, name=f"P{n}", slug=f"p{n}", model_name="digits", by=None
        )
        DecisionFactory(gate__placement=placement, model_version__name="digits", outcome="fail")
    with django_assert_num_queries(len(one)):
        assertContains(client.get(url), "Next run", count=2)
