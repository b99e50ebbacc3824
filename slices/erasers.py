"""What the slices keep of an example, and who removes it; what keeps a snapshot."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from projects.erasure.reports import register_report
from slices.definitions.erasing import put_notes_away
from slices.families.erasing import erase_children, mark_children
from slices.runs.erasing import erase_reports, erase_results
from slices.runs.lineage import of_erasure
from slices.runs.needing import of_evaluations, of_models, of_runs
from slices.snapshots.pinning import register_pinner
from slices.snapshots.redacting import erase_from_snapshots
from slices.snapshots.redactions import count_snapshots, mark
from teams.work.erasing import register_eraser


def register_erasers() -> None:
    """The last one registered is asked first."""
    register_eraser("notes", put_notes_away, words=_("Notes of changes"))
    register_eraser("values", erase_children, words=_("Children of families of which nothing is left"))
    register_eraser("reports", erase_reports, words=_("What pipelines wrote of runs"))
    register_eraser("results", erase_results, words=_("Files of evaluation results"))
    register_eraser(
        "snapshots", erase_from_snapshots, words=_("Files of snapshots, and what was made of them")
    )
    words = _("Members of snapshots, marked")
    register_report("used", of_erasure, "slices/runs/lineage.html")
    register_eraser("children", mark_children, words=_("Children of families, marked"), at_once=True)
    register_eraser("redactions", mark, words=words, at_once=True, count=count_snapshots)


def register_pinners() -> None:
    """Rooms that need snapshots."""
    register_pinner("models", of_models)
    register_pinner("evaluations", of_evaluations)
    register_pinner("runs", of_runs)
