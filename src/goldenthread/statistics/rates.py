"""Proportions, crude rates and means, with the intervals English public health uses for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, stdtrit

from goldenthread.statistics import checks
from goldenthread.statistics.estimate import Estimate, FloatArray, StatisticsError, estimate

EXACT_BELOW = 10  # OHID: Byar's approximation from 10 events, exact limits under that


def wilson_limits(
    count: ArrayLike, denominator: ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Wilson score limits of a proportion.

    The two roots p of (x/n - p)^2 = z^2 p (1 - p) / n. Source: Wilson, J Am Stat Assoc 1927;22:209-12.

    >>> [round(float(limit), 4) for limit in wilson_limits(65, 100)]
    [0.5525, 0.7364]
    """
    x, n = checks.counts("count", count), checks.denominators("denominator", denominator)
    checks.same_shape(count=x, denominator=n)
    over = np.broadcast_arrays(x > n, x)[0]
    remedy = "A proportion counts people once each; use rate() where events can repeat."
    checks.refuse_where(over, np.broadcast_to(x, over.shape), "count is above its denominator", remedy)
    z = checks.z_value(confidence)
    centre = 2 * x + z**2
    spread = z * np.sqrt(z**2 + 4 * x * (1 - x / n))
    scale = 2 * (n + z**2)
    # Rounding must not push the limits of 0/n and n/n outside 0 and 1.
    return np.maximum((centre - spread) / scale, 0.0), np.minimum((centre + spread) / scale, 1.0)


def byar_limits(count: ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Byar's approximate limits of a Poisson count.

    Lower x (1 - 1/9x - z/3 sqrt(x))^3; upper the same with x + 1 and a plus sign. Source: Breslow and Day,
    Statistical methods in cancer research II, IARC 1987. Where the approximation breaks down (a negative
    lower limit) the call is refused.

    >>> [round(float(limit), 2) for limit in byar_limits(65)]
    [50.16, 82.85]
    """
    x, z = checks.counts("count", count), checks.z_value(confidence)
    root = np.sqrt(np.where(x > 0, x, 1.0))
    base = np.where(x > 0, 1 - 1 / (9 * root**2) - z / (3 * root), 0.0)
    remedy = "Use exact_poisson_limits() for so few events."
    checks.refuse_where(np.asarray(base < 0), x, "Byar's method does not hold for the count", remedy)
    y = x + 1
    return x * base**3, y * (1 - 1 / (9 * y) + z / (3 * np.sqrt(y))) ** 3


def exact_poisson_limits(count: ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Exact limits of a Poisson count, from the chi-square distribution.

    Lower: half the alpha/2 quantile on 2x degrees of freedom; upper: half the 1 - alpha/2 quantile on
    2x + 2. Source: Garwood, Biometrika 1936;28:437-42.

    >>> [round(float(limit), 3) for limit in exact_poisson_limits(5)]
    [1.623, 11.668]
    """
    x, tail = checks.counts("count", count), (1 - checks.confidence_level(confidence)) / 2
    lower = np.where(x > 0, chdtri(2 * np.where(x > 0, x, 1.0), 1 - tail) / 2, 0.0)
    return lower, np.asarray(chdtri(2 * x + 2, tail) / 2)


def poisson_limits(count: ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Limits of a count as OHID publishes them: exact under 10 events, Byar's from 10.

    >>> [round(float(limit), 3) for limit in poisson_limits(9)]
    [4.115, 17.085]
    """
    x = checks.counts("count", count)
    few = x < EXACT_BELOW
    exact = exact_poisson_limits(np.where(few, x, 0.0), confidence=confidence)
    byar = byar_limits(np.where(few, EXACT_BELOW, x), confidence=confidence)
    return np.where(few, exact[0], byar[0]), np.where(few, exact[1], byar[1])


def proportion(count: ArrayLike, denominator: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """What share of the denominator is counted, with Wilson's score interval.

    ``count`` and ``denominator`` are numbers or arrays of one shape; the answer lies between 0 and 1.
    Refused: negative or missing counts, empty denominators, counts above their denominator.
    Source: Wilson 1927, as in OHID's technical guidance for Fingertips.

    >>> e = proportion(20, 100)
    >>> round(e.value, 3), round(e.lower, 3), round(e.upper, 3)
    (0.2, 0.133, 0.289)
    """
    lower, upper = wilson_limits(count, denominator, confidence=confidence)
    value = np.asarray(count, dtype=np.float64) / np.asarray(denominator, dtype=np.float64)
    return estimate(value, lower, upper)


def rate(
    count: ArrayLike, population: ArrayLike, *, per: float = 100_000, confidence: float = 0.95
) -> Estimate:
    """Events for every ``per`` people (or person-years), with Byar's interval, exact under 10 events.

    Events may outnumber people. Refused: negative or missing counts, empty populations.
    Source: Breslow and Day 1987 (Byar); exact chi-square limits under 10, as OHID publishes.

    >>> e = rate(65, 100, per=100)
    >>> round(e.value, 2), round(e.lower, 2), round(e.upper, 2)
    (65.0, 50.16, 82.85)
    """
    x, n = checks.counts("count", count), checks.denominators("population", population)
    checks.same_shape(count=x, population=n)
    scale = checks.multiplier("per", per) / n
    lower, upper = poisson_limits(x, confidence=confidence)
    return estimate(x * scale, lower * scale, upper * scale)


def mean(values: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """The mean of a sample (along the last axis) with Student's t interval.

    Needs at least two values. Formula: mean +/- t(n - 1) s / sqrt(n).

    >>> e = mean([4.0, 6.0, 8.0])
    >>> round(e.value, 2), round(e.lower, 2), round(e.upper, 2)
    (6.0, 1.03, 10.97)
    """
    x = checks.numbers("values", values)
    if x.ndim == 0 or x.shape[-1] < 2:
        raise StatisticsError(
            "A mean with an interval needs at least two values.", "Show the one value alone."
        )
    n = x.shape[-1]
    half = stdtrit(n - 1, 0.5 + checks.confidence_level(confidence) / 2) * x.std(axis=-1, ddof=1) / np.sqrt(n)
    centre = x.mean(axis=-1)
    return estimate(centre, centre - half, centre + half)
