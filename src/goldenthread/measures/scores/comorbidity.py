"""The Charlson comorbidity index from ICD-10 diagnoses."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from goldenthread.measures.scores import published
from goldenthread.measures.scores.icd10 import groups_of_people
from goldenthread.measures.scores.method import Numbers, ScoreError, Truths

Mapping10 = Literal["quan", "shmi"]
Weights = Literal["charlson", "quan", "shmi", "unweighted"]

CONDITIONS = (
    "myocardial_infarction",
    "congestive_heart_failure",
    "peripheral_vascular_disease",
    "cerebrovascular_disease",
    "dementia",
    "chronic_pulmonary_disease",
    "rheumatic_disease",
    "peptic_ulcer_disease",
    "mild_liver_disease",
    "diabetes_without_complications",
    "diabetes_with_complications",
    "hemiplegia_or_paraplegia",
    "renal_disease",
    "cancer",
    "moderate_or_severe_liver_disease",
    "metastatic_cancer",
    "hiv_or_aids",
)
"""The 17 conditions, in the usual order."""

HIERARCHY = (
    ("moderate_or_severe_liver_disease", "mild_liver_disease"),
    ("diabetes_with_complications", "diabetes_without_complications"),
    ("metastatic_cancer", "cancer"),
)
"""Pairs (graver, milder) of which a hierarchy counts only the graver."""


def charlson_conditions(
    person_index: ArrayLike, codes: Any, people: int, *, mapping: Mapping10 = "quan"
) -> Truths:
    """Which of the 17 ``CONDITIONS`` each person has: a matrix of people by conditions, before any hierarchy.

    ``mapping`` is "quan" (Quan and others, Medical Care 2005;43:1130-1139, ICD-10) or "shmi" (NHS England, Summary
    Hospital-level Mortality Indicator specification 1.60). A diagnosis counts wherever it stands in the spell:
    leave out primary diagnoses before, where a method wants that.

    >>> have = charlson_conditions([0, 0, 1], ["I21.4", "C78.0", "J44.9"], 2)
    >>> [[c for c, yes in zip(CONDITIONS, row) if yes] for row in have]
    [['myocardial_infarction', 'metastatic_cancer'], ['chronic_pulmonary_disease']]
    """
    return groups_of_people(np.asarray(person_index), codes, people, _prefixes(mapping))


def charlson(
    person_index: ArrayLike,
    codes: Any,
    people: int,
    *,
    mapping: Mapping10 = "quan",
    weights: Weights = "charlson",
    hierarchy: bool = True,
) -> Numbers:
    """Charlson comorbidity index of each of ``people``, without points for age; 0 for people without diagnoses.

    ``weights`` are "charlson" (Charlson and others, Journal of Chronic Diseases 1987;40:373-383), "quan" (Quan and
    others, American Journal of Epidemiology 2011;173:676-682), "shmi" (the indicator's own; a sum below zero is
    set to zero, as it says) or "unweighted" (how many conditions). With ``hierarchy``, a graver form of liver disease,
    diabetes or cancer takes the place of the milder one.

    >>> charlson([0, 0, 1], ["E119", "E112", "C61"], 3)
    array([2., 2., 0.])
    >>> charlson([0, 0, 1], ["E119", "E112", "C61"], 3, hierarchy=False)
    array([3., 2., 0.])
    """
    if weights != "unweighted" and (mapping == "shmi") != (weights == "shmi"):
        raise ScoreError(
            f"Weights {weights!r} do not belong to the Charlson mapping {mapping!r}.",
            "The mortality indicator has its own codes and its own weights: give 'shmi' for both or for neither.",
        )
    points = _weights(weights)
    have = charlson_conditions(person_index, codes, people, mapping=mapping)
    if hierarchy and weights != "unweighted":
        for graver, milder in HIERARCHY:
            have[:, CONDITIONS.index(milder)] &= ~have[:, CONDITIONS.index(graver)]
    total = np.zeros(people)
    for column, weight in enumerate(points):
        total += weight * have[:, column]
    return np.maximum(total, 0.0)


@cache
def _prefixes(mapping: str) -> dict[str, tuple[str, ...]]:
    if mapping not in ("quan", "shmi"):
        raise ScoreError(f"There is no Charlson mapping {mapping!r}.", "It may be 'quan' or 'shmi'.")
    return {r["condition"]: tuple(r[f"{mapping}_codes"].split()) for r in published.rows("charlson.csv")}


@cache
def _weights(name: str) -> tuple[int, ...]:
    if name == "unweighted":
        return (1,) * len(CONDITIONS)
    if name not in ("charlson", "quan", "shmi"):
        raise ScoreError(
            f"There are no Charlson weights {name!r}.",
            "They may be 'charlson', 'quan', 'shmi' or 'unweighted'.",
        )
    return tuple(int(r[name]) for r in published.rows("charlson.csv"))
