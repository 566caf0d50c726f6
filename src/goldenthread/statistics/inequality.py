"""How far health follows deprivation: slope and relative indices of inequality, concentration index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from goldenthread.statistics import checks
from goldenthread.statistics.estimate import (
    Estimate,
    FloatArray,
    Number,
    StatisticsError,
    estimate,
    scalar_or_array,
)
from goldenthread.statistics.sii_simulation import Line, simulated_limits

ValueType = Literal["default", "rate", "proportion"]
FEWEST_QUANTILES, MOST_QUANTILES = 5, 100
FEWEST_REPETITIONS = 1000
# One event gives about 1.4; beyond this the error was surely left on the original scale.
LARGEST_SCALED_ERROR = 2.0
NO_RATIO = "the fitted line is not clearly above zero at the most deprived end, so a ratio has no meaning"


@dataclass(frozen=True, slots=True, eq=False)
class SlopeIndex:
    """Slope (``sii``) and relative (``rii``) index of inequality, and the fitted value at rank 0."""

    sii: Estimate
    rii: Estimate
    intercept: Number


def _to_scale(values: FloatArray, value_type: str) -> FloatArray:
    """Put values on the scale where their error is symmetric: log for rates, logit for proportions."""
    if value_type == "rate":
        remedy = "A zero rate has no logarithm; merge quantiles, or use value_type='default'."
        checks.refuse_where(values <= 0, values, "A rate is not above zero", remedy)
        return np.log(values)
    if value_type == "proportion":
        outside = (values <= 0) | (values >= 1)
        remedy = "Give proportions as fractions (0.21 for 21%) that are not exactly 0 or 1."
        checks.refuse_where(outside, values, "A proportion is not between 0 and 1", remedy)
        return np.asarray(logit(values))
    if value_type != "default":
        raise StatisticsError(
            f"value_type {value_type!r} is not known.", "Use 'default', 'rate' or 'proportion'."
        )
    return values


def _from_scale(values: FloatArray, value_type: str) -> FloatArray:
    if value_type == "rate":
        return np.exp(values)
    return np.asarray(expit(values)) if value_type == "proportion" else values


def standard_error_from_limits(
    lower: ArrayLike, upper: ArrayLike, *, value_type: ValueType = "default", confidence: float = 0.95
) -> Number:
    """The standard error ``slope_index_of_inequality`` wants, from an interval: (upper - lower) / 2z,
    taken on the log scale for rates and on the logit scale for proportions.

    >>> round(standard_error_from_limits(5.61496, 6.183085, value_type="rate"), 4)
    0.0246
    """
    low, high = checks.numbers("lower", lower), checks.numbers("upper", upper)
    checks.same_shape(lower=low, upper=high)
    width = _to_scale(high, value_type) - _to_scale(low, value_type)
    checks.refuse_where(width < 0, width, "upper lies under lower by", "Check which column is which.")
    return scalar_or_array(width / (2 * checks.z_value(confidence)))


def relative_ranks(population: ArrayLike) -> FloatArray:
    """Midpoint of each group's range in the cumulative share of people, groups in rank order.

    >>> relative_ranks([250, 250, 500]).tolist()
    [0.125, 0.375, 0.75]
    """
    n = checks.denominators("population", population)
    share = n / n.sum(axis=-1, keepdims=True)
    return np.asarray(np.cumsum(share, axis=-1) - share / 2)


def _checked(
    value: ArrayLike,
    standard_error: ArrayLike,
    population: ArrayLike,
    value_type: str,
    repetitions: int,
    seed: int | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    v, se = checks.numbers("value", value), checks.counts("standard_error", standard_error)
    n = checks.denominators("population", population)
    if v.ndim not in (1, 2) or not v.shape == se.shape == n.shape:
        raise StatisticsError(
            f"value is {v.shape}, standard_error {se.shape} and population {n.shape}.",
            "Give one row of quantiles in each, or a table of areas by quantiles in each.",
        )
    if not FEWEST_QUANTILES <= v.shape[-1] <= MOST_QUANTILES:
        raise StatisticsError(
            f"There are {v.shape[-1]} quantiles.", "The index needs 5 to 100, most deprived first."
        )
    if not isinstance(repetitions, int | np.integer) or repetitions < FEWEST_REPETITIONS:
        raise StatisticsError(
            f"{repetitions!r} repetitions cannot be used.", "Use a whole number from 1,000."
        )
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise StatisticsError(f"The seed {seed!r} is not a whole number of zero or more.", "Use 1, say.")
    if value_type != "default":
        remedy = "Give it on the log (rate) or logit (proportion) scale: standard_error_from_limits() does."
        problem = "standard_error is too large for the log or logit scale"
        checks.refuse_where(se > LARGEST_SCALED_ERROR, se, problem, remedy)
    return v, se, n


def slope_index_of_inequality(
    value: ArrayLike,
    standard_error: ArrayLike,
    population: ArrayLike,
    *,
    value_type: ValueType = "default",
    transform: bool = False,
    confidence: float = 0.95,
    repetitions: int = 100_000,
    seed: int | None = None,
    multiplier: float = 1.0,
) -> SlopeIndex:
    """How much the indicator changes from the most to the least deprived end of the population.

    The entries are quantiles (5 to 100), **most deprived first**: one row, or areas by quantiles. The
    index ``sii`` is the slope of a regression of value on relative rank weighted by the square root of
    population share; ``rii`` is the fitted value at rank 1 over that at rank 0; both come with
    simulated limits: every quantile's value is drawn ``repetitions`` times and the line refitted.

    ``value_type``: rates are drawn on the log scale and proportions on the logit scale, so
    ``standard_error`` must be **on that scale** (``standard_error_from_limits`` gives it). With
    ``transform`` the line too is fitted on that scale and the index put back on the original one.
    ``multiplier`` scales the slope; a negative one turns the ratio over (for indicators where low is good).
    The same ``seed`` gives the same limits.

    Refused: missing values, negative standard errors, empty quantiles, values the scale cannot hold,
    fewer than 1,000 repetitions. Where the fitted line is not clearly above zero at rank 0 ``rii`` is NaN
    with a note.
    Source: Low and Low, J Public Health 2004;26:388-95; OHID technical guidance (simulation, transformation).

    >>> value = [70.5, 71.6, 72.5, 73.5, 73.1, 76.2, 78.7, 80.6, 80.9, 80.0]
    >>> index = slope_index_of_inequality(value, [0.4] * 10, [2000] * 10, seed=1)
    >>> round(index.sii.value, 2), round(index.sii.lower, 1), round(index.sii.upper, 1)
    (12.72, 11.9, 13.6)
    >>> round(index.rii.value, 3)
    1.183
    """
    v, se, n = _checked(value, standard_error, population, value_type, repetitions, seed)
    if transform and value_type == "default":
        raise StatisticsError(
            "There is no transformation for value_type 'default'.", "Say rate or proportion."
        )
    if not np.isfinite(multiplier) or multiplier == 0:
        raise StatisticsError(f"multiplier is {multiplier!r}.", "Use a number other than zero, such as 100.")
    tail = (1 - checks.confidence_level(confidence)) / 2
    scaled = _to_scale(v, value_type)
    areas = [np.atleast_2d(x) for x in (v, scaled, se, n)]
    line = Line.through(areas[3])

    if transform:
        intercept, slope = line.intercept(areas[1]), line.slope(areas[1])
        limits = simulated_limits(line, areas[1], areas[2], None, repetitions, tail, seed)
        # The limits' lines are those of other slopes through the same middle, (rank 1/2, fitted value).
        slopes = np.stack([slope, limits.slope_lower, limits.slope_upper])
        middle = intercept + slope / 2
        start, end = (_from_scale(middle + side * slopes, value_type) for side in (-0.5, 0.5))
        slopes, ratios, intercepts = end - start, end / start, start[0]
        reason = np.full(slope.shape, "")
    else:
        intercepts, slope = line.intercept(areas[0]), line.slope(areas[0])
        back = None if value_type == "default" else value_type
        limits = simulated_limits(line, areas[1], areas[2], back, repetitions, tail, seed)
        slopes = np.stack([slope, limits.slope_lower, limits.slope_upper])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (intercepts + slope) / intercepts
        ratios = np.stack([ratio, limits.ratio_lower, limits.ratio_upper])
        clear = (intercepts > 0) & (limits.share_not_positive <= tail)
        reason = np.where(clear, "", NO_RATIO)

    if multiplier < 0:  # the limits change places
        slopes = slopes[[0, 2, 1]]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = 1 / ratios[[0, 2, 1]]
    slopes, intercepts = slopes * multiplier, intercepts * abs(multiplier)
    if v.ndim == 1:
        slopes, ratios, intercepts, reason = slopes[:, 0], ratios[:, 0], intercepts[0], reason[0]
    sii, rii = estimate(slopes[0], slopes[1], slopes[2]), estimate(ratios[0], ratios[1], ratios[2], reason)
    return SlopeIndex(sii, rii, scalar_or_array(intercepts))


def concentration_index(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """How much of the burden falls on one end: 0 shared equally, negative if it falls on the most deprived.

    ``value`` is the indicator (zero or more) in each group and ``population`` its people, **most deprived
    first**; one row, or areas by groups. C = 2/mu sum(f y R) - 1 with population shares f, relative ranks
    R and overall mean mu. The interval is normal with the variance for grouped data; without
    ``standard_error`` (of each group's value) groups count as single observations and it is wide.
    Source: Kakwani, Wagstaff and van Doorslaer, J Econometrics 1997;77:87-103, equation 14.

    >>> deaths = [154.7, 152.9, 119.5, 86.9, 54.3]
    >>> e = concentration_index(deaths, [29939, 28776, 26528, 24689, 19739])
    >>> round(e.value, 3)
    -0.169
    """
    y, n = checks.counts("value", value), checks.denominators("population", population)
    if y.shape != n.shape or y.ndim not in (1, 2) or y.shape[-1] < 2:
        raise StatisticsError(
            f"value is {y.shape} and population {n.shape}.",
            "Give one row of two or more groups, or areas by groups, in both.",
        )
    share = n / n.sum(axis=-1, keepdims=True)
    mu = (share * y).sum(axis=-1, keepdims=True)
    checks.refuse_where(
        mu[..., 0] <= 0, mu[..., 0], "The overall mean is not above zero", "Nothing is shared."
    )
    deviation = 2 * relative_ranks(n) - 1
    index = (share * y * deviation).sum(axis=-1, keepdims=True) / mu
    curve = np.cumsum(share * y, axis=-1) / mu
    before = curve - share * y / mu
    a = y / mu * (deviation - index) + 2 - before - curve
    variance = (share * a**2).sum(axis=-1) - (1 + index[..., 0]) ** 2
    if standard_error is None:
        variance = variance / y.shape[-1]
    else:
        se = checks.counts("standard_error", standard_error)
        if se.shape != y.shape:
            raise StatisticsError(
                f"standard_error is {se.shape}, value {y.shape}.", "Give one for each group."
            )
        total = n.sum(axis=-1)
        within = (share * n * se**2 * (deviation - index) ** 2).sum(axis=-1) / mu[..., 0] ** 2
        variance = (variance + within) / total
    value_ = index[..., 0]
    half = checks.z_value(confidence) * np.sqrt(np.maximum(variance, 0.0))
    return estimate(value_, value_ - half, value_ + half)
