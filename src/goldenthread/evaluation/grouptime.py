"""Effects of each group of places in each period, and their averages, with influence functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from goldenthread.evaluation.errors import Refusal

Floats = NDArray[np.float64]
Control = Literal["never treated", "not yet treated"]
Base = Literal["varying", "universal"]
Average = Literal["group", "simple", "event", "calendar"]
NEVER = 10**9


@dataclass(frozen=True, eq=False)
class Rollout:
    """Places by periods with the column in which each place starts (NEVER: not in the data)."""

    outcome: Floats
    first: NDArray[np.int64]
    weight: Floats
    covariates: Floats

    def without(self, rows: NDArray[np.bool_]) -> Rollout:
        """The same without some places."""
        return Rollout(self.outcome[~rows], self.first[~rows], self.weight[~rows], self.covariates[~rows])


@dataclass(frozen=True, eq=False)
class Cells:
    """One entry for each group and period; ``influence`` has a row a place and a column a cell."""

    group: NDArray[np.int64]
    time: NDArray[np.int64]
    estimate: Floats
    influence: Floats
    treated: NDArray[np.int64]
    controls: NDArray[np.int64]

    @property
    def since(self) -> NDArray[np.int64]:
        """Periods since the group's start."""
        return self.time - self.group


@dataclass(frozen=True)
class Summary:
    """One average over cells, and each place's influence on it."""

    value: float
    influence: Floats


def group_time_effects(data: Rollout, *, control: Control, base: Base, anticipation: int) -> Cells:
    """ATT(g, t) for every group and period (Callaway and Sant'Anna 2021, equation 2.6, doubly robust)."""
    size, periods = data.outcome.shape
    found: list[tuple[int, int, float, Floats, int, int]] = []
    for group in np.unique(data.first[data.first < periods]):
        before = int(group) - 1 - anticipation
        if before < 0:
            continue
        for time in range(periods):
            compared = before if base == "universal" or time > before else time - 1
            if compared < 0 or compared == time:
                continue
            treated = data.first == group
            latest = max(time, compared) + anticipation
            open_to = data.first == NEVER if control == "never treated" else data.first > latest
            rows = treated | (open_to & ~treated)
            if not (rows & ~treated).any():
                continue
            change = data.outcome[rows, time] - data.outcome[rows, compared]
            value, part = doubly_robust(change, treated[rows], data.covariates[rows], data.weight[rows])
            influence = np.zeros(size)
            influence[rows] = part * size / rows.sum()
            counts = int(treated.sum()), int((rows & ~treated).sum())
            found.append((int(group), time, value, influence, *counts))
    if not any(time >= group for group, time, *_ in found):
        raise Refusal(
            "No group of places has both a period before its start and others not yet started to compare with.",
            "Add earlier periods, or places that start later or never.",
        )
    group_, time_, value_, influence_, treated_, control_ = zip(*found, strict=True)
    return Cells(
        np.array(group_), np.array(time_), np.array(value_), np.column_stack(influence_),
        np.array(treated_), np.array(control_),
    )  # fmt: skip


def doubly_robust(
    change: Floats, treated: NDArray[np.bool_], covariates: Floats, weight: Floats
) -> tuple[float, Floats]:
    """Effect on the treated from changes, right if either the outcome or the treatment model is.

    Sant'Anna and Zhao (2020), "Doubly robust difference-in-differences estimators", J Econometrics 219(1),
    estimator 2.7 with logit and least squares; ``covariates`` start with a column of ones.
    """
    one = treated.astype(float)
    if covariates.shape[1] == 1:
        odds, predicted = (
            np.ones(change.size),
            np.full(change.size, np.average(change, weights=weight * (1 - one))),
        )
    else:
        odds, predicted = _models(change, one, covariates, weight)
    rest = change - predicted
    on_treated, on_controls = weight * one, weight * (1 - one) * odds
    own, other = (float(part @ rest / part.sum()) for part in (on_treated, on_controls))
    size = change.size
    least_squares = _regression_influence(rest, one, covariates, weight)
    from_treated = on_treated * (rest - own) - least_squares @ (on_treated @ covariates / size)
    from_controls = on_controls * (rest - other) - least_squares @ (on_controls @ covariates / size)
    if covariates.shape[1] > 1:
        slope = (on_controls * (rest - other)) @ covariates / size
        from_controls = from_controls + _logit_influence(odds, one, covariates, weight) @ slope
    return own - other, from_treated / on_treated.mean() - from_controls / on_controls.mean()


