"""What models said: one prediction an example and model version, the newest in the summary; never a label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils.translation import gettext_lazy as _

from projects.streams.models import ModelVersion, Project, Stream
from projects.streams.rows import InlinePrediction
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


class Said(msgspec.Struct, omit_defaults=True):
    """One line of the recordset."""

    example_id: int
    label: str
    confidence: float | None = None
    output: dict[str, Any] = {}


INSERT = """
INSERT INTO projects_prediction AS old
    (organization_id, example_id, model_version_id, output, label, confidence, at)
SELECT %(organization)s, example_id, %(model_version)s, coalesce(output, '{}'), label, confidence, %(now)s
FROM jsonb_to_recordset(%(lines)s) AS line (example_id bigint, label text, confidence float8, output jsonb)
ORDER BY example_id
ON CONFLICT (organization_id, example_id, model_version_id) DO UPDATE
    SET output = excluded.output, label = excluded.label, confidence = excluded.confidence, at = excluded.at
    WHERE (old.label, old.output, old.confidence)
        IS DISTINCT FROM (excluded.label, excluded.output, excluded.confidence)
RETURNING example_id, id, xmax = 0
"""


def write(model_version: ModelVersion, lines: list[Said], now: datetime) -> dict[int, tuple[int, str]]:
    """{example id: (prediction id, created | updated)} of what is new; lines have different examples."""
    if not lines:
        return {}
    values: dict[str, Any] = {
        "organization": model_version.organization_id,
        "model_version": model_version.pk,
        "now": now,
        "lines": msgspec.json.encode(lines).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        return {example: (pk, "created" if new else "updated") for example, pk, new in cursor.fetchall()}


def write_inline(
    stream: Stream, said: Sequence[tuple[int, InlinePrediction]], now: datetime, by: User | None
) -> set[int]:
    """Keep the predictions that came with examples, a model at a time; the examples about which any is new."""
    groups: defaultdict[tuple[str, str], dict[int, Said]] = defaultdict(dict)
    for example, row in said:
        line = Said(example, row.label, row.confidence, row.output)
        groups[row.model, row.version][example] = (
            line  # of two by one model about one example, the later counts
        )
    news: set[int] = set()
    for (name, version), lines in sorted(groups.items()):
        model_version = register_model_version(project=stream.project, name=name, version=version, by=by)
        news |= write(model_version, list(lines.values()), now).keys()
    return news


def register_model_version(
    *,
    project: Project,
    name: str,
    version: str,
    digest: str = "",
    uri: str = "",
    facts: dict[str, Any] | None = None,
    by: User | None,
) -> ModelVersion:
    """The model version of this name; made when it is new, given what it lacks when it is not.

    Raises Refused (409) when it is known with another digest: the same name then means two models.
    """
    organization = project.organization
    row, new = organization.model_versions.get_or_create(
        project=project,
        name=name,
        version=version,
        defaults={"digest": digest, "uri": uri, "facts": facts or {}},
    )
    if new:
        record("model_version.registered", organization=organization, subject=row, by=by)
        return row
    check_same_model(row, digest)
    return _complete(row, {"digest": digest, "uri": uri, "facts": facts or {}})


def check_same_model(row: ModelVersion, digest: str) -> None:
    """One name and version is one model."""
    if digest and row.digest and digest != row.digest:
        raise Refused(
            _("%(name)s is known with another digest; give the new model another version.") % {"name": row},
            code="model_conflict",
        )


def _complete(row: ModelVersion, given: dict[str, Any]) -> ModelVersion:
    """Fill what was empty; what is there stays."""
    lacking = {name: value for name, value in given.items() if value and not getattr(row, name)}
    if lacking:
        row.organization.model_versions.filter(pk=row.pk).update(**lacking)
        for name, value in lacking.items():
            setattr(row, name, value)
    return row
