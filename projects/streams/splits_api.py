"""REST: how a stream is divided into train, val and test, and otherwise; groups that are in a split by name."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.api import StreamDoor
from projects.streams.dividing import (
    FEW,
    LOOKED_AT,
    MOST_GROUPS,
    assign_groups,
    change_split,
    comparable,
    groups_of,
    oddities,
    shares,
)
from projects.streams.models import SplitPolicy, Stream
from projects.streams.splits import cuts_of
from teams.access.paging import PAGING, page_of
from teams.access.strict import Body

MANAGE = "projects.manage_project"
SPLITS = ("train", "val", "test")


class PolicyOut(serializers.Serializer[Any]):
    """One split policy: buckets [0, test_until) are test, [test_until, val_until) val, the others train."""

    version = serializers.IntegerField()
    salt = serializers.CharField()
    test_until = serializers.IntegerField()
    val_until = serializers.IntegerField()
    shares = serializers.DictField(child=serializers.FloatField(), help_text="In percent, by split.")
    comparable_with = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Versions under which models can be compared with this one's.",
    )


class OddityOut(serializers.Serializer[Any]):
    """Something about the splits that one should know."""

    code = serializers.ChoiceField(["few_groups", "no_test"])
    detail = serializers.CharField()


class SplitsOut(serializers.Serializer[Any]):
    """How a stream is divided, newest policy first."""

    split_by = serializers.CharField(
        help_text="Examples with one value of it stay together; empty: each is alone."
    )
    groups = serializers.IntegerField(
        help_text=f"Among the newest {LOOKED_AT} examples; few are below {FEW}."
    )
    policies = PolicyOut(many=True)
    warnings = OddityOut(many=True)


class SplitsIn(Body):
    """Other cuts. Test and val may only shrink, unless the stream is divided anew."""

    test_until = serializers.IntegerField(min_value=0, max_value=SplitPolicy.BUCKETS)
    val_until = serializers.IntegerField(min_value=0, max_value=SplitPolicy.BUCKETS)
    anew = serializers.BooleanField(
        default=False, help_text="By another salt: models of before and after cannot be compared."
    )


class GroupsIn(Body):
    """Groups that go into a split for ever; none of them may have arrived in another."""

    split = serializers.ChoiceField(SPLITS)
    groups = serializers.ListField(
        child=serializers.CharField(max_length=200), allow_empty=False, max_length=MOST_GROUPS
    )


class GroupsDone(serializers.Serializer[Any]):
    """How many were not there already."""

    assigned = serializers.IntegerField()


class GroupOut(serializers.Serializer[Any]):
    """A group that was put into a split."""

    group = serializers.CharField()
    split = serializers.ChoiceField(SPLITS)


class GroupPage(serializers.Serializer[Any]):
    """Some groups, and the address of the next ones."""

    results = GroupOut(many=True)
    next = serializers.CharField(allow_null=True)


class Splits(StreamDoor):
    """How a stream is divided."""

    verb = "projects.view_project"
    verbs = {"POST": MANAGE}

    @extend_schema(operation_id="splits_get", responses=SplitsOut)
    def get(self, request: Request, project: str, stream: str) -> Response:
        """The split policies of a stream, how many groups it has, and what is odd about that."""
        return Response(splits_out(self.stream(project, stream)))

    @extend_schema(operation_id="splits_change", request=SplitsIn, responses=SplitsOut)
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Shrink test and val, or divide the stream anew. No example ever moves towards test under one salt."""
        channel = self.stream(project, stream)
        given = SplitsIn(data=request.data)
        given.is_valid(raise_exception=True)
        change_split(stream=channel, by=self.user, **given.validated_data)
        return Response(splits_out(channel))


class SplitGroups(StreamDoor):
    """Groups in splits by name."""

    verb = "projects.view_project"
    verbs = {"PUT": MANAGE}

    @property
    def known_parameters(self) -> frozenset[str]:
        """Assigning takes none."""
        return PAGING if self.request.method == "GET" else frozenset()

    @extend_schema(
        operation_id="splits_groups",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=GroupPage,
    )
    def get(self, request: Request, project: str, stream: str) -> Response:
        """The groups that people or imports have put into a split."""
        channel = self.stream(project, stream)
        cuts = cuts_of(channel)
        page = page_of(request, self.organization.split_assignments.filter(stream=channel))
        rows = [
            {"group": row.split_key, "split": cuts.split_of(row.bucket, row.split_key)} for row in page.rows
        ]
        return Response(page.body(rows))

    @extend_schema(operation_id="splits_assign", request=GroupsIn, responses=GroupsDone)
    def put(self, request: Request, project: str, stream: str) -> Response:
        """Put groups into a split before anything of them has arrived: stores that are only ever tested on."""
        channel = self.stream(project, stream)
        given = GroupsIn(data=request.data)
        given.is_valid(raise_exception=True)
        return Response({"assigned": assign_groups(stream=channel, by=self.user, **given.validated_data)})


def splits_out(stream: Stream) -> dict[str, Any]:
    """How a stream is divided, as scripts see it."""
    policies = list(stream.split_policies.order_by("-version"))
    return {
        "split_by": stream.split_by,
        "groups": groups_of(stream),
        "policies": [policy_out(one, policies) for one in policies],
        "warnings": [one._asdict() for one in oddities(stream)],
    }


def policy_out(policy: SplitPolicy, policies: list[SplitPolicy]) -> dict[str, Any]:
    """One policy."""
    same = [other.version for other in policies if other != policy and comparable(policy, other)]
    names = ("version", "salt", "test_until", "val_until")
    return {name: getattr(policy, name) for name in names} | {
        "shares": shares(policy),
        "comparable_with": same,
    }
