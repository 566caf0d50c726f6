"""Calibration tables: what was expected and what came, by group, through disclosure control."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenthread.cohorts import Population
from goldenthread.disclosure import named_policy, release
from goldenthread.prediction.columns import Floats
from goldenthread.prediction.fitted import StoredTable
from goldenthread.statistics import poisson_limits

ALL = "All"
UNKNOWN = ("Not known", "Not stated")
Order = Callable[[str], Any]

_HEADINGS = {
    "people": "People",
    "admitted": "Admitted",
    "expected": "Expected",
    "observed_share": "Admitted, share",
    "expected_share": "Expected, share",
    "ratio": "Observed over expected",
    "ratio_lower": "Lower",
    "ratio_upper": "Upper",
}


def told(population: Population, question: str) -> dict[str, Any]:
    """Who is told and what was asked, for the ledger."""
    if population.ledger is None:
        return {}
    return {"ledger": population.ledger, "recipient": population.recipient, "population": question}


def as_shown(population: Population, counts: NDArray[np.int64]) -> Floats:
    """Counts rounded as the purpose's disclosure policy will show them, for figures that are worked out from them."""
    base = max(named_policy(population.purpose.disclosure).rounding, 1)
    return np.round(counts / base) * base


def calibration_table(
    population: Population,
    title: str,
    groups: NDArray[np.object_],
    pids: NDArray[np.int32],
    outcome: NDArray[np.bool_],
    risk: Floats,
    *,
    question: str,
    order: Sequence[str] = (),
) -> StoredTable:
    """People, admitted and expected by group and in all, with observed over expected and its interval (Byar's)."""
    found = sorted(set(groups), key=lambda g: (g in UNKNOWN, order.index(g) if g in order else len(order), g))
    masks = [*((g, groups == g) for g in found), (ALL, np.ones(len(groups), bool))]
    admitted = np.array([int(outcome[m].sum()) for _, m in masks])
    expected = np.array([float(risk[m].sum()) for _, m in masks])
    people = np.array([int(m.sum()) for _, m in masks])
    # of counts that are shown rounded, ratios and shares must not give the true ones away
    shown = as_shown(population, admitted)
    lower, upper = poisson_limits(shown)
    frame = pd.DataFrame(
        {
            "group": [g for g, _ in masks],
            "people": people,
            "admitted": admitted,
            "expected": np.round(expected, 1),
            "observed_share": admitted / people,
            "expected_share": np.round(expected / np.maximum(as_shown(population, people), 1), 6),
            "ratio": np.round(shown / expected, 3),
            "ratio_lower": np.round(np.asarray(lower) / expected, 3),
            "ratio_upper": np.round(np.asarray(upper) / expected, 3),
        }
    )
    ratios = ("ratio", "ratio_lower", "ratio_upper")
    released = release(
        frame,
        policy=population.purpose.disclosure,
        dimensions=["group"],
        counts=["people", "admitted"],
        rates={"observed_share": ("admitted", "people"), **dict.fromkeys(ratios, ("admitted", "people"))},
        means={"expected": "people", "expected_share": "people"},
        standardised=list(ratios),
        kinds={
            "observed_share": "proportion", "expected_share": "proportion", **dict.fromkeys(ratios, "value"),
        },
        margins={"group": ALL},
        purpose=population.purpose.title,
        data_date=population.data_date,
        **told(population, f"{question} | {population.purpose.name}"),
        members={"people": [pids[m] for _, m in masks], "admitted": [pids[m & outcome] for _, m in masks]}
        if population.ledger is not None
        else None,
    )  # fmt: skip
    return StoredTable.of(title, released, _headings("Group"))


def _headings(first: str) -> Mapping[str, str]:
    return {"group": first, **_HEADINGS}
