"""Hospital activity: A&E attendances, spells and their episodes, day cases, births, outpatients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, reference, urgent
from goldenthread.demo.conditions import INDEX, with_condition
from goldenthread.demo.population import DIED, VISITOR, People
from goldenthread.demo.record import at_rate

Array = npt.NDArray[Any]
Rows = dict[str, Array]
SECONDARY = (
    ("hypertension", "I10X"), ("diabetes", "E119"), ("copd", "J449"), ("asthma", "J459"), ("chd", "I251"), ("heart_failure", "I500"),
    ("atrial_fibrillation", "I48X"), ("ckd", "N183"), ("dementia", "F03X"), ("severe_mental_illness", "F200"), ("depression", "F329"),
    ("ld_register", "F799"), ("cancer", "C509"), ("alcohol_dependence", "F102"), ("epilepsy", "G409"), ("parkinsons", "G20X"),
    ("rheumatoid_arthritis", "M069"), ("osteoporosis", "M819"), ("obesity", "E669"), ("stroke", "I694"), ("chronic_liver_disease", "K746"),
    ("hypothyroidism", "E039"), ("anaemia", "D649"), ("pad", "I739"),
)  # fmt: skip
# name, yearly rate by age, conditions that raise it, ICD-10, OPCS-4, day case share, treatment function, nights
ELECTIVES = (
    ("cataract", "0 0 0 0 0 .001 .006 .022 .04 .03", (("cataract", 3.0),), "H259", "C751", 0.98, "130", 1),
    ("hip", "0 0 0 0 .0002 .0008 .003 .0045 .003 .001", (("osteoarthritis", 3.0),), "M169", "W371", 0.02, "110", 3),
    ("knee", "0 0 0 0 .0001 .001 .0035 .005 .003 .0005", (("osteoarthritis", 3.5),), "M179", "W401", 0.02, "110", 3),
    ("endoscopy", "0 .001 .002 .008 .014 .024 .034 .036 .02 .008", (("ibd", 3.0), ("gord", 2.0), ("anaemia", 2.0)), "K219", "G451", 0.99, "301", 1),
    ("colonoscopy", "0 0 .001 .004 .007 .016 .026 .026 .012 .003", (("ibd", 5.0),), "K579", "H229", 0.99, "301", 1),
    ("cystoscopy", "0 0 0 .001 .002 .004 .01 .018 .016 .008", (("bph", 2.0),), "R31X", "M459", 0.97, "101", 1),
    ("chemotherapy", "0 0 .001 .002 .008 .02 .04 .04 .015 .003", (("cancer", 14.0),), "C509", "X729", 0.99, "370", 1),
    ("general surgery", ".006 .006 .008 .009 .012 .014 .016 .015 .008 .004", (), "K409", "T202", 0.78, "100", 2),
    ("dialysis", "0 0 0 .002 .004 .006 .01 .012 .01 .004", (("ckd", 4.0),), "N185", "X403", 1.0, "361", 1),
    ("dental", ".002 .012 .006 .004 .002 .001 .001 .001 0 0", (("ld_register", 4.0),), "K029", "F091", 0.97, "140", 1),
    ("skin", "0 0 .001 .003 .005 .008 .014 .022 .026 .02", (), "C449", "S065", 0.99, "330", 1),
)  # fmt: skip
# treatment function, rate by age, conditions
CLINICS = (
    ("110", ".02 .04 .05 .05 .08 .12 .18 .2 .16 .1", (("osteoarthritis", 2.0),)), ("130", ".03 .05 .03 .03 .04 .08 .18 .34 .45 .35", (("glaucoma", 6.0), ("diabetes", 1.7), ("macular_degeneration", 8.0))),
    ("300", ".02 .01 .02 .05 .06 .08 .11 .13 .12 .08", ()), ("320", ".01 .01 .01 .02 .03 .06 .12 .18 .18 .12", (("chd", 3.0), ("heart_failure", 3.0), ("atrial_fibrillation", 2.0))),
    ("340", ".02 .02 .01 .01 .02 .04 .09 .12 .1 .05", (("copd", 4.0), ("asthma", 1.7), ("bronchiectasis", 5.0))), ("301", "0 .01 .02 .05 .06 .08 .1 .1 .08 .04", (("ibd", 7.0), ("coeliac", 2.0))),
    ("307", "0 0 .01 .02 .03 .05 .08 .1 .08 .05", (("diabetes", 4.0),)), ("410", "0 .01 .01 .03 .04 .06 .09 .08 .06 .03", (("rheumatoid_arthritis", 16.0),)),
    ("330", ".04 .05 .05 .05 .05 .07 .1 .13 .15 .12", (("psoriasis", 2.0), ("eczema", 1.4))), ("120", ".08 .1 .04 .03 .04 .05 .07 .08 .08 .06", (("hearing_loss", 2.0),)),
    ("370", "0 .002 .003 .01 .03 .08 .14 .16 .08 .03", (("cancer", 12.0),)), ("502", "0 0 .01 .09 .09 .08 .05 .04 .03 .01", (("endometriosis", 5.0),)),
    ("420", ".22 .13 .1 .01 0 0 0 0 0 0", (("autism", 2.0), ("epilepsy", 3.0))), ("361", "0 0 .005 .01 .01 .02 .04 .05 .04 .02", (("ckd", 5.0),)),
    ("400", ".005 .01 .015 .03 .03 .04 .05 .06 .05 .03", (("epilepsy", 5.0), ("multiple_sclerosis", 12.0), ("parkinsons", 9.0))), ("101", "0 .01 .01 .01 .02 .05 .1 .13 .12 .08", (("bph", 2.0),)),
    ("650", ".01 .02 .04 .06 .09 .11 .12 .1 .07 .03", (("low_back_pain", 2.0), ("osteoarthritis", 1.5))),
)  # fmt: skip
STAY = ("who", "start", "finish", "method", "klass", "icd", "external", "opcs", "function", "died", "cause")


def spells(people: People, events: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Hospital spells (one row each), and the urgent events that remain possible beside them."""
    parts = [
        _emergency(people, events, rng),
        _terminal(people, rng),
        _elective(people, rng),
        _maternity(people, rng),
    ]
    joined = {k: np.concatenate([p[k] for p in parts]) for k in STAY}
    ending = np.where(people.kind == DIED, people.end, 10**7)[joined["who"]]
    over = joined["finish"] >= ending
    joined["died"] = joined["died"] | (over & (joined["start"] <= ending))
    joined["finish"] = np.minimum(joined["finish"], ending)
    valid = (joined["start"] >= np.maximum(people.birth[joined["who"]], clock.HOSPITAL_START)) & (
        joined["start"] <= people.end[joined["who"]]
    )
    order = np.flatnonzero(valid)
    order = order[np.lexsort((-joined["finish"][order], joined["start"][order], joined["who"][order]))]
    stays = {k: v[order] for k, v in joined.items()}
    big = 10**6
    key = stays["who"].astype(np.int64) * big
    reach = np.maximum.accumulate(key + stays["finish"])
    clash = np.zeros(len(key), dtype=bool)
    clash[1:] = key[1:] + stays["start"][1:] <= reach[:-1]
    stays = {k: v[~clash] for k, v in stays.items()}
    finished = stays["finish"] <= clock.DATA_DATE
    return {k: v[finished] for k, v in stays.items()}, _beside(events, stays)


