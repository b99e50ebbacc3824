"""Everything that somebody needs, far from here, to show which data a model was trained on."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from projects.conditions import ConditionError
from slices.definitions.actions import text_of
from slices.runs.models import Run
from slices.snapshots.evidence import erased, key_of
from slices.snapshots.grades import grade_of
from slices.snapshots.models import Export, Snapshot
from slices.snapshots.redactions import left_out
from slices.snapshots.suspecting import suspicions_of
from teams.events.models import Event
from teams.events.proving import proof_of

VERSION = 1  # of this document
SAME = (
    "role",
    "as_of",
    "built_at",
    "params",
    "manifest_sha256",
    "content_sha256",
    "evidence_version",
    "n_total",
    "n_by_split",
    "n_by_label",
    "histograms",
    "funnel",
    "fields",
    "label_schemas",
    "split_policy",
    "resolved_refs",
    "code_version",
    "tzdata_version",
)


def evidence_of(snapshot: Snapshot) -> dict[str, Any]:
    """The document: what the snapshot is, its key, what it meant, who is gone, what was made of it."""
    version, key = snapshot.slice_version, key_of(snapshot)
    is_here = grade_of(snapshot).name != "expired"
    gone = erased(snapshot) if is_here else sorted(left_out(snapshot))  # without files, by its marks
    return {
        "version": VERSION,
        "snapshot": snapshot.pk,
        "slice": version.slice.slug,
        "slice_version": version.version,
        **{name: getattr(snapshot, name) for name in SAME},
        "parent_snapshot": snapshot.parent_snapshot_id,
        "key": key.hex() if key else None,
        "definition_hash": version.definition_hash,
        "definition": meaning_of(snapshot),
        "schemas": schemas_of(snapshot),
        "erased": gone,
        "recalled": suspicions_of(snapshot),
        "exports": [export_of(row) for row in ready(snapshot)],
        "models": [model_of(run) for run in trained_on(snapshot)],
        "audit": proof(snapshot.organization.events.about(snapshot).filter(kind="snapshot.frozen")),
    }


def meaning_of(snapshot: Snapshot) -> str | None:
    """The canonical text that the definition's hash is over; None where the stream has lost a field of it."""
    with suppress(ConditionError):
        return text_of(snapshot.slice_version)
    return None


def schemas_of(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The questions that the answers are to."""
    rows = snapshot.organization.label_schemas.filter(
        project=snapshot.project_id, version__in=snapshot.label_schemas
    )
    return [{"version": row.version, "questions": row.questions} for row in rows.order_by("version")]


def ready(snapshot: Snapshot) -> list[Export]:
    """The files that were made of it and are there."""
    return list(
        snapshot.organization.exports.filter(snapshot=snapshot, state=Export.State.READY).order_by("pk")
    )


def export_of(export: Export) -> dict[str, Any]:
    """The digests of one set of files."""
    names = ("name", "bytes", "rows", "sha256")
    files = [*export.shards, *([export.archive] if export.archive else [])]
    return {
        "format": export.format,
        "options": export.options,
        "exporter_version": export.exporter_version,
        "files": [{name: file[name] for name in names} for file in files],
    }


def trained_on(snapshot: Snapshot) -> list[Run]:
    """The runs that succeeded on it, each with its model."""
    runs = snapshot.organization.runs.filter(
        snapshot=snapshot, kind=Run.Kind.TRAIN, state=Run.State.SUCCEEDED
    )
    return list(runs.select_related("model_version", "organization").order_by("pk"))


def model_of(run: Run) -> dict[str, Any]:
    """What a run reported: the model, and the digest of the whole report."""
    model = run.model_version
    assert model is not None  # it succeeded
    assert run.snapshot is not None  # in training
    return {
        "run": run.pk,
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "uri": model.uri,
        "facts": model.facts,
        "manifest_sha256": run.snapshot.manifest_sha256,
        "report_sha256": run.report.get("body_sha256", ""),
        "ended_at": run.ended_at,
        "audit": proof(run.organization.events.about(run).filter(kind="run.succeeded")),
    }


def proof(events: Any) -> dict[str, Any] | None:
    """The place in the audit of the first of some events."""
    event: Event | None = events.select_related("organization").order_by("pk").first()
    return proof_of(event) if event else None
