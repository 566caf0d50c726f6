"""Who lives with whom, and where: families, couples, people alone, shared houses and care homes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, names, reference
from goldenthread.demo.population import CURRENT, DIED, VISITOR, People

Array = npt.NDArray[Any]
FAMILY, COUPLE, ALONE, SHARED, CARE_HOME = 0, 1, 2, 3, 4


def settle(people: People, rng: np.random.Generator) -> None:
    """Give everybody a household, a small area, an ethnic category, a name and an address."""
    people.more["mother"] = np.full(len(people), -1)
    household, kind = _form(people, rng)
    lsoa = _place(people, household, kind, rng)
    ethnic = _ethnicity(people, household, kind, lsoa, rng)
    m = people.more
    m["household"], m["household_kind"], m["lsoa"], m["ethnic"] = household, kind[household], lsoa, ethnic
    m["care_home"] = kind[household] == CARE_HOME
    m["imd_z"] = reference.lsoas()["imd_z"][lsoa]
    m["imd_decile"] = reference.lsoas()["imd_decile"][lsoa]
    m["alone"] = np.bincount(household)[household] == 1
    _names(people, household, ethnic, rng)
    _addresses(people, household, kind, lsoa, rng)


def _form(people: People, rng: np.random.Generator) -> tuple[Array, Array]:
    n = len(people)
    age, sex = people.age, people.sex
    current = people.kind == CURRENT
    home = np.full(n, -1)
    kinds: list[int] = []

    def new(kind: int, count: int) -> Array:
        first = len(kinds)
        kinds.extend([kind] * count)
        return np.arange(first, first + count)

    chance = np.interp(age, [60, 65, 75, 80, 85, 90, 100], [0.0005, 0.004, 0.014, 0.032, 0.075, 0.16, 0.28])
    chance = np.where(people.kind == DIED, np.minimum(0.9, chance * 3.2 + (age > 70) * 0.06), chance)
    resident = (rng.random(n) < chance) & (current | (people.kind == DIED)) & (age >= 18)
    if resident.any():
        homes = new(CARE_HOME, max(1, round(int(resident.sum()) / 24)))
        home[resident] = rng.choice(homes, int(resident.sum()))

    free = current & (home < 0)
    at_home = np.interp(age, [17, 18, 20, 24, 28, 35], [1, 0.9, 0.7, 0.5, 0.25, 0.04])
    child = free & (rng.random(n) < at_home)
    children = np.flatnonzero(child)
    children = children[np.argsort(age[children] + rng.normal(0, 2.5, len(children)), kind="stable")]
    sizes = rng.choice([1, 2, 3, 4], len(children) + 1, p=[0.42, 0.40, 0.13, 0.05])
    family = np.repeat(np.arange(len(sizes)), sizes)[: len(children)]
    count = int(family[-1]) + 1 if len(children) else 0
    oldest = np.zeros(count)
    np.maximum.at(oldest, family, age[children])
    homes = new(FAMILY, count)
    home[children] = homes[family] if count else home[children]
    adult = free & ~child
    mothers = _match(
        oldest + np.clip(rng.normal(28.0, 5.0, count), 18, 42), age, adult & (sex == 2), rng, -6, 14
    )
    home[mothers[mothers >= 0]] = homes[mothers >= 0]
    if count:
        born_to = mothers[family]
        real = (born_to >= 0) & (age[born_to] - age[children] >= 15) & (age[born_to] - age[children] <= 47)
        people.more["mother"][children] = np.where(real, born_to, -1)
    adult &= home < 0
    mother_age = np.where(mothers >= 0, age[mothers], oldest + 29)
    want_father = (rng.random(count) < 0.79) | (mothers < 0)
    fathers = _match(
        np.where(want_father, mother_age + rng.normal(2.3, 3.5, count), -99),
        age,
        adult & (sex == 1),
        rng,
        -8,
        12,
    )
    home[fathers[fathers >= 0]] = homes[fathers >= 0]
    adult &= home < 0
    _adopt_orphans(home, homes, mothers, fathers, age, adult, children, family, rng)
    adult &= home < 0

    pairing = np.interp(age, [18, 22, 28, 40, 65, 75, 85, 95], [0, 0.2, 0.66, 0.8, 0.86, 0.74, 0.5, 0.18])
    women = np.flatnonzero(adult & (sex == 2) & (rng.random(n) < pairing))
    women = women[np.argsort(age[women], kind="stable")]
    partner_men = adult & (sex == 1) & (age >= 18)
    men = _match(age[women] + rng.normal(2.0, 3.5, len(women)), age, partner_men, rng, -10, 12)
    got = men >= 0
    homes = new(COUPLE, int(got.sum()))
    home[women[got]] = homes
    home[men[got]] = homes
    adult &= home < 0

    sharing = np.flatnonzero(adult & (age < 34) & (rng.random(n) < np.where(age < 24, 0.6, 0.3)))
    if len(sharing) >= 2:
        group = np.repeat(
            np.arange(len(sharing)), rng.choice([2, 3, 4, 5], len(sharing), p=[0.4, 0.3, 0.2, 0.1])
        )
        group = group[: len(sharing)]
        homes = new(SHARED, int(group[-1]) + 1)
        home[sharing] = homes[group]
    _join_survivors(people, home, kinds, rng)
    rest = np.flatnonzero(home < 0)
    home[rest] = new(ALONE, len(rest))
    return home, np.array(kinds)


def _match(
    wanted: npt.NDArray[Any],
    age: Array,
    free: npt.NDArray[np.bool_],
    rng: np.random.Generator,
    below: int,
    above: int,
) -> Array:
    """For each wanted age a free person near it (nearest year first), or -1; nobody is used twice."""
    pools: list[list[int]] = [[] for _ in range(125)]
    candidates = np.flatnonzero(free)
    rng.shuffle(candidates)
    for i in candidates.tolist():
        pools[min(int(age[i]), 124)].append(i)
    steps = sorted(range(below, above + 1), key=abs)
    out = np.full(len(wanted), -1)
    for k, w in enumerate(np.round(wanted).astype(int).tolist()):
        if w < 0:
            continue
        for step in steps:
            a = w + step
            if 18 <= a < 125 and pools[a]:
                out[k] = pools[a].pop()
                break
    return out


def _adopt_orphans(
    home: Array, homes: Array, mothers: Array, fathers: Array, age: Array, adult: Array,
    children: Array, family: Array, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Families left without an adult get one, or their children join another family."""
    orphan = np.flatnonzero((mothers < 0) & (fathers < 0))
    if not len(orphan):
        return
    spare = np.flatnonzero(adult & (age >= 30))
    rng.shuffle(spare)
    k = min(len(spare), len(orphan))
    home[spare[:k]] = homes[orphan[:k]]
    left = orphan[k:]
    parented = np.setdiff1d(np.arange(len(homes)), left)
    if len(left) and len(parented):
        for f in left.tolist():
            home[children[family == f]] = homes[parented[int(rng.integers(0, len(parented)))]]


