"""May this token do that? Apart from `api`, because DRF loads it while `api` is still being read."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class HasVerb(BasePermission):
    """The token carries the verb, and its user's role includes it; where it holds, the queryset says."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """DRF's hook; a view without a verb is open to nobody."""
        token: Any = request.auth
        if token is None or not hasattr(view, "verb_for"):
            return False
        if request.method == "OPTIONS":
            return True
        verb = view.verb_for(request.method)
        return bool(verb in token.verbs and request.user.has_perm(verb, token.organization))
