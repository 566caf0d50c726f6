"""Published clinical scores as functions over columns of numbers: no tables, no files of records, no rounding."""

from goldenthread.measures.scores.cambridge import cambridge_multimorbidity, cambridge_weights
from goldenthread.measures.scores.cardiovascular import (
    DISCLAIMER as QRISK3_DISCLAIMER,
)
from goldenthread.measures.scores.cardiovascular import (
    QRISK3_CONDITIONS,
    qrisk3,
    qrisk3_ethnicity,
    qrisk3_smoking,
    qrisk3_smoking_scale,
)
from goldenthread.measures.scores.comorbidity import CONDITIONS as CHARLSON_CONDITIONS
from goldenthread.measures.scores.comorbidity import charlson, charlson_conditions
from goldenthread.measures.scores.frailty import EFI_DEFICITS, electronic_frailty_index, frailty_category
from goldenthread.measures.scores.hospital import (
    hfrs_weights,
    hospital_frailty,
    hospital_frailty_category,
)
from goldenthread.measures.scores.kidney import (
    albuminuria_category,
    egfr_ckd_epi_2009,
    egfr_ckd_epi_2021,
    gfr_category,
)
from goldenthread.measures.scores.method import (
    ENGINE_PARAMETERS,
    Argument,
    Parameter,
    ScoreError,
    ScoreMethod,
)
from goldenthread.measures.scores.registry import METHODS

__all__ = [
    "CHARLSON_CONDITIONS",
    "EFI_DEFICITS",
    "ENGINE_PARAMETERS",
    "METHODS",
    "QRISK3_CONDITIONS",
    "QRISK3_DISCLAIMER",
    "Argument",
    "Parameter",
    "ScoreError",
    "ScoreMethod",
    "albuminuria_category",
    "cambridge_multimorbidity",
    "cambridge_weights",
    "charlson",
    "charlson_conditions",
    "egfr_ckd_epi_2009",
    "egfr_ckd_epi_2021",
    "electronic_frailty_index",
    "frailty_category",
    "gfr_category",
    "hfrs_weights",
    "hospital_frailty",
    "hospital_frailty_category",
    "qrisk3",
    "qrisk3_ethnicity",
    "qrisk3_smoking",
    "qrisk3_smoking_scale",
]
