"""Past initiatives: whom they chose, when, and how much they changed later urgent care (the planted truth)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, urgent
from goldenthread.demo.conditions import with_condition
from goldenthread.demo.population import CURRENT, DIED, People

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Initiative:
    """One programme: its PCNs (every other one, from ``phase``), its size and its planted rate ratio."""

    name: str
    phase: int
    share: float
    ratio: float
    first: int
    last: int
    rule: str


INITIATIVES: tuple[Initiative, ...] = (
    Initiative("Falls prevention", 0, 0.012, 0.75, clock.day(2024, 9), clock.day(2025, 6, 30), "65 and over without heart disease or diabetes, with a fall, or frail with urgent care in the year before"),
    Initiative("Proactive care in moderate frailty", 1, 0.016, 0.80, clock.day(2024, 6), clock.day(2025, 6, 30), "65 and over without asthma or COPD, with moderate or severe frailty"),
    Initiative("High intensity use of A&E", 0, 0.005, 0.65, clock.day(2024, 11), clock.day(2025, 8, 31), "18 to 64 without heart disease or diabetes, with three or more urgent events in the year before"),
    Initiative("Respiratory winter plan", 1, 0.018, 1.00, clock.day(2024, 10), clock.day(2025, 2, 28), "COPD, or asthma with urgent care in the year before"),
    Initiative("Remote monitoring of heart disease and diabetes", 0, 0.011, 1.30, clock.day(2024, 10), clock.day(2025, 7, 31), "heart failure, coronary disease or diabetes with urgent care in the year before"),
    Initiative("Social prescribing for loneliness", 1, 0.016, 1.00, clock.day(2024, 7), clock.day(2025, 8, 31), "18 to 64 without asthma or COPD, living alone, or with depression or anxiety, with urgent care in the year before"),
)  # fmt: skip
"""``share`` is the number treated as a share of the whole population when half the PCNs take part.