def inside(stays: Rows, who: Array, day: Array) -> Array:
    """Whether each person is in the middle of a spell on each day (not its first or last)."""
    if not len(stays["who"]):
        return np.zeros(len(who), dtype=bool)
    big = 10**6
    starts = stays["who"].astype(np.int64) * big + stays["start"]
    at = np.searchsorted(starts, np.asarray(who, dtype=np.int64) * big + day, side="right") - 1
    safe = np.maximum(at, 0)
    return np.asarray(
        (at >= 0) & (stays["who"][safe] == who) & (day > stays["start"][safe]) & (day < stays["finish"][safe])
    )


def _beside(events: Rows, stays: Rows) -> Rows:
    """Attendances not in the middle of a spell; those that led to admission keep to spells that exist."""
    big = 10**6
    starts = stays["who"].astype(np.int64) * big + stays["start"]
    key = events["who"].astype(np.int64) * big + events["day"]
    at = np.searchsorted(starts, key, side="right") - 1
    safe = np.maximum(at, 0)
    same = (
        (at >= 0) & (stays["who"][safe] == events["who"]) if len(starts) else np.zeros(len(key), dtype=bool)
    )
    inside = (
        same & (events["day"] > stays["start"][safe]) & (events["day"] < stays["finish"][safe])
        if len(starts)
        else same
    )
    opens = same & (events["day"] == stays["start"][safe]) if len(starts) else same
    keep = ~inside & (~events["admitted"] | opens)
    return {k: v[keep] for k, v in events.items()}


