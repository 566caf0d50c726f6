"""The chance of being treated given the covariates: logistic regression by Newton's method, at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, qr
from scipy.special import expit

from goldenthread.evaluation.arrays import Bools, Floats, as_bools
from goldenthread.evaluation.errors import EvaluationError, Refusal

CHUNK = 8_192
"""Rows worked on at once: a block that stays in the processor's cache."""
WARM_START_CONTROLS = 40_000
"""With many more candidates than this, a sample of them gives the start; the fit itself uses everybody."""
SEPARATION = 25.0
"""A standardised log odds ratio this large means a covariate decides treatment (nearly) alone."""


@dataclass(frozen=True)
class Propensity:
    """``logit`` and ``score`` (probability) per person; coefficients on the covariates' own scale.

    ``kept`` are the columns used (collinear ones are left out, as the notes say).
    """

    logit: Floats
    score: Floats
    intercept: float
    coefficients: Floats
    kept: tuple[int, ...]
    notes: tuple[str, ...] = ()


def propensity_score(
    covariates: npt.ArrayLike, treated: npt.ArrayLike, *, names: Sequence[str] | None = None
) -> Propensity:
    """Fit the propensity score (Rosenbaum & Rubin 1983, Biometrika 70:41) by maximum likelihood.

    ``covariates`` is people x columns, ``treated`` a flag per person. A column that never varies is an
    error; columns that repeat others are left out with a note. Where a covariate decides treatment for
    some people the likelihood has no maximum: a weak normal prior (standard deviation 2.5 on
    standardised coefficients) is then used, with a note. Where covariates decide treatment for
    everybody there is nobody comparable, and the fit is refused.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(400, 2))
    >>> fit = propensity_score(x, rng.random(400) < expit(x[:, 0] - 1))
    >>> bool(np.corrcoef(fit.logit, x[:, 0])[0, 1] > 0.9)
    True
    """
    x = np.asarray(covariates, dtype=np.float64)
    if x.ndim != 2:
        raise EvaluationError("Covariates are not a table.", "Give people in rows and covariates in columns.")
    flag = as_bools(treated, "treated", length=len(x))
    labels = list(names) if names is not None else [f"covariate {j}" for j in range(x.shape[1])]
    if flag.all() or not flag.any():
        raise Refusal("There are no people in one of the two groups.", "Give treated people and candidates.")
    z, mean, spread = _standardised(x, labels)
    keep, notes = _independent(z, labels)
    if len(keep) < z.shape[1]:
        z = z.T[keep].T
    beta, penalised = _fit(z, flag)
    if penalised:
        notes.append(
            "A covariate nearly decides who was treated; a weak prior was used in the propensity model."
        )
    logit = z @ beta
    if float(logit[flag].min()) > float(logit[~flag].max()):
        raise Refusal(
            "Too few people to match: no candidate is comparable to any treated person (no common support).",
            "Look for candidates who could have been offered the same help.",
        )
    kept = tuple(int(j) - 1 for j in keep[1:])
    slopes = beta[1:] / spread[list(kept)]
    intercept = float(beta[0] - slopes @ mean[list(kept)])
    return Propensity(logit, expit(logit), intercept, slopes, kept, tuple(notes))


def _standardised(x: Floats, labels: list[str]) -> tuple[Floats, Floats, Floats]:
    """An intercept and each covariate with mean 0 and standard deviation 1, columns contiguous."""
    z = np.empty((len(x), x.shape[1] + 1), order="F")
    z[:, 0] = 1.0
    mean, spread = np.empty(x.shape[1]), np.empty(x.shape[1])
    bad, constant = [], []
    for j, label in enumerate(labels):
        column = z[:, j + 1]
        column[:] = x[:, j]
        mean[j] = column.mean()
        if not np.isfinite(mean[j]):
            bad.append(label)
            continue
        column -= mean[j]
        spread[j] = np.sqrt(column @ column / len(column))
        if spread[j] <= 1e-12 * max(1.0, abs(mean[j])):
            constant.append(label)
        else:
            column /= spread[j]
    if bad:
        raise EvaluationError(f"Missing or infinite values in {', '.join(bad)}.", "Fill or mark them first.")
    if constant:
        raise EvaluationError(
            f"The same for everybody, so nothing to match on: {', '.join(constant)}.",
            "Leave these covariates out.",
        )
    return z, mean, spread


