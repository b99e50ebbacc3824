"""An installation with data in it is brought up to date by `migrate`, and keeps what it had."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from config.bootstrap import ROOT
from tests.stack import ADDRESSED, empty_database

FIRST = {"teams": "0002", "projects": "0003"}
DATA = """
    INSERT INTO teams_organization (slug, name, created_at, digest_key) VALUES ('acme', 'Acme', now(), '');
    INSERT INTO teams_event (organization_id, kind, subject_type, data, at)
    SELECT id, 'organization.created', '', '{}', now() FROM teams_organization, generate_series(1, 3)
"""


def manage(database: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, **ADDRESSED, "DATABASE_URL": database},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_events_of_the_first_version_join_the_chain() -> None:
    with empty_database() as database:
        for app, number in FIRST.items():
            manage(database, "migrate", app, number)
        with psycopg.connect(database) as connection:
            connection.execute(DATA)
        manage(database, "migrate")
        manage(database, "shell", "-c", "from teams.events.sealing import seal; seal()")
        assert manage(database, "verify_audit").startswith("acme: 3 events sealed, last digest ")