def _emergency(people: People, events: Rows, rng: np.random.Generator) -> Rows:
    mine = np.flatnonzero(events["admitted"])
    who, day, cause = events["who"][mine], events["day"][mine], events["cause"][mine]
    n = len(mine)
    mean = np.array([c.stay for c in urgent.CAUSES])[cause]
    age = (day - people.birth[who]) / 365.25
    mean = (
        mean
        * np.interp(age, [0, 18, 50, 70, 85], [0.45, 0.5, 0.7, 0.95, 1.15])
        * np.exp(0.9 * people.frailty[who])
    )
    zero = rng.random(n) < np.interp(age, [0, 20, 60, 85], [0.5, 0.46, 0.33, 0.2])
    nights = np.where(zero, 0, 1 + np.floor(rng.gamma(0.8, mean / 0.8))).astype(np.int64)
    icd = np.empty(n, dtype=object)
    for i, c in enumerate(urgent.CAUSES):
        rows = np.flatnonzero(cause == i)
        weights = np.array([0.45, 0.25, 0.15, 0.08, 0.05, 0.02])[: len(c.icd)]
        icd[rows] = np.array(c.icd, dtype=object)[
            rng.choice(len(c.icd), len(rows), p=weights / weights.sum())
        ]
    breathing = cause == urgent.CAUSE["breathing"]
    flare = breathing & with_condition(people, "copd")[who] & (rng.random(n) < 0.62)
    icd[flare] = np.where(rng.random(int(flare.sum())) < 0.55, "J440", "J441")
    wheeze = breathing & ~flare & with_condition(people, "asthma")[who] & (rng.random(n) < 0.4)
    icd[wheeze] = "J459"
    young = age < 45
    icd[(icd == "S720") & young] = "S525"
    icd[np.isin(icd, ["I214", "I219", "I48X"]) & (age < 35)] = "R074"
    icd[np.isin(icd, ["J440", "J441"]) & ~with_condition(people, "copd")[who]] = "J189"
    icd[(icd == "J459") & (~with_condition(people, "asthma")[who])] = "J22X"
    icd[(icd == "J219") & (age > 2)] = "J22X"
    icd[(icd == "E101") & ~people.type1[who]] = "E116"
    icd[np.isin(icd, ["E116", "E115"]) & people.type1[who]] = "E101"
    icd[(cause == urgent.CAUSE["diabetes"]) & ~with_condition(people, "diabetes")[who]] = "E86X"
    icd[(icd == "F03X") & ~with_condition(people, "dementia")[who]] = "F059"
    icd[(icd == "F200") & ~with_condition(people, "severe_mental_illness")[who]] = "F419"
    icd[(icd == "I500") & ~with_condition(people, "heart_failure")[who]] = "I501"
    nights = np.where(icd == "S720", np.maximum(nights, 6 + rng.poisson(8, n)), nights)
    external = np.full(n, "", dtype=object)
    falls = cause == urgent.CAUSE["fall"]
    external[falls] = np.array(["W190", "W180", "W010", "W100", "W060"], dtype=object)[
        rng.choice(5, falls.sum(), p=[0.42, 0.24, 0.18, 0.1, 0.06])
    ]
    external[(cause == urgent.CAUSE["mental health"]) & (icd == "T509")] = "X610"
    external[icd == "R296"] = ""
    opcs = np.full(n, "", dtype=object)
    hip = icd == "S720"
    opcs[hip] = np.where(rng.random(hip.sum()) < 0.5, "W462", "W241")
    opcs[np.isin(icd, ["I214", "I219"]) & (rng.random(n) < 0.6)] = "K751"
    function = np.array([c.function for c in urgent.CAUSES], dtype=object)[cause]
    function[age < 16] = "420"
    function[(age >= 80) & (function == "300")] = "430"
    method = np.where(events["direct"][mine], np.where(rng.random(n) < 0.85, "22", "23"), "21").astype(object)
    other = rng.random(n) < 0.02
    method[other] = "2A"
    return dict(
        zip(
            STAY,
            (
                who,
                day,
                day + nights,
                method,
                np.full(n, "1", dtype=object),
                icd,
                external,
                opcs,
                function,
                np.zeros(n, dtype=bool),
                cause,
            ),
            strict=True,
        )
    )


