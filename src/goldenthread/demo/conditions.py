"""Who has which condition, since when, and whether the GP record says so.

Each condition has odds that follow age, sex, area deprivation, shared latent factors (metabolic, mental,
respiratory, frailty) and earlier conditions. The intercept is then solved for each practice so that the expected
register equals the practice's published prevalence (QOF 2021/22), or a national figure for the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, reference
from goldenthread.demo.population import CURRENT, DIED, People

Array = npt.NDArray[Any]
AGES = np.array([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])


@dataclass(frozen=True)
class Condition:
    """How common a condition is by age (%, at AGES), and what it goes with."""

    name: str
    by_age: tuple[float, ...]
    target: str | float
    female: float = 1.0
    deprived: float = 0.0
    latent: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    youngest: int = 0
    oldest: int = 120
    years: float = 9.0
    first_age: float = 0.0


def _c(name: str, by_age: str, target: str | float, **more: Any) -> Condition:
    return Condition(name, tuple(float(x) for x in by_age.split()), target, **more)


CONDITIONS: tuple[Condition, ...] = (
    _c("ld_register", ".25 .6 .75 .65 .6 .6 .55 .4 .25 .12", "LD*1.06", female=0.65, deprived=0.30, years=40, youngest=2),
    _c("autism", ".5 3.0 2.2 1.2 .6 .4 .3 .15 .08 .05", 0.012, female=0.42, after={"ld_register": 14}, years=12, youngest=3),
    _c("adhd", ".2 2.8 2.4 1.6 1.0 .6 .3 .1 .03 .01", 0.012, female=0.5, deprived=0.22, after={"autism": 6}, years=7, youngest=5),
    _c("obesity", ".01 .5 8 12 14 16 16 14 9 4", "OB", female=1.12, deprived=0.30, latent={"m": 0.8}, youngest=16, years=8),
    _c("diabetes", ".02 .25 .6 1.4 4 8.5 14 19 21 17", "DM", female=0.72, deprived=0.26, latent={"m": 0.9}, after={"obesity": 2.6}, years=9),
    _c("ndh", ".01 .01 .5 1.8 4 8 11 13 13 9", "NDH", deprived=0.12, latent={"m": 0.6}, after={"obesity": 2.0, "diabetes": 0.02}, youngest=18, years=4),
    _c("hypertension", ".01 .05 .4 1.7 6 16 30 45 56 58", "HYP", female=0.95, deprived=0.12, latent={"m": 0.6}, after={"obesity": 1.8, "diabetes": 2.6}, youngest=18, years=10),
    _c("asthma", "1 8 8.5 7.8 7.5 7.5 7.4 7.0 6 4", "AST", female=1.25, deprived=0.14, latent={"r": 0.7}, after={"obesity": 1.4}, youngest=2, years=18),
    _c("copd", ".001 .001 .01 .1 .7 2.4 5.2 8.5 9.0 6", "COPD", female=0.92, deprived=0.42, latent={"r": 1.0, "f": 0.2}, after={"asthma": 2.0}, youngest=35, years=8, first_age=35),
    _c("chd", ".001 .01 .03 .1 .7 2.4 6.5 12 18 20", "CHD", female=0.45, deprived=0.24, latent={"m": 0.6}, after={"diabetes": 2.1, "hypertension": 1.9}, youngest=25, years=10, first_age=30),
    _c("heart_failure", ".01 .01 .03 .06 .2 .7 1.8 4 8.5 13", "HF", female=0.7, deprived=0.22, latent={"f": 0.5}, after={"chd": 4.5, "hypertension": 1.6, "diabetes": 1.7, "copd": 1.6}, youngest=25, years=5, first_age=30),
    _c("atrial_fibrillation", ".001 .01 .05 .12 .4 1.1 3.2 8 16 21", "AF", female=0.65, latent={"f": 0.25}, after={"heart_failure": 5.0, "hypertension": 1.6, "chd": 1.3}, youngest=18, years=7, first_age=25),
    _c("stroke", ".01 .02 .05 .15 .4 1.2 3 6 10.5 13", "STIA*0.72", female=0.82, deprived=0.24, latent={"m": 0.3}, after={"atrial_fibrillation": 2.2, "hypertension": 1.8, "diabetes": 1.5}, youngest=18, years=7, first_age=30),
    _c("tia", ".001 .001 .02 .05 .2 .5 1.4 3.2 5.5 6", "STIA*0.32", latent={"m": 0.2}, after={"stroke": 2.0, "hypertension": 1.6}, youngest=30, years=7, first_age=35),
    _c("pad", ".001 .001 .005 .03 .15 .5 1.2 2.3 2.9 2.8", "PAD", female=0.55, deprived=0.45, latent={"m": 0.5}, after={"diabetes": 2.6, "chd": 3.0}, youngest=35, years=7, first_age=40),
    _c("ckd", ".01 .02 .1 .3 .8 2.2 6 14 28 38", "CKD", female=1.15, deprived=0.12, latent={"m": 0.3, "f": 0.2}, after={"diabetes": 2.4, "hypertension": 2.2, "heart_failure": 2.4}, youngest=18, years=6, first_age=30),
    _c("dementia", ".001 .001 .001 .005 .02 .1 .5 2.2 8 18", "DEM", female=1.2, deprived=0.12, latent={"f": 0.6}, after={"stroke": 2.2, "ld_register": 3.0}, youngest=45, years=3.2, first_age=50),
    _c("depression", ".1 1.2 11 15.5 16.5 16.5 14 10.5 9 8", "DEP", female=1.75, deprived=0.30, latent={"s": 1.0}, after={"obesity": 1.3}, youngest=12, years=9, first_age=12),
    _c("anxiety", ".1 1.5 11 12 11 10 9 7 6 5", 0.085, female=1.75, deprived=0.18, latent={"s": 0.8}, after={"depression": 3.2}, youngest=8, years=7, first_age=8),
    _c("severe_mental_illness", ".001 .02 .5 .95 1.15 1.25 1.1 .9 .7 .5", "MH", female=0.85, deprived=0.34, latent={"s": 1.1}, youngest=14, years=14, first_age=16),
    _c("personality_disorder", ".001 .02 .5 .6 .5 .4 .2 .1 .05 .02", 0.004, female=1.7, deprived=0.4, latent={"s": 1.3}, youngest=18, years=8, first_age=18),
    _c("ptsd", ".01 .1 .8 1 1 .8 .5 .3 .1 .1", 0.006, deprived=0.25, latent={"s": 0.8}, youngest=10, years=6, first_age=10),
    _c("eating_disorder", ".01 .4 1.2 .8 .5 .3 .1 .05 .02 .01", 0.004, female=7.0, latent={"s": 0.7}, youngest=10, years=6, first_age=10),
    _c("self_harm", ".001 1.2 3.5 2.3 1.6 1.1 .6 .3 .2 .1", 0.013, female=1.5, deprived=0.3, latent={"s": 1.2}, after={"depression": 2.5, "personality_disorder": 6}, youngest=11, years=6, first_age=11),
    _c("alcohol_dependence", ".001 .001 .5 1.2 1.9 2.2 1.8 1.0 .4 .1", 0.011, female=0.45, deprived=0.42, latent={"s": 0.8}, youngest=18, years=8, first_age=18),
    _c("drug_misuse", ".001 .05 1 1.7 1.6 .9 .4 .1 .03 .01", 0.008, female=0.4, deprived=0.50, latent={"s": 1.0}, youngest=15, years=9, first_age=15),
    _c("epilepsy", ".3 .7 .8 .85 .9 .95 1.0 1.1 1.3 1.2", "EP", deprived=0.22, after={"ld_register": 14, "stroke": 2.5}, years=16),
    _c("cancer", ".03 .04 .1 .4 1.1 2.7 6 11.5 15.5 15", "CAN", female=1.05, latent={"f": 0.1}, years=6, youngest=1),
    _c("rheumatoid_arthritis", ".01 .02 .08 .25 .5 .9 1.3 1.7 1.9 1.5", "RA", female=2.4, deprived=0.06, youngest=16, years=11, first_age=16),
    _c("osteoporosis", ".001 .001 .001 .01 .05 .5 1.2 2.6 5.5 8", "OST", female=4.5, latent={"f": 0.4}, after={"rheumatoid_arthritis": 2.0}, youngest=50, years=6, first_age=50),
    _c("palliative_care", ".01 .01 .02 .04 .1 .3 .7 1.4 3 6.5", "PC", latent={"f": 0.8}, after={"cancer": 6, "dementia": 4.0, "heart_failure": 2.0, "copd": 1.6}, youngest=1, years=1.0),
    _c("osteoarthritis", ".001 .01 .1 .5 2.5 8 17 26 32 34", 0.095, female=1.5, deprived=0.10, latent={"f": 0.3}, after={"obesity": 1.8}, youngest=30, years=8, first_age=30),
    _c("low_back_pain", ".01 .5 5 9 13 15 15 14 12 9", 0.09, female=1.15, deprived=0.2, latent={"f": 0.2, "s": 0.2}, youngest=14, years=7, first_age=14),
    _c("chronic_pain", ".001 .05 .8 2 4 6 7 7 6 5", 0.035, female=1.5, deprived=0.35, latent={"s": 0.5, "f": 0.3}, after={"low_back_pain": 3}, youngest=18, years=6, first_age=18),
    _c("fibromyalgia", ".001 .01 .3 .8 1.5 1.8 1.5 .9 .4 .1", 0.009, female=6, deprived=0.25, latent={"s": 0.6}, after={"chronic_pain": 4}, youngest=18, years=6, first_age=18),
    _c("gout", ".001 .001 .1 .7 1.8 3 4.5 6 6.5 5.5", 0.025, female=0.25, latent={"m": 0.4}, after={"ckd": 2, "hypertension": 1.6}, youngest=20, years=8, first_age=20),
    _c("hypothyroidism", ".02 .1 .6 1.7 3.2 5 7 8.5 9.5 9", 0.042, female=5.0, years=10),
    _c("hyperthyroidism", ".001 .02 .1 .3 .5 .6 .7 .7 .6 .4", 0.004, female=4.5, years=8, youngest=10, first_age=10),
    _c("chronic_liver_disease", ".01 .01 .05 .2 .5 .9 1.0 .9 .5 .2", 0.005, female=0.7, deprived=0.4, after={"alcohol_dependence": 9, "obesity": 1.5}, youngest=18, years=5, first_age=18),
    _c("fatty_liver", ".001 .01 .3 1.2 2.3 3.2 3.4 2.8 1.5 .5", 0.02, deprived=0.15, latent={"m": 0.6}, after={"obesity": 2.5, "diabetes": 2.2}, youngest=18, years=5, first_age=18),
    _c("gord", "1 .3 2 4 7 9 11 12 12 11", 0.08, deprived=0.12, after={"obesity": 1.5}, years=8),
    _c("ibs", ".01 .3 4 6 6.5 6 5 4.5 4 3", 0.05, female=2.2, latent={"s": 0.4}, youngest=12, years=9, first_age=12),
    _c("ibd", ".02 .2 .7 .9 1 1 1 1 .9 .6", 0.008, years=11, youngest=6),
    _c("coeliac", ".2 .5 .5 .6 .6 .7 .7 .7 .6 .4", 0.006, female=1.8, years=10),
    _c("diverticular_disease", ".001 .001 .01 .2 1.2 3.5 7 11 14 14", 0.04, years=6, youngest=25, first_age=30),
    _c("peptic_ulcer", ".001 .01 .1 .3 .8 1.3 2.0 2.6 3 3", 0.011, female=0.7, deprived=0.2, youngest=18, years=10, first_age=18),
    _c("psoriasis", ".2 .9 2 2.6 3 3.3 3.4 3.2 2.6 2", 0.026, latent={"m": 0.15}, years=15),
    _c("eczema", "14 12 7 5 4.5 4.5 5 6 6.5 6", 0.066, years=9),
    _c("migraine", ".1 2 6 8 8.5 7.5 5.5 4 2.5 1.5", 0.052, female=2.7, years=11, youngest=6),
    _c("multiple_sclerosis", ".001 .001 .04 .2 .4 .5 .5 .4 .2 .1", 0.0027, female=2.7, youngest=18, years=12, first_age=18),
    _c("parkinsons", ".001 .001 .001 .002 .02 .08 .3 1.0 2 2", 0.0033, female=0.65, latent={"f": 0.3}, youngest=35, years=5, first_age=40),
    _c("bronchiectasis", ".01 .02 .05 .1 .2 .4 .8 1.4 1.8 1.4", 0.006, female=1.3, latent={"r": 0.7}, after={"copd": 5}, years=6, youngest=5),
    _c("endometriosis", ".001 .05 1.1 2.3 2.6 2 1.2 .7 .3 .1", 0.012, female=400, youngest=13, years=9, first_age=14),
    _c("bph", ".001 .001 .001 .01 .4 2.5 7.5 14 20 22", 0.04, female=0.0005, youngest=40, years=7, first_age=40),
    _c("urinary_incontinence", ".3 .1 .5 1 2.5 4 5.5 8 13 18", 0.035, female=2.8, latent={"f": 0.5}, years=5, youngest=5),
    _c("hearing_loss", ".5 .6 .5 .7 1.3 2.8 6 13 25 38", 0.05, latent={"f": 0.2}, years=7),
    _c("cataract", ".02 .02 .03 .06 .3 1 4 12 25 33", 0.04, latent={"f": 0.1}, after={"diabetes": 1.6}, years=5, youngest=1),
    _c("glaucoma", ".01 .01 .02 .1 .4 1 2.3 4.5 7.5 9", 0.017, years=8, youngest=20, first_age=30),
    _c("macular_degeneration", ".001 .001 .001 .01 .03 .2 .8 3 8.5 16", 0.011, years=5, youngest=45, first_age=50),
    _c("heart_valve_disease", ".05 .05 .1 .1 .2 .5 1.2 3 6 8", 0.01, after={"heart_failure": 2.5, "atrial_fibrillation": 2}, years=6),
    _c("venous_thromboembolism", ".01 .03 .3 .7 1.2 1.8 2.7 4 5.5 6", 0.015, after={"cancer": 2, "obesity": 1.5}, years=7, youngest=15, first_age=16),
    _c("anaemia", ".8 .4 1.8 2.6 3.4 3.6 3.6 5 8.5 13", 0.035, female=1.9, latent={"f": 0.4}, after={"ckd": 1.8}, years=4),
    _c("vitamin_d_deficiency", ".3 .8 1.5 2 2.5 2.8 3 3.2 3.6 4", 0.022, female=1.7, years=4),
    _c("peripheral_neuropathy", ".001 .01 .05 .1 .3 .8 1.5 2.4 3 3", 0.009, after={"diabetes": 4, "alcohol_dependence": 3}, youngest=25, years=5, first_age=25),
    _c("insomnia", ".05 .3 2 3 4 5 5 5 5 5", 0.033, female=1.3, latent={"s": 0.6}, youngest=10, years=5, first_age=10),
)  # fmt: skip
INDEX = {c.name: i for i, c in enumerate(CONDITIONS)}


def afflict(people: People, rng: np.random.Generator) -> None:
    """Draw latent factors, conditions, dates of onset and of coding, and frailty."""
    n = len(people)
    z = people.imd_z
    died = people.kind == DIED
    common = rng.normal(size=n)
    latent = {k: 0.45 * common + 0.89 * rng.normal(size=n) for k in "msrf"}
    latent["f"] = latent["f"] + 1.1 * died
    latent["m"] = latent["m"] + 0.35 * died
    published = reference.qof(people.plan.code)
    has = np.zeros((len(CONDITIONS), n), dtype=bool)
    onset = np.full((len(CONDITIONS), n), clock.NEVER, dtype=np.int32)
    for i, c in enumerate(CONDITIONS):
        target, youngest = _target(c, published)
        shape = np.array(c.by_age) / 100
        eta = np.interp(people.age, AGES, np.log(shape / (1 - shape)))
        eta += np.log(c.female) * (people.sex == 2) + c.deprived * z
        for factor, weight in c.latent.items():
            eta += weight * latent[factor]
        for earlier, odds in c.after.items():
            eta += np.log(odds) * has[INDEX[earlier]]
        possible = (people.age >= c.youngest) & (people.age <= c.oldest)
        counted = (people.kind == CURRENT) & (people.age >= youngest)
        eta = np.where(possible, eta, -40.0)
        eta += _intercept(eta[counted], target)
        got = possible & (rng.random(n) < 1 / (1 + np.exp(-eta)))
        if c.name == "palliative_care":
            got |= died & (people.age > 30) & (rng.random(n) < 0.33)
        has[i] = got
        onset[i] = np.where(got, _onset(people, c, rng), clock.NEVER)
    _order(has, onset)
    m = people.more
    m["has"], m["onset"] = has.T.copy(), onset.T.copy()
    m.update({f"latent_{k}": v for k, v in latent.items()})
    _frailty(people, rng)
    _coded(people, rng)


def _target(c: Condition, published: dict[str, float]) -> tuple[float, int]:
    if isinstance(c.target, float):
        return c.target, 0
    register, _, factor = c.target.partition("*")
    return published[register] * float(factor or 1), reference.QOF_AGES.get(register, 0)


def _intercept(eta: Array, target: float) -> float:
    """The shift that makes the mean probability equal the target (Newton's method on a convex-enough curve)."""
    if not len(eta) or target <= 0:
        return -40.0
    shift = 0.0
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(eta + shift, -50, 50)))
        gradient = max(float((p * (1 - p)).mean()), 1e-9)
        step = float(np.clip((target - p.mean()) / gradient, -1.5, 1.5))
        shift += step
        if abs(step) < 1e-7:
            break
    return shift


