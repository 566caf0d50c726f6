"""Community and mental health services, and calls to 111 and 999."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, urgent
from goldenthread.demo.conditions import with_condition
from goldenthread.demo.population import DIED, VISITOR, People

Array = npt.NDArray[Any]
Rows = dict[str, Array]
# service, contacts a month, minutes, location
SERVICES = {"12": (3.0, 25, "A01"), "16": (0.35, 40, "A01"), "19": (1.0, 40, "A01"), "26": (0.9, 30, "B01"), "47": (3.5, 45, "A01"),
            "49": (6.0, 60, "A01"), "51": (8.0, 45, "A01"), "52": (6.0, 45, "A01"), "54": (9.0, 45, "A01")}  # fmt: skip
TEAMS = {
    "A02": (7.0, 60),
    "A06": (0.9, 50),
    "A11": (6.0, 60),
    "A14": (2.5, 55),
    "A17": (0.5, 60),
    "C10": (1.8, 50),
    "D01": (1.4, 40),
    "E01": (0.5, 60),
}


def care(people: People, events: Rows, stays: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Community referrals (who, service, received, finish) and contacts (referral, day, minutes, location, attended)."""
    n = len(people)
    here = people.kind != VISITOR
    start, end = people.hospital_from, people.end
    whos, services, firsts, lasts = [], [], [], []

    def refer(service: str, who: Array, first: Array, length: Array) -> None:
        first = np.asarray(first, dtype=np.int64)
        ok = (first >= start[who]) & (first <= end[who]) & here[who]
        whos.append(who[ok])
        services.append(np.full(int(ok.sum()), service, dtype=object))
        firsts.append(first[ok])
        lasts.append(np.minimum(first + np.asarray(length, dtype=np.int64), end[who])[ok])

    def some(chance: Array) -> Array:
        return np.flatnonzero(rng.random(n) < chance)

    who = some(
        np.where(people.frailty_category >= 2, 0.30, 0.0)
        + 0.35 * people.housebound
        + 0.02 * (people.frailty_category == 1)
    )
    refer("12", who, clock.spread(rng, start[who], end[who]), 30 + rng.gamma(1.2, 150, len(who)))
    babies = np.flatnonzero((people.birth > clock.HOSPITAL_START - 400) & (people.age < 4))
    refer("16", babies, np.maximum(people.birth[babies] + 10, start[babies]), np.full(len(babies), 780))
    who = some(
        0.10 * with_condition(people, "copd")
        + 0.12 * with_condition(people, "heart_failure")
        + 0.03 * (people.frailty_category == 2)
    )
    refer("19", who, clock.spread(rng, start[who], end[who]), 60 + rng.gamma(1.5, 120, len(who)))
    who = some(
        0.028
        + 0.09 * with_condition(people, "osteoarthritis")
        + 0.06 * with_condition(people, "low_back_pain")
    )
    refer("26", who, clock.spread(rng, start[who], end[who]), 25 + rng.gamma(1.5, 40, len(who)))
    who = some(
        0.75 * with_condition(people, "palliative_care") + 0.18 * ((people.kind == DIED) & (people.age > 40))
    )
    refer(
        "47",
        who,
        np.maximum(end[who] - rng.gamma(1.2, 80, len(who)).astype(np.int64), start[who]),
        np.full(len(who), 400),
    )
    fell = np.flatnonzero(
        (events["cause"] == urgent.CAUSE["fall"]) & ~events["admitted"] & (people.age[events["who"]] >= 65)
    )
    fell = fell[rng.random(len(fell)) < 0.16]
    refer(
        "49",
        events["who"][fell],
        events["day"][fell] + rng.integers(0, 3, len(fell)),
        rng.integers(1, 6, len(fell)),
    )
    left = np.flatnonzero(
        (people.age[stays["who"]] >= 65)
        & ~stays["died"]
        & (stays["cause"] >= 0)
        & (stays["finish"] - stays["start"] >= 3)
    )
    roll = rng.random(len(left))
    for service, low, high in (("51", 0.0, 0.05), ("52", 0.05, 0.15), ("54", 0.15, 0.26)):
        mine = left[(roll >= low) & (roll < high)]
        refer(service, stays["who"][mine], stays["finish"][mine] + 1, rng.integers(10, 43, len(mine)))
    referrals = _referrals(whos, services, firsts, lasts)
    rate = np.array([SERVICES[s][0] for s in referrals["service"]])
    contacts = _contacts(people, referrals, rate, rng, 0.045)
    minutes = np.array([SERVICES[s][1] for s in referrals["service"]])[contacts["referral"]]
    contacts["minutes"] = np.clip(np.round(rng.gamma(6.0, minutes / 6.0) / 5) * 5, 5, 240).astype(np.int64)
    contacts["location"] = np.array([SERVICES[s][2] for s in referrals["service"]], dtype=object)[
        contacts["referral"]
    ]
    return referrals, contacts


