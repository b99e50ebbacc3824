"""The operations of the OpenAPI document, beside the routes that the sweep knows."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from drf_spectacular.generators import SchemaGenerator

from tests.house.routes import API, Route, routes


def document() -> dict[str, Any]:
    """The document that /api/v1/schema/ serves."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def template_of(route: Route) -> str:
    """The path of a route as the document writes it."""
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: f"{{{part_name(found[1])}}}", routes()[route.name])


def part_name(part: str) -> str:
    """What the document calls a part of an address."""
    return "id" if part == "pk" else part


FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class Field(NamedTuple):
    """A property of a body: where it stands, and what the document says of it."""

    path: tuple[str, ...]
    schema: dict[str, Any]

    @property
    def kind(self) -> str:
        """Which kind of value it takes."""
        if self.schema.get("format") == "date-time":
            return "date-time"
        return str(self.schema.get("type", "object"))


class Operation(NamedTuple):
    """One method of one route, as the document has it."""

    route: Route
    method: str
    said: dict[str, Any]
    schemas: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.route.name}"

    @property
    def content(self) -> dict[str, Any]:
        """What its body may be, by content type; nothing if it takes none."""
        content: dict[str, Any] = self.said.get("requestBody", {}).get("content", {})
        return content

    def parameters(self, where: str) -> list[str]:
        """The names of what it takes in the query, in headers or in the path."""
        return [one["name"] for one in self.said.get("parameters", []) if one["in"] == where]

    def takes(self, kind: str, body: bytes) -> bool:
        """Whether it may take such a body: any file, or none where each of its fields may be left out."""
        if not body:
            return "required" not in self.whole(self.content["application/json"]["schema"])
        is_form = kind.partition(";")[0] in FORMS
        return (
            "application/octet-stream" in self.content
            and not kind.startswith("application/json")
            and not is_form
        )

    def fields(self) -> list[Field]:
        """The properties of its JSON body, those of objects and of rows in it too."""
        json = self.content.get("application/json")
        return list(self.below(json["schema"], ())) if json else []

    def below(self, schema: dict[str, Any], path: tuple[str, ...]) -> Any:
        """The properties below a place of the body."""
        for name, found in self.whole(schema).get("properties", {}).items():
            one = self.whole(found)
            yield Field((*path, name), one)
            yield from self.below(one, (*path, name))
            if one.get("type") == "array":
                yield from self.below(one["items"], (*path, name, "0"))

    def whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with what it refers to."""
        refers = [schema] if "$ref" in schema else schema.get("allOf", schema.get("oneOf", []))[:1]
        for one in refers:
            if "$ref" in one:
                schema = {**schema, **self.whole(self.schemas[one["$ref"].rpartition("/")[2]])}
        return schema


def operations() -> list[Operation]:
    """Every operation of the API."""
    said = document()
    schemas = said["components"]["schemas"]
    return [
        Operation(route, method, said["paths"][template_of(route)][method.lower()], schemas)
        for route in API
        for method in route.verbs
    ]