def _onset(people: People, c: Condition, rng: np.random.Generator) -> Array:
    """Day the condition was diagnosed: within the life, not before the age at which it can begin."""
    n = len(people)
    youngest = max(c.first_age, c.youngest if c.youngest >= 10 else 0.05)
    first = np.minimum(people.birth + np.floor(youngest * 365.25).astype(np.int64), people.end - 1)
    latest = people.end - 1
    ago = rng.exponential(c.years, n) * 365.25
    room = np.maximum(latest - first, 1)
    ago = np.where(ago > room, rng.random(n) * room, ago)
    if c.name in ("ld_register", "autism"):
        young = np.where(c.name == "autism", rng.gamma(3.0, 3.2, n), rng.gamma(2.0, 3.0, n)) * 365.25
        return np.asarray(np.minimum(np.maximum(people.birth + young, first), latest).astype(np.int64))
    return np.asarray(np.maximum(latest - np.floor(ago), first).astype(np.int64))


def _order(has: Array, onset: Array) -> None:
    """Diabetes ends the non-diabetic stage: where both are recorded the earlier stage came first."""
    ndh, dm = INDEX["ndh"], INDEX["diabetes"]
    both = has[ndh] & has[dm] & (onset[ndh] >= onset[dm])
    onset[ndh][both], has[ndh][both] = clock.NEVER, False


