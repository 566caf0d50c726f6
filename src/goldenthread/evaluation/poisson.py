"""A weighted log-linear model of event counts with follow-up time, Poisson or negative binomial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from goldenthread.evaluation.arrays import Floats
from goldenthread.evaluation.errors import Refusal


@dataclass(frozen=True)
class LogLinear:
    """Coefficients, the inverse information, and the over-dispersion (0 for Poisson)."""

    coefficients: Floats
    inverse_information: Floats
    dispersion: float

    def mean(self, x: Floats, days: Floats) -> Floats:
        """Expected events for people with covariates ``x`` followed for ``days``."""
        return np.asarray(days * np.exp(x @ self.coefficients))

    def score(self, x: Floats, days: Floats, count: Floats, weights: Floats) -> Floats:
        """Each person's contribution to the estimating equations (people x coefficients)."""
        mean = self.mean(x, days)
        return np.asarray(x * (weights * (count - mean) / (1 + self.dispersion * mean))[:, None])


def fit_log_linear(
    x: Floats,
    count: Floats,
    days: Floats,
    weights: Floats,
    *,
    dispersion: float = 0.0,
    prior: float | None = None,
) -> LogLinear:
    """Fit ``E[count] = days x exp(x b)`` by Newton's method; ``x`` carries its own intercept column first.

    ``dispersion`` a gives the negative binomial with variance m + a m^2 (McCullagh & Nelder 1989, ch. 6); its
    weights then change and its intervals still come from the sandwich. Rows without follow-up count for nothing.

    >>> one = np.ones((4, 1))
    >>> fit = fit_log_linear(one, np.array([1.0, 0, 2, 1]), np.full(4, 2.0), np.ones(4))
    >>> round(float(np.exp(fit.coefficients[0])), 3)
    0.5
    """
    total, exposure = float(weights @ count), float(weights @ days)
    if total <= 0 or exposure <= 0:
        raise Refusal("No events to model.", "Use a longer follow-up or a commoner outcome.")
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(total / exposure)
    penalty = np.zeros(x.shape[1])
    if prior is not None:
        penalty[1:] = 1 / prior**2
    best = -np.inf
    previous = beta
    for _ in range(100):
        with np.errstate(over="ignore", invalid="ignore"):
            mean = days * np.exp(x @ beta)
            value = _log_likelihood(x @ beta, mean, count, weights, dispersion)
            value -= 0.5 * float(penalty @ beta**2)
        if not np.isfinite(value) or value < best - 1e-10 * abs(best):
            beta = (beta + previous) / 2
            if np.abs(beta - previous).max() < 1e-12:
                break
            continue
        best, previous = value, beta
        spread = 1 + dispersion * mean
        gradient = x.T @ (weights * (count - mean) / spread) - penalty * beta
        information = (x * (weights * mean / spread)[:, None]).T @ x + np.diag(penalty)
        try:
            step = cho_solve(cho_factor(information), gradient)
        except np.linalg.LinAlgError as error:
            raise Refusal(
                "The outcome model cannot be fitted: covariates repeat each other or leave no events.",
                "Adjust for fewer covariates.",
            ) from error
        if np.abs(step).max() < 1e-10:
            break
        beta = beta + step
    else:
        raise Refusal("The outcome model does not settle.", "Adjust for fewer covariates.")
    return LogLinear(beta, np.asarray(np.linalg.inv(information), dtype=np.float64), dispersion)


def _log_likelihood(eta: Floats, mean: Floats, count: Floats, weights: Floats, dispersion: float) -> float:
    if dispersion == 0:
        return float(weights @ (count * eta - mean))
    grown = np.log1p(dispersion * mean)
    return float(weights @ (count * (eta - grown) - grown / dispersion))


def moment_dispersion(count: Floats, mean: Floats, weights: Floats) -> float:
    """Over-dispersion by moments: the slope of ((y-m)^2 - y) on m^2 (Cameron & Trivedi 1990), at least 0.

    >>> moment_dispersion(np.array([0.0, 4.0]), np.array([2.0, 2.0]), np.ones(2))
    0.5
    """
    square = weights * mean**2
    excess = (count - mean) ** 2 - count
    below = float(square @ mean**2)
    return max(float(square @ excess) / below, 0.0) if below > 0 else 0.0
