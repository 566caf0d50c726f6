"""Intervals that allow for people who resemble each other: matched sets, practices, a person used twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import stdtr, stdtrit

from goldenthread.evaluation.arrays import Floats, Ints
from goldenthread.evaluation.errors import EvaluationError, Refusal

FEW_CLUSTERS = 20
"""With fewer clusters than this even the corrected interval is somewhat too narrow (Cameron & Miller 2015)."""


@dataclass(frozen=True)
class Uncertainty:
    """A standard error and the degrees of freedom its interval uses (clusters - 1)."""

    standard_error: float
    degrees: int

    def interval(self, value: float, confidence: float) -> tuple[float, float]:
        """Value plus and minus Student's t times the standard error."""
        reach = float(stdtrit(self.degrees, 0.5 + confidence / 2)) * self.standard_error
        return value - reach, value + reach

    def p_value(self, value: float) -> float:
        """Two-sided, against no effect (0)."""
        if self.standard_error == 0:
            return 1.0 if value == 0 else 0.0
        return float(2 * stdtr(self.degrees, -abs(value) / self.standard_error))


def clustered(influence: Floats, clusters: Sequence[Ints], *, parameters: int = 2) -> Uncertainty:
    """The cluster-robust standard error of an estimate, from what each person contributes to it.

    influence: first-order effect of each person on the estimate (rows in any order, summing to about 0).
    clusters: none (each row alone), one, or two codings of the rows; two are combined as in Cameron,
    Gelbach & Miller (2011, JBES 29:238): first + second - their crossing, and never less than either alone.
    Each part carries the small-sample factor G/(G-1) x (N-1)/(N-parameters) (Liang & Zeger 1986;
    ``cov_type="cluster"`` in statsmodels); degrees of freedom are G-1 for the smaller G.

    >>> u = clustered(np.array([1.0, -1.0, 0.5, -0.5]), [np.array([0, 1, 2, 3])])
    >>> u.degrees, round(u.standard_error, 3)
    (3, 2.236)
    """
    n = len(influence)
    if len(clusters) > 2:
        raise EvaluationError(f"{len(clusters)} ways of clustering.", "Give two at most.")
    codings = list(clusters) or [np.arange(n)]
    parts = [_one_way(influence, codes, parameters) for codes in codings]
    variance = max(v for v, _ in parts)
    if len(codings) == 2:
        crossing = codings[0] * (int(codings[1].max()) + 1) + codings[1]
        both = parts[0][0] + parts[1][0] - _one_way(influence, crossing, parameters)[0]
        variance = max(variance, both)
    return Uncertainty(float(np.sqrt(variance)), min(g for _, g in parts) - 1)


def _one_way(influence: Floats, codes: Ints, parameters: int) -> tuple[float, int]:
    _, dense = np.unique(codes, return_inverse=True)
    total = np.bincount(dense, weights=influence)
    groups, n = len(total), len(influence)
    if groups < 2:
        raise Refusal(
            "Everybody is in one cluster, so chance cannot be judged.", "Cluster by matched set instead."
        )
    factor = groups / (groups - 1) * (n - 1) / max(n - parameters, 1)
    return float(factor * (total @ total)), groups


def joined_clusters(first: Ints, second: Ints) -> Ints:
    """The clusters that result when rows sharing either label belong together.

    Matched sets that share a person (matching with replacement) become one cluster.

    >>> joined_clusters(np.array([0, 0, 1, 1, 2]), np.array([5, 6, 6, 7, 8])).tolist()
    [0, 0, 0, 0, 1]
    """
    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    size = int(a.max()) + 1 + int(b.max()) + 1
    graph = coo_array((np.ones(len(a)), (a, b + a.max() + 1)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels[a], dtype=np.int64)
