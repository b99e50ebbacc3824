"""How the media of an example are shown: what kind they are, at which address, and the first words of text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from mimetypes import guess_type
from typing import IO, Any

from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from projects.streams import ranges, stores
from projects.streams.actions import note_look
from projects.streams.media import VALID_S, media_of, name_of, signed_url
from projects.streams.models import Example, Media
from projects.streams.sniffing import HEAD, UNKNOWN, FileType, is_shown, type_of
from teams.identity.models import Organization, User
from teams.identity.refused import Refused

FEW_LINES = 40  # more of them are folded
AT_ONCE = 4 * 1024 * 1024  # bytes that a store is asked for in one request
WORDS = 64 * 1024  # bytes of a text that a page shows
KINDS = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "application/json": "json",
    "text/plain": "text",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What `components/media.html` draws. `kind` is image, audio, video, text, json, file, or empty without media.

    `url` is empty where a browser has none: media in a store that is not read for the organization. `words` is the
    beginning of text and JSON, where it was read; `is_cut` says that there is more.
    """

    kind: str
    url: str
    key: str
    text: str = ""
    where: str = ""
    words: str = ""
    is_cut: bool = False

    @property
    def lines(self) -> int:
        """How many lines its words have."""
        return self.words.count("\n") + 1

    @property
    def is_long(self) -> bool:
        """Whether to fold it."""
        return self.lines > FEW_LINES


def shown(organization: Organization, example: Example) -> Shown:
    """An example in a list; nothing is read for it."""
    uri = example.media_uri
    return Shown(kind_of(example), signed_url(organization, example), example.key, example.text, uri)


def thumbs(organization: Organization, rows: Iterable[Example]) -> list[dict[str, Any]]:
    """Examples as `projects/streams/thumbs.html` draws them; a live page keeps a picture by `keep`."""
    return [
        {"example": row, "media": shown(organization, row), "keep": f"{row.pk}-{row.rev}"} for row in rows
    ]


def shown_whole(organization: Organization, example: Example, *, by: User) -> Shown:
    """An example on a page of its own: text and JSON are read, as far as they are kept here or in a store of ours.

    Words that show people are a look at them.
    """
    media = shown(organization, example)
    data = beginning_of(organization, example) if media.kind in ("text", "json") else None
    if data is None:
        return media
    if example.stream.has_personal_media:
        note_look(example, by=by)
    words, is_cut = data[:WORDS].decode(errors="replace").removeprefix("\ufeff"), len(data) > WORDS
    if media.kind == "json" and not is_cut:
        words = pretty(words)
    return replace(media, words=words, is_cut=is_cut)


def kind_of(example: Example) -> str:
    """The kind of an example's media, by what they are said to be, else by the ending of their address."""
    uri = example.media_uri
    if not uri:
        return ""
    said = example.media_type or guess_type(uri.partition("?")[0])[0] or ""
    if not said:
        return "file" if stores.is_stored(uri) else "image"
    return KINDS.get(said) or KINDS.get(said.partition("/")[0], "file")


def beginning_of(organization: Organization, example: Example) -> bytes | None:
    """As much of an example's text as a page shows and one byte more; None where it cannot be read."""
    media = media_of(organization, example)
    if media is None and not stores.is_stored(example.media_uri):
        return None
    try:
        opened = (
            default_storage.open(media.name) if media else stores.open_file(organization, example.media_uri)
        )
        with opened as file:
            return bytes(file.read(WORDS + 1))
    except (Refused, OSError):
        return None


def pretty(words: str) -> str:
    """JSON with a line for each member; as it is where it is none."""
    try:
        return json.dumps(json.loads(words), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return words


def uploaded(request: HttpRequest, media: Media, *, is_personal: bool) -> HttpResponseBase:
    """The answer with a file that was uploaded; what it is was found out when it was."""
    opened = partial(default_storage.open, media.name)
    return answer(request, opened, media.size, media.digest, is_personal=is_personal)


def stored(
    request: HttpRequest, organization: Organization, uri: str, *, is_personal: bool
) -> HttpResponseBase:
    """The answer with a file of an organization's own store. Raises Refused, FileNotFoundError or another OSError."""
    found = stores.find(organization, uri)
    opened = partial(stores.open_file, organization, uri)
    version = name_of(f"{uri} {found.version}")
    return answer(request, opened, found.size, version, is_personal=is_personal, chunk=AT_ONCE)


def answer(
    request: HttpRequest,
    opened: Callable[[], IO[bytes]],
    size: int,
    version: str,
    *,
    is_personal: bool,
    chunk: int = ranges.CHUNK,
) -> HttpResponseBase:
    """A file that can run nothing: shown only if its bytes are of a kind that we know, under a name that is ours."""
    found = safe_type(opened)
    name = f"{version[:12]}.{found.extension if found else 'bin'}"
    content_type = found.content_type if found else UNKNOWN
    return ranges.serve(
        request,
        opened,
        size,
        content_type=f"{content_type}; charset=utf-8" if content_type == "text/plain" else content_type,
        headers={
            "ETag": f'"{version}"',
            "Content-Disposition": f'{"inline" if found else "attachment"}; filename="{name}"',
            "Cache-Control": "no-store" if is_personal else f"private, max-age={VALID_S}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
        chunk=chunk,
    )


def safe_type(opened: Callable[[], IO[bytes]]) -> FileType | None:
    """What a file is, if a browser may be given it to show."""
    with opened() as file:
        found = type_of(file.read(HEAD))
        if found is None:
            return None
        file.seek(0)
        return found if is_shown(file, found) else None
