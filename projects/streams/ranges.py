"""A file as an answer: whole, or one byte range of it as RFC 9110 (14) defines it, never all of it in memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Generator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from teams.access import problems

CHUNK = 256 * 1024


def serve(
    request: HttpRequest,
    opened: Callable[[], IO[bytes]],
    size: int,
    *,
    content_type: str,
    headers: dict[str, str],
    chunk: int = CHUNK,
) -> HttpResponseBase:
    """The file, or the range of it, or 304, or 416 (a problem document). `headers` name its ETag.

    `chunk` bytes are read at a time: more where each reading is a request of its own.
    """
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    headers = headers | {"Accept-Ranges": "bytes"}
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
        send(opened, first, last, chunk), status=status, content_type=content_type, headers=headers
    )


def begins(answer: HttpResponseBase) -> bool:
    """Whether the answer carries a file from its first byte, so that the parts of one download count once."""
    part = answer.headers.get("Content-Range", "")
    return answer.status_code == 200 or (answer.status_code == 206 and part.startswith("bytes 0-"))


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """(first, last) of a `Range: bytes=a-b` header; None for no range or one that is not understood.

    Raises ValueError for one that no byte of the file satisfies.
    """
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    if match[1] and match[2] and int(match[2]) < first:
        return None
    if first >= size or last < first:
        raise ValueError(header)
    return first, last


def chunks(
    opened: Callable[[], IO[bytes]], first: int, last: int, size: int = CHUNK
) -> Generator[bytes, None, None]:
    """The bytes from first to last; the file is open only while somebody reads them."""
    with opened() as file:
        file.seek(first)
        left = last - first + 1
        while left and (chunk := file.read(min(size, left))):
            left -= len(chunk)
            yield chunk


async def chunks_apart(
    opened: Callable[[], IO[bytes]], first: int, last: int, size: int = CHUNK
) -> AsyncIterator[bytes]:
    """The same for an ASGI server, which would gather a plain iterator into memory before it sends anything."""
    parts = chunks(opened, first, last, size)
    following = sync_to_async(lambda: next(parts, b""), thread_sensitive=False)
    try:
        while chunk := await following():
            yield chunk
    finally:
        parts.close()
