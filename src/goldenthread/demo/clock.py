"""Days as whole numbers since 1970-01-01, and how activity falls across the year and the week."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Days = npt.NDArray[np.int32]

EPOCH = date(1970, 1, 1)
NEVER = -1_000_000
"""Stands for "no date" in arrays of days."""


def day(year: int, month: int = 1, dom: int = 1) -> int:
    """Day number of a calendar date.

    >>> day(1970, 1, 2)
    1
    """
    return (date(year, month, dom) - EPOCH).days


DATA_DATE = day(2026, 10, 31)
GP_START = day(2016, 11, 1)
HOSPITAL_START = day(2023, 11, 1)
_FIRST = day(1900)
_ISO = pa.array([date.fromordinal(EPOCH.toordinal() + d).isoformat() for d in range(_FIRST, day(2028))])
_UK = pa.array([f"{s[8:]}/{s[5:7]}/{s[:4]}" for s in _ISO.to_pylist()])
_MONTH = pa.array([s[:7] for s in _ISO.to_pylist()])
_YEAR = pa.array([s[:4] for s in _ISO.to_pylist()])
_STYLES = {"iso": _ISO, "uk": _UK, "month": _MONTH, "year": _YEAR}


def text(days: npt.NDArray[np.generic], style: str = "iso") -> pa.Array:
    """Dates as text; ``NEVER`` becomes null. Styles: iso, uk (DD/MM/YYYY), month, year.

    >>> text(np.array([0, NEVER])).to_pylist()
    ['1970-01-01', None]
    """
    d = np.asarray(days, dtype=np.int64)
    index = pa.array(np.where(d == NEVER, 0, d - _FIRST), mask=d == NEVER)
    return _STYLES[style].take(index)


def times(minutes: npt.NDArray[np.generic]) -> pa.Array:
    """Minutes after midnight as HH:MM:SS."""
    table = pa.array([f"{m // 60:02d}:{m % 60:02d}:00" for m in range(1440)])
    return table.take(pa.array(np.asarray(minutes, dtype=np.int64) % 1440))


def months(first: int, last: int) -> list[tuple[str, int, int]]:
    """Calendar months as (label, first day, last day), from the one holding ``first`` to that of ``last``."""
    found: list[tuple[str, int, int]] = []
    d = date.fromordinal(EPOCH.toordinal() + first).replace(day=1)
    while (d - EPOCH).days <= last:
        following = date(d.year + d.month // 12, d.month % 12 + 1, 1)
        found.append((f"{d.year}_{d.month:02d}", (d - EPOCH).days, (following - EPOCH).days - 1))
        d = following
    return found


def quarters(first: int, last: int) -> list[tuple[str, int, int]]:
    """Three-month periods as (label, first day, last day), starting with the month of ``first``."""
    ms = months(first, last)
    return [
        (f"{ms[i][0]}_{ms[min(i + 2, len(ms) - 1)][0]}", ms[i][1], ms[min(i + 2, len(ms) - 1)][2])
        for i in range(0, len(ms), 3)
    ]


def winter(days: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Cosine with its peak in mid-January (+1) and its trough in mid-July (-1)."""
    return np.cos(2 * np.pi * (np.asarray(days) - day(2024, 1, 15)) / 365.25)


def spread(
    rng: np.random.Generator,
    first: npt.NDArray[Any],
    last: npt.NDArray[Any],
    season: float = 0.0,
) -> Days:
    """Random days in [first, last], denser in winter (season > 0) or in summer (season < 0)."""
    first = np.asarray(first, dtype=np.int64)
    width = np.maximum(np.asarray(last, dtype=np.int64) - first, 0)
    out = first + np.floor(rng.random(len(first)) * (width + 1)).astype(np.int64)
    if season:
        for _ in range(4):
            keep = rng.random(len(first)) < (1 + season * winter(out)) / (1 + abs(season))
            fresh = first + np.floor(rng.random(len(first)) * (width + 1)).astype(np.int64)
            out = np.where(keep, out, fresh)
    return np.asarray(out, dtype=np.int32)


def weekday(days: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """0 is Monday."""
    return (np.asarray(days, dtype=np.int64) + 3) % 7


def to_working_day(rng: np.random.Generator, days: npt.NDArray[np.generic]) -> Days:
    """Move Saturdays and Sundays to the Friday before: surgeries shut, and Friday never lies in the future."""
    d = np.asarray(days, dtype=np.int64)
    return np.asarray(d - np.maximum(weekday(d) - 4, 0), dtype=np.int32)
