"""What a call for an erasure brings along, and what it is told."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.erasure.choosing import MOST, Wanted
from projects.erasure.models import Erasure
from projects.erasure.reports import reports
from projects.streams.rows import MAX_KEY
from teams.access.strict import Body
from teams.work.erasing import eraser_of

OWN = {"examples": "Examples", "predictions": "Predictions"}


class AttributeIn(Body):
    """All examples with this value of this attribute, as a person's key."""

    name = serializers.CharField(max_length=60)
    value: Any = serializers.JSONField()

    def validate_value(self, value: Any) -> Any:
        """A text, a number, or true or false."""
        if not isinstance(value, str | int | float | bool) or (isinstance(value, str) and len(value) > 500):
            raise serializers.ValidationError("A text of at most 500 characters, a number, true or false.")
        return value


class ErasureIn(Body):
    """Which examples: exactly one of keys (of a stream), ids, attribute."""

    stream = serializers.SlugField(max_length=50, required=False)
    keys = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY, trim_whitespace=False),
        max_length=MOST,
        required=False,
    )
    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=MOST, required=False)
    attribute = AttributeIn(required=False)
    reference = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Say what would go, and leave it."
    )

    def wanted(self) -> Wanted:
        """Which examples, as it was said."""
        given = self.validated_data
        attribute = given.get("attribute", {})
        return Wanted(
            tuple(given.get("keys", ())),
            tuple(given.get("ids", ())),
            attribute.get("name", ""),
            attribute.get("value"),
        )


class ErasedPartOut(serializers.Serializer[Any]):
    """What goes, or went, besides."""

    name = serializers.CharField()
    words = serializers.CharField()
    n = serializers.IntegerField()
    done = serializers.BooleanField()


class ErasureOut(serializers.Serializer[Any]):
    """An erasure and how far it is. `id` is null for a dry run."""

    id = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(["dry_run", "marking", "erasing", "done"])
    examples = serializers.IntegerField()
    unknown = serializers.IntegerField()
    parts = ErasedPartOut(many=True)
    reference = serializers.CharField()
    asked_at = serializers.DateTimeField(allow_null=True)
    marked_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    lineage = serializers.DictField(help_text="What the examples had been used for.")


class ErasurePage(serializers.Serializer[Any]):
    """Some erasures, and the address of the next ones."""

    results = ErasureOut(many=True)
    next = serializers.CharField(allow_null=True)


def erasure_out(erasure: Erasure, *, whole: bool) -> dict[str, Any]:
    """An erasure as scripts see it; `whole` with what the examples had been used for."""
    names = ("id", "reference", "asked_at", "marked_at", "done_at")
    return {name: getattr(erasure, name) for name in names} | {
        "state": state_of(erasure),
        "examples": erasure.n,
        "unknown": erasure.n_unknown,
        "parts": [
            {
                "name": step.name,
                "words": str(words_of(step.name)),
                "n": step.n,
                "done": step.done_at is not None,
            }
            for step in erasure.steps.all()
        ],
        "lineage": {row.name: row.describe(erasure) for row in reports()} if whole else {},
    }


def state_of(erasure: Erasure) -> str:
    """How far it is, in a word."""
    if erasure.done_at is not None:
        return "done"
    return "marking" if erasure.wanted is not None else "erasing"


def words_of(name: str) -> Any:
    """What an eraser removes, in words."""
    known = eraser_of(name)
    return known.words if known else OWN.get(name, name)
