"""The checks a gate can be made of: how each is written, and what it says of the evidence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from django.utils.translation import gettext as _

from slices.gates import tango, wilson
from slices.gates.clauses import Clause, Result
from slices.gates.enough import more_needed
from slices.gates.evidence import Evidence, Pair
from teams.desk.numbers import number, percent, signed
from teams.identity.refused import Refused

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Level = Annotated[float, msgspec.Meta(gt=0.5, le=0.9999)]


class MinSample(msgspec.Struct, tag_field="type", tag="min_sample", forbid_unknown_fields=True, frozen=True):
    """Too few examples say nothing, whatever they say."""

    id: Id
    n: Count

    def look(self, evidence: Evidence) -> Clause:
        """Enough, or how many are missing."""
        enough = evidence.n >= self.n
        words = {"n": number(evidence.n), "needs": number(self.n), "more": number(self.n - evidence.n)}
        sentence = (
            _("%(n)s examples were looked at; at least %(needs)s are asked for.")
            if enough
            else _("%(n)s examples were looked at and %(needs)s are asked for: %(more)s more are missing.")
        )
        numbers = {"n": evidence.n, "needs": self.n, "more": max(0, self.n - evidence.n)}
        return Clause(
            self.id, "min_sample", Result.PASS if enough else Result.INCONCLUSIVE, sentence % words, numbers
        )


class Absolute(msgspec.Struct, tag_field="type", tag="absolute", forbid_unknown_fields=True, frozen=True):
    """The share of right answers is at least `min`, and the examples are enough to say so."""

    id: Id
    min: Share
    metric: Literal["accuracy"] = "accuracy"
    level: Level = 0.95

    def look(self, evidence: Evidence) -> Clause:
        """Pass where the lower bound reaches the threshold, fail where even the upper one does not."""
        low, high = self.bounds(evidence, 1)
        result = self.result(low, high)
        numbers = {
            "n": evidence.n,
            "correct": evidence.correct,
            "value": evidence.accuracy,
            "low": low,
            "high": high,
            "min": self.min,
            "level": self.level,
            "method": "Wilson (1927), one-sided",
        }
        if result == Result.INCONCLUSIVE:
            numbers["more"] = more_needed(lambda factor: self.decided(evidence, factor), evidence.n)
        return Clause(self.id, "absolute", result, self.sentence(result, numbers), numbers)

    def bounds(self, evidence: Evidence, factor: float) -> tuple[float, float]:
        """Of the true share, were there so many times the examples."""
        right, n = evidence.correct * factor, evidence.n * factor
        return wilson.lower_bound(right, n, self.level), wilson.upper_bound(right, n, self.level)

    def result(self, low: float, high: float) -> Result:
        """By the bounds of the true share."""
        return Result.PASS if low >= self.min else Result.FAIL if high < self.min else Result.INCONCLUSIVE

    def decided(self, evidence: Evidence, factor: float) -> bool:
        """Whether so many times the examples would settle it."""
        return self.result(*self.bounds(evidence, factor)) != Result.INCONCLUSIVE

    def sentence(self, result: Result, numbers: dict[str, Any]) -> str:
        """For people."""
        words = {key: percent(numbers[key], 1) for key in ("value", "low", "high", "min")}
        words |= {"n": number(numbers["n"]), "level": percent(self.level)}
        found = _("%(value)s of %(n)s examples were right.")
        so = {
            Result.PASS: _(
                "The true share is at least %(low)s (%(level)s confidence); %(min)s is asked for."
            ),
            Result.FAIL: _(
                "The true share is at most %(high)s (%(level)s confidence); %(min)s is asked for."
            ),
            Result.INCONCLUSIVE: _("Anything from %(low)s to %(high)s is plausible; %(min)s is asked for."),
        }
        return f"{found} {so[result]}" % words + about(numbers)


class NonInferior(
    msgspec.Struct, tag_field="type", tag="non_inferior", forbid_unknown_fields=True, frozen=True
):
    """Not worse than the champion by `margin` or more, example by example on the same snapshot."""

    id: Id
    margin: Annotated[float, msgspec.Meta(gt=0, le=0.5)]
    metric: Literal["accuracy"] = "accuracy"
    vs: Literal["champion"] = "champion"
    level: Level = 0.95

    def look(self, evidence: Evidence) -> Clause:
        """Pass where even the worst plausible difference is within the margin, fail where the best is not."""
        if not evidence.champion:
            return self.without_pair(
                Result.NOT_APPLICABLE, _("No model is in use here yet, so there is none to compare with.")
            )
        if evidence.pair is None:
            sentence = _(
                "%(champion)s, in use now, has not been evaluated on these examples yet; it was asked for."
            )
            return self.without_pair(Result.INCONCLUSIVE, sentence % {"champion": evidence.champion})
        return self.compare(evidence.pair, evidence.champion)

    def compare(self, pair: Pair, champion: str) -> Clause:
        """With the champion's answers on the same examples."""
        low, high = self.bounds(pair, 1)
        result = self.result(low, high)
        numbers = {
            "n": pair.n,
            "gained": pair.gained,
            "lost": pair.lost,
            "value": pair.difference,
            "low": low,
            "high": high,
            "margin": self.margin,
            "level": self.level,
            "champion": champion,
            "method": "Tango (1998), one-sided",
        }
        if result == Result.INCONCLUSIVE:
            numbers["more"] = more_needed(lambda factor: self.decided(pair, factor), pair.n)
        return Clause(self.id, "non_inferior", result, self.sentence(result, numbers), numbers)

    def bounds(self, pair: Pair, factor: float) -> tuple[float, float]:
        """Of the true difference, were there so many times the examples."""
        counts = pair.gained * factor, pair.lost * factor, pair.n * factor
        return tango.lower_bound(*counts, self.level), tango.upper_bound(*counts, self.level)

    def result(self, low: float, high: float) -> Result:
        """By the bounds of the true difference; above zero the candidate is better."""
        return (
            Result.PASS if low > -self.margin else Result.FAIL if high < -self.margin else Result.INCONCLUSIVE
        )

    def decided(self, pair: Pair, factor: float) -> bool:
        """Whether so many times the examples would settle it."""
        return self.result(*self.bounds(pair, factor)) != Result.INCONCLUSIVE

    def without_pair(self, result: Result, sentence: str) -> Clause:
        """There is nothing to count."""
        return Clause(self.id, "non_inferior", result, sentence, {"margin": self.margin, "level": self.level})

    def sentence(self, result: Result, numbers: dict[str, Any]) -> str:
        """For people."""
        words = {key: points(numbers[key]) for key in ("value", "low", "high")}
        words |= {key: number(numbers[key]) for key in ("n", "gained", "lost")}
        words |= {"least": points(-self.margin), "champion": numbers["champion"]}
        found = _(
            "%(value)s against %(champion)s on %(n)s examples: right where it was wrong %(gained)s times,"
            " wrong where it was right %(lost)s times."
        )
        so = {
            Result.PASS: _("At worst the true difference is %(low)s; no worse than %(least)s is asked for."),
            Result.FAIL: _("At best the true difference is %(high)s; no worse than %(least)s is asked for."),
            Result.INCONCLUSIVE: _(
                "Anything from %(low)s to %(high)s is plausible; no worse than %(least)s is asked for."
            ),
        }
        return f"{found} {so[result]}" % words + about(numbers)


Check = MinSample | Absolute | NonInferior
TYPES = ("min_sample", "absolute", "non_inferior")


def read_checks(value: Any) -> list[Check]:
    """The checks of a gate from their JSON; refused with the spot where they cannot be read."""
    try:
        checks: list[Check] = msgspec.convert(value, list[Check])
    except msgspec.ValidationError as error:
        known = ", ".join(TYPES)
        raise Refused(
            _("The checks cannot be read: %(error)s. Known types are %(known)s.")
            % {"error": error, "known": known},
            status=422,
        ) from None
    if not checks:
        raise Refused(_("A gate without checks would let everything through."), status=422)
    if len({check.id for check in checks}) < len(checks):
        raise Refused(_("Two checks have the same id."), status=422)
    return checks


def points(difference: float) -> str:
    """A difference of shares, in points."""
    return _("%(points)s points") % {"points": signed(difference * 100, 1)}


def about(numbers: dict[str, Any]) -> str:
    """How far off a decision is, where there is none."""
    if "more" not in numbers:
        return ""
    if numbers["more"] is None:
        return " " + _("More examples alone would hardly decide: it lies on the threshold.")
    return " " + _("About %(more)s more examples would decide.") % {"more": number(numbers["more"])}
