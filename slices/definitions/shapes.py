"""The bodies of the REST calls about slices, and how what is wrong with a meaning is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

from rest_framework import serializers

from projects.conditions import Condition, ConditionError
from projects.conditions.text import MAX_TEXT
from projects.streams.models import Stream
from slices.definitions.actions import SPLITS, Definition
from slices.definitions.models import SliceVersion
from slices.definitions.wrong import Wrong
from teams.access.problems import FieldError, Invalid, Problem
from teams.access.strict import Body, Moment

LARGEST = 2**31 - 1
PLAIN = (
    "window",
    "labels",
    "splits",
    "random_only",
    "dedupe",
    "temporal_holdout",
    "sample",
    "min_size",
    "max_size",
)


class MeaningIn(Body):
    """What a slice means, or what of it changes: a condition as `text` or as JSON, and all that narrows it further."""

    text = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_TEXT,
        trim_whitespace=False,
        help_text="The condition.",
    )
    condition = serializers.JSONField(required=False, allow_null=True, help_text="The same as JSON.")
    window = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text='{"clock", "length": "60d"}; or with "kind": calendar ("unit", "tz", "last", "complete"), '
        'since ("at"), between ("from", "to"); each with "grace" and "exclude_newest". null: everything.',
    )
    labels = serializers.ChoiceField(SliceVersion.Labels.choices, required=False)
    queues = serializers.ListField(
        child=serializers.SlugField(max_length=50),
        required=False,
        max_length=100,
        help_text="Queues whose answers are the labels; empty: every queue whose answers count.",
    )
    splits = serializers.ListField(
        child=serializers.ChoiceField(SPLITS), required=False, allow_empty=False, max_length=3
    )
    random_only = serializers.BooleanField(required=False)
    dedupe = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text='{"by": field, "keep": earliest or latest}. null: all are kept.',
    )
    temporal_holdout = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20,
        help_text="Like 7d: training takes nothing so new, val and test take nothing older.",
    )
    sample = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text='{"kind": "hash_percent", "percent", "salt"}, {"kind": "cap_per", "by", "max", "salt"}, '
        '{"kind": "balance", "by"} or {"kind": "newest", "n"}. null: all of them.',
    )
    min_size = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    max_size = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True)


class SliceIn(MeaningIn):
    """A new slice. Where nothing is said it takes labelled training examples of any age."""

    slug = serializers.SlugField(max_length=80)
    name = serializers.CharField(max_length=120)
    stream = serializers.SlugField(max_length=50)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=20)


class SliceChangeIn(MeaningIn):
    """What changes. What is not said stays; another meaning is the next version."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=20)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST, help_text="409 unless this is the newest version."
    )


class PreviewIn(MeaningIn):
    """A meaning that is not saved: how many meet it, and who."""

    stream = serializers.SlugField(max_length=50)
    slice = serializers.SlugField(
        max_length=80,
        required=False,
        help_text="Begin with what this slice means; what is said here changes it.",
    )
    as_of = Moment(required=False)


@contextmanager
def said_where() -> Iterator[None]:
    """What is wrong with a meaning, as a problem that says where."""
    try:
        yield
    except ConditionError as wrong:
        detail = "The condition cannot be used."
        raise Problem(422, "bad_condition", detail, errors=wrong.errors) from None
    except Wrong as wrong:
        raise Invalid([FieldError(f"/{wrong.part}", wrong.code, str(wrong.sentence))]) from None


def definition_of(
    asked: Mapping[str, Any], stream: Stream, base: Definition | None = None, of: str | None = None
) -> tuple[Definition, Condition]:
    """What a call says, on top of what there was. `of` is the slice that it is for. Raises as `said_where` tells."""
    start = base or Definition()
    said: dict[str, Any] = {name: asked[name] for name in PLAIN if name in asked}
    if "queues" in asked:
        said["queues"] = ids_of(asked["queues"], stream)
    params = start.params
    if "text" in asked:
        condition = Condition.from_text(asked["text"], stream, params=params, of=of)
    else:
        node = asked.get("condition", start.condition)
        condition = Condition.from_json(node, stream, params=params, of=of)
    return replace(start, condition=condition.json, **said), condition


def ids_of(slugs: list[str], stream: Stream) -> list[int]:
    """The queues of these addresses."""
    known = dict(stream.queues.filter(slug__in=slugs).values_list("slug", "pk"))
    for slug in slugs:
        if slug not in known:
            raise Wrong("queues", f"The stream has no queue {slug!r}.", "unknown_queue")
    return [known[slug] for slug in slugs]


def definition_in(version: SliceVersion) -> Definition:
    """What a version means, to be changed and saved again."""
    names = [one.name for one in fields(Definition) if one.name != "hash"]
    return replace(Definition(), **{name: getattr(version, name) for name in names})
