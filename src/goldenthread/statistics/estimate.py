"""What every statistic returns: a value, its interval and, where there is none, the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.errors import GoldenThreadError

FloatArray = NDArray[np.float64]
Number = float | FloatArray
Note = str | NDArray[np.str_]


class StatisticsError(GoldenThreadError):
    """The input cannot be right, so no figure is given."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A value with its lower and upper confidence limit.

    Scalars in give floats; arrays in give arrays of the same shape. Where a figure must not be given (a
    directly standardised rate on fewer than 10 events, say) the numbers are NaN **and** ``note`` says why;
    ``available`` tells which entries can be used.

    >>> Estimate(12.0, 10.0, 14.5)
    Estimate(value=12.0, lower=10.0, upper=14.5)
    >>> Estimate(float("nan"), float("nan"), float("nan"), note="fewer than 10 events").available
    False
    """

    value: Number
    lower: Number
    upper: Number
    note: Note = ""

    @property
    def available(self) -> bool | NDArray[np.bool_]:
        """True where there is a value; where it is False, ``note`` holds the reason."""
        there = ~np.isnan(np.asarray(self.value))
        return bool(there) if there.ndim == 0 else there

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Estimate):
            return NotImplemented
        mine, theirs = (
            [np.asarray(x, dtype=float) for x in (e.value, e.lower, e.upper)] for e in (self, other)
        )
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(mine, theirs, strict=True))
        return same and np.array_equal(np.asarray(self.note), np.asarray(other.note))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        note = f", note={self.note!r}" if np.any(np.asarray(self.note) != "") else ""
        return f"Estimate(value={self.value!r}, lower={self.lower!r}, upper={self.upper!r}{note})"


def scalar_or_array(x: ArrayLike) -> Number:
    """A float where the answer is one number, an array otherwise."""
    array = np.asarray(x, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


def estimate(value: ArrayLike, lower: ArrayLike, upper: ArrayLike, reason: ArrayLike = "") -> Estimate:
    """Build an ``Estimate``; entries whose ``reason`` is not empty lose their numbers."""
    note = np.asarray(reason, dtype=np.str_)
    numbers = [np.asarray(x, dtype=np.float64) for x in (value, lower, upper)]
    if np.any(note != ""):
        numbers = [np.where(note == "", x, np.nan) for x in numbers]
        kept: Note = str(note) if note.ndim == 0 else note
    else:
        kept = ""
    return Estimate(
        scalar_or_array(numbers[0]), scalar_or_array(numbers[1]), scalar_or_array(numbers[2]), note=kept
    )
