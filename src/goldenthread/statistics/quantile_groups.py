"""Ranking areas into quantiles, tied values together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.statistics.estimate import FloatArray, Note, StatisticsError

TOO_FEW_AREAS = "fewer areas than quantiles"
NO_VALUE = "no value"


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """The quantile of each area, 1 first; NaN with a note where it has no value or its group too few."""

    quantile: FloatArray
    note: Note = ""


def quantiles(
    values: ArrayLike, number: int = 10, *, invert: bool = True, groups: ArrayLike | None = None
) -> Quantiles:
    """Which tenth (or fifth, ...) each area is in.

    With ``invert`` quantile 1 holds the highest values, as OHID's default; without it the lowest. Equal
    values share a quantile: with rank r (ties take the lowest rank) of n areas in ``number`` quantiles Q the
    quantile is floor(Q + 1 - ceil((n + 1 - r) Q / n)), at least 1. ``groups`` (a region for every area,
    say) ranks within each group. An area without a value (NaN) is left out of the ranking; it, and groups
    with fewer areas than quantiles, get NaN and a note that says which.
    Source: OHID technical guidance, assigning areas to quantiles.

    >>> quantiles([10, 20, 30, 40, 50, 60, 70, 80], 4).quantile.tolist()
    [4.0, 4.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0]
    """
    try:
        v = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(
            "values holds something that is not a number.", "Use NaN for no value."
        ) from None
    if v.ndim != 1 or not len(v) or np.isinf(v).any():
        raise StatisticsError("values is not one row of numbers.", "Give one finite value for each area.")
    if isinstance(number, bool) or int(number) != number or number < 2:
        raise StatisticsError(f"{number!r} quantiles cannot be formed.", "Use a whole number of 2 or more.")
    labels: NDArray[np.intp]
    if groups is None:
        labels = np.zeros(len(v), dtype=np.intp)
    else:
        given = np.asarray(groups)
        if given.shape != v.shape:
            raise StatisticsError(
                f"values has {v.shape} entries and groups {given.shape}.", "Give a group for each area."
            )
        labels = np.unique(given.astype(np.str_), return_inverse=True)[1]
    order = -v if invert else v
    known = ~np.isnan(v)
    result = np.full(len(v), np.nan)
    for label in range(int(labels.max()) + 1):
        inside = (labels == label) & known
        ranked = order[inside]
        n = len(ranked)
        if n >= number:
            rank = 1 + np.searchsorted(np.sort(ranked), ranked, side="left")
            # ceil(a / b) in whole numbers, so that 6 / 1.2 is 5 on every machine
            above = -((-(n + 1 - rank) * number) // n)
            result[inside] = np.maximum(number + 1 - above, 1)
    unplaced = np.isnan(result)
    note = np.select([~known, unplaced], [NO_VALUE, TOO_FEW_AREAS], "")
    return Quantiles(result, note if unplaced.any() else "")
