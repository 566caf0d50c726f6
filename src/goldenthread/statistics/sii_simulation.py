"""The weighted line through quantiles and the simulated limits of its slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

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


class _DirectDraws:
    """Redrawn lines that are linear in normal draws.

    Intercept and slope are then exactly bivariate normal, so two draws a line do the work of one for every
    quantile. The slopes are stratified, one from each of equally likely slices, in ascending order: the
    same distribution with far less noise in its percentiles, and nothing to sort.
    """

    def __init__(self, rng: np.random.Generator, repetitions: int) -> None:
        slices = (np.arange(repetitions) + rng.random(repetitions)) / repetitions
        self.along = ndtri(np.maximum(slices, np.finfo(np.float64).tiny))
        self.own = rng.standard_normal(repetitions)

    def lines(
        self, maps: FloatArray, centre: FloatArray, standard_error: FloatArray, out: FloatArray
    ) -> None:
        spread = maps * standard_error
        (var_start, covariance), (_, var_slope) = spread @ spread.T
        sd_slope = np.sqrt(var_slope)
        shared = covariance / sd_slope if sd_slope > 0 else 0.0
        mean_start, mean_slope = maps @ centre
        np.multiply(self.own, np.sqrt(max(var_start - shared**2, 0.0)), out=out[0])
        out[0] += shared * self.along
        out[0] += mean_start
        np.multiply(self.along, sd_slope, out=out[1])
        out[1] += mean_slope


class _QuantileDraws:
    """Redrawn lines through quantiles drawn on the log or logit scale and put back on their own."""

    def __init__(self, rng: np.random.Generator, quantiles: int, repetitions: int, back: str) -> None:
        self.z = rng.standard_normal((quantiles, repetitions))
        self.back = back

    def lines(
        self, maps: FloatArray, centre: FloatArray, standard_error: FloatArray, out: FloatArray
    ) -> None:
        spread, buffer = standard_error[:, None], np.empty((len(centre), BLOCK))
        middle = np.exp(centre)  # the value of a rate, the odds of a proportion
        for first in range(0, out.shape[1], BLOCK):
            z = self.z[:, first : first + BLOCK]
            drawn = np.multiply(z, spread, out=buffer[:, : z.shape[1]])
            np.exp(drawn, out=drawn)
            drawn *= middle[:, None]
            if self.back == "proportion":
                # odds / (1 + odds), written so that huge odds stay finite
                np.reciprocal(drawn, out=drawn)
                drawn += 1.0
                np.reciprocal(drawn, out=drawn)
            np.matmul(maps, drawn, out=out[:, first : first + BLOCK])


def _order_statistics(draws: FloatArray, wanted: tuple[int, int]) -> tuple[float, float]:
    """Two order statistics; two selections beat one call for both by far."""
    return float(np.partition(draws, wanted[0])[wanted[0]]), float(np.partition(draws, wanted[1])[wanted[1]])


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
    them. All areas use the same standard normal draws, so an area's limits do not depend on what else is
    in the table. Memory: 8 bytes x repetitions x quantiles, whatever the number of areas.
    """
    areas, quantiles = centre.shape
    rng = np.random.Generator(np.random.SFC64(seed))
    draws: _DirectDraws | _QuantileDraws
    if back is None:
        draws = _DirectDraws(rng, repetitions)
    else:
        draws = _QuantileDraws(rng, quantiles, repetitions, back)
    wanted = max(round(repetitions * tail), 1) - 1, round(repetitions * (1 - tail)) - 1
    lines, out = np.empty((2, repetitions)), np.empty((5, areas))
    start, slope = lines
    for i in range(areas):
        maps = np.stack([line.to_intercept[i], line.to_slope[i]])
        draws.lines(maps, centre[i], standard_error[i], lines)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (start + slope) / start
        out[:2, i] = slope[list(wanted)] if back is None else _order_statistics(slope, wanted)
        out[2:4, i] = _order_statistics(ratio, wanted)
        out[4, i] = np.count_nonzero(start <= 0) / repetitions
    return Limits(*out)
