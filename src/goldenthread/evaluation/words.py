"""Saying an effect in words that a busy reader can repeat aloud."""

from __future__ import annotations

import math

from goldenthread.evaluation.criteria import (
    TIE,
    Criterion,
    Found,
    Level,
    change,
    comparative,
    split_unit,
    with_unit,
)
from goldenthread.evaluation.effect import Effect

# "Very unlikely" rather than "fairly sure": one study in a thousand without any effect would look like this.
VERY_UNLIKELY = 0.001


def result_words(criterion: Criterion, found: Found, reason: str = "") -> str:
    """The result as the table shows it.

    >>> fewer = Effect("a", "rate ratio", 0.81, 0.69, 0.95, 0.95, 0.01, 612, 1836, "matched")
    >>> result_words(Criterion("a", "fewer", 10), fewer)
    '19% fewer (31% to 5% fewer)'
    >>> more = Effect("a", "rate ratio", 1.02, 0.99, 1.05, 0.95, 0.2, 612, 1836, "matched")
    >>> result_words(Criterion("a", "no more than", 5, "harm"), more)
    '2% more (1% fewer to 5% more)'
    >>> result_words(Criterion("a", "at least", 60, "equity"), Level("a", 41, 36, 46))
    '41% (36 to 46)'
    >>> result_words(Criterion("a", "fewer", 2, unit="points"), None, "too few answers")
    'too few answers'
    """
    if found is None:
        return reason or "no result yet"
    if isinstance(found, Level):
        ends = (found.lower, found.value, found.upper)
        digits = decimals(ends, criterion.unit, criterion.size)
        span = f"{found.lower:,.{digits}f} to {found.upper:,.{digits}f}"
        return f"{with_unit(found.value, criterion.unit, digits)} ({span})"
    ends = change(found, criterion.unit)
    digits = decimals(ends, criterion.unit, criterion.size)
    return f"{side_words(ends[1], criterion.unit, digits)} ({span_words(ends, criterion.unit, digits)})"


def effect_words(effect: Effect, unit: str = "") -> str:
    """An effect without a criterion, in its natural unit.

    >>> effect_words(Effect("a", "mean difference", -2.1, -3.4, -0.8, 0.95, 0.01, 9, 9, "x"), "points")
    '2.1 points lower (3.4 to 0.8 points lower)'
    """
    used = unit or natural_unit(effect)
    ends = change(effect, used)
    digits = decimals(ends, used, None)
    return f"{side_words(ends[1], used, digits)} ({span_words(ends, used, digits)})"


def natural_unit(effect: Effect) -> str:
    """The unit in which an effect without a criterion is said."""
    if effect.is_ratio:
        return "%"
    return {"risk difference": "percentage points", "rate difference": "per 1,000 people a year"}.get(
        effect.measure, ""
    )


def between_words(effect: Effect, unit: str = "") -> str:
    """The interval in running text: "between 31% and 5% fewer".

    >>> between_words(Effect("a", "rate ratio", 0.98, 0.88, 1.09, 0.95, 0.7, 9, 9, "x"))
    'between 12% fewer and 9% more'
    """
    used = unit or natural_unit(effect)
    ends = change(effect, used)
    digits = decimals(ends, used, None)
    if not all(math.isfinite(end) for end in ends):
        return "anywhere: there is no interval"
    return f"between {span_words(ends, used, digits, 'and')}"


def in_every_100(effect: Effect, events: str = "") -> str:
    """A ratio as events in every 100 expected.

    >>> in_every_100(Effect("a", "rate ratio", 0.81, 0.69, 0.95, 0.95, 0.01, 612, 1836, "matched"), "admissions")
    'about 19 fewer admissions in every 100 expected'
    """
    percent = (effect.value - 1) * 100
    noun = f" {events}" if events else ""
    if abs(percent) < 0.5:
        return f"less than one more or fewer{noun} in every 100 expected"
    return f"about {abs(percent):,.0f} {'more' if percent > 0 else 'fewer'}{noun} in every 100 expected"


def sureness(effect: Effect) -> str:
    """Whether chance could have done it. Says nothing of other causes: the design's limits say that."""
    if not (math.isfinite(effect.lower) and math.isfinite(effect.upper)):
        return "How sure we can be was not worked out."
    if not effect.excludes_no_effect:
        return f"This could be chance: the true figure may lie anywhere {between_words(effect)}."
    if effect.p_value is not None and effect.p_value < VERY_UNLIKELY:
        return "It is very unlikely to be chance."
    return "We can be fairly sure it is not chance."


def side_words(value: float, unit: str, digits: int) -> str:
    """One end: "19% fewer", "2 points higher", "no change"."""
    if round(value, digits) == 0:
        return "no change"
    if not math.isfinite(value):
        return f"without limit {comparative('more' if value > 0 else 'fewer', unit)}"
    side = comparative("more" if value > 0 else "fewer", unit)
    return split_unit(with_unit(abs(value), unit, digits), side)


def span_words(ends: tuple[float, float, float], unit: str, digits: int, joint: str = "to") -> str:
    """Both ends, the lower first: "31% to 5% fewer", "1% fewer to 5% more"."""
    low, _, high = ends
    if not (math.isfinite(low) and math.isfinite(high)):
        return "no interval"
    if round(high, digits) < 0 or round(low, digits) > 0:
        first = with_unit(abs(low), unit if unit == "%" else "", digits)
        return f"{first} {joint} {side_words(high, unit, digits)}"
    return f"{side_words(low, unit, digits)} {joint} {side_words(high, unit, digits)}"


def decimals(ends: tuple[float, float, float], unit: str, size: float | None) -> int:
    """As few decimals as keep the reader from another verdict than the exact figures give."""
    largest = max((abs(end) for end in ends if math.isfinite(end)), default=0.0)
    first = 0 if unit == "%" or largest >= 20 else 1 if largest >= 2 else 2
    for digits in range(first, first + 3):
        if all(_same_side(end, digits, size) for end in ends if math.isfinite(end)):
            return digits
    return first + 2


def _same_side(end: float, digits: int, size: float | None) -> bool:
    shown = round(end, digits)
    marks = (0.0,) if size is None else (0.0, size, -size)
    for mark in marks:
        exact = abs(end - mark) < TIE
        if not exact and ((shown > mark) != (end > mark) or (shown < mark) != (end < mark)):
            return False
    return True
