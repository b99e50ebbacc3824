"""What people and machines do with projects and streams: make them, and send examples and predictions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.schemas.fields import check_fields
from projects.streams import media, predictions, receiving, tombstones
from projects.streams.declaring import change_fields
from projects.streams.fieldlocks import hold_fields
from projects.streams.lines import Line, Rules
from projects.streams.models import Example, Media, ModelVersion, Project, SplitPolicy, Stream
from projects.streams.predictions import register_model_version
from projects.streams.receiving import Outcome, Received, rejected, summed
from projects.streams.rows import Bad, PredictionIn, RowIn
from projects.streams.sniffing import Checked, Unkeepable, check_file, sniff
from projects.streams.summary import LabelSummary, summarize
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import Organization, User
from teams.identity.refused import Refused

__all__ = [
    "LabelSummary",
    "change_fields",
    "create_project",
    "create_stream",
    "receive",
    "receive_predictions",
    "register_model_version",
    "summarize",
    "upload",
]


@transaction.atomic
def create_project(*, organization: Organization, name: str, slug: str, by: User | None) -> Project:
    """A new kind of data. Raises Refused (409) when the address is taken."""
    project = _create(
        organization.projects, _("This address is taken by another project."), name=name, slug=slug
    )
    record("project.created", organization=organization, subject=project, by=by)
    return project


@transaction.atomic
def create_stream(
    *,
    project: Project,
    name: str,
    slug: str,
    fields: list[dict[str, Any]],
    split_by: str = "",
    test_until: int = 1000,
    val_until: int = 1000,
    salt: str | None = None,
    by: User | None,
) -> Stream:
    """A channel for examples, with its first split policy: buckets [0, test_until) test, then val, then train.

    Without a salt, streams of one project share one: a group that arrives on two of them is on one side.
    Raises Refused: 409 when the address is taken, 422 when fields or cuts make no sense.
    """
    check_fields(fields)
    check_split(fields, split_by, test_until, val_until)
    organization = project.organization
    stream = _create(
        organization.streams,
        _("This address is taken by another stream."),
        project=project,
        name=name,
        slug=slug,
        fields=fields,
        split_by=split_by,
    )
    organization.split_policies.create(
        stream=stream, salt=salt or f"{project.slug}:1", test_until=test_until, val_until=val_until
    )
    record("stream.created", organization=organization, subject=stream, by=by)
    return stream


def check_split(fields: list[dict[str, Any]], split_by: str, test_until: int, val_until: int) -> None:
    """Groups are told by a declared text; cuts lie in order within the buckets."""
    texts = [row["name"] for row in fields if row["type"] in ("string", "enum")]
    if split_by and split_by not in texts:
        raise Refused(_("Split by a declared attribute of type string or enum."), code="invalid", status=422)
    if not 0 <= test_until <= val_until <= SplitPolicy.BUCKETS:
        raise Refused(
            _("The cuts must be in order: 0, test, val, %(all)s.") % {"all": SplitPolicy.BUCKETS},
            code="invalid",
            status=422,
        )


def _create(rows: Any, taken: str | Promise, **values: Any) -> Any:
    try:
        with transaction.atomic():
            return rows.create(**values)
    except IntegrityError:
        raise Refused(taken, code="conflict") from None


def receive(
    *, stream: Stream, rows: Sequence[RowIn | Bad], mode: str = "upsert", by: User | None
) -> Received:
    """Take a batch: what is right is kept, what is wrong is named, each row by itself.

    `mode` "upsert" changes what is there and different, "insert" leaves what is there alone. Sending a batch
    again changes nothing and says "unchanged".
    """
    try:
        return take(stream, rows, mode, by)
    except tombstones.ErasedMeanwhile:  # the second look sees which keys may not come back
        return take(stream, rows, mode, by)


@transaction.atomic
def take(stream: Stream, rows: Sequence[RowIn | Bad], mode: str, by: User | None) -> Received:
    """A batch, in one transaction. Raises ErasedMeanwhile."""
    now = timezone.now()
    hold_fields(stream)
    rules = Rules(stream)
    rules.splits.look_up(rows)
    rules.look_up(rows)
    gone = tombstones.erased_keys(stream, [row.key for row in rows if isinstance(row, RowIn)])
    good, bad = sort_out(rules, rows, gone)
    lines = prepared(stream.organization, rules, good, now)
    written = receiving.write(stream, lines, mode, now)
    tombstones.check_not_erased(stream, [key for key, (_pk, said) in written.items() if said == "created"])
    rules.splits.keep()
    said = [(written[row.key][0], said) for _index, row in good for said in row.predictions]
    news = predictions.write_inline(stream, said, now, by) if said else set()
    if news:
        summarize(organization=stream.organization, example_ids=sorted(news))
    outcomes = bad + [
        Outcome(index, row.key, written[row.key][1], written[row.key][0]) for index, row in good
    ]
    received = summed(sorted(outcomes, key=attrgetter("index")) if bad else outcomes)
    announce(stream, received, news, by)
    return received


Good = list[tuple[int, RowIn]]


def sort_out(rules: Rules, rows: Sequence[RowIn | Bad], gone: Collection[str]) -> tuple[Good, list[Outcome]]:
    """(the rows to write, the outcomes of those that are rejected); `gone` are keys of erased examples."""
    seen: set[str] = set()
    good: Good = []
    bad = []
    for index, row in enumerate(rows):
        if isinstance(row, Bad):
            errors = row.errors
        elif row.key in gone:
            errors = [tombstones.ERASED]
        else:
            errors = twice(row.key, seen) or rules.errors(row)
        if isinstance(row, Bad) or errors:
            bad.append(rejected("examples", index, row.key, errors))
        else:
            seen.add(row.key)
            good.append((index, row))
    return good, bad


def twice(key: str, seen: set[str]) -> list[FieldError]:
    """A key may stand once in a batch: which of two rows should count?"""
    return (
        [FieldError("/key", "duplicate_key", "This key stands in the batch already.")] if key in seen else []
    )


def prepared(organization: Organization, rules: Rules, good: Good, now: datetime) -> list[Line]:
    """The lines to write; files that came with them are stored first, so that no example names what is not there."""
    uploads = {
        media.digest_of(organization, row.media.data): row.media.data
        for _i, row in good
        if row.media and row.media.data
    }
    if uploads:
        media.keep(organization, uploads, are_named=True)
    return [rules.line(row, now, *where(rules, row)) for _index, row in good]


def where(rules: Rules, row: RowIn) -> tuple[str, str]:
    """(address, content type) of a row's media; empty without any. What is kept here is what its bytes are."""
    if row.media is None:
        return "", ""
    if row.media.data is not None:
        digest = media.digest_of(rules.organization, row.media.data)
        return media.SCHEME + digest, sniff(row.media.data) or ""
    uri = row.media.uri or ""
    return uri, rules.kept.get(uri, row.media.type or "")


