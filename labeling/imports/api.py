"""REST: bring a file, or say where one is; see how far it is, cancel, resume, and fetch what was not taken."""

from __future__ import annotations

from typing import Any

import msgspec
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.answers.api import apart
from labeling.imports import actions
from labeling.imports.auditing import agreement
from labeling.imports.models import Import
from labeling.imports.reading import FORMATS, Options
from labeling.imports.report import TYPES, report
from labeling.imports.settings import Settings
from labeling.imports.storing import check_size, keep, remove
from projects.streams.api import StreamDoor
from projects.streams.models import Stream
from teams.access import idempotency
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of
from teams.access.parsing import strict_json
from teams.access.problems import FieldError, Invalid
from teams.access.strict import Body

VIEW, INGEST = "projects.view_project", "projects.ingest_project"
UPLOAD = frozenset({"format", "filename", "settings"})
FILES = ("application/octet-stream", "text/csv", "application/x-ndjson", "application/jsonl")
COUNTS = ("rows_done", "rows_total", "bytes_done", "bytes_total")
OUTCOMES = ("created", "updated", "unchanged", "rejected", "labels")


class ImportOptionsIn(Body):
    """How a file is read."""

    columns = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text="Of a table: what each column is (key, text, media, captured_at, split, label, label:<question>, "
        "labeled_by, labeled_at, attribute, attribute:<name>, prediction, confidence, ignore). Guessed, if absent.",
    )
    types = serializers.DictField(
        child=serializers.ChoiceField(["string", "number", "boolean", "timestamp", "enum", "string[]"]),
        required=False,
        help_text="Of a table: the types of attributes that the stream does not declare; text, if absent.",
    )
    question = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="Which question the labels answer."
    )
    base_uri = serializers.CharField(
        max_length=400, required=False, allow_blank=True, help_text="Put before media without an address."
    )
    more = serializers.DictField(required=False, help_text="What only some formats know.")


class SettingsIn(Body):
    """Everything that is said about an import, beside where its rows come from."""

    format = serializers.CharField(
        max_length=30, required=False, allow_blank=True, help_text="Told from the file, if absent."
    )
    options = ImportOptionsIn(required=False)
    mode = serializers.ChoiceField(Import.Mode.choices, default=Import.Mode.UPSERT)
    trust = serializers.ChoiceField(
        Import.Trust.choices,
        default=Import.Trust.ACCEPTED,
        help_text="audited: a share of the labels, drawn by lot, is also answered by people in a queue.",
    )
    audit_percent = serializers.FloatField(min_value=0, max_value=100, default=0)
    audit_queue = serializers.CharField(max_length=50, required=False, allow_blank=True)
    drawn_by_lot = serializers.BooleanField(
        default=False,
        help_text="Whether these examples were drawn by lot: only then may their labels count in an evaluation.",
    )
    people = serializers.DictField(
        child=serializers.EmailField(),
        required=False,
        help_text="Who the file names: the e-mail address of the member that is. Addresses are known without.",
    )


class ImportIn(SettingsIn):
    """A file, or the files below a prefix, in a store that the installation lets the organization have read."""

    uri = serializers.CharField(max_length=500)


class AuditOut(serializers.Serializer[Any]):
    """How the people who check labels see them."""

    drawn = serializers.IntegerField()
    checked = serializers.IntegerField()
    same = serializers.IntegerField()


class ImportOut(serializers.Serializer[Any]):
    """An import, and how far it is."""

    id = serializers.IntegerField()
    stream = serializers.CharField()
    name = serializers.CharField()
    format = serializers.CharField()
    state = serializers.CharField()
    mode = serializers.CharField()
    trust = serializers.CharField()
    share = serializers.FloatField(allow_null=True, help_text="How much is read, 0 to 1.")
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField(allow_null=True)
    bytes_done = serializers.IntegerField()
    bytes_total = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    labels = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class ImportDetailOut(ImportOut):
    """With what people say who check its labels; null where nobody does."""

    audit = AuditOut(allow_null=True)


class ImportPage(serializers.Serializer[Any]):
    """Some imports, and the address of the next ones."""

    results = ImportOut(many=True)
    next = serializers.CharField(allow_null=True)


PAGE = [
    OpenApiParameter("after", int, description="The id of the last row of the page before."),
    OpenApiParameter("limit", int, description="1 to 1000 rows; 100 unless told otherwise."),
]


