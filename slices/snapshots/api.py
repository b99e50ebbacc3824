"""REST: freeze a slice, read its snapshots, download them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams.actions import note_look
from projects.streams.media import read
from projects.streams.ranges import begins
from projects.streams.sniffing import BY_CONTENT_TYPE
from projects.streams.tombstones import Gone
from slices.definitions.actions import current
from slices.snapshots.actions import freeze_now, known, note_download, one_instant
from slices.snapshots.bench import picture_of
from slices.snapshots.downloads import AT_ONCE, downloadable
from slices.snapshots.grades import HEADER, Grade, check_here, check_rows, grade_of
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import left_out
from slices.snapshots.rows import find
from slices.snapshots.serving import serve
from slices.snapshots.suspecting import suspicions_of
from teams.access.api import MachineView
from teams.access.idempotency import idempotent
from teams.access.problems import FieldError, Invalid
from teams.access.strict import Body, Moment


class FreezeIn(Body):
    """What the snapshot is for, and as of when; now, if that is absent."""

    role = serializers.ChoiceField(["train", "eval"], required=False, default="train")
    as_of = Moment(required=False)

    def validate_as_of(self, value: Any) -> Any:
        """A snapshot of the future would not be one."""
        if value > timezone.now():
            raise serializers.ValidationError("A snapshot cannot be as of the future.")
        return value


class SuspicionOut(serializers.Serializer[Any]):
    """A recall that voided `n` of the labels."""

    recall = serializers.IntegerField()
    n = serializers.IntegerField()
    at = serializers.DateTimeField()


class SnapshotDetailOut(serializers.Serializer[Any]):
    """A snapshot: hashes, counts, and how it was narrowed down."""

    id = serializers.IntegerField()
    slice = serializers.CharField()
    version = serializers.IntegerField()
    role = serializers.CharField()
    as_of = serializers.DateTimeField()
    manifest_sha256 = serializers.CharField()
    content_sha256 = serializers.CharField()
    n_total = serializers.IntegerField()
    n_by_split = serializers.DictField(child=serializers.IntegerField())
    n_by_label = serializers.DictField(child=serializers.IntegerField())
    funnel = serializers.ListField(child=serializers.DictField())
    built_at = serializers.DateTimeField()
    grade = serializers.CharField(help_text="exact, redacted(n) where n members were erased, or expired.")
    redacted_count = serializers.IntegerField()
    suspect = SuspicionOut(many=True, help_text="Recalls that voided labels of it; empty: none that stands.")


class Freeze(MachineView):
    """Freeze a slice."""

    verb = "projects.export_project"

    @idempotent(around=one_instant)
    @extend_schema(
        operation_id="slices_freeze",
        request=FreezeIn,
        responses={201: SnapshotDetailOut, 200: SnapshotDetailOut},
    )
    def post(self, request: Request, project: str, slug: str) -> Response:
        """Freeze a slice as of a moment: 201, and 200 for a moment that was frozen before. Too few members: 409."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        frozen = self.get_or_404(found.slices.select_related("stream", "project", "organization"), slug=slug)
        given = FreezeIn(data=request.data)
        given.is_valid(raise_exception=True)
        version, role = current(frozen), given.validated_data["role"]
        as_of = given.validated_data.get("as_of") or timezone.now()
        before = known(version, role, as_of)
        snapshot = before or freeze_now(slice_version=version, role=role, as_of=as_of, by=self.user)
        return Response(snapshot_detail(snapshot), status=200 if before else 201)


class SnapshotView(MachineView):
    """A view on the snapshots that the token may fetch."""

    verb = "projects.export_project"

    def snapshot(self, pk: int) -> Snapshot:
        """The snapshot at this address, or 404."""
        rows = self.organization.snapshots.filter(project__in=self.open_to_token(self.organization.projects))
        found: Snapshot = self.get_or_404(
            rows.select_related("organization", "slice_version__slice__stream"), pk=pk
        )
        return found


class SnapshotDetail(SnapshotView):
    """One snapshot."""

    @extend_schema(operation_id="snapshots_get", responses=SnapshotDetailOut)
    def get(self, request: Request, pk: int) -> Response:
        """Hashes and counts of a snapshot."""
        return Response(snapshot_detail(self.snapshot(pk)))