def _terminal(people: People, rng: np.random.Generator) -> Rows:
    """Four in ten die in hospital; fewer of those in care homes."""
    chance = (
        np.where(people.care_home, 0.2, 0.42)
        * (people.kind == DIED)
        * (people.end > clock.HOSPITAL_START + 3)
    )
    who = np.flatnonzero(rng.random(len(people)) < chance)
    n = len(who)
    start = people.end[who] - np.floor(rng.gamma(0.9, 10.0, n)).astype(np.int64)
    pick = rng.choice(6, n, p=[0.34, 0.2, 0.13, 0.13, 0.1, 0.1])
    icd = np.array(["J189", "A419", "I500", "I639", "C349", "N179"], dtype=object)[pick]
    blank = np.full(n, "", dtype=object)
    return dict(zip(STAY, (who, start, people.end[who], np.full(n, "21", dtype=object), np.full(n, "1", dtype=object), icd, blank, blank,
                np.full(n, "300", dtype=object), np.ones(n, dtype=bool), np.full(n, -1)), strict=True))  # fmt: skip


def _elective(people: People, rng: np.random.Generator) -> Rows:
    start = people.hospital_from
    years = np.maximum(people.end - start, 0) / 365.25 * (people.kind != VISITOR)
    out: list[tuple[Array, ...]] = []
    for name, ages, prone, icd, opcs, day_case, function, nights in ELECTIVES:
        rate = np.interp(people.age, urgent.AGE_POINTS, [float(x) for x in ages.split()])
        for condition, odds in prone:
            rate = rate * np.where(with_condition(people, condition), odds, 0.8)
        if name == "dialysis":
            rate = np.where(people.egfr < 13, 70.0, 0.0) * (people.age >= 18)
        if name in ("cystoscopy",):
            rate = rate * np.where(people.sex == 1, 1.5, 0.5)
        rate = rate * np.exp(-0.04 * people.imd_z) * 1.55
        if name == "chemotherapy":
            rate = rate * rng.gamma(0.3, 1 / 0.3, len(people))
        who = at_rate(rng, rate, years)
        day = clock.to_working_day(rng, clock.spread(rng, start[who], people.end[who]))
        n = len(who)
        case = rng.random(n) < day_case
        length = np.where(case, 0, 1 + rng.poisson(max(nights - 1, 0.4), n))
        method = np.where(case & (rng.random(n) < 0.4), "12", "11").astype(object)
        if name in ("dialysis", "chemotherapy"):
            method = np.full(n, "13", dtype=object)
        klass = np.where(case, "3" if name == "dialysis" else "2", "1").astype(object)
        code = np.full(n, icd, dtype=object)
        if name == "chemotherapy":
            code[people.sex[who] == 1] = "C61X"
            code[rng.random(n) < 0.45] = "C189"
        blank = np.full(n, "", dtype=object)
        out.append(
            (
                who,
                day,
                day + length,
                method,
                klass,
                code,
                blank,
                np.full(n, opcs, dtype=object),
                np.full(n, function, dtype=object),
                np.zeros(n, dtype=bool),
                np.full(n, -1),
            )
        )
    return dict(zip(STAY, (np.concatenate(x) for x in zip(*out, strict=True)), strict=True))


def _maternity(people: People, rng: np.random.Generator) -> Rows:
    """A delivery for each mother and a birth for each baby of the last three years."""
    babies = np.flatnonzero((people.mother >= 0) & (people.birth > clock.HOSPITAL_START))
    mothers = people.mother[babies]
    _, first = np.unique(np.stack([mothers, people.birth[babies]]), axis=1, return_index=True)
    here = people.hospital_from[mothers] < people.birth[babies] - 30
    one = np.isin(np.arange(len(babies)), first) & here
    section = rng.random(len(babies)) < 0.38
    nights = np.where(section, 2, 1) + rng.integers(0, 2, len(babies))
    out = []
    for who, days, how, icd, opcs in (
        (
            mothers[one],
            people.birth[babies][one],
            "31",
            np.where(section, "O829", "O800")[one],
            np.where(section, "R179", "R249")[one],
        ),
        (babies, people.birth[babies], "82", np.full(len(babies), "Z380"), np.full(len(babies), "")),
    ):
        n = len(who)
        stay = nights[one] if how == "31" else nights
        blank = np.full(n, "", dtype=object)
        out.append((who, days, np.minimum(days + stay, clock.DATA_DATE), np.full(n, how, dtype=object), np.full(n, "1", dtype=object), icd.astype(object),
                    blank, opcs.astype(object), np.full(n, "501" if how == "31" else "424", dtype=object), np.zeros(n, dtype=bool), np.full(n, -1)))  # fmt: skip
    return dict(zip(STAY, (np.concatenate(x) for x in zip(*out, strict=True)), strict=True))


