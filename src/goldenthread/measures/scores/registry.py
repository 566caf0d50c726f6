"""Every score by name, as a definition asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenthread.measures.scores import (
    cambridge,
    cardiovascular,
    comorbidity,
    frailty,
    hospital,
    kidney,
)
from goldenthread.measures.scores.method import Argument, Numbers, Parameter, ScoreMethod

_Columns = Mapping[str, Any]


def _truth_arguments(names: tuple[str, ...], what: str) -> tuple[Argument, ...]:
    return tuple(Argument(name, "truth", f"{what}: {name.replace('_', ' ')}") for name in names)


def _matrix(columns: _Columns, names: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.column_stack([columns[name] for name in names])


_CREATININE = (
    Argument("creatinine", "number", "latest serum creatinine", "umol/L, or mg/dL where `unit` says so"),
    Argument("age", "number", "completed years, 18 and over", "years"),
    Argument("sex", "text", "person stated gender code, 1 or 2"),
)
_CREATININE_UNIT = Parameter("unit", "umol/L", ("umol/L", "mg/dL"), "Unit of the creatinine")


def _efi(columns: _Columns, settings: Mapping[str, Any]) -> Numbers:
    return frailty.electronic_frailty_index(_matrix(columns, frailty.EFI_DEFICITS))


def _cambridge(columns: _Columns, settings: Mapping[str, Any]) -> Numbers:
    weights = settings["weights"]
    conditions = tuple(cambridge.cambridge_weights(weights))
    return cambridge.cambridge_multimorbidity(_matrix(columns, conditions), weights=weights)


def _qrisk3(columns: _Columns, settings: Mapping[str, Any]) -> Numbers:
    columns = dict(columns)
    has_disease = columns.pop("cardiovascular_disease")
    for name in ("townsend", "systolic_sd"):
        if settings[f"{name}_when_missing"] == "mean":
            columns[name] = np.where(
                np.isnan(columns[name]), cardiovascular.middle(columns["sex"], name), columns[name]
            )
    columns["ethnicity"] = cardiovascular.qrisk3_ethnicity(columns["ethnicity"])
    columns["smoking"] = cardiovascular.qrisk3_smoking(
        columns["smoking"], amount_when_missing=settings["amount_when_missing"]
    )
    return np.where(has_disease, np.nan, cardiovascular.qrisk3(**columns))


_METHODS = (
    ScoreMethod(
        "egfr_ckd_epi_2009",
        "eGFR (CKD-EPI 2009)",
        _CREATININE,
        unit="mL/min/1.73 m2",
        decimals=2,
        source="Levey AS and others, Ann Intern Med 2009;150:604-612; NICE NG203",
        parameters=(
            _CREATININE_UNIT,
            Parameter(
                "form", "table", ("table", "one line"), "Which of the two published constants for women"
            ),
        ),
        from_columns=lambda c, s: kidney.egfr_ckd_epi_2009(c["creatinine"], c["age"], c["sex"], **s),
    ),
    ScoreMethod(
        "egfr_ckd_epi_2021",
        "eGFR (CKD-EPI 2021)",
        _CREATININE,
        unit="mL/min/1.73 m2",
        decimals=2,
        source="Inker LA and others, N Engl J Med 2021;385:1737-1749",
        parameters=(_CREATININE_UNIT,),
        from_columns=lambda c, s: kidney.egfr_ckd_epi_2021(
            c["creatinine"], c["age"], c["sex"], unit=s["unit"]
        ),
    ),
    ScoreMethod(
        "electronic_frailty_index",
        "electronic Frailty Index",
        _truth_arguments(frailty.EFI_DEFICITS, "deficit"),
        unit="share of 36 deficits",
        decimals=6,
        source="Clegg A and others, Age and Ageing 2016;45:353-360",
        from_columns=_efi,
    ),
    ScoreMethod(
        "charlson",
        "Charlson comorbidity index",
        (),
        unit="points",
        decimals=0,
        source="Charlson 1987; Quan 2005 and 2011; NHS England SHMI specification 1.60",
        parameters=(
            Parameter("mapping", "quan", ("quan", "shmi"), "Which ICD-10 codes make a condition"),
            Parameter(
                "weights", "charlson", ("charlson", "quan", "shmi", "unweighted"), "Points of a condition"
            ),
            Parameter(
                "hierarchy", True, (True, False), "Whether a graver form takes the place of the milder"
            ),
        ),
        from_rows=lambda index, codes, people, s: comorbidity.charlson(index, codes, people, **s),
    ),
    ScoreMethod(
        "hospital_frailty",
        "Hospital Frailty Risk Score",
        (),
        unit="points",
        decimals=1,
        source="Gilbert T and others, Lancet 2018;391:1775-1782",
        from_rows=lambda index, codes, people, s: hospital.hospital_frailty(index, codes, people),
    ),
    ScoreMethod(
        "cambridge_multimorbidity",
        "Cambridge Multimorbidity Score",
        _truth_arguments(tuple(cambridge.cambridge_weights("general")), "condition"),
        unit="points",
        decimals=2,
        source="Payne RA and others, CMAJ 2020;192:E107-E114",
        parameters=(Parameter("weights", "general", ("general", "mortality"), "Which published weights"),),
        from_columns=_cambridge,
    ),
    ScoreMethod(
        "cambridge_multimorbidity_35",
        "Cambridge Multimorbidity Score, longer version",
        _truth_arguments(tuple(cambridge.cambridge_weights("general_35")), "condition"),
        unit="points",
        decimals=2,
        source="Payne RA and others, CMAJ 2020;192:E107-E114; 35 of its 37 conditions",
        parameters=(Parameter("weights", "general_35", ("general_35",), "The published weights"),),
        from_columns=_cambridge,
    ),
    ScoreMethod(
        "qrisk3",
        "QRISK3",
        (
            Argument("age", "number", "completed years, 25 to 84", "years"),
            Argument("sex", "text", "person stated gender code, 1 or 2"),
            Argument("ethnicity", "text", "NHS ethnic category code (2001)"),
            Argument("smoking", "text", "never, ex, light, moderate, heavy or current"),
            Argument("bmi", "number", "body mass index", "kg/m2"),
            Argument("systolic", "number", "systolic blood pressure", "mmHg"),
            Argument("cholesterol_ratio", "number", "total over HDL cholesterol"),
            Argument(
                "systolic_sd", "number", "standard deviation of systolic pressures", "mmHg", optional=True
            ),
            Argument("townsend", "number", "Townsend score of the neighbourhood", optional=True),
            *(Argument(name, "truth", name.replace("_", " ")) for name in cardiovascular.QRISK3_CONDITIONS),
            Argument("cardiovascular_disease", "truth", "already has the disease, so has no score"),
        ),
        unit="% in 10 years",
        decimals=6,
        source="Hippisley-Cox J and others, BMJ 2017;357:j2099; QRISK3-2017, ClinRisk Ltd",
        parameters=(
            Parameter("townsend_when_missing", "refuse", ("refuse", "mean"), "Townsend score not known"),
            Parameter("systolic_sd_when_missing", "refuse", ("refuse", "mean"), "Fewer than two pressures"),
            Parameter(
                "amount_when_missing",
                "refuse",
                ("refuse", "light", "moderate", "heavy"),
                "Current smoker, cigarettes a day not known",
            ),
        ),
        disclaimer=cardiovascular.DISCLAIMER,
        from_columns=_qrisk3,
    ),
)

METHODS: Mapping[str, ScoreMethod] = {method.name: method for method in _METHODS}
"""Score methods by the name that a definition gives as ``method``. There is none for falls: NICE NG249."""
