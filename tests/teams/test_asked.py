"""A question whose SQL is made once answers as the queryset that it was made of."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from teams.access.asked import Asked, columns, instances
from teams.access.models import Token
from teams.identity.models import Organization
from tests.factories import StreamFactory, token

USERS = get_user_model().objects
BY_PREFIX = Asked(
    lambda prefix, organization: Token.objects.filter(prefix=prefix, organization=organization).values_list(
        *columns(Token), *columns(Organization, "organization__")
    ),
    "some prefix",
    -1,
)


@pytest.mark.django_db
def test_the_answer_is_the_querysets_for_each_of_its_values() -> None:
    stream = StreamFactory()
    rows = [token(stream.organization, stream.project)[0] for _time in range(2)]
    for row in rows:
        row.refresh_from_db()
        [found] = BY_PREFIX.rows(row.prefix, stream.organization_id)
        again, organization = instances(found, Token, Organization)
        assert [getattr(again, name) for name in columns(Token)] == [
            getattr(row, name) for name in columns(Token)
        ]
        assert (organization, organization.name) == (stream.organization, stream.organization.name)
        assert not again._state.adding
    assert BY_PREFIX.rows(rows[0].prefix, stream.organization_id + 1) == []
    assert BY_PREFIX.rows("nobody's", stream.organization_id) == []


def test_a_value_that_the_statement_does_not_hold_as_given_is_refused() -> None:
    by_name = Asked(lambda name: USERS.filter(email__startswith=name).values_list("pk"), "a name")
    with pytest.raises(LookupError, match="does not stand in the statement"):
        by_name.made  # noqa: B018
