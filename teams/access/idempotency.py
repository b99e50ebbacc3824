"""`Idempotency-Key`: a call that is sent again is answered again, and has no second effect.

The key, the effect and the stored answer are one transaction, so that no crash leaves one without the others. Only
what succeeded is stored: a call that was refused had no effect, and may be right when it is sent again.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from teams.access.models import StoredAnswer
from teams.access.problems import Problem
from teams.identity.models import Organization, User

KEPT = timedelta(hours=24)
KEY = re.compile(r"[!-~]{1,255}\Z")
PARAMETER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Any text of 1 to 255 visible ASCII characters, another one for each call. The same call with the same "
    "key within 24 hours is answered as it was the first time, with `Idempotent-Replayed: true`, and changes nothing; "
    "another call with it is 422, and while the first is still running 409 with `Retry-After`. It has no effect on "
    "bodies of lines (NDJSON), whose rows are told apart by their keys.",
)
# One at a time, without waiting: whoever comes second is told to come again.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

Effect = Callable[[], HttpResponseBase]
Around = Callable[[], AbstractContextManager[Any]]
Method = Callable[..., HttpResponseBase]


def idempotent(method: Method | None = None, *, around: Around = transaction.atomic) -> Any:
    """A POST of a MachineView that heeds `Idempotency-Key`, and says so in the schema."""
    if method is None:
        return functools.partial(idempotent, around=around)
    return extend_schema(parameters=[PARAMETER])(heeded(method, around=around))


def heeded(method: Method, *, around: Around = transaction.atomic) -> Method:
    """Part of one that does. `around` is the transaction that its effect needs."""

    @functools.wraps(method)
    def heeding(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        if key is None:
            return method(view, request, *args, **kwargs)
        return once(
            organization=view.organization,
            user=view.user,
            key=key,
            request_sha256=fingerprint(request, request._request.body),
            effect=lambda: method(view, request, *args, **kwargs),
            around=around,
        )

    return heeding


def key_of(request: Request) -> str | None:
    """The key that a call brings along. Raises Problem (400) for one that is none."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.match(key):
        raise Problem(400, "idempotency_key", "An Idempotency-Key is 1 to 255 visible ASCII characters.")
    return key


def fingerprint(request: Request, *content: bytes) -> str:
    """What makes a call the same call: method, address and body."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    for part in content:
        digest.update(part)
    return digest.hexdigest()


def once(
    *,
    organization: Organization,
    user: User,
    key: str,
    request_sha256: str,
    effect: Effect,
    around: Around = transaction.atomic,
) -> HttpResponseBase:
    """The answer to a call: of its first time, or now by `effect`. Raises Problem: 422 another call, 409 running."""
    try:
        with around():
            lock(organization, user, key)
            before = organization.stored_answers.filter(user=user, key=key).first()
            if before is not None:
                return replayed(before, request_sha256)
            answer = effect()
            if answer.status_code < 400:
                store(organization, user, key, request_sha256, answer)
            return answer
    except IntegrityError as error:
        if "one_answer_a_key" in str(error):  # it ended between our look and our writing
            raise running() from None
        raise


def lock(organization: Organization, user: User, key: str) -> None:
    """Hold the key until the transaction ends. Raises Problem (409) while another call has it."""
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [f"idempotency:{organization.pk}:{user.pk}:{key}"])
        [is_ours] = cursor.fetchone()
    if not is_ours:
        raise running()


def running() -> Problem:
    """Somebody is at it."""
    problem = Problem(
        409, "in_progress", "A call with this Idempotency-Key is still running; ask again soon."
    )
    problem.wait = 1  # type: ignore[attr-defined]
    return problem


def replayed(before: StoredAnswer, request_sha256: str) -> HttpResponse:
    """The stored answer. Raises Problem: 422 if it answered another call, 410 if it is erased."""
    if before.request_sha256 != request_sha256:
        raise Problem(
            422,
            "idempotency_mismatch",
            "This Idempotency-Key was used for another call; give this one its own.",
        )
    if before.body is None:
        raise Problem(410, "erased", "The answer spoke of examples that were erased since.")
    answer = HttpResponse(bytes(before.body), status=before.status, content_type=before.content_type)
    answer["Idempotent-Replayed"] = "true"
    return answer


def store(
    organization: Organization, user: User, key: str, request_sha256: str, answer: HttpResponseBase
) -> None:
    """Keep an answer beside its effect."""
    is_data = isinstance(answer, Response)
    organization.stored_answers.create(
        user=user,
        key=key,
        request_sha256=request_sha256,
        status=answer.status_code,
        body=JSONRenderer().render(answer.data) if is_data else answer.content,  # type: ignore[attr-defined]
        content_type="application/json" if is_data else answer["Content-Type"],
    )


def prune(at: datetime, limit: int = 1000) -> int:
    """Forget answers whose time is over, some at a time."""
    old = StoredAnswer.objects.filter(at__lt=at - KEPT).order_by("at").values("pk")[:limit]
    return StoredAnswer.objects.filter(pk__in=old).delete()[0]
