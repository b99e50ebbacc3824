"""The figures in the README come from files that these functions write."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recorder import Goal, chaos_entry, interleaved, ratio_entry, read, table, write


def test_an_entry_says_the_spread_the_goal_and_whether_the_middle_meets_it() -> None:
    assert ratio_entry("next task", [1.9, 1.2, 2.5], Goal("<=", 2)) == {
        "name": "next task",
        "ratio": {"min": 1.2, "median": 1.9, "max": 2.5},
        "goal": "<= 2",
        "met": True,
    }
    assert ratio_entry("ingest", [0.4], Goal(">=", 0.5))["met"] is False


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_goal_is_met_on_one_side_and_on_the_bound(ratio: float, bound: float) -> None:
    assert Goal("<=", bound).is_met_by(ratio) == (ratio <= bound)
    assert Goal(">=", bound).is_met_by(ratio) == (ratio >= bound)


def test_both_sides_take_turns() -> None:
    said: list[str] = []
    pairs = interleaved(lambda: said.append("ours"), lambda: said.append("theirs"), rounds=3)
    assert said == ["ours", "theirs"] * 3
    assert [min(pair) >= 0 for pair in pairs] == [True] * 3


def test_an_entry_takes_the_place_of_the_one_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    first = chaos_entry("b", seconds=1.23, kills=2, accepted=3, violations=["row 7 is there twice"])
    for entry in (
        first,
        chaos_entry("a", seconds=1, kills=0, accepted=0, violations=[]),
        {**first, "kills": 9},
    ):
        write(path, entry)
    assert [(row["name"], row["kills"], row["violations"]) for row in read(path)] == [
        ("a", 0, 0),
        ("b", 9, 1),
    ]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([], ""),
        (
            [ratio_entry("x", [1, 2, 3], Goal("<=", 2))],
            "| name | ratio | goal | met |\n| --- | --- | --- | --- |\n| x | 1.00 / 2.00 / 3.00 | <= 2 | yes |",
        ),
    ],
)
def test_the_table_is_markdown(rows: list[dict[str, object]], shown: str) -> None:
    assert table(rows) == shown
