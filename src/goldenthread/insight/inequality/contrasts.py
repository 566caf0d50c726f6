"""Two groups beside each other, and what it would mean if every group were like the best off: with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from goldenthread.statistics import Estimate, wilson_limits

FloatArray = NDArray[np.float64]
Z = 1.959963984540054
DRAWS = 20_000
_SEED = 20_26
NOTHING = "nobody is counted in one of the groups, so a ratio has no meaning"


def ratio_of_shares(count: float, people: float, other: float, others: float) -> Estimate:
    """How many times as likely: a share over another, with Katz's interval on the log scale.

    Source: Katz D and others, Biometrics 1978;34:469-74.

    >>> e = ratio_of_shares(30, 100, 20, 100)
    >>> round(e.value, 2), round(e.lower, 2), round(e.upper, 2)
    (1.5, 0.92, 2.46)
    """
    if count <= 0 or other <= 0:
        return Estimate(math.nan, math.nan, math.nan, NOTHING)
    error = math.sqrt(max(1 / count - 1 / people + 1 / other - 1 / others, 0.0))
    return _log_interval((count / people) / (other / others), error)


def ratio_of_rates(
    events: float, people: float, other: float, others: float, *, spread: float = 1.0
) -> Estimate:
    """How many times as high: a rate over another, on the log scale.

    ``spread`` is the dispersion of events, over 1 where one person has several.

    >>> e = ratio_of_rates(50, 1000, 25, 1000)
    >>> round(e.value, 2), round(e.lower, 2), round(e.upper, 2)
    (2.0, 1.24, 3.23)
    """
    if events <= 0 or other <= 0:
        return Estimate(math.nan, math.nan, math.nan, NOTHING)
    return _log_interval((events / people) / (other / others), math.sqrt(spread / events + spread / other))


def ratio_from_intervals(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """The ratio of two figures that come with intervals (value, lower, upper), each log-normal."""
    if not all(x > 0 and math.isfinite(x) for x in (*one, *other)):
        return Estimate(math.nan, math.nan, math.nan, NOTHING)
    errors = [math.log(x[2] / x[1]) / (2 * Z) for x in (one, other)]
    return _log_interval(one[0] / other[0], math.hypot(*errors))


def gap_of_shares(count: float, people: float, other: float, others: float) -> Estimate:
    """A share less another, with Newcombe's interval (his method 10).

    Source: Newcombe RG, Stat Med 1998;17:873-90.

    >>> e = gap_of_shares(56, 70, 48, 80)
    >>> round(e.value, 4), round(e.lower, 4), round(e.upper, 4)
    (0.2, 0.0524, 0.3339)
    """
    p, q = count / people, other / others
    (l1, l2), (u1, u2) = wilson_limits([count, other], [people, others])
    low = p - q - math.hypot(p - float(l1), float(u2) - q)
    high = p - q + math.hypot(float(u1) - p, q - float(l2))
    return Estimate(p - q, low, high)


def gap_from_intervals(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """One figure less another, each with its interval (value, lower, upper); the same method."""
    if not all(math.isfinite(x) for x in (*one, *other)):
        return Estimate(math.nan, math.nan, math.nan, "a figure is missing")
    difference = one[0] - other[0]
    low = difference - math.hypot(one[0] - one[1], other[2] - other[0])
    high = difference + math.hypot(one[2] - one[0], other[0] - other[1])
    return Estimate(difference, low, high)


def excess(
    values: FloatArray, lower: FloatArray, upper: FloatArray, counts: FloatArray, reference: int
) -> Estimate:
    """How many fewer would be counted if every group had the figure of the group ``reference``; below zero: how many more.

    ``values`` with their limits are the groups' figures (adjusted where that is wanted) and ``counts`` the people or
    events counted in each. A group of n counted would have n x reference / own. The interval comes from drawing each
    figure on the log scale, always with the same seed.
    """
    if not (np.isfinite(values).all() and (values > 0).all() and (lower > 0).all()):
        return Estimate(math.nan, math.nan, math.nan, "a group has no figure, or nobody counted")
    error = np.log(upper / lower) / (2 * Z)
    value = float((counts * (1 - values[reference] / values)).sum())
    generator = np.random.default_rng(_SEED)
    drawn = np.log(values) + generator.standard_normal((DRAWS, len(values))) * error
    relative = np.exp(drawn[:, [reference]] - drawn)
    # what is counted now is uncertain in the same way as its figure
    now = counts * np.exp(drawn - np.log(values))
    totals = (now * (1 - relative)).sum(axis=1)
    low, high = np.quantile(totals, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _log_interval(value: float, error: float) -> Estimate:
    return Estimate(value, value * math.exp(-Z * error), value * math.exp(Z * error))
