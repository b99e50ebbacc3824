"""Ten times the rows: what it costs to take in a batch, and to look at a list or a page of a slice."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from projects.conditions import Condition
from slices.definitions.actions import Definition, create_slice
from slices.definitions.counting import fold
from teams.identity.roles import Role
from tests.benchmarks.filling import fill, sweep
from tests.benchmarks.test_ingest import batch
from tests.factories import StreamFactory, member, token
from tests.recorder import BENCHMARKS, Goal, busy, ratio_entry, seconds, write

FEW, MANY = 100_000, 1_000_000
TIMES = 12
EVERYTHING = {"labels": "any", "splits": ("train", "val", "test")}


@pytest.mark.django_db(transaction=True)
def test_ten_times_the_rows(api: Any, page: Any) -> None:
    stream = StreamFactory()
    for number in range(50):
        node = Condition.from_text(f"store = 'store-{number}'", stream).json
        window = {"clock": "captured_at", "length": "1d"}
        definition = Definition(condition=node, window=window, **EVERYTHING)  # type: ignore[arg-type]
        create_slice(stream=stream, slug=f"s{number}", name=f"S{number}", definition=definition, by=None)
    script = api(token(stream.organization, stream.project)[1])
    browser = page(member(stream.organization, Role.OWNER))
    home = f"/o/{stream.organization.slug}/projects/{stream.project.slug}/slices/"
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}/examples"
    starts = iter(range(10**8, 10**9, 1000))

    def ingest() -> None:
        body = json.dumps({"examples": batch(next(starts))})
        assert script.post(url, body, content_type="application/json").status_code == 200

    def look(address: str) -> Callable[[], None]:
        def work() -> None:
            assert browser.get(address).status_code == 200

        return work

    deeds = {
        "taking in a batch": ingest,
        "a page of examples": lambda: script.get(f"{url}?limit=100"),
        "the list of slices": look(home),
        "the page of a slice": look(f"{home}s7/"),
    }
    fill(stream, FEW)
    before = measured(stream, deeds)
    fill(stream, MANY - FEW, FEW)
    after = measured(stream, deeds)
    for name in deeds:
        ratios = [late / statistics.median(before[name]) for late in after[name]]
        write(
            BENCHMARKS, ratio_entry(f"{name}, of 1,000,000 examples against 100,000", ratios, Goal("<=", 2))
        )
        middle = [round(statistics.median(times[name]) * 1000, 1) for times in (before, after)]
        print(f"{name}: CPU ms {middle}")


def measured(stream: Any, deeds: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """How long each takes, some times over."""
    while fold(stream):
        pass
    sweep()
    for deed in deeds.values():
        deed()
    return {name: [seconds(deed, busy) for _time in range(TIMES)] for name, deed in deeds.items()}
