"""Instead of choosing comparators, weigh all candidates so that together they resemble the treated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from goldenthread.evaluation.arrays import Floats, as_bools, as_floats
from goldenthread.evaluation.errors import EvaluationError, Refusal


def inverse_probability_weights(
    score: npt.ArrayLike, treated: npt.ArrayLike, *, trim: float | None = None
) -> Floats:
    """Weights for the effect in the treated: 1 for them, p/(1-p) for candidates, scaled to the treated's number.

    ``trim`` (0.99, say) caps candidates' weights at that quantile of the non-negligible ones, so that no single
    person stands for a crowd; it buys steadiness with balance, so look at the balance table again. Source: Hirano, Imbens & Ridder (2003), Econometrica 71:1161.

    >>> inverse_probability_weights([0.5, 0.5, 0.25], [1, 0, 0]).round(2).tolist()
    [1.0, 0.75, 0.25]
    """
    p = as_floats(score, "score")
    flag = as_bools(treated, "treated", length=len(p))
    if ((p < 0) | (p > 1)).any():
        raise EvaluationError("Scores outside 0 to 1.", "Give probabilities, not logits.")
    if (p[~flag] == 1).any():
        raise Refusal(
            "Some candidates were certain to be treated.", "Leave out the covariate that decides it."
        )
    odds = p[~flag] / (1 - p[~flag])
    if not odds.sum() > 0:
        raise Refusal("No candidate is comparable to any treated person.", "Look for other candidates.")
    if trim is not None:
        heavy = odds[odds > 1e-3 * odds.max()]
        odds = np.minimum(odds, np.quantile(heavy, trim))
    out = np.ones(len(p))
    out[~flag] = odds * flag.sum() / odds.sum()
    return out


def entropy_weights(covariates: npt.ArrayLike, treated: npt.ArrayLike, *, tolerance: float = 1e-8) -> Floats:
    """The most even weights on candidates that give them exactly the treated people's covariate means.

    covariates: people x columns. Treated people weigh 1 and candidates sum to their number. The weights are
    proportional to exp(x b); b minimises a convex function (Hainmueller 2012, Political Analysis 20:25), here
    by Newton's method. Refused when no weights can do it: the treated lie outside what candidates span.

    >>> w = entropy_weights([[3.0], [1.0], [2.0], [4.0]], [1, 0, 0, 0])
    >>> bool(abs(w[1:] @ [1, 2, 4] - 3.0) < 1e-6)
    True
    """
    x = np.asarray(covariates, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    flag = as_bools(treated, "treated", length=len(x))
    if not np.isfinite(x).all():
        raise EvaluationError("A covariate is missing or infinite.", "Fill or mark it first.")
    if flag.all() or not flag.any():
        raise Refusal("There are no people in one of the two groups.", "Give treated people and candidates.")
    target = x[flag].mean(axis=0)
    gaps = x[~flag] - target
    scale = gaps.std(axis=0)
    fixed = (scale < 1e-12) & (np.abs(gaps).max(axis=0) > 1e-9)
    if fixed.any():
        raise Refusal(
            f"Covariate {int(np.flatnonzero(fixed)[0])} is the same for all candidates and differs from the treated.",
            "Look for other candidates.",
        )
    gaps = gaps[:, scale >= 1e-12] / scale[scale >= 1e-12]
    gaps = gaps[:, _spanning(gaps)]
    out = np.ones(len(x))
    out[~flag] = _tilt(gaps, tolerance) * flag.sum()
    return out


def _spanning(gaps: Floats) -> list[int]:
    gram = gaps.T @ gaps / len(gaps)
    keep: list[int] = []
    for j in range(gaps.shape[1]):
        trial = [*keep, j]
        if np.linalg.eigvalsh(gram[np.ix_(trial, trial)])[0] > 1e-9:
            keep.append(j)
    return keep


def _tilt(gaps: Floats, tolerance: float) -> Floats:
    beta = np.zeros(gaps.shape[1])
    value, share = _dual(gaps, beta)
    for _ in range(200):
        slope = gaps.T @ share
        if np.abs(slope).max(initial=0.0) < tolerance:
            return share
        curve = (gaps * share[:, None]).T @ gaps - np.outer(slope, slope)
        curve[np.diag_indices_from(curve)] += 1e-12
        try:
            step = -cho_solve(cho_factor(curve), slope)
        except np.linalg.LinAlgError:
            break
        length = 1.0
        while length > 1e-8:
            trial, moved = _dual(gaps, beta + length * step)
            if trial <= value + 1e-4 * length * float(slope @ step) or abs(trial - value) < 1e-14:
                break
            length /= 2
        beta, value, share = beta + length * step, trial, moved
        if np.abs(beta).max() > 200:
            break
    raise Refusal(
        "No weights make the candidates resemble the treated: the groups do not overlap enough.",
        "Use fewer covariates, or match and leave out the people nobody resembles.",
    )


def _dual(gaps: Floats, beta: Floats) -> tuple[float, Floats]:
    eta = gaps @ beta
    top = eta.max()
    grown = np.exp(eta - top)
    total = grown.sum()
    return float(np.log(total) + top), grown / total


def effective_sample_size(weights: npt.ArrayLike) -> float:
    """How many equally weighted people the weights are worth: (sum w)^2 / sum w^2 (Kish 1965).

    >>> effective_sample_size([1, 1, 1, 1]), effective_sample_size([1, 0, 0, 0])
    (4.0, 1.0)
    """
    w = as_floats(weights, "weights")
    if not w.sum() > 0:
        raise EvaluationError("All weights are zero.", "Give at least one positive weight.")
    return float(w.sum() ** 2 / (w @ w))
