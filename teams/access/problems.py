"""Every error of the API as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from teams.identity.refused import Refused

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
LONGEST = 200  # characters of a sentence about one value
MOST = 100  # errors of one answer
TITLES = {
    400: "Unreadable request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    428: "Precondition required",
    429: "Too many requests",
    500: "Server error",
    503: "Unavailable",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong, where (JSON pointer), with a code for machines."""

    pointer: str
    code: str
    detail: str


class Problem(exceptions.APIException):
    """An error that a view raises on purpose."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError | dict[str, Any]] = (),
        **extra: Any,
    ) -> None:
        super().__init__(detail=detail, code=code)
        self.status_code = status
        self.code = code
        self.errors = [asdict(error) if isinstance(error, FieldError) else error for error in errors]
        self.extra = extra


class Invalid(Problem):
    """Readable but wrong: 422 with every error at once."""

    def __init__(self, errors: Sequence[FieldError | dict[str, Any]]) -> None:
        things = "1 thing is" if len(errors) == 1 else f"{len(errors)} things are"
        super().__init__(422, "invalid", f"{things} wrong with the request.", errors=errors)


def body(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem document."""
    title = TITLES.get(status, "Error")
    return {
        "type": f"about:blank#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }


def response(status: int, code: str, detail: str, **extra: Any) -> JsonResponse:
    """A problem as a plain Django response, for what goes wrong before a view runs."""
    answer = JsonResponse(body(status, code, detail, **extra), status=status, content_type=CONTENT_TYPE)
    if status == 503:
        answer["Retry-After"] = "5"
    return answer


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: whatever a view raised becomes a problem; what nobody foresaw is logged and a plain 500."""
    problem = describe(error)
    answer = Response(problem, status=problem["status"], content_type=CONTENT_TYPE)
    if isinstance(error, exceptions.APIException):
        if getattr(error, "auth_header", None):
            answer["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
        if getattr(error, "wait", None):
            answer["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
    if problem["status"] == 503:
        answer["Retry-After"] = "5"
    return answer


def describe(error: Exception) -> dict[str, Any]:
    """An exception as the members of a problem document."""
    match error:
        case Problem():
            extra = {"errors": error.errors} if error.errors else {}
            return body(error.status_code, error.code, str(error.detail), **extra, **error.extra)
        case Refused():
            return body(error.status, error.code, str(error.sentence))
        case exceptions.ValidationError():
            errors = [asdict(row) for row in flatten(error.detail)[:MOST]]
            return body(422, "invalid", "The request is readable but wrong.", errors=errors)
        case exceptions.ParseError():
            return body(400, "unreadable", str(error.detail))
        case exceptions.APIException():
            code = error.get_codes()
            return body(error.status_code, code if isinstance(code, str) else "error", str(error.detail))
        case Http404():
            return body(404, "not_found", "There is nothing here, or nothing that you may see.")
        case PermissionDenied():
            return body(403, "not_allowed", "You may not do this.")
        case RequestDataTooBig():
            return body(413, "too_large", "The request body is too large; send smaller batches.")
        case SuspiciousOperation():
            return body(400, "unreadable", "The request cannot be read.")
        case RecursionError():
            return body(400, "too_deep", "The request nests too deeply.")
        case DataError():
            return body(422, "invalid", "A value does not fit its field.")
        case IntegrityError():
            return body(409, "conflict", "This clashes with something that is already there.")
        case OperationalError():
            return body(503, "unavailable", "The database is not answering; try again shortly.")
    log.error("unexpected error", exc_info=error)
    return body(500, "server_error", "Something went wrong on our side; it has been noted.")


def flatten(detail: Any, pointer: str = "") -> list[FieldError]:
    """DRF's nested error details as a flat list with JSON pointers."""
    if isinstance(detail, dict):
        return [row for key, value in detail.items() for row in flatten(value, f"{pointer}/{escape(key)}")]
    if isinstance(detail, list) and any(isinstance(value, (dict, list)) for value in detail):
        return [row for index, value in enumerate(detail) for row in flatten(value, f"{pointer}/{index}")]
    values = detail if isinstance(detail, list) else [detail]
    where = pointer.removesuffix("/non_field_errors")
    return [FieldError(where, getattr(value, "code", "invalid"), short(value)) for value in values]


def short(sentence: Any) -> str:
    """A sentence that may repeat what was sent, which may be long."""
    text = str(sentence)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def escape(key: Any) -> str:
    """A member name inside a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def is_api(request: HttpRequest) -> bool:
    """Machines talk below /api/."""
    return request.path_info.startswith("/api/")
