"""Weights that are never negative and add up to one, chosen to reproduce a target series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def simplex_weights(
    candidates: Floats,
    target: Floats,
    *,
    zeta: float,
    intercept: bool,
    least_decrease: float,
    steps: int = 10_000,
    steps_before_thinning: int = 100,
) -> Floats:
    """Weights w minimising ``mean((candidates @ w + a - target)^2) + zeta^2 * sum(w^2)``.

    ``candidates`` has one row an observation and one column a candidate. ``a`` is a free constant with
    ``intercept`` and 0 without. Solved by Frank-Wolfe with exact line search, in two rounds: a short one,
    after which weights of a quarter of the largest or less are set to zero, and a long one from there until
    a step improves the objective by less than ``least_decrease`` squared (Arkhangelsky, Athey, Hirshberg,
    Imbens and Wager, 2021, "Synthetic Difference-in-Differences", American Economic Review 111(12), and
    the defaults of the authors' package).

    >>> line = np.array([[0.0, 2.0], [0.0, 4.0], [2.0, 0.0]])
    >>> simplex_weights(line, line.mean(axis=1), zeta=1e-6, intercept=False, least_decrease=1e-9).round(3)
    array([0.5, 0.5])
    """
    # Weights add up to one, so taking the same number off every candidate and the target changes nothing;
    # it keeps the sums small when the outcome's level is large.
    level = candidates.mean(axis=1)
    left, right = candidates - level[:, None], target - level
    if intercept:
        left, right = left - left.mean(axis=0), right - right.mean()
    rows, columns = left.shape
    gram = left.T @ left / rows + zeta**2 * np.eye(columns)
    linear = left.T @ right / rows
    weights = np.full(columns, 1.0 / columns)
    weights = _frank_wolfe(gram, linear, weights, least_decrease, steps_before_thinning)
    weights = np.where(weights <= weights.max() / 4, 0.0, weights)
    weights = _frank_wolfe(gram, linear, weights / weights.sum(), least_decrease, steps)
    final: Floats = weights / weights.sum()
    return final


def _frank_wolfe(gram: Floats, linear: Floats, weights: Floats, least_decrease: float, steps: int) -> Floats:
    weights = weights.copy()
    gradient = gram @ weights - linear
    # Moving a share towards one corner moves the gradient by the same share towards that corner's.
    corner_gradients = gram - linear
    quadratic, along = float(weights @ gram @ weights), float(weights @ linear)
    for taken in range(steps):
        corner = int(gradient.argmin())
        slope, diagonal, pull = float(gradient[corner]), float(gram[corner, corner]), float(linear[corner])
        gap = quadratic - along - slope
        curvature = quadratic - 2 * (slope + pull) + diagonal
        if gap <= 0 or curvature <= 0:
            break
        share = min(1.0, gap / curvature)
        quadratic = (
            (1 - share) ** 2 * quadratic + 2 * share * (1 - share) * (slope + pull) + share**2 * diagonal
        )
        along = (1 - share) * along + share * pull
        gradient *= 1 - share
        gradient += share * corner_gradients[corner]
        weights *= 1 - share
        weights[corner] += share
        if taken > 0 and 2 * share * gap - share**2 * curvature < least_decrease**2:
            break
    return weights
