"""What poor coding may do to a figure, in a sentence that stands beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue, Condition, Indicator
from goldenthread.definitions.expressions import names, parse
from goldenthread.disclosure import release
from goldenthread.insight.inequality import standing_policy, title_of
from goldenthread.measures import to_sql

MATTERS = 0.02
"""A note is given where the people likely missing are at least so large a part of those recorded."""


@dataclass(frozen=True)
class CodingNote:
    """The effect of likely missing codes on one condition's figure.

    ``recorded`` people have it on record, of ``among``; ``missing`` more are treated, tested or seen in hospital as if they
    had it. ``if_coded`` is the prevalence if all of them were coded.
    """

    condition: str
    recorded: int
    missing: int
    among: int
    if_coded: float
    checks: tuple[str, ...]
    sentence: str

    @property
    def prevalence(self) -> float:
        """As recorded."""
        return self.recorded / self.among

    def to_json(self) -> dict[str, Any]:
        """The note for a program."""
        return vars(self) | {"prevalence": self.prevalence, "checks": list(self.checks)}


def coding_note(population: Population, name: str) -> CodingNote | None:
    """How poor coding may change the figure of a condition or an indicator; None where nothing is to be said.

    For an indicator it is the condition that decides its figure: the first named in its denominator, else in its
    numerator. Nothing is said where no check concerns it, where what was found is hidden, or is small beside what is recorded.
    """
    condition = condition_behind(population.catalogue, name)
    if condition is None:
        return None
    checks = [
        c
        for c in population.catalogue.coding_checks.values()
        if c.family == "missing" and condition.name in c.concerns
    ]
    if not checks:
        return None
    needs = list(
        dict.fromkeys(
            [
                condition.name,
                "age",
                *(n for c in checks for t in (c.among, c.expression) for n in names(parse(t))),
            ]
        )
    )
    population = population.for_facts(needs)
    known, index = population.variables, population.index_sql
    every = " OR ".join(
        f"(({to_sql(parse(c.among), known, index=index)}) AND ({to_sql(parse(c.expression), known, index=index)}))"
        for c in checks
    )
    ages = " AND ".join(
        [f"age >= {condition.min_age}"] * (condition.min_age is not None)
        + [f"age <= {condition.max_age}"] * (condition.max_age is not None)
    )
    table = population.query(
        f"pid, coalesce({condition.name}, FALSE) AS recorded, coalesce(({every}) AND NOT coalesce({condition.name}, FALSE), FALSE) AS missing",
        needs,
        where=ages or "TRUE",
    )
    pids = np.asarray(table.column("pid").to_numpy())
    if not len(pids):
        return None
    recorded = pids[np.asarray(table.column("recorded").to_numpy(), dtype=bool)]
    missing = pids[np.asarray(table.column("missing").to_numpy(), dtype=bool)]
    members = [recorded, missing, np.setdiff1d(pids, np.union1d(recorded, missing), assume_unique=True), pids]
    released = release(
        pd.DataFrame(
            {"state": ["recorded", "missing", "neither", "All"], "people": [len(m) for m in members]}
        ),
        policy=standing_policy(population),
        dimensions=["state"],
        counts=["people"],
        margins={"state": "All"},
        purpose=population.purpose.title,
        data_date=population.data_date,
    )
    if bool(released.suppressed["people"].to_numpy().any()):
        return None
    has, more, _, among = (int(x) for x in released.frame["people"])
    if more == 0 or more < MATTERS * has or among == 0:
        return None
    title = title_of(condition)
    return CodingNote(
        condition=condition.name,
        recorded=has,
        missing=more,
        among=among,
        if_coded=(has + more) / among,
        checks=tuple(c.name for c in checks),
        sentence=(
            f"{title} may be recorded too little: {more:,} people here are tested, treated or seen in hospital as if they had it, "
            f"without a code. Not all will have it; if all had, prevalence would be {(has + more) / among:.1%} instead of {has / among:.1%}."
        ),
    )


def coding_notes(population: Population, figures: Iterable[str]) -> dict[str, CodingNote]:
    """The notes of many conditions and indicators, by name, for those of which there is something to say.

    Each condition is looked at once, however many figures rest on it.
    """
    known: dict[str, CodingNote | None] = {}
    found = {}
    for name in figures:
        condition = condition_behind(population.catalogue, name)
        if condition is None:
            continue
        if condition.name not in known:
            known[condition.name] = coding_note(population, condition.name)
        note = known[condition.name]
        if note is not None:
            found[name] = note
    return found


def condition_behind(catalogue: Catalogue, name: str) -> Condition | None:
    """The condition that decides a figure: itself, or the first that an indicator's denominator or numerator names.

    >>> from goldenthread.definitions import load_catalogue
    >>> catalogue = load_catalogue()
    >>> condition_behind(catalogue, "diabetes_eight_processes_share").name
    'diabetes'
    >>> condition_behind(catalogue, "gp_dna_rate") is None
    True
    """
    if name in catalogue.conditions:
        return catalogue.conditions[name]
    definition = catalogue.definitions.get(name)
    if not isinstance(definition, Indicator):
        return None
    for text in (definition.denominator, definition.numerator):
        for word in names(parse(text)):
            if word in catalogue.conditions:
                return catalogue.conditions[word]
    return None