def _join_survivors(people: People, home: Array, kinds: list[int], rng: np.random.Generator) -> None:
    """Nearly half of those who died left a widow or widower who still lives at the address."""
    dead = np.flatnonzero(
        (people.kind == DIED) & (home < 0) & (people.age > 60) & (rng.random(len(people)) < 0.45)
    )
    alone = (people.kind == CURRENT) & (home < 0) & (people.age > 60)
    for sex in (1, 2):
        mine = dead[people.sex[dead] == sex]
        spouse = _match(people.age[mine].astype(float), people.age, alone & (people.sex != sex), rng, -8, 8)
        for d, s in zip(mine[spouse >= 0].tolist(), spouse[spouse >= 0].tolist(), strict=True):
            kinds.append(ALONE)
            home[d] = home[s] = len(kinds) - 1


def _place(people: People, household: Array, kind: Array, rng: np.random.Generator) -> Array:
    """A small area for each household: as the practice's list is spread, pulled by age, death and deprivation."""
    places, share = reference.practice_lsoa(people.plan.code)
    t = reference.lsoas()
    h = len(kind)
    mean_age = np.bincount(household, weights=people.age, minlength=h) / np.maximum(
        np.bincount(household, minlength=h), 1
    )
    died = np.bincount(household, weights=people.kind == DIED, minlength=h) > 0
    out = np.zeros(h, dtype=np.int64)
    z = t["imd_z"][places]
    young_died = died & (mean_age < 75)
    groups = [
        ((kind == FAMILY) & ~died, t["share_0_17"][places] / 0.19),
        ((kind == SHARED) & ~died, (t["share_18_29"][places] / 0.13) ** 2),
        (young_died, np.exp(0.30 * z)),
        (died & ~young_died, np.exp(0.14 * z) * t["share_65"][places] / 0.23),
        ((mean_age >= 65) & ~died, t["share_65"][places] / 0.23),
        ((mean_age < 65) & ~died & np.isin(kind, [COUPLE]), np.exp(-0.10 * z)),
        ((mean_age < 65) & ~died & np.isin(kind, [ALONE, CARE_HOME]), np.exp(0.12 * z)),
    ]
    for mask, pull in groups:
        weight = share * pull
        out[mask] = rng.choice(places, int(mask.sum()), p=weight / weight.sum())
    return out[household]


def _ethnicity(people: People, household: Array, kind: Array, lsoa: Array, rng: np.random.Generator) -> Array:
    """Ethnic category, the same for most of a household; older households less diverse than the census mean."""
    t = reference.lsoas()
    h = len(kind)
    first = np.zeros(h, dtype=np.int64)
    first[household[::-1]] = np.arange(len(household))[::-1]
    oldest = np.zeros(h)
    np.maximum.at(oldest, household, people.age)
    weight = t["ethnicity"][lsoa[first]].copy()
    weight[:, 1:] *= np.where(oldest >= 65, 0.25, np.where(kind == FAMILY, 1.5, 1.2))[:, None]
    cumulative = np.cumsum(weight, axis=1)
    draw = rng.random(h) * cumulative[:, -1]
    code = (cumulative < draw[:, None]).sum(axis=1)
    mine = code[household]
    other = rng.random(len(mine)) < 0.05
    mine[other] = 0
    return np.asarray(np.array(reference.ETHNIC_CODES, dtype=object)[mine])


