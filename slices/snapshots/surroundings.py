"""Under which code and which calendar of time zones something was made."""

from __future__ import annotations

import hashlib
import zoneinfo
from functools import cache
from pathlib import Path

from django.apps import apps

OURS = ("teams", "projects", "labeling", "slices")


@cache
def code_version() -> str:
    """SHA-256 over the sources that this process runs, shortened: the same code, the same name, with or without git."""
    running = hashlib.sha256()
    for app in OURS:
        root = Path(apps.get_app_config(app).path)
        for path in sorted(root.rglob("*.py")):
            running.update(f"{app}/{path.relative_to(root)}\0".encode() + path.read_bytes())
    return running.hexdigest()[:16]


@cache
def tzdata_version() -> str:
    """The release of the time zone database, such as 2025b; empty where the system does not say."""
    for folder in zoneinfo.TZPATH:
        listed = Path(folder) / "tzdata.zi"
        if listed.is_file():
            with listed.open() as file:
                return file.readline().removeprefix("# version").strip()
    return ""