def _independent(z: Floats, labels: list[str]) -> tuple[list[int], list[str]]:
    """Columns of full rank, earlier ones first (the intercept is column 0)."""
    gram = z.T @ z / len(z)
    if np.linalg.eigvalsh(gram)[0] > 1e-9:
        return list(range(z.shape[1])), []
    keep: list[int] = []
    for j in range(z.shape[1]):
        trial = [*keep, j]
        r = qr(gram[np.ix_(trial, trial)], mode="r")[0]
        if abs(r[-1, -1]) > 1e-9:
            keep.append(j)
    dropped = [labels[j - 1] for j in range(1, z.shape[1]) if j not in keep]
    return keep, [f"Left out of the propensity model, repeats other covariates: {name}." for name in dropped]


def _fit(z: Floats, flag: Bools) -> tuple[Floats, bool]:
    start = np.zeros(z.shape[1])
    share = flag.mean()
    start[0] = np.log(share / (1 - share))
    controls = np.flatnonzero(~flag)
    if len(controls) > 2 * WARM_START_CONTROLS:
        # case-control sampling moves only the intercept, by the log of the sampling share
        step = len(controls) // WARM_START_CONTROLS
        sample = np.concatenate([np.flatnonzero(flag), controls[::step]])
        first = start.copy()
        first[0] += np.log(step)
        warm, ok = _newton(z[sample], flag[sample], first, 0.0)
        if ok:
            start = warm
            start[0] -= np.log(step)
    beta, ok = _newton(z, flag, start, 0.0)
    if ok:
        return beta, False
    start = np.zeros(z.shape[1])
    start[0] = np.log(share / (1 - share))
    beta, ok = _newton(z, flag, start, 1 / 2.5**2)
    if not ok:
        raise Refusal("The propensity model cannot be fitted.", "Use fewer or coarser covariates.")
    return beta, True


def _newton(z: Floats, flag: Bools, start: Floats, prior: float) -> tuple[Floats, bool]:
    """Maximise the (penalised) log likelihood; False when it runs away or does not settle in 60 steps.

    The matrix of second derivatives is the costly part, so it is kept while steps shrink at least fivefold and made
    anew when they do not. The stopping rule rests on the first derivatives alone.
    """
    beta = previous = start.copy()
    penalty = np.full(z.shape[1], prior)
    penalty[0] = 0.0
    y = flag.astype(np.float64)
    best, size = -np.inf, np.inf
    factor: tuple[Floats, bool] | None = None
    for _ in range(60):
        value, score, gram = _derivatives(z, y, beta, penalty, with_gram=factor is None)
        if not np.isfinite(value):
            return beta, False
        if value < best - 1e-9 * abs(best):
            beta, factor = (beta + previous) / 2, None  # halve a step that went downhill
            continue
        best = value
        if gram is not None:
            factor = _factor(gram)
        if factor is None:
            return beta, False
        step = cho_solve(factor, score)
        previous, beta = beta, beta + step
        if prior == 0.0 and np.abs(beta[1:]).max(initial=0.0) > SEPARATION:
            return beta, False
        now = float(np.abs(step).max())
        if now < 1e-9:
            return beta, True
        if now > size / 5:
            factor = None
        size = now
    return beta, False


def _factor(gram: Floats) -> tuple[Floats, bool] | None:
    try:
        return cho_factor(gram)
    except np.linalg.LinAlgError:
        return None


def _derivatives(
    z: Floats, y: Floats, beta: Floats, penalty: Floats, *, with_gram: bool
) -> tuple[float, Floats, Floats | None]:
    score = -penalty * beta
    gram = np.diag(penalty)
    value = -0.5 * float(penalty @ beta**2)
    for start in range(0, len(z), CHUNK):
        part, seen = z[start : start + CHUNK], y[start : start + CHUNK]
        eta = part @ beta
        small = np.exp(-np.abs(eta))
        chance = np.where(eta >= 0, 1.0, small) / (1.0 + small)
        value += float(seen @ eta - np.maximum(eta, 0.0).sum() - np.log1p(small).sum())
        score = score + part.T @ (seen - chance)
        if with_gram:
            gram = gram + (part * (chance * (1 - chance))[:, None]).T @ part
    return value, score, gram if with_gram else None