def _frailty(people: People, rng: np.random.Generator) -> None:
    """A deficit index between 0 and 1, and its four categories (cut at 0.12, 0.24, 0.36)."""
    load = people.has[:, [INDEX[c] for c in FRAIL]].sum(axis=1)
    base = np.interp(people.age, [40, 60, 70, 80, 90, 100], [0.0, 0.02, 0.045, 0.085, 0.13, 0.17])
    index = np.clip(
        base + 0.021 * load + 0.06 * people.latent_f * (people.age > 50) + 0.008 * people.imd_z, 0, 0.7
    )
    index = np.where(people.care_home, index + 0.12, index)
    index = np.where(people.age < 50, np.minimum(index, 0.11), index)
    people.more["frailty"] = index
    people.more["frailty_category"] = np.digitize(index, [0.12, 0.24, 0.36])


def _coded(people: People, rng: np.random.Generator) -> None:
    """Which true conditions the GP record shows. One practice misses four in ten of its people with COPD."""
    coded = people.has.copy()
    if people.plan.index == UNDERCODING_PRACTICE:
        copd = INDEX["copd"]
        coded[:, copd] &= rng.random(len(people)) > 0.42
    ld = INDEX["ld_register"]
    coded[:, ld] &= ~((people.age >= 18) & (rng.random(len(people)) < 0.08))
    people.more["coded"] = coded


UNDERCODING_PRACTICE = 3
FRAIL = [
    "anaemia",
    "osteoarthritis",
    "rheumatoid_arthritis",
    "atrial_fibrillation",
    "stroke",
    "tia",
    "ckd",
    "diabetes",
    "hearing_loss",
    "heart_failure",
    "heart_valve_disease",
    "hypertension",
    "chd",
    "osteoporosis",
    "parkinsons",
    "peptic_ulcer",
    "pad",
    "copd",
    "asthma",
    "insomnia",
    "hypothyroidism",
    "urinary_incontinence",
    "cataract",
    "macular_degeneration",
    "dementia",
    "depression",
    "gout",
]


def with_condition(people: People, name: str, coded: bool = False) -> Array:
    """Who has a condition (or has it in the GP record)."""
    return np.asarray((people.coded if coded else people.has)[:, INDEX[name]])


def since(people: People, name: str) -> Array:
    """Day of diagnosis; ``clock.NEVER`` for those without."""
    return np.asarray(people.onset[:, INDEX[name]])
