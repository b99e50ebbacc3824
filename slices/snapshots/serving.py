"""A kept file as an answer: its digest in the headers, the part that was asked for, never all of it in memory."""

from __future__ import annotations

import base64
from functools import partial

from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from slices.snapshots.files import sha256_of
from slices.snapshots.ranges import byte_range, chunks, chunks_apart
from teams.access import problems


def serve(request: HttpRequest, name: str, content_type: str, filename: str) -> HttpResponseBase:
    """The file, or the range of it, or 304, or 416 (a problem document)."""
    digest, size = sha256_of(name), default_storage.size(name)
    headers = describe(digest, filename)
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    first, last, status = 0, size - 1, 200
    if request.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
        try:
            part = byte_range(request.headers.get("Range", ""), size)
        except ValueError:
            answer = problems.response(416, "range_not_satisfiable", f"The file has {size} bytes.")
            answer["Content-Range"] = f"bytes */{size}"
            return answer
        if part is not None:
            first, last, status = *part, 206
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    send = chunks_apart if isinstance(request, ASGIRequest) else chunks
    return StreamingHttpResponse(
        send(partial(default_storage.open, name), first, last),
        status=status,
        content_type=content_type,
        headers=headers,
    )


def begins(answer: HttpResponseBase) -> bool:
    """Whether the answer carries a file from its first byte, so that the parts of one download count once."""
    part = answer.headers.get("Content-Range", "")
    return answer.status_code == 200 or (answer.status_code == 206 and part.startswith("bytes 0-"))


def describe(digest: str, filename: str) -> dict[str, str]:
    """What every answer about a file says of it (RFC 9530 for the digest)."""
    return {
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:",
        "X-Content-SHA256": digest,
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Cache-Control": "private, no-transform",
    }
