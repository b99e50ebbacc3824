"""What all tests with a browser need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def windows_close_first(request: pytest.FixtureRequest) -> Iterator[None]:
    """Windows are shut before the database is emptied: what they still ask for would hold its tables."""
    if "live_server" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("transactional_db")
    browser = request.getfixturevalue("browser")
    yield
    for context in browser.contexts:
        context.close()
