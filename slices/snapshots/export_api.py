"""REST: have files made of a snapshot, see how far they are, fetch them."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.ranges import begins
from slices.snapshots.actions import note_download
from slices.snapshots.api import ACCEPTING, RANGE, SnapshotView, accepts, file_of, tell_redacted
from slices.snapshots.exports import FORMATS, cancel_export, content_type_of, request_export
from slices.snapshots.exports import file_of as found_file
from slices.snapshots.grades import check_here, check_rows
from slices.snapshots.models import Export
from slices.snapshots.serving import serve
from teams.access.paging import PAGING, page_of
from teams.access.problems import FieldError, Invalid
from teams.access.strict import Body

CONTENT_TYPES = sorted(
    {content_type_of(f"x{end}") for end in (".jsonl", ".gz", ".parquet", ".csv", ".json", ".md", ".tar")}
)


class OptionsIn(Body):
    """What a format can be told; each takes some of them."""

    media = serializers.ChoiceField(
        ["inline"], required=False, help_text="Put uploaded pictures into the rows."
    )
    rows_per_file = serializers.IntegerField(
        min_value=1, max_value=10_000_000, required=False, help_text="Begin another file after so many rows."
    )


class ExportIn(Body):
    """Which files."""

    format = serializers.ChoiceField(list(FORMATS))
    options = OptionsIn(required=False, default=dict)


class FileOut(serializers.Serializer[Any]):
    """One file: its digest, and where to fetch it."""

    name = serializers.CharField()
    bytes = serializers.IntegerField()
    rows = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField()


class ExportOut(serializers.Serializer[Any]):
    """An export: how far it is, then its files. `archive` holds all of them in one, where there are several."""

    id = serializers.IntegerField()
    snapshot = serializers.IntegerField()
    format = serializers.CharField()
    options = serializers.DictField()
    exporter_version = serializers.CharField()
    state = serializers.ChoiceField(Export.State.choices)
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField()
    shards = FileOut(many=True)
    archive = FileOut(allow_null=True)
    lossy = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField(allow_blank=True)
    asked_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class ExportPage(serializers.Serializer[Any]):
    """Some exports, and the address of the next ones."""

    results = ExportOut(many=True)
    next = serializers.CharField(allow_null=True)


class Exports(SnapshotView):
    """The exports of a snapshot."""

    @property
    def known_parameters(self) -> frozenset[str]:
        """Only the list has pages."""
        return PAGING if self.request.method == "GET" else frozenset()

    @extend_schema(operation_id="exports_list", responses=ExportPage)
    def get(self, request: Request, pk: int) -> Response:
        """What was asked for, newest first."""
        page = page_of(
            request, self.organization.exports.filter(snapshot=self.snapshot(pk)), newest_first=True
        )
        return Response(page.body([export_detail(row, request) for row in page.rows]))

    @extend_schema(
        operation_id="exports_create", request=ExportIn, responses={202: ExportOut, 200: ExportOut}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Have files made: 202 while they are, 200 where they are there already. Equal wishes are one export."""
        snapshot = self.snapshot(pk)
        given = ExportIn(data=request.data)
        given.is_valid(raise_exception=True)
        kind, options = given.validated_data["format"], dict(given.validated_data["options"])
        errors = [
            FieldError(f"/options/{name}", "unknown_option", f"{kind} takes no such option.")
            for name in sorted(options.keys() - FORMATS[kind].options)
        ]
        if errors:
            raise Invalid(errors)
        check_here(snapshot)
        export = request_export(snapshot=snapshot, format=kind, options=options, by=self.user)
        status = 200 if export.state == Export.State.READY else 202
        return Response(export_detail(export, request), status=status)


class ExportView(SnapshotView):
    """A view on one export of a snapshot that the token may fetch."""

    def export(self, pk: int, export: int) -> Export:
        """The export at this address, or 404."""
        rows = self.organization.exports.filter(snapshot=self.snapshot(pk))
        found: Export = self.get_or_404(
            rows.select_related("snapshot__organization", "organization"), pk=export
        )
        return found


class ExportDetail(ExportView):
    """One export."""

    @extend_schema(operation_id="exports_get", responses=ExportOut)
    def get(self, request: Request, pk: int, export: int) -> Response:
        """How far it is, and its files once it is ready."""
        return Response(export_detail(self.export(pk, export), request))


class ExportCancel(ExportView):
    """Calling an export off."""

    @extend_schema(operation_id="exports_cancel", request=None, responses=ExportOut)
    def post(self, request: Request, pk: int, export: int) -> Response:
        """Stop making it; what is ready stays (409)."""
        row = cancel_export(export=self.export(pk, export), by=self.user)
        return Response(export_detail(row, request))


class ExportFile(ExportView):
    """A file of an export."""

    parameters = frozenset({"accept_redacted"})

    @extend_schema(
        operation_id="exports_file", parameters=[ACCEPTING, RANGE], responses=file_of(*CONTENT_TYPES)
    )
    def get(self, request: Request, pk: int, export: int, name: str) -> HttpResponseBase:
        """Download one file, or the archive: the same bytes every time, resumable by Range."""
        row = self.export(pk, export)
        grade = check_rows(row.snapshot, accepts_redacted=accepts(request))
        file = found_file(row, name)
        if file is None:
            raise Http404
        plain_name = name.rpartition("/")[2]
        answer = serve(request._request, file["kept_as"], content_type_of(name), plain_name)
        tell_redacted(answer, grade)
        if begins(answer):
            note_download(snapshot=row.snapshot, kind=row.format, file=name, export=row.pk, by=self.user)
        return answer


def export_detail(export: Export, request: Request) -> dict[str, Any]:
    """An export as scripts see it."""
    names = (
        "id",
        "format",
        "options",
        "exporter_version",
        "state",
        "rows_done",
        "rows_total",
        "lossy",
        "error",
    )
    times = ("asked_at", "ready_at", "expires_at")
    address = reverse("api-export", args=[export.snapshot_id, export.pk])

    def shown(file: dict[str, Any]) -> dict[str, Any]:
        url = reverse("api-export-file", args=[export.snapshot_id, export.pk, file["name"]])
        what = {name: file[name] for name in ("name", "bytes", "rows", "sha256")}
        return what | {"url": request.build_absolute_uri(url)}

    return {name: getattr(export, name) for name in (*names, *times)} | {
        "snapshot": export.snapshot_id,
        "shards": [shown(file) for file in export.shards],
        "archive": shown(export.archive) if export.archive else None,
        "url": request.build_absolute_uri(address),
    }
