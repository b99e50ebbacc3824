"""The tokens of the demo's machines, kept readable by their owner only, so that a second start can print them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from django.utils import timezone

from teams.access import secrets
from teams.access.actions import create_service_account, issue_token
from teams.access.permissions import grant
from teams.identity.models import Organization, User
from teams.identity.roles import Role


class Keys:
    """A file of {account name: token}."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def ensure(self, organization: Organization, name: str, verbs: Iterable[str], by: User) -> str:
        """The token of a service account that may do `verbs` in every project there is; a new one if ours is gone."""
        known = self.read().get(name, "")
        account = ensure_account(organization, name, verbs, by)
        if not is_live(organization, account, known):
            _row, known = issue_token(organization=organization, user=account, name=name, verbs=verbs, by=by)
            self.write({**self.read(), name: known})
        return known

    def read(self) -> dict[str, str]:
        """What the file holds."""
        tokens: dict[str, str] = json.loads(self.file.read_text()) if self.file.exists() else {}
        return tokens

    def write(self, tokens: dict[str, str]) -> None:
        """Replace the file; nobody else may read it at any moment."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(tokens, file, indent=1)
        draft.replace(self.file)


def ensure_account(organization: Organization, name: str, verbs: Iterable[str], by: User) -> User:
    """A service account of this name, granted its verbs on the projects."""
    members = organization.memberships.filter(role=Role.PIPELINE, user__name=name)
    membership = members.select_related("user").first()
    account = (
        membership.user if membership else create_service_account(organization=organization, name=name, by=by)
    )
    for project in organization.projects.all():
        for verb in verbs:
            grant(verb, account, project)
    return account


def is_live(organization: Organization, account: User, text: str) -> bool:
    """Whether a token still opens this organization for this account."""
    prefix, secret = secrets.split(text) or ("", "")
    row = organization.tokens.live(timezone.now()).filter(user=account, prefix=prefix).first()
    return row is not None and secrets.same(secret, row.digest)
