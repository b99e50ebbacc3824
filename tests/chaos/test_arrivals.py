"""A minute of arrivals and answers while everything that can die dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.arrivals import survive
from tests.recorder import CHAOS, chaos_entry, write
from tests.stack import empty_database

SECONDS = 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_accepted_row_is_there_once_and_every_job_is_done(tmp_path: Path, seed: int) -> None:
    with empty_database() as database:
        outcome = survive(database, tmp_path, seconds=SECONDS, seed=seed)
    accepted = len(outcome.ledger.accepted)
    write(
        CHAOS,
        chaos_entry(
            f"arrivals and answers, seed {seed}",
            seconds=outcome.seconds,
            kills=outcome.kills,
            accepted=accepted,
            violations=outcome.violations,
        ),
    )
    assert outcome.violations == []
    assert outcome.kills > SECONDS / 4
    assert accepted > 0
