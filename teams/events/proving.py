"""What proves, far from here, that an event is in the audit's chain: the event, and the digests around it."""

from __future__ import annotations

from typing import Any

from teams.events.models import Event
from teams.events.sealing import BEGIN, line


def proof_of(event: Event) -> dict[str, Any] | None:
    """`digest` is SHA-256 over `before` and `line`; None until the clock has sealed it."""
    detail = event.organization.event_details.filter(event=event, position__isnull=False).first()
    if detail is None or detail.position is None:
        return None
    earlier = event.organization.event_details.filter(position=detail.position - 1)
    return {
        "position": detail.position,
        "line": line(event).decode(),
        "before": earlier.values_list("digest", flat=True).first() or BEGIN,
        "digest": detail.digest,
    }
