"""Who there is: a list per practice by age and sex, those who died or left, and visitors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, reference
from goldenthread.errors import GoldenThreadError

FEWEST, MOST = 2_000, 821_163
CURRENT, DIED, LEFT, VISITOR = 0, 1, 2, 3
Array = npt.NDArray[Any]


class DemoError(GoldenThreadError):
    """A demo that cannot be made as asked."""


@dataclass(frozen=True)
class PracticePlan:
    """One practice's share of the demo."""

    index: int
    code: str
    name: str
    pcn: str
    outward: str
    people: int
    seed: int


def plan(people: int, seed: int) -> list[PracticePlan]:
    """Which practices take part, and how many people each has.

    From 35,000 people all 81 practices in 14 PCNs keep their published relative sizes. Below that fewer PCNs
    take part (about one for each 2,500 people, two at least), so that lists stay large enough to look at.

    >>> sum(p.people for p in plan(5_000, 1))
    5000
    """
    if not FEWEST <= people <= MOST:
        raise DemoError(
            f"The demo cannot be made with {people:,} people.", f"Choose between {FEWEST:,} and {MOST:,}."
        )
    t = reference.table("practices")
    pcns = sorted(set(t["pcn_code"]))
    pcns = pcns[: 14 if people >= 35_000 else max(2, round(people / 2500))]
    rows = [i for i in range(len(t["practice_code"])) if t["pcn_code"][i] in pcns]
    sizes = apportion(people, t["list_size"][rows].astype(float))
    return [
        PracticePlan(
            i, t["practice_code"][i], t["practice_name"][i], t["pcn_code"][i], t["outward"][i], int(n), seed
        )
        for i, n in zip(rows, sizes, strict=True)
    ]


def apportion(total: int, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole numbers that add to ``total`` in proportion to ``weights`` (largest remainder).

    >>> apportion(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    exact = total * weights / weights.sum()
    out = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - out), kind="stable")
    out[order[: total - int(out.sum())]] += 1
    return np.asarray(out, dtype=np.int64)


@dataclass
class People:
    """Everybody a practice knows of, one entry a person in every array."""

    plan: PracticePlan
    kind: Array
    sex: Array
    age: Array
    birth: Array
    end: Array
    death: Array
    reg_start: Array
    reg_end: Array
    previous: Array
    moved: Array
    more: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sex)

    def __getattr__(self, name: str) -> Array:
        try:
            return np.asarray(self.__dict__["more"][name])
        except KeyError:
            raise AttributeError(name) from None

    @property
    def index_in_demo(self) -> Array:
        """A number nobody else in the demo has."""
        return np.arange(len(self)) + self.plan.index * 200_000

    def age_on(self, days: npt.NDArray[np.generic] | int) -> npt.NDArray[np.float64]:
        """Age in years on a day (one for all, or one each)."""
        return (np.asarray(days) - self.birth) / 365.2425


def draw(practice: PracticePlan, everybody: list[PracticePlan], rng: np.random.Generator) -> People:
    """Draw a practice's people: ages and sexes as published, then the dead and the leavers of three years."""
    sex, age = _current(practice)
    n = len(sex)
    dead_sex, dead_age = _dead(practice, sex, age, rng)
    n_dead, n_left, n_visit = len(dead_sex), max(1, round(n * 0.04)), max(1, round(n * 0.02))
    pick = rng.integers(0, n, n_left + n_visit)
    young = rng.random(len(pick)) < 0.5
    pick_age = np.where(young & (age[pick] > 40), rng.integers(18, 40, len(pick)), age[pick])
    kind = np.repeat([CURRENT, DIED, LEFT, VISITOR], [n, n_dead, n_left, n_visit]).astype(np.int8)
    sex = np.concatenate([sex, dead_sex, sex[pick]])
    age = np.concatenate([age, dead_age, pick_age])
    total = len(sex)
    death = np.full(total, clock.NEVER)
    start3, end = clock.HOSPITAL_START, clock.DATA_DATE
    dead = kind == DIED
    death[dead] = clock.spread(rng, np.full(n_dead, start3), np.full(n_dead, end), season=0.16)
    left = np.full(total, clock.NEVER)
    left[kind == LEFT] = clock.spread(rng, np.full(n_left, start3 + 30), np.full(n_left, end))
    reference_day = np.where(dead, death, end)
    birth = np.floor(reference_day - 365.2425 * (age + rng.random(total) * 0.998) - 0.5).astype(np.int64)
    observed_end = np.where(dead, death, np.where(kind == LEFT, left, end))
    birth = np.minimum(birth, observed_end - np.where(age < 1, 3, 60))
    reg_start, previous, moved = _registration(rng, practice, everybody, kind, birth, observed_end)
    reg_end = np.where(dead, death, left)
    return People(
        practice,
        kind,
        sex.astype(np.int8),
        age,
        birth,
        observed_end,
        death,
        reg_start,
        reg_end,
        previous,
        moved,
    )


def _current(practice: PracticePlan) -> tuple[Array, Array]:
    t = reference.table("practice_age_sex")
    mask = t["practice_code"] == practice.code
    counts = apportion(practice.people, t["patients"][mask].astype(float))
    ones = reference.table("pcn_single_year")
    in_pcn = ones["pcn_code"] == practice.pcn
    sexes, ages = [], []
    for label, low, count in zip(t["sex"][mask], t["age_from"][mask], counts, strict=True):
        band = in_pcn & (ones["sex"] == label) & (ones["age"] >= low) & (ones["age"] < low + 5)
        single = apportion(int(count), ones["patients"][band].astype(float))
        ages.append(np.repeat(ones["age"][band], single))
        sexes.append(np.full(int(count), 1 if label == "MALE" else 2))
    age = np.concatenate(ages)
    oldest = age >= 95
    age[oldest] = 95 + np.arange(oldest.sum()) * 7 // max(1, oldest.sum())
    return np.concatenate(sexes), age


def _dead(practice: PracticePlan, sex: Array, age: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Those who died in three years: expected deaths from the life table, a fraction of a person at a time."""
    expected = 3.0 * reference.mortality()[sex - 1, age] * np.exp(0.17 * _mean_deprivation(practice))
    died = rng.random(len(sex)) < np.minimum(expected, 0.95)
    return sex[died], age[died]


def _mean_deprivation(practice: PracticePlan) -> float:
    places, share = reference.practice_lsoa(practice.code)
    return float((reference.lsoas()["imd_z"][places] * share).sum())


def _registration(
    rng: np.random.Generator,
    practice: PracticePlan,
    everybody: list[PracticePlan],
    kind: Array,
    birth: Array,
    end: Array,
) -> tuple[Array, Array, Array]:
    """Start of the present registration; for some, the practice they came from and the day they moved."""
    n = len(kind)
    years = rng.exponential(16.0, n) + 0.15
    start = np.maximum(birth + rng.integers(3, 28, n), np.floor(end - years * 365.25).astype(np.int64))
    start = np.minimum(start, end - 1)
    start = np.maximum(start, birth)
    previous = np.full(n, -1)
    moved = np.full(n, clock.NEVER)
    others = [p.index for p in everybody if p.index != practice.index]
    near = [p.index for p in everybody if p.index != practice.index and p.pcn == practice.pcn] or others
    from_outside = start > birth + 60
    chance = np.where(start > clock.GP_START + 60, 0.45, 0.0)
    mover = from_outside & (rng.random(n) < chance) & (kind != VISITOR)
    source = np.where(rng.random(n) < 0.6, rng.choice(near, n), rng.choice(others, n))
    previous[mover] = source[mover]
    moved[mover] = start[mover]
    return start, previous, moved
