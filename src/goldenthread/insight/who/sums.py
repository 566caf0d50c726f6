"""People, facts and amounts by age band, of a cohort and of everybody else of its ages.

Everybody is added up by year of age once for a population, whatever is asked about it; a question then reads the facts of its own
people alone, and the others are the rest.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from goldenthread.cohorts import Cohort, Population
from goldenthread.definitions.expressions import Compare, Constant, Node
from goldenthread.insight.who.facts import Average, Fact
from goldenthread.measures import to_sql

AGE_EDGES = (18, 40, 65, 75, 85)
BANDS = len(AGE_EDGES) + 1
TOO_MUCH = 0.9
"""The share of a total that two people may not make up."""
_SAYS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<": operator.lt, "<=": operator.le, "==": operator.eq,
}  # fmt: skip


@dataclass(frozen=True)
class Amount:
    """One number added up by age band: sums, people with a value, and the two largest amounts of all."""

    sums: np.ndarray
    people: np.ndarray
    largest: list[float]

    @property
    def of_two(self) -> bool:
        """Whether two people make up nearly all of it, or may do."""
        total = float(self.sums.sum())
        return total > 0 and sum(self.largest) > TOO_MUCH * total

    def mean(self, weights: np.ndarray | None = None) -> float:
        """The mean, by band weights where they are given; not a number where two people make up nearly all of it."""
        everybody = int(self.people.sum())
        if not everybody or self.of_two:
            return float("nan")
        mean = float(self.sums.sum()) / everybody
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
    population = cohort.population

    def sql(node: Node) -> str:
        return to_sql(node, population.variables, index=population.index_sql)

    parts = ["count(*) AS people"]
    # six times as fast as count(*) FILTER, which picks rows out for every fact
    parts += [f"count_if({sql(f.node)}) AS f{n}" for n, f in enumerate(facts)]
    for n, one in enumerate(averages):
        amount = f"CAST({one.fact} AS DOUBLE)"
        parts += [f"sum({amount}) AS s{n}", f"count({one.fact}) AS c{n}", f"max({amount}, 2) AS m{n}"]
    select = ", ".join(parts)
    needs = {"age", *(n for f in facts for n in f.needs), *(a.fact for a in averages)}
    ages = " AND ".join(f"({sql(t)})" for t in terms) or "TRUE"
    inside = f"{ages} AND coalesce({cohort.sql}, FALSE)"
    asked = sorted({*needs, *cohort.needs})
    them = _side(population.grouped("age", select, asked, where=inside), terms, len(facts), len(averages))
    everybody = _side(population.grouped("age", select, sorted(needs)), terms, len(facts), len(averages))
    amounts = []
    for n, (all_of_it, theirs) in enumerate(zip(everybody.amounts, them.amounts, strict=True)):
        rest = Amount(
            np.round(all_of_it.sums - theirs.sums, 6), all_of_it.people - theirs.people, all_of_it.largest
        )
        if rest.of_two:  # by the largest of all; those may be among them
            largest = _largest(
                population, averages[n].fact, asked, f"{ages} AND NOT coalesce({cohort.sql}, FALSE)"
            )
            rest = Amount(rest.sums, rest.people, largest)
        amounts.append(rest)
    return Sums(them, Side(everybody.people - them.people, everybody.facts - them.facts, amounts))


def _largest(population: Population, fact: str, needs: Sequence[str], where: str) -> list[float]:
    table = population.grouped(
        "TRUE AS everybody", f"max(CAST({fact} AS DOUBLE), 2) AS m", needs, where=where
    )
    return [float(v) for row in table.column("m").to_pylist() for v in row or []]


def _side(table: pa.Table, terms: Sequence[Compare], facts: int, averages: int) -> Side:
    """Rows by year of age, added up to bands."""
    ages = table.column("age").to_pylist()
    kept = np.array([_meets(age, terms) for age in ages], bool)
    band = np.array([0 if age is None else bisect_right(AGE_EDGES, age) for age in ages], np.int64)[kept]

    def added(name: str) -> np.ndarray:
        column = table.column(name).to_numpy(zero_copy_only=False)[kept]
        return np.bincount(band, weights=np.nan_to_num(column.astype(float)), minlength=BANDS)

    def counted(name: str) -> np.ndarray:
        return added(name).astype(np.int64)

    amounts = []
    for n in range(averages):
        largest = [
            v for row, k in zip(table.column(f"m{n}").to_pylist(), kept, strict=True) if k for v in row or []
        ]
        amounts.append(Amount(added(f"s{n}"), counted(f"c{n}"), sorted(largest)[-2:]))
    of_facts = [counted(f"f{n}") for n in range(facts)]
    return Side(counted("people"), np.array(of_facts, np.int64).reshape(facts, BANDS), amounts)


def _meets(age: int | None, terms: Sequence[Compare]) -> bool:
    """Whether an age meets every condition; one that is not known meets none."""
    return all(
        age is not None and isinstance(t.right, Constant) and _SAYS[t.operator](age, t.right.value)
        for t in terms
    )