def episodes(people: People, stays: Rows, rng: np.random.Generator) -> Rows:
    """Finished consultant episodes: one to three a spell, with up to seven further diagnoses."""
    n = len(stays["who"])
    nights = stays["finish"] - stays["start"]
    count = np.where(nights >= 3, rng.choice([1, 2, 3], n, p=[0.62, 0.28, 0.10]), 1)
    row = np.repeat(np.arange(n), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + 1
    of = count[row]
    start = stays["start"][row] + nights[row] * (number - 1) // of
    finish = stays["start"][row] + nights[row] * number // of
    who = stays["who"][row]
    listed = np.stack([with_condition(people, c) for c, _ in SECONDARY], axis=1)[who]
    known = people.onset[:, [INDEX[c] for c, _ in SECONDARY]][who] <= start[:, None]
    listed = listed & known & (rng.random(listed.shape) < 0.72)
    primary = stays["icd"][row].astype(object)
    listed &= np.array([code for _, code in SECONDARY], dtype=object)[None, :] != primary[:, None]
    rank = np.cumsum(listed, axis=1)
    codes = np.array([code for _, code in SECONDARY], dtype=object)
    external = stays["external"][row]
    frail = (people.frailty[who] > 0.26) & (rng.random(len(row)) < 0.45)
    columns: Rows = {}
    lead = [external, np.where(frail, "R54X", "").astype(object)]
    slots = []
    for s in range(1, 8):
        hit = listed & (rank == s)
        slots.append(np.where(hit.any(axis=1), codes[hit.argmax(axis=1)], "").astype(object))
    packed = np.stack([*lead, *slots], axis=1)
    order = np.argsort(packed == "", axis=1, kind="stable")
    packed = np.take_along_axis(packed, order, axis=1)
    for s in range(12):
        columns[f"second{s + 1}"] = (
            packed[:, s] if s < packed.shape[1] else np.full(len(row), "", dtype=object)
        )
    columns |= {
        "who": who, "spell": row, "number": number, "last": np.where(number == of, "1", "2").astype(object), "start": stays["start"][row],
        "finish": stays["finish"][row], "ep_start": start, "ep_finish": finish, "method": stays["method"][row], "klass": stays["klass"][row],
        "primary": primary, "opcs": np.where(number == 1, stays["opcs"][row], "").astype(object), "function": stays["function"][row],
        "how": np.where(stays["died"], "4", "1").astype(object)[row], "to": np.where(stays["died"], "79", np.where(people.care_home[stays["who"]], "54", "19")).astype(object)[row],
    }  # fmt: skip
    return columns


def outpatients(people: People, rng: np.random.Generator) -> Rows:
    """Outpatient appointments: referred, first seen, followed up; some missed, more in deprived areas."""
    start = people.hospital_from
    years = np.maximum(people.end - start, 0) / 365.25 * (people.kind != VISITOR)
    whos, functions, days = [], [], []
    for clinic, ages, prone in CLINICS:
        rate = np.interp(people.age, urgent.AGE_POINTS, [float(x) for x in ages.split()])
        for condition, odds in prone:
            rate = rate * np.where(with_condition(people, condition), odds, 0.85)
        if clinic == "502":
            rate = rate * (people.sex == 2) * (people.age >= 12)
        who = at_rate(rng, rate * rng.gamma(0.6, 1 / 0.6, len(people)) * 1.05, years)
        whos.append(who)
        days.append(clock.to_working_day(rng, clock.spread(rng, start[who], people.end[who])))
        functions.append(np.full(len(who), clinic, dtype=object))
    who, day, function = np.concatenate(whos), np.concatenate(days), np.concatenate(functions)
    day = np.maximum(day, people.birth[who])
    order = np.lexsort((day, function.astype(str), who))
    who, day, function = who[order], day[order], function[order]
    same = np.zeros(len(who), dtype=bool)
    same[1:] = (who[1:] == who[:-1]) & (function[1:] == function[:-1])
    n = len(who)
    missed = 1 / (1 + np.exp(2.75 - 0.3 * people.imd_z[who] - 0.25 * people.latent_s[who]))
    roll = rng.random(n)
    attended = np.select(
        [roll < missed, roll < missed + 0.06, roll < missed + 0.10, roll < missed + 0.16],
        ["3", "2", "4", "6"],
        "5",
    ).astype(object)
    tele = rng.random(n) < 0.22
    first = np.where(same & (rng.random(n) < 0.9), np.where(tele, "4", "2"), np.where(tele, "3", "1")).astype(
        object
    )
    outcome = np.where(np.isin(attended, ["5", "6"]), np.where(rng.random(n) < 0.32, "1", "2"), "3").astype(
        object
    )
    priority = rng.choice(np.array(["1", "2", "3"], dtype=object), n, p=[0.82, 0.13, 0.05])
    return {
        "who": who,
        "day": day,
        "function": function,
        "attended": attended,
        "first": first,
        "outcome": outcome,
        "priority": priority,
    }


def attendances(people: People, events: Rows, rng: np.random.Generator) -> Rows:
    """ECDS rows for the urgent events that came through a department."""
    mine = np.flatnonzero(~events["direct"])
    who, day, cause, admitted = (events[k][mine] for k in ("who", "day", "cause", "admitted"))
    n = len(mine)
    minor = (
        np.isin(cause, [urgent.CAUSE["minor illness"], urgent.CAUSE["injury"], urgent.CAUSE["child unwell"]])
        & ~admitted
    )
    department = np.where(minor & (rng.random(n) < 0.62), "03", "01").astype(object)
    department[(~admitted) & (rng.random(n) < 0.02)] = "02"
    category = rng.choice(np.array(["1", "2", "3", "4"], dtype=object), n, p=[0.945, 0.025, 0.01, 0.02])
    category[admitted] = "1"
    ambulance = rng.random(n) < np.where(admitted, 0.62, np.where(minor, 0.05, 0.24)) * np.interp(
        people.age[who], [0, 20, 60, 85], [0.3, 0.7, 1.0, 1.35]
    )
    hour = rng.choice(24, n, p=_HOURS)
    wait = np.where(
        department == "03",
        rng.gamma(2.2, 55, n),
        np.where(admitted, 130 + rng.gamma(1.6, 210, n), rng.gamma(2.3, 95, n)),
    )
    icd_like = np.array([c.diagnosis for c in urgent.CAUSES], dtype=object)[cause]
    complaint = np.array([c.complaint for c in urgent.CAUSES], dtype=object)[cause]
    falls = cause == urgent.CAUSE["fall"]
    icd_like[falls & (rng.random(n) < 0.12)] = "161898004"
    acuity_p = np.where(admitted, 0.35, np.where(minor, 0.9, 0.62)) + 0.2 * (rng.random(n) - 0.5)
    acuity = np.select(
        [acuity_p < 0.28, acuity_p < 0.42, acuity_p < 0.72],
        ["1064911000000105", "1064901000000108", "1064901000000108"],
        "1077241000000103",
    ).astype(object)
    acuity[admitted & (rng.random(n) < 0.04)] = "1064891000000107"
    home = np.where(people.care_home[who], "306694006", "306689006").astype(object)
    left = (~admitted) & (rng.random(n) < 0.04 + 0.1 * people.more["intense"][who])
    destination = np.where(admitted, "306706006", np.where(left, "1066301000000103", home)).astype(object)
    accommodation = np.select(
        [people.care_home[who], people.homeless[who]], ["160734000", "32911000"], ""
    ).astype(object)
    return {
        "who": who, "day": day, "minute": hour * 60 + rng.integers(0, 60, n), "wait": np.clip(wait, 12, 2400).astype(np.int64), "department": department,
        "category": category, "ambulance": ambulance, "acuity": acuity, "complaint": complaint, "diagnosis": icd_like,
        "mechanism": np.where(falls, "1912002", "").astype(object), "destination": destination, "accommodation": accommodation,
        "site": rng.choice(np.array(reference.SITES, dtype=object), n, p=[0.5, 0.34, 0.16]), "cause": cause, "admitted": admitted,
    }  # fmt: skip


_HOURS = np.array(
    [
        2,
        1.6,
        1.3,
        1.2,
        1.2,
        1.3,
        1.9,
        3,
        4.6,
        6,
        6.8,
        6.8,
        6.4,
        6,
        5.8,
        5.7,
        5.9,
        6.1,
        6.0,
        5.6,
        4.8,
        4.1,
        3.2,
        2.6,
    ]
)
_HOURS = _HOURS / _HOURS.sum()
