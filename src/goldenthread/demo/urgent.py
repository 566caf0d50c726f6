"""Urgent need: when something happens that takes a person to A&E, to a hospital bed, or to the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock
from goldenthread.demo.conditions import with_condition
from goldenthread.demo.population import DIED, VISITOR, People
from goldenthread.demo.record import at_rate

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Cause:
    """A reason for urgent care: yearly rate by age, who is prone to it, how often it means a bed."""

    name: str
    by_age: str
    admit: str
    icd: tuple[str, ...]
    complaint: str
    diagnosis: str
    prone: tuple[tuple[str, float], ...] = ()
    season: float = 0.0
    deprived: float = 0.22
    stay: float = 4.0
    reason: str = "unwell"
    function: str = "300"
    female: float = 1.0


AGE_POINTS = [0, 3, 10, 20, 35, 50, 65, 75, 85, 95]
CAUSES: tuple[Cause, ...] = (
    Cause("injury", ".09 .11 .12 .12 .085 .06 .035 .03 .03 .03", ".03 .02 .03 .03 .04 .06 .12 .2 .3 .3", ("S009", "S525", "S010"), "417163006", "417163006",
          (("alcohol_dependence", 2.0), ("drug_misuse", 1.8), ("adhd", 1.5)), -0.15, 0.2, 2.5, "injury", "110", 0.8),
    Cause("fall", ".004 .012 .008 .004 .004 .006 .022 .052 .12 .19", ".02 .02 .02 .05 .1 .15 .24 .32 .4 .42", ("S009", "S720", "S525", "S422", "S325", "R296"), "1912002", "417163006",
          (("parkinsons", 2.2), ("dementia", 1.9), ("stroke", 1.4), ("osteoporosis", 1.4), ("alcohol_dependence", 1.8)), 0.08, 0.12, 9.0, "fall", "110", 1.25),
    Cause("chest pain", "0 0 .002 .009 .014 .022 .03 .034 .036 .036", ".1 .1 .1 .12 .2 .32 .42 .5 .52 .5", ("I209", "I200", "I214", "I48X", "I219"), "29857009", "29857009",
          (("chd", 3.2), ("atrial_fibrillation", 1.6), ("anxiety", 1.3)), 0.05, 0.25, 2.6, "chest pain", "320"),
    Cause("breathing", ".05 .03 .009 .006 .006 .009 .017 .028 .045 .06", ".25 .2 .18 .16 .25 .42 .6 .7 .76 .76", ("J181", "J189", "J440", "J441", "J459", "J219"), "267036007", "50417007",
          (("copd", 5.5), ("asthma", 2.0), ("heart_failure", 1.7), ("bronchiectasis", 2.5), ("ld_register", 1.6)), 0.28, 0.30, 4.7, "breathing", "340"),
    Cause("heart failure", "0 0 0 0 .0002 .0008 .003 .007 .014 .02", ".7 .7 .7 .7 .7 .8 .82 .85 .87 .87", ("I500", "I501"), "267036007", "84114007",
          (("heart_failure", 14.0), ("chd", 1.6)), 0.2, 0.22, 8.0, "breathing", "320"),
    Cause("abdominal", ".02 .014 .016 .022 .024 .022 .022 .024 .027 .027", ".2 .15 .2 .2 .24 .3 .4 .46 .5 .5", ("K529", "K922", "R104", "K802", "D509"), "21522001", "21522001",
          (("ibd", 2.5), ("alcohol_dependence", 2.2), ("peptic_ulcer", 1.6), ("chronic_liver_disease", 2.6)), 0, 0.22, 4.0, "unwell", "300"),
    Cause("mental health", "0 0 .003 .02 .014 .010 .005 .003 .002 .002", ".2 .2 .25 .18 .18 .2 .25 .3 .3 .3", ("T509", "F329", "F100", "F200"), "366979004", "35489007",
          (("self_harm", 7.0), ("severe_mental_illness", 4.5), ("personality_disorder", 5.0), ("drug_misuse", 3.0), ("alcohol_dependence", 3.5), ("depression", 2.0)), 0, 0.35, 2.2, "mental health", "300", 1.15),
    Cause("stroke", "0 0 .0001 .0002 .0005 .0016 .0045 .009 .015 .018", ".8 .8 .8 .7 .7 .72 .78 .82 .85 .85", ("I639", "G459", "I619"), "230690007", "230690007",
          (("atrial_fibrillation", 1.8), ("hypertension", 1.5), ("stroke", 2.5), ("diabetes", 1.4)), 0.05, 0.22, 11.0, "stroke", "328"),
    Cause("infection", ".012 .006 .003 .003 .004 .006 .013 .024 .045 .065", ".4 .3 .3 .3 .35 .45 .65 .75 .8 .8", ("N390", "A419", "L031", "N10X", "N179"), "386661006", "68566005",
          (("diabetes", 1.6), ("ckd", 1.5), ("dementia", 1.8), ("urinary_incontinence", 1.6), ("cancer", 1.6), ("ld_register", 1.5)), 0.1, 0.25, 6.5, "unwell", "300"),
    Cause("diabetes", "0 .0002 .0006 .0008 .0009 .001 .0014 .0018 .002 .002", ".7 .7 .7 .6 .6 .6 .65 .7 .7 .7", ("E116", "E101", "E115"), "73211009", "73211009",
          (("diabetes", 13.0),), 0, 0.35, 6.0, "unwell", "302"),
    Cause("seizure", ".006 .006 .002 .002 .002 .002 .002 .0025 .003 .003", ".4 .35 .3 .3 .3 .35 .4 .5 .5 .5", ("G409", "R568"), "91175000", "84757009",
          (("epilepsy", 22.0), ("alcohol_dependence", 2.5)), 0, 0.3, 3.0, "other", "300"),
    Cause("child unwell", ".34 .15 .035 0 0 0 0 0 0 0", ".2 .13 .1 .1 0 0 0 0 0 0", ("B349", "J219", "J069", "K529"), "386661006", "25374005",
          (("asthma", 1.3),), 0.35, 0.28, 1.2, "child", "420"),
    Cause("minor illness", ".08 .075 .06 .09 .085 .07 .06 .055 .06 .06", ".01 .01 .01 .015 .02 .03 .05 .07 .09 .09", ("R688", "R104"), "367391008", "367391008",
          (("anxiety", 1.35), ("depression", 1.3), ("chronic_pain", 1.5), ("drug_misuse", 1.8)), 0, 0.30, 1.5, "other", "300", 1.08),
    Cause("confusion", "0 0 0 0 0 .0002 .001 .004 .012 .02", ".7 .7 .7 .7 .7 .7 .75 .8 .82 .82", ("F059", "R54X", "F03X"), "2776000", "2776000",
          (("dementia", 4.0), ("stroke", 1.4)), 0.1, 0.15, 10.0, "unwell", "430"),
)  # fmt: skip
CAUSE = {c.name: i for i, c in enumerate(CAUSES)}
SCALE = 1.08
ADMIT = 0.60
GRADIENT = 0.6


def needs(people: People, rng: np.random.Generator) -> dict[str, Array]:
    """Every urgent event of three years, before any initiative: who, day, cause, admitted, direct (no A&E)."""
    n = len(people)
    start = np.where(people.kind == VISITOR, people.end - 400, people.hospital_from)
    years = np.maximum(people.end - start, 0) / 365.25
    propensity = rng.gamma(0.85, 1 / 0.85, n) * np.exp(0.28 * people.latent_s - 0.04)
    intense = rng.random(n) < np.clip(
        0.0013 * np.exp(1.0 * people.latent_s + 0.45 * people.imd_z) * (people.age >= 18), 0, 0.05
    )
    extra = np.where(intense, rng.gamma(2.2, 7.0, n), 0.0)
    frail = np.exp(1.75 * np.minimum(people.frailty, 0.45))
    parts: list[tuple[Array, Array, Array]] = []
    for i, c in enumerate(CAUSES):
        rate = np.interp(people.age, AGE_POINTS, [float(x) for x in c.by_age.split()])
        for condition, odds in c.prone:
            rate = rate * np.where(with_condition(people, condition), odds, 1.0)
        rate = rate * np.exp(GRADIENT * c.deprived * people.imd_z) * np.where(people.sex == 2, c.female, 1.0)
        rate = (
            rate
            * propensity
            * (frail if c.name not in ("injury", "minor illness", "child unwell") else 1.0)
            * SCALE
        )
        if c.name in ("minor illness", "mental health", "abdominal"):
            rate = rate + extra * {"minor illness": 0.5, "mental health": 0.3, "abdominal": 0.2}[c.name]
        rate = np.where(people.kind == VISITOR, 0.9 * (c.name in ("injury", "minor illness")), rate)
        who = at_rate(rng, rate, years)
        parts.append((who, clock.spread(rng, start[who], people.end[who], c.season), np.full(len(who), i)))
    parts.extend(_last_months(people, rng))
    who, day, cause = (np.concatenate(x) for x in zip(*parts, strict=True))
    keep = (day >= people.birth[who]) & (day <= people.end[who])
    who, day, cause = who[keep], day[keep], cause[keep]
    age = (day - people.birth[who]) / 365.25
    chance = np.zeros(len(who))
    for i, c in enumerate(CAUSES):
        mine = cause == i
        chance[mine] = np.interp(age[mine], AGE_POINTS, [float(x) for x in c.admit.split()])
    chance = np.clip(
        ADMIT * chance * np.exp(0.7 * people.frailty[who]) * np.where(intense[who], 0.55, 1.0), 0, 0.96
    )
    admitted = rng.random(len(who)) < chance
    direct = admitted & (rng.random(len(who)) < 0.17)
    who, day, cause, admitted, direct = _readmit(people, rng, who, day, cause, admitted, direct)
    people.more["intense"] = intense
    order = np.lexsort((cause, day, who))
    return {
        "who": who[order],
        "day": day[order],
        "cause": cause[order],
        "admitted": admitted[order],
        "direct": direct[order],
    }


def _last_months(people: People, rng: np.random.Generator) -> list[tuple[Array, Array, Array]]:
    """More crises in the last half-year of life."""
    dying = np.flatnonzero(people.kind == DIED)
    who = np.repeat(dying, rng.poisson(1.15, len(dying)))
    day = people.end[who] - np.floor(rng.gamma(1.0, 55, len(who))).astype(np.int64)
    cause = rng.choice(
        [CAUSE["breathing"], CAUSE["infection"], CAUSE["abdominal"], CAUSE["fall"], CAUSE["heart failure"]],
        len(who),
        p=[0.34, 0.3, 0.16, 0.14, 0.06],
    )
    return [(who, np.maximum(day, clock.HOSPITAL_START), cause)]


def _readmit(
    people: People,
    rng: np.random.Generator,
    who: Array,
    day: Array,
    cause: Array,
    admitted: Array,
    direct: Array,
) -> tuple[Array, Array, Array, Array, Array]:
    """About one emergency admission in ten is followed by another within a month, more often in frailty."""
    chance = np.clip(0.07 + 0.22 * people.frailty[who], 0, 0.3) * admitted
    again = np.flatnonzero(rng.random(len(who)) < chance)
    later = day[again] + 5 + rng.integers(0, 24, len(again))
    fits = later <= people.end[who[again]]
    again, later = again[fits], later[fits]

    def join(a: Array, b: Array) -> Array:
        return np.concatenate([a, b])

    return (
        join(who, who[again]), join(day, later), join(cause, cause[again]),
        join(admitted, np.ones(len(again), dtype=bool)), join(direct, np.zeros(len(again), dtype=bool)),
    )  # fmt: skip
