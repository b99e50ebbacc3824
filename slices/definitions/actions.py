"""Saving what a slice means: every change is a next version, and versions never change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from projects.conditions import Condition
from projects.conditions.canonical import dumps
from projects.conditions.nodes import duration
from projects.streams.models import Stream
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.references import check_no_circle
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

CLOCKS = ("captured_at", "ingested_at", "labeled_at")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that decides who is a member. `queues` empty: every queue whose answers count."""

    condition: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    window: dict[str, str] | None = None
    labels: str = SliceVersion.Labels.ACCEPTED
    queues: Sequence[int] = ()
    splits: Sequence[str] = ("train",)
    random_only: bool = False
    min_size: int = 0
    max_size: int | None = None
    hash: str = field(default="", compare=False)

    def checked(self, stream: Stream) -> Definition:
        """The same in canonical form, with its hash. Raises ConditionError or Refused with what is wrong."""
        condition = Condition.from_json(self.condition, stream, params=self.params)
        check_window(self.window)
        check_choices(self, stream)
        check_params(condition)
        values = asdict(self) | {
            "condition": condition.json,
            "params": dict(sorted(self.params.items())),
            "queues": sorted(set(self.queues)),
            "splits": [split for split in SPLITS if split in self.splits],
        }
        meaning = values | {"condition": condition.canonical, "hash": ""}
        if not self.params:
            del meaning["params"]  # a slice that is no family means what it did before there were any
        return Definition(**values | {"hash": hashlib.sha256(dumps(meaning).encode()).hexdigest()})


def check_window(window: dict[str, str] | None) -> None:
    """A window is a clock and a length of time; none takes everything."""
    if window is None:
        return
    if (
        set(window) != {"clock", "length"}
        or window["clock"] not in CLOCKS
        or duration(window["length"]) is None
    ):
        raise Refused(
            _("A window is a clock (captured_at, ingested_at, labeled_at) and a length like 60d."),
            "bad_window",
            422,
        )


def check_params(condition: Condition) -> None:
    """Each parameter picks one value of one field, so that all children of a family are counted at once."""
    if condition.declared and condition.grouped() is None:
        sentence = _("Each parameter stands once, as `field = $parameter`, joined to the rest by `and`.")
        raise Refused(sentence, "bad_params", 422)


def check_choices(definition: Definition, stream: Stream) -> None:
    """Splits, queues and sizes that exist."""
    if not definition.splits or not set(definition.splits) <= set(SPLITS):
        raise Refused(_("Choose at least one of the splits train, val and test."), "bad_split", 422)
    if stream.queues.filter(pk__in=definition.queues).count() != len(set(definition.queues)):
        raise Refused(_("A queue named here is not one of this stream."), "unknown_queue", 422)
    if definition.max_size is not None and definition.max_size < max(1, definition.min_size):
        raise Refused(_("The largest size is below the smallest."), "bad_size", 422)


@transaction.atomic
def create_slice(
    *, stream: Stream, slug: str, name: str, definition: Definition, description: str = "", by: User | None
) -> Slice:
    """A slice with its first version."""
    organization = stream.organization
    if stream.project.slices.filter(slug=slug).exists():
        raise Refused(_("This address is taken by another slice."), "conflict")
    checked = definition.checked(stream)
    made = organization.slices.create(
        project=stream.project, stream=stream, slug=slug, name=name, description=description
    )
    write_version(made, 1, checked, by)
    record("slice.created", organization=organization, subject=made, by=by, hash=checked.hash)
    return made


@transaction.atomic
def change_slice(*, slice: Slice, definition: Definition, by: User | None) -> SliceVersion:
    """The next version of a slice; a definition that means the same makes none."""
    organization = slice.organization
    row = organization.slices.select_for_update(of=("self",)).select_related("stream").get(pk=slice.pk)
    latest = current(row)
    check_no_circle(row, definition.condition, definition.params)
    checked = definition.checked(row.stream)
    if latest.definition_hash == checked.hash:
        return latest
    version = write_version(row, latest.version + 1, checked, by)
    record(
        "slice.changed",
        organization=organization,
        subject=row,
        by=by,
        version=version.version,
        hash=checked.hash,
    )
    return version


def current(slice: Slice) -> SliceVersion:
    """What the slice means now."""
    return slice.versions.select_related("slice__stream", "slice__project", "organization").order_by(
        "-version"
    )[0]


def write_version(slice: Slice, number: int, checked: Definition, by: User | None) -> SliceVersion:
    """One version, as checked."""
    values = asdict(checked)
    digest = values.pop("hash")
    return slice.organization.slice_versions.create(
        slice=slice, version=number, definition_hash=digest, created_by=by, **values
    )
