"""What the doors of conditions take and answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.conditions.counting import COUNT_UP_TO
from projects.conditions.nodes import PARAM_TYPES
from projects.conditions.text import MAX_TEXT
from teams.access.strict import Body

KINDS = ("field", "operator", "keyword", "function", "value", "slice", "param")


class ExampleOut(serializers.Serializer[Any]):
    """One example as scripts see it."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    captured_at = serializers.DateTimeField()
    attributes = serializers.JSONField()
    withheld = serializers.ListField(
        child=serializers.CharField(),
        help_text="Personal attributes that it has, but this token may not see.",
    )
    text = serializers.CharField()
    media_uri = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    label_state = serializers.CharField()
    prediction = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    split = serializers.ChoiceField(["train", "val", "test"])
    media_base64 = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="With media=inline; null for a picture that lies elsewhere.",
    )


class ExamplePage(serializers.Serializer[Any]):
    """Some examples, and the address of the next ones."""

    results = ExampleOut(many=True)
    next = serializers.CharField(allow_null=True)


class Params(Body):
    """Parameters that a condition may use, and values for them."""

    params = serializers.DictField(
        child=serializers.ChoiceField(PARAM_TYPES),
        required=False,
        help_text="{name: type} of the parameters that the condition may use as $name.",
    )


class ConditionIn(Params):
    """A condition as text or as JSON."""

    text = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_TEXT,
        trim_whitespace=False,  # errors say where in the text they are
    )
    condition = serializers.JSONField(required=False, allow_null=True)
    values = serializers.DictField(
        required=False,
        help_text="{name: value}: count with these. A condition with parameters is not counted without.",
    )
    slice = serializers.CharField(
        required=False,
        max_length=80,
        help_text="The slice that it is for: one that leads back to it is an error.",
    )


class WarningOut(serializers.Serializer[Any]):
    """Something odd about a condition that can be used."""

    code = serializers.ChoiceField(["not_indexed", "always_false", "always_true", "empty_now"])
    pointer = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class ClauseOut(serializers.Serializer[Any]):
    """One of the parts joined by `and`."""

    text = serializers.CharField()
    count = serializers.IntegerField(allow_null=True, help_text="How many meet it alone.")
    exact = serializers.BooleanField(allow_null=True)
    left = serializers.IntegerField(
        allow_null=True, help_text="How many are left after it and those before it."
    )
    left_exact = serializers.BooleanField(allow_null=True)


class ConditionOut(serializers.Serializer[Any]):
    """A condition in all its forms. What is counted is null where parameters have no values."""

    condition = serializers.JSONField(allow_null=True)
    canonical = serializers.JSONField(
        allow_null=True, help_text="The same for all conditions that are written alike."
    )
    text = serializers.CharField(allow_blank=True)
    hash = serializers.CharField(help_text="SHA-256 of the canonical form.")
    params = serializers.DictField(child=serializers.CharField(), help_text="{name: type} of those it uses.")
    references = serializers.DictField(
        child=serializers.IntegerField(), help_text="{slice: version} of all slices that it leads to."
    )
    count = serializers.IntegerField(allow_null=True, help_text=f"Exact up to {COUNT_UP_TO}.")
    exact = serializers.BooleanField(allow_null=True)
    clauses = ClauseOut(many=True)
    warnings = WarningOut(many=True)


class CompletionIn(Params):
    """A text, and where in it somebody is typing."""

    text = serializers.CharField(allow_blank=True, max_length=MAX_TEXT, trim_whitespace=False)
    cursor = serializers.IntegerField(
        min_value=0, max_value=MAX_TEXT, help_text="In characters from the beginning."
    )


class CompletionOut(serializers.Serializer[Any]):
    """Something that may stand there."""

    text = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    detail = serializers.CharField(allow_blank=True)
    replace = serializers.ListField(
        child=serializers.IntegerField(), min_length=2, max_length=2, help_text="From and to in the text."
    )


class CompletionsOut(serializers.Serializer[Any]):
    """All that may stand there, of what begins as the word there does."""

    completions = CompletionOut(many=True)
