"""QRISK3: the risk of a heart attack or stroke within ten years."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.measures.scores import published
from goldenthread.measures.scores.method import (
    Numbers,
    ScoreError,
    numbers,
    sex_masks,
    texts,
    truths,
    unknown,
)

DISCLAIMER = (
    "QRISK3 is copyright 2017 ClinRisk Ltd. "
    "The initial version of this file, to be found at http://svn.clinrisk.co.uk/opensource/qrisk2, faithfully "
    "implements QRISK3-2017. ClinRisk Ltd. have released this code under the GNU Lesser General Public License to "
    "enable others to implement the algorithm faithfully. However, the nature of the GNU Lesser General Public License "
    "is such that we cannot prevent, for example, someone accidentally altering the coefficients, getting the inputs "
    "wrong, or just poor programming. ClinRisk Ltd. stress, therefore, that it is the responsibility of the end user "
    "to check that the source that they receive produces the same results as the original code found at "
    "https://qrisk.org. Inaccurate implementations of risk scores can lead to wrong patients being given the wrong "
    "treatment."
)
"""The owner's text, which must be displayed with the score or be easy to reach from it."""

QRISK3_CONDITIONS = (
    "atrial_fibrillation",
    "atypical_antipsychotic",
    "corticosteroids",
    "erectile_dysfunction",
    "migraine",
    "rheumatoid_arthritis",
    "chronic_kidney_disease",
    "severe_mental_illness",
    "lupus",
    "treated_hypertension",
    "type_1_diabetes",
    "type_2_diabetes",
    "family_history",
)
"""Conditions and treatments that the score knows. Chronic kidney disease is stages 3 to 5; erectile dysfunction counts
in men only; family history is of coronary heart disease in a first-degree relative under 60."""

ETHNICITIES = (
    "white_or_not_stated",
    "indian",
    "pakistani",
    "bangladeshi",
    "other_asian",
    "black_caribbean",
    "black_african",
    "chinese",
    "other_ethnic_group",
)
"""The nine ethnic categories of the score, numbered from 1."""

SMOKING = ("non_smoker", "ex_smoker", "light_smoker", "moderate_smoker", "heavy_smoker")
"""Smoking, numbered from 0: light is under 10 cigarettes a day, moderate 10 to 19, heavy 20 or more."""

LIMITS: Mapping[str, tuple[float, float]] = {
    "age": (25, 84),
    "bmi": (10, 80),
    "systolic": (50, 280),
    "cholesterol_ratio": (0.5, 25),
    "systolic_sd": (0, 80),
    "townsend": (-12, 15),
}
"""Outside these there is no score. The ages are the owner's; the others only catch mistakes of entry and are ours."""

_NHS_ETHNICITY = {
    **dict.fromkeys(("", "A", "B", "C", "Z", "99"), 1),
    "H": 2,
    "J": 3,
    "K": 4,
    "L": 5,
    "M": 6,
    "N": 7,
    "R": 8,
    **dict.fromkeys(("D", "E", "F", "G", "P", "S"), 9),
}

_CURRENT = {"light": 2.0, "moderate": 3.0, "heavy": 4.0, "refuse": np.nan}


def qrisk3(
    *,
    age: ArrayLike,
    sex: ArrayLike,
    bmi: ArrayLike,
    systolic: ArrayLike,
    cholesterol_ratio: ArrayLike,
    smoking: ArrayLike,
    ethnicity: ArrayLike,
    systolic_sd: ArrayLike,
    townsend: ArrayLike,
    **conditions: ArrayLike,
) -> Numbers:
    """Risk of cardiovascular disease within ten years, in percent, of people who have none; NaN where it cannot be worked out.

    ``age`` in completed years, 25 to 84; ``sex`` "1" (male) or "2" (female); ``bmi`` in kg/m2; ``systolic`` in mmHg;
    ``cholesterol_ratio`` total over HDL; ``smoking`` 0 to 4 (``SMOKING``); ``ethnicity`` 1 to 9 (``ETHNICITIES``, 0 for
    not stated); ``systolic_sd`` the standard deviation of at least two recent systolic pressures; ``townsend`` the
    deprivation score of the neighbourhood; ``conditions`` any of ``QRISK3_CONDITIONS``, absent when not given.
    Anything missing, an age outside 25 to 84 or a value outside ``LIMITS`` gives NaN: nothing is filled in here. Show
    ``DISCLAIMER`` with every score.

    The linear predictor is a sum over terms of x (b0 + b1 f1(age) + b2 f2(age)); the risk is 1 - S^exp(sum), S being
    the survival of ten years at the centre of every term.

    Source: Hippisley-Cox J, Coupland C, Brindle P, BMJ 2017;357:j2099; coefficients of QRISK3-2017.

    >>> risk = qrisk3(age=[64, 64, 90], sex=["2", "1", "1"], bmi=[25.0] * 3, systolic=[180.0] * 3,
    ...               cholesterol_ratio=[4.0] * 3, smoking=[0] * 3, ethnicity=[2] * 3, systolic_sd=[20.0] * 3,
    ...               townsend=[0.0] * 3, atrial_fibrillation=[True, False, False])
    >>> risk.round(1)
    array([36. , 27.1,  nan])
    """
    people = _people(
        {
            "age": age,
            "bmi": bmi,
            "systolic": systolic,
            "cholesterol_ratio": cholesterol_ratio,
            "smoking": smoking,
            "ethnicity": ethnicity,
            "systolic_sd": systolic_sd,
            "townsend": townsend,
        }
    )
    women, men = sex_masks(sex)
    known = dict.fromkeys(QRISK3_CONDITIONS, "")
    for name, values in conditions.items():
        if name not in known:
            raise unknown(name, known, "condition of QRISK3")
        people[name] = truths(name, values).astype(float)
    if len({len(v) for v in people.values()} | {len(women)}) > 1:
        raise ScoreError("The inputs of QRISK3 have different lengths.", "Give one value per person in each.")
    risk = np.full(len(women), np.nan)
    for name, who in (("female", women), ("male", men)):
        risk[who] = _risk(name, {k: v[who] for k, v in people.items()})
    return risk


