"""Today's production model becomes the first champion of its placement, with lineage `external`, once."""

from __future__ import annotations

from typing import Any

import pytest

from projects.models import ModelVersion
from slices.models import Placement, StageMove
from slices.placements import actions
from slices.placements.saying import sentence
from teams.access.actions import issue_token
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import ModelVersionFactory, ProjectFactory, RunFactory, member

URL = "/api/v1/projects/digits/placements/shelf"
SAID = {
    "version": "2024-11",
    "digest": "abc",
    "uri": "s3://models/old",
    "stage": "shadow",
    "reason": "In use.",
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def placement() -> Placement:
    project = ProjectFactory(slug="digits")
    return actions.create_placement(project=project, name="Shelf", slug="shelf", model_name="digits", by=None)


@pytest.fixture
def adopt(placement: Placement, api: Any) -> Any:
    verbs = ["projects.view_project", "projects.manage_project", "projects.sign_project"]

    def send(by: Any, verbs: Any = verbs, **changes: Any) -> Any:
        _row, text = issue_token(organization=placement.organization, user=by, name="x", verbs=verbs, by=by)
        return api(text).post(f"{URL}/adopt", SAID | changes, content_type="application/json")

    return send


def test_a_model_from_outside_applies_and_says_where_it_is_from(adopt: Any, placement: Placement) -> None:
    by = member(placement.organization, Role.MANAGER)
    answer = adopt(by, stage="internal_recommendation")
    assert answer.status_code == 200, answer.json()
    said = answer.json()
    assert (said["stage"], said["people_decide"]) == ("internal_recommendation", False)
    assert {
        name: said["model_version"][name] for name in ("name", "version", "digest", "uri", "lineage")
    } == {
        "name": "digits",
        "version": "2024-11",
        "digest": "abc",
        "uri": "s3://models/old",
        "lineage": "external",
    }
    move = StageMove.objects.order_by("-pk")[0]
    assert (move.kind, move.reason, move.by) == ("adopted", "In use.", by)
    assert sentence(move) == "adopted digits@2024-11 from outside in internal recommendation"
    event = Event.objects.get(kind="placement.adopted")
    assert event.data == {"model_version": ModelVersion.objects.get().pk, "stage": "internal_recommendation"}


def test_above_internal_recommendation_a_person_who_may_sign_says_so(
    adopt: Any, placement: Placement
) -> None:
    person = member(placement.organization, Role.OWNER)
    unsigned = adopt(person, ["projects.view_project", "projects.manage_project"], stage="production")
    assert (unsigned.status_code, ModelVersion.objects.count()) == (403, 0)
    assert adopt(person, stage="production").json()["stage"] == "production"


def test_only_the_first_model_comes_in_without_a_gate(adopt: Any, placement: Placement) -> None:
    by = member(placement.organization, Role.OWNER)
    assert adopt(by).status_code == 200
    for again in (adopt(by), adopt(by, version="other")):
        assert (again.status_code, "comes through a gate" in again.json()["detail"]) == (409, True)
    actions.human_fallback(placement=placement, reason="Broken.", by=by)
    assert adopt(by, version="third").status_code == 409, "taking it back opens the way for no other"


def test_what_was_trained_here_is_not_from_outside(adopt: Any, placement: Placement) -> None:
    model = ModelVersionFactory(project=placement.project, version="7", digest="")
    RunFactory(project=placement.project, model_version=model)
    answer = adopt(member(placement.organization, Role.OWNER), version="7", digest="")
    assert (answer.status_code, "was trained here" in answer.json()["detail"]) == (409, True)
    model.refresh_from_db()
    assert model.lineage == ""


@pytest.mark.parametrize(
    "changes", [{"stage": "human_fallback"}, {"reason": ""}, {"version": ""}, {"digest": None}, {"what": 1}]
)
def test_what_makes_no_sense_changes_nothing(adopt: Any, placement: Placement, changes: Any) -> None:
    assert adopt(member(placement.organization, Role.OWNER), **changes).status_code == 422
    assert (ModelVersion.objects.count(), StageMove.objects.count()) == (0, 1)


def test_a_manager_adopts_at_the_desk(page: Any, placement: Placement) -> None:
    browser = page(member(placement.organization, Role.OWNER))
    made = browser.get("/admin/slices/placement/").context
    chosen = {"action": "adopt", "_selected_action": placement.pk, "deed_form": "1", "stage": "production"}
    said = SAID | chosen | {made["desk_field"]: made["desk_here"]}
    browser.post("/admin/slices/placement/", said, follow=True)
    placement.refresh_from_db()
    assert (placement.stage, str(placement.model_version)) == ("production", "digits@2024-11")
