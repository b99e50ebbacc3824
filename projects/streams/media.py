"""Pictures that callers upload: kept under a keyed digest, shown to members by an address that expires."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from csp.decorators import csp_update
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http.response import HttpResponseBase
from django.urls import reverse

from projects.streams.models import Example, Media
from teams.identity.models import Organization

SCHEME = "sluice:"
MAX_BYTES = 2 * 1024 * 1024
VALID_S = 300
SIGNER = signing.TimestampSigner(salt="projects.streams.media")

# What the first bytes say; nothing that can carry a script is among them.
SIGNATURES: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    ("image/png", "png", lambda data: data.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", "jpg", lambda data: data.startswith(b"\xff\xd8\xff")),
    ("image/gif", "gif", lambda data: data.startswith((b"GIF87a", b"GIF89a"))),
    ("image/webp", "webp", lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP"),
)
EXTENSIONS = {content_type: extension for content_type, extension, _ in SIGNATURES}


def sniff(data: bytes) -> str | None:
    """The content type that the bytes themselves show; None for anything we do not keep."""
    return next((content_type for content_type, _, matches in SIGNATURES if matches(data)), None)


def digest_of(organization: Organization, data: bytes) -> str:
    """HMAC-SHA256 under the organization's key: a plain hash of small personal content could be guessed."""
    return hmac.digest(bytes(organization.digest_key), data, "sha256").hex()


def keep(organization: Organization, uploads: Mapping[str, bytes]) -> None:
    """Store pictures by digest, each once; bytes and row are there before any example says their name."""
    known = organization.media.filter(digest__in=uploads).values_list("digest", flat=True)
    missing = uploads.keys() - set(known)
    rows = [_store(organization, digest, uploads[digest]) for digest in sorted(missing)]
    if rows:
        organization.media.bulk_create(rows, ignore_conflicts=True)  # another batch may have been quicker


def _store(organization: Organization, digest: str, data: bytes) -> Media:
    name = default_storage.save(f"{organization.pk}/media/{digest[:2]}/{digest}", ContentFile(data))
    return Media(
        organization=organization, digest=digest, content_type=sniff(data) or "", size=len(data), name=name
    )


def read(media: Media) -> bytes:
    """The bytes of a picture. Raises FileNotFoundError when the storage lost them."""
    with default_storage.open(media.name) as file:
        return bytes(file.read())


def media_of(organization: Organization, example: Example) -> Media | None:
    """The uploaded picture of an example; None when it lies elsewhere or there is none."""
    if not example.media_uri.startswith(SCHEME):
        return None
    return organization.media.filter(digest=example.media_uri.removeprefix(SCHEME)).first()


def signed_url(organization: Organization, example: Example) -> str:
    """An address for `<img>`: ours for five minutes, the caller's own as it is; empty where a browser has none.

    Pages that show it are decorated with `shows_media`. Where pictures show people, the address names the
    example too, so that each look at it can be told.
    """
    if example.media_uri.startswith(SCHEME):
        digest = example.media_uri.removeprefix(SCHEME)
        of = str(example.pk) if example.stream.has_personal_media else ""
        query = {"of": of} if of else {}
        return reverse(
            "media",
            kwargs={"organization": organization.slug, "digest": digest},
            query=query | {"token": token_for(organization, digest, of)},
        )
    return example.media_uri if example.media_uri.startswith(("https://", "http://")) else ""


def token_for(organization: Organization, digest: str, of: str = "") -> str:
    """Opens one picture of one organization to its members, for five minutes; `of` is the example, if it is told."""
    subject = f"{organization.pk}.{digest}.{of}"
    return SIGNER.sign(subject).removeprefix(f"{subject}:")


def is_open(organization: Organization, digest: str, token: str, of: str = "") -> bool:
    """Whether the token opens this picture, as one of this example, now."""
    try:
        SIGNER.unsign(f"{organization.pk}.{digest}.{of}:{token}", max_age=VALID_S)
    except signing.BadSignature:
        return False
    return True


def shows_media(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a page show pictures that lie elsewhere; its scripts and forms stay as closed as everywhere."""
    return csp_update({"img-src": ["https:", "http:"]})(view)