def mental_health(people: People, events: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Mental health, memory, learning disability and substance misuse referrals and contacts."""
    n = len(people)
    start, end = people.hospital_from, people.end
    here = people.kind != VISITOR
    whos, services, firsts, lasts = [], [], [], []

    def refer(team: str, chance: Array, length: float, youngest: int = 17) -> None:
        who = np.flatnonzero(here & (people.age >= youngest) & (rng.random(n) < chance))
        first = clock.spread(rng, start[who], end[who])
        whos.append(who)
        services.append(np.full(len(who), team, dtype=object))
        firsts.append(first.astype(np.int64))
        lasts.append(np.minimum(first + rng.gamma(1.3, length, len(who)).astype(np.int64), end[who]))

    def has(c: str) -> Array:

        return with_condition(people, c)

    refer(
        "A06",
        0.62 * has("severe_mental_illness")
        + 0.06 * has("depression")
        + 0.3 * has("personality_disorder")
        + 0.1 * has("ptsd"),
        260,
    )
    refer(
        "A02",
        0.10 * has("severe_mental_illness") + 0.12 * has("personality_disorder") + 0.012 * has("depression"),
        18,
    )
    refer("A14", 0.06 * has("severe_mental_illness") * (people.age < 45), 320, 14)
    refer("A17", 0.32 * has("dementia") + 0.004 * (people.age > 70), 120)
    refer("C10", 0.22 * has("eating_disorder"), 170, 12)
    refer("D01", 0.42 * has("drug_misuse") + 0.28 * has("alcohol_dependence"), 220)
    refer("E01", 0.30 * has("ld_register"), 200)
    crisis = np.flatnonzero(
        (events["cause"] == urgent.CAUSE["mental health"]) & (rng.random(len(events["cause"])) < 0.4)
    )
    whos.append(events["who"][crisis])
    services.append(np.full(len(crisis), "A11", dtype=object))
    firsts.append(events["day"][crisis].astype(np.int64))
    lasts.append(np.minimum(events["day"][crisis] + 5, end[events["who"][crisis]]).astype(np.int64))
    referrals = _referrals(whos, services, firsts, lasts)
    rate = np.array([TEAMS[s][0] for s in referrals["service"]])
    contacts = _contacts(people, referrals, rate, rng, 0.11)
    minutes = np.array([TEAMS[s][1] for s in referrals["service"]])[contacts["referral"]]
    contacts["minutes"] = np.clip(np.round(rng.gamma(8.0, minutes / 8.0) / 5) * 5, 5, 240).astype(np.int64)
    return referrals, contacts


def _referrals(whos: list[Array], services: list[Array], firsts: list[Array], lasts: list[Array]) -> Rows:
    who, service, first, last = (np.concatenate(x) for x in (whos, services, firsts, lasts))
    order = np.lexsort((service.astype(str), first, who))
    return {"who": who[order], "service": service[order], "first": first[order], "last": last[order]}


def _contacts(
    people: People, referrals: Rows, per_month: Array, rng: np.random.Generator, missed: float
) -> Rows:
    """Contacts spread over each referral; one at least."""
    span = np.maximum(referrals["last"] - referrals["first"], 0)
    count = np.maximum(1, rng.poisson(np.minimum(per_month * span / 30.4, 400)))
    referral = np.repeat(np.arange(len(span)), count)
    day = clock.spread(rng, referrals["first"][referral], referrals["last"][referral])
    n = len(referral)
    miss = missed * np.exp(0.25 * people.imd_z[referrals["who"][referral]])
    roll = rng.random(n)
    attended = np.select([roll < miss, roll < miss + 0.04, roll < miss + 0.06], ["3", "2", "4"], "5").astype(
        object
    )
    order = np.lexsort((day, referral))
    return {"referral": referral[order], "day": day[order], "attended": attended[order]}


REASONS = ["fall", "breathing", "chest pain", "mental health", "stroke", "injury", "unwell", "child", "other"]


def calls(people: People, events: Rows, stays: Rows, rng: np.random.Generator) -> Rows:
    """111 and 999 calls: before urgent care, and falls and crises that never reach a hospital."""
    reason = np.array([c.reason for c in urgent.CAUSES], dtype=object)[events["cause"]]
    serious = events["admitted"]
    n = len(reason)
    roll = rng.random(n)
    is_999 = roll < np.where(serious, 0.5, 0.14)
    is_111 = ~is_999 & (rng.random(n) < 0.2)
    picked = np.flatnonzero(is_999 | is_111)
    parts = [(events["who"][picked], events["day"][picked], np.where(is_999[picked], "999", "111").astype(object), reason[picked],
              np.where(is_999[picked], "ambulance sent", "emergency department").astype(object), is_999[picked])]  # fmt: skip
    years = np.maximum(people.end - people.hospital_from, 0) / 365.25 * (people.kind != VISITOR)
    frail = np.exp(2.0 * np.minimum(people.frailty, 0.45)) * np.exp(0.15 * people.imd_z)
    for line, why, rate, advice in (
        ("111", "child", np.where(people.age < 6, 0.30, 0.0), "primary care"), ("111", "unwell", 0.085 * frail * np.exp(0.2 * people.latent_s), "primary care"),
        ("111", "other", 0.06 * np.exp(0.15 * people.imd_z), "self care"), ("111", "mental health", 0.006 + 0.06 * with_condition(people, "personality_disorder") + 0.02 * with_condition(people, "depression"), "other service"),
        ("999", "fall", np.where(people.age >= 65, 0.028 * frail * np.interp(people.age, [65, 95], [0.6, 3.0]), 0.0), "other service"),
        ("999", "unwell", 0.012 * frail, "primary care"),
    ):  # fmt: skip
        counts = rng.poisson(rate * years)
        who = np.repeat(np.arange(len(people)), counts)
        day = clock.spread(rng, people.hospital_from[who], people.end[who], 0.1)
        ok = day >= people.birth[who]
        who, day = who[ok], day[ok]
        parts.append(
            (
                who,
                day,
                np.full(len(who), line, dtype=object),
                np.full(len(who), why, dtype=object),
                np.full(len(who), advice, dtype=object),
                np.zeros(len(who), dtype=bool),
            )
        )
    who, day, service, reason, disposition, conveyed = (np.concatenate(x) for x in zip(*parts, strict=True))
    order = np.lexsort((service.astype(str), day, who))
    minute = rng.integers(0, 1440, len(who))
    return {
        "who": who[order],
        "day": day[order],
        "service": service[order],
        "reason": reason[order],
        "disposition": disposition[order],
        "conveyed": conveyed[order],
        "minute": minute,
    }
