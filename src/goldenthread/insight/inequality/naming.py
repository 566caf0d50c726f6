"""What definitions are called in sentences, where they give no title of their own."""

from __future__ import annotations

from goldenthread.definitions import Definition

_WORDS = {
    "acr": "urine albumin", "acsc": "ambulatory care sensitive", "adhd": "ADHD", "af": "atrial fibrillation", "alt": "ALT",
    "bmi": "body mass index", "bp": "blood pressure", "chd": "coronary heart disease", "ckd": "chronic kidney disease",
    "copd": "COPD", "covid": "COVID-19", "crp": "CRP", "cvd": "cardiovascular disease", "dna": "non-attendance", "ed": "A&E",
    "efi": "electronic frailty index", "egfr": "eGFR", "gp": "GP", "hba1c": "HbA1c", "hdl": "HDL", "hiu": "high intensity use",
    "ibd": "inflammatory bowel disease", "ibs": "irritable bowel syndrome", "ld": "learning disability", "ldl": "LDL",
    "mcv": "MCV", "mmr": "MMR", "mrc": "MRC", "ndh": "non-diabetic hyperglycaemia", "nhs": "NHS", "pad": "peripheral arterial disease",
    "phq9": "PHQ-9", "ppi": "PPI", "psa": "PSA", "ptsd": "PTSD", "qrisk": "QRISK", "rsv": "RSV", "smi": "severe mental illness",
    "tia": "TIA", "tsh": "TSH", "fev1": "FEV1", "fvc": "FVC", "12m": "in 12 months", "24m": "in 24 months", "5y": "in 5 years",
    "fy": "this financial year",
}  # fmt: skip


def spoken(name: str) -> str:
    """A name as people say it.

    >>> spoken("bp_treated_to_target"), spoken("ed_attendance_rate"), spoken("copd")
    ('Blood pressure treated to target', 'A&E attendance rate', 'COPD')
    """
    words = " ".join(_WORDS.get(w, w) for w in name.split("_"))
    return words[:1].upper() + words[1:]


def title_of(definition: Definition) -> str:
    """A definition's own title, or its name as people say it."""
    own = str(getattr(definition, "title", "") or "")
    return own[:1].upper() + own[1:] if own else spoken(definition.name)


def within(title: str) -> str:
    """A title inside a sentence: capitals of abbreviations stay.

    >>> within("Blood pressure"), within("COPD under 35"), within("HbA1c"), within("A carer"), within("A&E visits")
    ('blood pressure', 'COPD under 35', 'HbA1c', 'a carer', 'A&E visits')
    """
    first = title.split(" ", 1)[0]
    plain = first[1:].islower() or len(first) == 1
    return title[:1].lower() + title[1:] if plain and first != "I" else title
