"""How far a snapshot can still be reproduced: exactly, without members that were erased, or by its hashes alone."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slices.snapshots.keeping import Redaction
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import left_out
from teams.access.problems import Problem
from teams.identity.refused import Refused

HEADER = "X-Snapshot-Redacted"


class Grade(NamedTuple):
    """`name` is exact, redacted or expired; `n` members were erased."""

    name: str
    n: int

    def __str__(self) -> str:
        return f"redacted({self.n})" if self.name == "redacted" else self.name

    @property
    def words(self) -> str:
        """For people."""
        if self.name == "expired":
            return _("Files gone")
        if self.name == "redacted":
            return ngettext("%(n)s erased", "%(n)s erased", self.n) % {"n": f"{self.n:,}"}
        return _("Exact")


def graded(rows: QuerySet[Snapshot]) -> QuerySet[Snapshot]:
    """Snapshots with what their grade is made of, so that a list asks no more than one question."""
    marks = Redaction.objects.filter(
        organization=OuterRef("organization"), snapshot=OuterRef("pk")
    ).order_by()
    n = marks.values("snapshot").annotate(n=Count("pk")).values("n")
    return rows.annotate(
        n_redacted=Coalesce(Subquery(n), 0, output_field=IntegerField()), expired_at=F("keeping__expired_at")
    )


def told(rows: QuerySet[Snapshot], most: int) -> list[Snapshot]:
    """The first of some snapshots, each with its `grade`, in one question."""
    found = list(graded(rows)[:most])
    for row in found:
        row.grade = grade_of(row)  # type: ignore[attr-defined]
    return found


def grade_of(snapshot: Snapshot) -> Grade:
    """The grade of one snapshot; without a question where `graded` has asked it."""
    row: Any = snapshot
    if not hasattr(row, "n_redacted"):
        row = graded(snapshot.organization.snapshots.filter(pk=snapshot.pk)).get()
    name = "expired" if row.expired_at else "redacted" if row.n_redacted else "exact"
    return Grade(name, row.n_redacted)


class BeingRedacted(Problem):
    """503: some members were erased a moment ago, and are in a file still."""

    wait = 5

    def __init__(self) -> None:
        super().__init__(503, "being_redacted", "Members were just erased; its files are being written anew.")


def check_here(snapshot: Snapshot) -> Grade:
    """The grade of a snapshot whose files are there. Raises Refused (410) where they are gone."""
    grade = grade_of(snapshot)
    if grade.name == "expired":
        sentence = _("The files of this snapshot were kept long enough; its hashes and counts stay.")
        raise Refused(sentence, "expired", 410)
    return grade


def check_rows(snapshot: Snapshot, *, accepts_redacted: bool) -> Grade:
    """The grade of a snapshot whose rows may be handed out.

    Raises Refused: 410 where they are gone, 409 where some were erased and that is not accepted; BeingRedacted.
    """
    grade = check_here(snapshot)
    missing = left_out(snapshot)
    if not missing:
        return grade
    if not accepts_redacted:
        sentence = _(
            "%(n)s of its members were erased, so this is not exactly what was frozen; "
            "accept_redacted=true takes it without them."
        )
        raise Refused(sentence % {"n": len(missing)}, "redacted", 409)
    removed = snapshot.organization.redactions.filter(snapshot=snapshot, is_removed=True).count()
    if removed < len(missing):
        raise BeingRedacted
    return Grade("redacted", len(missing))
