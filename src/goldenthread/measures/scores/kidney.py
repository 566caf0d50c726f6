"""Kidney function from serum creatinine (CKD-EPI), and the KDIGO categories of kidney function and albuminuria."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.measures.scores.method import Numbers, ScoreError, numbers, sex_masks

UMOL_PER_MG_DL = 88.4
"""Creatinine: 1 mg/dL is 88.4 umol/L."""

GFR_CATEGORIES = {"G5": 0, "G4": 15, "G3b": 30, "G3a": 45, "G2": 60, "G1": 90}
"""KDIGO 2012: least eGFR (mL/min/1.73 m2) of each category, from failure to normal."""

ALBUMINURIA_CATEGORIES = ("A1", "A2", "A3")
"""KDIGO 2012 by albumin to creatinine ratio: below 3, 3 to 30, above 30 mg/mmol."""

CreatinineUnit = Literal["umol/L", "mg/dL"]
Form = Literal["table", "one line"]


@dataclass(frozen=True)
class _Equation:
    """factor x min(creatinine / knee, 1)^below x max(creatinine / knee, 1)^above x per_year^age."""

    factor: float
    knee: float
    below: float
    above: float
    per_year: float


# Levey 2009, the rows of table 2 without a coefficient for ethnicity. For women the table has 144 and the equation in
# one line 141 x 1.018 = 143.5: docs/decisions/0070.
_FEMALE_2009: dict[str, _Equation] = {
    "table": _Equation(144, 0.7, -0.329, -1.209, 0.993),
    "one line": _Equation(141 * 1.018, 0.7, -0.329, -1.209, 0.993),
}
_MALE_2009 = _Equation(141, 0.9, -0.411, -1.209, 0.993)
_FEMALE_2021 = _Equation(142 * 1.012, 0.7, -0.241, -1.2, 0.9938)
_MALE_2021 = _Equation(142, 0.9, -0.302, -1.2, 0.9938)


def egfr_ckd_epi_2009(
    creatinine: ArrayLike,
    age: ArrayLike,
    sex: ArrayLike,
    *,
    unit: CreatinineUnit = "umol/L",
    form: Form = "table",
) -> Numbers:
    """eGFR in mL/min/1.73 m2 by the CKD-EPI creatinine equation of 2009, the one NICE NG203 recommends in England.

    No coefficient for ethnicity: NICE withdrew the adjustment in 2021. ``sex`` is "1" (male) or "2" (female); age
    in years, 18 and over. NaN for anybody else and for values that are missing or not above zero.

    ``form`` is "table" (144 for women, as in the paper's table) or "one line" (141 x 1.018, as calculators on the web
    have it), which gives women 0.3% less.

    Source: Levey AS and others, Annals of Internal Medicine 2009;150:604-612.

    >>> egfr_ckd_epi_2009([100, 100], [70, 70], ["1", "2"]).round(2)
    array([65.4 , 49.29])
    >>> egfr_ckd_epi_2009([1.0], [17], ["1"], unit="mg/dL")
    array([nan])
    """
    if form not in _FEMALE_2009:
        raise ScoreError(f"CKD-EPI 2009 has no form {form!r}.", "It may be 'table' or 'one line'.")
    return _egfr(creatinine, age, sex, unit, _FEMALE_2009[form], _MALE_2009)


def egfr_ckd_epi_2021(
    creatinine: ArrayLike, age: ArrayLike, sex: ArrayLike, *, unit: CreatinineUnit = "umol/L"
) -> Numbers:
    """eGFR in mL/min/1.73 m2 by the CKD-EPI creatinine equation of 2021, made without race.

    Not the equation that English laboratories report; for comparison with work that uses it. Inputs and missing
    values as in ``egfr_ckd_epi_2009``.

    Source: Inker LA and others, New England Journal of Medicine 2021;385:1737-1749.

    >>> egfr_ckd_epi_2021([100, 100], [70, 70], ["1", "2"]).round(2)
    array([69.83, 52.27])
    """
    return _egfr(creatinine, age, sex, unit, _FEMALE_2021, _MALE_2021)


def _egfr(
    creatinine: ArrayLike, age: ArrayLike, sex: ArrayLike, unit: str, female: _Equation, male: _Equation
) -> Numbers:
    if unit not in ("umol/L", "mg/dL"):
        raise ScoreError(f"Creatinine in {unit!r} is not understood.", "It may be in 'umol/L' or 'mg/dL'.")
    mg_dl = numbers("creatinine", creatinine) / (UMOL_PER_MG_DL if unit == "umol/L" else 1.0)
    years = numbers("age", age)
    women, men = sex_masks(sex)
    if not mg_dl.shape == years.shape == women.shape:
        raise ScoreError(
            f"There are {mg_dl.size} creatinines, {years.size} ages and {women.size} sexes.",
            "Give one of each per person.",
        )
    usable = (mg_dl > 0) & np.isfinite(mg_dl) & (years >= 18) & (years <= 120)
    found = np.full(mg_dl.shape, np.nan)
    for who, equation in ((women & usable, female), (men & usable, male)):
        ratio = mg_dl[who] / equation.knee
        found[who] = (
            equation.factor
            * np.minimum(ratio, 1) ** equation.below
            * np.maximum(ratio, 1) ** equation.above
            * equation.per_year ** years[who]
        )
    return found


def gfr_category(egfr: ArrayLike) -> NDArray[np.object_]:
    """KDIGO category G1 to G5 of each eGFR, empty text where it is missing. The eGFR is not rounded first.

    Source: KDIGO 2012, as in NICE NG203.

    >>> gfr_category([90, 59.6, 44.9, 14, float("nan")]).tolist()
    ['G1', 'G3a', 'G3b', 'G5', '']
    """
    value = numbers("egfr", egfr)
    names = np.array(["", *GFR_CATEGORIES], dtype=object)
    place = np.searchsorted(list(GFR_CATEGORIES.values()), value, side="right")
    return np.asarray(names[np.where(np.isnan(value), 0, place)])


def albuminuria_category(acr: ArrayLike) -> NDArray[np.object_]:
    """KDIGO category A1 to A3 of each albumin to creatinine ratio (mg/mmol), empty text where it is missing.

    3 and 30 themselves are A2. Source: KDIGO 2012, as in NICE NG203.

    >>> albuminuria_category([2.9, 3, 30, 30.1, float("nan")]).tolist()
    ['A1', 'A2', 'A2', 'A3', '']
    """
    value = numbers("acr", acr)
    names = np.array(["", *ALBUMINURIA_CATEGORIES], dtype=object)
    place = 1 + (value >= 3).astype(int) + (value > 30)
    return np.asarray(names[np.where(np.isnan(value) | (value < 0), 0, place)])
