"""Vaccination, screening and the NHS Health Check."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, measurements
from goldenthread.demo.conditions import with_condition
from goldenthread.demo.population import VISITOR, People
from goldenthread.demo.record import Record

Array = npt.NDArray[Any]


def vaccinate(people: People, record: Record, rng: np.random.Generator) -> None:
    """Influenza each autumn, COVID-19, childhood, pneumococcal, shingles and RSV vaccines."""
    n = len(people)
    registered = people.kind != VISITOR
    keen = people.engagement
    at_risk = np.zeros(n, dtype=bool)
    for c in (
        "diabetes",
        "copd",
        "asthma",
        "chd",
        "heart_failure",
        "ckd",
        "stroke",
        "ld_register",
        "chronic_liver_disease",
    ):
        at_risk |= with_condition(people, c)

    def give(concept: str, day: Array, chance: Array, which: Any = 0) -> None:
        got = np.flatnonzero(
            registered & (rng.random(n) < chance) & (day >= people.history_from) & (day <= people.end)
        )
        record.add(got, clock.to_working_day(rng, day[got]), concept, which=which)

    for year in range(2017, 2027):
        autumn = clock.day(year, 9, 10) + np.floor(60 * rng.beta(1.3, 2.2, n)).astype(np.int64)
        age = people.age_on(autumn)
        chance = np.where(
            age >= 65,
            0.79,
            np.where(at_risk & (age > 0.5), 0.42, np.where((age >= 2) & (age < 12), 0.5, 0.02 * (age > 18))),
        )
        give("flu_vaccine", autumn, np.clip(chance + 0.11 * keen * (chance > 0.1), 0, 0.97))
        if year >= 2022:
            give(
                "covid_vaccine",
                autumn + 9,
                np.where(
                    (age >= 75) | (people.care_home & (age > 60)),
                    0.72,
                    np.where(at_risk & (age > 18), 0.22, 0.0),
                )
                + 0.05 * keen * (age > 75),
                2,
            )
    doses = np.clip(0.9 + 0.05 * keen, 0, 0.98)
    older = np.clip((70 - people.age_on(clock.day(2021))) * 2.2, 0, 150)
    first = clock.day(2021, 1, 20) + older.astype(np.int64)
    adult = people.age_on(first) >= 18
    accepts = rng.random(n) < doses
    give("covid_vaccine", first, (adult & accepts) * 1.0, 0)
    give("covid_vaccine", first + 77, (adult & accepts) * 0.97, 1)
    baby = np.clip(0.945 + 0.03 * keen, 0, 0.99)
    for weeks, which in ((8, 0), (12, 1), (16, 2)):
        give("six_in_one_vaccine", people.birth + weeks * 7 + rng.integers(0, 20, n), baby, which)
    give("mmr_vaccine", people.birth + 366 + rng.integers(0, 50, n), np.clip(0.91 + 0.04 * keen, 0, 0.98), 0)
    give(
        "mmr_vaccine", people.birth + 1220 + rng.integers(0, 120, n), np.clip(0.86 + 0.05 * keen, 0, 0.98), 1
    )
    for concept, age_due, share in (("pneumococcal_vaccine", 65, 0.68), ("shingles_vaccine", 70, 0.6)):
        give(
            concept,
            people.birth + int(age_due * 365.25) + rng.integers(20, 500, n),
            np.full(n, share) + 0.08 * keen,
        )
    rsv = np.maximum(clock.day(2024, 9, 5), people.birth + int(75 * 365.25)) + rng.integers(0, 200, n)
    give("rsv_vaccine", rsv, np.where(people.age_on(rsv) < 80, 0.55 + 0.08 * keen, 0.0))


def screen(people: People, record: Record, rng: np.random.Generator) -> None:
    """Cervical, breast and bowel screening."""
    n = len(people)
    registered = people.kind != VISITOR
    woman = people.sex == 2
    for concept, low, high, every, share, mask in (
        ("cervical_smear", 24.6, 65, 1280, 0.70, woman), ("breast_screening", 50, 71, 1095, 0.68, woman),
        ("bowel_screening", 50, 75, 730, 0.67, np.ones(n, dtype=bool)),
    ):  # fmt: skip
        phase = rng.integers(0, every, n)
        attends = np.clip(share + 0.13 * people.engagement - 0.02 * people.imd_z, 0.05, 0.97)
        for cycle in range(int(3650 // every) + 1):
            day = clock.GP_START + phase + cycle * every
            age = people.age_on(day)
            ok = (
                mask
                & registered
                & (age >= low)
                & (age < high)
                & (day >= people.history_from)
                & (day <= people.end)
            )
            got = np.flatnonzero(ok & (rng.random(n) < attends))
            record.add(got, clock.to_working_day(rng, day[got]), concept)


def health_check(people: People, record: Record, rng: np.random.Generator) -> None:
    """NHS Health Check: every five years from 40 to 74 without vascular disease, about half of those invited."""
    n = len(people)
    vascular = np.zeros(n, dtype=bool)
    for c in (
        "diabetes",
        "chd",
        "stroke",
        "ckd",
        "hypertension",
        "heart_failure",
        "atrial_fibrillation",
        "pad",
        "tia",
    ):
        vascular |= with_condition(people, c)
    phase = rng.integers(0, 1826, n)
    for cycle in range(2):
        day = clock.GP_START + phase + cycle * 1826
        age = people.age_on(day)
        ok = (
            ~vascular
            & (age >= 40)
            & (age < 75)
            & (day >= people.history_from)
            & (day <= people.end)
            & (people.kind != VISITOR)
        )
        got = np.flatnonzero(ok & (rng.random(n) < np.clip(0.43 + 0.15 * people.engagement, 0.03, 0.9)))
        when = clock.to_working_day(rng, day[got])
        record.add(got, when, "nhs_health_check")
        measurements.pressure(people, record, rng, got, when)
        measurements.body(people, record, rng, got, when)
        measurements.smoking(people, record, rng, got, when)
        measurements.lipids(people, record, rng, got, when)
        score = (
            np.exp(
                -9.2
                + 0.075 * age[got]
                + 0.55 * (people.sex[got] == 1)
                + 0.012 * (people.systolic[got] - 120)
                + 0.5 * (people.smoking[got] == 2)
            )
            * 100
        )
        record.add(got, when, "qrisk", np.round(np.clip(score * 2.2, 0.1, 60), 1), "%")
