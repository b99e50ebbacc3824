"""A kept file as an answer: its digest in the headers, and the part that was asked for."""

from __future__ import annotations

import base64
from functools import partial

from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from projects.streams import ranges
from slices.snapshots.files import sha256_of


def serve(request: HttpRequest, name: str, content_type: str, filename: str) -> HttpResponseBase:
    """The file, or the range of it, or 304, or 416 (a problem document)."""
    digest, size = sha256_of(name), default_storage.size(name)
    return ranges.serve(
        request,
        partial(default_storage.open, name),
        size,
        content_type=content_type,
        headers=describe(digest, filename),
    )


def describe(digest: str, filename: str) -> dict[str, str]:
    """What every answer about a file says of it (RFC 9530 for the digest)."""
    return {
        "ETag": f'"{digest}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:",
        "X-Content-SHA256": digest,
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Cache-Control": "private, no-transform",
    }
