"""What a person has begun to answer: kept with their hold on the task until they submit."""

from __future__ import annotations

import json
from typing import Any

from labeling.answers.forms import is_keepable
from labeling.tasks.models import Lease
from projects.schemas.models import LabelSchema

LONGEST = 400_000  # characters of JSON


def keepable(schema: LabelSchema, answer: Any) -> dict[str, Any]:
    """As much of an answer as can be kept: values of questions that are asked, whether they fit or not."""
    if not isinstance(answer, dict):
        return {}
    names = [question["name"] for question in schema.questions]
    kept = {name: answer[name] for name in names if name in answer and is_keepable(answer[name])}
    return kept if len(json.dumps(kept)) <= LONGEST else {}


def begun(lease: Lease) -> dict[str, Any]:
    """What the page of a held task starts with: the draft, else what a reviewer gave back."""
    if lease.draft is not None or not lease.note:
        return lease.draft or {}
    given = lease.organization.annotations.filter(example=lease.task.example_id, lease=lease)
    last = given.order_by("-pk").first()
    return last.answer if last is not None else {}


def keep_draft(*, lease: Lease, token: int, answer: dict[str, Any]) -> bool:
    """Keep what a person has begun, as long as the task is held by this token; whether it was."""
    held = lease.organization.leases.filter(pk=lease.pk, token=token, state=Lease.State.HELD)
    return bool(held.update(draft=keepable(lease.task.queue.schema, answer)))
