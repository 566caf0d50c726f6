"""Poisson regression of counts by place and period, with a level for each place and each period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldenthread.evaluation.errors import EvaluationError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PoissonFit:
    """Coefficients of ``terms`` (log rate ratios), fitted counts, and Pearson's dispersion."""

    coefficients: Floats
    fitted: Floats
    dispersion: float
    whole: Floats


def two_way_poisson(
    count: Floats, log_population: Floats, terms: Floats, *, begin: Floats | None = None
) -> PoissonFit:
    """Maximum likelihood of ``count[i, t] ~ Poisson(population * exp(place_i + period_t + terms @ b))``.

    ``count`` is places by periods, ``terms`` places by periods by coefficients. The places' levels are
    profiled out (the conditional likelihood is multinomial over periods: Hausman, Hall and Griliches 1984),
    so Newton's method runs over the periods and the terms only. ``begin`` (an earlier ``whole``) saves steps.

    >>> started = np.array([[0.0, 0.0], [0.0, 1.0]])[:, :, None]
    >>> fit = two_way_poisson(np.array([[100.0, 110.0], [50.0, 44.0]]), np.zeros((2, 2)), started)
    >>> round(float(np.exp(fit.coefficients[0])), 3)  # (44 / 50) / (110 / 100)
    0.8
    """
    places, periods = count.shape
    dummies = np.broadcast_to(np.eye(periods)[1:].T, (places, periods, periods - 1))
    design = np.concatenate([dummies, terms], axis=2)
    total = count.sum(axis=1, keepdims=True)
    whole = np.zeros(design.shape[2]) if begin is None else begin.copy()
    likelihood, step = -np.inf, np.zeros_like(whole)
    for _ in range(100):
        fitted, latest = _fitted(count, total, log_population, design, whole)
        if latest < likelihood - 1e-9 * (1 + abs(likelihood)):
            step = step / 2  # the last step went too far
            whole = whole - step
            continue
        if abs(latest - likelihood) < 1e-10 * (1 + abs(latest)):
            break
        likelihood = latest
        gradient = np.einsum("itk,it->k", design, count - fitted)
        sums = np.einsum("itk,it->ik", design, fitted)
        information = np.einsum("itk,it,itl->kl", design, fitted, design, optimize=True)
        information -= (sums / np.maximum(total, 1e-300)).T @ sums
        if np.linalg.cond(information) > 1e12:
            raise EvaluationError(
                "The effect cannot be told apart from the periods' and places' own levels.",
                "Use longer periods, or add places that start at other times.",
            )
        step = np.linalg.solve(information, gradient)
        whole = whole + step
    else:
        raise EvaluationError(
            "The model of the roll-out does not settle.", "Use longer periods: counts are too small."
        )
    residual = count - fitted
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = np.where(fitted > 0, residual**2 / fitted, 0.0).sum()
    free = count.size - design.shape[2] - places
    return PoissonFit(whole[periods - 1 :], fitted, float(pearson / max(free, 1)), whole)


def _fitted(
    count: Floats, total: Floats, log_population: Floats, design: Floats, whole: Floats
) -> tuple[Floats, float]:
    linear = log_population + design @ whole
    linear = linear - linear.max(axis=1, keepdims=True)
    share = np.exp(linear)
    share /= share.sum(axis=1, keepdims=True)
    likelihood = float(np.sum(count * np.log(np.maximum(share, 1e-300))))
    return total * share, likelihood