@transaction.atomic
def upload(*, project: Project, data: bytes, by: User) -> tuple[Media, Checked, bool]:
    """Keep a file of a caller without storage: (its row, what it is, whether it is new).

    Raises Invalid where it is not of a kind that is kept.
    """
    try:
        checked = check_file(data, settings.SLUICE_MEDIA_MB * 1024 * 1024)
    except Unkeepable as why:
        raise Invalid([FieldError("", why.code, why.detail)]) from None
    organization = project.organization
    digest = media.digest_of(organization, data)
    is_new = bool(media.keep(organization, {digest: data}))
    row = organization.media.get(digest=digest)
    if is_new:
        record(
            "media.uploaded", organization=organization, subject=project, by=by, media=row.pk, size=row.size
        )
    return row, checked, is_new


def announce(stream: Stream, received: Received, news: set[int], by: User | None) -> None:
    """One event a batch, with the ids that are new, changed, or of which a model said something new."""
    fresh = {row.id for row in received.rows if row.outcome in ("created", "updated")} | news
    if fresh:
        record(
            "examples.received",
            organization=stream.organization,
            subject=stream,
            by=by,
            ids=sorted(fresh),
            created=received.created,
            updated=received.updated,
        )


@transaction.atomic
def note_look(example: Example, *, by: User, is_part: bool = False) -> None:
    """Somebody looked at the media of an example whose media show people.

    `is_part`: they were sent a part that is not the first; who seeks in a film looks at it once.
    """
    if is_part:
        lately = timezone.now() - timedelta(seconds=media.VALID_S)
        looks = example.organization.events.about(example).filter(kind="media.viewed", by=by, at__gte=lately)
        if looks.exists():
            return
    record("media.viewed", organization=example.organization, subject=example, by=by)


@transaction.atomic
def receive_predictions(
    *, stream: Stream, model_version: ModelVersion, rows: Sequence[PredictionIn | Bad], by: User | None
) -> Received:
    """What a model says of examples that are here; an unknown key is that row's error. Labels stay untouched."""
    organization = stream.organization
    keys = [row.key for row in rows if isinstance(row, PredictionIn)]
    known = dict(organization.examples.filter(stream=stream, key__in=keys).values_list("key", "pk"))
    gone = tombstones.erased_keys(stream, [key for key in keys if key not in known])
    good, bad = [], []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        errors = row.errors if isinstance(row, Bad) else unknown(row.key, known, gone) or twice(row.key, seen)
        if isinstance(row, Bad) or errors:
            bad.append(rejected("predictions", index, row.key, errors))
        else:
            seen.add(row.key)
            good.append((index, row))
    lines = [predictions.Said(known[row.key], row.label, row.confidence, row.output) for _index, row in good]
    written = predictions.write(model_version, lines, timezone.now())
    summarize(organization=organization, example_ids=sorted(written))
    if written:
        subject = {"model_version": model_version.pk, "ids": sorted(written)}
        record("predictions.received", organization=organization, subject=stream, by=by, **subject)
    outcomes = [
        Outcome(index, row.key, written.get(known[row.key], (0, "unchanged"))[1], known[row.key])
        for index, row in good
    ]
    return summed(sorted(bad + outcomes, key=lambda row: row.index))


def unknown(key: str, known: dict[str, int], gone: Collection[str]) -> list[FieldError]:
    """A prediction is about an example that is here."""
    if key in gone:
        return [tombstones.ERASED]
    return [] if key in known else [FieldError("/key", "unknown_example", "No example has this key.")]
