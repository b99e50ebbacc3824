"""REST: the examples of a stream. The door is here and not in projects, because arriving rows may carry labels."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions.api import ExampleList
from projects.streams.actions import receive
from projects.streams.api import RawJSONParser, ReceivedOut, raw_body, said
from projects.streams.rows import ExamplesIn, Reader, RowIn

READER = Reader(ExamplesIn, RowIn)


class MediaDoc(serializers.Serializer[Any]):
    """Where the picture is, or its bytes."""

    uri = serializers.CharField(max_length=500, required=False)
    data: Any = serializers.CharField(
        required=False, help_text="base64 of a PNG, JPEG, WebP or GIF, at most 2 MB."
    )
    type = serializers.CharField(max_length=60, required=False)


class InlinePredictionDoc(serializers.Serializer[Any]):
    """What a model said of the example it comes with."""

    model = serializers.CharField(max_length=80)
    version = serializers.CharField(max_length=80)
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    output = serializers.DictField(required=False)


class ExampleDoc(serializers.Serializer[Any]):
    """One example; `key` is yours, and sending it again creates nothing."""

    key = serializers.CharField(max_length=200)
    captured_at = serializers.DateTimeField(required=False, help_text="With its zone; now, if absent.")
    attributes = serializers.DictField(required=False)
    text = serializers.CharField(max_length=100_000, required=False, allow_blank=True)
    media = MediaDoc(required=False)
    predictions = InlinePredictionDoc(many=True, required=False)


class ExamplesDoc(serializers.Serializer[Any]):
    """1 to 1000 examples."""

    examples = ExampleDoc(many=True)
    mode = serializers.ChoiceField(["insert", "upsert"], required=False, default="upsert")


class Examples(ExampleList):
    """Read a stream, and send to it."""

    verbs = {"POST": "projects.ingest_project"}
    parser_classes = [RawJSONParser]

    @property
    def known_parameters(self) -> frozenset[str]:
        """Sending takes none."""
        return self.parameters if self.request.method == "GET" else frozenset()

    @extend_schema(
        operation_id="examples_send", request={"application/json": ExamplesDoc}, responses=ReceivedOut
    )
    def post(self, request: Request, project: str, stream: str) -> Response:
        """Send examples: each row has its own outcome, a bad one stops no other, the same again changes nothing."""
        channel = self.stream(project, stream)
        body = READER.body(raw_body(request))
        rows = READER.rows(body.examples)
        return said(receive(stream=channel, rows=rows, mode=body.mode, by=self.user))
