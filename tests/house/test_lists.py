"""Whatever is looked at costs the same in a large organization: nothing is counted to its end, no row skipped over.

Every page and every GET of the API, with all the statements that they send. Lists of the desk page as Django does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlglot
from django.db import connection
from sqlglot import exp

from tests.house.callers import ask_rightly, machine_for, person
from tests.house.routes import API, PAGES
from tests.house.statements import ABOUT_ROWS, named
from tests.house.world import World

pytestmark = pytest.mark.django_db

# Tables that grow by every arrival, answer or moment, not by what people set up.
GROWING = {
    "projects_example",
    "projects_prediction",
    "labeling_task",
    "labeling_lease",
    "labeling_annotation",
    "labeling_ask",
    "slices_run",
    "slices_attempt",
    "slices_tick",
    "slices_decision",
    "teams_event",
    "teams_notification",
    "teams_job",
}

# What is counted to its end after all, and why: {(where, table): reason}. One that nothing counts any more fails too.
IN_TIME = "a figure is asked for, and given up after so many milliseconds (conditions.counting.bounded)"
OF_DAYS = "one organization's or person's answers of the days that figures are kept, by an index of them"
CHOSEN = "what a manager is about to take back, who must know how much that is, to the answer"
EXEMPT: dict[tuple[str, str], str] = {
    ("all-figures", "labeling_annotation"): OF_DAYS,
    ("own-figures", "labeling_annotation"): OF_DAYS,
    ("person-figures", "labeling_annotation"): OF_DAYS,
    ("answer-checks", "labeling_annotation"): OF_DAYS,
    ("queue-people-csv", "labeling_annotation"): OF_DAYS,
    ("queue-quality", "labeling_annotation"): OF_DAYS,
    ("queue-quality", "labeling_task"): OF_DAYS,
    ("queue-gold", "projects_example"): "the known answers of one queue, which people make by the dozen",
    ("recalls", "labeling_annotation"): CHOSEN,
    ("recalls", "labeling_task"): CHOSEN,
    ("label-home", "labeling_annotation"): "what one person answered since midnight, by an index of theirs",
    (
        "label-home",
        "labeling_lease",
    ): "what was given back to one person and waits for them, by an index of it",
    ("project-arrivals", "projects_example"): IN_TIME,
    ("slice-figures", "projects_example"): IN_TIME,
    ("api-slice-over-time", "projects_example"): IN_TIME,
    ("api-hard-cases", "projects_example"): IN_TIME,
    ("api-slice-funnel", "projects_example"): IN_TIME,
    (
        "run",
        "labeling_annotation",
    ): "the labels of one model's snapshot, by their keys, some thousands at a time",
    ("schedule", "slices_tick"): "the ticks of one schedule, at most 35,000 a year, by an index of them",
    ("schedule", "slices_run"): "the runs of those ticks",
    (
        "api-queues",
        "labeling_task",
    ): "scripts read there how far a draw is, to the task; by an index of queue and state",
}


def unbounded(text: str) -> set[str]:
    """The growing tables whose rows a statement counts however many there are."""
    found: set[str] = set()
    for counting in sqlglot.parse_one(text, dialect="postgres").find_all(exp.Count):
        select = counting.find_ancestor(exp.Select)
        if select is not None:
            found |= set(tables_of(select)) & GROWING
    return found


def tables_of(select: exp.Select) -> Iterator[str]:
    """The tables that a SELECT reads row by row; of one below it that is limited, none."""
    parts = [select.args.get("from") or select.args.get("from_"), *select.args.get("joins", [])]
    for part in parts:
        if part is None:
            continue
        one = part.this
        if isinstance(one, exp.Table):
            yield one.name
        elif (
            isinstance(one, exp.Subquery)
            and isinstance(one.this, exp.Select)
            and not one.this.args.get("limit")
        ):
            yield from tables_of(one.this)


def skips(text: str) -> bool:
    """Whether rows are found only to be passed over."""
    return re.search(r"\bOFFSET\s+[1-9%:]", text) is not None


def looked_at(world: World) -> Iterator[tuple[str, Callable[[], Any]]]:
    """(what it is, how it is asked for) of everything that can be looked at."""
    owner = person(world.owner)
    for route in PAGES + API:
        if "GET" in route.verbs:
            client = machine_for(world, route.verbs["GET"]) if route in API else owner
            url = route.url(world)
            yield route.name, lambda client=client, url=url: ask_rightly(client, "GET", url, {})


def sent(deed: Callable[[], Any]) -> list[str]:
    """The statements about rows that something sends."""
    texts: list[str] = []

    def look(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        text, _values = named(sql if isinstance(sql, str) else sql.as_string(), None if many else params)
        texts.append(text)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        answer = deed()
    assert answer.status_code < 400
    return [text for text in texts if ABOUT_ROWS.match(text)]


def test_nothing_that_is_looked_at_counts_a_growing_table_to_its_end_or_skips_over_rows() -> None:
    counted: dict[tuple[str, str], str] = {}
    skipping: dict[str, str] = {}
    asked = 0
    for name, deed in looked_at(World("acme", "Alpha")):
        for text in sent(deed):
            asked += 1
            counted |= {(name, table): text for table in unbounded(text)} if "COUNT" in text.upper() else {}
            skipping |= {name: text} if skips(text) else {}
    assert asked > 300
    assert skipping == {}
    assert {key: text for key, text in counted.items() if key not in EXEMPT} == {}
    assert set(EXEMPT) - set(counted) == set()


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT count(*) FROM labeling_task WHERE queue_id = 1", {"labeling_task"}),
        ("SELECT count(*) FROM (SELECT 1 FROM labeling_task) AS t", {"labeling_task"}),
        ("SELECT count(*) FROM (SELECT 1 FROM labeling_task LIMIT 101) AS t", set()),
        (
            "SELECT q.id, count(t.id) FROM labeling_queue q LEFT JOIN labeling_task t ON t.queue_id = q.id GROUP BY 1",
            {"labeling_task"},
        ),
        ("SELECT (SELECT count(*) FROM teams_event) FROM labeling_queue", {"teams_event"}),
        ("SELECT count(*) FROM labeling_queue", set()),
    ],
)
def test_the_reader_tells_what_is_counted_to_its_end(text: str, tables: set[str]) -> None:
    assert unbounded(text) == tables


def test_the_reader_tells_what_is_skipped() -> None:
    assert [skips(f"SELECT 1 LIMIT 10 OFFSET {n}") for n in ("20", "%s")] == [True, True]
    assert not skips("SELECT 1 LIMIT 10")
