"""Files of snapshots and exports that no row names: a freeze was rolled back, a maker was killed.

Equal snapshots share files, and whoever freezes the next one takes what is there already. So a file is looked at
and removed while nobody else is at the files of its members (`files.alone`), or at the row of its export.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from django.db import transaction

from slices.snapshots.evidence import digests_of
from slices.snapshots.exports import files_of
from slices.snapshots.files import alone, beside
from slices.snapshots.models import Export
from slices.snapshots.rows import rows_name
from teams.identity.models import Organization
from teams.work.sweeping import remove


def sweep_frozen(organization: Organization, names: list[str]) -> int:
    """Of some old files below `rows` or `manifests`, remove those of no snapshot whose files are kept; how many."""
    of_members = defaultdict(list)
    for name in names:
        of_members[manifest_in(name)].append(name)
    return sum(sweep_members(organization, manifest, some) for manifest, some in of_members.items())


def manifest_in(name: str) -> str:
    """Whose file it is: every name begins with the hash of the manifest."""
    return PurePosixPath(name).name[:64]


@transaction.atomic
def sweep_members(organization: Organization, manifest_sha256: str, names: list[str]) -> int:
    """The same for the files of snapshots with the same members."""
    alone(manifest_sha256)
    named: set[str] = set()
    rows = organization.snapshots.filter(manifest_sha256=manifest_sha256)
    for snapshot in rows.exclude(keeping__expired_at__isnull=False):
        named |= with_digests([rows_name(snapshot), digests_of(snapshot), snapshot.manifest_name])
    return remove([name for name in names if name not in named])


def with_digests(names: Iterable[str]) -> set[str]:
    """Files, and the digests beside them."""
    return {other for name in names for other in (name, beside(name))}


def sweep_exports(organization: Organization, names: list[str]) -> int:
    """Of some old files below `exports`, remove those that no export which is ready names; how many."""
    of_export = defaultdict(list)
    for name in names:
        of_export[PurePosixPath(name).parts[2]].append(name)
    return sum(sweep_export(organization, export_id, some) for export_id, some in of_export.items())


@transaction.atomic
def sweep_export(organization: Organization, export_id: str, names: list[str]) -> int:
    """The same for the files of one export; while somebody is at it they are left for the next round."""
    rows = organization.exports.filter(pk=export_id)
    export = rows.select_for_update(skip_locked=True).first()
    if export is None and rows.exists():
        return 0
    is_ready = export is not None and export.state == Export.State.READY
    kept = with_digests(file["kept_as"] for file in files_of(export)) if export and is_ready else set()
    return remove([name for name in names if name not in kept])
