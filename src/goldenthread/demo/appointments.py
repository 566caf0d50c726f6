"""The appointment book: who was booked, with whom, how, and whether they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock
from goldenthread.demo.population import VISITOR, People
from goldenthread.demo.record import Record, at_rate

Array = npt.NDArray[Any]
ROLES = [
    "gp",
    "nurse",
    "hca",
    "pharmacist",
    "physiotherapist",
    "paramedic",
    "link worker",
    "other",
    "unknown",
]
MODES = ["face to face", "telephone", "video", "online", "visit", "unknown"]
STATUSES = ["attended", "dna", "cancelled", "booked"]
# How two clinical systems write the same thing down.
SPELLINGS = {
    "role": {
        "gp": ["GP", "General Medical Practitioner", "Salaried GP"], "nurse": ["Practice Nurse", "Nurse"],
        "hca": ["Health Care Assistant", "HCA"], "pharmacist": ["Clinical Pharmacist", "Pharmacist"],
        "physiotherapist": ["First Contact Physiotherapist", "Physio"], "paramedic": ["Paramedic", "Advanced Paramedic"],
        "link worker": ["Social Prescribing Link Worker", "Link Worker"], "other": ["Other", "Care Coordinator"], "unknown": ["Unknown", ""],
    },
    "mode": {
        "face to face": ["Face-to-Face", "F2F"], "telephone": ["Telephone", "Phone"], "video": ["Video Conference", "Video"],
        "online": ["Online", "Video/Online"], "visit": ["Home Visit", "Visit"], "unknown": ["Unknown", ""],
    },
    "status": {
        "attended": ["Finished", "Attended", "Left"], "dna": ["Did Not Attend", "DNA"],
        "cancelled": ["Cancelled by Patient", "Cancelled", "Cancelled by Unit"], "booked": ["Booked", "Slot Booked"],
    },
}  # fmt: skip


def book(
    people: People, record: Record, away: Callable[[Array, Array], Array], rng: np.random.Generator
) -> dict[str, Array]:
    """Appointments of three years and the next fortnight: columns who, booked, day, status, mode, role, minutes."""
    parts: list[tuple[Array, Array, Array]] = []
    start = np.maximum(clock.HOSPITAL_START, people.history_from)
    for key, roles in (
        ("review", [1, 1, 1, 2, 2, 0, 3]), ("symptom", [0, 0, 0, 0, 1, 4, 5, 8]), ("chest", [0, 0, 1, 5]), ("urine", [0, 1, 3, 5]),
        ("throat", [0, 1, 3]), ("skin", [0, 1, 5]), ("exacerbation", [0, 0, 5]), ("sporadic", [3]),
    ):  # fmt: skip
        who, day = record.visits.get(key, np.zeros((2, 0), dtype=np.int64))
        recent = day >= start[who]
        parts.append(
            (who[recent], day[recent], np.array(roles)[rng.integers(0, len(roles), int(recent.sum()))])
        )
    rate = 0.85 * people.consults + 0.75 * (people.has.sum(axis=1) >= 2) + 0.5 * people.frailty_category
    rate = rate * np.exp(0.10 * people.latent_s) * (people.kind != VISITOR)
    who = at_rate(rng, rate, np.maximum(people.end - start, 0) / 365.25)
    day = clock.to_working_day(rng, clock.spread(rng, start[who], people.end[who], 0.12))
    parts.append(
        (who, day, rng.choice(9, len(who), p=[0.50, 0.16, 0.12, 0.06, 0.03, 0.03, 0.015, 0.055, 0.03]))
    )
    who, day, role = (np.concatenate(x) for x in zip(*parts, strict=True))
    keep = (day >= people.reg_start[who]) | (people.previous[who] >= 0)
    keep &= people.kind[who] != VISITOR
    keep &= (day >= people.birth[who]) & (day <= people.end[who]) & ~away(who, day)
    who, day, role = who[keep], day[keep], role[keep]
    n = len(who)
    missed = 1 / (
        1
        + np.exp(3.35 - 0.28 * people.imd_z[who] - 0.35 * people.latent_s[who] + 0.5 * people.engagement[who])
    )
    roll = rng.random(n)
    status = np.where(roll < missed, 1, np.where(roll < missed + 0.05, 2, 0))
    mode = rng.choice(6, n, p=[0.645, 0.255, 0.008, 0.052, 0.006, 0.034])
    house = people.housebound[who] | (people.care_home[who] & (rng.random(n) < 0.5))
    mode = np.where(house & (rng.random(n) < 0.5), 4, mode)
    mode = np.where(np.isin(role, [2]) & (mode == 1), 0, mode)
    lead = np.floor(rng.gamma(0.75, 11.0, n)).astype(np.int64)
    minutes = np.select(
        [role == 0, role == 1, role == 6], [10 + 5 * (roll > 0.7), 15 + 5 * (roll > 0.6), 30], 15
    )
    ahead = np.flatnonzero((people.kind == 0) & (rng.random(len(people)) < 0.05))
    future = clock.to_working_day(rng, clock.DATA_DATE + 3 + rng.integers(0, 14, len(ahead)))
    future = np.maximum(future, clock.DATA_DATE + 1)
    columns = {
        "who": np.concatenate([who, ahead]), "day": np.concatenate([day, future]),
        "booked": np.concatenate([np.maximum(day - lead, people.birth[who]), np.full(len(ahead), clock.DATA_DATE - 4)]),
        "status": np.concatenate([status, np.full(len(ahead), 3)]), "mode": np.concatenate([mode, np.zeros(len(ahead), dtype=int)]),
        "role": np.concatenate([role, ahead % 3]), "minutes": np.concatenate([minutes, np.full(len(ahead), 10)]),
    }  # fmt: skip
    order = np.lexsort((columns["day"], columns["who"]))
    return {k: v[order] for k, v in columns.items()}
