"""How a run stands, in a sentence."""

from __future__ import annotations

from django.utils.translation import gettext as _

from slices.runs.models import Run


def said(run: Run) -> str:
    """What is happening with it, or what came of it."""
    about = {"model": run.model_version or run.model_name, "worker": run.worker or _("a pipeline")}
    if run.state == Run.State.QUEUED and run.attempt:
        return _("It waits for another attempt; a pipeline claims it again when it is ready.")
    sentences = {
        Run.State.PREPARING: _("The slice is being frozen; then a pipeline can claim it."),
        Run.State.QUEUED: _("It waits for a pipeline to claim it."),
        Run.State.CLAIMED: _("%(worker)s works on it."),
        Run.State.SUCCEEDED: _("It produced %(model)s.")
        if run.kind == Run.Kind.TRAIN
        else _("It evaluated %(model)s."),
        Run.State.FAILED: _("It failed on every attempt, or in a way that trying again does not help."),
        Run.State.SNAPSHOT_FAILED: _("There was nothing to train on, so no pipeline was asked."),
        Run.State.CANCELLED: _("It was called off."),
        Run.State.EXPIRED: _("No pipeline claimed it within a day."),
    }
    return sentences[Run.State(run.state)] % about


def attempt_of(run: Run) -> str:
    """Which attempt of how many."""
    return _("%(n)s of %(most)s") % {"n": run.attempt, "most": run.max_attempts}
