"""Funnel plots: the control limits around an average, and which areas lie outside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainccinv, gammaincinv, ndtri

from goldenthread.statistics import checks
from goldenthread.statistics.estimate import FloatArray, StatisticsError
from goldenthread.statistics.rates import poisson_limits
from goldenthread.statistics.standardised import FEWEST_EVENTS

if TYPE_CHECKING:
    import pandas as pd

Statistic = Literal["proportion", "rate", "ratio"]
OUTER, INNER = 0.998, 0.95  # two-sided: about three and two standard deviations
HIGH_OUTER, HIGH_INNER = "High (0.001)", "High (0.025)"
LOW_OUTER, LOW_INNER = "Low (0.001)", "Low (0.025)"
WITHIN = "Not significant"
TOO_FEW = "Not applicable for events less than 10 for dsrs"  # as published


@dataclass(frozen=True, slots=True, eq=False)
class Funnel:
    """An average, the curves around it and the verdict on each area.

    ``curve`` maps column names to equally long arrays. Proportions: ``denominator`` and the limits
    ``lower_95``, ``upper_95``, ``lower_998``, ``upper_998`` there. Rates and ratios are drawn by events:
    each limit comes with the population (in one year) or the expected events at which that number of
    events meets it (``lower_95_at`` and so on). ``denominator`` holds each area's place on the x axis.
    """

    statistic: str
    baseline: float
    curve: dict[str, FloatArray]
    value: FloatArray
    denominator: FloatArray
    significance: NDArray[np.str_]

    @property
    def frame(self) -> pd.DataFrame:
        """The curve as a frame."""
        import pandas as pd

        return pd.DataFrame(self.curve).assign(baseline=self.baseline)


def funnel_limits(
    count: ArrayLike,
    denominator: ArrayLike | None = None,
    *,
    statistic: Statistic = "proportion",
    per: float | None = None,
    rate: ArrayLike | None = None,
    years: float = 1,
) -> Funnel:
    """Control limits at 95% and 99.8% around the average of all areas, and which areas lie outside.

    - ``proportion``: ``count`` over ``denominator``; limits p +/- z sqrt(p (1 - p) / n), which is where an
      area's Wilson interval would just touch the average; ``per`` defaults to 100.
    - ``rate``: events over person-years of ``years`` years; ``per`` defaults to 100,000. For directly
      standardised rates give them as ``rate`` (on the same ``per``): the effective denominator is
      per x count / rate, and areas under 10 events (whose rate may be missing) get no verdict.
    - ``ratio``: observed over expected events; ``per`` defaults to 100. The average is the expectation.

    Limits of rates and ratios are exact Poisson; the verdict compares each area's interval (Byar's, exact
    under 10 events) with the average.
    Source: Spiegelhalter, Stat Med 2005;24:1185-202; OHID technical guidance.

    >>> funnel = funnel_limits([50, 60, 95], [100, 100, 100])
    >>> round(funnel.baseline, 1), funnel.significance.tolist()
    (68.3, ['Low (0.001)', 'Not significant', 'High (0.001)'])
    """
    x = checks.counts("count", count)
    if x.ndim != 1 or len(x) < 2:
        raise StatisticsError("A funnel compares areas.", "Give one count for each of two or more areas.")
    if statistic not in ("proportion", "rate", "ratio"):
        raise StatisticsError(f"statistic {statistic!r} is not known.", "Use proportion, rate or ratio.")
    scale = checks.multiplier("per", per or (100_000 if statistic == "rate" else 100))
    standardised = rate is not None
    if standardised and statistic != "rate":
        raise StatisticsError("rate= belongs to statistic='rate' alone.", "Leave it out.")
    n = _effective_denominator(x, denominator, rate, scale)
    known = ~np.isnan(n)
    if not known.any() or x.sum() == 0:
        raise StatisticsError("There are no events to compare.", "A funnel needs at least one event.")
    average = 1.0 if statistic == "ratio" else float(x[known].sum() / n[known].sum())
    least, most = float(n[known].min()), float(n[known].max())

    if statistic == "proportion":
        over = x > n
        checks.refuse_where(over, x, "count is above its denominator", "Use statistic='rate' for events.")
        curve = _proportion_curve(average, least, most, scale)
        beyond = _proportion_verdict(x, n, average)
    else:
        whole = _axis_in_events(least, most, average, checks.multiplier("years", years), statistic)
        curve = _poisson_curve(whole, average, scale, years)
        beyond = _poisson_verdict(x, n, average)
    significance = np.select(
        [beyond(OUTER, True), beyond(INNER, True), beyond(OUTER, False), beyond(INNER, False)],
        [HIGH_OUTER, HIGH_INNER, LOW_OUTER, LOW_INNER],
        WITHIN,
    )
    value = np.divide(x, n, out=np.full(len(x), np.nan), where=known) * scale
    if standardised:
        few = x < FEWEST_EVENTS
        significance = np.where(few, TOO_FEW, significance)
        value, n = np.where(few, np.nan, value), np.where(few, np.nan, n)
    place = n / years if statistic == "rate" else n
    return Funnel(statistic, average * scale, curve, value, place, significance.astype(np.str_))


def _effective_denominator(
    x: FloatArray, denominator: ArrayLike | None, rate: ArrayLike | None, per: float
) -> FloatArray:
    """The denominator that with the count gives the rate; NaN where a standardised area has no event."""
    if rate is None:
        if denominator is None:
            raise StatisticsError(
                "There is no denominator.", "Give denominators, or rate= for standardised rates."
            )
        n = checks.denominators("denominator", denominator)
    else:
        r = np.asarray(rate, dtype=np.float64)
        checks.same_shape(count=x, rate=r)
        # Under 10 events there is no standardised rate to give, so none is asked for.
        checks.counts("rate", np.where(np.isnan(r) & (x < FEWEST_EVENTS), 0.0, r))
        remedy = "Check that counts and rates are of the same areas."
        checks.refuse_where((x > 0) & (r == 0), x, "The rate is zero where the count is", remedy)
        n = np.divide(per * x, r, out=np.full(x.shape, np.nan), where=x > 0)
    if n.shape != x.shape:
        raise StatisticsError(f"count is {x.shape}, denominator {n.shape}.", "Give one denominator per area.")
    return n


def _neat(x: float, figures_dropped: int, rounding: Callable[[float], float]) -> float:
    """Round an end of the axis to few figures."""
    unit = 10.0 ** (len(str(int(rounding(x)))) - figures_dropped)
    return float(rounding(x / unit) * unit)


def _axis_ends(least: float, most: float, years: float) -> tuple[float, float]:
    """The x axis starts at zero unless all areas are of similar size."""
    start = 0.0 if most > 2 * least else _neat(least / years * 0.95, 1, np.floor) * years
    return start, _neat(most / years * 1.05, 2, np.ceil) * years


def _spread_points(start: float, end: float, offset: int) -> FloatArray:
    """100 whole numbers, closer together where the funnel bends most."""
    points = [max(1.0, start)]
    for j in range(2, 101):
        last = points[-1]
        points.append(max(float(round((end / last) ** (1 / (101 - j + offset)) * last)), last + 1))
    return np.array(points)


def _proportion_half_width(n: FloatArray, p: float, level: float) -> FloatArray:
    return np.asarray(ndtri(0.5 + level / 2) * np.sqrt(p * (1 - p) / n))


def _proportion_curve(p: float, least: float, most: float, per: float) -> dict[str, FloatArray]:
    n = _spread_points(*_axis_ends(least, most, 1), offset=0)
    curve = {"denominator": n}
    for level, label in ((INNER, "95"), (OUTER, "998")):
        half = _proportion_half_width(n, p, level)
        curve[f"lower_{label}"] = np.maximum(p - half, 0) * per
        curve[f"upper_{label}"] = np.minimum(p + half, 1) * per
    return curve


Verdict = Callable[[float, bool], NDArray[np.bool_]]


def _proportion_verdict(x: FloatArray, n: FloatArray, p: float) -> Verdict:
    def beyond(level: float, high: bool) -> NDArray[np.bool_]:
        half = _proportion_half_width(n, p, level)
        return np.asarray(x / n > p + half if high else x / n < p - half)

    return beyond


def _axis_in_events(least: float, most: float, average: float, years: float, statistic: str) -> FloatArray:
    if statistic == "ratio":
        return _spread_points(*_axis_ends(least, most, 1), offset=1)
    start, end = _axis_ends(least, most, years)
    return _spread_points(float(np.floor(start * average)), float(np.ceil(end * average)), offset=0)


def _on_published_grid(mean: FloatArray, events: FloatArray) -> FloatArray:
    """Published tables find the Poisson mean m by halving v = m / (1 + events + m) down to 2^-24; the
    exact mean is put on that grid so that figures agree with them digit for digit."""
    v = mean / (1 + events + mean)
    v = (np.floor(v * 2**23) + 0.5) / 2**23
    return np.asarray((1 + events) * v / (1 - v))


def _poisson_curve(events: FloatArray, average: float, per: float, years: float) -> dict[str, FloatArray]:
    """Where each number of events meets the limits: P(X >= events) or P(X <= events) is the tail."""
    curve = {"events": events}
    for level, label in ((INNER, "95"), (OUTER, "998")):
        tail = (1 - level) / 2
        means = {
            "lower": np.asarray(gammainccinv(events + 1, tail), dtype=np.float64),
            "upper": np.asarray(gammaincinv(events, tail), dtype=np.float64),
        }
        for side, mean in means.items():
            at = _on_published_grid(mean, events) / average
            curve[f"{side}_{label}_at"] = at / years
            curve[f"{side}_{label}"] = events / at * per
    return curve


def _poisson_verdict(x: FloatArray, n: FloatArray, average: float) -> Verdict:
    def beyond(level: float, high: bool) -> NDArray[np.bool_]:
        lower, upper = poisson_limits(x, confidence=level)
        return np.asarray(lower / n > average if high else upper / n < average)

    return beyond
