"""What scripts say of an import, and what they are told."""

from __future__ import annotations

from typing import Any

import msgspec
from rest_framework import serializers

from labeling.imports.auditing import agreement
from labeling.imports.models import Import
from labeling.imports.reading import FORMATS, Options
from labeling.imports.settings import PROPOSE, Settings
from projects.streams.models import Stream
from teams.access.problems import FieldError, Invalid
from teams.access.strict import Body

COUNTS = ("rows_done", "rows_total", "bytes_done", "bytes_total")
OUTCOMES = ("created", "updated", "unchanged", "rejected", "labels")


class ImportOptionsIn(Body):
    """How a file is read."""

    columns = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text="Of a table: what each column is (key, text, media, captured_at, split, label, label:<question>, "
        "labeled_by, labeled_at, attribute, attribute:<name>, prediction, confidence, ignore). Guessed, if absent.",
    )
    types = serializers.DictField(
        child=serializers.ChoiceField(["string", "number", "boolean", "timestamp", "enum", "string[]"]),
        required=False,
        help_text="Of a table: the types of attributes that the stream does not declare; text, if absent.",
    )
    question = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="Which question the labels answer."
    )
    base_uri = serializers.CharField(
        max_length=400, required=False, allow_blank=True, help_text="Put before media without an address."
    )
    more = serializers.DictField(required=False, help_text="What only some formats know.")


class SettingsIn(Body):
    """Everything that is said about an import, beside where its rows come from."""

    format = serializers.CharField(
        max_length=30, required=False, allow_blank=True, help_text="Told from the file, if absent."
    )
    options = ImportOptionsIn(required=False)
    mode = serializers.ChoiceField(Import.Mode.choices, default=Import.Mode.UPSERT)
    trust = serializers.ChoiceField(
        Import.Trust.choices,
        default=Import.Trust.ACCEPTED,
        help_text="audited: a share of the labels, drawn by lot, is also answered by people in a queue.",
    )
    audit_percent = serializers.FloatField(min_value=0, max_value=100, default=0)
    audit_queue = serializers.CharField(max_length=50, required=False, allow_blank=True)
    drawn_by_lot = serializers.BooleanField(
        default=False,
        help_text="Whether these examples were drawn by lot: only then may their labels count in an evaluation.",
    )
    questions = serializers.ChoiceField(
        [PROPOSE],
        required=False,
        help_text="propose: where the project asks nothing yet, ask the questions that the file answers. Needs a "
        "token that may change questions; where some are asked already, labels answer those.",
    )
    people = serializers.DictField(
        child=serializers.EmailField(),
        required=False,
        help_text="Who the file names: the e-mail address of the member that is. Addresses are known without.",
    )


class ImportIn(SettingsIn):
    """A file, or the files below a prefix, in a store that the installation lets the organization have read."""

    uri = serializers.CharField(max_length=500)


class AuditOut(serializers.Serializer[Any]):
    """How the people who check labels see them."""

    drawn = serializers.IntegerField()
    checked = serializers.IntegerField()
    same = serializers.IntegerField()


class ImportOut(serializers.Serializer[Any]):
    """An import, and how far it is."""

    id = serializers.IntegerField()
    stream = serializers.CharField()
    name = serializers.CharField()
    format = serializers.CharField()
    state = serializers.CharField()
    mode = serializers.CharField()
    trust = serializers.CharField()
    share = serializers.FloatField(allow_null=True, help_text="How much is read, 0 to 1.")
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField(allow_null=True)
    bytes_done = serializers.IntegerField()
    bytes_total = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    labels = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class ImportDetailOut(ImportOut):
    """With what people say who check its labels; null where nobody does."""

    audit = AuditOut(allow_null=True)


class ImportPage(serializers.Serializer[Any]):
    """Some imports, and the address of the next ones."""

    results = ImportOut(many=True)
    next = serializers.CharField(allow_null=True)


def settings_of(stream: Stream, said: dict[str, Any]) -> Settings:
    """What was said, with the queue that was named. Raises Invalid."""
    slug = said.pop("audit_queue", "")
    queue = stream.organization.queues.filter(stream=stream, slug=slug).first() if slug else None
    if slug and queue is None:
        raise Invalid([FieldError("/audit_queue", "unknown_queue", "This stream has no such queue.")])
    if said.get("format") and said["format"] not in FORMATS.readers:
        known = ", ".join(FORMATS.readers)
        raise Invalid([FieldError("/format", "unknown_format", f"The formats are: {known}.")])
    options = msgspec.convert(said.pop("options", {}), Options)
    return Settings(options=options, audit_queue=queue, **said)


def import_out(row: Import) -> dict[str, Any]:
    """An import as scripts see it."""
    names = (
        "name",
        "format",
        "state",
        "mode",
        "trust",
        "share",
        "error",
        "created_at",
        "started_at",
        "ended_at",
    )
    said = {name: getattr(row, name) for name in (*names, *COUNTS, *OUTCOMES)}
    return {"id": row.pk, "stream": row.stream.slug} | said


def import_detail(row: Import) -> dict[str, Any]:
    """The same with how the check stands."""
    audit = agreement(row)._asdict() if row.trust == Import.Trust.AUDITED else None
    return import_out(row) | {"audit": audit}
