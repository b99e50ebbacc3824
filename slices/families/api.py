"""REST: families, their children with counts, and who belongs where."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions import Condition, ConditionError
from projects.streams.models import Project, Stream
from slices.definitions.actions import SPLITS, Definition, current
from slices.definitions.api import SliceView, meaning, slice_out
from slices.definitions.models import SliceVersion
from slices.families.actions import (
    MAX_BELONGINGS,
    Belongs,
    change_child,
    change_family,
    create_family,
    set_belongings,
)
from slices.families.listing import Line, levels_of, lines, wider
from slices.families.models import Child, Family
from teams.access.idempotency import idempotent
from teams.access.paging import PAGING, page_of
from teams.access.problems import Problem
from teams.access.strict import Body, Moment

MANAGE = "projects.manage_project"
PAGE = [
    OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
]


class RulesIn(Body):
    """What holds for all children."""

    new_values = serializers.ChoiceField(Family.NewValues.choices, required=False)
    trains = serializers.ChoiceField(Family.Trains.choices, required=False)
    gone_after_days = serializers.IntegerField(min_value=1, max_value=36_500, required=False)


class FamilyIn(RulesIn):
    """A template: `text` or `condition` with parameters, and the rules for its children."""

    slug = serializers.SlugField(max_length=80)
    name = serializers.CharField(max_length=120)
    stream = serializers.SlugField(max_length=50)
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=2000)
    text = serializers.CharField(required=False, max_length=20_000)
    condition = serializers.JSONField(required=False)
    params = serializers.DictField(child=serializers.CharField(max_length=20), allow_empty=False)
    window = serializers.DictField(required=False, allow_null=True, default=None)
    labels = serializers.ChoiceField(SliceVersion.Labels.choices, default=SliceVersion.Labels.ACCEPTED)
    splits = serializers.ListField(child=serializers.ChoiceField(SPLITS), default=lambda: ["train"])
    min_size = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class FamilyOut(serializers.Serializer[Any]):
    """A family with what its template means now."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    stream = serializers.CharField()
    new_values = serializers.ChoiceField(Family.NewValues.choices)
    trains = serializers.ChoiceField(Family.Trains.choices)
    gone_after_days = serializers.IntegerField()
    version = serializers.IntegerField()
    text = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    children = serializers.IntegerField()
    levels = serializers.ListField(child=serializers.CharField())


class FamilySummary(serializers.Serializer[Any]):
    """A family by name."""

    slug = serializers.CharField()
    name = serializers.CharField()
    stream = serializers.CharField()
    new_values = serializers.ChoiceField(Family.NewValues.choices)
    trains = serializers.ChoiceField(Family.Trains.choices)


class FamilyPage(serializers.Serializer[Any]):
    """Some families, and the address of the next ones."""

    results = FamilySummary(many=True)
    next = serializers.CharField(allow_null=True)


class ChildOut(serializers.Serializer[Any]):
    """One child; `standing` is active, small, gone, proposed or paused."""

    id = serializers.IntegerField()
    values = serializers.DictField()
    state = serializers.ChoiceField(Child.State.choices)
    standing = serializers.CharField()
    min_size = serializers.IntegerField(allow_null=True)
    members = serializers.IntegerField()
    labeled = serializers.IntegerField()
    first_seen_at = serializers.DateTimeField()
    last_seen_on = serializers.DateField()


class ChildPage(serializers.Serializer[Any]):
    """Some children, and the address of the next ones."""

    results = ChildOut(many=True)
    next = serializers.CharField(allow_null=True)


class ChildIn(Body):
    """What is to become of a child."""

    state = serializers.ChoiceField(Child.State.choices, required=False)
    min_size = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True)


class LevelOut(serializers.Serializer[Any]):
    """One of a wider level: how many children belong to it, and their members together."""

    parent = serializers.CharField(  # type: ignore[assignment]
        help_text="Empty: children that belong nowhere."
    )
    children = serializers.IntegerField()
    members = serializers.IntegerField()
    labeled = serializers.IntegerField()


class BelongsIn(Body):
    """From `since` on, `value` belongs to `parent`; empty: nowhere."""

    value = serializers.CharField(max_length=500)
    parent = serializers.CharField(max_length=500, allow_blank=True)  # type: ignore[assignment]
    since = Moment()


class BelongingsIn(Body):
    """Rows of the table for one attribute and level."""

    field = serializers.CharField(max_length=60)
    level = serializers.CharField(max_length=60)
    rows = serializers.ListField(child=BelongsIn(), allow_empty=False, max_length=MAX_BELONGINGS)


class BelongingsDone(serializers.Serializer[Any]):
    """How many rows said something new."""

    changed = serializers.IntegerField()


class FamilyView(SliceView):
    """A view on the families of a project that the token may see."""

    def place(self, project: str) -> Project:
        """The project, or 404."""
        found: Project = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        return found

    def families(self, project: str) -> Any:
        """The project's families."""
        rows = self.organization.families.filter(slice__project=self.place(project))
        return rows.select_related("slice__stream", "slice__project", "organization")

    def family(self, project: str, slug: str) -> Family:
        """The family at this address, or 404."""
        found: Family = self.get_or_404(self.families(project), slice__slug=slug)
        return found


