"""The demo from the command line: a short play whose web server and worker are killed in the middle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.demo.table import KEYS
from tests.stack import Program, empty_database, free_port

ROUNDS, SIZE = 2, 90


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a new database."""
    with empty_database() as url:
        yield url


def test_a_play_whose_web_server_and_worker_are_killed_ends_with_everything_once(
    database: str, tmp_path: Path
) -> None:
    file = tmp_path / "rounds.json"
    options = ["--play-only", "--rounds", str(ROUNDS), "--size", str(SIZE), "--json", str(file)]
    own = {"SLUICE_DEMO": str(tmp_path / "demo"), "SLUICE_FILES": str(tmp_path / "files")}
    demo = Program("demo", "--port", str(free_port()), *options, database=database, environment=own)
    demo.wait_for("tasks are open")
    demo.kill("uvicorn", "qcluster")
    demo.wait_for("All answered")
    demo.kill("uvicorn", "qcluster", "clock")
    assert demo.end() == 0, demo.said()
    check_rounds(json.loads(file.read_text()), demo.said())
    with psycopg.connect(database) as connection:
        check_nothing_twice(connection)


def check_rounds(rows: list[dict[str, Any]], said: str) -> None:
    """The table has a line a round, as the file has."""
    assert [list(row) for row in rows] == [list(KEYS)] * ROUNDS
    assert [row["round"] for row in rows] == [1, 2]
    assert [row["examples"] for row in rows] == [SIZE, 2 * SIZE]
    assert all(row["snapshot_sha256"][:12] in said for row in rows)
    assert all(0 < row["accuracy"] <= 1 and 0 < row["accuracy_random_labels"] <= 1 for row in rows)
    assert {row["gate"] for row in rows} <= {"pass", "fail", "inconclusive"}


def check_nothing_twice(connection: psycopg.Connection[Any]) -> None:
    """Every example once, every task answered once, as many labels by lot as by choice, no job given up."""
    assert one(connection, "SELECT count(*), count(DISTINCT key) FROM projects_example") == (
        2 * SIZE,
        2 * SIZE,
    )
    tasks, answered, answers = one(
        connection,
        "SELECT count(DISTINCT t.id), count(DISTINCT a.task_id), count(a.id)"
        " FROM labeling_task t LEFT JOIN labeling_annotation a ON a.task_id = t.id",
    )
    assert tasks == answered == answers > 0
    chosen, by_lot = one(
        connection,
        "SELECT count(*) FILTER (WHERE q.slug = 'hard' AND t.selected_by = 'rule'),"
        " count(*) FILTER (WHERE q.slug = 'control')"
        " FROM labeling_task t JOIN labeling_queue q ON q.id = t.queue_id",
    )
    assert chosen == by_lot
    assert one(connection, "SELECT count(*) FROM teams_job WHERE state <> 'done'") == (0,)
    trained = "SELECT count(*) FROM slices_run WHERE kind = 'train' AND state = 'succeeded'"
    assert one(connection, trained) == (2 * ROUNDS,)


def one(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    """The only row of a query."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)
