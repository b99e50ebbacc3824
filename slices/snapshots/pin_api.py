"""REST: keep a snapshot's files, and let them go."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.snapshots.api import SnapshotView
from slices.snapshots.keeping import Pin
from slices.snapshots.pinning import held_for, pin, release
from teams.access.paging import PAGING, page_of
from teams.access.strict import Body


class PinIn(Body):
    """Why it is to be kept."""

    reason = serializers.CharField(max_length=200)


class PinOut(serializers.Serializer[Any]):
    """A pin: the files stay until it is deleted."""

    id = serializers.IntegerField()
    snapshot = serializers.IntegerField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class PinPage(serializers.Serializer[Any]):
    """Some pins, and the address of the next ones."""

    results = PinOut(many=True)
    next = serializers.CharField(allow_null=True)


class Pins(SnapshotView):
    """The pins of a snapshot."""

    verb = "projects.manage_project"

    @property
    def known_parameters(self) -> frozenset[str]:
        """Only the list has pages."""
        return PAGING if self.request.method == "GET" else frozenset()

    @extend_schema(operation_id="pins_list", responses=PinPage)
    def get(self, request: Request, pk: int) -> Response:
        """What people keep it for, newest first."""
        rows = self.organization.pins.filter(snapshot=self.snapshot(pk), released_at=None)
        page = page_of(request, rows, newest_first=True)
        return Response(page.body([pin_out(row) for row in page.rows]))

    @extend_schema(operation_id="pins_create", request=PinIn, responses={201: PinOut, 200: PinOut})
    def post(self, request: Request, pk: int) -> Response:
        """Keep its files until the pin is deleted; 200 for a reason that keeps it already. Files that are gone: 409."""
        snapshot = self.snapshot(pk)
        given = PinIn(data=request.data)
        given.is_valid(raise_exception=True)
        before = held_for(snapshot, given.validated_data["reason"])
        row = before or pin(snapshot=snapshot, by=self.user, **given.validated_data)
        return Response(pin_out(row), status=200 if before else 201)


class PinDetail(SnapshotView):
    """One pin."""

    verb = "projects.manage_project"

    @extend_schema(operation_id="pins_delete", responses={204: None})
    def delete(self, request: Request, pk: int, pin: int) -> Response:
        """Let the snapshot go: its files stay only as long as something needs them. Again: 204 again."""
        rows = self.organization.pins.filter(snapshot=self.snapshot(pk)).select_related(
            "organization", "snapshot"
        )
        release(pin=self.get_or_404(rows, pk=pin), by=self.user)
        return Response(status=204)


def pin_out(row: Pin) -> dict[str, Any]:
    """A pin as pipelines see it."""
    return {"id": row.pk, "snapshot": row.snapshot_id, "reason": row.reason, "at": row.at}
