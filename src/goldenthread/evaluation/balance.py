"""Were they alike? Differences between the groups before and after matching or weighting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from goldenthread.evaluation.arrays import Floats, as_bools, as_floats
from goldenthread.evaluation.design import is_binary
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.matching import Matches

GOOD = 0.1
"""A standardised difference under this is read as balanced (Austin 2009, Stat Med 28:3083)."""


def balance_table(
    covariates: npt.ArrayLike,
    treated: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    denominator: Literal["treated", "pooled"] = "treated",
    pairs: Matches | None = None,
) -> pd.DataFrame:
    """One row per covariate: means, standardised difference, variance ratio and eCDF gaps, before and after.

    covariates: people x columns. weights: 0 for people not compared; None gives only "before". The
    standardised mean difference divides by the standard deviation of the treated *before* matching (or the
    root mean of both groups' variances with ``denominator="pooled"``), so that it moves only when the means
    do. Variance ratio (treated over control) is empty for 0/1 columns. The eCDF gaps are the mean and largest
    difference between the groups' distribution functions over the distinct values among everybody. With ``pairs`` the mean
    standardised distance within pairs is added. Formulae: Stuart (2010) Stat Sci 25:1; Austin & Stuart (2015).

    >>> table = balance_table([[1.0], [2.0], [3.0], [5.0]], [1, 1, 0, 0], names=["age"])
    >>> round(float(table.loc[0, "smd_before"]), 3)
    -3.536
    """
    x = np.asarray(covariates, dtype=np.float64)
    if x.ndim == 1:
        x = x[:, None]
    flag = as_bools(treated, "treated", length=len(x))
    labels = list(names) if names is not None else [f"covariate {j}" for j in range(x.shape[1])]
    if len(labels) != x.shape[1]:
        raise EvaluationError(f"{len(labels)} names for {x.shape[1]} covariates.", "Give one each.")
    w = None if weights is None else as_floats(weights, "weights", length=len(x))
    t, c = np.flatnonzero(flag), np.flatnonzero(~flag)
    if not len(t) or not len(c):
        raise EvaluationError("One of the two groups is empty.", "Give treated people and controls.")
    used_t, used_c = (t, c) if w is None else (t[w[t] > 0], c[w[c] > 0])
    rows = []
    for j, name in enumerate(labels):
        column = np.ascontiguousarray(x[:, j])
        a, b = column[t], column[c]
        binary = is_binary(column)
        scale = _scale(a, b, binary, denominator)
        row: dict[str, object] = {"covariate": name}
        points = None if binary else _Points.of(column)
        row |= _compare(a, b, None, None, points, scale, "before")
        if w is not None:
            row |= _compare(column[used_t], column[used_c], w[used_t], w[used_c], points, scale, "after")
        if pairs is not None:
            away = np.abs(column[pairs.treated] - column[pairs.control])
            row["pair_distance"] = _over(float(away.mean()), scale) if len(away) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def largest_difference(
    table: pd.DataFrame, *, when: Literal["before", "after"] = "after"
) -> tuple[str, float]:
    """The covariate that differs most, and its absolute standardised difference.

    >>> table = balance_table([[1.0], [2.0], [3.0], [5.0]], [1, 1, 0, 0], names=["age"])
    >>> largest_difference(table, when="before")[0]
    'age'
    """
    size = table[f"smd_{when}"].abs()
    at = int(size.to_numpy().argmax())
    return str(table["covariate"].iloc[at]), float(size.iloc[at])


def _scale(a: Floats, b: Floats, binary: bool, denominator: str) -> float:
    first = _variance(a, None, binary)
    if denominator == "treated" and first > 0:
        return float(np.sqrt(first))
    return float(np.sqrt((first + _variance(b, None, binary)) / 2))


def _compare(
    a: Floats,
    b: Floats,
    wa: Floats | None,
    wb: Floats | None,
    points: _Points | None,
    scale: float,
    when: str,
) -> dict[str, float]:
    mean_a, mean_b = float(np.average(a, weights=wa)), float(np.average(b, weights=wb))
    if points is None:
        gap_mean = gap_max = abs(mean_a - mean_b)
        ratio = np.nan
    else:
        gap_mean, gap_max = (
            points.gaps_of_everybody(a) if wa is None or wb is None else points.gaps(a, b, wa, wb)
        )
        other = _variance(b, wb, binary=False)
        ratio = _variance(a, wa, binary=False) / other if other > 0 else np.nan
    return {
        f"mean_treated_{when}": mean_a,
        f"mean_control_{when}": mean_b,
        f"smd_{when}": _over(mean_a - mean_b, scale),
        f"variance_ratio_{when}": ratio,
        f"ecdf_mean_{when}": gap_mean,
        f"ecdf_max_{when}": gap_max,
    }


def _over(difference: float, scale: float) -> float:
    """Difference in standard deviations; none of either is no difference, never 0/0."""
    if difference == 0:
        return 0.0
    return difference / scale if scale > 0 else float(np.copysign(np.inf, difference))


def _variance(x: Floats, w: Floats | None, binary: bool) -> float:
    if binary:
        share = float(np.average(x, weights=w))
        return share * (1 - share)
    if len(x) < 2:
        return 0.0
    if w is None:
        return float(x.var(ddof=1))
    total = w.sum()
    mean = (w @ x) / total
    spare = total - (w @ w) / total
    return float(w @ (x - mean) ** 2 / spare) if spare > 0 else 0.0


@dataclass(frozen=True)
class _Points:
    """The distinct values of a column among everybody, and how many people lie at or below each."""

    values: Floats
    below: Floats

    @classmethod
    def of(cls, column: Floats) -> _Points:
        ordered = np.sort(column)
        last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        return cls(ordered[last], np.asarray(last + 1, dtype=np.float64))

    def gaps_of_everybody(self, a: Floats) -> tuple[float, float]:
        """Mean and largest eCDF gap between a group and all the rest, unweighted."""
        here = np.bincount(np.searchsorted(self.values, a), minlength=len(self.values))
        first = np.cumsum(here, dtype=np.float64)
        other = self.below - first
        gap = np.abs(first / first[-1] - other / other[-1])
        return float(gap.mean()), float(gap.max())

    def gaps(self, a: Floats, b: Floats, wa: Floats, wb: Floats) -> tuple[float, float]:
        """The same between two weighted groups: the gap only changes where one of them has somebody."""
        at = np.searchsorted(self.values, np.concatenate([a, b]))
        step = np.concatenate([wa / wa.sum(), -wb / wb.sum()])
        order = np.argsort(at, kind="stable")
        gap = np.abs(np.cumsum(step[order]))
        stretch = np.diff(np.append(at[order], len(self.values)))
        return float(gap @ stretch / len(self.values)), float(gap[stretch > 0].max(initial=0.0))
