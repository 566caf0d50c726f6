"""The electronic Frailty Index: how many of 36 deficits a person has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.measures.scores.method import Numbers, ScoreError, numbers, truths

EFI_DEFICITS = (
    "activity_limitation",
    "anaemia",
    "arthritis",
    "atrial_fibrillation",
    "cerebrovascular_disease",
    "chronic_kidney_disease",
    "diabetes",
    "dizziness",
    "dyspnoea",
    "falls",
    "foot_problems",
    "fragility_fracture",
    "hearing_impairment",
    "heart_failure",
    "heart_valve_disease",
    "housebound",
    "hypertension",
    "hypotension_syncope",
    "ischaemic_heart_disease",
    "memory_problems",
    "mobility_problems",
    "osteoporosis",
    "parkinsonism_tremor",
    "peptic_ulcer",
    "peripheral_vascular_disease",
    "polypharmacy",
    "requirement_for_care",
    "respiratory_disease",
    "skin_ulcer",
    "sleep_disturbance",
    "social_vulnerability",
    "thyroid_disease",
    "urinary_incontinence",
    "urinary_system_disease",
    "visual_impairment",
    "weight_loss",
)
"""The 36 deficits of Clegg 2016, in its order. Polypharmacy is five medicines or more."""

FRAILTY_CATEGORIES = ("fit", "mild", "moderate", "severe")
_UPPER = (0.12, 0.24, 0.36)  # each category holds its upper bound


def electronic_frailty_index(deficits: ArrayLike) -> Numbers:
    """Share of the 36 deficits that each person has, from 0 to 1.

    ``deficits`` is a matrix of true and false, people by the deficits of ``EFI_DEFICITS``. A deficit that is not
    recorded counts as absent, so the index follows how completely a practice codes.

    Source: Clegg A and others, Age and Ageing 2016;45:353-360.

    >>> nobody = np.zeros((1, 36), dtype=bool)
    >>> some = nobody.copy(); some[0, :9] = True
    >>> electronic_frailty_index(np.vstack([nobody, some]))
    array([0.  , 0.25])
    """
    matrix: Any = np.ma.asarray(deficits)
    if matrix.ndim != 2 or matrix.shape[1] != len(EFI_DEFICITS):
        raise ScoreError(
            f"The deficits have the shape {matrix.shape}.",
            f"Give a matrix of people by {len(EFI_DEFICITS)} deficits.",
        )
    return np.asarray(truths("deficits", matrix).sum(axis=1) / len(EFI_DEFICITS))


def frailty_category(index: ArrayLike) -> NDArray[np.object_]:
    """Fit (to 0.12), mild (over 0.12 to 0.24), moderate (over 0.24 to 0.36) or severe; empty text where missing.

    Source: Clegg 2016. The index counts records and is no diagnosis: the GP contract asks for a clinical judgement.

    >>> frailty_category([4 / 36, 5 / 36, 9 / 36, 13 / 36]).tolist()
    ['fit', 'mild', 'moderate', 'severe']
    """
    value = numbers("index", index)
    if (value < 0).any() or (value > 1).any():
        raise ScoreError(
            "A frailty index lies between 0 and 1.", "Divide the number of deficits by 36 first."
        )
    names = np.array(["", *FRAILTY_CATEGORIES], dtype=object)
    place = 1 + np.searchsorted(_UPPER, value, side="left")
    return np.asarray(names[np.where(np.isnan(value), 0, place)])
