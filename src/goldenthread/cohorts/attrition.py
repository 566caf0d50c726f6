"""From everybody registered to the cohort, one condition after another."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from goldenthread.cohorts.answers import Attrition, AttritionStep
from goldenthread.cohorts.breakdown import marked, told
from goldenthread.disclosure import release
from goldenthread.lake import to_numbers

if TYPE_CHECKING:
    from goldenthread.cohorts.cohort import Cohort


def attrition(cohort: Cohort) -> Attrition:
    """People left after each step, and people each step took away.

    Both are released together as a hierarchy (those before = those kept + those who left), so that a
    small group is hidden with whatever would give it away.
    """
    return cohort.population.told_before(cohort.question("attrition"), lambda: _attrition(cohort))


def _attrition(cohort: Cohort) -> Attrition:
    population = cohort.population
    steps = [
        "Registered with a practice and alive",
        f"May be asked about for {population.purpose.title.lower()}",
    ]
    kept = [population.registered, population.pids]
    table = cohort.terms_table()
    pids = to_numbers(table.column("pid"))
    still = np.ones(table.num_rows, bool)
    for number, (words, _) in enumerate(cohort.terms):
        still = still & to_numbers(table.column(f"t{number}"))
        steps.append(words[:1].upper() + words[1:])
        kept.append(pids[still])
    left = [before[~marked(before, after)] for before, after in pairwise(kept)]

    labels = [f"{n} kept" for n in range(len(kept))] + [f"{n + 1} left" for n in range(len(left))]
    members = [*kept, *left]
    above = {f"{n + 1} {what}": f"{n} kept" for n in range(len(left)) for what in ("kept", "left")}
    released = release(
        {"step": labels, "people": [len(m) for m in members]},
        policy=population.purpose.disclosure,
        counts=["people"],
        dimensions=["step"],
        margins={"step": above},
        purpose=population.purpose.title,
        source=cohort.english,
        data_date=population.data_date,
        **told(population, cohort.question("attrition")),
        members={"people": members} if population.ledger is not None else None,
    )
    shown = [released.figure("people", row) for row in range(released.rows)]
    people, gone = shown[: len(kept)], [0, *shown[len(kept) :]]
    return Attrition(
        tuple(AttritionStep(s, p, g) for s, p, g in zip(steps, people, gone, strict=True)), released
    )
