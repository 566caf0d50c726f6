"""Core20PLUS5 on one page: each clinical area in the most deprived fifth, in everybody else and in the PLUS groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow.compute as pc

from goldenthread.cohorts import Population
from goldenthread.definitions.expressions import parse
from goldenthread.disclosure import ReleasedTable
from goldenthread.insight.inequality import contrasts
from goldenthread.insight.inequality.errors import InequalityError
from goldenthread.insight.inequality.figures import ALL, Row, released_figures, shown
from goldenthread.insight.inequality.groups import Area, Group, core20plus5_of
from goldenthread.insight.inequality.naming import within
from goldenthread.insight.inequality.outcomes import Outcome, outcome_of
from goldenthread.insight.inequality.tables import estimate_json, records
from goldenthread.insight.inequality.words import between
from goldenthread.measures import to_sql
from goldenthread.statistics import Estimate

FEWEST = 20
"""PLUS groups of fewer people are left out: no share of so few says anything."""
CORE, REST, UNKNOWN = "core20", "rest", "unknown"


@dataclass(frozen=True)
class Line:
    """One indicator: the most deprived fifth beside everybody else. ``ratio`` is NaN where a figure is hidden."""

    area: Area
    outcome: Outcome
    core: tuple[float, float, float]
    rest: tuple[float, float, float]
    ratio: Estimate
    gap: Estimate
    reading: str

    @property
    def verdict(self) -> str:
        """ "worse", "better", "no clear difference", "different" (neither is better) or "" where it cannot be told."""
        if not np.isfinite(self.gap.value):
            return ""
        if self.gap.lower <= 0 <= self.gap.upper:
            return "no clear difference"
        if self.outcome.better == "neither":
            return "different"
        return "worse" if (self.gap.value < 0) == (self.outcome.better == "higher") else "better"


@dataclass(frozen=True)
class Core20:
    """The view. ``tables`` has for each indicator a row of each ``group``: core20, rest, unknown, All and each PLUS group."""

    lines: tuple[Line, ...]
    plus: tuple[Group, ...]
    tables: Mapping[str, ReleasedTable]
    source: str
    not_recorded: str
    reading: str
    index_date: date
    data_date: date
    notes: tuple[str, ...] = field(default=())

    def figure(self, indicator: str, group: str) -> tuple[float, float, float]:
        """Value and limits of one indicator in one group; NaN where hidden or empty."""
        value, lower, upper = (self._cell(indicator, group, c) for c in ("value", "lower", "upper"))
        return value, lower, upper

    def counts(self, indicator: str, group: str) -> tuple[float, float]:
        """Counted and people, of one indicator in one group; NaN where hidden."""
        return self._cell(indicator, group, "count"), self._cell(indicator, group, "people")

    def _cell(self, indicator: str, group: str, column: str) -> float:
        table = self.tables[indicator]
        at = np.flatnonzero((table.frame["group"] == group).to_numpy())
        return float(shown(table, column)[at[0]]) if len(at) else float("nan")

    def to_json(self) -> dict[str, Any]:
        """The answer for a program."""
        return {
            "reading": self.reading,
            "lines": [
                {
                    "whom": x.area.whom, "area": x.area.title, "indicator": x.outcome.name, "rule": x.outcome.rule,
                    "better": x.outcome.better, "verdict": x.verdict, "reading": x.reading,
                    "ratio": estimate_json(x.ratio), "gap": estimate_json(x.gap),
                }
                for x in self.lines
            ],
            "groups": {name: records(table) for name, table in self.tables.items()},
            "not_recorded": self.not_recorded,
            "source": self.source,
            "index_date": self.index_date.isoformat(),
            "data_date": self.data_date.isoformat(),
            "messages": sorted({t.message for t in self.tables.values() if t.message}),
        }  # fmt: skip


def core20plus5(population: Population, whom: str = "adults") -> Core20:
    """Each clinical area of Core20PLUS5 for ``whom`` (adults, children): the most deprived fifth beside the rest, and PLUS groups.

    Figures are as counted, not adjusted: they are care that is due whatever the age. Raises ``InequalityError`` for a
    view that names an indicator which is not there.
    """
    view = core20plus5_of(population.catalogue)
    areas = [a for a in view.areas if a.whom == whom]
    outcomes = [(a, outcome_of(population, name)) for a in areas for name in a.indicators]
    for area, outcome in outcomes:
        if not outcome.share:
            raise InequalityError(
                f"The Core20PLUS5 area {area.title!r} names {outcome.name!r}, which is a rate and not a share of people.",
                "Name an indicator whose numerator is true or false of each person.",
            )
    population = population.for_facts([n for _, outcome in outcomes for n in outcome.needs])
    groups = tuple(g for g in view.plus if g.name in population.variables)
    rows = _rows(population, [o for _, o in outcomes], groups)
    tables = {
        outcome.name: released_figures(
            population,
            outcome,
            rows[outcome.name],
            ["group"],
            question=f"core20plus5 | {population.index_date}",
            standing=True,
            margins={
                "group": {
                    g: ALL for g in (CORE, REST, UNKNOWN) if g in {r.labels[0] for r in rows[outcome.name]}
                }
            },
        )
        for _, outcome in outcomes
    }
    answer = Core20(
        lines=(),
        plus=groups,
        tables=tables,
        source=view.source,
        not_recorded=view.not_recorded,
        reading="",
        index_date=population.index_date,
        data_date=population.data_date,
    )
    lines = tuple(_line(answer, a, o) for a, o in outcomes)
    return replace(answer, lines=lines, reading=_reading(lines))


def _rows(population: Population, outcomes: list[Outcome], groups: tuple[Group, ...]) -> dict[str, list[Row]]:
    known, index = population.variables, population.index_sql
    select = ["pid", "imd_quintile", *(f"coalesce({g.name}, FALSE) AS in_{g.name}" for g in groups)]
    needs = ["imd_quintile", *(g.name for g in groups)]
    for n, outcome in enumerate(outcomes):
        select.append(f"{to_sql(parse(outcome.denominator), known, index=index)} AS d{n}")
        select.append(f"{to_sql(parse(outcome.numerator), known, index=index)} AS n{n}")
        needs.extend(outcome.needs)
    table = population.query(", ".join(select), list(dict.fromkeys(needs)))

    def truth(column: str) -> np.ndarray:
        return np.asarray(pc.fill_null(table.column(column), False).to_numpy(), dtype=bool)

    pids = table.column("pid").to_numpy()
    fifth = table.column("imd_quintile").to_pandas().to_numpy(dtype=float, na_value=np.nan)
    inside = {
        CORE: fifth == 1,
        REST: fifth > 1,
        UNKNOWN: np.isnan(fifth),
        ALL: np.ones(len(pids), bool),
        **{g.name: truth(f"in_{g.name}") for g in groups},
    }
    rows: dict[str, list[Row]] = {}
    for n, outcome in enumerate(outcomes):
        below, counted = truth(f"d{n}"), truth(f"n{n}").astype(float)
        for name, mask in inside.items():
            both = below & mask
            if name in (CORE, REST, ALL) or int(both.sum()) >= (1 if name == UNKNOWN else FEWEST):
                rows.setdefault(outcome.name, []).append(Row([name], pids[both], counted[both]))
    return rows


def _line(answer: Core20, area: Area, outcome: Outcome) -> Line:
    core, rest = answer.figure(outcome.name, CORE), answer.figure(outcome.name, REST)
    nothing = Estimate(
        float("nan"), float("nan"), float("nan"), "a figure is hidden, or nobody is in a group"
    )
    if not np.isfinite([*core, *rest]).all():
        said = f"{outcome.title}: too few people to compare."
        return Line(area, outcome, core, rest, nothing, nothing, said)
    numbers = [answer.counts(outcome.name, g) for g in (CORE, REST)]
    ratio = contrasts.ratio_of_shares(*numbers[0], *numbers[1])
    gap = contrasts.gap_of_shares(*numbers[0], *numbers[1])
    clear = not gap.lower <= 0 <= gap.upper
    size = sorted(abs(float(x)) * 100 for x in (gap.lower, gap.upper))
    ending = (
        f"{abs(float(gap.value)) * 100:.1f} percentage points {'lower' if gap.value < 0 else 'higher'} "
        f"({size[0]:.1f} to {size[1]:.1f})"
        if clear
        else "no clear difference"
    )
    said = f"{between(outcome, core)} in the most deprived fifth, {between(outcome, rest)} in everybody else: {ending}."
    return Line(area, outcome, core, rest, ratio, gap, said)


def _reading(lines: tuple[Line, ...]) -> str:
    judged = [x for x in lines if x.verdict]
    worse = [x for x in judged if x.verdict == "worse"]
    if not judged:
        return "Too few people to compare the most deprived fifth with everybody else."
    if not worse:
        return f"On none of {len(judged)} indicators do people in the most deprived fifth clearly fare worse than everybody else."
    worse.sort(key=lambda x: -abs(float(x.gap.value)))
    return (
        f"On {len(worse)} of {len(judged)} indicators people in the most deprived fifth clearly fare worse; most on "
        f"{within(worse[0].outcome.title)}: {worse[0].reading}"
    )
