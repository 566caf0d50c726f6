"""Reading one place's counts period by period, and the terms of its regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from goldenthread.evaluation.errors import EvaluationError

Floats = NDArray[np.float64]
Shape = Literal["level", "slope", "level and slope"]


@dataclass(frozen=True, eq=False)
class Series:
    """Counts in order of time. ``position`` numbers the periods from 1, gaps included; ``season`` is the
    place in the year (months 1 to 12) for dates and the position for whole numbers."""

    labels: tuple[Any, ...]
    position: NDArray[np.int64]
    season: NDArray[np.int64]
    count: Floats
    population: Floats
    after: NDArray[np.bool_]
    start_position: int


def read_series(
    frame: pd.DataFrame,
    *,
    time: str,
    count: str,
    population: str | None,
    start: Any,
    exclude: Sequence[Any] = (),
) -> Series:
    """Check one row a period without gaps, and place the start in it."""
    for name in (time, count, *([population] if population else [])):
        if name not in frame.columns:
            raise EvaluationError(
                f"Column {name!r} is not in the table, which has: {', '.join(map(str, frame.columns))}.",
                "Name the columns with time=, count= and population=.",
            )
    if frame.empty:
        raise EvaluationError("The table has no rows.", "Give one row for each period.")
    ordered = frame.sort_values(time, ignore_index=True)
    periods, begin, left_out = _on_one_clock(ordered[time], start, exclude, time)
    if periods.has_duplicates:
        twice = periods[periods.duplicated()][0]
        raise EvaluationError(
            f"More than one row for {twice}.", "Add up the counts of each period: one row a period."
        )
    whole = _every_period(periods)
    missing = whole.difference(periods).difference(left_out)
    if len(missing):
        raise EvaluationError(
            f"{len(missing)} periods are missing between {periods[0]} and {periods[-1]}, the first is {missing[0]}.",
            "A period without events is a row with 0; leave a period out on purpose with exclude=.",
        )
    if not periods[0] < begin <= periods[-1]:
        raise EvaluationError(
            f"The start {begin} is outside the series, which runs from {periods[0]} to {periods[-1]}.",
            "Give the first period in which the programme ran; there must be periods before it.",
        )
    counts = _column(ordered, count, time)
    if (counts < 0).any():
        at = int(np.argmax(counts < 0))
        raise EvaluationError(
            f"{count!r} is negative ({counts[at]:g}) in {periods[at]}.",
            "Counts are 0 or more: check the source.",
        )
    people = _column(ordered, population, time) if population else np.ones(len(ordered))
    if (people <= 0).any():
        at = int(np.argmax(people <= 0))
        raise EvaluationError(
            f"{population!r} is {people[at]:g} in {periods[at]}.",
            "The population must be above 0 in every period.",
        )
    keep = ~periods.isin(left_out)
    position = whole.get_indexer(periods).astype(np.int64) + 1
    season = _season(periods) if isinstance(periods, pd.PeriodIndex) else position
    return Series(
        labels=tuple(periods[keep]),
        position=position[keep],
        season=season[keep],
        count=counts[keep],
        population=people[keep],
        after=np.asarray(periods >= begin)[keep],
        start_position=int(whole.get_indexer(pd.Index([begin]))[0]) + 1,
    )


def terms(series: Series, *, shape: Shape, season: str, harmonics: int, cycle: int) -> pd.DataFrame:
    """Regression terms: constant, trend, level and slope from the start, and seasons.

    The index counts periods from the start (0 is the first treated one). The slope is 0 in that period.
    """
    since = series.position - series.start_position
    design: dict[str, Floats] = {
        "constant": np.ones(since.size),
        "trend": series.position.astype(float),
    }
    if shape not in ("level", "slope", "level and slope"):
        raise EvaluationError(f"Unknown shape {shape!r}.", "Choose level, slope, or level and slope.")
    if shape != "slope":
        design["level"] = series.after.astype(float)
    if shape != "level":
        design["slope"] = np.where(series.after, since, 0).astype(float)
    if season == "harmonics":
        if not 1 <= harmonics < cycle / 2:
            raise EvaluationError(
                f"{harmonics} harmonics in a cycle of {cycle}.", f"Choose 1 to {(cycle - 1) // 2}."
            )
        for order in range(1, harmonics + 1):
            angle = 2 * np.pi * order * series.season / cycle
            design[f"sine {order}"] = np.sin(angle)
            design[f"cosine {order}"] = np.cos(angle)
    elif season == "months":
        place = (series.season - 1) % cycle + 1
        for month in range(2, cycle + 1):
            design[f"season {month}"] = (place == month).astype(float)
    elif season != "none":
        raise EvaluationError(f"Unknown season {season!r}.", "Choose harmonics, months or none.")
    table = pd.DataFrame(design, index=pd.Index(since, name="since"))
    if np.linalg.matrix_rank(table.to_numpy()) < table.shape[1] or len(table) < table.shape[1] + 3:
        raise EvaluationError(
            f"{len(table)} periods cannot tell {table.shape[1]} terms apart.",
            "Use a simpler shape, fewer seasonal terms, or a longer series.",
        )
    return table


def serial_correlation(residuals: Floats, lags: int) -> tuple[float, float]:
    """Lag-one correlation of the residuals and the Ljung-Box p-value over ``lags``."""
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    if power <= 1e-12:
        return 0.0, 1.0
    size = residuals.size
    correlations = np.array([centred[lag:] @ centred[:-lag] / power for lag in range(1, lags + 1)])
    statistic = size * (size + 2) * np.sum(correlations**2 / (size - np.arange(1, lags + 1)))
    return float(correlations[0]), float(stats.chi2.sf(statistic, lags))


def _on_one_clock(
    times: pd.Series, start: Any, exclude: Sequence[Any], name: str
) -> tuple[pd.Index, Any, pd.Index]:
    """Times, start and exclusions as periods of one length, or as whole numbers."""
    if times.isna().any():
        raise EvaluationError(f"A row has no {name}.", "Every row must say which period it is.")
    if pd.api.types.is_integer_dtype(times):
        return pd.Index(times), int(start), pd.Index([int(one) for one in exclude], dtype="int64")
    if isinstance(times.dtype, pd.PeriodDtype):
        index = pd.PeriodIndex(times)
    else:
        try:
            dates = pd.DatetimeIndex(pd.to_datetime(times, format="ISO8601"))
        except (TypeError, ValueError) as reason:
            raise EvaluationError(
                f"Column {name!r} holds something that is neither a date nor a whole number.",
                "Give dates such as 2025-04-01, or number the periods.",
            ) from reason
        index = dates.to_period(_length(dates))
    frequency = index.freqstr
    try:
        begin = start if isinstance(start, pd.Period) else pd.Period(start, freq=frequency)
        left_out = pd.PeriodIndex([pd.Period(one, freq=frequency) for one in exclude], freq=frequency)
    except (TypeError, ValueError) as reason:
        raise EvaluationError(
            f"The start {start!r} (or a period to exclude) is not a date.", "Give it as the time column does."
        ) from reason
    return index, begin, left_out


def _length(dates: pd.DatetimeIndex) -> str:
    """Month, quarter, year, week or day, from the commonest step between dates."""
    steps = np.diff(np.unique(dates.to_numpy().astype("datetime64[D]")).astype("int64"))
    usual = float(np.median(steps)) if steps.size else 30.0
    for longest, name in ((1, "D"), (7, "W"), (31, "M"), (92, "Q")):
        if usual <= longest:
            return name
    return "Y"


def _every_period(periods: pd.Index) -> pd.Index:
    if isinstance(periods, pd.PeriodIndex):
        return pd.period_range(periods[0], periods[-1], freq=periods.freq)
    return pd.Index(np.arange(int(periods[0]), int(periods[-1]) + 1))


def _season(periods: pd.PeriodIndex) -> NDArray[np.int64]:
    """Month, quarter, week or weekday number of each period, from 1."""
    frequency = periods.freqstr[0]
    part = {"M": "month", "Q": "quarter", "W": "week", "D": "dayofweek"}.get(frequency, "year")
    values = np.asarray(getattr(periods, part), dtype=np.int64)
    return values + 1 if part == "dayofweek" else values


def _column(frame: pd.DataFrame, name: str, time: str) -> Floats:
    try:
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as reason:
        raise EvaluationError(
            f"Column {name!r} holds something that is not a number.", "Give numbers."
        ) from reason
    if not np.isfinite(values).all():
        at = frame[time].iloc[int(np.argmax(~np.isfinite(values)))]
        raise EvaluationError(
            f"{name!r} is missing or not finite in {at}.", "A period without events is 0, not empty."
        )
    return values
