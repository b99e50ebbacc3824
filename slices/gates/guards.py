"""What every gate asks of the evidence itself, whether its checks say so or not."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slices.gates.clauses import Clause, Result
from slices.gates.evidence import Evidence
from teams.desk.numbers import number


def drawn_by_lot(evidence: Evidence) -> Clause:
    """Labels that a rule chose flatter or shame; only random draws stand for the stream."""
    numbers = {"random_only": evidence.random_only}
    if evidence.random_only:
        return Clause(
            "drawn_by_lot", "random_draws", Result.PASS, _("The examples were drawn by lot."), numbers
        )
    return Clause(
        "drawn_by_lot",
        "random_draws",
        Result.INCONCLUSIVE,
        _(
            "The evaluation slice is not restricted to examples drawn by lot, so it may not stand for the stream."
        ),
        numbers,
    )


def no_leak(evidence: Evidence) -> Clause:
    """An example that the model was trained on says nothing about others."""
    return Clause("no_leak", "no_leakage", *_leak(evidence), {"shared": evidence.shared})


def _leak(evidence: Evidence) -> tuple[str, str]:
    shared = evidence.shared
    if shared is None:
        return Result.INCONCLUSIVE, _(
            "It is not known what this model was trained on, so a leak cannot be ruled out."
        )
    if shared:
        sentence = ngettext(
            "%(n)s example of the evaluation was in the training snapshot.",
            "%(n)s examples of the evaluation were in the training snapshot.",
            shared,
        )
        return Result.FAIL, sentence % {"n": number(shared)}
    return Result.PASS, _("No example of the evaluation was in the training snapshot.")
