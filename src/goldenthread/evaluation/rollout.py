"""Stepped roll-out: places that start in turn, analysed as a stepped-wedge design."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.panel import Panel, pivot
from goldenthread.evaluation.regression import two_way_poisson

Floats = NDArray[np.float64]
Shape = Literal["constant", "by time since start"]

LEAST_PLACES = 6


@dataclass(frozen=True, eq=False)
class RolloutResult:
    """Rate ratio of started to not-yet-started, places and periods compared with themselves.

    ``effect`` is fitted over expected events in all started place-periods. ``by_time`` has one row a time
    since start. ``permutation_p`` is the share of shuffled start orders that give as large an effect (valid
    by design when the order was drawn by lot); None when not asked for. ``dispersion`` is Pearson's.
    """

    effect: Effect
    by_time: pd.DataFrame
    permutation_p: float | None
    dispersion: float


@dataclass(frozen=True, eq=False)
class _Data:
    count: Floats
    log_population: Floats
    first: NDArray[np.int64]  # -1: does not start within the series

    def without(self, row: int) -> _Data:
        rows = np.arange(len(self.first)) != row
        return _Data(self.count[rows], self.log_population[rows], self.first[rows])


def stepped_rollout(
    data: pd.DataFrame,
    *,
    unit: str = "unit",
    time: str = "time",
    count: str = "count",
    treated: str = "treated",
    population: str | None = None,
    shape: Shape = "constant",
    steps: int = 3,
    permutations: int = 0,
    confidence: float = 0.95,
    seed: int = 1,
) -> RolloutResult:
    """How rates changed as places started in turn, allowing for each place's level and each period's.

    One row for each place and period; ``treated`` is 0 before and 1 from the start on; ``population`` turns
    counts into rates. "constant" is one ratio from the start on; "by time since start" has one for each of
    the first ``steps`` - 1 periods and one for later, and drops periods in which every place has started
    (they hold no comparison). ``permutations`` shuffles of the start order give a test that assumes nothing
    else.

    Poisson regression with place and period effects (Hussey and Hughes 2007, Contemp Clin Trials 28:182-191),
    intervals from leaving out each place in turn (the cluster jackknife, CV3, with Student's t on places
    - 1). Refuses fewer than 6 places, a single start without places that never start, negative counts.

    >>> long = pd.DataFrame([(u, t, round(200 * (0.8 if t > u else 1)) + u % 2, int(t > u))
    ...                      for u in range(8) for t in range(9)], columns=["unit", "time", "count", "treated"])
    >>> round(stepped_rollout(long).effect.value, 2)
    0.8
    """
    if not 0 < confidence < 1:
        raise EvaluationError(f"Confidence is {confidence}.", "Give a share between 0 and 1, such as 0.95.")
    if shape not in ("constant", "by time since start"):
        raise EvaluationError(f"Unknown shape {shape!r}.", "Choose constant, or by time since start.")
    whole, notes = _read(data, unit, time, count, treated, population)
    if shape == "by time since start":
        whole, dropped = _still_compared(whole)
        notes += dropped
    width = 1 if shape == "constant" else min(steps, int(_since(whole).max()) + 1)
    logs, coefficients, dispersion, begin = _estimate(whole, width, None)
    places = len(whole.first)
    left_out = [_estimate(whole.without(row), width, begin) for row in range(places)]
    error = _jackknife(np.array([[part[0]] for part in left_out]))[0]
    errors = _jackknife(np.array([part[1] for part in left_out]))
    degrees = places - 1
    reach = float(stats.t.ppf((1 + confidence) / 2, degrees))
    started = whole.first >= 0
    effect = Effect(
        count, "rate ratio", float(np.exp(logs)), float(np.exp(logs - reach * error)),
        float(np.exp(logs + reach * error)), confidence,
        float(2 * stats.t.sf(abs(logs) / error, degrees)) if error > 0 else None,
        int(started.sum()), int((~started).sum()),
        f"stepped roll-out, Poisson with place and period effects, {shape}, cluster jackknife", notes,
    )  # fmt: skip
    return RolloutResult(
        effect=effect,
        by_time=_by_time(coefficients, errors, reach, shape),
        permutation_p=_permuted(whole, width, logs, permutations, seed) if permutations else None,
        dispersion=dispersion,
    )


def _read(
    data: pd.DataFrame, unit: str, time: str, count: str, treated: str, population: str | None
) -> tuple[_Data, tuple[str, ...]]:
    panel = Panel.from_long(data, unit=unit, time=time, outcome=count, treated=treated)
    people = np.ones_like(panel.outcome)
    if population is not None:
        people = pivot(data, unit, time, population).to_numpy(dtype=float)
    _positive(panel, people, count, population)
    quiet = np.flatnonzero(panel.outcome.sum(axis=0) == 0)
    if quiet.size and panel.outcome.any():
        raise EvaluationError(
            f"No events in any place in {panel.times[quiet[0]]}: such a period has no level to compare with.",
            "Check that its data have arrived; use longer periods if events are rare.",
        )
    first = panel.first
    empty = panel.outcome.sum(axis=1) == 0
    notes = (
        (f"{int(empty.sum())} places had no events and say nothing about the ratio.",) if empty.any() else ()
    )
    kept = _Data(panel.outcome[~empty], np.log(people[~empty]), first[~empty])
    if len(kept.first) < LEAST_PLACES:
        raise Refusal(
            f"{len(kept.first)} places with events; a stepped roll-out needs at least {LEAST_PLACES}.",
            "Use smaller places (practices in place of PCNs), or interrupted_time_series for each.",
        )
    if (kept.first == 0).any():
        raise Refusal(
            f"{panel.units[int(np.flatnonzero(first == 0)[0])]} is treated from the first period, so there is no "
            "'before' to compare with.",
            "Add earlier periods, or leave the place out.",
        )
    if (kept.first < 0).all():
        raise Refusal("No place starts in any period.", "Mark the places and periods that were treated.")
    if np.unique(kept.first).size < 2:
        raise Refusal(
            "All places start in the same period, so the start cannot be told from anything else that happened.",
            "Add places that start at other times or never, or use interrupted_time_series.",
        )
    return kept, notes


def _positive(panel: Panel, people: Floats, count: str, population: str | None) -> None:
    for values, name, bad in ((panel.outcome, count, panel.outcome < 0), (people, population, people <= 0)):
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise EvaluationError(
                f"{name!r} is {values[row, column]:g} for {panel.units[row]} in {panel.times[column]}.",
                "Counts are 0 or more and populations above 0: check the source.",
            )


def _still_compared(data: _Data) -> tuple[_Data, tuple[str, ...]]:
    periods = data.count.shape[1]
    open_ = np.array([((data.first < 0) | (data.first > at)).any() for at in range(periods)])
    if open_.all():
        return data, ()
    last = int(open_.sum())
    first = np.where(data.first < last, data.first, -1)
    note = (
        f"The last {periods - last} periods, in which every place had started, hold no comparison: left out."
    )
    return _Data(data.count[:, :last], data.log_population[:, :last], first), (note,)


def _since(data: _Data) -> NDArray[np.int64]:
    """Periods since start; -1 where not started."""
    since = np.arange(data.count.shape[1])[None, :] - data.first[:, None]
    return np.where((data.first[:, None] >= 0) & (since >= 0), since, -1)


def _estimate(data: _Data, width: int, begin: Floats | None) -> tuple[float, Floats, float, Floats]:
    since = np.minimum(_since(data), width - 1)
    terms = (since[:, :, None] == np.arange(width)).astype(float)
    fit = two_way_poisson(data.count, data.log_population, terms, begin=begin)
    expected = fit.fitted * np.exp(-terms @ fit.coefficients)
    on = since >= 0
    overall = float(np.log(fit.fitted[on].sum() / expected[on].sum()))
    return overall, fit.coefficients, fit.dispersion, fit.whole


def _jackknife(values: Floats) -> Floats:
    gap = values - values.mean(axis=0)
    spread: Floats = np.sqrt((len(values) - 1) / len(values) * (gap**2).sum(axis=0))
    return spread


def _by_time(coefficients: Floats, errors: Floats, reach: float, shape: Shape) -> pd.DataFrame:
    labels: list[Any] = ["from the start"]
    if shape != "constant":
        labels = [str(at) for at in range(coefficients.size - 1)] + [f"{coefficients.size - 1} or more"]
    return pd.DataFrame(
        {
            "ratio": np.exp(coefficients),
            "lower": np.exp(coefficients - reach * errors),
            "upper": np.exp(coefficients + reach * errors),
        },
        index=pd.Index(labels, name="periods since start"),
    )


def _permuted(data: _Data, width: int, observed: float, permutations: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    as_large = 0
    for _ in range(permutations):
        shuffled = replace(data, first=rng.permutation(data.first))
        as_large += abs(_estimate(shuffled, width, None)[0]) >= abs(observed) - 1e-12
    return (1 + as_large) / (1 + permutations)