def _models(change: Floats, one: Floats, covariates: Floats, weight: Floats) -> tuple[Floats, Floats]:
    parameters = covariates.shape[1]
    if min(one.sum(), (1 - one).sum()) <= parameters:
        raise Refusal(
            f"A group has {int(min(one.sum(), (1 - one).sum()))} places, too few to adjust for {parameters - 1} "
            "covariates.",
            "Leave out covariates, or join groups that start close together.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # answered by the refusal below
        logit = sm.GLM(one, covariates, family=sm.families.Binomial(), freq_weights=weight).fit()
    score = np.clip(np.asarray(logit.fittedvalues, dtype=float), 0.0, 1.0)
    if score[one == 0].max(initial=0.0) > 0.995 or (score[one == 1] > 0.999).all():
        raise Refusal(
            "The covariates tell treated and untreated places apart completely, so no place is comparable.",
            "Leave out the covariate that only treated places have.",
        )
    score = np.minimum(score, 1 - 1e-6)
    root = np.sqrt(weight[one == 0])
    fit, *_ = np.linalg.lstsq(covariates[one == 0] * root[:, None], change[one == 0] * root, rcond=None)
    return score / (1 - score), covariates @ fit


def _regression_influence(rest: Floats, one: Floats, covariates: Floats, weight: Floats) -> Floats:
    on = weight * (1 - one)
    inverse = np.linalg.pinv((covariates * on[:, None]).T @ covariates / rest.size)
    part: Floats = (on * rest)[:, None] * covariates @ inverse
    return part


def _logit_influence(odds: Floats, one: Floats, covariates: Floats, weight: Floats) -> Floats:
    score = odds / (1 + odds)
    information = (covariates * (weight * score * (1 - score))[:, None]).T @ covariates / one.size
    part: Floats = (weight * (one - score))[:, None] * covariates @ np.linalg.pinv(information)
    return part


def average(data: Rollout, cells: Cells, how: Average) -> Summary:
    """One overall effect (section 3 of the paper).

    "group": each place's mean effect since its start, averaged over places. "simple": every treated
    place-period counts the same. "event": mean over periods since start. "calendar": mean over periods.
    """
    if how == "simple":
        return pooled(data, cells, cells.since >= 0)
    key: Callable[[], NDArray[np.int64]] = {
        "group": lambda: cells.group,
        "event": lambda: cells.since,
        "calendar": lambda: cells.time,
    }[how]
    labels = key()
    parts = [
        pooled(data, cells, (labels == label) & (cells.since >= 0))
        for label in np.unique(labels[cells.since >= 0])
    ]
    values = np.array([part.value for part in parts])
    influence = np.column_stack([part.influence for part in parts])
    if how != "group":
        return Summary(float(values.mean()), influence.mean(axis=1))
    groups = np.unique(labels[cells.since >= 0])
    return _weighted(data, groups, values, influence)


def pooled(data: Rollout, cells: Cells, chosen: NDArray[np.bool_]) -> Summary:
    """Average of the chosen cells, each weighted by its group's share of places."""
    return _weighted(data, cells.group[chosen], cells.estimate[chosen], cells.influence[:, chosen])


def _weighted(data: Rollout, groups: NDArray[np.int64], values: Floats, influence: Floats) -> Summary:
    member = data.weight[:, None] * (data.first[:, None] == groups[None, :])
    share = member.mean(axis=0)
    total = share.sum()
    spread = member - share
    # The groups' shares are estimated too: their influence is added (appendix of the paper).
    from_shares = spread / total - spread.sum(axis=1, keepdims=True) * share / total**2
    value = float(values @ share / total)
    return Summary(value, influence @ (share / total) + from_shares @ values)
