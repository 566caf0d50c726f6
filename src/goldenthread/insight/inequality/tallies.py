"""People and events by group and by age and sex, exactly. For use inside the room: nothing here may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenthread.cohorts import NOT_KNOWN, Dimension, Population, dimension
from goldenthread.definitions.expressions import parse
from goldenthread.insight.inequality.outcomes import Outcome
from goldenthread.measures import to_sql

Floats = NDArray[np.float64]
Ids = NDArray[np.int32]

BANDS: Mapping[str, tuple[int, ...]] = {
    "ten": (5, 15, 25, 35, 45, 55, 65, 75, 85),
    "five": (18, 45, 65, 80),
    "three": (18, 65),
}
"""Ages at which a new band begins, from fine to coarse: adjustment uses the finest that every group can bear."""


@dataclass(frozen=True)
class Members:
    """One row for each person of the denominator: number, value, group, age and sex, in the order of ``pid``.

    ``codes`` are places in ``labels``, the groups found.
    """

    pids: Ids
    values: Floats
    codes: NDArray[np.int64]
    labels: tuple[str, ...]
    ages: Floats
    female: NDArray[np.bool_]
    fifths: NDArray[np.int64]

    def ranks(self, groups: Sequence[str]) -> NDArray[np.int64]:
        """Which of ``groups`` each person is in, as a number."""
        rank = {label: n for n, label in enumerate(groups)}
        lookup = np.array([rank[label] for label in self.labels] or [0], dtype=np.int64)
        return lookup[self.codes]

    def parts(self, groups: Sequence[str]) -> list[NDArray[np.int64]]:
        """Where the people of each of ``groups`` are, in one pass however many groups there are."""
        ranks = self.ranks(groups)
        order = np.argsort(ranks, kind="stable")
        ends = np.searchsorted(ranks[order], np.arange(len(groups)), side="right")
        starts = np.concatenate([[0], ends[:-1]]) if len(groups) else ends
        return [order[a:b] for a, b in zip(starts, ends, strict=True)]

    def strata(self, bands: str, *, sex: bool = True, deprivation: bool = False) -> NDArray[np.int64]:
        """The age band of each person, and sex and deprivation fifth where wanted, as one number from 0."""
        band = np.searchsorted(BANDS[bands], self.ages, side="right") if bands else np.zeros(len(self.pids))
        band = band.astype(np.int64)
        if sex:
            band = band * 2 + self.female
        return band * 6 + self.fifths if deprivation else band


def members_of(population: Population, outcome: Outcome, by: Dimension | None) -> Members:
    """Everybody of the outcome's denominator in this population."""
    known, index = population.variables, population.index_sql
    value = to_sql(parse(outcome.numerator), known, index=index)
    where = to_sql(parse(outcome.denominator), known, index=index)
    group = f"coalesce({by.sql}, '{NOT_KNOWN}')" if by else "''"
    needs = [*outcome.needs, "age", "sex", "imd_quintile", *(by.needs if by else ())]
    table = population.query(
        f"pid, coalesce(CAST({value} AS DOUBLE), 0) AS value, {group} AS grp, age, coalesce(sex = '2', FALSE) AS female, "
        "coalesce(imd_quintile, 0) AS fifth",
        needs,
        where=where,
    )
    named = pc.dictionary_encode(table.column("grp").combine_chunks())
    return Members(
        pids=np.asarray(table.column("pid").to_numpy()),
        values=np.asarray(table.column("value").to_numpy(), dtype=float),
        codes=np.asarray(named.indices.to_numpy(zero_copy_only=False), dtype=np.int64),
        labels=tuple(str(x) for x in named.dictionary.to_pylist()),
        ages=np.asarray(pc.fill_null(table.column("age"), 0).to_numpy(), dtype=float),
        female=np.asarray(table.column("female").to_numpy(zero_copy_only=False), dtype=bool),
        fifths=np.asarray(table.column("fifth").to_numpy(), dtype=np.int64),
    )


def groups_in_order(members: Members, by: Dimension) -> list[str]:
    """Groups that have people, in the order of the dimension, the unknown last."""
    place = {label: n for n, label in enumerate(by.order)}

    def key(label: str) -> tuple[bool, int, str]:
        return (label == NOT_KNOWN, place.get(label, len(place)), by.names.get(label, label))

    return sorted(members.labels, key=key)


def dimension_of(population: Population, name: str) -> Dimension:
    """The dimension called ``name``; ``CohortError`` where there is none."""
    return dimension(name.strip(), population.variables, population.snapshot)


def dispersion(values: Floats) -> float:
    """How much more the sum of ``values`` varies than independent events would: 1 where nobody has more than one.

    Each person's events come together, so the variance of their sum is the sum of squares, not the sum.

    >>> dispersion(np.array([1.0, 1.0, 0.0])), dispersion(np.array([5.0, 1.0]))
    (1.0, 4.333333333333333)
    """
    total = float(values.sum())
    return max(1.0, float((values**2).sum()) / total) if total > 0 else 1.0


def by_stratum(
    values: Floats, strata: NDArray[np.int64], places: NDArray[np.int64], groups: int, size: int
) -> Floats:
    """Sum of ``values`` by group and stratum: a table of groups by strata."""
    flat = np.bincount(places * size + strata, weights=values, minlength=groups * size)
    return np.asarray(flat.reshape(groups, size), dtype=float)
