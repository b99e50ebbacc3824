"""Files come in, are counted, frozen, made into files, erased, and get columns, while everything that works dies."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connections

from tests.chaos.works import survive
from tests.recorder import CHAOS, chaos_entry, write
from tests.stack import empty_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def migrated(transactional_db: None) -> str:
    """The name of the tests' own database, in which nothing is and which nobody uses just now."""
    connections.close_all()
    return str(connections["default"].settings_dict["NAME"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_minute_of_long_works_loses_doubles_and_half_writes_nothing(
    migrated: str, tmp_path: Path, seed: int
) -> None:
    with empty_database(migrated) as database:
        outcome = survive(database, tmp_path, rows=5_000, seconds=45, seed=seed)
    kills = outcome.kills.total()
    entry = chaos_entry(
        f"long works of data, seed {seed}",
        seconds=outcome.seconds,
        kills=kills,
        accepted=outcome.works["imported"] + outcome.works["arrived"],
        violations=outcome.violations,
    )
    write(CHAOS, entry)
    assert outcome.violations == []
    assert kills >= 10
    assert min(outcome.works[name] for name in ("snapshots", "exports", "erased", "promoted")) > 0


@pytest.mark.slow
def test_some_seconds_of_them_do_neither(migrated: str, tmp_path: Path) -> None:
    with empty_database(migrated) as database:
        outcome = survive(database, tmp_path, rows=2_000, seconds=8, seed=3)
    assert outcome.violations == []
    assert outcome.kills.total() > 2
    assert min(outcome.works[name] for name in ("snapshots", "exports", "erased", "promoted")) > 0
