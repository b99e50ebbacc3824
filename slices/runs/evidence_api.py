"""REST: what proves a snapshot, and the program that checks it without us."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import IO, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.streams import ranges
from slices.runs.evidence import evidence_of
from slices.snapshots.api import RANGE, SnapshotView, SuspicionOut, file_of
from slices.snapshots.evidence import digests_of
from slices.snapshots.grades import check_here
from slices.snapshots.manifest import lines
from slices.snapshots.models import Snapshot
from slices.snapshots.serving import describe, serve

CLIENT = Path(__file__).parent / "client" / "sluice.py"


class EvidenceOut(serializers.Serializer[Any]):
    """What proves a snapshot. `key` opens the digests of this snapshot alone: keep it with the data."""

    version = serializers.IntegerField()
    snapshot = serializers.IntegerField()
    slice = serializers.CharField()
    slice_version = serializers.IntegerField()
    role = serializers.CharField()
    as_of = serializers.DateTimeField()
    built_at = serializers.DateTimeField()
    params = serializers.DictField()
    manifest_sha256 = serializers.CharField()
    content_sha256 = serializers.CharField()
    evidence_version = serializers.IntegerField()
    n_total = serializers.IntegerField()
    n_by_split = serializers.DictField()
    n_by_label = serializers.DictField()
    histograms = serializers.DictField()
    funnel = serializers.ListField()
    fields = serializers.ListField()  # type: ignore[assignment]
    label_schemas = serializers.ListField()
    split_policy = serializers.DictField()
    resolved_refs = serializers.DictField()
    code_version = serializers.CharField(allow_blank=True)
    tzdata_version = serializers.CharField(allow_blank=True)
    parent_snapshot = serializers.IntegerField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    definition_hash = serializers.CharField()
    definition = serializers.CharField(allow_null=True)
    schemas = serializers.ListField(child=serializers.DictField())
    erased = serializers.ListField(child=serializers.IntegerField())
    recalled = SuspicionOut(many=True)
    exports = serializers.ListField(child=serializers.DictField())
    models = serializers.ListField(child=serializers.DictField())
    audit = serializers.DictField(allow_null=True)
    urls = serializers.DictField(child=serializers.CharField())


class Evidence(SnapshotView):
    """What proves a snapshot."""

    @extend_schema(operation_id="snapshots_evidence", responses=EvidenceOut)
    def get(self, request: Request, pk: int) -> Response:
        """Hashes, the key of this snapshot, what its definition leant on, which rows are erased, which models were
        trained on it. `sluice.py verify` checks a download against it, without a connection."""
        snapshot = self.snapshot(pk)

        def url(name: str, query: str = "") -> str:
            return request.build_absolute_uri(reverse(name, args=[snapshot.pk])) + query

        urls = {
            "manifest": url("api-snapshot-members"),
            "rows": url("api-snapshot-download", "?format=jsonl"),
            **({"digests": url("api-snapshot-digests")} if snapshot.evidence_version >= 2 else {}),
        }
        return Response(evidence_of(snapshot) | {"urls": urls})


class Members(SnapshotView):
    """The lines that the manifest's hash is over."""

    @extend_schema(
        operation_id="snapshots_members", parameters=[RANGE], responses=file_of("text/csv; charset=utf-8")
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """`example_id,example_rev,annotation_id or nothing,split`, a line a member. The SHA-256 of this text is
        `manifest_sha256`."""
        snapshot = self.snapshot(pk)
        check_here(snapshot)
        text = written(snapshot)
        answer = ranges.serve(
            request._request,
            lambda: text,
            text.tell(),
            content_type="text/csv; charset=utf-8",
            headers=describe(snapshot.manifest_sha256, f"snapshot-{snapshot.pk}-members.csv"),
        )
        if not answer.streaming:
            text.close()  # nobody reads it: it is known already, or has no such part
        return answer


def written(snapshot: Snapshot) -> IO[bytes]:
    """The canonical lines in a file that goes away by itself: they are not kept beside the manifest, which is small."""
    text: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever answers closes it
    for some in lines(snapshot):
        text.write(some)
    return text


class Digests(SnapshotView):
    """The digests of the rows."""

    @extend_schema(
        operation_id="snapshots_digests", parameters=[RANGE], responses=file_of("application/octet-stream")
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """32 bytes a member, in order of the manifest: HMAC-SHA256 of its line of JSON under the snapshot's key. The
        SHA-256 of this file is `content_sha256`. 404 for a snapshot of the first kind, which has none."""
        snapshot = self.get_or_404(
            self.organization.snapshots.filter(evidence_version__gte=2), pk=self.snapshot(pk).pk
        )
        check_here(snapshot)
        name = f"snapshot-{snapshot.pk}-digests.bin"
        return serve(request._request, digests_of(snapshot), "application/octet-stream", name)


@login_not_required
@require_safe
def client(request: HttpRequest) -> HttpResponse:
    """The program itself: one file, for Python 3.9 and newer, that needs nothing else."""
    return HttpResponse(program(), content_type="text/x-python; charset=utf-8")


@cache
def program() -> bytes:
    """Its text."""
    return CLIENT.read_bytes()
