"""What models said of erased examples goes from the results that evaluations keep; scores, being sums, stay."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.core.files.storage import default_storage
from django.db.models import F, Func, Q, QuerySet, Value

from slices.runs.models import Evaluation, Run
from slices.snapshots.files import alone_with, draft, replace
from slices.snapshots.redactions import mark
from teams.work.erasing import Doomed

# How far a run is stays while it runs; what its pipeline says of that does not.
UNWORDED = Func(F("progress"), Value("message"), arg_joiner=" - ", template="(%(expressions)s)")


def held(doomed: Doomed) -> QuerySet[Any]:
    """The snapshots that had one of the examples; a freeze that ended late is marked here if nobody has."""
    mark(doomed)
    return doomed.organization.redactions.filter(example_id__in=doomed.example_ids).values("snapshot")


def erase_results(doomed: Doomed) -> int:
    """Rewrite the files of results without the examples; how many files."""
    rows = doomed.organization.evaluations.filter(snapshot__in=held(doomed)).order_by("pk")
    return sum(rewrite(row, doomed.example_ids) for row in rows)


def rewrite(evaluation: Evaluation, example_ids: Collection[int]) -> bool:
    """One file, if it has any of them."""
    alone_with(evaluation.results_name)  # two erasures take turns
    if not default_storage.exists(evaluation.results_name):
        return False
    with default_storage.open(evaluation.results_name) as file:
        table = pq.read_table(io.BytesIO(file.read()))
    left = table.filter(pc.invert(pc.is_in(table["example_id"], pa.array(list(example_ids), pa.int64()))))
    if left.num_rows == table.num_rows:
        return False
    with draft() as file:
        pq.write_table(left, file, compression="zstd")
        replace(file, evaluation.results_name)
    return True


def erase_reports(doomed: Doomed) -> int:
    """What pipelines wrote of runs on these snapshots may quote what they stumbled over; how many runs."""
    organization, snapshots = doomed.organization, held(doomed)
    runs = organization.runs.filter(Q(snapshot__in=snapshots) | Q(eval_snapshot__in=snapshots))
    ids = list(runs.values_list("pk", flat=True))
    organization.attempts.filter(run__in=ids).exclude(error="").update(error="")
    worded = organization.runs.filter(pk__in=ids).exclude(error="", progress={})
    ended = worded.filter(state__in=Run.ENDED).update(error="", progress={})
    return ended + worded.exclude(state__in=Run.ENDED).update(error="", progress=UNWORDED)
