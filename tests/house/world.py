"""One organization full of data: at least one row of every kind, and a word of its own in every text of it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from itertools import chain
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.erasure.actions import erase
from projects.erasure.choosing import Wanted
from projects.streams import media
from slices.definitions.actions import Definition, create_slice, current
from slices.definitions.recounting import begin
from slices.families.actions import Belongs, create_family, set_belongings
from slices.gates.models import SignOff
from slices.placements.models import StageMove
from slices.runs.evaluations import Result, record_evaluation
from slices.snapshots.actions import freeze
from slices.snapshots.exports import request_export
from slices.snapshots.making import make
from slices.snapshots.manifest import example_ids
from slices.snapshots.pinning import pin
from teams.access.actions import issue_token
from teams.access.permissions import grant
from teams.identity.models import Membership, Organization, OrganizationModel, TeamMember, User
from teams.identity.roles import GRANTABLE, Role
from teams.people.actions import add_to_team, create_organization, create_team
from teams.people.inviting import invite
from teams.work.models import Job
from tests.factories import (
    AnnotationFactory,
    AskFactory,
    DecisionFactory,
    ExampleFactory,
    GateFactory,
    GoldAnswerFactory,
    GoldFactory,
    LabelSchemaFactory,
    LeaseFactory,
    MembershipFactory,
    ModelVersionFactory,
    PlacementFactory,
    PredictionFactory,
    ProjectFactory,
    QueueFactory,
    ReviewFactory,
    RunFactory,
    ScheduleFactory,
    StageMoveFactory,
    StreamFactory,
    TaskFactory,
    TickFactory,
    UserFactory,
    token,
)
from tests.factories.files import picture

OURS = ("teams", "projects", "labeling", "slices")
PNG = picture("PNG")
ANY = Definition(labels="any", splits=("train", "val"))


def tenant_models() -> list[type[OrganizationModel]]:
    """Every kind of row that belongs to an organization."""
    ours = chain.from_iterable(apps.get_app_config(app).get_models() for app in OURS)
    return [model for model in ours if issubclass(model, OrganizationModel)]


class World:
    """`mark` stands in every name and text, so that a page which shows any of it gives itself away."""

    def __init__(self, slug: str, mark: str) -> None:
        self.slug, self.mark = slug, mark
        self.people()
        self.stream_side()
        self.an_erasure()
        self.labeling_side()
        self.from_outside()
        self.slices_side()
        self.bystanders()

    # the people

    def people(self) -> None:
        self.owner = self.user("owner")
        self.organization: Organization = create_organization(
            name=self.say("organization"), slug=self.slug, owner=self.owner, by=None
        )
        self.organization.figures_purpose = self.say("purpose")
        self.organization.figures_visible_to = Organization.FiguresFor.MANAGERS
        self.organization.save()
        self.project = ProjectFactory(
            organization=self.organization,
            slug=f"{self.slug}-project",
            name=self.say("project"),
            description=self.say("what it is about"),
        )
        self.admin, self.manager = self.member(Role.ADMIN), self.member(Role.MANAGER)
        self.reviewer, self.labeler = self.member(Role.REVIEWER), self.member(Role.LABELER)
        self.viewer, self.outsider = self.member(Role.VIEWER), self.member(Role.LABELER, granted=False)
        self.team = create_team(organization=self.organization, name=self.say("team"), by=self.owner)
        self.labelers_place = self.organization.memberships.get(user=self.labeler)
        add_to_team(team=self.team, membership=self.labelers_place, by=self.owner)
        self.token, self.token_text = self.machine(self.project)
        self.own_token, _ = issue_token(
            organization=self.organization,
            user=self.owner,
            name=self.say("notebook"),
            verbs=["projects.view_project"],
            by=self.owner,
        )
        self.managing_token, self.managing_text = issue_token(
            organization=self.organization,
            user=self.owner,
            name=self.say("configuration"),
            verbs=["projects.view_project", "projects.manage_project"],
            by=self.owner,
        )
        self.ungranted_token, self.ungranted_text = self.machine()
        grant("projects.label_project", self.team, self.project)
        self.invitation = invite(
            organization=self.organization,
            email=f"{self.mark}-invited@example.test".lower(),
            role=Role.LABELER,
            teams=[self.team],
            projects=[self.project],
            by=self.owner,
        )

    def say(self, what: str) -> str:
        return f"{self.mark} {what}"

    def user(self, what: str) -> User:
        made: User = UserFactory(name=self.say(what), email=f"{self.mark}-{what}@example.test".lower())
        return made

    def member(self, role: str, granted: bool = True) -> User:
        user = self.user(f"{role}-{secrets.token_hex(3)}")
        MembershipFactory(organization=self.organization, user=user, role=role)
        for codename in GRANTABLE if granted else ():
            grant(f"projects.{codename}", user, self.project)
        return user

    def machine(self, *projects: Any) -> tuple[Any, str]:
        row, text = token(self.organization, *projects)
        row.user.name = self.say("pipeline")
        row.user.save()
        type(row)._default_manager.filter(pk=row.pk).update(name=self.say("token"))
        return row, text

    # what comes in

    def stream_side(self) -> None:
        self.schema = LabelSchemaFactory(project=self.project, version=1)
        self.stream = StreamFactory(
            project=self.project,
            slug=f"{self.slug}-stream",
            name=self.say("stream"),
            description=self.say("what arrives"),
        )
        digest = media.digest_of(self.organization, PNG)
        media.keep(self.organization, {digest: PNG})
        self.media = self.organization.media.get(digest=digest)
        self.retention = self.organization.retentions.create(stream=self.stream, days=36_500)
        self.expired_count = self.organization.expired_counts.create(
            stream=self.stream, day="2026-01-01", n=7
        )
        self.field_work = self.stream.field_works.create(
            organization=self.organization, kind="check", state="refused", refusal=self.say("refusal")
        )
        self.examples = [self.example(n, 5000 if n < 6 else 5) for n in range(9)]
        self.example_row = self.examples[0]
        self.stored_row = self.stored(self.examples[5])
        self.model = ModelVersionFactory(
            project=self.project, name=f"{self.mark}-model", uri=self.say("uri"), digest="d" * 64
        )
        self.prediction = PredictionFactory(
            example=self.example_row, model_version=self.model, label="3", output={"says": self.mark}
        )

    def an_erasure(self) -> None:
        """One of an example that was here before."""
        gone = ExampleFactory(stream=self.stream, key=f"{self.mark}-erased")
        wanted, reference = Wanted(ids=(gone.pk,)), self.say("letter")
        self.erasure = erase(
            project=self.project, stream=None, wanted=wanted, reference=reference, by=self.owner
        )

    def example(self, n: int, bucket: int) -> Any:
        return ExampleFactory(
            stream=self.stream,
            key=f"{self.mark}-example-{n}",
            text=self.say("text"),
            bucket=bucket,
            k1=self.mark,
            attributes={"camera": self.mark, "store": self.mark},
            media_uri=f"{media.SCHEME}{self.media.digest}",
            media_type="image/png",
        )

    def stored(self, example: Any) -> Any:
        """The same example with its picture in the organization's own folder."""
        folder = settings.MEDIA_ROOT.parent / f"folder-of-{self.slug}"
        folder.mkdir(exist_ok=True)
        (folder / "a.png").write_bytes(PNG)
        settings.SLUICE_MEDIA_ROOTS[self.slug] = str(folder)  # a new dictionary for each test
        example.media_uri = f"file://{folder}/a.png"
        example.save()
        return example

    # what people say

    def an_import(self, state: str, **more: Any) -> Any:
        return self.organization.imports.create(
            project=self.project, stream=self.stream, state=state, name=self.say("file"), format="csv", **more
        )

    def from_outside(self) -> None:
        """What came with an import: somebody named, and a group that was assigned."""
        self.outside_person = self.organization.imported_people.create(
            project=self.project, name=self.say("person outside")
        )
        self.import_row = self.an_import("running")
        self.failed_import = self.an_import("failed", uri="file:///nowhere", ended_at=timezone.now())
        self.draft_import = self.an_import("draft")
        self.organization.rejected_rows.create(
            source=self.import_row,
            place=self.say("place"),
            key=f"{self.mark}-rejected",
            errors=[{"pointer": "", "code": "type", "detail": self.say("fault")}],
        )
        self.organization.audited_labels.create(
            source=self.import_row, task=self.open_task, label=self.say("checked label")
        )
        self.organization.split_assignments.create(
            stream=self.stream, split_key=self.say("group"), bucket=5000
        )

    def labeling_side(self) -> None:
        self.queue = QueueFactory(
            stream=self.stream,
            schema=self.schema,
            slug=f"{self.slug}-queue",
            name=self.say("queue"),
            instructions=self.say("instructions"),
        )
        self.control = QueueFactory(
            stream=self.stream, schema=self.schema, counts=False, name=self.say("control queue")
        )
        self.qualification = self.organization.qualifications.create(
            name=self.say("qualification"), text=self.say("what it takes")
        )
        self.organization.credentials.create(qualification=self.qualification, user=self.labeler)
        self.organization.reservations.create(queue=self.control, user=self.labeler)
        self.pause = self.organization.pauses.create(
            queue=self.control, user=self.reviewer, reason=self.say("why paused")
        )
        self.a_sheet()
        self.open_task = TaskFactory(queue=self.queue, example=self.examples[1])
        self.held_task = TaskFactory(queue=self.queue, example=self.examples[2], open_slots=0)
        self.lease = LeaseFactory(task=self.held_task, user=self.owner)
        for example in [self.examples[0], *self.examples[6:]]:
            self.answered(example)
        self.review = ReviewFactory(
            annotation=self.annotation, reviewer=self.reviewer, verdict="return", reason=self.say("reason")
        )
        self.judging()
        self.measuring()
        self.a_recall()
        self.ask_task = TaskFactory(queue=self.queue, example=self.examples[3], selected_by="ask")
        self.ask = AskFactory(task=self.ask_task, name=f"{self.mark}-ask", request_sha256="0" * 64)

    def judging(self) -> None:
        """An answer that came back to the owner, one that is before them to be judged, and one that is contested."""
        returned = self.said_of(self.held_task, self.owner, "returned", lease=self.lease)
        ReviewFactory(
            annotation=returned, reviewer=self.reviewer, verdict="return", reason=self.say("reason")
        )
        self.judged_task = self.aside("in_review")
        self.said_of(self.judged_task, self.labeler, "in_review")
        self.review_lease = self.organization.review_leases.create(
            task=self.judged_task, reviewer=self.owner, expires_at=timezone.now() + timedelta(minutes=15)
        )
        contested = self.said_of(self.aside("in_review"), self.labeler, "returned")
        self.contested_review = ReviewFactory(
            annotation=contested,
            reviewer=self.reviewer,
            verdict="return",
            reason=self.say("reason"),
            contest="open",
            objection=self.say("objection"),
            contested_at=timezone.now(),
        )

        self.issue = self.organization.issues.create(
            project=self.project,
            example=self.example_row,
            kind="issue",
            body=self.say("what is wrong"),
            opened_by=self.manager,
        )

    def a_sheet(self) -> None:
        """A queue of guesses to verify; the owner holds one of its cells."""
        self.sheets = QueueFactory(
            stream=self.stream,
            schema=self.schema,
            slug=f"{self.slug}-sheets",
            name=self.say("sheet queue"),
            asking="sheet",
            show_predictions=True,
            exceptions_to=self.queue,
        )
        key = f"{self.mark}-{secrets.token_hex(3)}"
        example = ExampleFactory(stream=self.stream, key=key, bucket=5, predicted="3", confidence=0.5)
        task = TaskFactory(queue=self.sheets, example=example, open_slots=0, people=[self.owner.pk])
        self.sheet_lease = LeaseFactory(task=task, user=self.owner)

    def aside(self, state: str) -> Any:
        """A task on an example that nothing else is about."""
        example = ExampleFactory(stream=self.stream, key=f"{self.mark}-{secrets.token_hex(3)}", bucket=5)
        return TaskFactory(queue=self.queue, example=example, state=state, open_slots=0)

    def said_of(self, task: Any, author: User, state: str, **more: Any) -> Any:
        return AnnotationFactory(task=task, author=author, state=state, accepted_at=None, **more)

    def measuring(self) -> None:
        self.gold_task = TaskFactory(
            queue=self.queue,
            example=self.examples[4],
            round=0,
            state="gold",
            open_slots=0,
            selected_by="gold",
        )
        self.gold = GoldFactory(
            task=self.gold_task,
            note=self.say("why it is so"),
            made_by=self.manager,
            made_from=self.annotation,
        )
        self.gold_answer = GoldAnswerFactory(gold=self.gold, user=self.labeler)
        self.organization.standings.create(queue=self.queue, user=self.labeler, score=0.5, measured=1)
        self.agreement = self.organization.agreements.create(
            queue=self.queue,
            question="digit",
            day=timezone.localdate(),
            measure="cohen",
            value=0.7,
            tasks=4,
            answers=8,
        )
        self.heuristic = self.organization.heuristics.create(
            project=self.project,
            name=self.say("check"),
            looks_for="too_fast",
            limits={"seconds": 1},
            effect="reason",
        )
        self.organization.heuristic_hits.create(
            heuristic=self.heuristic,
            task=self.held_task,
            user=self.labeler,
            reason=self.say("reason of a hit"),
        )

    def a_recall(self) -> None:
        self.recall = self.organization.recalls.create(
            project=self.project,
            reason=self.say("why recalled"),
            person=self.labeler,
            state="stuck",
            until=timezone.now() - timedelta(days=900),
            answers=1,
            made_by=self.manager,
        )
        self.organization.recalled_answers.create(
            recall=self.recall,
            annotation=self.annotation,
            task=self.annotation.task,
            was="accepted",
            task_was="accepted",
        )

    def answered(self, example: Any) -> None:
        task = TaskFactory(
            queue=self.queue, example=example, selected_by="random", state="accepted", open_slots=0
        )
        self.annotation = AnnotationFactory(task=task, author=self.labeler, label="3")
        type(example)._default_manager.filter(pk=example.pk).update(label="3", label_state="accepted")

    # what goes out

    def slices_side(self) -> None:
        self.slice = self.a_slice("slice", ANY)
        self.held_out = self.a_slice("held-out", Definition(splits=("test",), random_only=True))
        self.version, now = current(self.slice), timezone.now()
        self.snapshot = freeze(slice_version=self.version, role="train", as_of=now, by=None)
        self.organization.suspicions.create(snapshot=self.snapshot, recall=self.recall, n=1)
        self.eval_snapshot = freeze(slice_version=current(self.held_out), role="eval", as_of=now, by=None)
        self.export = request_export(snapshot=self.snapshot, format="jsonl", by=self.owner)
        make(self.export)
        self.export_file = f"snapshot-{self.snapshot.pk}.jsonl"
        self.export_asked = request_export(snapshot=self.snapshot, format="coco", by=self.owner)
        gone = self.organization.tombstones.get().example_id
        self.redaction = self.organization.redactions.create(
            snapshot=self.eval_snapshot, example_id=gone, is_removed=True
        )
        self.pin = pin(snapshot=self.snapshot, reason=self.say("why it is kept"), by=self.owner)
        self.a_family()
        self.run = RunFactory(
            project=self.project,
            model_name=f"{self.mark}-model",
            slice_version=self.version,
            eval_slice_version=current(self.held_out),
            snapshot=self.snapshot,
            eval_snapshot=self.eval_snapshot,
            error=self.say("error"),
        )
        self.claimed = RunFactory(
            project=self.project,
            model_name=f"{self.mark}-model",
            slice_version=self.version,
            snapshot=self.snapshot,
            state="claimed",
            worker=self.say("worker"),
            lease_token=1,
            lease_expires_at=now + timedelta(minutes=5),
            attempt=1,
        )
        results = [Result(row, "3", 0.9) for row in example_ids(self.eval_snapshot)]
        self.evaluation = record_evaluation(
            model_version=self.model, snapshot=self.eval_snapshot, results=results, by=None
        )
        self.candidate = ModelVersionFactory(project=self.project, name=f"{self.mark}-model", version="next")
        self.schedule = ScheduleFactory(
            slice=self.slice,
            eval_slice=self.held_out,
            name=self.say("schedule"),
            model_name=f"{self.mark}-model",
            next_due_at=now + timedelta(hours=1),
        )
        self.paused = ScheduleFactory(
            slice=self.slice, eval_slice=self.held_out, name=self.say("paused schedule"), state="paused"
        )
        self.tick = TickFactory(schedule=self.schedule, run=None)
        self.placement = PlacementFactory(
            project=self.project,
            slug=f"{self.slug}-placement",
            name=self.say("placement"),
            model_name=f"{self.mark}-model",
            stage="internal_recommendation",
            model_version=self.model,
        )
        self.made = StageMoveFactory(placement=self.placement, reason=self.say("made"), kind="made")
        self.move: StageMove = StageMoveFactory(
            placement=self.placement,
            stage="internal_recommendation",
            model_version=self.model,
            reason=self.say("reason of a move"),
        )
        self.gate = GateFactory(
            placement=self.placement,
            name=self.say("gate"),
            checks=[{"id": "enough", "type": "min_sample", "n": 1}],
        )
        self.decision = self.a_decision()
        self.signed = self.a_decision()
        self.sign_off: SignOff = self.organization.sign_offs.create(
            decision=self.signed,
            stage="internal_recommendation",
            by=self.manager,
            reason=self.say("signature"),
            signed_sha256="0" * 64,
            move=self.move,
        )

    def a_slice(self, what: str, definition: Definition) -> Any:
        return create_slice(
            stream=self.stream,
            slug=f"{self.slug}-{what}",
            name=self.say(what),
            description=self.say("what it is for"),
            definition=definition,
            by=self.owner,
        )

    def a_family(self) -> None:
        node = {"op": "=", "args": [{"property": "store"}, {"param": "store"}]}
        definition = Definition(
            condition=node, params={"store": "string"}, labels="any", splits=("train", "val")
        )
        self.family = create_family(
            stream=self.stream,
            slug=f"{self.slug}-family",
            name=self.say("family"),
            description=self.say("what it is for"),
            definition=definition,
            by=self.owner,
        )
        begin(current(self.family.slice))
        begin(self.version)
        self.child = self.family.children.get()
        since = timezone.now() - timedelta(days=400)
        belongs, self.level = (
            Belongs(self.child.values["store"], self.say("region"), since),
            f"{self.slug}-region",
        )
        set_belongings(stream=self.stream, field="store", level=self.level, rows=[belongs], by=self.owner)

    def a_decision(self) -> Any:
        clause = {"id": "enough", "type": "min_sample", "result": "pass", "numbers": {"n": 3}}
        return DecisionFactory(
            gate=self.gate,
            model_version=self.model,
            evaluation=self.evaluation,
            outcome="pass",
            clauses=[clause | {"sentence": self.say("clause")}],
        )

    # and the rest

    def bystanders(self) -> None:
        self.organization.stored_answers.create(
            user=self.token.user,
            key=f"{self.mark}-call",
            request_sha256="0" * 64,
            status=200,
            body=self.mark.encode(),
            content_type="application/json",
        )
        self.job = self.organization.jobs.create(
            kind="runs.prepare", args={"says": self.mark}, state=Job.State.DEAD, error=self.say("error")
        )

    def row(self, model: type[models.Model]) -> Any:
        """A row of a kind: the one that the world talks about, or the newest."""
        named = {
            Organization: self.organization,
            Membership: self.labelers_place,
            TeamMember: self.team.team_members.first(),
        }
        if model in named:
            return named[model]
        rows = [value for value in vars(self).values() if type(value) is model]
        return rows[0] if rows else model._default_manager.filter(organization=self.organization).last()
