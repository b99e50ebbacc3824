"""Reading the members of a slice once, in order of example: who they are, what they hold, and what proves it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import IO, Any

import msgspec
from django.utils.translation import gettext as _

from slices.definitions.meaning import condition_of
from slices.definitions.members import NONE, Values, funnel
from slices.definitions.models import SliceVersion
from slices.snapshots import blocks, manifest, rows
from slices.snapshots.evidence import digests_name, key_for, write_digests
from slices.snapshots.files import alone, draft, keep
from slices.snapshots.histograms import Histograms
from slices.snapshots.manifest import Member
from slices.snapshots.surroundings import code_version, tzdata_version
from teams.identity.refused import Refused


class TooSmall(Refused):
    """There is less in the slice than it asks for; `funnel` says where the others went."""

    def __init__(self, wanted: int, steps: list[dict[str, Any]]) -> None:
        found = steps[-1]["n"]
        sentence = _("The slice has %(found)s members; it needs at least %(wanted)s.")
        super().__init__(sentence % {"found": found, "wanted": wanted}, "too_small", 409)
        self.funnel = steps


def least(slice_version: SliceVersion) -> int:
    """How many members a snapshot needs: what the slice asks for, and never none."""
    return max(1, slice_version.min_size)


def build(version: SliceVersion, as_of: datetime, values: Values = NONE) -> dict[str, Any]:
    """Everything that a snapshot says of itself, its files put in their places. Raises TooSmall."""
    organization, stream = version.organization, version.slice.stream
    by_split: Counter[str] = Counter()
    with draft() as manifest_file, draft() as rows_file, draft() as digests_file:
        who, where, schemas = manifest.Writer(manifest_file), blocks.Writer(), set[bytes]()
        for batch in rows.batches(version, as_of, values):
            some = [Member.said_by(line) for line in batch.members]
            who.add(some)
            where.add(some)
            rows_file.write(b"\n".join([*batch.lines, b""]))
            by_split.update(member.split for member in some)
            schemas |= batch.schemas
        manifest_sha256 = who.close()
        steps = funnel(version, as_of, values)
        if by_split.total() < least(version):
            raise TooSmall(least(version), steps)
        alone(manifest_sha256)
        where.save(organization, manifest_sha256)
        key = key_for(organization, manifest_sha256)
        content_sha256 = write_digests(rows_file.open_file, digests_file, key)
        hashes = (manifest_sha256, content_sha256)
        histograms, by_label = spread(rows_file.open_file, stream.fields)
        keep(digests_file, digests_name(organization.pk, *hashes))
        keep(rows_file, rows.name_of(organization.pk, rows.VERSION, *hashes))
        name = f"{organization.pk}/manifests/{manifest_sha256}.parquet"
        return {
            "manifest_name": keep(manifest_file, name),  # equal snapshots share one file
            "manifest_sha256": manifest_sha256,
            "content_sha256": content_sha256,
            "evidence_version": rows.VERSION,
            "n_total": by_split.total(),
            "n_by_split": dict(by_split),
            "n_by_label": by_label,
            "histograms": histograms,
            "funnel": steps,
            "fields": stream.fields,
            "label_schemas": schema_versions(version, sorted(int(schema) for schema in schemas - {b"null"})),
            "split_policy": policy_of(version),
            "resolved_refs": condition_of(version).references(),
            "code_version": code_version(),
            "tzdata_version": tzdata_version(),
        }


def spread(lines: IO[bytes], fields: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, int]]:
    """How the members are spread over what is known of them; members by label, "" for none."""
    histograms, decoder = Histograms(fields), msgspec.json.Decoder(rows.Row)
    by_label: Counter[str] = Counter()
    lines.seek(0)
    for line in lines:
        row = decoder.decode(line)
        histograms.add(row)
        by_label[row.label or ""] += 1
    return histograms.json(), dict(sorted(by_label.items()))


def schema_versions(version: SliceVersion, schema_ids: list[int]) -> list[int]:
    """The versions of the questions that the answers are to."""
    schemas = version.organization.label_schemas.filter(pk__in=schema_ids)
    return sorted(schemas.values_list("version", flat=True))


def policy_of(version: SliceVersion) -> dict[str, Any]:
    """The split policy that the members were divided by; empty where the stream has none."""
    policy = version.slice.stream.split_policies.order_by("version").last()
    names = ("version", "salt", "test_until", "val_until")
    return {name: getattr(policy, name) for name in names} if policy else {}
