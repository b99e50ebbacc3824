"""REST: erase examples, and see how far that is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from projects.erasure.actions import erase, erased_before
from projects.erasure.choosing import check_wanted
from projects.erasure.models import Erasure
from projects.erasure.previews import Preview, preview
from projects.erasure.shapes import ErasureIn, ErasureOut, ErasurePage, erasure_out
from projects.streams.models import Project, Stream
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of
from teams.access.problems import FieldError, Invalid


class ErasureView(MachineView):
    """A view on the erasures of a project; who manages it may."""

    verb = "projects.manage_project"

    def project(self, slug: str) -> Project:
        """The project at this address, or 404."""
        projects = self.open_to_token(self.organization.projects).select_related("organization")
        found: Project = self.get_or_404(projects, slug=slug)
        return found

    def stream(self, project: Project, slug: str | None) -> Stream | None:
        """The stream that the call names, if it names one."""
        if slug is None:
            return None
        found = project.streams.select_related("organization").filter(slug=slug).first()
        if found is None:
            raise Invalid(
                [FieldError("/stream", "unknown_stream", "The project has no stream of this name.")]
            )
        return found


class ErasureList(ErasureView):
    """The erasures of a project."""

    parameters = PAGING

    @property
    def known_parameters(self) -> frozenset[str]:
        """Asking for one takes none."""
        return self.parameters if self.request.method == "GET" else frozenset()

    @extend_schema(
        operation_id="erasures_create", request=ErasureIn, responses={201: ErasureOut, 200: ErasureOut}
    )
    def post(self, request: Request, project: str) -> Response:
        """Erase examples: once this answers, every read of them is 410 and nothing new counts them. Copies follow
        within minutes. The same keys or ids again are the same erasure (200), and so is a dry run."""
        place = self.project(project)
        given = ErasureIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked, wanted = given.validated_data, given.wanted()
        stream = self.stream(place, asked.get("stream"))
        if asked["dry_run"]:
            return Response(dry(preview(project=place, stream=stream, wanted=wanted)))
        check_wanted(wanted, stream)
        known = erased_before(place, stream, wanted)
        row = known or erase(
            project=place, stream=stream, wanted=wanted, reference=asked["reference"], by=self.user
        )
        return Response(erasure_out(row, whole=True), status=200 if known else 201)

    @extend_schema(
        operation_id="erasures_list",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=ErasurePage,
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's erasures, oldest first; `lineage` is with each one's own address."""
        page = page_of(request, self.project(project).erasures.prefetch_related("steps"))
        return Response(page.body([erasure_out(row, whole=False) for row in page.rows]))


class ErasureDetail(ErasureView):
    """One erasure."""

    @extend_schema(operation_id="erasures_get", responses=ErasureOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        """How far it is, room by room, and what the examples had been used for."""
        rows = self.project(project).erasures.select_related("organization", "project", "stream")
        found: Erasure = self.get_or_404(rows.prefetch_related("steps"), pk=pk)
        return Response(erasure_out(found, whole=True))


def dry(seen: Preview) -> dict[str, Any]:
    """What would go."""
    never = dict.fromkeys(("id", "asked_at", "marked_at", "done_at"))
    parts = [{"name": name, "words": str(words), "n": n, "done": False} for name, words, n in seen.parts]
    counts = {"examples": seen.n, "unknown": seen.unknown, "parts": parts}
    return never | counts | {"state": "dry_run", "reference": "", "lineage": {}}