def _people(given: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    """Numbers, NaN outside their limits; smoking and ethnicity as one column per category but the first."""
    people = {name: numbers(name, values) for name, values in given.items()}
    people["age"] = np.floor(people["age"])
    for name, (least, most) in LIMITS.items():
        values = people[name]
        people[name] = np.where((values >= least) & (values <= most), values, np.nan)
    for name, categories, first in (("smoking", SMOKING, 0), ("ethnicity", ETHNICITIES, 1)):
        values = people.pop(name)
        stated = ~np.isnan(values)
        if not np.isin(values[stated], range(len(categories) + first)).all():
            raise ScoreError(
                f"The input {name!r} holds something other than 0 to {len(categories) + first - 1}.",
                f"Its categories, numbered from {first}, are: {', '.join(categories)}.",
            )
        for number, category in enumerate(categories[1:], first + 1):
            people[category] = np.where(stated, (values == number).astype(float), np.nan)
    return people


@cache
def _equation(sex: str) -> dict[str, Any]:
    found: dict[str, Any] = published.numbers_of("qrisk3.toml")[sex]
    return found


def _risk(sex: str, people: Mapping[str, NDArray[np.float64]]) -> Numbers:
    equation = _equation(sex)
    centre = equation["centre"]
    first, second = (
        (people["age"] / 10) ** power - middle
        for power, middle in zip(equation["age_powers"], centre["age"], strict=True)
    )
    size = people["bmi"] / 10
    with np.errstate(invalid="ignore"):
        terms = {**people, "bmi_1": size**-2.0, "bmi_2": size**-2.0 * np.log(size)}
    total = equation["age"][0] * first + equation["age"][1] * second
    for name, (alone, with_first, with_second) in equation["terms"].items():
        if name in terms:
            total = total + (terms[name] - centre.get(name, 0.0)) * (
                alone + with_first * first + with_second * second
            )
    with np.errstate(over="ignore"):
        return np.asarray(-100 * np.expm1(np.exp(total) * np.log(equation["survival_10_years"])))


def qrisk3_ethnicity(codes: ArrayLike) -> Numbers:
    """The score's ethnic category, 1 to 9, of each NHS ethnic category code (2001: A to Z).

    White, not stated and not known are one category in the score; people of mixed, other Black and any other group are
    together. Raises ``ScoreError`` for a code that is not one.

    >>> qrisk3_ethnicity(["A", "J", "G", "Z", None])
    array([1., 3., 9., 1., 1.])
    """
    return _through(codes, {k: float(v) for k, v in _NHS_ETHNICITY.items()}, "ethnic category")


def qrisk3_smoking(
    values: ArrayLike, *, amount_when_missing: Literal["light", "moderate", "heavy", "refuse"] = "refuse"
) -> Numbers:
    """The score's smoking category, 0 to 4, of never, ex, light, moderate, heavy and current; NaN where missing.

    ``current`` is a smoker whose cigarettes a day are not recorded: NaN, unless another amount is to be taken.

    >>> qrisk3_smoking(["never", "ex", "heavy", "current", None], amount_when_missing="moderate")
    array([ 0.,  1.,  4.,  3., nan])
    """
    if amount_when_missing not in _CURRENT:
        raise ScoreError(
            f"amount_when_missing is {amount_when_missing!r}.", f"It may be: {', '.join(_CURRENT)}."
        )
    meaning = {"": np.nan, "never": 0.0, "ex": 1.0, "light": 2.0, "moderate": 3.0, "heavy": 4.0}
    return _through(values, meaning | {"current": _CURRENT[amount_when_missing]}, "smoking status")


def qrisk3_smoking_scale(values: ArrayLike, *, scale: Literal["0-4", "1-5"]) -> Numbers:
    """Smoking numbered from 0 (QRISK3-2017 as published) or from 1 (as the R and SAS packages of 2018 and 2019) to 0 to 4.

    The scale has to be said: 1 to 4 mean something on both.

    >>> qrisk3_smoking_scale([1, 5], scale="1-5")
    array([0., 4.])
    """
    if scale not in ("0-4", "1-5"):
        raise ScoreError(f"There is no smoking scale {scale!r}.", "It may be '0-4' or '1-5'.")
    found = numbers("smoking", values) - (scale == "1-5")
    if not np.isin(found[~np.isnan(found)], range(5)).all():
        raise ScoreError(
            f"The input 'smoking' holds something outside the scale {scale}.",
            "Say the other scale, or correct it.",
        )
    return found


def _through(values: ArrayLike, meaning: Mapping[str, float], what: str) -> Numbers:
    import pandas as pd

    place, levels = pd.factorize(texts(values))
    for level in levels:
        if level not in meaning:
            raise unknown(str(level), {k: v for k, v in meaning.items() if k}, what)
    found = np.array([meaning[level] for level in levels], dtype=np.float64)
    return np.asarray(found[place]) if len(found) else np.zeros(0)


def middle(sex: ArrayLike, name: Literal["townsend", "systolic_sd"]) -> Numbers:
    """The published mean of an input for each person's sex, at which it adds nothing to the score; NaN for other sexes.

    >>> middle(["2", "1"], "systolic_sd").round(2)
    array([9.  , 8.76])
    """
    women, men = sex_masks(sex)
    found = np.full(len(women), np.nan)
    found[women] = _equation("female")["centre"][name]
    found[men] = _equation("male")["centre"][name]
    return found
