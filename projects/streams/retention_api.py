"""REST: how long a stream keeps examples that nobody needs, and how many have expired."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.api import StreamDoor
from projects.streams.models import Stream
from projects.streams.retained import MOST_DAYS
from projects.streams.retention import days_of, expired_so_far, preview, set_retention
from teams.access.problems import FieldError, Invalid
from teams.access.strict import Body

LAST_DAYS = 1000


class RetentionIn(Body):
    """How long; null keeps everything."""

    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, allow_null=True)


class RetentionPreviewOut(serializers.Serializer[Any]):
    """Of the oldest examples, how many are old enough and have no label; some may still be needed."""

    days = serializers.IntegerField()
    looked_at = serializers.IntegerField()
    would_expire = serializers.IntegerField()


class ExpiredDayOut(serializers.Serializer[Any]):
    """How many examples captured on a day have expired."""

    day = serializers.DateField()
    n = serializers.IntegerField()


class RetentionOut(serializers.Serializer[Any]):
    """The policy of a stream, and the counts of what expired by it."""

    days = serializers.IntegerField(allow_null=True, help_text="null: everything is kept.")
    expired = serializers.IntegerField(help_text="All that have expired so far.")
    by_day = ExpiredDayOut(
        many=True, help_text=f"By the day of capture (UTC), the newest {LAST_DAYS} days that have any."
    )
    preview = RetentionPreviewOut(
        allow_null=True, help_text="Of `days` of the query, else of the policy; null without either."
    )


class StreamRetention(StreamDoor):
    """How long a stream keeps what nobody needs."""

    verb = "projects.view_project"
    verbs = {"POST": "projects.manage_project"}

    @property
    def known_parameters(self) -> frozenset[str]:
        """Only a look takes one."""
        return frozenset({"days"}) if self.request.method == "GET" else frozenset()

    @extend_schema(
        operation_id="retention_get",
        parameters=[
            OpenApiParameter("days", OpenApiTypes.INT, description=f"Preview of so many: 1 to {MOST_DAYS}.")
        ],
        responses=RetentionOut,
    )
    def get(self, request: Request, project: str, stream: str) -> Response:
        """How long examples that nobody needs are kept, how many have expired, and what other days would come to."""
        channel = self.stream(project, stream)
        return Response(retention_out(channel, asked_days(request)))

    @extend_schema(operation_id="retention_set", request=RetentionIn, responses=RetentionOut)
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Let examples expire that have no label and no task and are in no snapshot, so many days after they came."""
        channel = self.stream(project, stream)
        given = RetentionIn(data=request.data)
        given.is_valid(raise_exception=True)
        set_retention(stream=channel, by=self.user, **given.validated_data)
        return Response(retention_out(channel))


def asked_days(request: Request) -> int | None:
    """The days of the query; None without."""
    said = request.query_params.get("days")
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 6 and 1 <= int(said) <= MOST_DAYS):
        raise Invalid([FieldError("/days", "invalid", f"A number of days from 1 to {MOST_DAYS}.")])
    return int(said)


def retention_out(stream: Stream, asked: int | None = None) -> dict[str, Any]:
    """The policy and its counts, as scripts see them."""
    days = days_of(stream)
    of = asked or days
    counts = stream.organization.expired_counts.filter(stream=stream).order_by("-day")
    return {
        "days": days,
        "expired": expired_so_far(stream),
        "by_day": list(counts.values("day", "n")[:LAST_DAYS]),
        "preview": {"days": of} | preview(stream, of)._asdict() if of else None,
    }
