"""What was agreed before the start, and whether it was reached."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError

Direction = Literal["fewer", "more", "at least", "no more than"]
Kind = Literal["primary", "secondary", "harm", "equity"]
Verdict = Literal["met", "not met", "cannot tell yet", "within limit", "limit exceeded"]


@dataclass(frozen=True)
class Criterion:
    """One thing agreed before the start.

    ``direction`` "fewer" or "more" asks for a change of at least ``size`` against the comparison; "at least"
    asks for a level (for example a reach of 60%); "no more than" is a limit, on a change (``limit_on`` says
    of which direction) or on a level. ``unit`` is "%" (a relative change, or the unit of a level),
    "percentage points" (of a risk), "per 1,000 people a year" and the like (of a rate), or the name of the
    outcome's own unit ("points", "days"). ``period`` is shown beside the outcome ("12 months").

    >>> Criterion("emergency admissions after a fall", "fewer", 10).agreed
    'at least 10% fewer'
    >>> Criterion("GP appointments", "no more than", 5, "harm").agreed
    'no more than 5% more'
    >>> Criterion("fear of falling", "fewer", 2, "secondary", "points").agreed
    'at least 2 points lower'
    """

    outcome: str
    direction: Direction
    size: float
    kind: Kind = "primary"
    unit: str = "%"
    period: str = ""
    limit_on: Literal["more", "fewer"] = "more"
    level: bool = False

    def __post_init__(self) -> None:
        if not self.outcome.strip():
            raise EvaluationError("A criterion has no outcome.", "Name what is to change.")
        if self.direction not in ("fewer", "more", "at least", "no more than"):
            raise EvaluationError(
                f"{self.outcome}: unknown direction {self.direction!r}.",
                "Choose fewer, more, at least, or no more than.",
            )
        if self.kind not in ("primary", "secondary", "harm", "equity"):
            raise EvaluationError(
                f"{self.outcome}: unknown kind {self.kind!r}.", "Choose primary, secondary, harm or equity."
            )
        if not (math.isfinite(self.size) and self.size >= 0):
            raise EvaluationError(
                f"{self.outcome}: the agreed size is {self.size}.",
                "Give a size of 0 or more; the direction says which way.",
            )
        if self.direction in ("fewer", "more") and self.size == 0:
            raise EvaluationError(
                f"{self.outcome}: the agreed size is 0.", "Say how large a change is worth having."
            )
        if self.direction == "fewer" and self.unit == "%" and self.size > 100:
            raise EvaluationError(f"{self.outcome}: {self.size}% fewer is more than all.", "Give up to 100.")

    @property
    def on_level(self) -> bool:
        """Whether it speaks of a level of our own people rather than of a change against others."""
        return self.direction == "at least" or self.level

    @property
    def is_limit(self) -> bool:
        """Whether it says what must not happen."""
        return self.direction == "no more than"

    @property
    def agreed(self) -> str:
        """The agreed size in words."""
        amount = with_unit(self.size, self.unit, _fewest_decimals(self.size))
        if self.direction == "at least" or (self.is_limit and self.level):
            return f"{self.direction} {amount}"
        side = comparative(self.limit_on if self.is_limit else self.direction, self.unit)
        return f"{'no more than' if self.is_limit else 'at least'} {split_unit(amount, side)}"


@dataclass(frozen=True)
class Level:
    """A plain figure of our own people, compared with nobody: a share reached, an average score.

    ``value`` and its interval are in the criterion's unit. ``counted_in_full`` says that everybody was
    counted, so that the figure itself decides; otherwise (a sample, a survey) the interval does.

    >>> Level("reach in the most deprived fifth", 41, 36, 46).value
    41
    """

    outcome: str
    value: float
    lower: float
    upper: float
    confidence: float = 0.95
    counted_in_full: bool = False


Found = Effect | Level | None


def judge(criterion: Criterion, found: Found) -> Verdict:
    """Whether what was agreed was reached, by one rule for all.

    A change ("fewer", "more"): **met** when the estimate is at least the agreed size and the whole interval
    lies on the agreed side of no change; **not met** when the estimate falls short and the whole interval
    falls short; otherwise **cannot tell yet**. A limit on a change: **within limit** when the whole interval
    keeps to it; **limit exceeded** when the estimate passes it and the whole interval lies on the wrong side
    of no change, which is the same standard of proof as for a benefit; otherwise cannot tell yet. A level:
    the figure itself decides when everybody was counted, else the whole interval must lie on one side.
    Nothing found (None) is cannot tell yet.

    >>> agreed = Criterion("emergency admissions", "fewer", 10)
    >>> judge(agreed, Effect("a", "rate ratio", 0.81, 0.69, 0.95, 0.95, 0.01, 612, 1836, "matched"))
    'met'
    >>> judge(agreed, Effect("a", "rate ratio", 0.99, 0.95, 1.03, 0.95, 0.6, 612, 1836, "matched"))
    'not met'
    >>> judge(agreed, Effect("a", "rate ratio", 0.93, 0.80, 1.08, 0.95, 0.3, 612, 1836, "matched"))
    'cannot tell yet'
    """
    if found is None:
        return "cannot tell yet"
    if isinstance(found, Level) or criterion.on_level:
        return _judge_level(criterion, found)
    low, value, high = change(found, criterion.unit)
    if (criterion.limit_on if criterion.is_limit else criterion.direction) == "fewer":
        low, value, high = -high, -value, -low
    size = criterion.size
    if criterion.is_limit:
        if high <= size + TIE:
            return "within limit"
        return "limit exceeded" if value > size and low > 0 else "cannot tell yet"
    if value >= size - TIE and low > 0:
        return "met"
    return "not met" if value < size and high < size else "cannot tell yet"


# Agreed sizes are decimal figures and estimates are binary: 1.05 - 1 must not exceed a limit of 5%.
TIE = 1e-9


def _judge_level(criterion: Criterion, found: Effect | Level) -> Verdict:
    if not isinstance(found, Level) or not criterion.on_level:
        wanted, given = ("Level", "Effect") if isinstance(found, Effect) else ("Effect", "Level")
        raise EvaluationError(
            f"{criterion.outcome}: agreed as {criterion.agreed!r}, which needs {_article(wanted)}, "
            f"and {_article(given)} was given.",
            "A change is judged by an Effect against the comparison; a level (at least, or level=True) by a Level.",
        )
    _ordered(found)
    low, high = (found.value, found.value) if found.counted_in_full else (found.lower, found.upper)
    size = criterion.size
    if criterion.is_limit:
        return "within limit" if high <= size + TIE else "limit exceeded" if low > size else "cannot tell yet"
    return "met" if low >= size - TIE else "not met" if high < size else "cannot tell yet"


def change(effect: Effect, unit: str) -> tuple[float, float, float]:
    """Lower end, estimate and upper end of the change in ``unit``; above 0 is more.

    >>> rate = Effect("a", "rate difference", -0.02, -0.03, -0.01, 0.95, 0.01, 5, 5, "matched")
    >>> change(rate, "per 1,000 people a year")
    (-30.0, -20.0, -10.0)
    """
    _ordered(effect)
    ends = effect.lower, effect.value, effect.upper
    if effect.is_ratio != (unit == "%"):
        raise EvaluationError(
            f"{effect.outcome}: the criterion is in {unit!r} and the effect is a {effect.measure}.",
            "A criterion in % needs a ratio; one in units needs a difference.",
        )
    if effect.is_ratio:
        low, value, high = ((end - 1) * 100 for end in ends)
        return low, value, high
    scale = 1.0
    if effect.measure == "risk difference":
        scale = 100.0 if unit == "percentage points" else per_people(unit)
    elif effect.measure == "rate difference":
        scale = per_people(unit)
    low, value, high = (end * scale for end in ends)
    return low, value, high


def per_people(unit: str) -> float:
    """The number in "per 1,000 people a year"."""
    found = re.match(r"per ([\d,]+)\b", unit)
    if not found:
        raise EvaluationError(
            f"A rate or risk cannot be read in {unit!r}.",
            "Use percentage points, or a unit such as 'per 1,000 people a year'.",
        )
    return float(found.group(1).replace(",", ""))


def _ordered(found: Effect | Level) -> None:
    ends = (found.lower, found.value, found.upper)
    if any(math.isnan(end) for end in ends) or not found.lower <= found.value <= found.upper:
        raise EvaluationError(
            f"{found.outcome}: the estimate {found.value} does not lie in its interval "
            f"({found.lower} to {found.upper}).",
            "Check how the effect was computed.",
        )


def comparative(side: str, unit: str) -> str:
    """ "fewer" and "more" for events, "lower" and "higher" for scores and averages."""
    if unit == "%" or unit.startswith("per "):
        return side
    return {"fewer": "lower", "more": "higher"}[side]


def with_unit(amount: float, unit: str, decimals: int) -> str:
    """A figure with its unit: 10%, 2 points, 30 per 1,000 people a year."""
    figure = f"{amount:,.{decimals}f}"
    return f"{figure}%" if unit == "%" else f"{figure} {unit}".strip()


def split_unit(amount: str, side: str) -> str:
    """Put "fewer" before "per 1,000 ..." and after any other unit."""
    figure, mark, rest = amount.partition(" per ")
    return f"{figure} {side}{mark}{rest}"


def _fewest_decimals(amount: float) -> int:
    return next(digits for digits in range(10) if digits == 9 or abs(round(amount, digits) - amount) < 1e-9)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOU" else f"a {noun}"
