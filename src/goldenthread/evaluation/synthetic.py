"""One place among others: synthetic control, synthetic difference-in-differences, difference-in-differences."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.panel import Block, Panel, one_start
from goldenthread.evaluation.simplex import simplex_weights

Floats = NDArray[np.float64]
Variance = Literal["auto", "placebo", "jackknife", "bootstrap", "none"]
Method = Literal["synthetic difference-in-differences", "synthetic control", "difference-in-differences"]

LEAST_BEFORE = 5
LEAST_DONORS = 4
# Below this many treated places the spread of the estimate over places says little: placebos say more.
JACKKNIFE_FROM = 10


@dataclass(frozen=True)
class Weights:
    """What each donor place and each earlier period counts for in the comparison; each sums to one.

    A synthetic control compares levels and uses no earlier period: its ``times`` are all zero.
    """

    units: Floats
    times: Floats


@dataclass(frozen=True, eq=False)
class PanelResult:
    """A place-level estimate, the weights behind it and the comparison period by period.

    ``effect`` is a mean difference, in the outcome's own units, averaged over treated places and periods
    after the start. ``series`` has one row a period: treated, comparison, and their gap. ``fit_before`` is
    the root mean square gap before the start. ``rank_p`` is the share of places (placebo starts in each
    donor, and the treated place itself) whose gap grew at least as much (Abadie, Diamond and Hainmueller
    2010); None where it was not asked for or is not meant.
    """

    effect: Effect
    method: Method
    weights: Weights
    donors: tuple[Hashable, ...]
    treated: tuple[Hashable, ...]
    start: Any
    series: pd.DataFrame
    standard_error: float | None
    fit_before: float
    rank_p: float | None

    @property
    def donor_weights(self) -> pd.Series[float]:
        """Weight of each donor place, largest first."""
        index = pd.Index(self.donors, name="unit")
        return pd.Series(self.weights.units, index=index, name="weight").sort_values(ascending=False)

    @property
    def time_weights(self) -> pd.Series[float]:
        """Weight of each period before the start."""
        before = self.series.index[: self.weights.times.size]
        return pd.Series(self.weights.times, index=before, name="weight")

    def as_rate_ratio(self) -> Effect:
        """The same effect as a ratio of what happened to what was expected, taking what happened as given.

        Only for outcomes that are counts or rates: refused when the expected level is not above zero.
        """
        happened = float(self.series.loc[self.series["after"], "treated"].mean())
        ends = [happened - self.effect.value, happened - self.effect.lower, happened - self.effect.upper]
        if happened < 0 or min(ends) <= 0:
            raise Refusal(
                "The interval reaches an expected level of zero or less, so a percentage change has no meaning.",
                "Read the difference in the outcome's own units.",
            )
        value, lower, upper = (happened / end for end in ends)
        return replace(self.effect, measure="rate ratio", value=value, lower=lower, upper=upper)


Estimator = Callable[[Block, Weights | None], tuple[float, Weights]]


def synthetic_difference_in_differences(
    data: pd.DataFrame | Panel,
    *,
    unit: str = "unit",
    time: str = "time",
    outcome: str = "outcome",
    treated: str = "treated",
    variance: Variance = "auto",
    confidence: float = 0.95,
    repetitions: int = 200,
    seed: int = 1,
) -> PanelResult:
    """How far a place moved from a weighted mix of other places that had been moving as it did.

    Takes one row for each place and period (``treated`` is 0 before and 1 from the start on), or a
    ``Panel``. Places and earlier periods are weighted so that the mix ran parallel to the treated place.
    Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), algorithms 1 (estimate), 2 (bootstrap),
    3 (jackknife) and 4 (placebo). ``variance="auto"`` takes the jackknife from 10 treated places on and
    placebos below that. Refuses fewer than 5 periods before, fewer than 4 donors, several starts.

    >>> rng = np.random.default_rng(4)
    >>> level = rng.normal(50, 5, (12, 1)) + rng.normal(0, 2, (1, 20)) + rng.normal(0, 0.3, (12, 20))
    >>> level[0, 14:] -= 6
    >>> wide = pd.DataFrame(level, index=list("abcdefghijkl"))
    >>> found = synthetic_difference_in_differences(Panel.from_wide(wide, treated_units=["a"], start=14))
    >>> found.effect.lower < -6 < found.effect.upper < 0
    True
    """
    panel = _panel(data, unit, time, outcome, treated)
    return _evaluate(
        panel, "synthetic difference-in-differences", outcome, variance, confidence, repetitions, seed
    )


def synthetic_control(
    data: pd.DataFrame | Panel,
    *,
    unit: str = "unit",
    time: str = "time",
    outcome: str = "outcome",
    treated: str = "treated",
    variance: Variance = "auto",
    confidence: float = 0.95,
    repetitions: int = 200,
    seed: int = 1,
) -> PanelResult:
    """How far a place moved from a weighted mix of other places that had been at the same level.

    Donor weights are never negative, add to one and minimise the gap before the start, with no constant
    and a negligible ridge (Abadie, Diamond and Hainmueller 2010; as in Arkhangelsky et al. 2021, table 1).
    Arguments and refusals as for ``synthetic_difference_in_differences``. With one treated place, ``rank_p`` is the
    permutation test: the rank of its after/before gap ratio among those of the donors.

    >>> wide = pd.DataFrame(np.arange(8.0)[:, None] + np.arange(12.0) % 5, index=list("abcdefgh"))
    >>> wide.loc["d", 9:] += 3
    >>> round(synthetic_control(Panel.from_wide(wide, treated_units=["d"], start=9)).effect.value, 2)
    3.0
    """
    panel = _panel(data, unit, time, outcome, treated)
    return _evaluate(panel, "synthetic control", outcome, variance, confidence, repetitions, seed)


def difference_in_differences(
    data: pd.DataFrame | Panel,
    *,
    unit: str = "unit",
    time: str = "time",
    outcome: str = "outcome",
    treated: str = "treated",
    variance: Variance = "auto",
    confidence: float = 0.95,
    repetitions: int = 200,
    seed: int = 1,
) -> PanelResult:
    """Change in the treated places less the plain average change in all the others.

    Equal weights for every donor and every earlier period: right only if all would have moved alike.
    Needs one period before and one donor (three for an interval); other arguments as for ``synthetic_difference_in_differences``.

    >>> long = pd.DataFrame({"unit": list("aabbcc"), "time": [1, 2] * 3, "treated": [0, 1, 0, 0, 0, 0],
    ...                      "outcome": [10.0, 7.0, 8.0, 9.0, 6.0, 7.0]})
    >>> difference_in_differences(long, variance="none").effect.value
    -4.0
    """
    panel = _panel(data, unit, time, outcome, treated)
    return _evaluate(panel, "difference-in-differences", outcome, variance, confidence, repetitions, seed)


def placebo_in_time(data: Panel, *, method: Method, periods: int, confidence: float = 0.95) -> PanelResult:
    """The same analysis with an invented start ``periods`` earlier and the true after-period cut away.

    Nothing happened then, so an effect here says the comparison drifts by itself.
    """
    block = _block(data, method)
    start = block.before - periods
    if periods < 1 or start < 1:
        raise EvaluationError(
            f"A start {periods} periods earlier lies outside the {block.before} periods before the start.",
            f"Choose between 1 and {block.before - 1} periods.",
        )
    first = np.where(data.first >= 0, start, -1).astype(np.int64)
    earlier = Panel(data.units, data.times[: block.before], data.outcome[:, : block.before], first)
    return _evaluate(earlier, method, "placebo start", "auto", confidence, 200, 1)


def _panel(data: pd.DataFrame | Panel, unit: str, time: str, outcome: str, treated: str) -> Panel:
    if isinstance(data, Panel):
        return data
    return Panel.from_long(data, unit=unit, time=time, outcome=outcome, treated=treated)


def _block(panel: Panel, method: Method) -> Block:
    plain = method == "difference-in-differences"
    return one_start(
        panel, least_before=1 if plain else LEAST_BEFORE, least_donors=1 if plain else LEAST_DONORS
    )


def _evaluate(
    panel: Panel,
    method: Method,
    outcome: str,
    variance: Variance,
    confidence: float,
    repetitions: int,
    seed: int,
) -> PanelResult:
    if not 0 < confidence < 1:
        raise EvaluationError(f"Confidence is {confidence}.", "Give a share between 0 and 1, such as 0.95.")
    block = _block(panel, method)
    estimator = ESTIMATORS[method]
    value, weights = estimator(block, None)
    chosen = _choose(variance, len(block.treated), len(block.donors))
    placebos = _placebos(block, estimator, repetitions, seed) if chosen == "placebo" else []
    error, degrees, how = _standard_error(block, estimator, weights, chosen, placebos, repetitions, seed)
    series = _series(block, weights)
    gap_before = series.loc[~series["after"], "gap"].to_numpy()
    lower, upper, p_value = _interval(value, error, degrees, confidence)
    effect = Effect(
        outcome, "mean difference", value, lower, upper, confidence, p_value,
        len(block.treated), len(block.donors), f"{method}, {how}",
    )  # fmt: skip
    ranked = len(block.treated) == 1 and method == "synthetic control" and bool(placebos)
    return PanelResult(
        effect=effect,
        method=method,
        weights=weights,
        donors=tuple(panel.units[row] for row in panel.donor_rows),
        treated=tuple(panel.units[row] for row in panel.treated_rows),
        start=block.start,
        series=series,
        standard_error=error,
        fit_before=float(np.sqrt(np.mean(gap_before**2))),
        rank_p=_rank_p(series, placebos) if ranked else None,
    )


def _interval(
    value: float, error: float | None, degrees: float, confidence: float
) -> tuple[float, float, float | None]:
    if error is None:
        return float("-inf"), float("inf"), None
    reach = float(stats.t.ppf((1 + confidence) / 2, degrees)) * error
    p_value = float(2 * stats.t.sf(abs(value) / error, degrees)) if error > 0 else None
    return value - reach, value + reach, p_value


def _sdid(block: Block, fixed: Weights | None) -> tuple[float, Weights]:
    weights = fixed or Weights(_unit_weights(block, intercept=True), _time_weights(block))
    return _contrast(block, weights), weights


def _sc(block: Block, fixed: Weights | None) -> tuple[float, Weights]:
    weights = fixed or Weights(_unit_weights(block, intercept=False), np.zeros(block.before))
    return _contrast(block, weights), weights


def _did(block: Block, fixed: Weights | None) -> tuple[float, Weights]:
    donors = len(block.donors)
    weights = fixed or Weights(np.full(donors, 1 / donors), np.full(block.before, 1 / block.before))
    return _contrast(block, weights), weights


ESTIMATORS: dict[Method, Estimator] = {
    "synthetic difference-in-differences": _sdid,
    "synthetic control": _sc,
    "difference-in-differences": _did,
}


def _noise(block: Block) -> float:
    """Standard deviation of the donors' period-to-period changes before the start (equation 5)."""
    return float(np.diff(block.donors[:, : block.before], axis=1).std(ddof=1))


