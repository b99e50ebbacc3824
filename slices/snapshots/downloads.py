"""A snapshot as one file, at once: its lines as they lie there, or what a small one can be made into meanwhile."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from slices.snapshots.exports import FORMATS, placed
from slices.snapshots.making import make
from slices.snapshots.models import Export, Snapshot
from slices.snapshots.rows import rows_name
from teams.identity.models import User
from teams.identity.refused import Refused

AT_ONCE = {name: FORMATS[name].content_type for name in ("jsonl", "parquet")}
MOST = 20_000  # members up to which somebody may wait for a file to be made


def downloadable(snapshot: Snapshot, kind: str, *, inline: bool, by: User) -> str:
    """Where the storage keeps the file. Raises Refused where making it would take too long."""
    if kind == "jsonl" and not inline:
        return rows_name(snapshot)
    export = made_at_once(snapshot, kind, {"media": "inline"} if inline else {}, by)
    tables = [file for file in export.shards if file["name"].endswith(f".{kind}")]
    chosen = tables[0] if len(tables) == 1 or not export.archive else export.archive
    kept_as: str = chosen["kept_as"]
    return kept_as


@transaction.atomic
def made_at_once(snapshot: Snapshot, kind: str, options: dict[str, str], by: User) -> Export:
    """The export, made while somebody waits for it."""
    export = placed(snapshot, kind, options, by)
    rows = snapshot.organization.exports
    export = (
        rows.select_related("snapshot__slice_version__slice")
        .select_for_update(of=("self",))
        .get(pk=export.pk)
    )
    if export.state == Export.State.READY:
        return export
    if snapshot.n_total > MOST:
        sentence = _("This is too much to be made while you wait: POST it to the snapshot's exports.")
        raise Refused(sentence, "ask_for_export")
    rows.filter(pk=export.pk).update(state=Export.State.QUEUED)
    make(export)
    return rows.get(pk=export.pk)
