"""Recording what a model said of every example of an evaluation snapshot."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from projects.streams.models import ModelVersion
from slices.runs.metrics import score
from slices.runs.models import Evaluation, Run
from slices.snapshots.files import alone_with, draft, keep
from slices.snapshots.grades import check_here
from slices.snapshots.manifest import example_ids, labels_of
from slices.snapshots.models import Snapshot
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

MAX_ERRORS = 50
SCHEMA = pa.schema([("example_id", pa.int64()), ("label", pa.string()), ("confidence", pa.float64())])


class Result(msgspec.Struct, frozen=True):
    """What a model said of one example."""

    example_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


@transaction.atomic
def record_evaluation(
    *,
    model_version: ModelVersion,
    snapshot: Snapshot,
    results: Sequence[Result],
    run: Run | None = None,
    pointer: str = "/results",
    by: User | None,
) -> Evaluation:
    """Keep the results, and compute the metrics from them over the labelled members; what is missing is wrong.

    Raises Invalid for results that are not of this snapshot or stand there twice, Refused where other results
    of this model on this snapshot are already known. The same results again are the same evaluation.
    """
    check_here(snapshot)
    check(results, example_ids(snapshot), pointer)
    digest = digest_of(results)
    organization = model_version.organization
    organization.model_versions.select_for_update().get(pk=model_version.pk)  # two reports take turns
    known = organization.evaluations.filter(model_version=model_version, snapshot=snapshot).first()
    if known is not None:
        if known.results_sha256 != digest:
            raise Refused(_("This model has already reported other results on this snapshot."), "conflict")
        return known
    metrics = score(labels_of(snapshot), {row.example_id: row.label for row in results})
    evaluation = organization.evaluations.create(
        project=model_version.project,
        model_version=model_version,
        snapshot=snapshot,
        run=run,
        n=metrics["n"],
        correct=metrics["correct"],
        metrics=metrics,
        results_name=stored(results, f"{organization.pk}/evaluations/{digest}.parquet"),
        results_sha256=digest,
    )
    record(
        "evaluation.recorded",
        organization=organization,
        subject=evaluation,
        by=by,
        model_version=model_version.pk,
        snapshot=snapshot.pk,
    )
    return evaluation


def check(results: Sequence[Result], members: Collection[int], pointer: str) -> None:
    """Every result is of a member of the snapshot, and of no other result's."""
    errors: list[FieldError] = []
    seen: set[int] = set()
    for index, row in enumerate(results):
        where = f"{pointer}/{index}/example_id"
        if row.example_id not in members:
            errors.append(
                FieldError(where, "not_in_snapshot", "This example is not in the evaluation snapshot.")
            )
        elif row.example_id in seen:
            errors.append(FieldError(where, "duplicate", "This example has a result already."))
        seen.add(row.example_id)
    if errors:
        raise Invalid(errors[:MAX_ERRORS])


def digest_of(results: Sequence[Result]) -> str:
    """SHA-256 over the results in order of example: the same whatever order they were sent in."""
    ordered = sorted(results, key=lambda row: row.example_id)
    lines = "".join(f"{row.example_id},{row.label},{row.confidence}\n" for row in ordered)
    return hashlib.sha256(lines.encode()).hexdigest()


def stored(results: Sequence[Result], name: str) -> str:
    """Keep the results as a Parquet file, in order of example."""
    ordered = sorted(results, key=lambda row: row.example_id)
    columns = [
        [row.example_id for row in ordered],
        [row.label for row in ordered],
        [row.confidence for row in ordered],
    ]
    alone_with(name)
    with draft() as file:
        pq.write_table(pa.table(columns, schema=SCHEMA), file, compression="zstd")
        return keep(file, name)


def results_of(evaluation: Evaluation) -> dict[int, Result]:
    """What the model said, by example."""
    with default_storage.open(evaluation.results_name) as file:
        table = pq.read_table(io.BytesIO(file.read()))
    rows = zip(*(table[name].to_pylist() for name in ("example_id", "label", "confidence")), strict=True)
    return {example_id: Result(example_id, label, confidence) for example_id, label, confidence in rows}
