"""What every REST view has in common: a token, a verb, the organization of the token, known query parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.http import Http404
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from teams.access.problems import FieldError, Problem
from teams.identity.models import Organization, User


class MachineView(GenericAPIView):
    """A REST view: closed until it names its verb.

    `verb` is what the token must be allowed ("projects.ingest_project"); per method with `verbs`.
    `parameters` are the query parameters it takes; any other is refused.
    """

    verb: ClassVar[str] = ""
    verbs: ClassVar[dict[str, str]] = {}
    parameters: ClassVar[frozenset[str]] = frozenset()

    @property
    def organization(self) -> Organization:
        """The organization of the token; everything the view touches starts here."""
        organization: Organization = self.request._request.organization  # type: ignore[attr-defined]
        return organization

    @property
    def user(self) -> User:
        """Whose token it is; `HasVerb` lets nobody else in."""
        user = self.request.user
        assert isinstance(user, User)
        return user

    @property
    def known_parameters(self) -> frozenset[str]:
        """The query parameters that this request may have; views with several methods say which takes any."""
        return self.parameters

    def verb_for(self, method: str | None) -> str:
        """The verb that this method asks for."""
        return self.verbs.get(method or "", self.verb)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Before the handler: also refuse query parameters that the view does not know."""
        super().initial(request, *args, **kwargs)
        unknown = sorted(set(request.query_params) - self.known_parameters)
        if unknown:
            errors = [
                FieldError(f"?{name[:50]}", "unknown_parameter", "This parameter is not known here.")
                for name in unknown[:20]
            ]
            raise Problem(
                400, "unknown_parameter", "The address has parameters that are not known here.", errors=errors
            )

    def open_to_token(self, rows: Any, verb: str | None = None) -> Any:
        """The projects of a queryset on which this token may act."""
        return rows.open_to(self.request.user, verb or self.verb_for(self.request.method))

    def carries(self, verb: str, row: models.Model) -> bool:
        """Whether the token carries a further verb, and its user has it on this row."""
        token: Any = self.request.auth
        return verb in token.verbs and self.user.has_perm(verb, row)

    def allowed_or_404(self, row: Any, project: models.Model) -> Any:
        """The row, if the token may act on its project: one question, where `open_to_token` would ask of all."""
        if not self.user.has_perm(self.verb_for(self.request.method), project):
            raise Http404
        return row

    def get_or_404(self, rows: models.QuerySet[Any], **lookup: Any) -> Any:
        """One row, or a 404 that is the same for foreign and unknown."""
        try:
            return rows.get(**lookup)
        except (rows.model.DoesNotExist, ValueError, OverflowError):
            raise Http404 from None
