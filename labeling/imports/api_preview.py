"""REST: what a file would become, before anything of it is taken."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.imports.arriving import BODY, PARAMETERS, Arrival
from labeling.imports.models import Import
from labeling.imports.previewing import Seen, look
from labeling.imports.reading import PREVIEW_ROWS
from labeling.imports.settings import Settings
from labeling.imports.storing import check_size, keep, remove
from projects.streams import stores
from projects.streams.models import Stream
from teams.access.problems import Problem

MANAGE = "projects.manage_project"


class ColumnOut(serializers.Serializer[Any]):
    """A column of a table: what it is taken for, unless `options.columns` says otherwise."""

    name = serializers.CharField()
    samples = serializers.ListField(child=serializers.CharField())
    guess = serializers.CharField(help_text="As in `options.columns`.")
    type = serializers.CharField(help_text="Its type as an attribute, as in `options.types`.")


class RowErrorOut(serializers.Serializer[Any]):
    """One thing that is wrong with a row."""

    pointer = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class RowLabelOut(serializers.Serializer[Any]):
    """A label, and whom the file names."""

    by = serializers.CharField(allow_blank=True)
    answer = serializers.DictField()


class PreviewRowOut(serializers.Serializer[Any]):
    """A row, and why it would not be taken; one that is wrong says only where it stands and what is wrong."""

    place = serializers.CharField()
    key = serializers.CharField(allow_null=True)
    errors: Any = RowErrorOut(many=True)
    text = serializers.CharField(required=False, allow_null=True)
    media = serializers.CharField(required=False, allow_blank=True)
    split = serializers.CharField(required=False, allow_blank=True)
    attributes = serializers.DictField(required=False)
    labels = RowLabelOut(many=True, required=False)


class ImportPreviewOut(serializers.Serializer[Any]):
    """The beginning of a file, as it would be read."""

    format = serializers.CharField()
    files = serializers.IntegerField(help_text="How many are read, one after the other; this is the first.")
    asked = serializers.ListField(
        child=serializers.DictField(), help_text="The questions that the project asks."
    )
    proposal = serializers.ListField(
        child=serializers.DictField(),
        help_text="The questions that the file answers, where the project asks none; `questions=propose` asks them.",
    )
    columns = ColumnOut(many=True)
    rows = PreviewRowOut(many=True, help_text=f"The first {PREVIEW_ROWS}; with the proposed questions asked.")
    notes = serializers.ListField(child=serializers.CharField())
    problem = serializers.CharField(allow_blank=True, help_text="Why it cannot be read so; empty if it can.")


class ImportPreview(Arrival):
    """A file before it is taken."""

    verb = "projects.ingest_project"

    @extend_schema(
        operation_id="imports_preview", parameters=PARAMETERS, request=BODY, responses=ImportPreviewOut
    )
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Read the beginning as an import with these settings would, and keep nothing: columns, rows, questions.

        Of a table or of lines of JSON the first lines are enough; other formats are sent whole.
        """
        channel = self.stream(project, stream)
        if self.is_upload:
            return self.of_body(request, channel)
        uri, settings = self.of_address(request, channel)
        stores.place(self.organization, uri)
        if not self.carries(MANAGE, channel.project):  # the file is the organization's, not the caller's
            raise Problem(403, "not_allowed", "This token may not look into the organization's stores.")
        return seen_as(draft(channel, name=uri, uri=uri), settings)

    def of_body(self, request: Request, channel: Stream) -> Response:
        """A file that is here only while it is looked at."""
        name, settings = self.of_upload(request, channel)
        check_size(int(request.META.get("CONTENT_LENGTH") or 0))
        stored = keep(self.organization, request._request)
        try:
            row = draft(channel, name=name, stored=stored.name, sha256=stored.sha256, bytes_total=stored.size)
            return seen_as(row, settings)
        finally:
            remove(stored.name)


def draft(stream: Stream, **source: Any) -> Import:
    """An import that is never saved."""
    made: Import = stream.organization.imports.model(
        organization=stream.organization, project=stream.project, stream=stream, **source
    )
    return made


def seen_as(row: Import, settings: Settings) -> Response:
    """What would be read."""
    seen = look(row, settings.format, settings.options)
    return Response(ImportPreviewOut(preview_out(seen)).data)


def preview_out(seen: Seen) -> dict[str, Any]:
    """The beginning of a file as scripts see it."""
    return {
        "format": seen.format,
        "files": seen.n_files,
        "asked": seen.questions,
        "proposal": seen.proposal,
        "columns": seen.columns,
        "rows": [row_out(row) for row in seen.rows],
        "notes": seen.notes,
        "problem": seen.problem,
    }


def row_out(row: dict[str, Any]) -> dict[str, Any]:
    """A row; what a page says in pairs is an object here."""
    if row["errors"]:
        return {name: row[name] for name in ("place", "key", "errors")}
    return row | {"attributes": dict(row["attributes"])}
