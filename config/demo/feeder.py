"""What the stores' cameras do: send a batch of tags over REST, with a token that can do nothing else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import requests

from config.demo import digits
from config.demo.browser import send

APART = timedelta(minutes=5)  # between two pictures, so that the whole play spans about six days


class Rejected(Exception):
    """Sluice did not take a batch; the message is its own."""


class Feeder:
    """Sends tags to one stream; sending them again changes nothing."""

    def __init__(self, address: str, token: str, *, began: datetime) -> None:
        self.url = f"{address}/api/v1/projects/digits/streams/tags/examples"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.began = began

    def post(self, batch: int, indexes: Sequence[int]) -> dict[str, Any]:
        """Send the scans of these indexes as one batch; Sluice's account of it. Raises Rejected."""
        body = {"examples": [self.example(digits.tag(index), batch) for index in indexes]}
        answer = send(self.session, "POST", self.url, json=body)
        account: dict[str, Any] = answer.json()
        if answer.status_code != 200 or account["rejected"]:
            raise Rejected(f"batch {batch}: {answer.status_code} {answer.text[:500]}")
        return account

    def example(self, tag: digits.Tag, batch: int) -> dict[str, Any]:
        """One tag as the API takes it. The answer is not in it."""
        return {
            "key": tag.key,
            "captured_at": (self.began + tag.index * APART).isoformat(),
            "attributes": {"store": tag.store.slug, "distortion": tag.store.distortion, "batch": batch},
            "media": {"data": base64.b64encode(tag.png()).decode(), "type": "image/png"},
        }
