"""What every test has: a database beside it, doors for people and machines."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import settings as properties

from config.database import ensure_running
from config.roles import as_owner
from tests.stores import ObjectStore, object_store

_database = contextlib.ExitStack()
properties.register_profile("no test fails on a time", deadline=None)
properties.load_profile("no test fails on a time")


def pytest_configure(config: pytest.Config) -> None:
    """The default PostgreSQL runs for as long as the tests do, who make databases: they are the owner's."""
    _database.enter_context(ensure_running())
    _database.enter_context(as_owner())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last one out stops it."""
    _database.close()


@pytest.fixture(autouse=True)
def others_are_done(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that commits is over when nobody else is at work: emptying the tables would wait for them, or die."""
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    if not commits and not {"live_server", "transactional_db"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    settle()


# A request that was between two of its statements would begin the next while the tables are being emptied.
BUSY = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        AND (state <> 'idle' OR state_change > clock_timestamp() - interval '0.3 s')
"""


def settle(patience_s: float = 5) -> None:
    """Wait for what others have begun in this database; what a killed process left there is ended."""
    end = time.monotonic() + patience_s
    with connection.cursor() as cursor:
        cursor.execute(BUSY)
        while cursor.fetchall() and time.monotonic() < end:
            time.sleep(0.02)
            cursor.execute(BUSY)
        cursor.execute(f"SELECT pg_terminate_backend(pid, 1000) FROM ({BUSY}) busy")


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    """Uploads, manifests and exports of a test go with it; nobody has files elsewhere until a test says so."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.SLUICE_MEDIA_ROOTS, settings.SLUICE_STORES = {}, {}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tmp_path / "files"


@pytest.fixture
def page() -> Callable[[Any], Client]:
    """A browser of a signed-in person: `page(user).get("/o/...")`."""

    def sign_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def api() -> Callable[[str], Client]:
    """A script with a token: `api(text).post(url, {...}, content_type="application/json")`."""
    return lambda text: Client(headers={"authorization": f"Bearer {text}"})


@pytest.fixture(scope="session")
def s3() -> Iterator[ObjectStore]:
    """A server that speaks S3."""
    with object_store() as store:
        yield store


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser, or a reason to skip; in CI it must be there."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        message = "No Chromium: set CHROMIUM to its path."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium, driven by Playwright."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        running.close()
