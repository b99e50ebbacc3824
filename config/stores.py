"""SLUICE_MEDIA_ROOTS and SLUICE_STORES: which files and buckets an organization may have read for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MEMBERS = {"prefix", "endpoint", "region", "key", "secret"}


def roots(given: Any) -> dict[str, str]:
    """{organization: folder}; no two organizations share one, nor does one's lie in another's."""
    if not isinstance(given, dict) or not all(isinstance(folder, str) for folder in given.values()):
        raise ImproperlyConfigured('SLUICE_MEDIA_ROOTS is an object: {"<organization>": "/folder"}.')
    folders = {slug: Path(folder) for slug, folder in given.items()}
    for slug, folder in folders.items():
        if not folder.is_absolute() or folder == Path("/"):
            raise ImproperlyConfigured(f"SLUICE_MEDIA_ROOTS: the folder of {slug!r} is not an absolute path.")
        others = [other for name, other in folders.items() if name != slug]
        if any(folder.resolve().is_relative_to(other.resolve()) for other in others):
            raise ImproperlyConfigured(f"SLUICE_MEDIA_ROOTS: the folder of {slug!r} is another's too.")
    return {slug: str(folder) for slug, folder in folders.items()}


def stores(given: Any, environ: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """{organization: [store]}, the names of credentials replaced by what the environment says.

    A store: `prefix` (s3://bucket/ or deeper), perhaps `endpoint`, `region`, and the names of the environment's
    variables that hold its `key` and `secret`; without them it is read as everybody may.
    """
    if not isinstance(given, dict) or not all(isinstance(rows, list) for rows in given.values()):
        raise ImproperlyConfigured(
            'SLUICE_STORES is an object: {"<organization>": [{"prefix": "s3://.../"}]}.'
        )
    return {slug: [store(row, environ) for row in rows] for slug, rows in given.items()}


def store(row: Any, environ: Mapping[str, str]) -> dict[str, str]:
    """One store of an organization."""
    if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
        raise ImproperlyConfigured("SLUICE_STORES: a store is an object of texts.")
    if (
        set(row) - MEMBERS
        or not row.get("prefix", "").startswith("s3://")
        or ("key" in row) != ("secret" in row)
    ):
        raise ImproperlyConfigured(
            f"SLUICE_STORES: a store has a prefix that begins with s3://, and of {sorted(MEMBERS)} what it needs."
        )
    secrets = {name: environ.get(row[name], "") for name in ("key", "secret") if name in row}
    missing = [row[name] for name, value in secrets.items() if not value]
    if missing:
        raise ImproperlyConfigured(f"SLUICE_STORES: the environment has no {' and no '.join(missing)}.")
    # With its slash, or s3://acme would open s3://acme-of-others too.
    return (
        {"endpoint": "", "region": "us-east-1"} | row | secrets | {"prefix": row["prefix"].rstrip("/") + "/"}
    )
