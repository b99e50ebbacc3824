"""REST: how a file, or the address of one, comes with what is said about it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from labeling.imports.proposing import EDIT
from labeling.imports.settings import PROPOSE, Settings
from labeling.imports.shapes import ImportIn, SettingsIn, settings_of
from projects.streams.api import StreamDoor
from projects.streams.models import Stream
from teams.access.parsing import strict_json
from teams.access.problems import Problem

SHORT = ("format", "questions")  # what an address may say by itself
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
UPLOAD = frozenset({*SHORT, "filename", "settings"})
FILES = ("application/octet-stream", "text/csv", "application/x-ndjson", "application/jsonl")
BODY: Any = {"application/json": ImportIn} | dict.fromkeys(FILES, OpenApiTypes.BINARY)
PARAMETERS = [
    OpenApiParameter("format", OpenApiTypes.STR, description="With a file: its format."),
    OpenApiParameter("filename", OpenApiTypes.STR, description="With a file: what it is called."),
    OpenApiParameter(
        "questions",
        OpenApiTypes.STR,
        enum=[PROPOSE],
        description="With a file: ask what it answers, in a project that asks nothing yet.",
    ),
    OpenApiParameter(
        "settings",
        OpenApiTypes.STR,
        description="With a file: JSON of all that a body without `uri` would say.",
    ),
]


class Arrival(StreamDoor):
    """A view whose body is a file, or JSON that says where one is."""

    @property
    def known_parameters(self) -> frozenset[str]:
        """An upload says in the address what a JSON body says itself."""
        return UPLOAD if self.is_upload else frozenset()

    @property
    def is_upload(self) -> bool:
        """Whether the body is the file."""
        return self.request._request.content_type != "application/json"

    def of_address(self, request: Request, channel: Stream) -> tuple[str, Settings]:
        """Where the file is, and what the body says about it."""
        given = ImportIn(data=request.data)
        given.is_valid(raise_exception=True)
        said = dict(given.validated_data)
        return said.pop("uri"), self.settled(channel, said)

    def of_upload(self, request: Request, channel: Stream) -> tuple[str, Settings]:
        """What the file is called, and what the address says about it."""
        if request._request.content_type in FORMS:
            raise Problem(415, "form", "Send the file itself as the body, not as a form.")
        text = request.query_params.get("settings", "")
        said: Any = strict_json(text.encode()) if text else {}
        if isinstance(said, dict):
            said |= {name: request.query_params[name] for name in SHORT if name in request.query_params}
        given = SettingsIn(data=said)
        given.is_valid(raise_exception=True)
        name = request.query_params.get("filename", "") or "upload"
        return name, self.settled(channel, dict(given.validated_data))

    def settled(self, channel: Stream, said: dict[str, Any]) -> Settings:
        """The settings, if the token may do what they say. Raises Problem (403), Invalid."""
        settings = settings_of(channel, said)
        if settings.questions == PROPOSE and not self.carries(EDIT, channel.project):
            raise Problem(
                403, "not_allowed", "This token may not change the questions that people are asked."
            )
        return settings