class Imports(StreamDoor):
    """The imports of a stream."""

    verbs = {"GET": VIEW, "POST": INGEST}

    @property
    def known_parameters(self) -> frozenset[str]:
        """An upload says in the address what a JSON body says itself."""
        if self.request.method == "GET":
            return PAGING
        return UPLOAD if self.is_upload else frozenset()

    @property
    def is_upload(self) -> bool:
        """Whether the body is the file."""
        return self.request._request.content_type != "application/json"

    @extend_schema(operation_id="imports_list", parameters=PAGE, responses=ImportPage)
    def get(self, request: Request, project: str, stream: str) -> Response:
        """Newest first."""
        rows = self.stream(project, stream).imports.select_related("stream")
        page = page_of(request, rows, newest_first=True)
        return Response(page.body([import_out(row) for row in page.rows]))

    @extend_schema(
        operation_id="imports_create",
        parameters=[
            idempotency.PARAMETER,
            OpenApiParameter("format", OpenApiTypes.STR, description="With a file: its format."),
            OpenApiParameter("filename", OpenApiTypes.STR, description="With a file: what it is called."),
            OpenApiParameter(
                "settings",
                OpenApiTypes.STR,
                description="With a file: JSON of all that a body without `uri` would say.",
            ),
        ],
        request={"application/json": ImportIn} | dict.fromkeys(FILES, OpenApiTypes.BINARY),
        responses={201: ImportDetailOut},
    )
    def post(self, request: Request, project: str, stream: str) -> HttpResponseBase:
        """Begin an import: of the file that is the body (not application/json), or of what lies at `uri`.

        The answer comes at once; the rows are taken by a job, some at a time. Whatever dies in between, each row is
        taken once or in the report of errors. A file of JSON (COCO, Label Studio) is sent as application/octet-stream.
        """
        channel = self.stream(project, stream)
        if self.is_upload:
            return self.upload(request, channel)
        return self.from_store(request, channel)

    @idempotency.heeded
    def from_store(self, request: Request, channel: Stream) -> HttpResponseBase:
        """Of what a store has."""
        given = ImportIn(data=request.data)
        given.is_valid(raise_exception=True)
        settings = settings_of(channel, dict(given.validated_data))
        return self.begin(
            lambda: actions.draft_address(stream=channel, uri=given.validated_data["uri"], by=self.user),
            settings,
        )

    def upload(self, request: Request, channel: Stream) -> HttpResponseBase:
        """Of the body: settled before it is stored, stored before it is begun."""
        settings = settings_of(channel, self.said_in_address(request))
        name = request.query_params.get("filename", "") or "upload"
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

    def begin(self, draft: Any, settings: Settings) -> Response:
        """Draft it and start it, in one transaction."""
        with transaction.atomic():
            row: Import = draft()
            actions.start(row=row, settings=settings, by=self.user)
        row.refresh_from_db()
        return Response(import_detail(row), status=201)

    def said_in_address(self, request: Request) -> dict[str, Any]:
        """The settings of an upload."""
        text = request.query_params.get("settings", "")
        said = strict_json(text.encode()) if text else {}
        given = SettingsIn(data=said)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        return values | {"format": request.query_params.get("format") or values.get("format", "")}


def settings_of(stream: Stream, said: dict[str, Any]) -> Settings:
    """What was said, with the queue that was named. Raises Invalid."""
    said.pop("uri", None)
    slug = said.pop("audit_queue", "")
    queue = stream.organization.queues.filter(stream=stream, slug=slug).first() if slug else None
    if slug and queue is None:
        raise Invalid([FieldError("/audit_queue", "unknown_queue", "This stream has no such queue.")])
    if said.get("format") and said["format"] not in FORMATS.readers:
        known = ", ".join(FORMATS.readers)
        raise Invalid([FieldError("/format", "unknown_format", f"The formats are: {known}.")])
    options = msgspec.convert(said.pop("options", {}), Options)
    return Settings(options=options, audit_queue=queue, **said)


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


def import_out(row: Import) -> dict[str, Any]:
    """An import as scripts see it."""
    names = (
        "name",
        "format",
        "state",
        "mode",
        "trust",
        "share",
        "error",
        "created_at",
        "started_at",
        "ended_at",
    )
    said = {name: getattr(row, name) for name in (*names, *COUNTS, *OUTCOMES)}
    return {"id": row.pk, "stream": row.stream.slug} | said


def import_detail(row: Import) -> dict[str, Any]:
    """The same with how the check stands."""
    audit = agreement(row)._asdict() if row.trust == Import.Trust.AUDITED else None
    return import_out(row) | {"audit": audit}
