"""REST: ask a person, wait for the answer, call it off, reconcile."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.asks.actions import Question, ask, digest, known_ask, settle, stop
from labeling.asks.models import Ask
from labeling.queues.models import Queue
from projects.streams.actions import receive
from projects.streams.models import Example
from projects.streams.rows import Bad, ExamplesIn, Reader, RowIn
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of, whole
from teams.access.problems import FieldError, Invalid
from teams.access.strict import Body, Moment

LONGEST_WAIT_S = 25
LOOK_EVERY_S = 0.25
READER = Reader(ExamplesIn, RowIn)


class GuessIn(Body):
    """What your model thinks."""

    label = serializers.CharField(max_length=500)  # type: ignore[assignment]
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    model = serializers.CharField(max_length=80, required=False)
    version = serializers.CharField(max_length=80, required=False)


class AskIn(Body):
    """A question to a person. `name` is yours: the same name with the same body is the same ask."""

    name = serializers.CharField(max_length=200)
    queue = serializers.CharField(max_length=50, required=False, help_text="Whose people are asked.")
    example_key = serializers.CharField(max_length=200, required=False)
    example = serializers.DictField(required=False, help_text="A row as in the ingest of examples.")
    prediction = GuessIn(required=False, allow_null=True)
    deadline_s = serializers.FloatField(min_value=0.1, max_value=7 * 86_400, required=False)
    deadline_at = Moment(required=False)
    on_timeout = serializers.ChoiceField(Ask.OnTimeout.choices, required=False, default=Ask.OnTimeout.FAIL)
    answer = serializers.DictField(required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Exactly one example, exactly one deadline."""
        for one, other in (("example", "example_key"), ("deadline_s", "deadline_at")):
            if (one in values) == (other in values):
                raise serializers.ValidationError({one: f"Give either {one} or {other}."})
        return values


class AskOut(serializers.Serializer[Any]):
    """An ask. `result` is there once `state` is not queued any more."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(Ask.State.choices)
    deadline_at = serializers.DateTimeField()
    result = serializers.DictField(allow_null=True)
    timings = serializers.DictField(child=serializers.DateTimeField(allow_null=True))


class AskPage(serializers.Serializer[Any]):
    """Some asks, and the address of the next ones."""

    results = AskOut(many=True)
    next = serializers.CharField(allow_null=True)


FINAL = OpenApiResponse(AskOut, description="It has ended; the result is in it.")
WAITING = OpenApiResponse(AskOut, description="Nobody has answered yet.")


class AskView(MachineView):
    """A view on the asks of the projects that are open to the token."""

    verb = "projects.ask_project"

    def project(self, slug: str) -> Any:
        """The project at this address, or 404."""
        return self.get_or_404(self.open_to_token(self.organization.projects), slug=slug)

    def ask(self, pk: int) -> Ask:
        """The ask at this address, or 404."""
        rows = self.organization.asks.filter(project__in=self.open_to_token(self.organization.projects))
        found: Ask = self.get_or_404(rows.select_related("organization", "task__queue__schema"), pk=pk)
        return found


class AskList(AskView):
    """The asks of a project."""

    parameters = PAGING | {"state"}

    @property
    def known_parameters(self) -> frozenset[str]:
        """Asking takes none."""
        return self.parameters if self.request.method == "GET" else frozenset()

    @extend_schema(operation_id="asks_create", request=AskIn, responses={200: FINAL, 202: WAITING})
    def post(self, request: Request, project: str) -> Response:
        """Ask a person by a deadline. Waiting people are shown it ahead of batch work."""
        place = self.project(project)
        given = AskIn(data=request.data)
        given.is_valid(raise_exception=True)
        values, same = given.validated_data, digest(request.data)
        queue = self.queue(place, values.get("queue"))
        known = known_ask(queue, values["name"], same)
        if known is None:
            with transaction.atomic():
                example = self.example(queue, values)
                question = Question(
                    name=values["name"],
                    deadline_at=deadline(values),
                    on_timeout=values["on_timeout"],
                    answer=values.get("answer"),
                    prediction=values.get("prediction"),
                )
                known = ask(
                    queue=queue, example=example, question=question, request_sha256=same, by=self.user
                )
        return answer_with(known)

    def queue(self, place: Any, slug: str | None) -> Queue:
        """The queue named, else the project's first active one."""
        queues = place.queues.filter(state=Queue.State.ACTIVE).select_related(
            "project", "stream", "schema", "organization"
        )
        found: Queue | None = (
            queues.filter(slug=slug) if slug else queues.order_by("-priority", "pk")
        ).first()
        if found is None:
            raise Invalid([FieldError("/queue", "unknown_queue", "There is no active queue of this name.")])
        return found

    def example(self, queue: Queue, values: dict[str, Any]) -> Example:
        """The example asked about, taken in first if the request brings it along."""
        key = values.get("example_key")
        if key is None:
            row = READER.read(msgspec.Raw(msgspec.json.encode(values["example"])))
            outcome = receive(stream=queue.stream, rows=[row], by=self.user).rows[0]
            if isinstance(row, Bad) or outcome.errors:
                errors = [
                    FieldError(f"/example/{where.pointer.split('/', 3)[-1]}", where.code, where.detail)
                    for where in outcome.errors or []
                ]
                raise Invalid(errors)
            key = row.key
        found = self.organization.examples.filter(stream=queue.stream, key=key).first()
        if found is None:
            raise Invalid([FieldError("/example_key", "unknown_example", "No example has this key.")])
        return found

    @extend_schema(
        operation_id="asks_list",
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=Ask.State.values),
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=AskPage,
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's asks, oldest first: for reconciliation."""
        rows, state = self.project(project).asks.all(), request.query_params.get("state")
        if state is not None:
            if state not in Ask.State.values:
                raise Invalid(
                    [FieldError("?state", "unknown_state", f"One of {', '.join(Ask.State.values)}.")]
                )
            rows = rows.filter(state=state)
        page = page_of(request, rows)
        return Response(page.body([ask_out(row) for row in page.rows]))


