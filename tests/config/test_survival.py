"""A short chaos run in the suite, and its control: a checker that finds nothing must be able to find something."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.chaos.arrivals import survive
from tests.chaos.checks import violations
from tests.stack import empty_database

BREAK = """
    DELETE FROM labeling_lease; DELETE FROM labeling_annotation;
    UPDATE labeling_task SET state = 'accepted', open_slots = 0 WHERE id = (SELECT min(id) FROM labeling_task);
    UPDATE labeling_task SET state = 'open', open_slots = 1 WHERE id <> (SELECT min(id) FROM labeling_task);
    UPDATE teams_job SET state = 'dead', error = 'broken' WHERE id = (SELECT min(id) FROM teams_job);
    UPDATE projects_example SET key = 'nobody sent this' WHERE id = (SELECT min(id) FROM projects_example);
"""


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_and_the_checker_would_know(tmp_path: Path) -> None:
    with empty_database() as database:
        outcome = survive(database, tmp_path, seconds=8, seed=7)
        assert (outcome.violations, outcome.kills > 0, len(outcome.ledger.accepted) > 0) == ([], True, True)
        with psycopg.connect(database) as connection:
            (task,) = connection.execute("SELECT min(id) FROM labeling_task").fetchone() or (0,)
            (job,) = connection.execute("SELECT kind FROM teams_job ORDER BY id").fetchone() or ("",)
            key, pk = connection.execute("SELECT key, id FROM projects_example ORDER BY id").fetchone() or (
                "",
                0,
            )
            connection.execute(BREAK)
        assert sorted(violations(database, outcome.ledger)) == sorted(
            [
                f"{key} was accepted as {pk} and is None",
                "nobody sent this was never sent",
                f"task {task} is accepted with 0 answers for 1",
                f"task {task} has 0 places and 0 people who hold or answered it",
                f"job {job} is dead: broken",
            ]
        )
