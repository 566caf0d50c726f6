"""Places that start at different times: each compared with places that have not started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.grouptime import (
    NEVER,
    Average,
    Base,
    Cells,
    Control,
    Rollout,
    Summary,
    average,
    group_time_effects,
    pooled,
)
from goldenthread.evaluation.panel import Panel, pivot

Floats = NDArray[np.float64]
Intervals = Literal["auto", "influence", "jackknife"]
AVERAGES: tuple[Average, ...] = ("group", "simple", "event", "calendar")

# With fewer places than this in a group, its own spread cannot be seen from inside the group.
SMALLEST_GROUP = 5


@dataclass(frozen=True, eq=False)
class StaggeredResult:
    """Effects by group and period, their averages, and whether places ran alike before they started.

    Everything is a mean difference in the outcome's own units. ``effect`` is the average asked for;
    ``averages`` holds all four. ``group_time`` has one row a group (first treated period) and period;
    ``event_study`` one a number of periods since the start (negative: before), with bands that hold for all
    rows together (``band_lower``, ``band_upper``); ``by_group`` one a group. Infinite bounds mean that one place alone
    stands behind a row. ``parallel_p`` tests that all effects before the start are zero (None if too few).
    """

    effect: Effect
    averages: dict[Average, Effect]
    group_time: pd.DataFrame
    event_study: pd.DataFrame
    by_group: pd.DataFrame
    parallel_p: float | None
    control: Control


def staggered_difference_in_differences(
    data: pd.DataFrame,
    *,
    unit: str = "unit",
    time: str = "time",
    outcome: str = "outcome",
    treated: str = "treated",
    first_treated: str | None = None,
    covariates: Sequence[str] = (),
    weight: str | None = None,
    control: Control = "never treated",
    base: Base = "varying",
    anticipation: int = 0,
    overall: Average = "group",
    intervals: Intervals = "auto",
    confidence: float = 0.95,
    repetitions: int = 1000,
    seed: int = 1,
) -> StaggeredResult:
    """Effect of starting, where places start at different times, without using early starters as controls.

    One row for each place and period; ``treated`` is 0 before and 1 from the start on, or ``first_treated``
    names a column with each place's first treated period (0 or empty: never). ``covariates`` (taken from
    the first period) and ``weight`` (for example list size, mean over periods) are per place. Controls are
    places "never treated" or "not yet treated". Before the start each period is compared with the one
    before ("varying") or with the last before the start ("universal").

    Callaway and Sant'Anna (2021), "Difference-in-differences with multiple time periods", J Econometrics
    225(2): doubly robust group-time effects, influence-function intervals, multiplier bootstrap for the
    event study's bands. "auto" takes a jackknife over places when a group has fewer than 5. Student's t
    with one less than the fewer of treated and control places.

    >>> long = pd.DataFrame([(u, t, 10 + u + t - 3 * (u < 6 and t >= 2 + u % 2), int(u < 6 and t >= 2 + u % 2))
    ...                      for u in range(12) for t in range(5)],
    ...                     columns=["unit", "time", "outcome", "treated"])
    >>> round(staggered_difference_in_differences(long).effect.value, 6)
    -3.0
    """
    if not 0 < confidence < 1:
        raise EvaluationError(f"Confidence is {confidence}.", "Give a share between 0 and 1, such as 0.95.")
    rollout, times, left = _read(data, unit, time, outcome, treated, first_treated, covariates, weight)
    _enough(rollout, control)
    options = {"control": control, "base": base, "anticipation": anticipation}
    cells = group_time_effects(rollout, **options)  # type: ignore[arg-type]
    small = min(np.unique(rollout.first, return_counts=True)[1]) < SMALLEST_GROUP
    jackknife = intervals == "jackknife" or (intervals == "auto" and small)
    errors = _Errors(rollout, cells, options, jackknife)
    ever = int((rollout.first != NEVER).sum())
    degrees = _degrees(rollout)
    reach = float(stats.t.ppf((1 + confidence) / 2, degrees))
    how = "jackknife over places" if jackknife else "influence functions"
    method = f"staggered difference-in-differences, controls {control}, {how}"
    averages: dict[Average, Effect] = {}
    for name in AVERAGES:
        summary = average(rollout, cells, name)
        error = errors.of_average(name, summary)
        p_value = float(2 * stats.t.sf(abs(summary.value) / error, degrees)) if error > 0 else None
        averages[name] = Effect(
            outcome, "mean difference", summary.value, summary.value - reach * error,
            summary.value + reach * error, confidence, p_value, ever, len(rollout.first) - ever,
            f"{method}, {name} average", left,
        )  # fmt: skip
    return StaggeredResult(
        effect=averages[overall],
        averages=averages,
        group_time=_group_time(cells, times, reach, jackknife),
        event_study=_event_study(rollout, cells, errors, reach, confidence, repetitions, seed),
        by_group=_by_group(rollout, cells, times, errors, reach),
        parallel_p=None if jackknife else _parallel(cells, len(rollout.first)),
        control=control,
    )


class _Errors:
    """Standard errors of averages, from influence functions or by leaving out each place in turn."""

    def __init__(self, rollout: Rollout, cells: Cells, options: dict[str, Any], jackknife: bool) -> None:
        self._size = len(rollout.first)
        self._again: list[tuple[Rollout, Cells]] = []
        if jackknife:
            for row in range(self._size):
                fewer = rollout.without(np.arange(self._size) == row)
                self._again.append((fewer, group_time_effects(fewer, **options)))
        self._jackknife = jackknife

    def of_average(self, name: Average, summary: Summary) -> float:
        if not self._jackknife:
            return self._from_influence(summary)
        return self._spread([average(fewer, cells, name).value for fewer, cells in self._again])

    def of_rows(self, summary: Summary, key: str, label: int) -> float:
        if not self._jackknife:
            return self._from_influence(summary)
        values = []
        for fewer, cells in self._again:
            chosen = (cells.since if key == "since" else cells.group) == label
            chosen &= (cells.since >= 0) if key == "group" else True
            if not chosen.any():
                return float("inf")
            values.append(pooled(fewer, cells, chosen).value)
        return self._spread(values)

    def _from_influence(self, summary: Summary) -> float:
        return float(np.sqrt(np.mean(summary.influence**2) / self._size))

    def _spread(self, values: list[float]) -> float:
        gap = np.asarray(values) - np.mean(values)
        return float(np.sqrt((self._size - 1) / self._size * (gap**2).sum()))


def _read(
    data: pd.DataFrame,
    unit: str,
    time: str,
    outcome: str,
    treated: str,
    first_treated: str | None,
    covariates: Sequence[str],
    weight: str | None,
) -> tuple[Rollout, tuple[Any, ...], tuple[str, ...]]:
    if first_treated is None:
        panel = Panel.from_long(data, unit=unit, time=time, outcome=outcome, treated=treated)
        units, times, values = panel.units, panel.times, panel.outcome
        first = np.where(panel.first < 0, NEVER, panel.first)
    else:
        wide = pivot(data, unit, time, outcome)
        units, times, values = tuple(wide.index), tuple(wide.columns), wide.to_numpy(dtype=float)
        first = _starts(data, unit, first_treated, wide.index, times)
    extra = [pivot(data, unit, time, name).to_numpy(dtype=float)[:, 0] for name in covariates]
    weights = np.ones(len(units))
    if weight is not None:
        weights = pivot(data, unit, time, weight).to_numpy(dtype=float).mean(axis=1)
        if (weights <= 0).any():
            raise EvaluationError(f"{weight!r} is not above 0 for every place.", "Check the source.")
        weights = weights / weights.mean()
    rollout = Rollout(values, first, weights, np.column_stack([np.ones(len(units)), *extra]))
    always = first == 0
    left = (
        (f"{int(always.sum())} places were treated from the first period and are left out.",)
        if always.any()
        else ()
    )
    return rollout.without(always), times, left


def _starts(
    data: pd.DataFrame, unit: str, first_treated: str, units: pd.Index, times: tuple[Any, ...]
) -> NDArray[np.int64]:
    if first_treated not in data.columns:
        raise EvaluationError(
            f"Column {first_treated!r} is not in the table, which has: {', '.join(map(str, data.columns))}.",
            "Name the column with each place's first treated period.",
        )
    per_unit = data.groupby(unit)[first_treated]
    stated = data[[unit, first_treated]].drop_duplicates()
    changing = stated.loc[stated[unit].duplicated(), unit]
    if not changing.empty:
        raise EvaluationError(
            f"{changing.iloc[0]} has more than one value of {first_treated!r}.",
            "A place starts once: give the same first treated period in each of its rows.",
        )
    starts = per_unit.agg(lambda part: part.iloc[0]).reindex(units)
    found = []
    for start in starts:
        never = pd.isna(start) or start == 0 or start > times[-1]
        # A start between two periods is first seen in the next one.
        found.append(NEVER if never else next(at for at, one in enumerate(times) if one >= start))
    return np.array(found, dtype=np.int64)


def _enough(rollout: Rollout, control: Control) -> None:
    ever, never = int((rollout.first != NEVER).sum()), int((rollout.first == NEVER).sum())
    if control not in ("never treated", "not yet treated"):
        raise EvaluationError(f"Unknown control {control!r}.", "Choose never treated or not yet treated.")
    if ever < 2:
        raise Refusal(
            f"{ever} places start within the series after its first period; at least 2 are needed.",
            "For one place use synthetic_difference_in_differences or interrupted_time_series.",
        )
    if control == "never treated" and never < 2:
        raise Refusal(
            f"{never} places never start; at least 2 are needed to compare with.",
            "Add places that do not start, or use control='not yet treated'.",
        )
    if never == 0 and np.unique(rollout.first).size < 2:
        raise Refusal(
            "All places start in the same period and none never does, so there is nobody to compare with.",
            "Add places that start later or never, or use interrupted_time_series.",
        )


def _degrees(rollout: Rollout) -> int:
    ever, never = int((rollout.first != NEVER).sum()), int((rollout.first == NEVER).sum())
    return max(min(ever, never or ever) - 1, 1)


def _group_time(cells: Cells, times: tuple[Any, ...], reach: float, jackknife: bool) -> pd.DataFrame:
    error = np.sqrt((cells.influence**2).mean(axis=0) / len(cells.influence))
    if jackknife:
        error = np.where(cells.treated < 2, np.inf, error)
    return pd.DataFrame(
        {
            "group": [times[at] for at in cells.group],
            "time": [times[at] for at in cells.time],
            "estimate": cells.estimate,
            "lower": cells.estimate - reach * error,
            "upper": cells.estimate + reach * error,
            "treated_places": cells.treated,
            "control_places": cells.controls,
        }
    )


def _event_study(
    rollout: Rollout,
    cells: Cells,
    errors: _Errors,
    reach: float,
    confidence: float,
    repetitions: int,
    seed: int,
) -> pd.DataFrame:
    labels = np.unique(cells.since)
    summaries = [pooled(rollout, cells, cells.since == label) for label in labels]
    values = np.array([summary.value for summary in summaries])
    error = np.array(
        [errors.of_rows(one, "since", int(at)) for one, at in zip(summaries, labels, strict=True)]
    )
    influence = np.column_stack([summary.influence for summary in summaries])
    band = max(reach, _sup_t(influence, confidence, repetitions, seed))
    return pd.DataFrame(
        {
            "estimate": values,
            "lower": values - reach * error,
            "upper": values + reach * error,
            "band_lower": values - band * error,
            "band_upper": values + band * error,
        },
        index=pd.Index(labels, name="periods since start"),
    )


def _sup_t(influence: Floats, confidence: float, repetitions: int, seed: int) -> float:
    """Critical value for the largest of all rows at once, by the multiplier bootstrap (Mammen's weights)."""
    size = len(influence)
    error = np.sqrt((influence**2).mean(axis=0))
    usable = error > 1e-12
    if not usable.any():
        return 0.0
    golden = (1 + np.sqrt(5)) / 2
    rng = np.random.default_rng(seed)
    draws = np.where(rng.random((repetitions, size)) < golden / np.sqrt(5), 1 - golden, golden)
    largest = np.abs(draws @ influence[:, usable] / size * np.sqrt(size) / error[usable]).max(axis=1)
    return float(np.quantile(largest, confidence))


def _by_group(
    rollout: Rollout, cells: Cells, times: tuple[Any, ...], errors: _Errors, reach: float
) -> pd.DataFrame:
    rows = []
    for group in np.unique(cells.group[cells.since >= 0]):
        summary = pooled(rollout, cells, (cells.group == group) & (cells.since >= 0))
        error = errors.of_rows(summary, "group", int(group))
        places = int((rollout.first == group).sum())
        rows.append(
            (
                times[group],
                summary.value,
                summary.value - reach * error,
                summary.value + reach * error,
                places,
            )
        )
    return pd.DataFrame(rows, columns=["group", "estimate", "lower", "upper", "places"]).set_index("group")


def _parallel(cells: Cells, size: int) -> float | None:
    """Wald test that every effect before the start is zero."""
    chosen = cells.since < 0
    if not chosen.any():
        return None
    influence = cells.influence[:, chosen]
    covariance = influence.T @ influence / size**2
    if np.linalg.matrix_rank(covariance) < chosen.sum():
        return None
    values = cells.estimate[chosen]
    return float(stats.chi2.sf(values @ np.linalg.solve(covariance, values), chosen.sum()))
