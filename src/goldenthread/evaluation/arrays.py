"""Array types, and the checks every people-level function makes on what it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.evaluation.errors import EvaluationError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
"""Dates, always to the day (``datetime64[D]``)."""


def as_floats(values: npt.ArrayLike, name: str, *, length: int | None = None, finite: bool = True) -> Floats:
    """A one-dimensional float array of the expected length, or an error naming it and the first bad row."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise EvaluationError(f"{name} has {array.ndim} dimensions.", "Give one value per person.")
    _check_length(array, name, length)
    if finite and not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise EvaluationError(
            f"{name}, row {row}: {array[row]} is not a number.", "Fill or leave out that row."
        )
    return array


def as_bools(values: npt.ArrayLike, name: str, *, length: int | None = None) -> Bools:
    """A flag per person, from booleans or zeros and ones."""
    array = np.asarray(values)
    _check_length(array, name, length)
    if array.dtype != np.bool_:
        if not np.isin(array, (0, 1)).all():
            raise EvaluationError(f"{name} holds values other than 0 and 1.", "Code it true or false.")
        array = array.astype(np.bool_)
    return array


def as_codes(values: Any, name: str, *, length: int | None = None) -> Ints:
    """Labels of any kind as dense integers from 0, in sorted order."""
    array = np.asarray(values)
    _check_length(array, name, length)
    _, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64)


def distinct(values: npt.NDArray[Any]) -> int:
    """How many different values there are. (Sorting whole numbers beats NumPy's hashing of them.)

    >>> distinct(np.array([3, 1, 3]))
    2
    """
    ordered = np.sort(values)
    return len(ordered) and 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))


def counts_and_days(
    count: npt.ArrayLike, days: npt.ArrayLike, *, length: int | None = None, name: str = "count"
) -> tuple[Floats, Floats]:
    """Events and follow-up (days) per person: same length, neither negative, no event without follow-up."""
    events = as_floats(count, name, length=length)
    followed = as_floats(days, "follow-up days", length=len(events))
    for array, what in ((events, name), (followed, "follow-up")):
        if (array < 0).any():
            row = int(np.flatnonzero(array < 0)[0])
            raise EvaluationError(
                f"Row {row}: {what} is negative ({array[row]:g}).", "Check the entry, exit and event dates."
            )
    if ((events > 0) & (followed == 0)).any():
        row = int(np.flatnonzero((events > 0) & (followed == 0))[0])
        raise EvaluationError(
            f"Row {row}: {events[row]:g} events in no follow-up time.",
            "Count events only while the person is followed.",
        )
    return events, followed


def _check_length(array: npt.NDArray[Any], name: str, length: int | None) -> None:
    if length is not None and len(array) != length:
        raise EvaluationError(
            f"{name} has {len(array)} values where {length} are needed.",
            "Give one value per person, in one order.",
        )
