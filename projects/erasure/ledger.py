"""What was erased is also written beside the files: a database that is restored from a backup has forgotten it.

`manage.py replay_erasures` reads these and erases again. They hold numbers and keyed digests, as tombstones do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import msgspec
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from projects.erasure.models import Erasure
from teams.identity.models import Organization

FOLDER = "erasures"


def name_of(erasure: Erasure) -> str:
    """Where it is written. After a restore numbers are given again, so the moment is in the name."""
    return f"{erasure.organization_id}/{FOLDER}/{erasure.pk}-{erasure.asked_at:%Y%m%dT%H%M%S%f}.json"


def write(erasure: Erasure) -> None:
    """Write down what an erasure erased; whole or not at all."""
    columns = ("stream_id", "example_id", "key_digest", "media_digest")
    entry = {
        "project": erasure.project_id,
        "reference": erasure.reference,
        "asked_at": erasure.asked_at.isoformat(),
        "examples": list(erasure.tombstones.order_by("pk").values_list(*columns)),
    }
    name = name_of(erasure)
    draft = default_storage.save(f"{name}.draft", ContentFile(msgspec.json.encode(entry)))
    os.replace(default_storage.path(draft), default_storage.path(name))


def entries(organization: Organization) -> Iterator[dict[str, Any]]:
    """Everything that was ever written for an organization, in order of time."""
    folder = f"{organization.pk}/{FOLDER}"
    if not default_storage.exists(folder):
        return
    _folders, names = default_storage.listdir(folder)
    found = []
    for name in names:
        if name.endswith(".json"):
            with default_storage.open(f"{folder}/{name}") as file:
                found.append(msgspec.json.decode(file.read()))
    yield from sorted(found, key=lambda entry: entry["asked_at"])
