"""How tests bring files in: over REST, and then the worker's loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.management import call_command

URL = "/api/v1/projects/digits/streams/tags/imports"


def work() -> None:
    """What `manage.py work` does until nothing is ready."""
    call_command("work", "--all", "--once")


def sender(script: Any) -> Callable[..., Any]:
    """send(body, format=..., filename=..., **settings): the import as it is when the worker is through with it."""

    def send(body: bytes, *, format: str = "", filename: str = "", runs: bool = True, **settings: Any) -> Any:
        query = {"format": format, "filename": filename}
        query = {name: value for name, value in query.items() if value}
        if settings:
            query["settings"] = json.dumps(settings)
        answer = script.post(f"{URL}?{urlencode(query)}", body, content_type="application/octet-stream")
        if answer.status_code != 201 or not runs:
            return answer.json()
        work()
        return script.get(f"/api/v1/imports/{answer.json()['id']}").json()

    return send


def counts(row: Any) -> dict[str, int]:
    """The counts that are not 0."""
    names = ("created", "updated", "unchanged", "rejected", "labels")
    return {name: row[name] for name in names if row[name]}
