"""REST: upload a file, send predictions about examples that are here; what the ingest of examples shares with it."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.actions import receive_predictions, register_model_version, upload
from projects.streams.media import SCHEME
from projects.streams.models import Stream
from projects.streams.ndjson import CONTENT_TYPES, Lines, opened
from projects.streams.receiving import Received
from projects.streams.rows import PredictionIn, PredictionsIn, Reader
from teams.access.api import MachineView
from teams.access.idempotency import idempotent
from teams.access.parsing import bounded
from teams.access.problems import Problem

READER = Reader(PredictionsIn, PredictionIn)


class RawJSONParser(BaseParser):
    """The body as bytes: rows are read one by one, so that a bad one stops no other."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """All of it, as bytes."""
        request = (parser_context or {})["request"]
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        try:
            return bounded(opened(stream, encoding))
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Problem(400, "broken_gzip", "The compressed body breaks off or is damaged.") from None


def lines_in(request: Request) -> Lines | None:
    """The body as lines to read one by one; None where it is not of such a type.

    It is read past DRF, for which a body of unknown length, sent in chunks, is empty.
    """
    if request._request.content_type not in CONTENT_TYPES:
        return None
    return Lines(request._request, request.headers.get("Content-Encoding", "").strip().lower())


def raw_body(request: Request) -> bytes:
    """The body as it came; DRF reads an empty one as an empty form."""
    data: Any = request.data
    return data if isinstance(data, bytes) else b""


class RawBody(BaseParser):
    """The body as bytes, whatever it is said to be."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """All of it, or a 413 as soon as it is more than a file may be."""
        most = settings.SLUICE_MEDIA_MB
        data = stream.read(most * 1024 * 1024 + 1)
        if len(data) > most * 1024 * 1024:
            raise Problem(413, "too_large", f"A file has at most {most} MB here.")
        return data


class FieldErrorOut(serializers.Serializer[Any]):
    """What is wrong, and where."""

    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class OutcomeOut(serializers.Serializer[Any]):
    """What became of one row."""

    index = serializers.IntegerField()
    key = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(["created", "updated", "unchanged", "rejected"])
    id = serializers.IntegerField(required=False)
    errors = serializers.ListField(child=FieldErrorOut(), required=False)  # type: ignore[assignment]


class ReceivedOut(serializers.Serializer[Any]):
    """What became of a batch, row by row."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    rows = OutcomeOut(many=True)
    labels = serializers.IntegerField(
        required=False, help_text="How many labels that came with the rows are new; absent where none is."
    )


class ModelRef(serializers.Serializer[Any]):
    """Which model says so."""

    name = serializers.CharField(max_length=80)
    version = serializers.CharField(max_length=80)
    digest = serializers.CharField(max_length=100, required=False)


class PredictionRow(serializers.Serializer[Any]):
    """What a model says of one example."""

    key = serializers.CharField(max_length=200)
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    output = serializers.DictField(required=False)


class PredictionsDoc(serializers.Serializer[Any]):
    """1 to 1000 predictions of one model."""

    model = ModelRef()
    predictions = PredictionRow(many=True)


def stream_at(view: MachineView, project: str, stream: str) -> Stream:
    """The stream at this address of a project that is open to the view's token, or 404."""
    streams = view.organization.streams.select_related("project")
    found: Stream = view.get_or_404(streams, project__slug=project, slug=stream)
    found.project.organization = view.organization  # which it is; nobody has to ask again
    return view.allowed_or_404(found, found.project)


class StreamDoor(MachineView):
    """A view on one stream of a project that is open to the token."""

    def stream(self, project: str, stream: str) -> Stream:
        """The stream at this address, or 404."""
        return stream_at(self, project, stream)


class Predictions(StreamDoor):
    """What a model says of examples that are here."""

    verb = "projects.ingest_project"
    parser_classes = [RawJSONParser]

    @idempotent
    @extend_schema(
        operation_id="predictions_send",
        request={"application/json": PredictionsDoc},
        responses=ReceivedOut,
    )
    def post(self, request: Request, project: str, stream: str) -> HttpResponse:
        """Send predictions: each row has its own outcome, sending them again changes nothing, labels stay."""
        channel = self.stream(project, stream)
        body = READER.body(raw_body(request))
        rows = READER.rows(body.predictions)
        model = register_model_version(
            project=channel.project,
            name=body.model.name,
            version=body.model.version,
            digest=body.model.digest,
            by=self.user,
        )
        return said(receive_predictions(stream=channel, model_version=model, rows=rows, by=self.user))


class MediaOut(serializers.Serializer[Any]):
    """A file that is kept here; rows name it by its `uri`."""

    uri = serializers.CharField()
    type = serializers.CharField()
    kind = serializers.ChoiceField(["image", "audio", "video", "text", "json"])
    size = serializers.IntegerField()
    width = serializers.IntegerField(required=False)
    height = serializers.IntegerField(required=False)


class MediaUpload(MachineView):
    """A file of a caller without storage."""

    verb = "projects.ingest_project"
    parser_classes = [RawBody]

    @extend_schema(
        operation_id="media_upload",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: MediaOut, 200: MediaOut},
    )
    def post(self, request: Request, project: str) -> Response:
        """Upload a picture, audio, video, JSON or text of at most 20 MB: the body is the file, its bytes say its type.

        Put the `uri` of the answer into rows as `media.uri`. 201, and 200 for one that is here already."""
        place = self.get_or_404(
            self.open_to_token(self.organization.projects).select_related("organization"), slug=project
        )
        if request.content_type.startswith("multipart/"):
            raise Problem(415, "multipart", "Send the file itself as the body, not as a form.")
        row, checked, is_new = upload(project=place, data=raw_body(request), by=self.user)
        size = {"width": checked.width, "height": checked.height} if checked.pixels else {}
        answer = {
            "uri": SCHEME + row.digest,
            "type": row.content_type,
            "kind": checked.type.kind,
            "size": row.size,
        }
        return Response(answer | size, status=201 if is_new else 200)


def said(received: Received) -> HttpResponse:
    """What became of a batch, as JSON."""
    return HttpResponse(msgspec.json.encode(received), content_type="application/json")
