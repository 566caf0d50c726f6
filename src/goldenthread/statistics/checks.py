"""Input checks shared by the room: what is wrong, at which position, and what to do next."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from goldenthread.statistics.estimate import FloatArray, StatisticsError


def _where(wrong: NDArray[np.bool_]) -> str:
    """Name the first wrong entry in words, as ' at position 3', or nothing for a single number."""
    if wrong.ndim == 0:
        return ""
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f" at position {first[0] if len(first) == 1 else first}"


def refuse_where(wrong: NDArray[np.bool_], values: FloatArray, problem: str, remedy: str) -> None:
    """Raise on the first True of ``wrong``, quoting the value found there."""
    if np.any(wrong):
        found = float(values[tuple(np.argwhere(wrong)[0])]) if wrong.ndim else float(values)
        count = int(np.count_nonzero(wrong))
        more = f" ({count} such entries)" if count > 1 else ""
        raise StatisticsError(f"{problem}{_where(wrong)}: {found:g}{more}.", remedy)


def numbers(name: str, values: ArrayLike) -> FloatArray:
    """The values as floats, refusing anything missing, infinite or not a number."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(
            f"{name} holds something that is not a number.", f"Give {name} as numbers, none missing."
        ) from None
    if array.size == 0:
        raise StatisticsError(f"{name} is empty.", "Give at least one number.")
    remedy = "Leave the row out, or find the missing figure; a blank is not a zero."
    refuse_where(~np.isfinite(array), array, f"{name} is missing or not finite", remedy)
    return array


def counts(name: str, values: ArrayLike) -> FloatArray:
    """Numbers of zero or more."""
    array = numbers(name, values)
    refuse_where(array < 0, array, f"{name} is negative", "Counts start at zero; correct the source.")
    return array


def denominators(name: str, values: ArrayLike) -> FloatArray:
    """Numbers greater than zero."""
    array = numbers(name, values)
    remedy = "Leave out empty areas, or merge the age band with its neighbour before calling."
    refuse_where(array <= 0, array, f"{name} must be greater than zero", remedy)
    return array


def same_shape(**arrays: FloatArray) -> None:
    """Refuse arrays whose shapes differ; a single number goes with anything."""
    shapes = {name: a.shape for name, a in arrays.items() if a.ndim}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise StatisticsError(f"The lengths do not match: {listed}.", "Give one entry per row in each.")


def confidence_level(confidence: float) -> float:
    """A confidence level as a fraction between 0.5 and 1."""
    if not (isinstance(confidence, int | float | np.floating) and 0.5 <= confidence < 1):
        raise StatisticsError(
            f"The confidence level {confidence!r} is not between 0.5 and 1.", "Write 0.95 for 95%."
        )
    return float(confidence)


def z_value(confidence: float) -> float:
    """Standard normal deviate of a two-sided interval: 1.959964 for 0.95."""
    return float(ndtri(0.5 + confidence_level(confidence) / 2))


def multiplier(name: str, value: float) -> float:
    """A finite multiplier greater than zero, such as 100,000."""
    if not (math.isfinite(value) and value > 0):
        raise StatisticsError(
            f"{name} is {value!r}.", f"Give {name} as a number above zero, such as 100_000."
        )
    return float(value)