def _unit_weights(block: Block, *, intercept: bool) -> Floats:
    noise = _noise(block)
    # Regularisation as in equation 5; a synthetic control proper has next to none.
    scale = (len(block.treated) * block.after) ** 0.25 if intercept else 1e-6
    before = slice(None, block.before)
    return simplex_weights(
        block.donors[:, before].T,
        block.treated[:, before].mean(axis=0),
        zeta=scale * noise,
        intercept=intercept,
        least_decrease=1e-5 * noise,
    )


def _time_weights(block: Block) -> Floats:
    noise = _noise(block)
    return simplex_weights(
        block.donors[:, : block.before],
        block.donors[:, block.before :].mean(axis=1),
        zeta=1e-6 * noise,
        intercept=True,
        least_decrease=1e-5 * noise,
    )


def _gap(block: Block, weights: Weights) -> Floats:
    gap: Floats = block.treated.mean(axis=0) - weights.units @ block.donors
    return gap


def _contrast(block: Block, weights: Weights) -> float:
    gap = _gap(block, weights)
    return float(gap[block.before :].mean() - weights.times @ gap[: block.before])


def _series(block: Block, weights: Weights) -> pd.DataFrame:
    shift = float(weights.times @ _gap(block, weights)[: block.before])
    comparison = weights.units @ block.donors + shift
    treated = block.treated.mean(axis=0)
    after = np.arange(treated.size) >= block.before
    index = pd.Index(block.panel.times, name="time")
    return pd.DataFrame(
        {"treated": treated, "comparison": comparison, "gap": treated - comparison, "after": after},
        index=index,
    )


