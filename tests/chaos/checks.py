"""What must hold when all is calm again, asked of the database and of the clients' ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from config.demo.world import TEST_UNTIL
from tests.chaos.ledger import Ledger

UNDONE = "SELECT kind, state, error FROM teams_job WHERE state <> 'done'"
# sentence of a violation: a query for those who are one
NEVER = {
    "example {} has {} tasks in a queue": (
        "SELECT example_id, count(*) FROM labeling_task GROUP BY queue_id, example_id, round HAVING count(*) > 1"
    ),
    "example {} of a training bucket has no task": f"""
        SELECT e.id FROM projects_example e WHERE e.bucket >= {TEST_UNTIL} AND NOT EXISTS (
            SELECT FROM labeling_task t JOIN labeling_queue q ON q.id = t.queue_id
            WHERE t.example_id = e.id AND q.slug = 'hard')""",
    "task {} is {} with {} answers for 1": """
        SELECT t.id, t.state, count(a.id) FROM labeling_task t LEFT JOIN labeling_annotation a ON a.task_id = t.id
        GROUP BY t.id HAVING count(a.id) > 1 OR (count(a.id) = 1) <> (t.state = 'accepted')""",
    "task {} has {} places and {} people who hold or answered it": """
        SELECT t.id, t.open_slots, count(l.id) FROM labeling_task t
        LEFT JOIN labeling_lease l ON l.task_id = t.id AND l.state IN ('held', 'answered')
        GROUP BY t.id HAVING t.open_slots + count(l.id) <> 1""",
    "schedule {} decided {} {} times": """
        SELECT schedule_id, scheduled_for, count(*) FROM slices_tick GROUP BY 1, 2 HAVING count(*) > 1""",
}


def violations(database: str, ledger: Ledger) -> list[str]:
    """A sentence for everything that is lost, doubled or left undone."""
    with psycopg.connect(database) as connection:
        return [*ledger.odd, *arrivals(connection, ledger), *insides(connection)]


def arrivals(connection: psycopg.Connection[Any], ledger: Ledger) -> Iterator[str]:
    """Every accepted row is there, under the id that was told, created once; and no other row."""
    rows = connection.execute("SELECT key, id FROM projects_example").fetchall()
    here = dict(rows)
    if len(rows) != len(here):
        yield f"{len(rows) - len(here)} keys are there twice"
    for key, pk in ledger.accepted.items():
        if here.get(key) != pk:
            yield f"{key} was accepted as {pk} and is {here.get(key)}"
        if ledger.created[key] > 1:
            yield f"{key} was created {ledger.created[key]} times"
    for key in here.keys() - ledger.sent:
        yield f"{key} was never sent"


def insides(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Tasks, leases, ticks and jobs."""
    for sentence, query in NEVER.items():
        for row in connection.execute(query):
            yield sentence.format(*row)
    for row in connection.execute(UNDONE):
        yield "job {} is {}: {}".format(*row)


def is_calm(database: str) -> bool:
    """Whether no job waits or runs any more; one that has given up is no longer waited for."""
    with psycopg.connect(database) as connection:
        waiting = "SELECT count(*) FROM teams_job WHERE state IN ('queued', 'running')"
        return connection.execute(waiting).fetchone() == (0,)