def _names(people: People, household: Array, ethnic: Array, rng: np.random.Generator) -> None:
    n = len(people)
    year = 1970 + people.birth // 365.2425
    people.more["given"] = np.array(names.given(rng, people.sex, year, ethnic.tolist()), dtype=object)
    _no_namesakes(people, household, year, ethnic, rng)
    own = np.array(names.family(rng, ethnic.tolist()), dtype=object)
    lead = np.full(int(household.max()) + 1, -1)
    order = np.lexsort((-people.age, people.sex))[::-1]
    lead[household[order]] = order
    order = np.lexsort((people.age, -people.sex))
    lead[household[order]] = order
    share = np.where(people.age < 25, 0.92, np.where(people.age > 60, 0.93, 0.72))
    shares = np.isin(people.more["household_kind"], [FAMILY, COUPLE, ALONE]) & (rng.random(n) < share)
    people.more["family"] = np.where(shares, own[lead[household]], own)


def _no_namesakes(
    people: People, household: Array, year: Array, ethnic: Array, rng: np.random.Generator
) -> None:
    """Two people under 30 in one home seldom share a given name."""
    for _ in range(4):
        key = [f"{h} {g}" for h, g in zip(household.tolist(), people.given.tolist(), strict=True)]
        _, first = np.unique(np.array(key), return_index=True)
        again = np.ones(len(key), dtype=bool)
        again[first] = False
        again &= people.age < 30
        if not again.any():
            return
        people.more["given"][again] = names.given(rng, people.sex[again], year[again], ethnic[again].tolist())


def _addresses(people: People, household: Array, kind: Array, lsoa: Array, rng: np.random.Generator) -> None:
    h = len(kind)
    place = np.zeros(h, dtype=np.int64)
    place[household] = lsoa
    t = reference.lsoas()
    streets, homes = names.STREETS, names.HOMES
    pool = reference.postcodes_by_lsoa()
    pick, number, street = rng.random(h), rng.integers(1, 140, h), rng.integers(0, len(streets), h)
    flat = rng.random(h) < 0.12
    line1, line2, postcode = [], [], []
    out_letters = "CIKMOV"
    for i in range(h):
        here = pool[int(place[i])]
        if here:
            postcode.append(here[int(pick[i] * len(here))])
        else:
            a, b = out_letters[int(pick[i] * 6)], out_letters[int(pick[i] * 997) % 6]
            postcode.append(f"{people.plan.outward} {1 + i % 9}{a}{b}")
        road = f"{number[i]} {streets[street[i]]}"
        if kind[i] == CARE_HOME:
            road = f"{homes[i % len(homes)]}, {streets[street[i]]}"
        elif flat[i]:
            road = f"Flat {1 + i % 12}, {road}"
        line1.append(road)
        line2.append(str(t["msoa_name"][place[i]]))
    m = people.more
    m["line1"], m["line2"], m["postcode"] = (
        np.array(x, dtype=object)[household] for x in (line1, line2, postcode)
    )
    m["uprn"] = 990_000_000_000 + people.plan.index * 1_000_000 + household
    tenure = rng.random(h)
    social = np.clip(t["social_rented"][place] * np.where(np.isin(kind, [ALONE, FAMILY]), 1.2, 0.8), 0, 0.95)
    m["social_tenant"] = (tenure < social)[household] & (kind != CARE_HOME)[household]
    m["private_tenant"] = ((tenure >= social) & (tenure < social + t["private_rented"][place]))[household]
    m["low_income"] = _low_income(people, household, place, m["social_tenant"], rng)
    years = rng.exponential(11.0, h)
    since = np.floor(clock.DATA_DATE - years * 365.25).astype(np.int64)[household]
    m["address_start"] = np.clip(since, people.birth, people.end - 1)
    entered = np.floor(people.end - rng.exponential(2.2, len(people)) * 365.25).astype(np.int64) - 1
    care = m["care_home"]
    m["address_start"] = np.where(care, np.maximum(entered, people.birth + 365 * 18), m["address_start"])
    m["visitor"] = people.kind == VISITOR


def _low_income(
    people: People, household: Array, place: Array, social: Array, rng: np.random.Generator
) -> Array:
    """Households on a low income: commoner in deprived areas and social housing."""
    z = reference.lsoas()["imd_z"][place]
    by_person_social = np.bincount(household, weights=social, minlength=len(place)) > 0
    eta = -2.3 + 0.75 * z + 1.3 * by_person_social
    return (rng.random(len(place)) < 1 / (1 + np.exp(-eta)))[household]
