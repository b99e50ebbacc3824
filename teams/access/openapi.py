"""What the OpenAPI schema says of every operation: how a machine signs in, and what an error looks like."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from teams.access.problems import CONTENT_TYPE

FIELD_ERROR = {
    "type": "object",
    "description": "One thing that is wrong, and where (a JSON pointer, or ?name for a query parameter).",
    "properties": {name: {"type": "string"} for name in ("pointer", "code", "detail")},
    "required": ["pointer", "code", "detail"],
}
PROBLEM = {
    "type": "object",
    "description": "An error as RFC 9457 has it. `code` is for machines, `detail` for people.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
ERROR = {
    "description": "Anything else is a problem document.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class TokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer slc_...`, as OpenAPI's HTTP bearer scheme."""

    target_class = "teams.access.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """drf-spectacular's hook."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of a service account, as the desk shows it once: `slc_...`.",
        }


def declare_problems(result: dict[str, Any], **unused: Any) -> dict[str, Any]:
    """drf-spectacular's hook over the finished document: every operation may answer with a problem."""
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = ERROR
    result["components"]["schemas"] |= {"FieldError": FIELD_ERROR, "Problem": PROBLEM}
    return result
