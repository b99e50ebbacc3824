"""The bounds, against published numbers and as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from slices.gates import tango, wilson
from slices.gates.enough import more_needed, rounded

LEVEL = 0.95


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_that_newcombe_published(
    successes: int, n: int, low: float, high: float
) -> None:
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3."""
    bounds = wilson.lower_bound(successes, n, 0.975), wilson.upper_bound(successes, n, 0.975)
    assert bounds == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts: tuple[int, int]) -> None:
    successes, n = counts
    known = binomtest(successes, n).proportion_ci(confidence_level=0.9, method="wilson")
    bounds = wilson.lower_bound(successes, n, LEVEL), wilson.upper_bound(successes, n, LEVEL)
    assert bounds == pytest.approx((known.low, known.high), abs=1e-9)


def test_without_examples_anything_is_possible() -> None:
    assert (wilson.lower_bound(0, 0, LEVEL), wilson.upper_bound(0, 0, LEVEL)) == (0.0, 1.0)
    assert (tango.lower_bound(0, 0, 0, LEVEL), tango.upper_bound(0, 0, 0, LEVEL)) == (-1.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 10), (11, 10)])
def test_counts_that_are_no_share_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson.lower_bound(successes, n, LEVEL)


@pytest.mark.parametrize("level", [0.5, 1.0, 0.2])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        tango.lower_bound(1, 1, 10, level)


def test_tango_gives_his_own_worked_example() -> None:
    """Tango (1998), section 6.1: soft contact lenses, 44 pairs, 43 effective under both, 1 under the old only.

    At a margin of 0.1 his statistic is 1.709; the lower limit of the 90 % interval is -0.096.
    """
    assert tango.score(0, 1, 44, -0.1) == pytest.approx(1.709, abs=5e-4)
    assert tango.lower_bound(0, 1, 44, 0.95) == pytest.approx(-0.096, abs=5e-4)


def test_tango_gives_the_interval_that_fagerland_published() -> None:
    """Fagerland, Lydersen, Laake (2014), table of Bentur's 21 children: 1 and 7 changed, 95 % -0.517 to -0.026."""
    bounds = tango.lower_bound(1, 7, 21, 0.975), tango.upper_bound(1, 7, 21, 0.975)
    assert bounds == pytest.approx((-0.517, -0.026), abs=5e-4)


pairs = st.integers(1, 500).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n)))
)


@given(pairs)
def test_the_bounds_enclose_the_difference_and_solve_the_score_equation(counts: tuple[int, int, int]) -> None:
    gained, lost, n = counts
    low, high = tango.lower_bound(*counts, LEVEL), tango.upper_bound(*counts, LEVEL)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    if lost < n:
        assert tango.score(gained, lost, n, low) == pytest.approx(wilson.quantile(LEVEL), abs=1e-6)


@given(pairs)
def test_whoever_is_called_the_champion_the_interval_is_the_mirror(counts: tuple[int, int, int]) -> None:
    gained, lost, n = counts
    assert tango.lower_bound(gained, lost, n, LEVEL) == -tango.upper_bound(lost, gained, n, LEVEL)


@given(st.integers(1, 10_000))
def test_without_disagreement_the_bound_has_a_closed_form(n: int) -> None:
    z = wilson.quantile(LEVEL)
    assert tango.lower_bound(0, 0, n, LEVEL) == pytest.approx(-z * z / (n + z * z), abs=1e-9)


def test_more_examples_with_the_same_shares_decide() -> None:
    """95 of 100 right does not prove 0.93; some hundreds with the same share do, and fewer do not."""

    def decided(factor: float) -> bool:
        return wilson.lower_bound(95 * factor, 100 * factor, LEVEL) >= 0.93

    more = more_needed(decided, 100)
    assert more is not None
    assert decided((100 + more) / 100)
    assert not decided((100 + more * 0.9) / 100)


def test_on_the_threshold_no_number_decides() -> None:
    assert more_needed(lambda factor: False, 100) is None
    assert more_needed(lambda factor: True, 0) is None


@pytest.mark.parametrize(("count", "said"), [(0.2, 1), (7, 7), (42, 42), (421, 430), (9_999, 10_000)])
def test_about_so_many_has_two_digits(count: float, said: int) -> None:
    assert rounded(count) == said
