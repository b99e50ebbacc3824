"""REST: ready-made conditions for hard cases, each with how many there are now."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions import Condition
from projects.conditions.counting import COUNT_UP_TO, PREVIEW_MS, bounded, count
from projects.streams.api import StreamDoor
from slices.families.hard_cases import hard_cases


class HardCaseOut(serializers.Serializer[Any]):
    """A ready-made condition."""

    name = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField(help_text="The condition, to be tried, saved as a slice or sent to people.")
    count = serializers.IntegerField(help_text=f"How many meet it now; exact up to {COUNT_UP_TO}.")
    exact = serializers.BooleanField()


class HardCases(StreamDoor):
    """The hard cases of a stream."""

    verb = "projects.view_project"

    @extend_schema(operation_id="hard_cases", responses=HardCaseOut(many=True))
    def get(self, request: Request, project: str, stream: str) -> Response:
        """What models and people find hard here, as conditions, and how many examples meet each now."""
        channel, now = self.stream(project, stream), timezone.now()
        cases = [
            case
            for case in hard_cases(channel, now)
            if not case.verb or self.carries(case.verb, channel.project)
        ]
        rows = self.organization.examples.filter(stream=channel)
        filters = [rows.filter(Condition.from_text(case.text, channel).q(now)) for case in cases]
        with bounded(PREVIEW_MS):
            counts = count(filters)
        return Response(
            [
                {
                    "name": case.name,
                    "title": case.title,
                    "text": case.text,
                    "count": found.n,
                    "exact": found.exact,
                }
                for case, found in zip(cases, counts, strict=True)
            ]
        )
