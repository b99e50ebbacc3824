"""What a model was made of: its run, the snapshot, whose answers those were, and to which version of the questions."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from projects.erasure.actions import erase
from projects.erasure.choosing import Wanted
from slices.definitions.actions import Definition, create_slice, current
from slices.snapshots.actions import freeze
from teams.access.actions import issue_token
from teams.identity.roles import Role
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ModelVersionFactory,
    ProjectFactory,
    QueueFactory,
    RunFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)


@pytest.fixture
def queue() -> Any:
    return QueueFactory(stream=StreamFactory(slug="tags", project=ProjectFactory(slug="digits")))


def answered(queue: Any, author: Any, n: int) -> list[Any]:
    rows = [ExampleFactory(stream=queue.stream) for _ in range(n)]
    for row in rows:
        task = TaskFactory(queue=queue, example=row, state="accepted", open_slots=0)
        AnnotationFactory(task=task, author=author)
    return rows


def trained(queue: Any) -> Any:
    definition = Definition(splits=("train", "val"))
    made = create_slice(stream=queue.stream, slug="all", name="All", definition=definition, by=None)
    snapshot = freeze(slice_version=current(made), role="train", as_of=timezone.now(), by=None)
    project = queue.stream.project
    model = ModelVersionFactory(project=project)
    return RunFactory(
        project=project, snapshot=snapshot, model_version=model, state="succeeded", kind="train", attempt=2
    )


@pytest.mark.django_db
def test_a_model_names_its_snapshot_and_the_shares_of_people_and_of_questions(queue, api) -> None:
    ann, bob = (member(queue.organization) for _ in range(2))
    answered(queue, ann, 3)
    [erased] = answered(queue, bob, 1)
    run = trained(queue)
    script = api(token(queue.organization, queue.stream.project)[1])
    url = f"/api/v1/model-versions/{run.model_version_id}/lineage"
    [made] = script.get(url).json()["runs"]
    assert (made["run"], made["attempt"], made["snapshot"]["manifest_sha256"], made["snapshot"]["grade"]) == (
        run.pk,
        2,
        run.snapshot.manifest_sha256,
        "exact",
    )
    people = [(row["name"], row["n"], row["share"]) for row in made["by_annotator"]]
    assert (people, made["n_answers"]) == ([(None, 3, 0.75), (None, 1, 0.25)], 4)
    assert [(row["n"], row["share"]) for row in made["by_schema"]] == [(4, 1.0)]
    [only] = script.get(url, {"by": "schema"}).json()["runs"]
    assert (only["by_annotator"], only["by_schema"]) == (None, made["by_schema"])
    assert script.get(url, {"by": "colour"}).status_code == 422
    assert script.get("/api/v1/model-versions/999999/lineage").status_code == 404
    wanted = Wanted(ids=(erased.pk,))
    erase(project=queue.stream.project, stream=None, wanted=wanted, by=None)
    call_command("work", "--all", "--once")
    [after] = script.get(url).json()["runs"]
    assert (after["n_answers"], after["snapshot"]["grade"]) == (3, "redacted(1)")
    assert after["by_annotator"] == [made["by_annotator"][0] | {"share": 1.0}]


@pytest.mark.django_db
def test_names_are_told_to_who_may_see_other_peoples_answers(queue, api) -> None:
    ann, owner = member(queue.organization), member(queue.organization, Role.OWNER)
    answered(queue, ann, 2)
    run = trained(queue)
    verbs = ["projects.view_project", "projects.view_answers_project"]
    made = issue_token(organization=queue.organization, user=owner, name="x", verbs=verbs, by=None)
    url = f"/api/v1/model-versions/{run.model_version_id}/lineage?by=annotator"
    [said] = api(made[1]).get(url).json()["runs"]
    assert [(row["name"], row["n"]) for row in said["by_annotator"]] == [(str(ann), 2)]
    assert said["by_schema"] is None


@pytest.mark.django_db
def test_the_page_of_a_run_shows_what_it_was_made_of(queue, page) -> None:
    ann = member(queue.organization)
    answered(queue, ann, 2)
    run = trained(queue)
    here = f"/o/{queue.organization.slug}/projects/digits/runs/{run.pk}/"
    shown = page(member(queue.organization, Role.OWNER)).get(here).content.decode()
    assert ("What it was made of" in shown, str(ann) in shown, "100.0" in shown) == (True, True, True)


@pytest.mark.django_db
def test_the_page_of_an_example_shows_where_it_was_used(queue, page) -> None:
    [used] = answered(queue, member(queue.organization), 1)
    run = trained(queue)
    unused = ExampleFactory(stream=queue.stream)
    owner = page(member(queue.organization, Role.OWNER))
    here = f"/o/{queue.organization.slug}/projects/digits/examples/"
    shown = owner.get(f"{here}{used.pk}/").content.decode()
    assert (f"Snapshot {run.snapshot_id}" in shown, str(run.model_version) in shown) == (True, True)
    assert "No snapshot holds it" in owner.get(f"{here}{unused.pk}/").content.decode()
