"""Numbers as people read them are rounded, never cut off."""

from __future__ import annotations

import pytest

from teams.desk.charts import plain
from teams.desk.numbers import number, percent, signed


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (percent(0.57, 1), "57.0%"),
        (percent(0.29), "29%"),
        (number(92.498, 1), "92.5"),
        (number(0.999, 2), "1.00"),
        (number(1234567), "1,234,567"),
        (number(-0.06, 1), "−0.1"),
        (signed(-0.0299, 2), "−0.03"),
        (plain(0.57 * 100), "57"),
        (plain(92.4996), "92.5"),
    ],
)
def test_a_number_is_rounded(said: str, expected: str) -> None:
    assert said == expected
