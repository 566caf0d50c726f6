"""How good predicted risks were, as functions over two columns: the outcome and the risk that was predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from goldenthread.prediction.errors import PredictionError

Z_95 = 1.959963984540054
_EDGE = 1e-9
"""Risks are kept so far from nought and one, so that their log odds exist."""


@dataclass(frozen=True)
class Discrimination:
    """Area under the ROC curve: how often somebody admitted had the higher risk of two, with its 95% interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Line:
    """Calibration slope (1 is right; under 1, risks were too extreme) and intercept (0 is right; under 0, risks were
    too high on the whole), each with its 95% interval."""

    slope: float
    slope_lower: float
    slope_upper: float
    intercept: float
    intercept_lower: float
    intercept_upper: float


def auc(outcome: ArrayLike, risk: ArrayLike) -> Discrimination:
    """The area under the ROC curve with DeLong's interval, ties counted as half.

    Sources: DeLong and others, Biometrics 1988;44:837-845; by midranks: Sun and Xu, IEEE Signal Processing Letters
    2014;21:1389-1393. The interval is symmetric on the log-odds scale, so that it stays between nought and one.
    Raises ``PredictionError`` unless there is somebody with and somebody without the outcome.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    y, p = _checked(outcome, risk)
    cases, others = p[y], p[~y]
    if not len(cases) or not len(others):
        raise PredictionError("Discrimination needs people with the outcome and people without it.")
    m, n = len(cases), len(others)
    every = rankdata(np.concatenate([cases, others]))
    area = (every[:m].sum() / m - (m + 1) / 2) / n
    of_cases = (every[:m] - rankdata(cases)) / n
    of_others = 1 - (every[m:] - rankdata(others)) / m
    variance = (of_cases.var(ddof=1) / m if m > 1 else 0.0) + (of_others.var(ddof=1) / n if n > 1 else 0.0)
    if area in (0.0, 1.0) or variance == 0.0:
        return Discrimination(float(area), float(area), float(area))
    centre, reach = np.log(area / (1 - area)), Z_95 * np.sqrt(variance) / (area * (1 - area))
    lower, upper = 1 / (1 + np.exp(-(centre - reach))), 1 / (1 + np.exp(-(centre + reach)))
    return Discrimination(float(area), float(lower), float(upper))


def calibration_line(outcome: ArrayLike, risk: ArrayLike) -> Line:
    """Logistic regression of the outcome on the log odds of the risk: its slope; and its intercept with the slope held at 1.

    Sources: Cox, Biometrika 1958;45:562-565; Van Calster and others, BMC Medicine 2019;17:230.
    Raises ``PredictionError`` where everybody or nobody has the outcome, or all have one risk.
    """
    y, p = _checked(outcome, risk)
    if y.all() or not y.any():
        raise PredictionError("Calibration needs people with the outcome and people without it.")
    score = np.log(p / (1 - p))
    if np.ptp(score) == 0:
        raise PredictionError("Everybody has the same predicted risk, so there is no slope to work out.")
    ones = np.ones_like(score)
    both, spread = _logistic(y, np.column_stack([ones, score]), np.zeros_like(score), np.array([0.0, 1.0]))
    level, level_spread = _logistic(y, ones[:, None], score, np.array([0.0]))
    return Line(
        slope=float(both[1]),
        slope_lower=float(both[1] - Z_95 * spread[1]),
        slope_upper=float(both[1] + Z_95 * spread[1]),
        intercept=float(level[0]),
        intercept_lower=float(level[0] - Z_95 * level_spread[0]),
        intercept_upper=float(level[0] + Z_95 * level_spread[0]),
    )


def brier(outcome: ArrayLike, risk: ArrayLike) -> float:
    """Mean squared distance of risk and outcome: 0 is perfect. Source: Brier, Monthly Weather Review 1950;78:1-3.

    >>> brier([0, 1], [0.0, 0.5])
    0.125
    """
    y, p = np.asarray(outcome, dtype=float), np.asarray(risk, dtype=float)
    return float(np.mean((p - y) ** 2))


def tenths(risk: ArrayLike) -> NDArray[np.int64]:
    """Which tenth of the people each is in, 1 with the lowest risks; of equal risks the earlier comes first.

    >>> tenths([0.5, 0.1, 0.9, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.0]).tolist()
    [6, 2, 10, 3, 4, 5, 7, 8, 9, 1]
    """
    p = np.asarray(risk, dtype=float)
    place = np.empty(len(p), np.int64)
    place[np.argsort(p, kind="stable")] = np.arange(len(p))
    return place * 10 // max(len(p), 1) + 1


def _checked(outcome: ArrayLike, risk: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    y, p = np.asarray(outcome).astype(bool), np.asarray(risk, dtype=float)
    if y.shape != p.shape or y.ndim != 1:
        raise PredictionError("Outcome and risk must be two columns of the same length.")
    if not np.isfinite(p).all() or (p < 0).any() or (p > 1).any():
        raise PredictionError("A predicted risk is not between 0 and 1.")
    return y, np.clip(p, _EDGE, 1 - _EDGE)


def _logistic(
    y: NDArray[np.bool_], x: NDArray[np.float64], offset: NDArray[np.float64], start: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Maximum likelihood by Newton's steps, halved while they make it worse; estimates and their standard errors."""

    def likelihood(b: NDArray[np.float64]) -> float:
        eta = x @ b + offset
        return float((y * eta - np.logaddexp(0, eta)).sum())

    estimate, best = start.astype(float), likelihood(start)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ estimate + offset, -500, 500)))
        information = x.T @ (x * (p * (1 - p))[:, None])
        try:
            step = np.linalg.solve(information, x.T @ (y - p))
        except np.linalg.LinAlgError:
            break
        while likelihood(estimate + step) < best - 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        estimate, best = estimate + step, likelihood(estimate + step)
        if np.abs(step).max() < 1e-10:
            return estimate, np.sqrt(np.diag(np.linalg.inv(information)))
    raise PredictionError(
        "The calibration line could not be worked out: the risks separate the two outcomes completely."
    )
