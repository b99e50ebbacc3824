"""REST: what the members of a slice are made of, how they came over time, and two slices side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions.api import example_out
from projects.conditions.nodes import moment
from projects.streams.splits import cuts_of
from projects.streams.withholding import PERSONAL, withheld_from
from slices.definitions.api import SliceView
from slices.definitions.comparing import PARTS, Comparison, Part, Side, compare, first_examples
from slices.definitions.drifting import TRIGGER, WARN, Sides, drift_of
from slices.definitions.looking import Seen
from slices.definitions.mixing import Breakdown, mix, over_time
from slices.definitions.models import SliceVersion
from teams.access.paging import whole
from teams.access.problems import FieldError, Invalid, Problem

AS_OF = OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="As of then; now if absent.")
VERSION = OpenApiParameter("version", OpenApiTypes.INT, description="The newest if absent.")
OTHER = OpenApiParameter("other_version", OpenApiTypes.INT, description="Of the other slice.")
REFERENCE = OpenApiParameter(
    "reference", OpenApiTypes.DATETIME, description="Compare with then; with the window before if absent."
)
LAST_VERSION = 2**31 - 1
EXAMPLES = 6


class SeenOut(serializers.Serializer[Any]):
    """A value, and how many have it."""

    value = serializers.CharField(allow_blank=True)
    n = serializers.IntegerField()


class BreakdownOut(serializers.Serializer[Any]):
    """The values of one field, most first; `other` have rarer ones, `missing` none."""

    field = serializers.CharField()
    values = SeenOut(many=True)
    other = serializers.IntegerField()
    missing = serializers.IntegerField()


class MixOut(serializers.Serializer[Any]):
    """What the members are made of; not `exact`: reckoned from a fixed share of them."""

    version = serializers.IntegerField()
    n = serializers.IntegerField()
    exact = serializers.BooleanField()
    breakdowns = BreakdownOut(many=True)


class PointOut(serializers.Serializer[Any]):
    """One day, week or month."""

    on = serializers.DateField()
    members = serializers.IntegerField()
    labeled = serializers.IntegerField()


class CourseOut(serializers.Serializer[Any]):
    """The members over time by the clock of the slice's window; `before`: earlier than the first point."""

    version = serializers.IntegerField()
    unit = serializers.ChoiceField(["day", "week", "month"])
    clock = serializers.CharField()
    exact = serializers.BooleanField()
    points = PointOut(many=True)
    before = serializers.IntegerField()


class PartOut(serializers.Serializer[Any]):
    """One part of two slices: how many, by label ("" for none), and its newest examples."""

    n = serializers.IntegerField()
    labels = SeenOut(many=True)
    examples = serializers.ListField(child=serializers.DictField())


class ComparisonOut(serializers.Serializer[Any]):
    """Who is only in the one, in both, only in the other; `relabeled` are in both with another label in each."""

    as_of = serializers.DateTimeField()
    a = serializers.CharField()
    b = serializers.CharField()
    only_a = PartOut()
    both = PartOut()
    only_b = PartOut()
    relabeled = serializers.IntegerField()
    exact = serializers.BooleanField()


class MovedOut(serializers.Serializer[Any]):
    """A value whose share changed."""

    value = serializers.CharField(allow_blank=True)
    before = serializers.FloatField()
    now = serializers.FloatField()


class DriftOut(serializers.Serializer[Any]):
    """One dimension. The distance is null where a side has too few rows."""

    name = serializers.CharField()
    measure = serializers.ChoiceField(["jensen_shannon", "wasserstein"])
    distance = serializers.FloatField(allow_null=True)
    level = serializers.ChoiceField(["none", "warn", "drift", "few"])
    n_reference = serializers.IntegerField()
    n_current = serializers.IntegerField()
    moved = MovedOut(many=True)


class SidesOut(serializers.Serializer[Any]):
    """How far the members of a slice are from the reference, most drifted dimension first."""

    slice = serializers.CharField()
    reference = serializers.CharField()
    as_of = serializers.DateTimeField()
    exact = serializers.BooleanField()
    warn_from = serializers.FloatField()
    drift_from = serializers.FloatField()
    dimensions = DriftOut(many=True)


