"""What a practice writes down: problems, consultations, prevention, social facts and opt-outs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, measurements
from goldenthread.demo.conditions import CONDITIONS, since, with_condition
from goldenthread.demo.population import DIED, VISITOR, People
from goldenthread.demo.record import Record, at_rate

Array = npt.NDArray[Any]
SYMPTOMS: tuple[tuple[str, str, float, float], ...] = (
    # concept, share of coded consultations by age 0 20 50 80, winter lean, female lean
    ("cough", "9 4 5 6", 0.4, 1), ("sore_throat", "7 4 2 1", 0.3, 1.1), ("otitis_media", "7 1 .4 .2", 0.3, 1),
    ("chest_infection", "6 2 4 9", 0.5, 1), ("rash", "7 3 2 2", 0, 1.1), ("conjunctivitis", "3 1 .8 1", 0, 1),
    ("gastroenteritis", "4 1.5 1 1", 0, 1), ("abdominal_pain", "3 5 4 4", 0, 1.2), ("headache", "1 4 3 2", 0, 1.4),
    ("fatigue", ".5 4 5 4", 0.1, 1.4), ("knee_pain", ".4 2 6 6", 0, 1), ("shoulder_pain", ".1 1.5 5 4", 0, 1),
    ("neck_pain", ".1 2 3 2", 0, 1.2), ("low_back_pain", ".1 3 5 4", 0, 1.1), ("uti", "1 2.5 3 7", 0, 3.5),
    ("cellulitis", ".4 .6 1.5 4", -0.2, 1), ("constipation", "2 .6 1 5", 0, 1.2), ("dizziness", ".1 1 2.5 6", 0, 1.2),
    ("dyspnoea", ".3 .5 1.6 5", 0.2, 1), ("chest_pain", ".1 1.2 3 3", 0, 0.9), ("eczema", "2 .6 .4 .5", 0.1, 1),
    ("insomnia", ".1 1 1.8 2", 0, 1.2), ("chickenpox", "1.2 .05 0 0", 0, 1), ("syncope", ".2 .5 .7 2.5", 0, 1),
    ("weight_loss", ".1 .2 .6 1.8", 0, 1), ("skin_ulcer", "0 .05 .4 3", 0, 1), ("memory_problem", "0 0 .3 3", 0, 1),
    ("mobility_problem", "0 0 .4 4", 0, 1),
)  # fmt: skip
_VISIT = {"chest_infection": "chest", "uti": "urine", "sore_throat": "throat", "cellulitis": "skin"}


def problems(people: People, record: Record, rng: np.random.Generator) -> None:
    """One diagnosis code a condition, at its onset; some entered again at a review."""
    coded = people.coded
    for i, c in enumerate(CONDITIONS):
        who = np.flatnonzero(coded[:, i])
        record.add(who, people.onset[who, i], c.name, which=_variant(people, c.name, who))
        again = who[rng.random(len(who)) < 0.25]
        later = np.minimum(
            people.onset[again, i] + rng.integers(200, 2500, len(again)), people.end[again] - 1
        )
        later = np.maximum(later, people.onset[again, i])
        record.add(again, later, c.name, which=_variant(people, c.name, again))
    _myocardial(people, record, rng)
    _frailty(people, record, rng)


def _variant(people: People, name: str, who: Array) -> Array:
    """Which code of the list fits the person."""
    pick = (people.birth[who] * 7 + who) % 10
    if name == "diabetes":
        return np.where(people.type1[who], 1, 0)
    if name == "ckd":
        return np.asarray(
            np.select([people.egfr[who] < 15, people.egfr[who] < 30, people.egfr[who] < 45], [4, 3, 2], 1)
        )
    if name == "cancer":
        by_sex = np.where(
            people.sex[who] == 2,
            np.array([0, 0, 0, 0, 2, 2, 3, 4, 5, 5])[pick],
            np.array([1, 1, 1, 1, 2, 2, 3, 4, 5, 5])[pick],
        )
        return np.asarray(np.where(people.age[who] < 35, np.array([4, 5])[pick % 2], by_sex))
    if name == "osteoporosis" or name == "obesity":
        return np.zeros(len(who), dtype=np.int64)
    if name == "ld_register":
        return np.asarray(np.array([0, 1, 1, 1, 2, 2, 3, 4, 0, 5])[pick])
    if name == "hypertension":
        return np.asarray(np.array([0, 0, 1, 1, 1, 1, 1, 1, 0, 2])[pick])
    if name == "palliative_care":
        return np.asarray(np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])[pick])
    if name == "epilepsy":
        return np.where(pick == 9, 2, 0)
    if name == "heart_valve_disease":
        return np.zeros(len(who), dtype=np.int64)
    return np.where(pick < 7, 0, pick)


def _myocardial(people: People, record: Record, rng: np.random.Generator) -> None:
    who = np.flatnonzero(with_condition(people, "chd", True) & (rng.random(len(people)) < 0.38))
    record.add(who, since(people, "chd")[who], "myocardial_infarction")
    who = np.flatnonzero(with_condition(people, "osteoporosis", True) & (rng.random(len(people)) < 0.7))
    record.add(who, since(people, "osteoporosis")[who], "fragility_fracture", which=who % 3)


def _frailty(people: People, record: Record, rng: np.random.Generator) -> None:
    """Frailty category and index score in people of 65 and over, not always recorded."""
    category = people.frailty_category
    for level, name, share in (
        (1, "frailty_mild", 0.38),
        (2, "frailty_moderate", 0.6),
        (3, "frailty_severe", 0.72),
    ):
        who = np.flatnonzero((category == level) & (people.age >= 65) & (rng.random(len(people)) < share))
        day = np.maximum(people.end[who] - rng.integers(20, 1400, len(who)), people.birth[who] + 65 * 366)
        day = clock.to_working_day(rng, np.minimum(day, people.end[who]))
        record.add(who, day, name)
        half = rng.random(len(who)) < 0.5
        record.add(
            who[half], day[half], "frailty_index_score", np.round(people.frailty[who[half]], 2), "score"
        )
    house = np.flatnonzero(
        (category >= 2) & (rng.random(len(people)) < np.where(category == 3, 0.5, 0.14)) & (people.age >= 50)
    )
    record.add(
        house,
        clock.spread(rng, np.maximum(people.end[house] - 1000, people.birth[house]), people.end[house]),
        "housebound",
    )
    people.more["housebound"] = np.isin(np.arange(len(people)), house)


def consultations(people: People, record: Record, rng: np.random.Generator) -> None:
    """Coded symptoms and infections over ten years, by age and season."""
    shares = np.stack(
        [np.interp(people.age, [0, 20, 50, 80], [float(x) for x in s.split()]) for _, s, _, _ in SYMPTOMS]
    )
    shares *= np.where(people.sex == 2, np.array([f for *_, f in SYMPTOMS])[:, None], 1.0)
    shares /= shares.sum(axis=0)
    burden = people.has.sum(axis=1)
    rate = np.interp(people.age, [0, 1, 5, 15, 30, 60, 85], [3.6, 3.0, 1.4, 0.9, 1.1, 1.5, 2.1])
    rate = rate * (1 + 0.13 * burden) * np.exp(0.07 * people.imd_z) * rng.gamma(1.6, 1 / 1.6, len(people))
    rate = np.where(people.kind == VISITOR, 0, rate) * np.where(people.sex == 2, 1.12, 0.9)
    people.more["consults"] = rate
    years = (people.end - people.history_from) / 365.25
    for k, (concept, _, lean, _) in enumerate(SYMPTOMS):
        who = at_rate(rng, rate * shares[k], np.maximum(years, 0))
        day = clock.to_working_day(rng, clock.spread(rng, people.history_from[who], people.end[who], lean))
        day = np.maximum(day, people.birth[who])
        grown = (day - people.birth[who]) / 365.25
        sensible = grown >= {
            "low_back_pain": 12,
            "memory_problem": 45,
            "mobility_problem": 40,
            "knee_pain": 4,
        }.get(concept, 0)
        who, day = who[sensible], day[sensible]
        record.add(who, day, concept, which=(who + day) % 2 if concept == "chest_infection" else 0)
        key = _VISIT.get(concept, "symptom")
        old = record.visits.get(key, np.zeros((2, 0), dtype=np.int64))
        record.visits[key] = np.concatenate([old, np.stack([who, day])], axis=1)
    who = at_rate(rng, 0.55 * rate, np.maximum(years, 0))
    record.add(
        who,
        clock.to_working_day(rng, clock.spread(rng, people.history_from[who], people.end[who])),
        "consultation",
        which=who % 2,
    )
    _exacerbations(people, record, rng)
    _sporadic(people, record, rng)


def _exacerbations(people: People, record: Record, rng: np.random.Generator) -> None:
    rate = 0.55 * with_condition(people, "copd") * np.exp(0.4 * people.latent_r) + 0.09 * with_condition(
        people, "asthma"
    )
    start = np.maximum(
        people.history_from,
        np.minimum(since(people, "copd") + 10**7 * ~with_condition(people, "copd"), 10**7),
    )
    start = np.where(start > people.end, people.history_from, start)
    who = at_rate(rng, rate, np.maximum(people.end - start, 0) / 365.25)
    day = clock.to_working_day(rng, clock.spread(rng, start[who], people.end[who], 0.45))
    record.visits["exacerbation"] = np.stack([who, day])
    record.add(who, day, "chest_infection")


def _sporadic(people: People, record: Record, rng: np.random.Generator) -> None:
    """Measurements of people without long-term conditions, and tests for symptoms."""
    years = np.maximum(people.end - people.history_from, 0) / 365.25
    adult = (people.age >= 18) & (people.kind != VISITOR)
    female_fertile = (people.sex == 2) & (people.age < 50)

    def when(rate: Array) -> tuple[Array, Array]:
        who = at_rate(rng, rate, years)
        day = clock.to_working_day(rng, clock.spread(rng, people.history_from[who], people.end[who]))
        old = (day - people.birth[who]) / 365.25 >= 16
        return who[old], day[old]

    measurements.pressure(
        people, record, rng, *when(adult * (0.22 + 0.18 * female_fertile + 0.1 * (people.age > 50)))
    )
    measurements.body(people, record, rng, *when(adult * 0.12))
    measurements.smoking(people, record, rng, *when(adult * 0.3))
    who, day = when(adult * 0.08)
    record.add(who, day, "alcohol_units", np.round(people.alcohol[who]), "units/week")
    measurements.panel(
        people, record, rng, *when(adult * np.interp(people.age, [18, 40, 60, 80], [0.10, 0.22, 0.35, 0.55]))
    )
    measurements.hba1c(
        people,
        record,
        rng,
        *when(
            adult
            * ~with_condition(people, "diabetes")
            * np.interp(people.age, [25, 45, 70], [0.05, 0.16, 0.22])
        ),
    )
    measurements.lipids(
        people, record, rng, *when(adult * np.interp(people.age, [25, 45, 70], [0.02, 0.1, 0.14]))
    )
    who, day = when(adult * 0.09)
    record.add(who, day, "tsh", np.round(np.exp(rng.normal(0.6, 0.45, len(who))), 2), "mIU/L")
    who, day = when(adult * 0.07)
    record.add(who, day, "crp", np.round(np.exp(rng.normal(1.2, 1.0, len(who))), 1), "mg/L")
    low = with_condition(people, "depression", True) | with_condition(people, "anxiety", True)
    who, day = when(low * 0.16)
    record.add(
        who,
        day,
        "phq9",
        np.clip(np.round(9 + 4 * people.latent_s[who] + rng.normal(0, 4, len(who))), 0, 27),
        "score",
    )
    who, day = when(with_condition(people, "depression", True) * 0.2)
    record.add(who, day, "depression_review", which=who % 2)
    who, day = when((people.more["repeats"] < 10**7).any(axis=1) * (0.25 + 0.05 * (people.age > 65)))
    record.add(who, day, "medication_review")
    many = (people.more["repeats"] < 10**7).sum(axis=1) >= 8
    who, day = when(many * 0.22)
    record.add(who, day, "structured_medication_review")
    record.visits["sporadic"] = np.stack([who, day])


def social_facts(people: People, record: Record, rng: np.random.Generator) -> None:
    """Carers, living alone, care homes, housing, hardship, loneliness, abuse; and Type 1 opt-outs."""
    n = len(people)
    z, age = people.imd_z, people.age
    registered = people.kind != VISITOR

    def note(concept: str, chance: Any, back: int = 1500, **more: Any) -> Array:
        got = np.flatnonzero(registered & (rng.random(n) < chance))
        first = np.maximum(people.end[got] - back, people.birth[got] + 1)
        record.add(got, clock.to_working_day(rng, clock.spread(rng, first, people.end[got])), concept, **more)
        return np.isin(np.arange(n), got)

    m = people.more
    adult = age >= 18
    m["carer"] = note(
        "carer",
        np.interp(age, [10, 16, 30, 50, 60, 80], [0.001, 0.004, 0.013, 0.05, 0.06, 0.04])
        * (~people.care_home),
    )
    note("lives_alone", 0.22 * (people.alone & (age >= 60)))
    m["homeless"] = note(
        "homeless",
        adult
        * np.exp(
            -6.6
            + 0.8 * z
            + 1.6 * with_condition(people, "drug_misuse")
            + 0.9 * with_condition(people, "severe_mental_illness")
        ),
        1000,
    )
    homes = np.flatnonzero(people.care_home & (rng.random(n) < 0.86) & registered)
    record.add(
        homes, np.minimum(people.address_start[homes] + 14, people.end[homes]), "care_home", which=homes % 2
    )
    note("housing_problem", adult * np.exp(-5.2 + 0.6 * z), 1200, which=0)
    note("domestic_abuse", adult * np.where(people.sex == 2, 0.007, 0.002) * np.exp(0.35 * z), 2500)
    note("food_insecurity", adult * 0.002 * np.exp(0.6 * z), 900)
    note("loneliness", (age > 60) * people.alone * 0.04 + adult * 0.004, 1200)
    note("social_vulnerability", (people.frailty_category >= 2) * 0.06 + adult * 0.002)
    note("requires_care", (people.frailty_category >= 2) * 0.22)
    note(
        "preferred_language_interpreter",
        (people.ethnic == "C") * 0.10 + np.isin(people.ethnic, list("HJKLRS")) * 0.03,
        3000,
    )
    note("social_prescribing_referral", adult * 0.012 * np.exp(0.25 * z + 0.3 * people.latent_s), 900)
    note("learning_difficulty", np.where(age < 30, 0.009, 0.003), 3000, which=0)
    wrong = note("ld_register", (age > 14) * ~with_condition(people, "ld_register") * 0.0002, 3000, which=1)
    m["ld_wrongly_coded"] = wrong
    m["opted_out"] = note("type1_opt_out", np.where(adult, 0.036, 0.022), 3400)
    who = np.flatnonzero(m["opted_out"] & (rng.random(n) < 0.13))
    m["opt_out_withdrawn"] = np.isin(np.arange(n), who)
    record.add(who, people.end[who], "type1_opt_out_withdrawn")
    note("allergy_penicillin", 0.045 * np.ones(n), 3600)


def births(people: People, record: Record, rng: np.random.Generator) -> None:
    """Pregnancies and deliveries of the mothers of children in the household."""
    babies = np.flatnonzero((people.mother >= 0) & (people.birth >= clock.GP_START + 280))
    mothers = people.mother[babies]
    ok = people.history_from[mothers] < people.birth[babies] - 200
    babies, mothers = babies[ok], mothers[ok]
    born = people.birth[babies]
    record.add(mothers, born - 200, "pregnancy")
    record.add(mothers, np.minimum(born + 3, clock.DATA_DATE), "pregnancy_delivery")
    measurements.pressure(people, record, rng, mothers, clock.to_working_day(rng, born - 195))
    people.more["born_here"] = np.isin(np.arange(len(people)), babies)
    expecting = (
        (people.sex == 2)
        & (people.age >= 19)
        & (people.age < 42)
        & (people.kind == 0)
        & (rng.random(len(people)) < 0.028)
    )
    now = np.flatnonzero(expecting)
    record.add(now, people.end[now] - rng.integers(2, 190, len(now)), "pregnancy")


def prescient(people: People) -> None:
    """From when each person's history can be known: birth, ten years back, or joining from outside the system."""
    joined = np.where(
        (people.previous < 0) & (people.reg_start > people.birth + 60), people.reg_start, people.birth
    )
    people.more["history_from"] = np.maximum(np.maximum(people.birth, clock.GP_START), joined)
    died = people.kind == DIED
    people.more["hospital_from"] = np.where(
        died, clock.HOSPITAL_START, np.maximum(clock.HOSPITAL_START, joined)
    )


__all__ = ["births", "consultations", "prescient", "problems", "social_facts"]
