"""Files that callers upload, and the addresses by which pages show media: signed, for members, for five minutes.

Media on the web are loaded by the browser itself; the server asks no address that somebody typed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from csp.decorators import csp_update
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from projects.streams import stores
from projects.streams.models import Example, Media
from projects.streams.sniffing import sniff
from teams.identity.models import Organization

SCHEME = "sluice:"
MAX_BYTES = 2 * 1024 * 1024  # of a file that comes in a row, or goes out in one
VALID_S = 300
SIGNER = signing.TimestampSigner(salt="projects.streams.media")


def digest_of(organization: Organization, data: bytes) -> str:
    """HMAC-SHA256 under the organization's key: a plain hash of small personal content could be guessed."""
    return hmac.digest(bytes(organization.digest_key), data, "sha256").hex()


def keep(organization: Organization, uploads: Mapping[str, bytes], *, are_named: bool = False) -> set[str]:
    """Store files by digest, each once; bytes and row are there before any example says their name.

    `are_named`: examples of this batch do. Otherwise somebody has some time to send them. The digests that are new.
    """
    if are_named:
        say_named(organization, uploads)
    else:  # sent again, it is waited for again
        fresh = organization.media.filter(digest__in=uploads, named_at=None)
        fresh.update(created_at=timezone.now())
    known = organization.media.filter(digest__in=uploads).values_list("digest", flat=True)
    missing = uploads.keys() - set(known)
    named_at = timezone.now() if are_named else None
    rows = [_store(organization, digest, uploads[digest], named_at) for digest in sorted(missing)]
    if rows:
        organization.media.bulk_create(rows, ignore_conflicts=True)  # another batch may have been quicker
    return missing


def say_named(organization: Organization, digests: Collection[str]) -> None:
    """Examples show these uploads from now on. Whoever takes never shown ones away has ended, or waits for us."""
    organization.media.filter(digest__in=digests, named_at=None).update(named_at=timezone.now())


def _store(organization: Organization, digest: str, data: bytes, named_at: datetime | None) -> Media:
    name = default_storage.save(f"{organization.pk}/media/{digest[:2]}/{digest}", ContentFile(data))
    return Media(
        organization=organization,
        digest=digest,
        content_type=sniff(data) or "",
        size=len(data),
        name=name,
        named_at=named_at,
    )


def read(media: Media) -> bytes:
    """The bytes of an uploaded file. Raises FileNotFoundError when the storage lost them."""
    with default_storage.open(media.name) as file:
        return bytes(file.read())


def media_of(organization: Organization, example: Example) -> Media | None:
    """The uploaded file of an example; None when it lies elsewhere or there is none."""
    if not example.media_uri.startswith(SCHEME):
        return None
    return organization.media.filter(digest=example.media_uri.removeprefix(SCHEME)).first()


def named(organization: Organization, uris: Iterable[str]) -> dict[str, str]:
    """{address: content type} of those addresses of uploads, which examples are about to show, that there are."""
    digests = {uri.removeprefix(SCHEME) for uri in uris if uri.startswith(SCHEME)}
    if not digests:
        return {}
    say_named(organization, digests)
    rows = organization.media.filter(digest__in=digests).values_list("digest", "content_type")
    return {SCHEME + digest: content_type for digest, content_type in rows}


def signed_url(organization: Organization, example: Example) -> str:
    """An address for `<img>`, `<audio>` or `<video>`: ours for five minutes, the caller's own as it is; empty where a
    browser has none.

    Pages that show it are decorated with `shows_media`. Where media show people, the address names the
    example too, so that each look at it can be told.
    """
    uri = example.media_uri
    if uri.startswith(SCHEME):
        digest = uri.removeprefix(SCHEME)
        of = str(example.pk) if example.stream.has_personal_media else ""
        query = {"of": of} if of else {}
        return reverse(
            "media",
            kwargs={"organization": organization.slug, "digest": digest},
            query=query | {"token": token_for(organization, digest, of)},
        )
    if stores.is_stored(uri):
        if not stores.may_read(organization, uri):
            return ""
        return reverse(
            "example-media",
            kwargs={"organization": organization.slug, "pk": example.pk},
            query={"token": token_for(organization, name_of(uri), str(example.pk))},
        )
    return uri if uri.startswith(("https://", "http://")) else ""


def name_of(uri: str) -> str:
    """A name for a file that lies elsewhere, to sign it by; an example that comes to point elsewhere has another."""
    return hashlib.sha256(uri.encode()).hexdigest()


def token_for(organization: Organization, digest: str, of: str = "") -> str:
    """Opens one file of one organization to its members, for five minutes; `of` is the example, if it is told."""
    subject = f"{organization.pk}.{digest}.{of}"
    return SIGNER.sign(subject).removeprefix(f"{subject}:")


def is_open(organization: Organization, digest: str, token: str, of: str = "") -> bool:
    """Whether the token opens this file, as one of this example, now."""
    try:
        SIGNER.unsign(f"{organization.pk}.{digest}.{of}:{token}", max_age=VALID_S)
    except signing.BadSignature:
        return False
    return True


def shows_media(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a page show media that lie elsewhere; its scripts and forms stay as closed as everywhere."""
    return csp_update({"img-src": ["https:", "http:"], "media-src": ["https:", "http:"]})(view)
