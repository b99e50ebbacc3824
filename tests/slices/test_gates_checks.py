"""What checks say of evidence: equal models are not rejected, clearly worse ones are, nothing missing passes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slices.gates.checks import Absolute, MinSample, NonInferior
from slices.gates.clauses import Clause, Result, outcome_of
from slices.gates.evidence import Evidence, Pair, pair

NOT_WORSE = NonInferior(id="not_worse", margin=0.03)


def compared(gained: int, lost: int, n: int) -> Evidence:
    return Evidence(n=n, correct=n, champion="digits@1", pair=Pair(n, gained, lost))


def drawn(rng: random.Random, n: int, gained: float, lost: float) -> Evidence:
    """`n` examples on which the candidate alone is right with one probability, and the champion alone with another."""
    draws = [rng.random() for _ in range(n)]
    wins = sum(draw < gained for draw in draws)
    losses = sum(gained <= draw < gained + lost for draw in draws)
    return compared(wins, losses, n)


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_equally_good_models_are_hardly_ever_rejected(n: int) -> None:
    """They disagree on 4 % of the examples, half each way; 500 draws with a fixed seed."""
    rng = random.Random(7)
    rejected = sum(NOT_WORSE.look(drawn(rng, n, 0.02, 0.02)).result == "fail" for _ in range(500))
    assert rejected <= 10  # 2 %


def test_a_model_ten_points_worse_is_always_rejected() -> None:
    rng = random.Random(7)
    looks = [NOT_WORSE.look(drawn(rng, 500, 0.02, 0.12)).result for _ in range(200)]
    assert looks.count(Result.FAIL) >= 196
    assert Result.PASS not in looks


def test_a_model_at_the_margin_passes_at_most_once_in_twenty() -> None:
    """The promise of the level: 5 % false passes. 2,000 draws with a fixed seed, and three standard errors."""
    rng = random.Random(7)
    passed = sum(NOT_WORSE.look(drawn(rng, 500, 0.01, 0.04)).result == "pass" for _ in range(2000))
    assert passed / 2000 <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


@given(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_absolute_check_is_open_exactly_while_both_are_plausible(counts: tuple[int, int]) -> None:
    correct, n = counts
    clause = Absolute(id="good", min=0.8).look(Evidence(n=n, correct=correct))
    low, high = clause.numbers["low"], clause.numbers["high"]
    assert clause.result == ("pass" if low >= 0.8 else "fail" if high < 0.8 else "inconclusive")
    assert ("more" in clause.numbers) == (clause.result == "inconclusive")


def test_without_examples_nothing_passes() -> None:
    nothing = Evidence(n=0, correct=0, champion="digits@1", pair=Pair(0, 0, 0))
    checks = [MinSample(id="enough", n=1), Absolute(id="good", min=0.5), NOT_WORSE]
    assert [check.look(nothing).result for check in checks] == ["inconclusive"] * 3


def test_pairs_are_of_the_examples_that_both_were_asked() -> None:
    candidate = {1: True, 2: True, 3: False, 4: False, 5: True}
    champion = {1: True, 2: False, 3: True, 4: False, 6: True}
    assert pair(candidate, champion) == Pair(n=4, gained=1, lost=1)


@given(st.lists(st.sampled_from(list(Result)), max_size=6))
def test_any_fail_fails_else_anything_open_is_open(found: list[Result]) -> None:
    outcome = outcome_of(Clause(str(i), "x", result, "") for i, result in enumerate(found))
    if Result.FAIL in found:
        assert outcome == "fail"
    elif Result.INCONCLUSIVE in found or Result.PASS not in found:
        assert outcome == "inconclusive"
    else:
        assert outcome == "pass"
