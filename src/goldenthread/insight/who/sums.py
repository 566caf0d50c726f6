"""People, facts and amounts by age band, of a cohort and of everybody else of its ages.

What is looked at is the same whatever is asked, so everybody's facts are kept as one bit each, and a question costs a few
comparisons of bits: a hundredth of a second for a million people.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenthread.cohorts import Cohort, Population
from goldenthread.definitions.expressions import Compare, Constant, Node
from goldenthread.insight.who.facts import Average, Fact
from goldenthread.measures import to_sql

AGE_EDGES = (18, 40, 65, 75, 85)
BANDS = len(AGE_EDGES) + 1
TOO_MUCH = 0.9
"""The share of a total that two people may not make up."""
_NOT_KNOWN = 255
_SAYS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<": operator.lt, "<=": operator.le, "==": operator.eq,
}  # fmt: skip

Bits = NDArray[np.uint64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Amount:
    """One number added up by age band: sums, people with a value, and the two largest amounts of all."""

    sums: np.ndarray
    people: np.ndarray
    largest: list[float]

    def mean(self, weights: np.ndarray | None = None) -> float:
        """The mean, by band weights where they are given; not a number where two people make up nearly all of it."""
        total, everybody = float(self.sums.sum()), int(self.people.sum())
        if not everybody or (total > 0 and sum(self.largest) > TOO_MUCH * total):
            return float("nan")
        mean = total / everybody
        if weights is not None:
            mean = float((self.sums / np.maximum(self.people, 1)) @ weights)
        return round(mean, -1) if mean >= 1000 else round(mean, 1 if mean >= 1 else 2)


@dataclass(frozen=True)
class Side:
    """People by age band, of each fact (facts x bands) those who have it, and each amount."""

    people: np.ndarray
    facts: np.ndarray
    amounts: list[Amount]


@dataclass(frozen=True)
class Sums:
    """A cohort and everybody else."""

    them: Side
    others: Side

    @property
    def weights(self) -> np.ndarray:
        """The ages of the cohort, as weights for the others; a band without others gives its weight to the rest."""
        there = np.where(self.others.people > 0, self.them.people, 0) / max(int(self.them.people.sum()), 1)
        return np.asarray(there / max(float(there.sum()), 1e-12))


def sums_of(
    cohort: Cohort, terms: Sequence[Compare], facts: Sequence[Fact], averages: Sequence[Average]
) -> Sums:
    """Both sides, among those whose age meets ``terms``."""
    all_of_them = everybody(cohort.population, facts, averages)
    here, inside = all_of_them.marked(cohort.population.pids), all_of_them.marked(cohort.pids)
    here &= all_of_them.there & all_of_them.of_ages(terms)
    return Sums(all_of_them.side(here & inside), all_of_them.side(here & ~inside))


@dataclass(frozen=True)
class Everybody:
    """Facts of all people by person number: who there is, ages, a bit for each fact, and amounts (not a number where there is none).

    What practices share may change between two looks at it: nobody counts whose facts are not here.
    """

    there: Bools
    ages: NDArray[np.uint8]
    facts: Bits
    amounts: list[NDArray[np.floating[Any]]]

    def marked(self, pids: np.ndarray) -> Bools:
        """Who is among those."""
        mask = np.zeros(len(self.ages), bool)
        mask[pids] = True
        return mask

    def of_ages(self, terms: Sequence[Compare]) -> Bools:
        """Whose age meets every condition; one that is not known meets none."""
        meets = [all(_meets(age, term) for term in terms) for age in range(256)]
        return np.array(meets, bool)[self.ages]

    def side(self, who: Bools) -> Side:
        """These people, added up."""
        band = _BAND[self.ages]
        people, facts = np.zeros(BANDS, np.int64), np.zeros((len(self.facts), BANDS), np.int64)
        for number in range(BANDS):
            bits = _as_bits(who & (band == number))
            people[number] = np.bitwise_count(bits).sum(dtype=np.int64)
            if people[number]:
                facts[:, number] = [np.bitwise_count(fact & bits).sum(dtype=np.int64) for fact in self.facts]
        rows = np.flatnonzero(who)
        return Side(people, facts, [_added(amount[rows], band[rows]) for amount in self.amounts])


def _added(amount: NDArray[np.floating[Any]], band: NDArray[np.uint8]) -> Amount:
    known = ~np.isnan(amount)
    if not known.all():
        amount, band = amount[known], band[known]
    sums = np.bincount(band, weights=amount, minlength=BANDS)
    people = np.bincount(band, minlength=BANDS)
    return Amount(
        sums,
        people,
        [float(v) for v in np.partition(amount, -2)[-2:]] if len(amount) > 1 else amount.tolist(),
    )


def everybody(population: Population, facts: Sequence[Fact], averages: Sequence[Average]) -> Everybody:
    """Worked out once for all scopes, and kept beside the facts."""
    needs = sorted({"age", *(n for f in facts for n in f.needs), *(a.fact for a in averages)})
    whole = population.whole.for_facts(needs)

    def sql(node: Node) -> str:
        return to_sql(node, whole.variables, index=whole.index_sql)

    parts = ["pid", "age", *(f"coalesce({sql(f.node)}, FALSE) AS f{n}" for n, f in enumerate(facts))]
    parts += [f"CAST({a.fact} AS DOUBLE) AS a{n}" for n, a in enumerate(averages)]
    return whole.kept(
        "everybody's facts",
        ", ".join(parts),
        needs,
        lambda table: _packed(table, whole.snapshot.people, len(facts), len(averages)),
        most=2,
    )


def _packed(table: pa.Table, people: int, facts: int, averages: int) -> Everybody:
    pids = table.column("pid").to_numpy()
    ages = np.full(people, _NOT_KNOWN, np.uint8)
    found = table.column("age").fill_null(_NOT_KNOWN).to_numpy()
    # dates of birth may disagree: an age below 0 is that of a child, and none is so old as to mean "not known"
    ages[pids] = np.where(found == _NOT_KNOWN, _NOT_KNOWN, np.clip(found, 0, _NOT_KNOWN - 1))
    there = np.zeros(people, bool)
    there[pids] = True
    bits = np.zeros((facts, -(-people // 64)), np.uint64)
    for n in range(facts):
        mask = np.zeros(people, bool)
        mask[pids] = table.column(f"f{n}").to_numpy()
        bits[n] = _as_bits(mask)
    return Everybody(there, ages, bits, list(_amounts(table, pids, people, averages)))


def _amounts(table: pa.Table, pids: np.ndarray, people: int, averages: int) -> Iterator[np.ndarray]:
    for n in range(averages):
        values = np.full(people, np.nan)
        values[pids] = table.column(f"a{n}").to_numpy()
        short = values.astype(np.float32)
        # counts and days lose nothing by taking half the room
        yield short if np.array_equal(short, values, equal_nan=True) else values


def _as_bits(mask: Bools) -> Bits:
    padded = np.zeros(-(-len(mask) // 64) * 64, bool)
    padded[: len(mask)] = mask
    return np.packbits(padded).view(np.uint64)


def _meets(age: int, term: Compare) -> bool:
    return (
        age != _NOT_KNOWN and isinstance(term.right, Constant) and _SAYS[term.operator](age, term.right.value)
    )


_BAND = np.array([0 if a == _NOT_KNOWN else bisect_right(AGE_EDGES, a) for a in range(256)], np.uint8)
