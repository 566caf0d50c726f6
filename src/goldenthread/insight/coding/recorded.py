"""How much of a condition is recorded, beside what age, sex and deprivation would lead one to expect."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import NOT_KNOWN, Population, dimension
from goldenthread.definitions import Condition
from goldenthread.definitions.expressions import parse
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.coding.errors import CodingError
from goldenthread.insight.inequality import Outcome, Places, outcome_of, places, standing_policy
from goldenthread.measures import to_sql
from goldenthread.statistics import poisson_limits

_AGES = (5, 15, 25, 35, 45, 55, 65, 75, 85)
FEWEST_EXPECTED = 5.0


@dataclass(frozen=True)
class Recorded:
    """One condition at one place: recorded, expected, and whether it is fewer or more than chance gives.

    ``verdict`` is fewer or more (chance gives that in 2 of 1,000), perhaps fewer or perhaps more (in 5 of 100: with many
    places and conditions some will be), within, or "" where hidden. ``count`` is None where hidden. The interval is Byar's, exact under ten.
    """

    condition: str
    title: str
    place: str
    place_name: str
    people: int | None
    count: int | None
    expected: float | None
    ratio: float | None
    lower: float | None
    upper: float | None
    verdict: str


@dataclass(frozen=True)
class RecordedTable:
    """Conditions by place. ``rows`` holds every pair; ``low`` and ``high`` those that differ by more than chance."""

    rows: tuple[Recorded, ...]
    level: str
    table: ReleasedTable
    index_date: date
    data_date: date

    @property
    def low(self) -> list[Recorded]:
        """Recorded less than expected, the most people short first."""
        return sorted(
            (r for r in self.rows if r.verdict == "fewer"), key=lambda r: (r.count or 0) - (r.expected or 0)
        )

    @property
    def high(self) -> list[Recorded]:
        """Recorded more than expected, the most people over first."""
        return sorted(
            (r for r in self.rows if r.verdict == "more"), key=lambda r: (r.expected or 0) - (r.count or 0)
        )

    @property
    def reading(self) -> str:
        """What stands out, in a sentence."""
        low = self.low
        if not low:
            return "No condition is recorded less than age, sex and deprivation lead one to expect, by more than chance."
        first = low[0]
        more = f" and {len(low) - 1} more" if len(low) > 1 else ""
        return (
            f"{first.title} is recorded less than expected at {first.place_name}: {first.count:,} people, "
            f"{first.expected:,.0f} expected{more}."
        )

    def to_json(self) -> dict[str, Any]:
        """The answer for a program."""
        return {
            "reading": self.reading,
            "level": self.level,
            "recorded": [vars(r) for r in self.rows],
            "index_date": self.index_date.isoformat(),
            "data_date": self.data_date.isoformat(),
            "policy": self.table.policy,
            "message": self.table.message,
        }


def prevalence(population: Population, condition: str, level: str = "practice") -> Places:
    """One condition by practice or area, against what the whole system has at each age, sex and deprivation fifth.

    Few recorded may be good health or poor coding: the funnel says only where to look. Raises ``CodingError`` for a
    condition that is not there.
    """
    return places(population, _condition(population, condition).name, level, deprivation=True)


def recorded(population: Population, level: str = "practice") -> RecordedTable:
    """Every register of the Quality and Outcomes Framework by place, recorded beside expected, in one statement."""
    if level not in ("practice", "pcn", "place"):
        raise CodingError(f"Registers are not kept by {level!r}.", "Choose practice, pcn or place.")
    registers = [c for c in population.catalogue.conditions.values() if c.register]
    outcomes = [outcome_of(population, c.name) for c in registers]
    titles = [
        o.title.removeprefix("Has ").capitalize() if o.title.startswith("Has ") else o.title for o in outcomes
    ]
    needs = [n for o in outcomes for n in o.needs]
    population = population.for_facts(needs)
    by = dimension(level, population.variables, population.snapshot)
    mine = _facts(population, registers, by.sql, [*needs, *by.needs])
    whole = (
        _facts(population.whole, registers, by.sql, [*needs, *by.needs])
        if population.scope.kind != "system"
        else mine
    )
    rates = _rates(whole, len(registers))
    rows, groups = [], sorted(set(mine["place"]))
    for group in (g for g in groups if g != NOT_KNOWN):
        inside = mine[mine["place"] == group]
        pids = inside["pid"].to_numpy()
        for n, register in enumerate(registers):
            held = inside[f"n{n}"].to_numpy(dtype=bool)
            expected = float(rates[n].reindex(inside["stratum"]).fillna(0).sum())
            if expected >= FEWEST_EXPECTED:
                rows.append(
                    (register.name, titles[n], group, by.names.get(group, group), pids, pids[held], expected)
                )
    return _released(population, level, rows)


def _facts(population: Population, registers: list[Condition], place: str, needs: list[str]) -> pd.DataFrame:
    known, index = population.variables, population.index_sql
    bands = " + ".join(f"CAST(age >= {a} AS INTEGER)" for a in _AGES)
    stratum = f"(({bands}) * 2 + CAST(coalesce(sex = '2', FALSE) AS INTEGER)) * 6 + coalesce(imd_quintile, 0)"
    held = [
        f"coalesce({to_sql(parse(c.name), known, index=index)}, FALSE) AS n{n}"
        for n, c in enumerate(registers)
    ]
    table = population.query(
        f"pid, coalesce({place}, '{NOT_KNOWN}') AS place, {stratum} AS stratum, {', '.join(held)}",
        list(dict.fromkeys([*needs, "age", "sex", "imd_quintile"])),
    )
    found: pd.DataFrame = table.to_pandas()
    return found


def _rates(whole: pd.DataFrame, size: int) -> list[pd.Series]:
    by = whole.groupby("stratum")
    return [by[f"n{n}"].mean() for n in range(size)]


def _released(population: Population, level: str, rows: list[tuple[Any, ...]]) -> RecordedTable:
    count = np.array([len(r[5]) for r in rows], dtype=float)
    expected = np.array([r[6] for r in rows])
    lower, upper = poisson_limits(count) if len(rows) else (count, count)
    outer = poisson_limits(count, confidence=0.998) if len(rows) else (count, count)
    frame = pd.DataFrame(
        {
            "condition": [r[0] for r in rows],
            "place": [r[2] for r in rows],
            "title": [r[1] for r in rows],
            "place_name": [r[3] for r in rows],
            "people": [len(r[4]) for r in rows],
            "count": count.astype(int),
            "expected": np.round(expected, 1),
            "ratio": np.round(count / expected, 3),
            "lower": np.round(lower / expected, 3),
            "upper": np.round(upper / expected, 3),
        }
    )
    figures = ("expected", "ratio", "lower", "upper")
    released = release(
        frame,
        policy=standing_policy(population),
        dimensions=["condition", "place"],
        not_additive=["condition", "place"],
        counts=["people", "count"],
        rates=dict.fromkeys(figures, ("count", "people")),
        standardised=list(figures),
        kinds=dict.fromkeys(figures, "value") | {"title": "text", "place_name": "text"},
        purpose=population.purpose.title,
        source="Quality and Outcomes Framework registers; expected from the whole system at each age, sex and deprivation fifth",
        data_date=population.data_date,
        coverage=population.coverage.words,
    )
    verdicts = np.select(
        [outer[1] < expected, outer[0] > expected, upper < expected, lower > expected],
        ["fewer", "more", "perhaps fewer", "perhaps more"],
        "within",
    )
    found = []
    for n, row in enumerate(rows):
        hidden = bool(released.suppressed["count"].iloc[n]) or bool(released.suppressed["ratio"].iloc[n])

        def cell(column: str, n: int = n, hidden: bool = hidden) -> Any:
            if hidden or bool(released.suppressed[column].iloc[n]):
                return None
            return released.frame[column].iloc[n].item()

        found.append(
            Recorded(
                condition=row[0], title=row[1], place=row[2], place_name=row[3], people=cell("people"),
                count=cell("count"), expected=cell("expected"), ratio=cell("ratio"), lower=cell("lower"),
                upper=cell("upper"), verdict="" if hidden else str(verdicts[n]),
            )
        )  # fmt: skip
    return RecordedTable(tuple(found), level, released, population.index_date, population.data_date)


def _condition(population: Population, name: str) -> Outcome:
    if name not in population.catalogue.conditions:
        raise CodingError(
            f"There is no condition called {name!r}.",
            "`goldenthread definitions list --kind condition` shows them.",
        )
    return replace(outcome_of(population, name), name=name)


@cache
def _england() -> dict[str, float]:
    text = (
        files("goldenthread.insight").joinpath("data", "england_qof_2021_22.csv").read_text(encoding="utf-8")
    )
    return {
        r["register"]: int(r["people_on_register"]) / int(r["list_size"])
        for r in csv.DictReader(text.splitlines())
    }


def england(condition: Condition) -> float | None:
    """Prevalence published for England (QOF 2021/22, not adjusted), where the condition is a register.

    >>> from goldenthread.definitions import load_catalogue
    >>> round(england(load_catalogue().conditions["copd"]), 3)
    0.019
    """
    return _england().get(condition.register) if condition.register else None
