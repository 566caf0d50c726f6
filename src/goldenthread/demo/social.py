"""Adult social care (client level data) and what councils know of a household's circumstances."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock
from goldenthread.demo.conditions import with_condition
from goldenthread.demo.population import CURRENT, VISITOR, People

Array = npt.NDArray[Any]
Rows = dict[str, Array]
# The same thing as several councils' systems write it; the first is the national spelling.
SPELLINGS = {
    "Client_Type": {"service user": ["Service User", "Service user", "SERVICE USER"], "carer": ["Carer", "Unpaid Carer"]},
    "Event_Type": {"request": ["Request", "Contact"], "assessment": ["Assessment", "Care Act Assessment"], "service": ["Service", "Services"], "review": ["Review", "Planned Review"]},
    "Service_Type": {
        "long term: nursing": ["Long Term Support: Nursing Care", "Long term nursing"], "long term: residential": ["Long Term Support: Residential Care", "Residential"],
        "long term: community": ["Long Term Support: Community", "Long term community"], "short term: to maximise independence": ["Short Term Support: ST-Max", "ST-Max"],
        "short term: ongoing low level": ["Short Term Support: Ongoing Low Level", "Low level support"], "": [""],
    },
    "Delivery_Mechanism": {"direct payment": ["Direct Payment", "DP"], "council personal budget": ["CASSR Managed Personal Budget", "Managed Budget"], "council support": ["CASSR Commissioned Support", "Commissioned"], "": [""]},
    "Primary_Support_Reason": {
        "physical: personal care": ["Physical Support: Personal Care Support", "Personal care"], "physical: access and mobility": ["Physical Support: Access and Mobility Only", "Mobility"],
        "memory and cognition": ["Support with Memory and Cognition", "Memory & Cognition"], "learning disability": ["Learning Disability Support", "LD"],
        "mental health": ["Mental Health Support", "MH"], "social": ["Social Support", "Social Support: Support to Carer"], "unknown": ["Unknown", ""],
    },
}  # fmt: skip


def packages(people: People, stays: Rows, rng: np.random.Generator) -> Rows:
    """Requests, assessments, services and reviews: who, client, event, service, delivery, reason, first, last."""
    n = len(people)
    adult = (people.age >= 18) & (people.kind != VISITOR)
    out: list[tuple[Array, ...]] = []
    opening = clock.HOSPITAL_START - 700

    def add(
        who: Array,
        client: str,
        event: str,
        service: Any,
        delivery: Any,
        reason: Any,
        first: Array,
        last: Array,
    ) -> None:

        def wide(x: Any) -> Array:
            return np.broadcast_to(np.asarray(x, dtype=object), len(who)).copy()

        out.append(
            (
                who,
                wide(client),
                wide(event),
                wide(service),
                wide(delivery),
                wide(reason),
                np.asarray(first, dtype=np.int64),
                np.asarray(last, dtype=np.int64),
            )
        )

    ld = with_condition(people, "ld_register") & adult
    uncoded = ld & ~with_condition(people, "ld_register", coded=True)
    known_ld = np.flatnonzero(ld & (rng.random(n) < np.where(uncoded, 0.8, 0.44)))
    people.more["ld_in_social_care"] = np.isin(np.arange(n), known_ld)
    start = np.maximum(people.birth[known_ld] + 18 * 366, opening)
    deliver = rng.choice(
        np.array(["direct payment", "council personal budget", "council support"], dtype=object),
        len(known_ld),
        p=[0.38, 0.42, 0.20],
    )
    ongoing = np.where(people.kind[known_ld] == CURRENT, clock.DATA_DATE + 400, people.end[known_ld])
    ok = start < people.end[known_ld]
    add(
        known_ld[ok],
        "service user",
        "service",
        "long term: community",
        deliver[ok],
        "learning disability",
        start[ok],
        ongoing[ok],
    )
    home = np.flatnonzero(adult & people.care_home & (rng.random(n) < 0.62))
    nursing = rng.random(len(home)) < 0.4
    reason = np.where(
        with_condition(people, "dementia")[home], "memory and cognition", "physical: personal care"
    ).astype(object)
    last = np.where(people.kind[home] == CURRENT, clock.DATA_DATE + 400, people.end[home])
    first = np.maximum(people.address_start[home], opening)
    add(
        home,
        "service user",
        "service",
        np.where(nursing, "long term: nursing", "long term: residential"),
        "council support",
        reason,
        first,
        last,
    )
    frail = np.flatnonzero(
        adult
        & ~people.care_home
        & ~ld
        & (
            rng.random(n)
            < np.array([0.002, 0.03, 0.20, 0.42])[people.frailty_category] * np.exp(0.2 * people.imd_z)
        )
    )
    length = 60 + rng.gamma(1.1, 420, len(frail))
    first = np.maximum(people.end[frail] - rng.integers(20, 1100, len(frail)), opening)
    last = np.minimum(
        first + length, np.where(people.kind[frail] == CURRENT, clock.DATA_DATE + 400, people.end[frail])
    ).astype(np.int64)
    first = np.minimum(first, np.minimum(last, people.end[frail]))
    why = np.where(
        rng.random(len(frail)) < 0.7, "physical: personal care", "physical: access and mobility"
    ).astype(object)
    why[with_condition(people, "dementia")[frail]] = "memory and cognition"
    deliver = rng.choice(
        np.array(["direct payment", "council personal budget", "council support"], dtype=object),
        len(frail),
        p=[0.2, 0.6, 0.2],
    )
    add(frail, "service user", "service", "long term: community", deliver, why, first, last)
    _fringe(people, rng, add, frail, first, stays)
    columns = [np.concatenate(x) for x in zip(*out, strict=True)]
    rows = dict(
        zip(
            ("who", "client", "event", "service", "delivery", "reason", "first", "last"), columns, strict=True
        )
    )
    good = (rows["first"] <= people.end[rows["who"]]) & (rows["last"] >= rows["first"])
    rows = {k: v[good] for k, v in rows.items()}
    order = np.lexsort((rows["first"], rows["who"]))
    return {k: v[order] for k, v in rows.items()}


def _fringe(
    people: People, rng: np.random.Generator, add: Any, frail: Array, first: Array, stays: Rows
) -> None:
    """Mental health support, carers, reablement after hospital, and the paperwork round a package."""
    n = len(people)
    adult = (people.age >= 18) & (people.kind != VISITOR)
    mh = np.flatnonzero(adult & with_condition(people, "severe_mental_illness") & (rng.random(n) < 0.13))
    begin = clock.spread(rng, np.full(len(mh), clock.HOSPITAL_START), people.end[mh])
    add(
        mh,
        "service user",
        "service",
        "long term: community",
        "council personal budget",
        "mental health",
        begin,
        np.minimum(begin + 500, people.end[mh]),
    )
    carers = np.flatnonzero(adult & people.carer & (rng.random(n) < 0.3))
    begin = clock.spread(rng, np.full(len(carers), clock.HOSPITAL_START), people.end[carers])
    add(carers, "carer", "assessment", "", "", "social", begin, np.minimum(begin + 28, people.end[carers]))
    back = np.flatnonzero(
        (people.age[stays["who"]] >= 65)
        & ~stays["died"]
        & (stays["cause"] >= 0)
        & (stays["finish"] - stays["start"] >= 4)
    )
    back = back[rng.random(len(back)) < 0.13]
    who = stays["who"][back]
    begin = np.minimum(stays["finish"][back] + 1, people.end[who])
    add(
        who,
        "service user",
        "service",
        "short term: to maximise independence",
        "council support",
        "physical: personal care",
        begin,
        np.minimum(begin + 41, people.end[who]),
    )
    add(
        frail,
        "service user",
        "request",
        "",
        "",
        "physical: personal care",
        np.maximum(first - 40, people.birth[frail]),
        np.maximum(first - 40, people.birth[frail]),
    )
    add(frail, "service user", "assessment", "", "", "physical: personal care", first - 21, first - 2)
    reviewed = frail[rng.random(len(frail)) < 0.5]
    day = np.minimum(people.end[reviewed], clock.DATA_DATE) - rng.integers(0, 300, len(reviewed))
    add(reviewed, "service user", "review", "", "", "physical: personal care", day, day)


def split(rows: Rows, rng: np.random.Generator) -> Rows:
    """Long packages as councils send them: many touching rows of four to twelve weeks."""
    length = np.where(rows["event"] == "service", rng.integers(28, 92, len(rows["who"])), 10**6)
    span = rows["last"] - rows["first"] + 1
    count = np.maximum(1, -(-span // length))
    row = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    first = rows["first"][row] + nth * length[row]
    last = np.minimum(first + length[row] - 1, rows["last"][row])
    out = {k: v[row] for k, v in rows.items()}
    out["package"], out["part"] = row, nth
    out["first"], out["last"] = first, last
    recent = last >= clock.HOSPITAL_START - 365
    started = first <= clock.DATA_DATE
    return {k: v[recent & started] for k, v in out.items()}


def circumstances(people: People, rng: np.random.Generator) -> Rows:
    """What councils know: who, kind, first, last (last is ``clock.NEVER`` while it goes on)."""
    n = len(people)
    here = people.kind != VISITOR
    alive = people.kind == CURRENT
    adult = (people.age >= 18) & here
    out: list[tuple[Array, Array, Array, Array]] = []

    def add(kind: str, chance: Array, back: int, share_ended: float) -> None:
        who = np.flatnonzero(rng.random(n) < chance)
        first = clock.spread(rng, np.maximum(people.end[who] - back, people.birth[who]), people.end[who] - 1)
        ended = (rng.random(len(who)) < share_ended) | ~alive[who]
        last = np.where(
            ended, np.minimum(people.end[who], first + rng.integers(60, 900, len(who))), clock.NEVER
        )
        out.append((who, np.full(len(who), kind, dtype=object), first.astype(np.int64), last))

    eldest = np.zeros(n, dtype=bool)
    order = np.lexsort((-people.age, people.household))
    first_of = np.ones(n, dtype=bool)
    first_of[1:] = people.household[order][1:] != people.household[order][:-1]
    eldest[order[first_of]] = True
    liable = eldest & adult & ~people.care_home
    add("council tax support", liable * people.low_income * 0.72, 1500, 0.15)
    add(
        "free school meals", (people.age >= 4) * (people.age < 16) * people.low_income * here * 0.8, 1200, 0.1
    )
    add("social tenant", liable * people.social_tenant * 0.55, 4000, 0.05)
    add(
        "assisted bins", liable * ((people.frailty_category >= 2) * 0.22 + people.housebound * 0.3), 1400, 0.1
    )
    add(
        "housing need",
        adult
        * eldest
        * (0.004 + 0.03 * people.low_income + 0.02 * people.private_tenant * people.low_income),
        1200,
        0.4,
    )
    add(
        "homelessness duty", adult * (0.0018 * np.exp(0.6 * people.imd_z) + 0.45 * people.homeless), 1100, 0.6
    )
    who, kind, first, last = (np.concatenate(x) for x in zip(*out, strict=True))
    good = (first <= people.end[who]) & (first <= clock.DATA_DATE)
    who, kind, first, last = who[good], kind[good], first[good], last[good]
    last = np.where((last != clock.NEVER) & (last < first), first, last)
    return {"who": who, "kind": kind, "first": first, "last": last}


__all__ = ["SPELLINGS", "circumstances", "packages", "split"]
