"""How much did the outcome differ: rates compared between the treated and people like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from goldenthread.evaluation.arrays import (
    Bools,
    Floats,
    Ints,
    as_bools,
    as_codes,
    as_floats,
    counts_and_days,
)
from goldenthread.evaluation.effect import Effect, Measure
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.poisson import LogLinear, fit_log_linear, moment_dispersion
from goldenthread.evaluation.sandwich import FEW_CLUSTERS, clustered

YEAR = 365.25
FEWEST_EVENTS = 5
"""A ratio resting on fewer events than this in either group is not given."""

PRIOR = 0.5
"""Standard deviation of the weak prior on log ratios per standard deviation of a covariate (one of 2.7 is extreme)."""

Model = Literal["poisson", "negative binomial"]


@dataclass(frozen=True)
class Arms:
    """The two groups ready to compare: a flag, weights (0 leaves a row out) and clusters for every row."""

    treated: Bools
    weights: Floats
    clusters: tuple[Ints, ...] = ()
    n_treated: int = 0
    n_control: int = 0
    notes: tuple[str, ...] = field(default=())

    def take(self, keep: Bools) -> Arms:
        """The same comparison among some of the rows."""
        inside = tuple(c[keep] for c in self.clusters)
        return _arms(self.treated[keep], self.weights[keep], inside, None)


def arms(
    treated: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    clusters: Sequence[npt.ArrayLike] = (),
    person: npt.ArrayLike | None = None,
) -> Arms:
    """Check and hold the two groups. ``person`` lets someone who serves twice be counted once.

    >>> arms([1, 0, 0]).n_control
    2
    """
    flag = as_bools(treated, "treated")
    w = np.ones(len(flag)) if weights is None else as_floats(weights, "weights", length=len(flag))
    if (w < 0).any():
        raise EvaluationError("Some weights are negative.", "Give weights of 0 or more.")
    coded = tuple(as_codes(c, "cluster", length=len(flag)) for c in clusters)
    who = None if person is None else as_codes(person, "person", length=len(flag))
    return _arms(flag, w, coded, who)


def _arms(flag: Bools, w: Floats, clusters: tuple[Ints, ...], who: Ints | None) -> Arms:
    ids = np.arange(len(flag)) if who is None else who
    sizes = [len(np.unique(ids[group & (w > 0)])) for group in (flag, ~flag)]
    if not all(sizes):
        raise Refusal("One of the two groups is empty.", "Give treated people and people to compare with.")
    few = [len(np.unique(c)) for c in clusters if len(np.unique(c)) < FEW_CLUSTERS]
    notes = tuple(f"Only {g} clusters: the interval is probably somewhat too narrow." for g in few)
    return Arms(flag, w, clusters, sizes[0], sizes[1], notes)


def rate_effects(
    count: npt.ArrayLike,
    days: npt.ArrayLike,
    groups: Arms,
    *,
    outcome: str = "outcome",
    adjust: npt.ArrayLike | None = None,
    model: Model = "poisson",
    confidence: float = 0.95,
    method: str = "",
) -> dict[Measure, Effect]:
    """Rate ratio, rate difference (per person-year) and events avoided or added among the treated.

    count and days: events and follow-up per row. The rate the treated would have had is that of the
    weighted controls or, with ``adjust`` (rows x covariates), what a log-linear model fitted to the weighted
    controls expects of the treated, each with their own covariates and follow-up. With matching or weights this is
    doubly robust: it is right if either the comparison or the model is (Robins, Rotnitzky & Zhao 1994; with a
    log link and an intercept the augmentation term is zero, so it equals AIPW for the effect in the treated; the
    negative binomial's own weights make that only nearly so). Covariates are held within the comparators' range
    and carry a weak prior (``PRIOR``), so that a few people at the edge cannot run away with the answer.
    Intervals use the first-order influence of each row, the model's estimation included, summed by
    cluster, with t on clusters - 1.

    >>> groups = arms([1] * 60 + [0] * 60)
    >>> found = rate_effects([1, 0, 0] * 20 + [1, 1, 0] * 20, [365.25] * 120, groups)
    >>> round(found["rate ratio"].value, 2), round(found["rate difference"].value, 2)
    (0.5, -0.33)
    """
    y, time = counts_and_days(count, days, length=len(groups.treated))
    _enough(y, groups, outcome)
    counterfactual = _expected(y, time, groups, adjust, model)
    seen_t = groups.treated * groups.weights
    a, b = float(seen_t @ y), float(seen_t @ counterfactual.mean)
    years = float(seen_t @ time) / YEAR
    on_a, on_b = seen_t * y, seen_t * counterfactual.mean + counterfactual.influence
    k = counterfactual.parameters + 1
    ratio_u = clustered(on_a / a - on_b / b, groups.clusters, parameters=k)
    log_ratio = float(np.log(a / b))
    low, high = np.exp(ratio_u.interval(log_ratio, confidence))
    difference = (a - b) / years
    diff_u = clustered(
        (on_a - on_b) / years - seen_t * time / YEAR * difference / years, groups.clusters, parameters=k
    )
    count_u = clustered(on_a - on_b - seen_t * (a - b) / seen_t.sum(), groups.clusters, parameters=k)

    def effect(measure: Measure, value: float, bounds: tuple[float, float], p: float) -> Effect:
        return Effect(
            outcome,
            measure,
            value,
            float(bounds[0]),
            float(bounds[1]),
            confidence,
            p,
            groups.n_treated,
            groups.n_control,
            method or ("adjusted" if adjust is not None else "unadjusted") + f" {model}",
            groups.notes + counterfactual.notes,
        )

    p = ratio_u.p_value(log_ratio)
    return {
        "rate ratio": effect("rate ratio", a / b, (low, high), p),
        "rate difference": effect(
            "rate difference", difference, diff_u.interval(difference, confidence), diff_u.p_value(difference)
        ),
        "count": effect("count", a - b, count_u.interval(a - b, confidence), count_u.p_value(a - b)),
    }


@dataclass(frozen=True)
class _Counterfactual:
    mean: Floats
    influence: Floats
    parameters: int
    notes: tuple[str, ...] = ()


def _expected(
    y: Floats, time: Floats, groups: Arms, adjust: npt.ArrayLike | None, model: Model
) -> _Counterfactual:
    """What each row would be expected to have under the controls' rates, and how far controls moved that sum."""
    x = np.ones((len(y), 1))
    notes: tuple[str, ...] = ()
    w0 = np.where(groups.treated, 0.0, groups.weights)
    w0 = w0 / w0[w0 > 0].mean()  # the prior must not depend on the weights' scale
    if adjust is not None:
        given = np.asarray(adjust, dtype=np.float64).reshape(len(y), -1)
        kept, notes = _usable(given, y, w0)
        x = np.column_stack([x, kept])
    use = w0 > 0
    fit = fit_log_linear(x[use], y[use], time[use], w0[use], prior=PRIOR)
    if model == "negative binomial":
        spread = moment_dispersion(y[use], fit.mean(x[use], time[use]), w0[use])
        fit = fit_log_linear(x[use], y[use], time[use], w0[use], dispersion=spread, prior=PRIOR)
    mean = fit.mean(x, time)
    pull = x.T @ (groups.treated * groups.weights * mean)
    influence = np.zeros(len(y))
    influence[use] = _leverage_corrected(fit, x[use], time[use], y[use], w0[use], pull)
    return _Counterfactual(mean, influence, x.shape[1], notes)


def _leverage_corrected(
    fit: LogLinear, x: Floats, days: Floats, y: Floats, w: Floats, pull: Floats
) -> Floats:
    """A control's pull on the expected sum, residual enlarged by 1/sqrt(1-leverage).

    With many coefficients fitted residuals are too small; this is the correction HC2
    (MacKinnon & White 1985) for generalised linear models. With an intercept alone it changes nothing of note.
    """
    raw = fit.score(x, days, y, w) @ (fit.inverse_information @ pull)
    if x.shape[1] == 1:
        return np.asarray(raw)
    mean = fit.mean(x, days)
    curvature = w * mean / (1 + fit.dispersion * mean)
    leverage = curvature * np.einsum("ij,jk,ik->i", x, fit.inverse_information, x)
    return np.asarray(raw / np.sqrt(1 - np.minimum(leverage, 0.9)))


def _usable(given: Floats, y: Floats, w0: Floats) -> tuple[Floats, tuple[str, ...]]:
    """Standardised covariates that vary among the controls, as many as their events can bear (10 each)."""
    if not np.isfinite(given).all():
        raise EvaluationError("An adjustment covariate is missing or infinite.", "Fill it or leave it out.")
    use = w0 > 0
    room = int(y[use].sum() // 10)
    mean, spread = given[use].mean(axis=0), given[use].std(axis=0)
    columns: list[int] = []
    for j in np.flatnonzero(spread > 1e-9).tolist():
        trial = (given[use][:, [*columns, j]] - mean[[*columns, j]]) / spread[[*columns, j]]
        if len(columns) < room and np.linalg.eigvalsh(trial.T @ trial / len(trial))[0] > 1e-6:
            columns.append(j)
    wanted = int((spread > 1e-9).sum())
    notes: tuple[str, ...] = ()
    if room < wanted:
        notes = (
            f"Adjusted for the first {len(columns)} of {wanted} covariates: there are too few events for more.",
        )
    low, high = given[use][:, columns].min(axis=0), given[use][:, columns].max(axis=0)
    inside = np.clip(given[:, columns], low, high)  # nobody is judged by a line drawn beyond the comparators
    return (inside - mean[columns]) / spread[columns], notes


def _enough(y: Floats, groups: Arms, outcome: str) -> None:
    for flag, who in ((groups.treated, "the treated"), (~groups.treated, "their comparators")):
        events = int(y[flag & (groups.weights > 0)].sum())
        if events < FEWEST_EVENTS:
            raise Refusal(
                f"{outcome}: {events} events among {who}, too few to compare rates (at least {FEWEST_EVENTS}).",
                "Wait for a longer follow-up, or use a commoner outcome.",
            )


def difference_in_differences(
    before: tuple[npt.ArrayLike, npt.ArrayLike],
    after: tuple[npt.ArrayLike, npt.ArrayLike],
    groups: Arms,
    *,
    outcome: str = "outcome",
    confidence: float = 0.95,
    method: str = "difference in differences",
) -> dict[Measure, Effect]:
    """The treated people's change beside their comparators' change: ratio of ratios, and difference.

    ``before`` and ``after`` are (count, days) pairs, a value a row. Right when both groups would have changed
    alike. After matching on earlier use the two begin level and this says what the rate ratio does; matching
    on only part of it makes the controls fall back further than they should (Daw & Hatfield 2018, HSR 53:4138).

    >>> groups = arms([1] * 40 + [0] * 40)
    >>> year = [365.25] * 80
    >>> found = difference_in_differences(([1] * 80, year), ([0, 1] * 20 + [1] * 40, year), groups)
    >>> round(found["rate ratio"].value, 2)
    0.5
    """
    parts = []
    for count, days in (before, after):
        y, time = counts_and_days(count, days, length=len(groups.treated))
        _enough(y, groups, outcome)
        parts.append([_rate(y, time, groups, flag) for flag in (groups.treated, ~groups.treated)])
    (t0, c0), (t1, c1) = parts
    log_ratio = float(np.log(t1[0] / t0[0]) - np.log(c1[0] / c0[0]))
    on_log = (t1[1] / t1[0] - t0[1] / t0[0]) - (c1[1] / c1[0] - c0[1] / c0[0])
    gap = (t1[0] - t0[0]) - (c1[0] - c0[0])
    on_gap = (t1[1] - t0[1]) - (c1[1] - c0[1])
    out: dict[Measure, Effect] = {}
    for measure, value, influence in (("rate ratio", log_ratio, on_log), ("rate difference", gap, on_gap)):
        u = clustered(influence, groups.clusters)
        low, high = u.interval(value, confidence)
        if measure == "rate ratio":
            shown, low, high = float(np.exp(value)), float(np.exp(low)), float(np.exp(high))
        else:
            shown = value
        out[measure] = Effect(  # type: ignore[index]
            outcome,
            measure,  # type: ignore[arg-type]
            shown,
            low,
            high,
            confidence,
            u.p_value(value),
            groups.n_treated,
            groups.n_control,
            method,
            groups.notes,
        )
    return out


def _rate(y: Floats, time: Floats, groups: Arms, flag: Bools) -> tuple[float, Floats]:
    """Events per person-year in one group, and each row's influence on it."""
    w = flag * groups.weights
    years = float(w @ time) / YEAR
    rate = float(w @ y) / years
    return rate, w * (y - rate * time / YEAR) / years


def mean_difference(
    values: npt.ArrayLike,
    groups: Arms,
    *,
    outcome: str = "outcome",
    confidence: float = 0.95,
    method: str = "",
) -> Effect:
    """The difference in means; for a 0/1 outcome, the risk difference.

    >>> mean_difference([1, 0, 1, 0, 0, 0], arms([1, 1, 1, 0, 0, 0])).measure
    'risk difference'
    """
    y = as_floats(values, outcome, length=len(groups.treated))
    influence = np.zeros(len(y))
    means = []
    for flag, sign in ((groups.treated, 1.0), (~groups.treated, -1.0)):
        w = flag * groups.weights / float((flag * groups.weights).sum())
        means.append(float(w @ y))
        influence += sign * w * (y - means[-1])
    gap = means[0] - means[1]
    u = clustered(influence, groups.clusters)
    low, high = u.interval(gap, confidence)
    measure: Measure = "risk difference" if np.isin(y, (0, 1)).all() else "mean difference"
    return Effect(
        outcome,
        measure,
        gap,
        low,
        high,
        confidence,
        u.p_value(gap),
        groups.n_treated,
        groups.n_control,
        method or "difference in means",
        groups.notes,
    )
