"""REST: the queues of a project, and filling one by lot."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.tasks.routing import draw
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of
from teams.access.strict import Body


class QueueOut(serializers.Serializer[Any]):
    """A queue, and how its tasks stand."""

    slug = serializers.CharField()
    name = serializers.CharField()
    stream = serializers.CharField()
    state = serializers.CharField()
    tasks = serializers.IntegerField()
    open = serializers.IntegerField()
    accepted = serializers.IntegerField()


class QueuePage(serializers.Serializer[Any]):
    """Some queues, and the address of the next ones."""

    results = QueueOut(many=True)
    next = serializers.CharField(allow_null=True)


class DrawIn(Body):
    """How many tasks the queue shall have had in all."""

    total = serializers.IntegerField(min_value=0, max_value=100_000)


class DrawOut(serializers.Serializer[Any]):
    """How many were opened for it."""

    opened = serializers.IntegerField()
    total = serializers.IntegerField()


class QueueView(MachineView):
    """A view on the queues of a project."""

    def queues(self, project: str) -> Any:
        """The project's queues, or 404."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        return found.queues.select_related("stream", "organization")


class QueueList(QueueView):
    """The queues of a project."""

    verb = "projects.view_project"
    parameters = PAGING

    @extend_schema(
        operation_id="queues_list",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=QueuePage,
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's queues with how their tasks stand."""
        counted = self.queues(project).annotate(
            n=Count("tasks"),
            n_open=Count("tasks", filter=Q(tasks__state="open")),
            n_accepted=Count("tasks", filter=Q(tasks__state="accepted")),
        )
        page = page_of(request, counted)
        return Response(page.body([queue_out(row) for row in page.rows]))


class Draw(QueueView):
    """Fill a queue by lot."""

    verb = "projects.train_project"

    @extend_schema(operation_id="queues_draw", request=DrawIn, responses=DrawOut)
    def post(self, request: Request, project: str, queue: str) -> Response:
        """Open tasks for training examples drawn by lot until the queue has had `total`. Again, it opens none."""
        found = self.get_or_404(self.queues(project), slug=queue)
        given = DrawIn(data=request.data)
        given.is_valid(raise_exception=True)
        opened = draw(queue=found, total=given.validated_data["total"], by=self.user)
        return Response({"opened": opened, "total": found.tasks.count()})


def queue_out(row: Any) -> dict[str, Any]:
    """A queue as scripts see it."""
    names = {"slug": row.slug, "name": row.name, "stream": row.stream.slug, "state": row.state}
    return names | {"tasks": row.n, "open": row.n_open, "accepted": row.n_accepted}
