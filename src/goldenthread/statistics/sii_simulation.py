"""The weighted line through quantiles and the simulated limits of its slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from goldenthread.statistics.estimate import FloatArray

BLOCK = 8192  # draws held at once for every quantile: keeps the work in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Least squares of value on relative rank with weights population share, as two linear maps.

    Regressing y sqrt(a) on sqrt(a) and b sqrt(a) is the same fit; the mean rank is always 1/2.
    """

    to_intercept: FloatArray
    to_slope: FloatArray

    @classmethod
    def through(cls, population: FloatArray) -> Line:
        share = population / population.sum(axis=-1, keepdims=True)
        from_middle = np.cumsum(share, axis=-1) - share / 2 - 0.5
        to_slope = share * from_middle / (share * from_middle**2).sum(axis=-1, keepdims=True)
        return cls(share - to_slope / 2, to_slope)

    def intercept(self, value: FloatArray) -> FloatArray:
        return np.asarray((self.to_intercept * value).sum(axis=-1))

    def slope(self, value: FloatArray) -> FloatArray:
        return np.asarray((self.to_slope * value).sum(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Simulated limits per area, and the share of lines that were not above zero at rank 0."""

    slope_lower: FloatArray
    slope_upper: FloatArray
    ratio_lower: FloatArray
    ratio_upper: FloatArray
    share_not_positive: FloatArray


def _drawn_directly(
    rng: np.random.Generator,
    maps: FloatArray,
    centre: FloatArray,
    standard_error: FloatArray,
    out: FloatArray,
) -> None:
    """Redrawn lines that are linear in normal draws: intercept and slope are then exactly bivariate
    normal, so two draws a line do the work of one for every quantile. The slopes are stratified, one from
    each of equally likely slices: the same distribution, with far less noise in its percentiles."""
    spread = maps * standard_error
    (var_a, cov), (_, var_b) = spread @ spread.T
    sd_b = np.sqrt(var_b)
    shared = cov / sd_b if sd_b > 0 else 0.0
    own = np.sqrt(max(var_a - shared**2, 0.0))
    lines = out.shape[1]
    slices = (np.arange(lines) + rng.random(lines)) / lines
    along = ndtri(np.maximum(slices, np.finfo(np.float64).tiny))
    mean_a, mean_b = maps @ centre
    out[0] = mean_a + own * rng.standard_normal(lines) + shared * along
    out[1] = mean_b + sd_b * along


def _drawn_by_quantile(
    rng: np.random.Generator,
    maps: FloatArray,
    centre: FloatArray,
    standard_error: FloatArray,
    back: str,
    out: FloatArray,
) -> None:
    """Redrawn lines through quantiles drawn on the log or logit scale and put back on their own."""
    for first in range(0, out.shape[1], BLOCK):
        block = out[:, first : first + BLOCK]
        drawn = rng.standard_normal((len(centre), block.shape[1]))
        drawn *= standard_error[:, None]
        drawn += centre[:, None]
        if back == "rate":
            np.exp(drawn, out=drawn)
        else:
            expit(drawn, out=drawn)
        np.matmul(maps, drawn, out=block)


def simulated_limits(
    line: Line,
    centre: FloatArray,
    standard_error: FloatArray,
    back: str | None,
    repetitions: int,
    tail: float,
    seed: int | None,
) -> Limits:
    """Draw every area's quantiles ``repetitions`` times and take percentiles of the refitted lines.

    ``centre`` and ``standard_error`` are areas by quantiles on the scale of the draws; ``back`` ("rate",
    "proportion" or None) says how draws return to the scale of the line. The limits are the order
    statistics number round(repetitions tail) and round(repetitions (1 - tail)), as OHID's method takes
    them. One area is in memory at a time; each has its own stream of the seed.
    """
    areas = len(centre)
    wanted = np.array([max(round(repetitions * tail), 1), round(repetitions * (1 - tail))]) - 1
    out = np.empty((5, areas))
    lines = np.empty((2, repetitions))
    for i, stream in enumerate(np.random.SeedSequence(seed).spawn(areas)):
        rng = np.random.Generator(np.random.SFC64(stream))
        maps = np.stack([line.to_intercept[i], line.to_slope[i]])
        if back is None:
            _drawn_directly(rng, maps, centre[i], standard_error[i], lines)
        else:
            _drawn_by_quantile(rng, maps, centre[i], standard_error[i], back, lines)
        start, slope = lines
        out[4, i] = np.count_nonzero(start <= 0) / repetitions
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (start + slope) / start
        ratio.partition(wanted)
        slope.partition(wanted)  # in place: the ratio above was the last use of the pairing
        out[:2, i], out[2:4, i] = slope[wanted], ratio[wanted]
    return Limits(*out)