ACCEPTING = OpenApiParameter(
    "accept_redacted",
    OpenApiTypes.BOOL,
    description=f"Take it without members that were erased; {HEADER} says how many. Without this: 409 `redacted`.",
)
RANGE = OpenApiParameter("Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="bytes=a-b")


def file_of(*content_types: str) -> dict[Any, Any]:
    """What the schema says of a file that is served whole or in part."""
    whole_or_part = {(status, kind): OpenApiTypes.BINARY for status in (200, 206) for kind in content_types}
    return whole_or_part | {
        304: OpenApiResponse(description="You have it: If-None-Match names its ETag."),
        416: OpenApiResponse(description="The file has no such bytes."),
    }


class Download(SnapshotView):
    """A snapshot as a file."""

    parameters = frozenset({"format", "media", "accept_redacted"})

    @extend_schema(
        operation_id="snapshots_download",
        parameters=[
            OpenApiParameter("format", OpenApiTypes.STR, enum=list(AT_ONCE), description="jsonl if absent."),
            OpenApiParameter(
                "media",
                OpenApiTypes.STR,
                enum=["inline"],
                description="Put uploaded files of at most 2 MB into the rows.",
            ),
            ACCEPTING,
            RANGE,
        ],
        responses=file_of(*AT_ONCE.values()),
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Download a snapshot: the same bytes every time, resumable by Range, with its digest in the headers.

        Lines of JSON are there at once, whatever their number. Other files of a large snapshot take a while: this
        answers 409 `ask_for_export`, and POST to `exports` has them made.
        """
        snapshot = self.snapshot(pk)
        kind, media = request.query_params.get("format", "jsonl"), request.query_params.get("media")
        if kind not in AT_ONCE:
            raise Invalid([FieldError("?format", "unknown_format", f"One of {', '.join(AT_ONCE)}.")])
        if media not in (None, "inline"):
            raise Invalid([FieldError("?media", "unknown_option", "The only option is inline.")])
        grade = check_rows(snapshot, accepts_redacted=accepts(request))
        name = downloadable(snapshot, kind, inline=media is not None, by=self.user)
        answer = serve(request._request, name, AT_ONCE[kind], f"snapshot-{snapshot.pk}.{kind}")
        tell_redacted(answer, grade)
        if begins(answer):
            note_download(snapshot=snapshot, kind=kind, by=self.user)
        return answer


class Manifest(SnapshotView):
    """Who is in a snapshot."""

    @extend_schema(
        operation_id="snapshots_manifest", parameters=[RANGE], responses=file_of(AT_ONCE["parquet"])
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """The manifest as Parquet: example, revision, annotation, split (0 train, 1 val, 2 test). Its hash is over
        the lines `example_id,example_rev,annotation_id or nothing,split` in this order, not over this file."""
        snapshot = self.snapshot(pk)
        grade = check_here(snapshot)
        name = f"snapshot-{snapshot.pk}-manifest.parquet"
        return tell_redacted(serve(request._request, snapshot.manifest_name, AT_ONCE["parquet"], name), grade)


class Picture(SnapshotView):
    """The uploaded file of a member."""

    @extend_schema(
        operation_id="snapshots_media",
        responses={(200, kind): OpenApiTypes.BINARY for kind in BY_CONTENT_TYPE},
    )
    def get(self, request: Request, pk: int, example: int) -> HttpResponseBase:
        """The uploaded file of one example as it was frozen; media that you keep yourself is at its `media_uri`."""
        snapshot = self.snapshot(pk)
        check_here(snapshot)
        if example in left_out(snapshot):
            raise Gone(self.get_or_404(self.organization.tombstones.all(), example_id=example))
        row = find(snapshot, example)
        picture = picture_of(snapshot, row) if row else None
        if picture is None or row is None:
            raise Http404
        if snapshot.slice_version.slice.stream.has_personal_media:
            note_look(self.organization.examples.get(pk=row.example_id), by=self.user)
        headers = {"Cache-Control": "private, immutable", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(read(picture), content_type=picture.content_type, headers=headers)


def snapshot_detail(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as scripts see it."""
    names = ("id", "role", "as_of", "manifest_sha256", "content_sha256", "n_total")
    counts = ("n_by_split", "n_by_label", "funnel", "built_at")
    version = snapshot.slice_version
    what = {"slice": version.slice.slug, "version": version.version}
    grade = grade_of(snapshot)
    said = {"grade": str(grade), "redacted_count": grade.n, "suspect": suspicions_of(snapshot)}
    return {name: getattr(snapshot, name) for name in (*names, *counts)} | what | said


def accepts(request: Request) -> bool:
    """Whether the caller takes a snapshot without what was erased; 422 for a word that is neither yes nor no."""
    said = request.query_params.get("accept_redacted", "false")
    if said not in ("true", "false"):
        raise Invalid([FieldError("?accept_redacted", "unknown_option", "Either true or false.")])
    return said == "true"


def tell_redacted(answer: HttpResponseBase, grade: Grade) -> HttpResponseBase:
    """Say in a header how many members are missing."""
    if grade.n:
        answer.headers[HEADER] = str(grade.n)
    return answer
