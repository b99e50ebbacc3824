"""The demo's cast and keys are made once; a second start finds them."""

import os
from pathlib import Path

import pytest

from config.demo.cast import MANAGER, PARTS, SLUG, NotOurs, ensure_organization, ensure_user
from config.demo.keys import Keys
from teams.access.actions import revoke_token
from teams.models import Membership, Organization, Token
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db
VERBS = ["projects.view_project"]


def test_a_second_start_makes_nobody_twice() -> None:
    first = ensure_organization()
    assert ensure_organization() == first
    members = Membership.objects.values_list("user__email", "role").order_by("pk")
    assert list(members) == [(part.email, part.role) for part in PARTS]
    assert first.teams.get().members.count() == 4


def test_an_organization_of_somebody_else_is_left_alone() -> None:
    OrganizationFactory(slug=SLUG)
    with pytest.raises(NotOurs, match="did not make"):
        ensure_organization()
    assert Organization.objects.get().memberships.count() == 0


def test_a_token_is_kept_readable_by_its_owner_only_and_found_again(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "demo" / "tokens.json")
    organization, manager = ensure_organization(), ensure_user(MANAGER)
    token = keys.ensure(organization, "pipeline", VERBS, manager)
    assert os.stat(keys.file).st_mode & 0o777 == 0o600
    assert keys.ensure(organization, "pipeline", VERBS, manager) == token
    assert Token.objects.count() == 1


def test_a_token_that_no_longer_opens_anything_is_replaced(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "tokens.json")
    organization, manager = ensure_organization(), ensure_user(MANAGER)
    first = keys.ensure(organization, "pipeline", VERBS, manager)
    revoke_token(token=Token.objects.get(), by=manager)
    second = keys.ensure(organization, "pipeline", VERBS, manager)
    assert second != first
    assert keys.read() == {"pipeline": second}
    assert organization.memberships.filter(user__is_service=True).count() == 1
