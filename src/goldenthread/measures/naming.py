"""What a definition is called in a sentence that a clinician reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from goldenthread.definitions import Definition

_AS_WRITTEN: Mapping[str, str] = {
    "111": "111", "999": "999", "acr": "ACR", "acsc": "ambulatory-care-sensitive", "adhd": "ADHD", "af": "AF", "alt": "ALT",
    "bmi": "BMI", "bp": "blood pressure", "chd": "CHD", "ckd": "CKD", "copd": "COPD", "covid": "COVID", "crp": "CRP",
    "cvd": "CVD", "dna": "not attended", "ed": "A&E", "efi": "eFI", "egfr": "eGFR", "fev1": "FEV1", "fvc": "FVC", "gad7": "GAD-7",
    "gp": "GP", "hba1c": "HbA1c", "hca": "HCA", "hdl": "HDL", "hfrs": "HFRS", "ibd": "IBD", "ibs": "IBS", "imd": "IMD",
    "lama": "LAMA", "ld": "learning disability", "ldl": "LDL", "mcv": "MCV", "mmr": "MMR", "mrc": "MRC", "ndh": "NDH", "nhs": "NHS",
    "nice": "NICE", "nsaid": "NSAID", "pad": "PAD", "phq9": "PHQ-9", "ppi": "PPI", "ptsd": "PTSD", "qof": "QOF", "qrisk": "QRISK",
    "qrisk3": "QRISK3", "rsv": "RSV", "smi": "severe mental illness", "snee": "SNEE", "tia": "TIA", "tsh": "TSH",
}  # fmt: skip
_SPAN = re.compile(r"_(\d+)(m|y)$")


def spoken(definition: Definition) -> str:
    """What a definition is called in a sentence: its title, or what its name says.

    >>> from goldenthread.definitions import Condition
    >>> spoken(Condition("copd_review_12m", "a rule", "a source"))
    'COPD review in the last 12 months'
    >>> spoken(Condition("egfr_latest", "a rule", "a source"))
    'latest eGFR'
    >>> spoken(Condition("copd", "a rule", "a source", title="COPD"))
    'COPD'
    """
    return definition.title or _said(definition.name)


def _said(name: str) -> str:
    after = ""
    if found := _SPAN.search(name):
        number, unit = int(found[1]), "month" if found[2] == "m" else "year"
        after = f" in the last {number} {unit}s" if number > 1 else f" in the last {unit}"
        name = name[: found.start()]
    for ending, words in (("_fy", " this financial year"), ("_now", " now"), ("_ever", " ever")):
        if name.endswith(ending):
            name, after = name.removesuffix(ending), words + after
    before = ""
    for ending, words in (
        ("_latest_date", "date of the latest "),
        ("_latest", "latest "),
        ("_date", "date of the latest "),
    ):
        if name.endswith(ending):
            name, before = name.removesuffix(ending), words
            break
    return before + " ".join(_AS_WRITTEN.get(w, w) for w in name.split("_")) + after
