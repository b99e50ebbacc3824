"""REST: the examples of a stream. The door is here and not in projects, because arriving rows may carry labels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from labeling.answers.taking import take
from projects.conditions.api import ExampleList
from projects.streams.api import RawJSONParser, ReceivedOut, lines_in, raw_body, said
from projects.streams.models import Stream
from projects.streams.ndjson import CONTENT_TYPES, Lines, taken
from projects.streams.receiving import Received
from projects.streams.rows import Bad, ExamplesIn, Reader, RowIn
from teams.access import idempotency
from teams.access.problems import FieldError, Invalid, Problem

READER = Reader(ExamplesIn, RowIn)
MODES, OUTCOMES = ["upsert", "insert"], ["all", "errors"]
SENDING = frozenset({"mode", "outcomes"})


class MediaDoc(serializers.Serializer[Any]):
    """Where the media are, or their bytes."""

    uri = serializers.CharField(
        max_length=500,
        required=False,
        help_text="https://, http://, s3://, gs://, az://, file:///, or the `sluice:` address of an upload.",
    )
    data: Any = serializers.CharField(
        required=False, help_text="base64 of a picture, sound, film, JSON or text, at most 2 MB."
    )
    type = serializers.CharField(max_length=60, required=False)


class InlinePredictionDoc(serializers.Serializer[Any]):
    """What a model said of the example it comes with."""

    model = serializers.CharField(max_length=80)
    version = serializers.CharField(max_length=80)
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    output = serializers.DictField(required=False)


class LabelDoc(serializers.Serializer[Any]):
    """What somebody outside said of the example: it counts, unless a person here has answered, or others contradict."""

    answer = serializers.DictField(
        help_text="{question name: value}, for the newest questions of the project."
    )
    by = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Who said so: an e-mail address or a name. Everybody has one say about an example.",
    )
    at = serializers.DateTimeField(required=False, help_text="When, with its zone; now, if absent.")


class ExampleDoc(serializers.Serializer[Any]):
    """One example; `key` is yours, and sending it again creates nothing."""

    key = serializers.CharField(max_length=200)
    captured_at = serializers.DateTimeField(required=False, help_text="With its zone; now, if absent.")
    attributes = serializers.DictField(required=False)
    text = serializers.CharField(max_length=100_000, required=False, allow_blank=True)
    media = MediaDoc(required=False)
    predictions = InlinePredictionDoc(many=True, required=False)
    labels = LabelDoc(many=True, required=False)
    split = serializers.ChoiceField(
        ["train", "val", "test"],
        required=False,
        help_text="The side it comes with; a hash decides, if absent. An example never changes sides.",
    )


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
        """Sending lines takes its options in the address."""
        return self.parameters if self.request.method == "GET" else SENDING

    @extend_schema(
        operation_id="examples_send",
        parameters=[
            idempotency.PARAMETER,
            OpenApiParameter(
                "mode", OpenApiTypes.STR, enum=MODES, description="With lines of JSON; upsert if absent."
            ),
            OpenApiParameter(
                "outcomes",
                OpenApiTypes.STR,
                enum=OUTCOMES,
                description="With lines of JSON: which rows are answered one by one; all if absent.",
            ),
        ],
        request={"application/json": ExamplesDoc} | dict.fromkeys(CONTENT_TYPES, OpenApiTypes.BINARY),
        responses={
            (200, "application/json"): ReceivedOut,
            (200, "application/x-ndjson"): OpenApiTypes.BINARY,
        },
    )
    def post(self, request: Request, project: str, stream: str) -> HttpResponseBase:
        """Send examples: each row has its own outcome, a bad one stops no other, the same again changes nothing.

        1 to 1,000 in one JSON body, or any number as lines of JSON (application/x-ndjson), an example each; both
        plain or with Content-Encoding: gzip. Lines are taken a thousand at a time and answered with lines: an outcome
        for each, at last {"done": true} with the sums, or {"done": false} and why the body could not be read on.
        """
        channel = self.stream(project, stream)
        lines = lines_in(request)
        if lines is not None:
            return self.take_lines(request, lines, channel)
        return self.take_batch(request, channel)

    @idempotency.heeded
    def take_batch(self, request: Request, channel: Stream) -> HttpResponse:
        """Take one JSON body, whole; with an Idempotency-Key its answer is kept beside what it changed."""
        self.refuse_options()
        body = READER.body(raw_body(request))
        rows = READER.rows(body.examples)
        return said(take(stream=channel, rows=rows, mode=body.mode, by=self.user))

    def take_lines(self, request: Request, lines: Lines, channel: Stream) -> HttpResponseBase:
        """Take lines and answer with lines, while they are read."""
        mode = choice(request, "mode", MODES)
        only_errors = choice(request, "outcomes", OUTCOMES) == "errors"
        user = self.user

        def take_batch(rows: list[RowIn | Bad]) -> Received:
            return take(stream=channel, rows=rows, mode=mode, by=user)

        answer = taken(lines, take_batch, only_errors=only_errors)
        is_async = isinstance(request._request, ASGIRequest)
        return StreamingHttpResponse(apart(answer) if is_async else answer, content_type=CONTENT_TYPES[0])

    def refuse_options(self) -> None:
        """A JSON body says its mode itself, and is answered whole."""
        if self.request.query_params:
            raise Problem(400, "unknown_parameter", "mode and outcomes go with lines of JSON only.")


def choice(request: Request, name: str, options: list[str]) -> str:
    """An option in the address; the first one if it is absent."""
    given: str = request.query_params.get(name, options[0])
    if given not in options:
        raise Invalid([FieldError(f"?{name}", "unknown_option", f"One of: {', '.join(options)}.")])
    return given


async def apart(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same for an ASGI server, which would gather a plain iterator into memory before it sends anything.

    Every part is made in the request's own thread, which has its connection to the database.
    """
    following = sync_to_async(lambda: next(parts, None))
    while (part := await following()) is not None:  # one may be empty: a batch that has nothing to tell
        yield part