@dataclass(frozen=True, eq=False)
class _Placebo:
    value: float
    growth: float


def _choose(variance: Variance, treated: int, donors: int) -> Variance:
    """Settle "auto", and refuse what the number of places does not allow."""
    if variance == "auto":
        too_few_to_pretend = donors - treated < 2 <= treated
        variance = "jackknife" if treated >= JACKKNIFE_FROM or too_few_to_pretend else "placebo"
    if variance not in ("placebo", "jackknife", "bootstrap", "none"):
        raise EvaluationError(
            f"Unknown variance {variance!r}.", "Choose auto, placebo, jackknife, bootstrap or none."
        )
    if variance == "placebo" and donors - treated < 2:
        raise Refusal(
            f"Placebo intervals need at least {treated + 2} donors for {treated} treated; there are {donors}.",
            "Add donor places; with two or more treated places use variance='jackknife'; variance='none' gives "
            "the figure without an interval.",
        )
    if variance in ("jackknife", "bootstrap") and treated < 2:
        raise Refusal(
            f"The {variance} needs at least two treated places; there is one.",
            "Use variance='placebo'.",
        )
    return variance


def _standard_error(
    block: Block,
    estimator: Estimator,
    weights: Weights,
    variance: Variance,
    placebos: list[_Placebo],
    repetitions: int,
    seed: int,
) -> tuple[float | None, float, str]:
    """Standard error, degrees of freedom for Student's t (few places mean wide intervals), and its name."""
    fewest = min(len(block.treated), len(block.donors))
    if variance == "none":
        return None, np.inf, "no interval"
    if variance == "placebo":
        spread = float(np.std([placebo.value for placebo in placebos], ddof=1))
        return spread, len(block.donors) - 1, f"interval from {len(placebos)} placebo places"
    if variance == "jackknife":
        return _jackknife(block, weights), fewest - 1, "jackknife interval over places"
    estimates = _bootstrap(block, estimator, repetitions, seed)
    return float(estimates.std(ddof=1)), fewest - 1, f"bootstrap of {estimates.size} draws of places"


