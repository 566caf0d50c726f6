"""One pass over the person table: everything a profile counts, by unit, age band and sex."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from goldenthread.cohorts import Population, Scope
from goldenthread.governance import GovernanceError
from goldenthread.insight.profile.contents import Counted, contents

if TYPE_CHECKING:
    import pyarrow as pa

Tree = Literal["registration", "residence"]
AGE_BANDS = (*(f"{5 * n}-{5 * n + 4}" for n in range(18)), "90+")
SEXES = ("female", "male", "other")
STRATA = (len(AGE_BANDS) + 1) * len(SEXES)
"""Five-year ages and one for no age, by female, male and neither."""

LEVELS: dict[Tree, tuple[str, ...]] = {
    "registration": ("practice", "pcn", "place"),
    "residence": ("msoa", "district"),
}
_MOST_CUBES = 6


@dataclass(frozen=True)
class Cube:
    """Counts of every person who may be asked about, by unit (practice or MSOA) and by age and sex.

    ``top``, ``squares`` and ``users`` are numerators (people or events, events squared, people with any event) and
    ``bottom`` denominators: name -> array of units by strata. ``labels`` holds, for each level of the tree, the code
    of every unit. Exact figures, for use inside the house.
    """

    tree: Tree
    counted: dict[str, Counted]
    labels: dict[str, np.ndarray]
    people: np.ndarray
    top: dict[str, np.ndarray]
    squares: dict[str, np.ndarray]
    users: dict[str, np.ndarray]
    bottom: dict[str, np.ndarray]
    more: dict[object, object] = field(default_factory=dict)

    def units(self, scope: Scope) -> np.ndarray:
        """Which units lie in a scope."""
        if scope.kind == "system":
            return np.ones(len(self.people), bool)
        return np.asarray(self.labels[scope.kind] == scope.code)

    def codes(self, kind: str) -> list[str]:
        """Every code of one level that has people, in order."""
        return sorted({str(c) for c in self.labels[kind] if c})

    def by_age_and_sex(self, where: np.ndarray) -> np.ndarray:
        """People of some units by age band (rows, youngest first, the last without an age) and sex."""
        return np.asarray(self.people[where].sum(axis=0).reshape(len(AGE_BANDS) + 1, len(SEXES)))


_cubes: OrderedDict[tuple[object, ...], Cube] = OrderedDict()
_lock = threading.Lock()


def cube_of(population: Population, tree: Tree = "registration") -> Cube:
    """The cube of the whole population; made once for a snapshot, purpose, day, definitions and those who may be asked about."""
    whole = population.whole
    key = (tree, *fingerprint(whole))
    with _lock:
        found = _cubes.get(key)
        if found is None:
            found = _cubes[key] = _made(whole, tree)
            while len(_cubes) > _MOST_CUBES:
                _cubes.popitem(last=False)
        _cubes.move_to_end(key)
        return found


def fingerprint(whole: Population) -> tuple[object, ...]:
    """What decides every figure: snapshot, definitions, day, purpose, and who may be asked about now.

    Looked at for every profile, so that a practice that withdraws is gone from the next one.
    """
    sharing = whole.sharing
    return (
        str(whole.snapshot.path), _hash(whole), whole.index_date, whole.purpose.name, whole.without_practices,
        sharing.state if sharing is not None else "",
    )  # fmt: skip


_hashes: OrderedDict[int, tuple[object, str]] = OrderedDict()


def _hash(population: Population) -> str:
    """The fingerprint of a catalogue, worked out once for each catalogue in memory."""
    catalogue = population.catalogue
    known = _hashes.get(id(catalogue))
    if known is None or known[0] is not catalogue:
        known = _hashes[id(catalogue)] = (catalogue, catalogue.hash())
        while len(_hashes) > 8:
            _hashes.popitem(last=False)
    return known[1]


def _made(whole: Population, tree: Tree) -> Cube:
    counted = {c.name: c for c in contents(whole.catalogue, whole.variables, whole.index_sql)}
    base = whole.groups("count(*) AS people", needs_of(tree), by=f"{_units(tree)}, {_strata()}")
    units = np.array(base.column(LEVELS[tree][0]).to_pylist(), dtype=object).astype(str)
    codes, first = np.unique(units, return_index=True)
    labels = {level: np.array(base.column(level).to_pylist(), dtype=object)[first] for level in LEVELS[tree]}
    cube = Cube(tree, {}, labels, _spread(base, "people", tree, codes), {}, {}, {}, {})
    for part in _parts(whole, list(counted.values())):
        _count(whole, cube, part, codes)
    cube.counted.update({n: c for n, c in counted.items() if n in cube.top})
    return cube


def _parts(whole: Population, counted: list[Counted]) -> list[list[Counted]]:
    """What can be asked in one question: practices may share one feed and withhold another."""
    sharing = whole.sharing
    if sharing is None or sharing.plain:
        return [counted]
    parts: dict[tuple[str, ...], list[Counted]] = {}
    for one in counted:
        try:
            key = whole.for_facts(one.needs).without_practices
        except GovernanceError:  # the purpose may not use the feed at all
            continue
        parts.setdefault(key, []).append(one)
    return list(parts.values())


def _count(whole: Population, cube: Cube, counted: list[Counted], codes: np.ndarray) -> None:
    """One statement for these; denominators that several share are counted once."""
    bottoms = {c.of_sql: f"d{n}" for n, c in enumerate(counted)}
    select = [f"{_how_many(sql)} AS {alias}" for sql, alias in bottoms.items()]
    needs = dict.fromkeys(needs_of(cube.tree))
    for n, one in enumerate(counted):
        needs.update(dict.fromkeys(one.needs))
        if one.people:
            select.append(f"{_how_many(f'({one.of_sql}) AND ({one.sql})')} AS n{n}")
            continue
        amount = f"CASE WHEN {one.of_sql} THEN coalesce(CAST({one.sql} AS DOUBLE), 0) ELSE 0 END"
        select += [
            f"sum({amount}) AS n{n}",
            f"sum({amount} * {amount}) AS q{n}",
            f"{_how_many(f'{amount} > 0')} AS u{n}",
        ]
    table = whole.groups(", ".join(select), needs, by=f"{_units(cube.tree)}, {_strata()}")
    below = {alias: _spread(table, alias, cube.tree, codes) for alias in bottoms.values()}
    for n, one in enumerate(counted):
        cube.top[one.name] = top = _spread(table, f"n{n}", cube.tree, codes)
        cube.squares[one.name] = top if one.people else _spread(table, f"q{n}", cube.tree, codes)
        cube.users[one.name] = top if one.people else _spread(table, f"u{n}", cube.tree, codes)
        cube.bottom[one.name] = below[bottoms[one.of_sql]]


def _how_many(condition: str) -> str:
    """People who meet a condition, as SQL: several times as fast as a filter, which picks rows out for every count."""
    return f"CAST(count_if({condition}) AS BIGINT)"


def needs_of(tree: Tree) -> tuple[str, ...]:
    """Facts that decide where a person is counted."""
    return (*LEVELS[tree], "age", "female", "male")


def _units(tree: Tree) -> str:
    return ", ".join(f"coalesce({level}, '') AS {level}" for level in LEVELS[tree])


def _strata() -> str:
    return (
        f"coalesce(least(age // 5, {len(AGE_BANDS) - 1}), {len(AGE_BANDS)}) AS band, "
        "CASE WHEN female THEN 0 WHEN male THEN 1 ELSE 2 END AS gender"
    )


def _spread(table: pa.Table, column: str, tree: Tree, codes: np.ndarray) -> np.ndarray:
    """A column as units by strata."""
    units = np.array(table.column(LEVELS[tree][0]).to_pylist(), dtype=object).astype(str)
    places = np.searchsorted(codes, units)
    strata = table.column("band").to_numpy().astype(int) * len(SEXES) + table.column("gender").to_numpy()
    out = np.zeros((len(codes), STRATA))
    np.add.at(out, (places, strata), np.nan_to_num(table.column(column).to_numpy().astype(float)))
    return out