The three programmes of a network are for different people. Were they for the same, a programme that chooses first would leave to the others
those whom it will *not* choose in months to come, who are those who stay well: no record holds that, so no comparison could find the others' effects.
"""


def run(
    people: People, events: dict[str, Array], rng: np.random.Generator
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    """Choose people, record contacts, and thin or add to their later urgent events.

    Returns the events after all initiatives, the contacts (who, day, initiative, outcome) and the treated
    (who, day of entry, initiative, events after entry without and with the initiative).
    """
    n = len(people)
    taken = np.zeros(n, dtype=bool)
    entry = np.full(n, clock.NEVER)
    which = np.full(n, -1)
    contacts: list[tuple[Array, Array, Array, Array]] = []
    pcn = int(people.plan.pcn[-3:])
    for i, initiative in enumerate(INITIATIVES):
        if pcn % 2 != initiative.phase:
            continue
        _choose(people, events, i, initiative, taken, entry, which, contacts, rng)
    treated = np.flatnonzero(which >= 0)
    kept, before = _apply(people, events, entry, which, rng)
    after = _count(kept, entry, n)
    joined = (
        [np.concatenate(x) for x in zip(*contacts, strict=True)]
        if contacts
        else [np.zeros(0, dtype=np.int64)] * 4
    )
    return (
        kept,
        dict(zip(("who", "day", "initiative", "outcome"), joined, strict=True)),
        {
            "who": treated, "day": entry[treated], "initiative": which[treated],
            "attendances_without": before[0][treated], "attendances_with": after[0][treated],
            "admissions_without": before[1][treated], "admissions_with": after[1][treated],
        },
    )  # fmt: skip


def _choose(
    people: People, events: dict[str, Array], i: int, initiative: Initiative, taken: Array, entry: Array, which: Array,
    contacts: list[tuple[Array, Array, Array, Array]], rng: np.random.Generator,
) -> None:  # fmt: skip
    """High users of the year before each person's possible entry are likelier to be chosen: regression to the mean."""
    n = len(people)
    day = clock.to_working_day(rng, rng.integers(initiative.first, initiative.last + 1, n))
    recent = (events["day"] < day[events["who"]]) & (events["day"] >= day[events["who"]] - 365)
    uses = np.bincount(events["who"][recent], minlength=n)
    falls = np.bincount(events["who"][recent & (events["cause"] == urgent.CAUSE["fall"])], minlength=n)
    age = people.age_on(day)

    def has(c: str) -> Array:
        return with_condition(people, c, coded=True)

    heart, lungs = has("heart_failure") | has("chd") | has("diabetes"), has("copd") | has("asthma")
    adult, older = (age >= 18) & (age < 65), age >= 65
    rules = {
        0: older & ~heart & ((falls > 0) | ((people.frailty_category >= 1) & (uses > 0))),
        1: older & ~lungs & (people.frailty_category >= 2),
        2: adult & ~heart & (uses >= 3),
        3: (age >= 16) & (has("copd") | (has("asthma") & (uses > 0))),
        4: (age >= 18) & (has("heart_failure") | (heart & (uses > 0))),
        5: adult & ~lungs & (people.alone | has("depression") | has("anxiety")) & (uses > 0),
    }
    alive = (
        ((people.kind == CURRENT) | (people.kind == DIED))
        & (people.end > day)
        & (people.reg_start < day - 400)
    )
    eligible = rules[i] & alive & ~taken
    size = round(people.plan.people * initiative.share * 2 / 0.62)
    pool = np.flatnonzero(eligible)
    weight = (0.35 + uses[pool]) ** 1.2
    offered = pool if len(pool) <= size else rng.choice(pool, size, replace=False, p=weight / weight.sum())
    offered = np.sort(offered)
    roll = rng.random(len(offered))
    outcome = np.where(roll < 0.17, 0, np.where(roll < 0.30, 2, np.where(roll < 0.42, 1, 3)))
    treats = outcome == 3
    taken[offered] = True
    entry[offered[treats]] = day[offered[treats]]
    which[offered[treats]] = i
    invited = clock.to_working_day(rng, day[offered] - rng.integers(7, 40, len(offered)))
    contacts.append((offered, invited, np.full(len(offered), i), np.zeros(len(offered), dtype=np.int64)))
    replied = outcome > 0
    last = np.where(
        outcome[replied] == 3,
        day[offered[replied]],
        np.minimum(day[offered[replied]], people.end[offered[replied]]),
    )
    contacts.append((offered[replied], last, np.full(int(replied.sum()), i), outcome[replied]))


def _count(events: dict[str, Array], entry: Array, n: int) -> tuple[Array, Array]:
    later = (events["day"] > entry[events["who"]]) & (entry[events["who"]] != clock.NEVER)
    seen = later & ~events["direct"]
    admitted = later & events["admitted"]
    return np.bincount(events["who"][seen], minlength=n), np.bincount(events["who"][admitted], minlength=n)


def _apply(
    people: People, events: dict[str, Array], entry: Array, which: Array, rng: np.random.Generator
) -> tuple[dict[str, Array], tuple[Array, Array]]:
    """Drop a share of later events (ratio below one) or add to them (above one), whatever their cause."""
    n = len(people)
    before = _count(events, entry, n)
    ratio = np.array([i.ratio for i in INITIATIVES] + [1.0])[which]
    mine = ratio[events["who"]]
    later = (which[events["who"]] >= 0) & (events["day"] > entry[events["who"]])
    roll = rng.random(len(mine))
    kept = ~later | (roll < mine)
    extra = np.flatnonzero(later & (roll < mine - 1.0))
    out = {}
    for name, column in events.items():
        added = column[extra]
        if name == "day":
            who = events["who"][extra]
            added = clock.spread(rng, entry[who] + 1, people.end[who])
        out[name] = np.concatenate([column[kept], added])
    order = np.lexsort((out["cause"], out["day"], out["who"]))
    return {k: v[order] for k, v in out.items()}, before
