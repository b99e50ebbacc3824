"""REST: what a change of a family's template would do to its children."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.definitions.actions import current
from slices.definitions.shapes import MeaningIn, definition_in, definition_of, said_where
from slices.families.api import FamilyView
from slices.families.preview import LARGEST, PERCENT, preview
from teams.access.strict import Moment


class FamilyPreviewIn(MeaningIn):
    """What of the template would change; what is not said stays. Its parameters stay what they are."""

    as_of = Moment(required=False)


class ChildChangeOut(serializers.Serializer[Any]):
    """A child that would have other members: how many it has, and how many it would have."""

    name = serializers.CharField()
    values = serializers.DictField()
    kind = serializers.ChoiceField(["appears", "goes", "changes"])
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class FamilyPreviewOut(serializers.Serializer[Any]):
    """What the change would do; the children that differ most first."""

    is_new = serializers.BooleanField(help_text="Whether saving it would make another version.")
    sentence = serializers.CharField(help_text="All of it in one line.")
    as_of = serializers.DateTimeField()
    before = serializers.IntegerField(help_text="Members of all children now.")
    after = serializers.IntegerField(help_text="Members of all children then.")
    children = serializers.IntegerField(help_text="Children with members then.")
    appear = serializers.IntegerField()
    go = serializers.IntegerField()
    much = serializers.IntegerField(help_text=f"Children that stay and change by more than {PERCENT} %.")
    largest = serializers.ListField(
        child=ChildChangeOut(), help_text=f"At most {LARGEST}, the largest changes first."
    )


class FamilyPreview(FamilyView):
    """A template before it is saved."""

    @extend_schema(operation_id="families_preview", request=FamilyPreviewIn, responses=FamilyPreviewOut)
    def post(self, request: Request, project: str, slug: str) -> Response:
        """Hold the children as they are against those of a changed template. Nothing is changed."""
        family = self.family(project, slug)
        given = FamilyPreviewIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        as_of = asked.get("as_of") or timezone.now()
        base = definition_in(current(family.slice))
        with said_where():
            definition, condition = definition_of(asked, family.slice.stream, base, family.slice.slug)
            self.check_fields(condition)
            effect = preview(family, definition, as_of)
        told = effect._asdict() | {"sentence": effect.sentence, "as_of": as_of}
        told["largest"] = [one._asdict() | {"kind": one.kind} for one in effect.largest]
        return Response(told)
