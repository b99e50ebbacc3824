"""What the clock does about imports: files are kept no longer than they are needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from labeling.imports import running
from labeling.imports.actions import old_files
from labeling.imports.forgetting import forget_file
from teams.work.clock import due

KEPT = timedelta(days=7)  # of one that failed, was cancelled or never started
AT_ONCE = 20

assert running  # its job is registered by being imported


@due("import-files")
def forget_files(at: datetime) -> int:
    """Files of imports that are done, and of others that nobody has resumed for a week."""
    rows = list(old_files(at - KEPT)[:AT_ONCE])
    for row in rows:
        forget_file(row)
    return len(rows)
