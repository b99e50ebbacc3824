"""REST: the run contract. Pipelines pull work, beat, and say how it ended."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.models import ModelVersion
from slices.runs import claiming
from slices.runs.actions import last_success
from slices.runs.completing import Report, complete
from slices.runs.evaluations import record_evaluation
from slices.runs.models import Run
from slices.runs.shapes import (
    ClaimIn,
    CompleteIn,
    CompleteOut,
    EvaluationIn,
    EvaluationOut,
    HeartbeatIn,
    HeartbeatOut,
    ReleaseIn,
    RunOut,
    RunPage,
    WorkOut,
)
from slices.snapshots.downloads import AT_ONCE
from slices.snapshots.models import Snapshot
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of


class RunView(MachineView):
    """A view on the runs that the token may work on."""

    verb = "projects.train_project"

    def runs(self) -> Any:
        """The runs of the projects that are open to the token."""
        return self.organization.runs.filter(project__in=self.open_to_token(self.organization.projects))

    def run(self, pk: int) -> Run:
        """The run at this address, or 404."""
        found: Run = self.get_or_404(self.runs().select_related("organization", "project"), pk=pk)
        return found

    def read(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The request body, checked."""
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        values: dict[str, Any] = given.validated_data
        return values


class Claim(RunView):
    """Take the next run."""

    @extend_schema(
        operation_id="runs_claim",
        request=ClaimIn,
        responses={
            200: WorkOut,
            204: OpenApiResponse(description="Nothing is ready; come back after Retry-After."),
        },
    )
    def post(self, request: Request) -> Response:
        """Claim the next run of your pools: its lease, its snapshot, where to fetch it, what to report to."""
        values = self.read(ClaimIn)
        projects = list(self.open_to_token(self.organization.projects).values_list("pk", flat=True))
        run = claiming.claim(
            organization=self.organization,
            projects=projects,
            pools=values["pools"],
            claim_id=values["claim_id"],
            worker=values["worker"],
            by=self.user,
        )
        if run is None:
            return Response(status=204, headers={"Retry-After": "2"})
        return Response(work_out(request, run))


class Heartbeat(RunView):
    """Hold on to a run."""

    @extend_schema(operation_id="runs_heartbeat", request=HeartbeatIn, responses=HeartbeatOut)
    def post(self, request: Request, pk: int) -> Response:
        """Renew the lease; the answer says whether to go on. 409 `lease_lost`: stop at once."""
        values = self.read(HeartbeatIn)
        progress: dict[str, Any] = {key: values[key] for key in ("percent", "message") if key in values}
        until, command = claiming.heartbeat(run=self.run(pk), token=values["token"], progress=progress)
        return Response({"expires_at": until, "command": command})


class Release(RunView):
    """Give a run back."""

    @extend_schema(operation_id="runs_release", request=ReleaseIn, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Give the run back without burning the attempt: you are shutting down, or it was called off."""
        values = self.read(ReleaseIn)
        claiming.release(run=self.run(pk), token=values["token"], reason=values["reason"], by=self.user)
        return Response(status=204)


class Complete(RunView):
    """End a run."""

    @extend_schema(operation_id="runs_complete", request=CompleteIn, responses=CompleteOut)
    def post(self, request: Request, pk: int) -> Response:
        """Report a model and what it scored, or what went wrong. The same body again is the same answer."""
        values = self.read(CompleteIn)
        error = values.get("error") or {}
        report = Report(
            outcome=values["outcome"],
            model=values.get("model") or {},
            evaluations=[(row["snapshot"], row["results"]) for row in values["evaluations"]],
            metrics=values["metrics"],
            error=error.get("message", ""),
            retryable=error.get("retryable", True),
        )
        run = complete(
            run=self.run(pk), token=values["token"], report=report, body=request.data, by=self.user
        )
        model = run.model_version
        evaluations = list(run.evaluations.order_by("pk").values_list("pk", flat=True))
        return Response(
            {"run": run_out(run), "model_version": model and model_out(model), "evaluations": evaluations}
        )


class RunDetail(RunView):
    """One run."""

    @extend_schema(operation_id="runs_get", responses=RunOut)
    def get(self, request: Request, pk: int) -> Response:
        """How a run stands."""
        return Response(run_out(self.run(pk)))


class RunList(RunView):
    """The runs of a project."""

    parameters = PAGING

    @extend_schema(
        operation_id="runs_list",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=RunPage,
    )
    def get(self, request: Request, project: str) -> Response:
        """Runs, newest first."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        page = page_of(request, found.runs.all(), newest_first=True)
        return Response(page.body([run_out(row) for row in page.rows]))


class Evaluations(RunView):
    """Evaluations that come without a run."""

    @extend_schema(operation_id="evaluations_create", request=EvaluationIn, responses={201: EvaluationOut})
    def post(self, request: Request, pk: int) -> Response:
        """Say what a model said of every example of an evaluation snapshot."""
        values = self.read(EvaluationIn)
        projects = self.open_to_token(self.organization.projects)
        model = self.get_or_404(self.organization.model_versions.filter(project__in=projects), pk=pk)
        snapshots = self.organization.snapshots.filter(project=model.project_id, role=Snapshot.Role.EVAL)
        evaluation = record_evaluation(
            model_version=model,
            snapshot=self.get_or_404(snapshots, pk=values["snapshot"]),
            results=values["results"],
            by=self.user,
        )
        out = {"id": evaluation.pk, "model_version": model_out(model), "snapshot": evaluation.snapshot_id}
        scored = {"n": evaluation.n, "correct": evaluation.correct, "metrics": evaluation.metrics}
        return Response(out | scored, status=201)


def work_out(request: Request, run: Run) -> dict[str, Any]:
    """A claimed run with its lease and snapshots."""
    evaluates = run.kind == Run.Kind.EVALUATION and run.model_version is not None
    lease = {
        "token": run.lease_token,
        "expires_at": run.lease_expires_at,
        "heartbeat_s": claiming.HEARTBEAT_S,
    }
    return {
        "run": run_out(run),
        "lease": lease,
        "snapshot": run.snapshot and snapshot_out(request, run.snapshot),
        "eval_snapshot": run.eval_snapshot and snapshot_out(request, run.eval_snapshot),
        "model_version": model_out(run.model_version) if evaluates and run.model_version else None,
        "previous": {"last_success": (last := last_success(run)) and model_out(last)},
    }


def run_out(run: Run) -> dict[str, Any]:
    """A run as pipelines see it."""
    names = ("id", "kind", "state", "model_name", "as_of", "pool", "params", "attempt", "error")
    times = ("created_at", "started_at", "ended_at")
    return {name: getattr(run, name) for name in (*names, *times)}


def model_out(model: ModelVersion) -> dict[str, Any]:
    """A model version as pipelines see it."""
    names = ("name", "version", "digest", "uri", "lineage")
    return {"id": model.pk} | {name: getattr(model, name) for name in names}


def snapshot_out(request: Request, snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as pipelines see it, with the addresses of its files."""
    address = request.build_absolute_uri(reverse("api-snapshot-download", args=[snapshot.pk]))
    manifest = request.build_absolute_uri(reverse("api-snapshot-manifest", args=[snapshot.pk]))
    names = ("manifest_sha256", "as_of", "n_total", "n_by_split", "n_by_label")
    return {
        "id": snapshot.pk,
        **{name: getattr(snapshot, name) for name in names},
        "urls": {kind: f"{address}?format={kind}" for kind in AT_ONCE} | {"manifest": manifest},
    }
