"""Saving what a slice means: every change is a next version, and versions never change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from projects.conditions import Condition
from projects.conditions.canonical import dumps
from projects.conditions.nodes import duration
from projects.streams.models import Stream
from slices.definitions.meaning import condition_of, spoken_of
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.references import check_no_circle
from slices.definitions.sampling import checked_dedupe, checked_sample
from slices.definitions.windows import checked_window
from slices.definitions.wrong import Wrong
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

SPLITS = ("train", "val", "test")
MAX_TAGS, MAX_TAG = 20, 40
# What was added to meanings later: left out of the hash where it says nothing, so that old versions keep theirs.
LATER = ("params", "dedupe", "temporal_holdout", "sample")


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that decides who is a member. `queues` empty: every queue whose answers count."""

    condition: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    window: dict[str, Any] | None = None
    labels: str = SliceVersion.Labels.ACCEPTED
    queues: Sequence[int] = ()
    splits: Sequence[str] = ("train",)
    random_only: bool = False
    dedupe: dict[str, str] | None = None
    temporal_holdout: str = ""
    sample: dict[str, Any] | None = None
    min_size: int = 0
    max_size: int | None = None
    hash: str = field(default="", compare=False)

    def checked(self, stream: Stream) -> Definition:
        """The same in canonical form, with its hash. Raises ConditionError or Refused with what is wrong."""
        condition = Condition.from_json(self.condition, stream, params=self.params)
        check_choices(self, stream)
        check_params(condition)
        values = asdict(self) | {
            "condition": condition.json,
            "window": checked_window(self.window),
            "dedupe": checked_dedupe(self.dedupe, stream),
            "sample": checked_sample(self.sample, stream),
            "params": dict(sorted(self.params.items())),
            "queues": sorted(set(self.queues)),
            "splits": [split for split in SPLITS if split in self.splits],
        }
        text = canonical_text(values, condition)
        return Definition(**values | {"hash": hashlib.sha256(text.encode()).hexdigest()})


def canonical_text(values: Mapping[str, Any], condition: Condition) -> str:
    """What the hash of a definition is over: the one text of all that mean the same."""
    meaning = {**values, "condition": condition.canonical, "hash": ""}
    return dumps({name: value for name, value in meaning.items() if value or name not in LATER})


def text_of(version: SliceVersion) -> str:
    """The canonical text of a version that was saved. Raises ConditionError where its fields are no more."""
    names = [one.name for one in fields(Definition) if one.name not in ("hash", "condition")]
    return canonical_text({name: getattr(version, name) for name in names}, condition_of(version))


def check_params(condition: Condition) -> None:
    """Each parameter picks one value of one field, so that all children of a family are counted at once."""
    if condition.declared and condition.grouped() is None:
        sentence = _("Each parameter stands once, as `field = $parameter`, joined to the rest by `and`.")
        raise Wrong("params", sentence, "bad_params")


def check_choices(definition: Definition, stream: Stream) -> None:
    """Splits, queues and sizes that exist."""
    if not definition.splits or not set(definition.splits) <= set(SPLITS):
        raise Wrong("splits", _("Choose at least one of the splits train, val and test."), "bad_split")
    if stream.queues.filter(pk__in=definition.queues).count() != len(set(definition.queues)):
        raise Wrong("queues", _("A queue named here is not one of this stream."), "unknown_queue")
    if definition.temporal_holdout and duration(definition.temporal_holdout) is None:
        raise Wrong("temporal_holdout", _("A length of time like 7d."), "bad_holdout")
    if definition.max_size is not None and definition.max_size < max(1, definition.min_size):
        raise Wrong("max_size", _("The largest size is below the smallest."), "bad_size")


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Words to find a slice by: trimmed, in lower case, each once, in order."""
    found = sorted({" ".join(str(tag).split()).lower() for tag in tags} - {""})
    if len(found) > MAX_TAGS or any(len(tag) > MAX_TAG or "\x00" in tag for tag in found):
        sentence = _("At most %(n)s tags, each of at most %(length)s characters.")
        raise Wrong("tags", sentence % {"n": MAX_TAGS, "length": MAX_TAG}, "bad_tags")
    return found


@transaction.atomic
def create_slice(
    *,
    stream: Stream,
    slug: str,
    name: str,
    definition: Definition,
    description: str = "",
    tags: Sequence[str] = (),
    by: User | None,
) -> Slice:
    """A slice with its first version."""
    organization = stream.organization
    if stream.project.slices.filter(slug=slug).exists():
        raise Refused(_("This address is taken by another slice."), "conflict")
    checked = definition.checked(stream)
    made = organization.slices.create(
        project=stream.project,
        stream=stream,
        slug=slug,
        name=name,
        description=description,
        tags=checked_tags(tags),
    )
    write_version(made, 1, checked, by)
    record("slice.created", organization=organization, subject=made, by=by, hash=checked.hash)
    return made


@transaction.atomic
def describe_slice(*, slice: Slice, by: User | None, **names: Any) -> Slice:
    """Another name, description or tags: what the slice means stays what it is."""
    if "tags" in names:
        names["tags"] = checked_tags(names["tags"])
    changed = {name: value for name, value in names.items() if getattr(slice, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(slice, name, value)
        slice.save(update_fields=list(changed))
        facts = {"changed": sorted(changed)}
        record("slice.described", organization=slice.organization, subject=slice, by=by, **facts)
    return slice


@transaction.atomic
def change_slice(
    *, slice: Slice, definition: Definition, after: int | None = None, by: User | None
) -> SliceVersion:
    """The next version of a slice; a definition that means the same makes none. Refused unless it comes `after`."""
    organization = slice.organization
    row = organization.slices.select_for_update(of=("self",)).select_related("stream").get(pk=slice.pk)
    latest = current(row)
    if after not in (None, latest.version):
        sentence = _("Version %(n)s is the newest by now; look at it first.") % {"n": latest.version}
        raise Refused(sentence, "stale_version")
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


def draft(stream: Stream, definition: Definition, of: Slice | None = None) -> SliceVersion:
    """What a definition would mean, without saving it: to be looked at. Raises ConditionError or Wrong."""
    checked = definition.checked(stream)
    slice = of or Slice(organization=stream.organization, project=stream.project, stream=stream)
    values = asdict(checked)
    digest = values.pop("hash")
    return SliceVersion(organization=stream.organization, slice=slice, definition_hash=digest, **values)


def write_version(slice: Slice, number: int, checked: Definition, by: User | None) -> SliceVersion:
    """One version, as checked; the slice is found by what it speaks of now."""
    values = asdict(checked)
    digest = values.pop("hash")
    slice.speaks_of = spoken_of(checked.condition, checked.dedupe, checked.sample)
    slice.save(update_fields=["speaks_of"])
    return slice.organization.slice_versions.create(
        slice=slice, version=number, definition_hash=digest, created_by=by, **values
    )
