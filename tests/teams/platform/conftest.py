"""An operator and their browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from teams.identity.models import User
from tests.factories import UserFactory


@pytest.fixture
def operator() -> User:
    return UserFactory(name="Olga Operator", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(operator: User, page: Callable[[Any], Client]) -> Client:
    return page(operator)
