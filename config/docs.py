"""The OpenAPI pages: open to read, with the one relaxation of the content policy that Swagger UI needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required

View = Callable[..., Any]


def public(view: View) -> View:
    """A page that needs no sign-in."""
    return login_not_required(view)


def with_docs_policy(view: View) -> View:
    """Swagger UI starts itself with an inline script and styles itself inline."""
    return csp_update({"script-src": [SELF, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]})(view)
