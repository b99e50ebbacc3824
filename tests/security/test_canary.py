"""One word in every place where something personal may stand; the example is erased, and the word is looked for."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image, PngImagePlugin

from projects.models import Erasure, Example
from slices.definitions.counting import fold
from slices.models import Run
from teams.access.actions import issue_token
from teams.identity.roles import PIPELINE, Role
from teams.models import Job
from tests.factories import (
    GoldFactory,
    LabelSchemaFactory,
    LeaseFactory,
    ModelVersionFactory,
    ProjectFactory,
    QueueFactory,
    ReviewFactory,
    RunFactory,
    StreamFactory,
    TaskFactory,
    member,
)
from tests.factories.data import DIGITS
from tests.labeling.importing import sender
from tests.security.searching import in_files, in_tables

WORD = "canary-5d1c7e"
KEY = f"{WORD}-key"
PROJECT = "/api/v1/projects/digits"
STREAM = f"{PROJECT}/streams/tags"
JSON: dict[str, Any] = {"content_type": "application/json"}
MANAGING = ("projects.view_project", "projects.manage_project", "projects.ask_project")
REMARK = {"name": "remark", "kind": "text", "title": "Remark", "required": False}

# Where it stands before: who looks for what is gone must be able to find it.
BEFORE = {
    "evaluations: as it lies",
    "evaluations: parquet",
    "exports: as it lies",
    "exports: parquet",
    "imports: as it lies",
    "labeling_annotation.answer",
    "labeling_ask.name",
    "labeling_ask.prediction",
    "labeling_gold.answer",
    "labeling_gold.note",
    "labeling_heuristichit.reason",
    "labeling_import.files",
    "labeling_import.name",
    "labeling_lease.draft",
    "labeling_lease.note",
    "labeling_lease.said",
    "labeling_rejectedrow.key",
    "labeling_review.reason",
    "media: as it lies",
    "projects_example.attributes",
    "projects_example.k1",
    "projects_example.key",
    "projects_example.split_key",
    "projects_example.text",
    "projects_prediction.output",
    "projects_splitassignment.split_key",
    "rows: as it lies",
    "slices_belonging.value",
    "slices_child.key",
    "slices_child.name",
    "slices_child.values",
    "slices_evaluation.metrics",
    "slices_run.error",
    "slices_run.progress",
    "slices_slicecount.key",
    "slices_snapshot.histograms",
    "teams_job.error",
    "teams_storedanswer.body",
}
# What says it afterwards, and why it may.
KEPT = {
    "labeling_import.name": "what its owner called a file; an import is known by it, and holds nothing of it",
    "labeling_import.files": "the same name, in the list of the import's files",
    "slices_belonging.value": "a table of places that a manager wrote, of values with and without examples",
    "slices_evaluation.metrics": "how often a model said each class: scores are sums, and decisions stand on them",
}


class Told:
    """An example of which the word is told at every door, beside one of which it is not."""

    def __init__(self, api: Any, page: Any) -> None:
        self.stream = StreamFactory(
            slug="tags", project=ProjectFactory(slug="digits"), split_by="camera", policy__val_until=2000
        )
        self.organization, self.project = self.stream.organization, self.stream.project
        self.manager = member(self.organization, Role.MANAGER, self.project)
        self.labeler = member(self.organization, Role.LABELER, self.project)
        verbs = sorted({*MANAGING, *PIPELINE})
        text = issue_token(
            organization=self.organization, user=self.manager, name="all", verbs=verbs, by=self.manager
        )[1]
        self.script, self.page = api(text), page
        schema = LabelSchemaFactory(project=self.project, questions=[*DIGITS, REMARK])
        self.queue = QueueFactory(stream=self.stream, schema=schema, slug="main")

    def post(self, url: str, body: Any, key: str = "") -> Any:
        """An answer to a script that is none of a refusal."""
        answer = self.script.post(url, body, **JSON, headers={"Idempotency-Key": key} if key else {})
        assert answer.status_code < 300, answer.content
        return answer.json()

    def arrives(self) -> None:
        """With a picture, attributes and guesses, twice under keys of their own."""
        attributes = {"store": WORD, "camera": WORD, "weight": 1}
        row = {"key": KEY, "attributes": attributes, "media": {"data": picture()}}
        row |= {"split": "val"}
        other = {"key": "other", "attributes": {"store": "s", "camera": "c"}, "text": "nothing"}
        self.post(f"{STREAM}/examples", {"examples": [row | {"text": "before"}, other]}, key="first")
        self.post(f"{STREAM}/examples", {"examples": [row | {"text": f"about {WORD}"}]}, key="second")
        guess = {"key": KEY, "label": "3", "confidence": 0.5, "output": {"why": WORD}}
        body = {"model": {"name": "digits", "version": "1"}, "predictions": [guess]}
        self.post(f"{STREAM}/predictions", body, key="guesses")
        self.example = Example.objects.get(key=KEY)

    def comes_in_a_file(self) -> None:
        """Once right, once wrong, once without a key."""
        lines = ["key,text,store,camera,weight,label,split", f"{KEY},{WORD},{WORD},{WORD},1,3,val"]
        lines += [f"{KEY},{WORD},{WORD},{WORD},{WORD},3,val", f"{WORD},{WORD}"]
        done = sender(self.script)("\n".join(lines).encode(), filename=f"{WORD}.csv")
        assert (done["state"], done["rejected"]) == ("done", 2), done

    def is_talked_about(self) -> None:
        """By people: a draft, an answer, a verdict, a known answer, a reason; and by a pipeline that asks."""
        task = TaskFactory(queue=self.queue, example=self.example)
        here = f"/o/{self.organization.slug}/label/digits/main/"
        lease = LeaseFactory(task=task, user=self.manager, note=f"look at {WORD}", said=WORD)
        form = {"lease": lease.pk, "token": lease.token, "digit": "3", "remark": WORD}
        assert self.page(self.manager).post(f"{here}draft/", form).status_code < 300
        answered = TaskFactory(queue=self.queue, example=self.example, round=2)
        lease = LeaseFactory(task=answered, user=self.labeler)
        form |= {"lease": lease.pk, "token": lease.token}
        assert self.page(self.labeler).post(f"{here}answer/", form).status_code < 400
        annotation = self.organization.annotations.get(task=answered)
        ReviewFactory(annotation=annotation, verdict="return", reason=f"it is {WORD}")
        known = {"task__queue": self.queue, "task__example": self.example, "task__round": 0}
        GoldFactory(**known, task__state="gold", answer={"digit": "3", "remark": WORD}, note=WORD)
        check = self.organization.heuristics.create(
            project=self.project, name="fast", looks_for="too_fast", limits={"seconds": 1}, effect="reason"
        )
        self.organization.heuristic_hits.create(heuristic=check, task=task, user=self.labeler, reason=WORD)
        asked = {"name": WORD, "queue": "main", "example_key": KEY, "deadline_s": 600}
        guess = {"label": WORD, "confidence": 0.5}
        self.post(f"{PROJECT}/asks", asked | {"prediction": guess, "on_timeout": "use_prediction"})

    def goes_out(self) -> None:
        """In slices and families, snapshots, exports and results, and in what pipelines say of their runs."""
        family = {"slug": "by-store", "name": "By store", "stream": "tags", "labels": "any"}
        family |= {"splits": ["train", "val"], "text": "store = $store", "params": {"store": "string"}}
        self.post(f"{PROJECT}/families", family, key="family")
        belongs = {"value": WORD, "parent": "north", "since": "2026-01-01T00:00:00Z"}
        levels = {"field": "store", "level": "region", "rows": [belongs]}
        assert self.script.put(f"{STREAM}/belongings", levels, **JSON).status_code == 200
        everything = {"slug": "all", "name": "All", "stream": "tags", "labels": "any"}
        self.post(f"{PROJECT}/slices", everything | {"splits": ["train", "val"]}, key="slice")
        work()
        while fold(self.stream):
            pass
        snapshot = self.post(f"{PROJECT}/slices/all/snapshots", {"role": "train"}, key="freeze")
        for kind in ("csv", "parquet", "jsonl"):
            self.post(f"/api/v1/snapshots/{snapshot['id']}/exports", {"format": kind})
        work()
        self.is_judged(everything)
        run = self.run(snapshot["id"], lease_token=1)
        self.post(f"/api/v1/runs/{run.pk}/heartbeat", {"token": 1, "percent": 5, "message": f"at {WORD}"})
        ended = self.run(snapshot["id"], lease_token=1)
        said = {"token": 1, "outcome": "failed", "error": {"message": WORD, "retryable": False}}
        self.post(f"/api/v1/runs/{ended.pk}/complete", said)

    def is_judged(self, everything: dict[str, Any]) -> None:
        """By another model, that says the word of every member."""
        self.post(f"{PROJECT}/slices", everything | {"slug": "judged", "splits": ["val"]})
        snapshot = self.post(f"{PROJECT}/slices/judged/snapshots", {"role": "eval"})["id"]
        model = ModelVersionFactory(project=self.project, name="another")
        results = [{"example_id": self.example.pk, "label": WORD}]
        body = {"snapshot": snapshot, "results": results}
        self.post(f"/api/v1/model-versions/{model.pk}/evaluations", body)

    def run(self, snapshot: int, **more: Any) -> Run:
        """A run that a pipeline has claimed."""
        until = self.example.ingested_at.replace(year=2100)
        made: Run = RunFactory(
            project=self.project,
            snapshot_id=snapshot,
            slice_version_id=self.organization.snapshots.get(pk=snapshot).slice_version_id,
            state="claimed",
            attempt=1,
            lease_expires_at=until,
            **more,
        )
        return made


def picture() -> str:
    """One that says the word in its own text."""
    text, file = PngImagePlugin.PngInfo(), BytesIO()
    text.add_text("Comment", WORD)
    Image.new("L", (8, 8)).save(file, "png", pnginfo=text)
    return base64.b64encode(file.getvalue()).decode()


def work() -> None:
    call_command("work", "--all", "--once")


def places(files: Path) -> set[str]:
    """Wherever the word stands."""
    return in_tables(WORD) | in_files(WORD, files)


@pytest.mark.django_db(transaction=True)
def test_an_erased_example_is_found_nowhere_any_more(api: Any, page: Any, files: Path) -> None:
    told = Told(api, page)
    told.arrives()
    told.comes_in_a_file()
    told.is_talked_about()
    told.goes_out()
    Job.objects.create(
        organization=told.organization, kind="tasks.route", state="dead", error=f"ValueError: {WORD}"
    )
    assert places(files) == BEFORE
    said = told.post(f"{PROJECT}/erasures", {"attribute": {"name": "store", "value": WORD}}, key="erase")
    work()
    assert said["examples"] == 1
    assert Erasure.objects.get().done_at is not None
    assert places(files) == set(KEPT)
