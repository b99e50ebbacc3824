"""What imports keep of examples: uploaded files whole, and keys in reports of errors."""

from __future__ import annotations

from django.utils.translation import gettext as _

from labeling.imports.models import Import
from labeling.imports.storing import remove
from teams.work.erasing import Doomed, NotYet


def erase_files(doomed: Doomed) -> int:
    """Remove every uploaded file of the organization: which examples are in one cannot be told without reading it.

    Waits for those that are being read; what they bring is refused by the examples' tombstones.
    """
    held = doomed.organization.imports.select_for_update(no_key=True)  # whoever resumes one meanwhile waits
    rows = list(held.exclude(stored="").order_by("pk"))
    if any(row.state in (Import.State.QUEUED, Import.State.RUNNING) for row in rows):
        raise NotYet
    for row in rows:
        forget_file(row)
    return len(rows)


def forget_file(row: Import) -> None:
    """The file is gone; an import that had not come to its end cannot be resumed."""
    remove(row.stored)
    gone = {} if row.state == Import.State.DONE else {"error": row.error or _("Its file is kept no longer.")}
    row.organization.imports.filter(pk=row.pk).update(stored="", **gone)


def erase_audited(doomed: Doomed) -> int:
    """Remove what is known of checks of the examples' labels; their tasks go after it."""
    rows = doomed.organization.audited_labels.filter(task__example__in=doomed.example_ids)
    return rows.delete()[0]


def erase_reports(doomed: Doomed) -> int:
    """Remove the rows of reports that name one of the examples."""
    rows = doomed.organization.rejected_rows.exclude(key=None).values_list("pk", "source__stream", "key")
    found = [pk for pk, stream, key in rows.iterator(chunk_size=2000) if doomed.holds(stream, key or "")]
    return doomed.organization.rejected_rows.filter(pk__in=found).delete()[0]
