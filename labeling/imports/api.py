"""REST: bring a file, or say where one is; see how far it is, cancel, resume, and fetch what was not taken."""

from __future__ import annotations

from collections.abc import Callable

from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.answers.api import apart
from labeling.imports import actions
from labeling.imports.arriving import BODY, PARAMETERS, Arrival
from labeling.imports.models import Import
from labeling.imports.proposing import ask_what_it_answers
from labeling.imports.report import TYPES, report
from labeling.imports.settings import PROPOSE, Settings
from labeling.imports.shapes import ImportDetailOut, ImportPage, import_detail, import_out
from labeling.imports.storing import check_size, keep, remove
from projects.streams.models import Stream
from teams.access import idempotency
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of
from teams.access.problems import FieldError, Invalid

VIEW, INGEST = "projects.view_project", "projects.ingest_project"
PAGE = [
    OpenApiParameter("after", int, description="The id of the last row of the page before."),
    OpenApiParameter("limit", int, description="1 to 1000 rows; 100 unless told otherwise."),
]


class Imports(Arrival):
    """The imports of a stream."""

    verbs = {"GET": VIEW, "POST": INGEST}

    @property
    def known_parameters(self) -> frozenset[str]:
        """A list has pages."""
        return PAGING if self.request.method == "GET" else super().known_parameters

    @extend_schema(operation_id="imports_list", parameters=PAGE, responses=ImportPage)
    def get(self, request: Request, project: str, stream: str) -> Response:
        """Newest first."""
        rows = self.stream(project, stream).imports.select_related("stream")
        page = page_of(request, rows, newest_first=True)
        return Response(page.body([import_out(row) for row in page.rows]))

    @extend_schema(
        operation_id="imports_create",
        parameters=[idempotency.PARAMETER, *PARAMETERS],
        request=BODY,
        responses={201: ImportDetailOut},
    )
    def post(self, request: Request, project: str, stream: str) -> HttpResponseBase:
        """Begin an import: of the file that is the body (not application/json), or of what lies at `uri`.

        The answer comes at once; the rows are taken by a job, some at a time. Whatever dies in between, each row is
        taken once or in the report of errors. A file of JSON (COCO, Label Studio) is sent as application/octet-stream.
        A label is an answer to a question: `questions=propose` asks those that the file answers where there are none.
        """
        channel = self.stream(project, stream)
        if self.is_upload:
            return self.upload(request, channel)
        return self.from_store(request, channel)

    @idempotency.heeded
    def from_store(self, request: Request, channel: Stream) -> HttpResponseBase:
        """Of what a store has."""
        uri, settings = self.of_address(request, channel)
        return self.begin(lambda: actions.draft_address(stream=channel, uri=uri, by=self.user), settings)

    def upload(self, request: Request, channel: Stream) -> HttpResponseBase:
        """Of the body: settled before it is stored, stored before it is begun."""
        name, settings = self.of_upload(request, channel)
        check_size(int(request.META.get("CONTENT_LENGTH") or 0))
        key = idempotency.key_of(request)
        stored = keep(self.organization, request._request)
        is_used = False

        def effect() -> HttpResponseBase:
            nonlocal is_used
            answer = self.begin(
                lambda: actions.draft_upload(stream=channel, name=name, stored=stored, by=self.user), settings
            )
            is_used = True
            return answer

        try:
            if key is None:
                return effect()
            return idempotency.once(
                organization=self.organization,
                user=self.user,
                key=key,
                request_sha256=idempotency.fingerprint(request, stored.sha256.encode()),
                effect=effect,
            )
        finally:
            if not is_used:
                remove(stored.name)

    def begin(self, draft: Callable[[], Import], settings: Settings) -> Response:
        """Draft it, ask what it answers if that was said, and start it, in one transaction."""
        with transaction.atomic():
            row = draft()
            if settings.questions == PROPOSE:
                ask_what_it_answers(row=row, settings=settings, by=self.user)
            actions.start(row=row, settings=settings, by=self.user)
        row.refresh_from_db()
        return Response(import_detail(row), status=201)


class ImportView(MachineView):
    """A view on the imports of projects that are open to the token."""

    def row(self, pk: int) -> Import:
        """The import at this address, or 404."""
        projects = self.open_to_token(self.organization.projects)
        rows = self.organization.imports.filter(project__in=projects)
        found: Import = self.get_or_404(rows.select_related("organization", "project", "stream"), pk=pk)
        return found


class ImportDetail(ImportView):
    """One import."""

    verb = VIEW

    @extend_schema(operation_id="imports_get", responses=ImportDetailOut)
    def get(self, request: Request, pk: int) -> Response:
        """How far it is."""
        return Response(import_detail(self.row(pk)))


class ImportCancel(ImportView):
    """Stop one."""

    verb = INGEST

    @extend_schema(operation_id="imports_cancel", request=None, responses=ImportDetailOut)
    def post(self, request: Request, pk: int) -> Response:
        """Take no more of it; what was taken stays. 409 where it has ended."""
        row = self.row(pk)
        actions.cancel(row=row, by=self.user)
        return Response(import_detail(self.row(pk)))


class ImportResume(ImportView):
    """Go on with one."""

    verb = INGEST

    @extend_schema(operation_id="imports_resume", request=None, responses=ImportDetailOut)
    def post(self, request: Request, pk: int) -> Response:
        """Go on where it failed or was cancelled. 409 where it was neither, or its file is kept no longer."""
        row = self.row(pk)
        actions.resume(row=row, by=self.user)
        return Response(import_detail(self.row(pk)))


class ImportErrors(ImportView):
    """What was not taken."""

    verb = VIEW
    parameters = frozenset({"format"})

    @extend_schema(
        operation_id="imports_errors",
        parameters=[
            OpenApiParameter("format", OpenApiTypes.STR, enum=list(TYPES), description="ndjson if absent.")
        ],
        responses={(200, kind.partition(";")[0]): OpenApiTypes.BINARY for kind in TYPES.values()},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Every row that was rejected (of very many, the first 100,000): place, key, pointer, code and detail."""
        row, kind = self.row(pk), request.query_params.get("format", "ndjson")
        if kind not in TYPES:
            raise Invalid([FieldError("?format", "unknown_format", f"One of: {', '.join(TYPES)}.")])
        lines = report(row, kind)
        is_async = isinstance(request._request, ASGIRequest)
        answer = StreamingHttpResponse(apart(lines) if is_async else lines, content_type=TYPES[kind])
        answer["Content-Disposition"] = f'attachment; filename="import-{row.pk}-errors.{kind}"'
        return answer