class LookingView(SliceView):
    """A view on the members of one slice."""

    parameters = frozenset({"as_of", "version"})

    def version(self, project: str, slug: str, parameter: str = "version") -> SliceVersion:
        """The version asked for, or 404; 422 for a family, whose children have members and not itself."""
        found = self.get_or_404(self.slices(project), slug=slug)
        rows = found.versions.select_related("slice__stream", "slice__project", "organization")
        number = whole(self.request, parameter, 0, 1, LAST_VERSION)
        version: SliceVersion = (
            self.get_or_404(rows, version=number) if number else rows.order_by("-version")[0]
        )
        if version.params:
            raise Problem(422, "needs_values", "This is a family: its children have members.")
        return version

    def as_of(self) -> datetime:
        """The moment asked for; now, if none is."""
        return moment_of(self.request, "as_of") or timezone.now()


class SliceMix(LookingView):
    """What a slice is made of."""

    @extend_schema(operation_id="slices_mix", parameters=[VERSION, AS_OF], responses=MixOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """How often each label, prediction and attribute value is among the members."""
        version = self.version(project, slug)
        found = mix(version, self.as_of())
        parts = [breakdown_out(name, one) for name, one in found.fields.items()]
        return Response({"version": version.version, "n": found.n, "exact": found.exact, "breakdowns": parts})


class SliceOverTime(LookingView):
    """How a slice came about."""

    @extend_schema(operation_id="slices_over_time", parameters=[VERSION, AS_OF], responses=CourseOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """Members, and those with a label, per day; per week or month where the days are many."""
        version = self.version(project, slug)
        found = over_time(version, self.as_of())
        points = [point._asdict() for point in found.points]
        return Response({"version": version.version, **found._asdict(), "points": points})


class SliceCompare(LookingView):
    """Two slices side by side."""

    parameters = frozenset({"as_of", "version", "other_version"})

    @extend_schema(operation_id="slices_compare", parameters=[VERSION, OTHER, AS_OF], responses=ComparisonOut)
    def get(self, request: Request, project: str, slug: str, other: str) -> Response:
        """Who is only in the one slice, in both, only in the other, as of one moment."""
        a = Side(self.version(project, slug))
        b = Side(self.version(project, other, "other_version"))
        as_of = self.as_of()
        found = compare(a, b, as_of)
        stream = a.version.slice.stream
        cuts, personal = cuts_of(stream), withheld_from(stream, self.carries(PERSONAL, stream.project))
        examples = {
            part: [example_out(row, cuts, personal) for row in first_examples(a, b, as_of, part, EXAMPLES)]
            for part in PARTS
        }
        return Response(comparison_out(a, b, as_of, found, examples))


class SliceDrift(LookingView):
    """Whether a slice has drifted."""

    parameters = frozenset({"as_of", "version", "reference"})

    @extend_schema(operation_id="slices_drift", parameters=[VERSION, AS_OF, REFERENCE], responses=SidesOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """How far labels, predictions, confidence and attributes are from the window before, or an earlier moment."""
        version = self.version(project, slug)
        found = drift_of(version, self.as_of(), moment_of(request, "reference"))
        return Response(sides_out(str(version), found))


def moment_of(request: Request, name: str) -> datetime | None:
    """A query parameter as a moment; None where it is absent."""
    text = request.query_params.get(name)
    if text is None:
        return None
    found = moment(text.replace(" ", "+"))  # a plus sign that nobody escaped
    if found is None:
        raise Invalid([FieldError(f"?{name}", "bad_timestamp", "An RFC 3339 time with its zone.")])
    return found


def sides_out(name: str, found: Sides) -> dict[str, Any]:
    """Drift as scripts see it."""
    parts = [one._asdict() | {"moved": [each._asdict() for each in one.moved]} for one in found.dimensions]
    levels = {"warn_from": WARN, "drift_from": TRIGGER}
    return {"slice": name, **levels, **found._asdict(), "dimensions": parts}


def breakdown_out(name: str, found: Breakdown) -> dict[str, Any]:
    """One field as scripts see it."""
    rest = {"other": found.other, "missing": found.missing}
    return {"field": name, "values": seen_out(found.values), **rest}


def seen_out(found: list[Seen]) -> list[dict[str, Any]]:
    """Values with their counts."""
    return [one._asdict() for one in found]


def comparison_out(
    a: Side, b: Side, as_of: datetime, found: Comparison, examples: dict[str, list[Any]]
) -> dict[str, Any]:
    """A comparison as scripts see it."""
    parts: dict[str, Part] = {name: getattr(found, name) for name in PARTS}
    said = {
        name: {"n": part.n, "labels": seen_out(part.labels), "examples": examples[name]}
        for name, part in parts.items()
    }
    names = {"as_of": as_of, "a": str(a.version), "b": str(b.version)}
    return {**names, **said, "relabeled": found.relabeled, "exact": found.exact}
