"""One place, many periods: did the series change when the programme started?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.series import Series, Shape, read_series, serial_correlation, terms

Floats = NDArray[np.float64]
Season = Literal["harmonics", "months", "none"]
Family = Literal["quasi-poisson", "poisson"]
Errors = Literal["model", "autoregressive", "newey-west"]

# Serial correlation this unlikely under independence makes the model's own interval too narrow to trust.
SERIAL_ALARM = 0.05


@dataclass(frozen=True, eq=False)
class SeriesResult:
    """What happened after the start beside what the earlier course would have led to.

    ``effect`` is a rate ratio over the whole time after the start: fitted events with the change, divided
    by fitted events without it. ``avoided`` is expected less fitted events over that time (negative: more
    events), with its interval. ``series`` has one row a period: count, population, fitted, expected (as if
    nothing had changed), after. ``coefficients`` are on the log scale. ``dispersion`` is Pearson's chi
    square over its degrees of freedom; ``serial_p`` the Ljung-Box test of the deviance residuals.
    """

    effect: Effect
    avoided: tuple[float, float, float]
    series: pd.DataFrame
    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    dispersion: float
    serial_correlation: float
    serial_p: float
    start: Any

    def ratio_at(self, periods_after: int) -> tuple[float, float, float]:
        """Rate ratio, with its interval, so many periods after the first treated one (0: at the start).

        With a change in level only it is the same in every period; with a slope it grows or fades.
        """
        part = {"level": 1.0, "slope": float(periods_after)}
        contrast = np.array([part.get(str(name), 0.0) for name in self.coefficients.index])
        centre = float(contrast @ self.coefficients["estimate"].to_numpy())
        error = float(np.sqrt(contrast @ self.covariance.to_numpy() @ contrast))
        reach = float(stats.norm.ppf((1 + self.effect.confidence) / 2)) * error
        return float(np.exp(centre)), float(np.exp(centre - reach)), float(np.exp(centre + reach))


def interrupted_time_series(
    frame: pd.DataFrame,
    *,
    start: Any,
    count: str = "count",
    time: str = "time",
    population: str | None = None,
    shape: Shape = "level",
    season: Season = "harmonics",
    harmonics: int = 2,
    cycle: int = 12,
    family: Family = "quasi-poisson",
    errors: Errors = "model",
    lags: int | None = None,
    exclude: Sequence[Any] = (),
    confidence: float = 0.95,
) -> SeriesResult:
    """How much a count changed at ``start``, allowing for its trend, its seasons and its own scatter.

    Takes one row a period. ``time`` is a date (one a month, quarter, week or day), a pandas period, or
    whole numbers; ``population`` (a column) turns counts into rates. ``shape`` is a step ("level"), a
    change of trend ("slope") or both ("level and slope"). Seasons are sine and cosine pairs or one term a
    month, of ``cycle`` periods. ``exclude`` names periods to leave out (a phase-in, a pandemic): they may
    be missing. ``errors`` "autoregressive" allows for neighbouring periods resembling each other (first-order
    correlation, corrected for bias); "newey-west" for any correlation up to ``lags`` (default: the whole part
    of 4 (n/100)^(2/9)), and is too narrow under about 100 periods.

    Poisson regression with log link and offset; "quasi-poisson" multiplies the variance by Pearson's
    dispersion (never below 1). Normal-theory intervals. Lopez Bernal, Cummins and Gasparrini (2017),
    "Interrupted time series regression for the evaluation of public health interventions", Int J Epidemiol
    46:348-355; Newey and West (1987). Refuses fewer than 8 periods before (12, and one whole cycle, with
    seasons), fewer than 3 after (6 for a slope), gaps, and a start outside the series.

    >>> months = np.arange(1, 49)
    >>> level = np.where(months >= 37, 80, 100)
    >>> frame = pd.DataFrame({"time": months, "count": level})
    >>> found = interrupted_time_series(frame, start=37, season="none")
    >>> round(found.effect.value, 2), round(found.avoided[0])
    (0.8, 240)
    """
    if not 0 < confidence < 1:
        raise EvaluationError(f"Confidence is {confidence}.", "Give a share between 0 and 1, such as 0.95.")
    series = read_series(frame, time=time, count=count, population=population, start=start, exclude=exclude)
    _enough(series, shape, season, cycle)
    design = terms(series, shape=shape, season=season, harmonics=harmonics, cycle=cycle)
    model = sm.GLM(series.count, design, family=sm.families.Poisson(), offset=np.log(series.population))
    with warnings.catch_warnings():
        # A perfectly smooth series is fitted without residuals: no fault in a model for counts.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fit = model.fit()
    pearson = float(fit.pearson_chi2 / fit.df_resid)
    scale = max(pearson, 1.0) if family == "quasi-poisson" else 1.0
    covariance = _covariance(fit, design, scale, errors, lags)
    residuals = np.asarray(fit.resid_deviance, dtype=float)
    serial, serial_p = serial_correlation(residuals, min(cycle, len(residuals) // 4))
    fitted = np.asarray(fit.fittedvalues, dtype=float)
    change = [name for name in ("level", "slope") if name in design.columns]
    expected = fitted * np.exp(-design[change].to_numpy() @ fit.params[change].to_numpy())
    value, lower, upper, p_value, avoided = _totals(design, change, fitted, expected, covariance, confidence)
    notes = _notes(serial_p, errors, pearson, family)
    before, after = int((~series.after).sum()), int(series.after.sum())
    method = f"interrupted time series, {family}, {shape} change, season: {season}, {errors} errors"
    return SeriesResult(
        effect=Effect(
            count, "rate ratio", value, lower, upper, confidence, p_value, after, before, method, notes
        ),
        avoided=avoided,
        series=pd.DataFrame(
            {
                "count": series.count,
                "population": series.population,
                "fitted": fitted,
                "expected": expected,
                "after": series.after,
            },
            index=pd.Index(series.labels, name="time"),
        ),
        coefficients=_table(fit.params, covariance, confidence),
        covariance=covariance,
        dispersion=pearson,
        serial_correlation=serial,
        serial_p=serial_p,
        start=start,
    )


def _enough(series: Series, shape: Shape, season: Season, cycle: int) -> None:
    before, after = int((~series.after).sum()), int(series.after.sum())
    need_before = 8 if season == "none" else max(12, cycle)
    need_after = 3 if shape == "level" else 6
    if before < need_before or after < need_after:
        raise Refusal(
            f"Too few points: {before} before and {after} after the start. A {shape} change"
            f"{'' if season == 'none' else ' with seasons'} needs at least {need_before} before and "
            f"{need_after} after.",
            f"Add {max(need_before - before, 0)} earlier and wait for {max(need_after - after, 0)} more periods"
            f"{'' if season == 'none' else ', or use season=none if a year has no pattern'}.",
        )
    if not series.count[~series.after].any():
        raise Refusal(
            "No events at all before the start, so there is no course to compare with.",
            "Check the coding of the events, or count something more frequent.",
        )
    if not series.count[series.after].any():
        raise Refusal(
            "No events at all after the start: a ratio of zero has no interval in this model.",
            "Check that the latest data have arrived, or use longer periods.",
        )


def _covariance(
    fit: Any, design: pd.DataFrame, scale: float, errors: Errors, lags: int | None
) -> pd.DataFrame:
    bread = np.asarray(fit.normalized_cov_params, dtype=float)
    if errors == "model":
        values = bread * scale
    elif errors == "autoregressive":
        mean = np.asarray(fit.fittedvalues, dtype=float)
        apart = np.abs(np.subtract.outer(design.index.to_numpy(), design.index.to_numpy()))
        root = design.to_numpy() * np.sqrt(mean)[:, None]
        memory, spread = _memory(np.asarray(fit.resid_pearson, dtype=float), root, apart)
        values = bread @ root.T @ (max(spread, scale) * memory**apart) @ root @ bread
    elif errors == "newey-west":
        used = int(4 * (len(design) / 100) ** (2 / 9)) if lags is None else lags
        score = design.to_numpy() * np.asarray(fit.resid_response, dtype=float)[:, None]
        meat = score.T @ score
        for lag in range(1, used + 1):
            step = score[lag:].T @ score[:-lag]
            meat += (1 - lag / (used + 1)) * (step + step.T)
        values = bread @ meat @ bread * len(design) / fit.df_resid
    else:
        raise EvaluationError(f"Unknown errors {errors!r}.", "Choose model, autoregressive or newey-west.")
    return pd.DataFrame(values, index=design.columns, columns=design.columns)


def _memory(residuals: Floats, root: Floats, apart: NDArray[np.int64]) -> tuple[float, float]:
    """First-order correlation and dispersion of the counts, as their residuals reveal them.

    Fitting trend and seasons takes memory and scatter out of the residuals. The correlation chosen is the one
    that would leave residuals with the lag-one correlation observed; the dispersion follows from it.
    """
    keep = np.eye(residuals.size) - root @ np.linalg.pinv(root)
    next_to = apart == 1
    # Expected sums of squares and of neighbours' products, as polynomials in the correlation.
    squares = np.bincount(apart.ravel(), weights=keep.ravel())
    products = np.bincount(apart.ravel(), weights=(keep @ next_to @ keep).ravel()) / 2
    observed = float((np.outer(residuals, residuals) * next_to).sum() / 2 / (residuals @ residuals))
    grid = np.linspace(0.0, 0.95, 96)
    powers = grid[:, None] ** np.arange(squares.size)
    nearest = int(np.argmin(np.abs(powers @ products / (powers @ squares) - observed)))
    return float(grid[nearest]), float(residuals @ residuals / (powers[nearest] @ squares))


def _totals(
    design: pd.DataFrame,
    change: list[str],
    fitted: Floats,
    expected: Floats,
    covariance: pd.DataFrame,
    confidence: float,
) -> tuple[float, float, float, float, tuple[float, float, float]]:
    """Ratio and difference of total fitted and total expected events after the start, by the delta method."""
    matrix = design.to_numpy()
    after = design.index.to_numpy() >= 0
    still = matrix.copy()
    still[:, [list(design.columns).index(name) for name in change]] = 0.0
    with_change, without = fitted[after].sum(), expected[after].sum()
    slope_with, slope_without = fitted[after] @ matrix[after], expected[after] @ still[after]
    variance = covariance.to_numpy()
    log_ratio = float(np.log(with_change / without))
    gradient = slope_with / with_change - slope_without / without
    error = float(np.sqrt(gradient @ variance @ gradient))
    normal = float(stats.norm.ppf((1 + confidence) / 2))
    p_value = float(2 * stats.norm.sf(abs(log_ratio) / error))
    difference = slope_without - slope_with
    spread = normal * float(np.sqrt(difference @ variance @ difference))
    fewer = float(without - with_change)
    low, high = np.exp(log_ratio - normal * error), np.exp(log_ratio + normal * error)
    return float(np.exp(log_ratio)), float(low), float(high), p_value, (fewer, fewer - spread, fewer + spread)


def _notes(serial_p: float, errors: Errors, dispersion: float, family: Family) -> tuple[str, ...]:
    notes = []
    if serial_p < SERIAL_ALARM and errors == "model":
        notes.append(
            "Neighbouring periods resemble each other more than chance allows, so the interval is probably too "
            "narrow: use errors='autoregressive'."
        )
    if dispersion > 1.5 and family == "poisson":
        notes.append(
            f"The counts scatter {dispersion:.1f} times as much as the Poisson model allows, so the interval is "
            "too narrow: use family='quasi-poisson'."
        )
    return tuple(notes)


def _table(params: pd.Series, covariance: pd.DataFrame, confidence: float) -> pd.DataFrame:
    errors = pd.Series(np.sqrt(np.diag(covariance.to_numpy())), index=covariance.index)
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * errors
    return pd.DataFrame(
        {"estimate": params, "standard_error": errors, "lower": params - reach, "upper": params + reach}
    )
