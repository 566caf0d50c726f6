"""A town of 4,000 people in which a programme is known to halve, leave alone or raise what comes after it.

Everybody over 60 in the first half of each practice may be chosen; those who had an attendance in the last three months are likelier to
be. What would have happened is drawn first and thinned (or added to) afterwards, so the planted ratio is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from goldenthread.lake import Lake, Snapshot
from goldenthread.model import table

PEOPLE = 4_000
PRACTICES = 8
FIRST, LAST = np.datetime64("2023-11-01"), np.datetime64("2026-10-31")
ENTER, CLOSE = np.datetime64("2025-01-06"), np.datetime64("2025-06-30")
PROGRAMME = "Town walks"
_NAMED = ("msoa", "msoa_name", "ward", "district", "district_name", "rural_urban")


@dataclass(frozen=True)
class Town:
    """The snapshot, and what was planted."""

    snapshot: Snapshot
    ratio: float
    treated: np.ndarray
    entry: np.ndarray


def town(folder: Path, ratio: float, *, seed: int = 5, places: bool = False) -> Town:
    """Write the town. With ``places`` the programme works on everybody of the practices Z00001 to Z00004, from 2025-07-01 on."""
    rng = np.random.default_rng(seed)
    pid = np.arange(PEOPLE)
    age = 40 + pid % 50
    rate = rng.gamma(1.4, 0.9, PEOPLE) * np.where(age >= 60, 1.5, 0.8)  # attendances a year
    days = int((LAST - FIRST).astype(int)) + 1
    number = rng.poisson(rate * days / 365.25)
    who = np.repeat(pid, number)
    when = FIRST + rng.integers(0, days, len(who))
    entry = ENTER + rng.integers(0, int((CLOSE - ENTER).astype(int)) + 1, PEOPLE)
    recent = np.bincount(who[(when < entry[who]) & (when >= entry[who] - 91)], minlength=PEOPLE)
    lean = 1.2 * np.minimum(recent, 3) + rng.logistic(size=PEOPLE) + np.where(age >= 60, 0, -99)
    treated = np.sort(np.argsort(-lean)[:240])
    chosen = np.zeros(PEOPLE, bool)
    practice = np.array([f"Z{1 + n % PRACTICES:05d}" for n in pid], dtype=object)
    if places:
        helped = (pid % PRACTICES < 4)[who] & (when >= np.datetime64("2025-07-01"))
    else:
        chosen[treated] = True
        helped = chosen[who] & (when >= entry[who])
    keep = ~helped | (rng.random(len(who)) < min(ratio, 1))
    again = helped & (rng.random(len(who)) < ratio - 1)
    who, when = np.concatenate([who[keep], who[again]]), np.concatenate([when[keep], when[again]])
    _write(folder, rng, pid, age, practice, who, when, treated, entry)
    return Town(Lake(folder).current(), ratio, treated, entry[treated])


def _write(folder, rng, pid, age, practice, who, when, treated, entry) -> None:  # type: ignore[no-untyped-def]
    offered = rng.permutation(np.setdiff1d(pid[age >= 60], treated))[:60]
    contacts = [(p, entry[p] - 20, "invited") for p in (*treated, *offered)]
    contacts += [(p, entry[p], "completed") for p in treated]
    contacts += [(p, entry[p] - 5, "declined") for p in offered[:30]]
    seen = rng.integers(0, len(pid), 15_000)
    drawn = {
        "person": {
            "pid": pid, "pseudonym": [f"{n:016d}".encode() for n in pid], "sex": np.where(pid % 2, "1", "2"),
            "birth_month": [date(2025 - int(a), 1, 1) for a in age], "ethnicity": np.where(pid % 9, "A", "H"),
            "nhs_number_verified": np.ones(len(pid), bool),
        },
        "registration": {"pid": pid, "practice": practice, "start_date": [date(2010, 1, 1)] * len(pid)},
        "address": {
            "pid": pid, "lsoa": [f"E0100000{1 + n % 5}" for n in pid], "care_home": np.zeros(len(pid), bool),
            "start_date": [date(2010, 1, 1)] * len(pid),
        },
        "emergency_attendance": {
            "pid": who, "date": when, "attendance_id": [str(n) for n in range(len(who))], "provider": ["RZ1"] * len(who),
            "department_type": ["01"] * len(who), "attendance_category": ["1"] * len(who),
        },
        "appointment": {
            "pid": seen, "date": FIRST + rng.integers(0, 1096, len(seen)), "appointment_id": np.arange(len(seen)), "practice": practice[seen],
            "status": ["attended"] * len(seen), "mode": ["face to face"] * len(seen), "role": ["gp"] * len(seen),
        },
        "contact": {
            "pid": [c[0] for c in contacts], "initiative": [PROGRAMME] * len(contacts),
            "date": np.array([c[1] for c in contacts]), "outcome": [c[2] for c in contacts],
        },
        "practice": {
            "practice": sorted(set(practice)), "name": [f"Practice {n}" for n in range(PRACTICES)],
            "pcn": [f"UZ00{1 + n // 4}" for n in range(PRACTICES)],
        },
        "pcn": {"pcn": ["UZ001", "UZ002"], "name": ["East", "West"], "place": ["P1", "P1"]},
        "lsoa": {
            "lsoa": [f"E0100000{n}" for n in range(1, 6)], "name": list("abcde"), "imd_decile": [1, 3, 5, 7, 9],
            "imd_vintage": [2025] * 5, "imd_rank": [1, 2, 3, 4, 5], "imd_score": [5.0] * 5,
            "population": [800] * 5, "rural": [False] * 5, **{k: [k] * 5 for k in _NAMED},
        },
    }  # fmt: skip
    with Lake(folder).begin(memory_mb=300, threads=1) as builder:
        for name, columns in drawn.items():
            arrow = pa.table(
                {k: pa.array(list(v) if not isinstance(v, np.ndarray) else v) for k, v in columns.items()}
            )
            builder.connection.register("drawn", arrow)
            selected = ", ".join(
                f"CAST({c.name if c.name in columns else 'NULL'} AS {c.duckdb_type}) AS {c.name}"
                for c in table(name).columns.values()
            )
            builder.write(name, f"SELECT {selected} FROM drawn")
            builder.connection.unregister("drawn")
        builder.commit(data_dates={"gp_event": "2026-10-31", "ecds": "2026-10-31"})