class FamilyList(FamilyView):
    """The families of a project."""

    verbs = {"POST": MANAGE}

    @property
    def known_parameters(self) -> frozenset[str]:
        """Making one takes none."""
        return PAGING if self.request.method == "GET" else frozenset()

    @extend_schema(operation_id="families_list", parameters=PAGE, responses=FamilyPage)
    def get(self, request: Request, project: str) -> Response:
        """The project's families, oldest first."""
        page = page_of(request, self.families(project))
        return Response(page.body([summary(row) for row in page.rows]))

    @idempotent
    @extend_schema(operation_id="families_create", request=FamilyIn, responses={201: FamilyOut})
    def post(self, request: Request, project: str) -> Response:
        """Make a family: its children are the values that are there, and those that will be."""
        given = FamilyIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        stream: Stream = self.get_or_404(
            self.place(project).streams.select_related("project", "organization"), slug=asked.pop("stream")
        )
        text, node = asked.pop("text", None), asked.pop("condition", None)
        params = asked.pop("params")
        names = ("window", "labels", "splits", "min_size")
        rest = {name: asked.pop(name) for name in names}
        try:
            condition = read(stream, text, node, params)
            definition = Definition(condition=condition.json, params=params, **rest)
            family = create_family(stream=stream, definition=definition, by=self.user, **asked)
        except ConditionError as wrong:
            raise Problem(
                422, "bad_condition", "The condition cannot be used.", errors=wrong.errors
            ) from None
        return Response(family_out(family), status=201)


def read(stream: Stream, text: str | None, node: Any, params: dict[str, str]) -> Condition:
    """The condition in either form."""
    if text is None:
        return Condition.from_json(node, stream, params=params)
    return Condition.from_text(text, stream, params=params)


class FamilyDetail(FamilyView):
    """One family."""

    verbs = {"PATCH": MANAGE}

    @extend_schema(operation_id="families_get", responses=FamilyOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """What the template means now, and how many children it has."""
        return Response(family_out(self.family(project, slug)))

    @extend_schema(operation_id="families_change", request=RulesIn, responses=FamilyOut)
    def patch(self, request: Request, project: str, slug: str) -> Response:
        """Change what holds for all children."""
        given = RulesIn(data=request.data)
        given.is_valid(raise_exception=True)
        family = change_family(family=self.family(project, slug), by=self.user, **given.validated_data)
        return Response(family_out(family))


class Children(FamilyView):
    """The children of a family."""

    parameters = PAGING | {"q"}

    @extend_schema(
        operation_id="families_children",
        parameters=[
            *PAGE,
            OpenApiParameter("q", OpenApiTypes.STR, description="Words in the child's values."),
        ],
        responses=ChildPage,
    )
    def get(self, request: Request, project: str, slug: str) -> Response:
        """Children with their members now, counted day by day over the template's window."""
        family = self.family(project, slug)
        words = request.query_params.get("q", "").replace("\x00", "")[:100]
        page = page_of(request, family.children.filter(name__icontains=words))
        return Response(page.body([child_out(line) for line in lines(family, page.rows)]))


class ChildDetail(FamilyView):
    """One child."""

    verbs = {"PATCH": MANAGE}

    def child(self, project: str, slug: str, pk: int) -> tuple[Family, Child]:
        """The child at this address and its family, or 404."""
        family = self.family(project, slug)
        return family, self.get_or_404(family.children.select_related("organization"), pk=pk)

    @extend_schema(operation_id="families_child", responses=ChildOut)
    def get(self, request: Request, project: str, slug: str, pk: int) -> Response:
        """How a child stands."""
        family, child = self.child(project, slug, pk)
        return Response(child_out(lines(family, [child])[0]))

    @extend_schema(operation_id="families_change_child", request=ChildIn, responses=ChildOut)
    def patch(self, request: Request, project: str, slug: str, pk: int) -> Response:
        """Accept, pause or resume a child, or give it a least size of its own."""
        family, child = self.child(project, slug, pk)
        given = ChildIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = {"state": child.state, "min_size": child.min_size} | given.validated_data
        changed = change_child(child=child, by=self.user, **asked)
        return Response(child_out(lines(family, [changed])[0]))


class Level(FamilyView):
    """A family seen from a wider level."""

    @extend_schema(operation_id="families_level", responses=LevelOut(many=True))
    def get(self, request: Request, project: str, slug: str, level: str) -> Response:
        """The members of all children that belong to each of a wider level now."""
        family = self.family(project, slug)
        if level not in levels_of(family):
            raise Http404
        return Response(wider(family, level, timezone.now()))


class Belongings(FamilyView):
    """Who belongs where, and since when."""

    verb = MANAGE

    @extend_schema(operation_id="belongings_set", request=BelongingsIn, responses=BelongingsDone)
    def put(self, request: Request, project: str, stream: str) -> Response:
        """Say where values of an attribute belong from a time on; what was said before of earlier times stays."""
        channel: Stream = self.get_or_404(
            self.place(project).streams.select_related("organization"), slug=stream
        )
        given = BelongingsIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        rows = [Belongs(**row) for row in asked["rows"]]
        changed = set_belongings(
            stream=channel, field=asked["field"], level=asked["level"], rows=rows, by=self.user
        )
        return Response({"changed": changed})


def summary(family: Family) -> dict[str, Any]:
    """A family by name."""
    names = slice_out(family.slice)
    return {name: names[name] for name in ("slug", "name", "stream")} | {
        "new_values": family.new_values,
        "trains": family.trains,
    }


def family_out(family: Family) -> dict[str, Any]:
    """A family with what its template means now."""
    version = current(family.slice)
    return slice_out(family.slice) | {
        "new_values": family.new_values,
        "trains": family.trains,
        "gone_after_days": family.gone_after_days,
        "version": version.version,
        "text": meaning(version)["text"],
        "params": version.params,
        "children": family.children.count(),
        "levels": levels_of(family),
    }


def child_out(line: Line) -> dict[str, Any]:
    """A child as scripts see it."""
    child = line.child
    names = ("values", "state", "min_size", "first_seen_at", "last_seen_on")
    more = {"id": child.pk, "standing": line.standing, "members": line.members, "labeled": line.labeled}
    return {name: getattr(child, name) for name in names} | more
