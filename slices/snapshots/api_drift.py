"""REST: how far a slice has drifted since it was frozen."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from slices.definitions.api_looking import AS_OF, SidesOut, moment_of, sides_out
from slices.snapshots.drifting import drift_since
from slices.snapshots.models import Snapshot
from teams.access.api import MachineView


class SnapshotDrift(MachineView):
    """A slice against a snapshot of it."""

    verb = "projects.view_project"
    parameters = frozenset({"as_of"})

    @extend_schema(operation_id="snapshots_drift", parameters=[AS_OF], responses=SidesOut)
    def get(self, request: Request, pk: int) -> Response:
        """How far labels and attributes of the slice are from what was frozen."""
        open_projects = self.open_to_token(self.organization.projects)
        rows = self.organization.snapshots.filter(project__in=open_projects).select_related(
            "slice_version__slice__stream", "slice_version__organization", "organization"
        )
        snapshot: Snapshot = self.get_or_404(rows, pk=pk)
        found = drift_since(snapshot, moment_of(request, "as_of") or timezone.now())
        return Response(sides_out(str(snapshot.slice_version), found))