class AskDetail(AskView):
    """One ask."""

    parameters = frozenset({"wait_s"})

    @extend_schema(
        operation_id="asks_get",
        parameters=[
            OpenApiParameter(
                "wait_s", OpenApiTypes.INT, description=f"Wait up to so long; at most {LONGEST_WAIT_S}."
            )
        ],
        responses={200: FINAL, 202: WAITING},
    )
    def get(self, request: Request, pk: int) -> Response:
        """The answer, if there is one; with `wait_s`, as soon as there is one."""
        until = time.monotonic() + whole(request, "wait_s", 0, 0, LONGEST_WAIT_S)
        found = settle(ask=self.ask(pk))
        while found.state == Ask.State.QUEUED and time.monotonic() < until:
            pause()
            found = settle(ask=found)
        return answer_with(found)


class AskStop(AskView):
    """Call an ask off."""

    @extend_schema(operation_id="asks_stop", request=None, responses=AskOut)
    def post(self, request: Request, pk: int) -> Response:
        """You no longer need the answer. One that has ended stays as it is."""
        return Response(ask_out(stop(ask=self.ask(pk), by=self.user)))


def pause() -> None:
    """Wait without holding a connection to the database."""
    if not connection.in_atomic_block:  # a test's transaction is the test's to end
        connection.close()
    time.sleep(LOOK_EVERY_S)


def deadline(values: dict[str, Any]) -> datetime:
    """The moment by which an answer is of use."""
    given: datetime | None = values.get("deadline_at")
    return given or timezone.now() + timedelta(seconds=values["deadline_s"])


def answer_with(found: Ask) -> Response:
    """200 for an ask that has ended, 202 for one that waits."""
    return Response(ask_out(found), status=202 if found.state == Ask.State.QUEUED else 200)


def ask_out(row: Ask) -> dict[str, Any]:
    """An ask as scripts see it."""
    names = ("id", "name", "state", "deadline_at", "result")
    timings = {"queued": row.created_at, "first_claim": row.first_claim_at, "done": row.ended_at}
    return {name: getattr(row, name) for name in names} | {"timings": timings}
