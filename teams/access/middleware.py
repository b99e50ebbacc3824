"""Turns what Django answers in HTML before or beside a view into problem+json for machines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from teams.access import problems
from teams.events.origin import Origin, coming_from

DETAILS = {
    400: ("unreadable", "The request cannot be read."),
    403: ("not_allowed", "You may not do this."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", "The request body is too large; send smaller batches."),
    500: ("server_error", "Something went wrong on our side; it has been noted."),
    503: ("unavailable", "The database is not answering; try again shortly."),
}


Next = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def problems_middleware(get_response: Next) -> Next:
    """Outermost but for security headers, so that it sees what the others answer."""
    if iscoroutinefunction(get_response):

        async def middleware_async(request: HttpRequest) -> HttpResponseBase:
            return translate(request, await get_response(request))

        return middleware_async

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return translate(request, get_response(request))  # type: ignore[arg-type]

    return middleware


@sync_and_async_middleware
def origin_middleware(get_response: Next) -> Next:
    """Whatever a request records, it is known where the request came from."""
    if iscoroutinefunction(get_response):

        async def middleware_async(request: HttpRequest) -> HttpResponseBase:
            with coming_from(origin_of(request)):
                return await get_response(request)

        return middleware_async

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with coming_from(origin_of(request)):
            return get_response(request)  # type: ignore[return-value]

    return middleware


def origin_of(request: HttpRequest) -> Origin:
    """The address of the connection (the web server has looked behind a trusted proxy) and the program's name."""
    agent = request.headers.get("User-Agent", "")[:200]
    return Origin(address=valid_address(request.META.get("REMOTE_ADDR", "")), agent=agent.replace("\x00", ""))


def valid_address(text: str) -> str | None:
    """An IP address, or nothing: a server behind a socket knows none."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def translate(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The same answer as problem+json, when a machine asked and the answer is an error in HTML."""
    if response.status_code < 400 or not problems.is_api(request):
        return response
    if response.get("Content-Type", "").startswith((problems.CONTENT_TYPE, "application/json")):
        return response
    code, detail = DETAILS.get(
        response.status_code, ("error", HttpResponse(status=response.status_code).reason_phrase)
    )
    problem = problems.response(response.status_code, code, detail)
    if response.has_header("Allow"):
        problem["Allow"] = response["Allow"]
    return problem
