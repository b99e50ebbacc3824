"""Schedules for machines: which there are, when they are due, what they decided."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.schedules.models import Schedule, Tick
from slices.schedules.saying import sentence
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of

PAGE = [
    OpenApiParameter("after", int, description="The id of the last row of the page before."),
    OpenApiParameter("limit", int, description="1 to 1000 rows; 100 unless told otherwise."),
]


class ScheduleOut(serializers.Serializer[Any]):
    """A schedule as it stands."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    slice = serializers.CharField(source="slice.slug")
    eval_slice = serializers.CharField(source="eval_slice.slug")
    model_name = serializers.CharField()
    cron = serializers.CharField()
    every_s = serializers.IntegerField(allow_null=True)
    time_zone = serializers.CharField()
    min_new = serializers.IntegerField()
    pool = serializers.CharField()
    state = serializers.ChoiceField(Schedule.State.choices)
    state_reason = serializers.CharField()
    next_due_at = serializers.DateTimeField(allow_null=True)
    watermark_at = serializers.DateTimeField(allow_null=True)


class TickOut(serializers.Serializer[Any]):
    """One decision of a schedule."""

    id = serializers.IntegerField()
    scheduled_for = serializers.DateTimeField()
    decided_at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(Tick.Verdict.choices)
    reason = serializers.CharField()
    facts = serializers.DictField()
    sentence = serializers.SerializerMethodField()
    run = serializers.IntegerField(source="run_id", allow_null=True)

    def get_sentence(self, tick: Tick) -> str:
        """For people who read the answer."""
        return sentence(tick)


class SchedulePage(serializers.Serializer[Any]):
    """A page of schedules."""

    results = ScheduleOut(many=True)
    next = serializers.URLField(allow_null=True)


class TickPage(serializers.Serializer[Any]):
    """A page of decisions, newest first."""

    results = TickOut(many=True)
    next = serializers.URLField(allow_null=True)


class ProjectView(MachineView):
    """Something below a project, named by its slug."""

    verb = "projects.view_project"

    def schedules(self, project: str) -> Any:
        """The schedules of a project open to this token."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        return found.schedules.select_related("slice", "eval_slice")


class ScheduleList(ProjectView):
    """The schedules of a project."""

    parameters = PAGING

    @extend_schema(operation_id="schedules_list", parameters=PAGE, responses=SchedulePage)
    def get(self, request: Request, project: str) -> Response:
        """In order of their making."""
        page = page_of(request, self.schedules(project))
        return Response(page.body(list(ScheduleOut(page.rows, many=True).data)))


class ScheduleDetail(ProjectView):
    """One schedule."""

    @extend_schema(operation_id="schedules_get", responses=ScheduleOut)
    def get(self, request: Request, project: str, schedule: int) -> Response:
        """As it stands."""
        return Response(ScheduleOut(self.get_or_404(self.schedules(project), pk=schedule)).data)


class TickList(ProjectView):
    """What a schedule decided."""

    parameters = PAGING

    @extend_schema(operation_id="schedules_ticks", parameters=PAGE, responses=TickPage)
    def get(self, request: Request, project: str, schedule: int) -> Response:
        """Newest first."""
        found = self.get_or_404(self.schedules(project), pk=schedule)
        page = page_of(request, found.ticks.all(), newest_first=True)
        return Response(page.body(list(TickOut(page.rows, many=True).data)))
