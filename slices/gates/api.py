"""May I deploy, and to which stage? And what each round of a schedule came to."""

from __future__ import annotations

from typing import Any

from django.db import models
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.models import ModelVersion
from slices.gates.models import Decision
from slices.gates.promotion import BY_SIGNATURE, may_deploy_to
from slices.gates.rounds import rounds
from slices.placements.api import BOUNDARY
from slices.placements.models import Stage, rank
from slices.runs.shapes import ModelOut
from teams.access.api import MachineView
from teams.access.paging import LAST_ID, whole

STAGES = [*Stage.choices]


class GateClauseOut(serializers.Serializer[Any]):
    """One clause of a decision."""

    id = serializers.CharField()
    type = serializers.CharField()
    result = serializers.ChoiceField(["pass", "fail", "inconclusive", "not_applicable"])
    sentence = serializers.CharField()
    numbers = serializers.DictField()


class SignatureOut(serializers.Serializer[Any]):
    """A person's signature under a decision."""

    stage = serializers.CharField()
    at = serializers.DateTimeField()
    signed_sha256 = serializers.CharField()


class DecisionOut(serializers.Serializer[Any]):
    """The last word of one gate on the model."""

    id = serializers.IntegerField()
    gate = serializers.CharField(source="gate.name")
    gate_version = serializers.IntegerField()
    placement = serializers.CharField(source="gate.placement.slug")
    outcome = serializers.ChoiceField(Decision.Outcome.choices)
    at = serializers.DateTimeField()
    snapshot_sha256 = serializers.CharField(source="evaluation.snapshot.manifest_sha256")
    champion = serializers.SerializerMethodField()
    clauses = GateClauseOut(many=True)
    signatures = SignatureOut(many=True, source="sign_offs.all")
    may_deploy_to = serializers.SerializerMethodField()

    def get_champion(self, decision: Decision) -> str | None:
        """What it was compared with."""
        return str(decision.champion) if decision.champion else None

    def get_may_deploy_to(self, decision: Decision) -> str | None:
        """The highest stage that is open to the model here; null: none, people decide."""
        return open_stage(decision)


class ModelDecisionOut(serializers.Serializer[Any]):
    """Every gate's last word on a model version."""

    model_version = ModelOut()
    decisions = DecisionOut(many=True)
    may_deploy_to = serializers.ChoiceField(STAGES, allow_null=True)
    needs_signature_for = serializers.ListField(child=serializers.CharField())
    boundary = serializers.CharField()


class RoundOut(serializers.Serializer[Any]):
    """One round of a schedule, beside chance."""

    round = serializers.IntegerField()
    at = serializers.DateTimeField()
    run = serializers.IntegerField()
    model = serializers.CharField()
    examples = serializers.IntegerField()
    labels = serializers.IntegerField()
    snapshot_sha256 = serializers.CharField()
    accuracy = serializers.FloatField(allow_null=True)
    evaluated = serializers.IntegerField(allow_null=True)
    random_labels = serializers.IntegerField(allow_null=True)
    accuracy_random_labels = serializers.FloatField(allow_null=True)
    chance_better = serializers.BooleanField()
    gate = serializers.CharField(allow_null=True)
    decision = serializers.IntegerField(allow_null=True)
    stage = serializers.CharField(allow_null=True)


class ModelDecision(MachineView):
    """May this model be deployed, and how far?"""

    verb = "projects.view_project"

    @extend_schema(operation_id="model_versions_decision", responses=ModelDecisionOut)
    def get(self, request: Request, model_version: int) -> Response:
        """The newest decision of each gate, clause by clause; `may_deploy_to` is the least that all of them open."""
        projects = self.open_to_token(self.organization.projects)
        model = self.get_or_404(
            self.organization.model_versions.filter(project__in=projects), pk=model_version
        )
        decisions = list(newest_decisions(model))
        opened = least([open_stage(decision) for decision in decisions])
        answer = {
            "model_version": model,
            "decisions": decisions,
            "may_deploy_to": opened,
            "needs_signature_for": [stage for stage in BY_SIGNATURE if opened and rank(stage) > rank(opened)],
            "boundary": BOUNDARY,
        }
        return Response(ModelDecisionOut(answer).data)


class ScheduleRounds(MachineView):
    """What each round of a schedule came to."""

    verb = "projects.view_project"
    parameters = frozenset({"beside"})

    @extend_schema(
        operation_id="schedules_rounds",
        parameters=[
            OpenApiParameter("beside", int, description="A schedule whose labels were drawn by lot.")
        ],
        responses=RoundOut(many=True),
    )
    def get(self, request: Request, project: str, schedule: int) -> Response:
        """A list, oldest first: the newest 500 rounds."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        schedules = found.schedules.select_related("organization", "slice")
        own = self.get_or_404(schedules, pk=schedule)
        other = whole(request, "beside", 0, 0, LAST_ID)
        beside = self.get_or_404(schedules, pk=other) if other else None
        return Response(RoundOut(rounds(own, beside), many=True).data)


def newest_decisions(model: ModelVersion) -> models.QuerySet[Decision]:
    """The last word of each gate on a model."""
    return (
        model.organization.decisions.filter(model_version=model)
        .select_related("gate__placement", "evaluation__snapshot", "champion")
        .prefetch_related("sign_offs")
        .order_by("gate_id", "-id")
        .distinct("gate_id")
    )


def open_stage(decision: Decision) -> str | None:
    """With the signatures that were given."""
    return may_deploy_to(decision, [row.stage for row in decision.sign_offs.all()])


def least(stages: list[str | None]) -> str | None:
    """What all gates open; nothing where one opens nothing, or none has decided."""
    return min((stage for stage in stages), key=rank, default=None)
