"""The Cambridge Multimorbidity Score from conditions in the GP record."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from goldenthread.measures.scores import published
from goldenthread.measures.scores.method import Numbers, ScoreError, truths

CambridgeWeights = Literal["general", "mortality", "general_35"]


@cache
def cambridge_weights(weights: CambridgeWeights = "general") -> dict[str, float]:
    """Weight of each condition, in the order in which the matrix of conditions has them.

    >>> len(cambridge_weights("general")), len(cambridge_weights("general_35"))
    (20, 35)
    >>> cambridge_weights("mortality")["dementia"]
    124.42
    """
    if weights not in ("general", "mortality", "general_35"):
        raise ScoreError(
            f"There are no Cambridge weights {weights!r}.",
            "They may be 'general', 'mortality' or 'general_35'.",
        )
    return {r["condition"]: float(r[weights]) for r in published.rows("cambridge.csv") if r[weights]}


def cambridge_multimorbidity(conditions: ArrayLike, *, weights: CambridgeWeights = "general") -> Numbers:
    """Cambridge Multimorbidity Score of each person: the sum of the weights of the conditions they have.

    ``conditions`` is a matrix of true and false, people by the conditions of ``cambridge_weights(weights)`` in their
    order. "general" weighs consultations, admissions and deaths together, "mortality" deaths, both over 20
    conditions. "general_35" has 35 of the 37 conditions of the longer version; two could not be found in a source
    that may be used, so a person who has one of them scores too low.

    Higher is more multimorbidity; weights may be negative, and a score may be below zero.

    Source: Payne RA and others, Canadian Medical Association Journal 2020;192:E107-E114.

    >>> names = list(cambridge_weights())
    >>> one = np.zeros((1, 20), dtype=bool)
    >>> one[0, [names.index("dementia"), names.index("diabetes")]] = True
    >>> cambridge_multimorbidity(one)
    array([3.25])
    """
    by_condition = cambridge_weights(weights)
    matrix: Any = np.ma.asarray(conditions)
    if matrix.ndim != 2 or matrix.shape[1] != len(by_condition):
        raise ScoreError(
            f"The conditions have the shape {matrix.shape}.",
            f"Give a matrix of people by {len(by_condition)} conditions.",
        )
    hundredths = np.array([round(w * 100) for w in by_condition.values()], dtype=np.int64)
    return np.asarray(truths("conditions", matrix) @ hundredths / 100)
