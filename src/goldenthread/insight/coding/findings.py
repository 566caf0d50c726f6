"""What the checks of coding find: how many people's records do not agree with one another, check by check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population
from goldenthread.definitions import CodingCheck
from goldenthread.definitions.expressions import names, parse, to_text
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.coding.errors import CodingError
from goldenthread.insight.inequality import standing_policy, within
from goldenthread.measures import to_sql

FAMILIES = {
    "missing": "Likely missing codes",
    "wrong": "Likely wrong codes",
    "incomplete": "What every record should have",
}


@dataclass(frozen=True)
class Finding:
    """One check: people whose record is questioned, of those looked at; ``None`` where hidden."""

    check: CodingCheck
    people: int | None
    among: int | None
    share: float | None
    expression: str
    """The people concerned, as a cohort: for a question, or for a list released to their practice."""

    @property
    def reading(self) -> str:
        """The finding in words."""
        if self.people is None or self.among is None:
            return f"{self.check.title}: fewer than eight people, which is not shown."
        if self.people == 0:
            return f"{self.check.title}: nobody of {self.among:,} looked at."
        share = "" if self.share is None else f" ({self.share:.1%})"
        return f"{self.check.title}: {self.people:,} of {self.among:,} looked at{share}."


@dataclass(frozen=True)
class Findings:
    """All checks in one population. ``table`` is what they were read from."""

    findings: tuple[Finding, ...]
    table: ReleasedTable
    index_date: date
    data_date: date
    scope: str

    def of(self, family: str) -> list[Finding]:
        """The findings of one family, most people first; those that are hidden or found nobody come last."""
        mine = [f for f in self.findings if f.check.family == family]
        return sorted(mine, key=lambda f: (-(f.people or 0), f.people is None, f.check.title))

    @property
    def reading(self) -> str:
        """What matters most, in a sentence."""
        found = [f for f in self.findings if f.people and f.check.family != "incomplete"]
        if not found:
            return "No check of coding found enough people to show."
        most = max(found, key=lambda f: f.people or 0)
        missing = sum(1 for f in found if f.check.family == "missing")
        wrong = len(found) - missing
        parts = [
            f"{n} {'check' if n == 1 else 'checks'} found people with a code likely {what}"
            for n, what in ((missing, "missing"), (wrong, "wrong"))
            if n
        ]
        return f"{' and '.join(parts)}; most: {within(most.check.title)}, {most.people:,} people."

    def to_json(self) -> dict[str, Any]:
        """The answer for a program."""
        return {
            "reading": self.reading,
            "scope": self.scope,
            "findings": [
                {
                    "check": f.check.name, "title": f.check.title, "family": f.check.family, "rule": f.check.rule,
                    "people": f.people, "among": f.among, "share": f.share, "expression": f.expression,
                    "concerns": list(f.check.concerns), "action": f.check.action, "source": f.check.source,
                }
                for f in self.findings
            ],
            "index_date": self.index_date.isoformat(),
            "data_date": self.data_date.isoformat(),
            "policy": self.table.policy,
            "coverage": self.table.coverage,
            "message": self.table.message,
        }  # fmt: skip


def findings(population: Population, checks: Sequence[str] = ()) -> Findings:
    """Every check of coding (or those named) on one population, in one statement and one release.

    Each is a number of people to look at, not of faults: a check may be wrong about anybody. Raises ``CodingError``
    for a check that is not there.
    """
    chosen = _chosen(population, checks)
    needs = [n for c in chosen for text in (c.among, c.expression) for n in names(parse(text))]
    population = population.for_facts(needs)
    known, index = population.variables, population.index_sql
    select = ["pid"]
    for number, check in enumerate(chosen):
        among = to_sql(parse(check.among), known, index=index)
        select.append(f"{among} AS d{number}")
        select.append(f"({among}) AND ({to_sql(parse(check.expression), known, index=index)}) AS n{number}")
    table = population.query(", ".join(select), list(dict.fromkeys(needs)))
    pids = table.column("pid").to_numpy()

    def those(column: str) -> np.ndarray:
        inside = table.column(column).fill_null(False).to_numpy()
        return np.asarray(pids[np.asarray(inside, dtype=bool)])

    people = [those(f"n{n}") for n in range(len(chosen))]
    looked = [those(f"d{n}") for n in range(len(chosen))]
    frame = pd.DataFrame(
        {
            "check": [c.name for c in chosen],
            "title": [c.title for c in chosen],
            "people": [len(p) for p in people],
            "among": [len(p) for p in looked],
        }
    )
    frame["share"] = frame["people"] / frame["among"].where(frame["among"] > 0)
    released = release(
        frame,
        policy=standing_policy(population),
        dimensions=["check"],
        not_additive=["check"],
        counts=["people", "among"],
        rates={"share": ("people", "among")},
        kinds={"share": "proportion", "title": "text"},
        purpose=population.purpose.title,
        source="Checks of coding",
        data_date=population.data_date,
        coverage=population.coverage.words,
    )
    shown, hidden = released.frame, released.suppressed
    found = []
    for n, check in enumerate(chosen):

        def cell(column: str, n: int = n) -> Any:
            value = shown[column].iloc[n]
            return None if bool(hidden[column].iloc[n]) or pd.isna(value) else value.item()

        found.append(
            Finding(
                check=check,
                people=cell("people"),
                among=cell("among"),
                share=cell("share"),
                expression=to_text(parse(f"({check.among}) and ({check.expression})")),
            )
        )
    return Findings(
        findings=tuple(found),
        table=released,
        index_date=population.index_date,
        data_date=population.data_date,
        scope=population.scope.slug,
    )


def _chosen(population: Population, checks: Sequence[str]) -> list[CodingCheck]:
    every = population.catalogue.coding_checks
    unknown = [c for c in checks if c not in every]
    if unknown:
        raise CodingError(
            f"There is no check of coding called {unknown[0]!r}.",
            "`goldenthread definitions list --kind 'coding check'` shows them.",
        )
    return [every[c] for c in checks] if checks else list(every.values())
