"""Medicines: what each condition brings, repeat issues, polypharmacy, and a few hazards."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock
from goldenthread.demo.conditions import since, with_condition
from goldenthread.demo.population import People
from goldenthread.demo.record import Record

Array = npt.NDArray[Any]
MEDICINES_START = clock.HOSPITAL_START

# concept, condition, share treated, units a day, youngest age; several rows a concept are alternatives
TREATMENTS: tuple[tuple[str, str, float, float, int], ...] = (
    ("metformin", "diabetes", 0.66, 3, 12), ("sulfonylurea", "diabetes", 0.17, 2, 18),
    ("sglt2_inhibitor", "diabetes", 0.30, 1, 18), ("dpp4_inhibitor", "diabetes", 0.16, 1, 18),
    ("ace_inhibitor", "hypertension", 0.46, 1, 18), ("angiotensin_receptor_blocker", "hypertension", 0.17, 1, 18),
    ("calcium_channel_blocker", "hypertension", 0.44, 1, 18), ("alpha_blocker", "hypertension", 0.07, 1, 18),
    ("antiplatelet", "chd", 0.80, 1, 18), ("beta_blocker", "chd", 0.55, 1, 18), ("ace_inhibitor", "chd", 0.5, 1, 18),
    ("antiplatelet", "stroke", 0.68, 1, 18), ("antiplatelet", "pad", 0.7, 1, 18), ("antiplatelet", "tia", 0.7, 1, 18),
    ("loop_diuretic", "heart_failure", 0.66, 1, 18), ("aldosterone_antagonist", "heart_failure", 0.33, 1, 18),
    ("beta_blocker", "heart_failure", 0.62, 1, 18), ("sglt2_inhibitor", "heart_failure", 0.3, 1, 18),
    ("anticoagulant", "atrial_fibrillation", 0.82, 2, 18), ("beta_blocker", "atrial_fibrillation", 0.58, 1, 18),
    ("anticoagulant", "venous_thromboembolism", 0.4, 2, 18), ("amiodarone", "atrial_fibrillation", 0.03, 1, 30),
    ("saba_inhaler", "asthma", 0.94, 0.07, 4), ("inhaled_corticosteroid", "asthma", 0.78, 0.07, 5),
    ("saba_inhaler", "copd", 0.8, 0.07, 35), ("lama_inhaler", "copd", 0.68, 1, 35),
    ("ssri", "depression", 0.38, 1, 18), ("other_antidepressant", "depression", 0.13, 1, 18), ("ssri", "anxiety", 0.25, 1, 18),
    ("antipsychotic", "severe_mental_illness", 0.72, 1, 16), ("lithium", "severe_mental_illness", 0.09, 3, 18),
    ("hypnotic", "insomnia", 0.25, 1, 18), ("antiepileptic", "epilepsy", 0.80, 2, 2),
    ("antipsychotic", "dementia", 0.08, 1, 55), ("tricyclic", "chronic_pain", 0.35, 1, 18), ("gabapentinoid", "chronic_pain", 0.30, 3, 18),
    ("high_dose_opioid", "chronic_pain", 0.05, 2, 18), ("paracetamol", "osteoarthritis", 0.42, 6, 18), ("nsaid", "osteoarthritis", 0.09, 3, 18),
    ("gabapentinoid", "peripheral_neuropathy", 0.45, 3, 18), ("methotrexate", "rheumatoid_arthritis", 0.55, 1, 18),
    ("ppi", "gord", 0.72, 1, 12), ("ppi", "peptic_ulcer", 0.7, 1, 18), ("nsaid", "low_back_pain", 0.04, 3, 18),
    ("tricyclic", "migraine", 0.08, 1, 18), ("beta_blocker", "migraine", 0.06, 2, 18), ("paracetamol", "low_back_pain", 0.15, 6, 18),
    ("statin", "diabetes", 0.66, 1, 30), ("statin", "chd", 0.84, 1, 25), ("statin", "stroke", 0.76, 1, 30), ("statin", "pad", 0.7, 1, 35),
    ("statin", "tia", 0.7, 1, 35), ("statin", "hypertension", 0.3, 1, 40), ("statin", "ckd", 0.45, 1, 40),
)  # fmt: skip
ANTIBIOTIC_DAYS = {0: 7, 1: 5, 2: 7, 3: 5, 4: 5, 5: 7, 6: 10, 7: 7}


def begin(people: People, rng: np.random.Generator) -> None:
    """Who takes what on repeat, and since when (needed before measurements, which statins change)."""
    start: dict[str, Array] = {}
    never = np.full(len(people), 10**7)

    def age_at(d: Array) -> Array:
        return np.asarray((d - people.birth) / 365.25)

    for concept, condition, share, _, youngest in TREATMENTS:
        has = with_condition(people, condition, coded=True) & (people.kind != 3)
        lean = np.clip(share - 0.02 * people.imd_z, 0, 1)
        takes = has & (rng.random(len(people)) < lean)
        if concept == "metformin":
            takes &= ~people.type1 & (people.egfr > 30)
        if condition == "diabetes" and concept in ("sulfonylurea", "sglt2_inhibitor", "dpp4_inhibitor"):
            takes &= ~people.type1
        begun = since(people, condition) + rng.integers(0, 200, len(people))
        begun = np.maximum(begun, people.birth + np.int64(youngest * 365.25) + 30)
        takes &= (age_at(people.end) >= youngest) & (begun < people.end)
        start[concept] = np.minimum(start.get(concept, never), np.where(takes, begun, 10**7))
    insulin = people.type1 | (
        with_condition(people, "diabetes", coded=True) & (rng.random(len(people)) < 0.09)
    )
    start["insulin"] = np.where(
        insulin & with_condition(people, "diabetes", coded=True), since(people, "diabetes") + 1, 10**7
    )
    start["angiotensin_receptor_blocker"] = np.where(
        start["ace_inhibitor"] < 10**7, 10**7, start["angiotensin_receptor_blocker"]
    )
    start["antiplatelet"] = np.where(
        (start["anticoagulant"] < 10**7) & (rng.random(len(people)) > 0.06), 10**7, start["antiplatelet"]
    )
    _hazards(people, start, rng)
    people.more["repeats"] = np.stack([start[k] for k in sorted(start)], axis=1)
    people.more["repeat_names"] = np.array(sorted(start), dtype=object)
    people.more["statin_from"] = start["statin"]


def _hazards(people: People, start: dict[str, Array], rng: np.random.Generator) -> None:
    """PINCER-style hazards at a low rate: an NSAID after an ulcer, with an anticoagulant, in heart failure or CKD;
    a beta-blocker in asthma; most of those who ought to have a gastro-protective medicine do."""
    n = len(people)
    never = 10**7
    nsaid = start["nsaid"]
    risky = with_condition(people, "peptic_ulcer") | (start["anticoagulant"] < never)
    risky |= with_condition(people, "heart_failure") | with_condition(people, "ckd")
    start["nsaid"] = np.where(risky & (rng.random(n) > 0.12), never, nsaid)
    asthma = with_condition(people, "asthma")
    start["beta_blocker"] = np.where(asthma & (rng.random(n) > 0.25), never, start["beta_blocker"])
    needs = (start["nsaid"] < never) | ((start["antiplatelet"] < never) & (people.age > 70))
    add = needs & (rng.random(n) < 0.78)
    when = np.minimum(start["nsaid"], start["antiplatelet"])
    start["ppi"] = np.minimum(start["ppi"], np.where(add, when, never))


def prescribe(people: People, record: Record, rng: np.random.Generator) -> None:
    """Repeat issues over the last three years, then acute courses."""
    units = {}
    for concept, _, _, amount, _ in TREATMENTS:
        units[concept] = amount
    units["insulin"] = 0.17
    repeats = people.repeats
    number = (repeats < 10**7).sum(axis=1)
    people.more["repeat_count"] = number
    monthly = (number >= 8) | (rng.random(len(people)) < 0.12)
    for k, concept in enumerate(people.repeat_names.tolist()):
        start = np.maximum(repeats[:, k], MEDICINES_START)
        stop = people.end - (rng.random(len(people)) < 0.12) * rng.integers(0, 900, len(people))
        takes = np.flatnonzero((repeats[:, k] < 10**7) & (start < stop))
        if not len(takes):
            continue
        step = np.where(monthly[takes], 28, 56)
        first = start[takes] + rng.integers(0, 28, len(takes))
        count = np.maximum((stop[takes] - first) // step + 1, 0)
        who = np.repeat(takes, count)
        nth = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
        day = np.repeat(first, count) + nth * np.repeat(step, count) + rng.integers(-3, 5, len(who))
        keep = (rng.random(len(who)) < 0.95) & (day <= people.end[who])
        who, day, step_each = who[keep], day[keep], np.repeat(step, count)[keep]
        quantity = np.maximum(1, np.round(units[concept] * step_each))
        record.issue(
            who, clock.to_working_day(rng, day), concept, people.birth[who] // 7, quantity, step_each, True
        )
    _acute(people, record, rng)


def _acute(people: People, record: Record, rng: np.random.Generator) -> None:
    """Antibiotic and steroid courses for infections already in the record, and short courses of pain relief."""
    for concept, day_source, choices in (
        ("antibiotic", "chest", (0, 2, 7)), ("antibiotic", "urine", (3, 4)), ("antibiotic", "throat", (6,)), ("antibiotic", "skin", (5,)),
    ):  # fmt: skip
        if day_source not in record.visits:
            continue
        who, day = record.visits[day_source]
        treated = rng.random(len(who)) < 0.62
        who, day = who[treated], day[treated]
        recent = day >= MEDICINES_START
        who, day = who[recent], day[recent]
        which = np.array(choices)[rng.integers(0, len(choices), len(who))]
        age = (day - people.birth[who]) / 365.25
        which = np.where(age < 12, 1, which)
        length = np.array([ANTIBIOTIC_DAYS[i] for i in range(8)])[which]
        record.issue(who, day, concept, which, np.where(which == 1, 100, length * 3), length, False)
    if "exacerbation" in record.visits:
        who, day = record.visits["exacerbation"]
        recent = (day >= MEDICINES_START) & ((day - people.birth[who]) > 5 * 365)
        record.issue(who[recent], day[recent], "oral_prednisolone", 0, 30, 5, False)
    span = (people.end - np.maximum(MEDICINES_START, people.reg_start)) / 365.25
    age = people.age
    for concept, rate, quantity, length, low in (
        ("nsaid", 0.035, 42, 14, 16), ("paracetamol", 0.05, 100, 14, 12), ("hypnotic", 0.02, 7, 7, 18), ("ppi", 0.03, 28, 28, 18),
    ):  # fmt: skip
        eligible = np.where((age >= low + 3) & (people.kind != 3), rate, 0.0)
        if concept == "nsaid":
            eligible = eligible * ~(
                with_condition(people, "peptic_ulcer") | with_condition(people, "heart_failure")
            )
        counts = rng.poisson(eligible * np.maximum(span, 0))
        who = np.repeat(np.arange(len(people)), counts)
        first = np.maximum(people.reg_start, MEDICINES_START)[who]
        record.issue(
            who,
            clock.to_working_day(rng, clock.spread(rng, first, people.end[who])),
            concept,
            people.birth[who],
            quantity,
            length,
            False,
        )
