"""Who has the cost and the activity: by segment, and by the few who use most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.segments.bands import segments_called
from goldenthread.insight.segments.cells import ALL, about, dominated, shown_rows
from goldenthread.insight.segments.matrix import COSTED, SEGMENTATION
from goldenthread.insight.segments.workload import service_sums

FEWEST = (100, 50, 20, 10, 5)
"""The few who cost most: one person in so many."""


@dataclass(frozen=True)
class Shares:
    """Each segment's part of the people and of the cost: ``released`` has segment, people, people_share, cost_share, spend_per_head."""

    released: ReleasedTable
    sentence: str
    expressions: dict[str, str]
    note: str = COSTED


@dataclass(frozen=True)
class Concentration:
    """What part of the estimated cost the few have who cost most. ``released`` has fewest (one person in so many), people, cost_share."""

    released: ReleasedTable
    sentence: str
    expression: str
    note: str = COSTED


def shares(population: Population, *, segmentation: str = SEGMENTATION) -> Shares:
    """How the people and the estimated cost are shared out between segments.

    Raises ``CohortError`` for an unknown segmentation.
    """
    segments = segments_called(population, segmentation)
    population = population.for_facts([segmentation, "cost_12m"])
    rows = service_sums(population, segments.sql, [segmentation], {"cost": "cost_12m"})
    everybody, whole = (
        max(sum(r.people for r in rows.values()), 1),
        sum(r.total["cost"] for r in rows.values()) or 1.0,
    )
    lines = []
    for number, label in enumerate((*segments.labels, ALL)):
        mine = [r for n, r in rows.items() if label == ALL or n == number]
        people, cost = sum(r.people for r in mine), sum(r.total["cost"] for r in mine)
        if not people:
            continue
        hide = label != ALL and dominated(cost, mine[0].largest["cost"])
        lines.append(
            {
                "segment": label,
                "people": people,
                "people_share": round(people / everybody, 3),
                "cost_share": float("nan") if hide else round(cost / whole, 3),
                "spend_per_head": float("nan") if hide else float(round(cost / people / 10) * 10),
            }
        )
    released = release(
        pd.DataFrame(lines),
        dimensions=["segment"],
        counts=["people"],
        means=dict.fromkeys(("people_share", "cost_share", "spend_per_head"), "people"),
        kinds={"people_share": "proportion", "cost_share": "proportion", "spend_per_head": "value"},
        margins={"segment": ALL},
        notes=[COSTED],
        **about(population, "People and estimated cost by segment"),
    )
    return Shares(released, _share_sentence(released), {s: segments.condition(s) for s in segments.labels})


def _share_sentence(released: ReleasedTable) -> str:
    """The segment whose part of the cost is most above its part of the people, from shown figures."""
    rows = [
        r
        for r in shown_rows(released)
        if r["segment"] != ALL and r["people_share"] and r["cost_share"] is not None
    ]
    if not rows:
        return "The parts of the segments are too small to show."
    top = max(rows, key=lambda r: r["cost_share"] - r["people_share"])
    return (
        f"{top['segment']}: {_percent(top['people_share'])} of people, {_percent(top['cost_share'])} of the estimated cost, "
        f"£{top['spend_per_head']:,.0f} a head."
    )


def concentration(population: Population) -> Concentration:
    """What part of the estimated cost belongs to the 1% of people who cost most, the 2%, the 5% ...

    ``expression`` finds people who cost about as much as the costliest twentieth; its amount is rounded, so that it is nobody's own.
    """
    table = population.query("pid, CAST(coalesce(cost_12m, 0) AS DOUBLE) AS cost", ["cost_12m"])
    pids, cost = table.column("pid").to_numpy(), table.column("cost").to_numpy()
    order = np.lexsort((pids, -cost))
    running = np.concatenate([[0.0], np.cumsum(cost[order])])
    whole = float(running[-1])
    lines = []
    for one in FEWEST:
        n = len(pids) // one
        hide = not whole or not n or dominated(float(running[n]), cost[order[:2]])
        lines.append(
            {
                "fewest": f"1 in {one}",
                "people": n,
                "cost_share": float("nan") if hide else round(float(running[n]) / whole, 2),
            }
        )
    lines.append({"fewest": ALL, "people": len(pids), "cost_share": 1.0})
    released = release(
        pd.DataFrame(lines),
        dimensions=["fewest"],
        counts=["people"],
        means={"cost_share": "people"},
        kinds={"cost_share": "proportion"},
        not_additive=["fewest"],
        notes=[COSTED],
        **about(population, "People in the order of their estimated cost"),
    )
    twentieth = FEWEST.index(20)
    edge = float(cost[order[len(pids) // 20]]) if len(pids) else 0.0
    shown = shown_rows(released)[twentieth]["cost_share"]
    sentence = (
        f"One person in 20 has {_percent(shown)} of the estimated cost."
        if shown is not None
        else "There are too few people to say how the cost is shared."
    )
    return Concentration(released, sentence, f"cost_12m >= {two_figures(edge)}")


def two_figures(value: float) -> int:
    """A whole number rounded down to two figures.

    >>> two_figures(2374.0), two_figures(7.0), two_figures(0.0)
    (2300, 7, 1)
    """
    whole = max(int(value), 1)
    size = int(10 ** max(len(str(whole)) - 2, 0))
    return whole // size * size


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.01 else f"{100 * share:.1f}%"
