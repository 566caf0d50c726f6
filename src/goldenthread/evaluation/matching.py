"""Who is compared with whom: greedy nearest-neighbour matching, without ever forming an n x m matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from goldenthread.evaluation.arrays import Floats, Ints, as_bools, as_codes, as_floats
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.neighbours import Pool

Order = Literal["largest", "smallest", "data", "random"]


@dataclass(frozen=True)
class Matches:
    """Pairs of row numbers: ``treated[i]`` is compared with ``control[i]``; ``distance[i]`` apart.

    ``unmatched`` are treated rows with nobody comparable. Sets are numbered by the treated person's place
    in the data.
    """

    treated: Ints
    control: Ints
    distance: Floats
    unmatched: Ints
    rows: int

    @property
    def weights(self) -> Floats:
        """Treated 1; controls 1/k in each set of k, summed over the sets they serve, scaled to mean 1.

        The weights MatchIt gives for the effect in the treated. Rows not used have weight 0.
        """
        out = np.zeros(self.rows)
        _, inverse, size = np.unique(self.treated, return_inverse=True, return_counts=True)
        np.add.at(out, self.control, 1.0 / size[inverse])
        used = out > 0
        if used.any():
            out[used] *= used.sum() / out[used].sum()
        out[np.unique(self.treated)] = 1.0
        return out


def match(
    score: npt.ArrayLike,
    treated: npt.ArrayLike,
    *,
    exact: npt.ArrayLike | None = None,
    caliper: float | None = None,
    ratio: int = 1,
    replace: bool = False,
    order: Order = "largest",
    seed: int | None = None,
    side: Literal["nearest", "below"] = "nearest",
    mahalanobis: npt.ArrayLike | None = None,
    person: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    eligible_from: npt.ArrayLike | None = None,
    eligible_to: npt.ArrayLike | None = None,
) -> Matches:
    """Match each treated person to the nearest ``ratio`` candidates on ``score``.

    score: one number a row (a propensity score or its logit). exact: a label a row that must agree.
    caliper: the largest difference in score allowed, in the score's units. order: which treated people
    choose first; "largest" score first is MatchIt's rule, because they are the hardest to match. In each of
    ``ratio`` rounds everybody chooses once before anybody chooses again. Ties go to the earlier row, or,
    with a ``seed``, to a random but repeatable one. mahalanobis: rows x columns; among candidates within the
    caliper (or all, without one) the nearest in Mahalanobis distance is taken (Rosenbaum & Rubin 1985,
    Am Stat 39:33), with the covariance pooled within the two groups.

    side: "below" takes the nearest candidate whose score is not above the treated person's, and looks above
    only when there is none; it is here to reproduce MatchIt 4.5.1 as built for some systems
    (docs/decisions/0021) and is not advised.

    Risk sets: ``entry`` (day number of a treated row), ``eligible_from`` and ``eligible_to`` (day numbers of a
    candidate row, both included) allow only candidates who were eligible on the treated person's entry day.
    ``person`` numbers the people: without replacement a person serves once however many rows they have, and
    nobody is compared with themselves.

    >>> m = match([0.9, 0.5, 0.52, 0.88, 0.1], [1, 1, 0, 0, 0])
    >>> m.treated.tolist(), m.control.tolist()
    ([0, 1], [3, 2])
    """
    values = as_floats(score, "score")
    flag = as_bools(treated, "treated", length=len(values))
    if ratio < 1:
        raise EvaluationError(f"A ratio of {ratio} controls to one is not possible.", "Give 1 or more.")
    if caliper is not None and not caliper > 0:
        raise EvaluationError(f"A caliper of {caliper} lets nobody match.", "Give a positive width or None.")
    n = len(values)
    strata = np.zeros(n, dtype=np.int64) if exact is None else as_codes(exact, "exact", length=n)
    people = np.arange(n) if person is None else as_codes(person, "person", length=n)
    rng = np.random.default_rng(seed)
    windows = _windows(n, entry, eligible_from, eligible_to)
    controls = np.flatnonzero(~flag)
    first = rng.permutation(len(controls)) if seed is not None else np.arange(len(controls))
    pool = Pool(
        values,
        strata,
        people,
        controls,
        first,
        windows=windows,
        many_rows=person is not None and not replace,
        vectors=None if mahalanobis is None else _whiten(mahalanobis, flag),
        below_first=side == "below",
    )
    queue = _queue(values, np.flatnonzero(flag), order, rng)
    width = np.inf if caliper is None else float(caliper)
    pairs: list[tuple[int, int, float]] = []
    served: dict[int, list[int]] = {int(row): [] for row in queue}
    for _ in range(ratio):
        for row in queue.tolist():
            found = pool.nearest(row, width, served[row])
            if found is not None:
                served[row].append(int(people[found[0]]))
                pairs.append((row, *found))
                if not replace:
                    pool.remove(found[0])
    pairs.sort(key=lambda pair: pair[0])
    matched = {row for row, _, _ in pairs}
    return Matches(
        np.array([p[0] for p in pairs], dtype=np.int64),
        np.array([p[1] for p in pairs], dtype=np.int64),
        np.array([p[2] for p in pairs], dtype=np.float64),
        np.array(sorted(set(queue.tolist()) - matched), dtype=np.int64),
        n,
    )


def _queue(score: Floats, rows: Ints, order: Order, rng: np.random.Generator) -> Ints:
    if order == "data":
        return rows
    if order == "random":
        return rng.permutation(rows)
    sign = -1.0 if order == "largest" else 1.0
    return rows[np.argsort(sign * score[rows], kind="stable")]


def _windows(
    n: int, entry: npt.ArrayLike | None, begin: npt.ArrayLike | None, end: npt.ArrayLike | None
) -> tuple[Ints, Ints, Ints] | None:
    if entry is None and begin is None and end is None:
        return None
    if entry is None or begin is None or end is None:
        raise EvaluationError(
            "Risk sets need all three of entry, eligible_from and eligible_to.", "Give all three or none."
        )
    days = [np.asarray(a).astype(np.int64) for a in (entry, begin, end)]
    if any(len(d) != n for d in days):
        raise EvaluationError("Entry and eligibility do not have one value a row.", f"Give {n} of each.")
    return days[0], days[1], days[2]


def _whiten(vectors: npt.ArrayLike, flag: npt.NDArray[np.bool_]) -> Floats:
    x = np.asarray(vectors, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(flag):
        raise EvaluationError(
            "The Mahalanobis covariates do not have one row a person.",
            "Give people in rows, covariates in columns.",
        )
    centred = x.copy()
    for group in (flag, ~flag):
        centred[group] -= x[group].mean(axis=0)
    covariance = centred.T @ centred / max(len(x) - 2, 1)
    values, axes = np.linalg.eigh(covariance)
    keep = values > 1e-10 * max(float(values[-1]), 1e-300)
    if not keep.any():
        raise EvaluationError("The Mahalanobis covariates do not vary.", "Leave out those that are constant.")
    return np.asarray(x @ (axes[:, keep] / np.sqrt(values[keep])))