def _placebos(block: Block, estimator: Estimator, repetitions: int, seed: int) -> list[_Placebo]:
    """Algorithm 4: donors take the part of the treated places; every donor once if one place is treated."""
    treated, donors = len(block.treated), len(block.donors)
    if treated == 1:
        parts = [np.array([row]) for row in range(donors)]
    else:
        rng = np.random.default_rng(seed)
        parts = [rng.choice(donors, treated, replace=False) for _ in range(repetitions)]
    found = []
    for rows in parts:
        pretended = _pretend(block, rows)
        value, weights = estimator(pretended, None)
        found.append(_Placebo(value, _growth(_series(pretended, weights))))
    return found


def _pretend(block: Block, rows: NDArray[np.int64]) -> Block:
    return replace(block, donors=np.delete(block.donors, rows, axis=0), treated=block.donors[rows])


def _jackknife(block: Block, weights: Weights) -> float:
    """Algorithm 3: leave out each place in turn with the weights kept, those left put back to one."""
    estimates = []
    for row in range(len(block.treated)):
        estimates.append(_contrast(replace(block, treated=np.delete(block.treated, row, axis=0)), weights))
    for row in range(len(block.donors)):
        left = np.delete(weights.units, row)
        if left.sum() <= 0:
            raise Refusal(
                "One donor carries the whole comparison, so leaving it out leaves nothing.",
                "Use variance='placebo'.",
            )
        fewer = replace(block, donors=np.delete(block.donors, row, axis=0))
        estimates.append(_contrast(fewer, replace(weights, units=left / left.sum())))
    spread = np.asarray(estimates) - np.mean(estimates)
    return float(np.sqrt((spread.size - 1) / spread.size * (spread**2).sum()))


def _bootstrap(block: Block, estimator: Estimator, repetitions: int, seed: int) -> Floats:
    """Algorithm 2: draw places with replacement until both kinds are there, and estimate anew."""
    rng = np.random.default_rng(seed)
    treated, donors = len(block.treated), len(block.donors)
    estimates: list[float] = []
    while len(estimates) < repetitions:
        drawn = rng.integers(0, treated + donors, treated + donors)
        kept, mirrored = drawn[drawn >= treated] - treated, drawn[drawn < treated]
        if kept.size < 2 or not mirrored.size:
            continue
        again = replace(block, donors=block.donors[kept], treated=block.treated[mirrored])
        estimates.append(estimator(again, None)[0])
    return np.array(estimates)


def _rank_p(series: pd.DataFrame, placebos: list[_Placebo]) -> float:
    own = _growth(series)
    return float((1 + sum(placebo.growth >= own for placebo in placebos)) / (1 + len(placebos)))


def _growth(series: pd.DataFrame) -> float:
    squares = series["gap"].to_numpy() ** 2
    after = series["after"].to_numpy(dtype=bool)
    before = squares[~after].mean()
    return float(np.inf) if before == 0 else float(squares[after].mean() / before)
