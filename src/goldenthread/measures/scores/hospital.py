"""The Hospital Frailty Risk Score from ICD-10 diagnoses."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.measures.scores import published
from goldenthread.measures.scores.icd10 import groups_of_people
from goldenthread.measures.scores.method import Numbers, ScoreError, numbers

HFRS_CATEGORIES = ("low", "intermediate", "high")
_BLOCK = 65_536  # people at a time, so that the sum needs little memory


@cache
def hfrs_weights() -> dict[str, float]:
    """Weight of each of the 109 three-character ICD-10 codes.

    >>> len(hfrs_weights()), hfrs_weights()["F00"]
    (109, 7.1)
    """
    return {r["code"]: float(r["weight"]) for r in published.rows("hfrs.csv")}


def hospital_frailty(person_index: ArrayLike, codes: Any, people: int) -> Numbers:
    """Hospital Frailty Risk Score of each of ``people``, to one decimal; 0 for people without diagnoses.

    The weights of the different three-character codes that a person has, each once. The published score takes every
    diagnosis of the spell and of emergency spells in the two years before, of people aged 75 and over: choose those rows
    first. At younger ages it has not been validated as a measure of frailty.

    Source: Gilbert T and others, Lancet 2018;391:1775-1782.

    >>> hospital_frailty([0, 0, 0, 2], ["F00.1", "F009", "W19", "R500"], 3)
    array([10.3,  0. ,  0.1])
    """
    weights = hfrs_weights()
    have = groups_of_people(np.asarray(person_index), codes, people, {c: (c,) for c in weights})
    tenths = np.array([round(w * 10) for w in weights.values()], dtype=np.int32)
    total = np.zeros(people, dtype=np.int64)
    for start in range(0, people, _BLOCK):
        total[start : start + _BLOCK] = have[start : start + _BLOCK].astype(np.int32) @ tenths
    return total / 10  # whole tenths, so that 0.1 + 0.2 is 0.3


def hospital_frailty_category(score: ArrayLike) -> NDArray[np.object_]:
    """Low (under 5), intermediate (5 to 15) or high (over 15); empty text where missing.

    >>> hospital_frailty_category([4.9, 5, 15, 15.1]).tolist()
    ['low', 'intermediate', 'intermediate', 'high']
    """
    value = numbers("score", score)
    if (value < 0).any():
        raise ScoreError(
            "A Hospital Frailty Risk Score is never below zero.", "Give scores of hospital_frailty."
        )
    names = np.array(["", *HFRS_CATEGORIES], dtype=object)
    place = 1 + (value >= 5).astype(int) + (value > 15)
    return np.asarray(names[np.where(np.isnan(value), 0, place)])
