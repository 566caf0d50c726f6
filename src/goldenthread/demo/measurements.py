"""Measurements and the yearly review: what is measured, in whom, how often, and what it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock
from goldenthread.demo.conditions import INDEX, since, with_condition
from goldenthread.demo.population import People
from goldenthread.demo.record import Record

Array = npt.NDArray[Any]
LONG_TERM = [
    "diabetes",
    "ndh",
    "hypertension",
    "asthma",
    "copd",
    "chd",
    "heart_failure",
    "atrial_fibrillation",
    "stroke",
    "tia",
    "pad",
    "ckd",
    "dementia",
    "severe_mental_illness",
    "epilepsy",
    "rheumatoid_arthritis",
    "ld_register",
    "hypothyroidism",
]


def traits(people: People, rng: np.random.Generator) -> None:
    """Lasting levels of each measured quantity, and smoking and drinking."""
    n, m = len(people), people.more
    age, male = people.age, people.sex == 1

    def has(c: str) -> Array:
        return with_condition(people, c)

    def noise(sd: float) -> Array:

        return rng.normal(0, sd, n)

    dm = has("diabetes")
    m["type1"] = dm & (rng.random(n) < np.interp(age, [0, 18, 30, 45, 70], [1, 0.97, 0.65, 0.2, 0.03]))
    m["hba1c"] = np.where(
        dm, np.clip(41 + rng.gamma(2.6, 7.0, n) + 1.5 * people.imd_z + 9 * m["type1"], 38, 140),
        np.where(has("ndh"), np.clip(44 + noise(1.5), 42, 47), np.clip(36 + noise(3), 25, 41)),
    )  # fmt: skip
    bmi_adult = np.where(
        has("obesity"), 30.3 + rng.gamma(1.6, 3.0, n), np.clip(25.2 + noise(2.6), 15.5, 29.8)
    )
    bmi_child = np.interp(age, [0, 2, 6, 12, 17], [16, 16.5, 15.6, 18.4, 21.5]) * (1 + noise(0.11))
    m["bmi"] = np.where(age < 18, np.clip(bmi_child, 12, 40), np.clip(bmi_adult, 14, 68))
    tall = np.where(male, 176.0, 162.5) + noise(6.3)
    m["height"] = np.where(
        age < 18, np.interp(age, [0, 2, 6, 12, 17], [60, 87, 116, 149, 170]) + noise(4), tall
    )
    hyp = has("hypertension")
    m["systolic"] = (
        np.interp(age, [0, 18, 40, 60, 80], [92, 117, 123, 129, 133])
        + 8 * hyp
        + 1.0 * people.imd_z
        + noise(8)
    )
    m["diastolic"] = np.interp(age, [0, 18, 40, 60, 80], [56, 71, 77, 78, 73]) + 4 * hyp + noise(6)
    m["cholesterol"] = np.clip(
        np.interp(age, [0, 20, 45, 60, 85], [4.0, 4.4, 5.3, 5.5, 4.9]) + noise(0.85), 2.3, 10
    )
    m["hdl"] = np.clip(np.where(male, 1.3, 1.6) - 0.02 * (m["bmi"] - 26) + noise(0.25), 0.5, 3.2)
    normal = np.clip(np.interp(age, [18, 40, 60, 80, 95], [108, 98, 86, 74, 64]) + noise(9), 61, 120)
    m["egfr"] = np.where(has("ckd"), np.clip(51 - rng.gamma(1.3, 8.0, n) + 3, 7, 59), normal)
    z = people.imd_z
    smoke = 1 / (1 + np.exp(-(-2.2 + 0.55 * z + 1.3 * has("copd") + 0.8 * has("severe_mental_illness") + 0.9 * has("drug_misuse")
                              + np.interp(age, [15, 20, 35, 60, 80], [-2.5, 0.2, 0.5, 0.1, -0.9]))))  # fmt: skip
    ex = np.interp(age, [15, 30, 50, 70, 90], [0.02, 0.18, 0.30, 0.40, 0.36]) + 0.35 * has("copd")
    roll = rng.random(n)
    m["smoking"] = np.where(age < 14, 0, np.where(roll < smoke, 2, np.where(roll < smoke + ex, 1, 0)))
    units = rng.gamma(0.7, 9.0, n) * np.where(male, 1.4, 0.8) * (rng.random(n) > 0.2)
    m["alcohol"] = np.where(age < 18, 0, np.where(has("alcohol_dependence"), 45 + rng.gamma(2, 20, n), units))
    m["engagement"] = -0.22 * z - 0.25 * m["latent_s"] * 0.5 + noise(0.5)


def reviews(people: People, record: Record, rng: np.random.Generator) -> None:
    """Yearly review of long-term conditions over ten years, and everything measured at it."""
    first = np.stack(
        [np.where(with_condition(people, c, coded=True), since(people, c), 10**7) for c in LONG_TERM]
    )
    earliest = first.min(axis=0)
    start = np.maximum(earliest, people.history_from)
    month = (people.birth // 30) % 12
    who_parts, day_parts = [], []
    for year in range(10):
        due = clock.GP_START + 365 * year + month * 30 + rng.integers(0, 45, len(people))
        p = 1 / (
            1
            + np.exp(
                -(1.35 + people.engagement - 1.5 * (due < clock.day(2021, 8)) * (due > clock.day(2020, 3)))
            )
        )
        attends = (due > start) & (due <= people.end) & (rng.random(len(people)) < p)
        who_parts.append(np.flatnonzero(attends))
        day_parts.append(due[attends])
    who = np.concatenate(who_parts)
    day = clock.to_working_day(rng, np.concatenate(day_parts))
    record.visits["review"] = np.stack([who, day])
    _measure(people, record, rng, who, day)
    _condition_reviews(people, record, rng, who, day)


def _measure(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    age = people.age_on(clock.DATA_DATE)[who] - (clock.DATA_DATE - day) / 365.25
    adult = age >= 16
    n = len(who)

    def known(c: str) -> Array:
        return np.asarray(people.coded[who, INDEX[c]] & (people.onset[who, INDEX[c]] <= day))

    def some(mask: Array, share: float) -> Array:
        lean = np.clip(share + 0.06 * people.engagement[who], 0.02, 0.99)
        return np.asarray(mask & (rng.random(n) < lean))

    dm, ndh, ckd = known("diabetes"), known("ndh"), known("ckd")
    cardiac = (
        known("hypertension")
        | known("chd")
        | known("stroke")
        | known("tia")
        | known("pad")
        | known("heart_failure")
    )
    cardiac |= known("atrial_fibrillation")
    smi, ld = known("severe_mental_illness"), known("ld_register")
    resp = known("asthma") | known("copd")
    blood = (
        dm
        | ndh
        | ckd
        | cardiac
        | smi
        | (ld & adult)
        | known("hypothyroidism")
        | known("rheumatoid_arthritis")
    )
    pressure(people, record, rng, *_rows(who, day, some(adult & (dm | ndh | ckd | cardiac | smi | ld), 0.93)))
    body(people, record, rng, *_rows(who, day, some(adult & (dm | ndh | cardiac | smi | ld | resp), 0.84)))
    smoking(
        people, record, rng, *_rows(who, day, some((age >= 14) & (dm | cardiac | resp | smi | ckd), 0.92))
    )
    mask = some(adult & (smi | cardiac | dm | ld), 0.45)
    record.add(
        who[mask],
        day[mask],
        "alcohol_units",
        np.round(people.alcohol[who[mask]] * rng.uniform(0.8, 1.2, mask.sum())),
        "units/week",
    )
    drawn = np.maximum(day - rng.integers(3, 15, n), people.birth[who] + 1)
    drawn = clock.to_working_day(rng, drawn)
    hba1c(
        people,
        record,
        rng,
        *_rows(
            who, drawn, some(dm, 0.92) | some(ndh, 0.80) | some(smi & adult, 0.55) | some(ld & adult, 0.4)
        ),
    )
    again = some(dm & (people.hba1c[who] > 58), 0.55)
    half = clock.to_working_day(
        rng, np.minimum(drawn[again] + 170 + rng.integers(0, 30, again.sum()), clock.DATA_DATE)
    )
    hba1c(people, record, rng, who[again], half)
    lipids(people, record, rng, *_rows(who, drawn, some(adult & (dm | cardiac | smi), 0.78)))
    panel(people, record, rng, *_rows(who, drawn, some(blood, 0.88)))
    mask = some(dm | (ckd & adult), 0.68)
    acr = np.exp(rng.normal(0.5, 0.9, mask.sum())) * np.where(ckd[mask], 2.5, 1)
    record.add(who[mask], drawn[mask], "urine_acr", np.round(acr, 1), "mg/mmol")
    thyroid = some(known("hypothyroidism"), 0.9)
    record.add(
        who[thyroid], drawn[thyroid], "tsh", np.round(np.exp(rng.normal(0.8, 0.5, thyroid.sum())), 2), "mIU/L"
    )


def _condition_reviews(
    people: People, record: Record, rng: np.random.Generator, who: Array, day: Array
) -> None:
    """The review codes and the care processes that belong to one condition, with gaps."""
    n = len(who)
    age = people.age_on(clock.DATA_DATE)[who] - (clock.DATA_DATE - day) / 365.25

    def known(c: str) -> Array:
        return np.asarray(people.coded[who, INDEX[c]] & (people.onset[who, INDEX[c]] <= day))

    def note(mask: Array, share: float, concept: str, **more: Any) -> Array:
        lean = np.clip(share + 0.07 * people.engagement[who], 0.02, 0.99)
        chosen = np.flatnonzero(mask & (rng.random(n) < lean))
        record.add(who[chosen], day[chosen], concept, **more)
        return chosen

    dm = known("diabetes")
    note(dm, 0.9, "diabetes_review")
    note(dm, 0.8, "diabetes_foot_check")
    screened = np.flatnonzero(
        dm & (age >= 12) & (rng.random(n) < np.clip(0.76 + 0.08 * people.engagement[who], 0, 1))
    )
    record.add(
        who[screened],
        np.minimum(day[screened] + rng.integers(10, 120, len(screened)), clock.DATA_DATE),
        "retinal_screening",
    )
    recent = dm & (day - people.onset[who, INDEX["diabetes"]] < 400)
    note(recent, 0.45, "diabetes_education")
    note(known("hypertension"), 0.7, "hypertension_review")
    note(known("asthma"), 0.66, "asthma_review")
    note(known("asthma") & (age >= 6), 0.4, "peak_flow", value=None)
    copd = known("copd")
    note(copd, 0.78, "copd_review")
    severity = np.clip((people.latent_r + people.latent_f) * 0.6 + 1.1, 0, 4).astype(int)
    mrc = np.flatnonzero(copd & (rng.random(n) < 0.72))
    record.add(who[mrc], day[mrc], "mrc_breathlessness", which=severity[who[mrc]])
    fev = np.flatnonzero(copd & (rng.random(n) < 0.42))
    level = np.clip(78 - 13 * severity[who[fev]] + rng.normal(0, 7, len(fev)), 18, 105)
    record.add(who[fev], day[fev], "fev1_percent", np.round(level), "%")
    record.add(
        who[fev],
        day[fev],
        "fev1_fvc_ratio",
        np.round(np.clip(0.69 - 0.07 * severity[who[fev]] / 2 + rng.normal(0, 0.03, len(fev)), 0.3, 0.7), 2),
    )
    record.add(who[fev], day[fev], "spirometry")
    dementia = known("dementia")
    note(dementia, 0.72, "dementia_care_plan", which=1)
    smi = known("severe_mental_illness")
    note(smi, 0.66, "mental_health_care_plan")
    _learning_disability(people, record, rng, who, day, known("ld_register") & (age >= 14))
    flu = np.flatnonzero(known("depression") & (rng.random(n) < 0.3))
    record.add(
        who[flu],
        day[flu],
        "phq9",
        np.clip(np.round(7 + 5 * people.latent_s[who[flu]] + rng.normal(0, 4, len(flu))), 0, 27),
        "score",
    )


def _learning_disability(
    people: People, record: Record, rng: np.random.Generator, who: Array, day: Array, eligible: Array
) -> None:
    """The yearly health check from 14; six in ten with an action plan; fewer in deprived areas."""
    done = np.flatnonzero(
        eligible & (rng.random(len(who)) < np.clip(0.78 + 0.12 * people.engagement[who], 0.1, 0.98))
    )
    record.add(who[done], day[done], "ld_health_check")
    plan = done[rng.random(len(done)) < 0.72]
    record.add(who[plan], day[plan], "ld_action_plan")
    adjust = done[rng.random(len(done)) < 0.35]
    record.add(who[adjust], day[adjust], "reasonable_adjustment")


def _rows(who: Array, day: Array, mask: Array) -> tuple[Array, Array]:
    return who[mask], day[mask]


def pressure(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    """Blood pressure, both figures on the same day."""
    record.add(
        who,
        day,
        "blood_pressure_systolic",
        np.round(np.clip(people.systolic[who] + rng.normal(0, 9, len(who)), 78, 230)),
        "mmHg",
    )
    record.add(
        who,
        day,
        "blood_pressure_diastolic",
        np.round(np.clip(people.diastolic[who] + rng.normal(0, 6, len(who)), 40, 130)),
        "mmHg",
    )


def body(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    """Weight and body mass index; height where it may have changed."""
    level = np.clip(
        people.bmi[who]
        + rng.normal(0, 0.6, len(who))
        - 0.12 * (clock.DATA_DATE - day) / 365.25 * (people.bmi[who] > 27),
        12,
        75,
    )
    record.add(who, day, "weight", np.round(level * (people.height[who] / 100) ** 2, 1), "kg")
    record.add(who, day, "bmi", np.round(level, 1), "kg/m2")
    tall = rng.random(len(who)) < 0.3
    record.add(who[tall], day[tall], "height", np.round(people.height[who[tall]]), "cm")


def smoking(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    """Smoking status, and advice for smokers. Some who gave up were smokers earlier in the record."""
    status = people.smoking[who]
    earlier = (status == 1) & (clock.DATA_DATE - day > 365 * 4) & ((people.birth[who] + who) % 3 == 0)
    smokes = (status == 2) | earlier
    record.add(who[smokes], day[smokes], "smoker", which=who[smokes] % 2)
    ex = (status == 1) & ~earlier
    record.add(who[ex], day[ex], "ex_smoker")
    never = status == 0
    record.add(who[never], day[never], "never_smoked")
    advised = smokes & (rng.random(len(who)) < 0.75)
    record.add(who[advised], day[advised], "smoking_cessation_advice")


def hba1c(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    """HbA1c in mmol/mol."""
    drift = (
        0.5 * np.maximum(0, (clock.DATA_DATE - day) / 365.25 - 1) * with_condition(people, "diabetes")[who]
    )
    level = people.hba1c[who] - drift + rng.normal(0, 2.2, len(who))
    floor = np.where(with_condition(people, "diabetes")[who], 34, 22)
    record.add(who, day, "hba1c", np.round(np.clip(level, floor, 165)), "mmol/mol")


def lipids(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    """Total, HDL, non-HDL and LDL cholesterol from one sample."""
    on_statin = people.more["statin_from"][who] <= day
    total = np.clip(people.cholesterol[who] - 1.35 * on_statin + rng.normal(0, 0.3, len(who)), 1.8, 11)
    hdl = np.minimum(people.hdl[who] + rng.normal(0, 0.07, len(who)), total - 0.6)
    record.add(who, day, "cholesterol_total", np.round(total, 1), "mmol/L")
    record.add(who, day, "cholesterol_hdl", np.round(hdl, 1), "mmol/L")
    record.add(who, day, "cholesterol_non_hdl", np.round(total, 1) - np.round(hdl, 1), "mmol/L")
    low = rng.random(len(who)) < 0.6
    record.add(
        who[low], day[low], "cholesterol_ldl", np.round(np.maximum(total - hdl - 0.6, 0.4)[low], 1), "mmol/L"
    )


def panel(people: People, record: Record, rng: np.random.Generator, who: Array, day: Array) -> None:
    """Kidney, liver and blood count from one sample."""
    n = len(who)
    egfr = np.clip(people.egfr[who] + 1.1 * (clock.DATA_DATE - day) / 365.25 + rng.normal(0, 3.5, n), 5, 120)
    male = people.sex[who] == 1
    age = np.maximum(people.age_on(clock.DATA_DATE)[who] - (clock.DATA_DATE - day) / 365.25, 18)
    creatinine = _creatinine(np.minimum(egfr, 118), age, male)
    record.add(who, day, "egfr", np.round(np.minimum(egfr, 90)), "mL/min/1.73m2", which=1)
    record.add(who, day, "creatinine", np.round(creatinine), "umol/L")
    record.add(who, day, "sodium", np.round(rng.normal(139.5, 2.6, n)), "mmol/L")
    record.add(who, day, "potassium", np.round(np.clip(rng.normal(4.4, 0.4, n), 2.8, 6.6), 1), "mmol/L")
    record.add(
        who,
        day,
        "urea",
        np.round(np.clip(rng.normal(5.6, 1.3, n) * np.sqrt(85 / np.maximum(egfr, 8)), 1.5, 45), 1),
        "mmol/L",
    )
    liver = rng.random(n) < 0.7
    w, d = who[liver], day[liver]
    sick = with_condition(people, "chronic_liver_disease")[w] | with_condition(people, "fatty_liver")[w]
    record.add(
        w, d, "alt", np.round(np.clip(np.exp(rng.normal(3.1, 0.4, len(w)) + 0.6 * sick), 6, 400)), "U/L"
    )
    record.add(
        w,
        d,
        "albumin",
        np.round(np.clip(rng.normal(43, 3, len(w)) - 3 * people.frailty[w] * 10 / 3, 22, 54)),
        "g/L",
    )
    record.add(w, d, "bilirubin", np.round(np.clip(np.exp(rng.normal(2.2, 0.4, len(w))), 2, 90)), "umol/L")
    record.add(w, d, "alkaline_phosphatase", np.round(np.clip(rng.normal(82, 22, len(w)), 25, 320)), "U/L")
    count = rng.random(n) < 0.75
    w, d = who[count], day[count]
    anaemic = with_condition(people, "anaemia")[w] & (rng.random(len(w)) < 0.6)
    hb = np.where(people.sex[w] == 1, 147, 134) + rng.normal(0, 9, len(w)) - 24 * anaemic
    record.add(w, d, "haemoglobin", np.round(np.clip(hb, 62, 190)), "g/L")
    record.add(w, d, "mcv", np.round(np.clip(rng.normal(90, 5, len(w)) - 7 * anaemic, 60, 118)), "fL")
    record.add(w, d, "platelets", np.round(np.clip(rng.normal(262, 62, len(w)), 60, 640)), "10*9/L")
    record.add(w, d, "white_cell_count", np.round(np.clip(rng.normal(7.0, 1.8, len(w)), 2, 19), 1), "10*9/L")


def _creatinine(egfr: Array, age: Array, male: Array) -> Array:
    """Creatinine (umol/L) that gives this eGFR by CKD-EPI 2009, the formula solved for creatinine."""
    kappa, alpha = np.where(male, 0.9, 0.7), np.where(male, -0.411, -0.329)
    base = egfr / (141 * 0.993**age * np.where(male, 1.0, 1.018))
    ratio = np.where(base >= 1, base ** (1 / alpha), base ** (1 / -1.209))
    return np.asarray(np.clip(ratio * kappa * 88.42, 25, 900))
