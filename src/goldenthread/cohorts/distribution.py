"""How a fact is spread over a population, in groups that may be shown."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from goldenthread.cohorts.breakdown import told
from goldenthread.cohorts.dimensions import ALL, NOT_KNOWN
from goldenthread.cohorts.errors import CohortError
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.lake import to_numbers

if TYPE_CHECKING:
    import pandas as pd

    from goldenthread.cohorts.population import Population

MOST_BANDS = 12
NO_VALUE = "No value"


def distribution(population: Population, name: str) -> ReleasedTable:
    """People by value of one fact: yes and no, texts, years of dates, or bands of numbers.

    Bands have round edges that do not depend on any one person's value. Raises ``CohortError`` for an unknown fact.
    """
    import pandas as pd

    variable = population.variables.get(name)
    if variable is None:
        population.cohort(f"missing({name})")  # the error that points and suggests
        raise CohortError(
            f"There is no fact called {name!r}.", "`goldenthread definitions list` shows every name."
        )
    table = population.query(f"pid, {name} AS value", (name,))
    pids = to_numbers(table.column("pid"))
    values = table.column("value").to_pandas()
    match variable.kind:
        case "truth":
            labels, order = values.map({True: "yes", False: "no"}), ["yes", "no"]
        case "text":
            labels = values.fillna(NOT_KNOWN)
            found = sorted(set(labels) - {NOT_KNOWN})
            order = [v for v in variable.values if v in found] or found  # noqa: PD011
            if len(order) > 200:
                raise CohortError(
                    f"{name} has {len(order):,} different values.", "Count people by a larger area."
                )
        case "date":
            years = pd.to_datetime(values).dt.year
            labels = years.map(lambda y: NO_VALUE if pd.isna(y) else str(int(y)))
            order = sorted(set(labels) - {NO_VALUE})
            early = order[: max(0, len(order) - MOST_BANDS)]
            if early:
                labels = labels.where(~labels.isin(early), f"{early[-1]} or before")
                order = [f"{early[-1]} or before", *order[len(early) :]]
        case _:
            labels, order = _bands(values.astype(float))
    rows = [(label, pids[(labels == label).to_numpy()]) for label in [*order, NO_VALUE, NOT_KNOWN]]
    rows = [(label, members) for label, members in rows if len(members)]
    rows.append((ALL, pids))
    return release(
        {"value": [r[0] for r in rows], "people": [len(r[1]) for r in rows]},
        policy=population.purpose.disclosure,
        counts=["people"],
        dimensions=["value"],
        margins={"value": ALL},
        purpose=population.purpose.title,
        source=name,
        data_date=population.data_date,
        **told(population, f"distribution of {name} | {population.index_date} | {population.purpose.name}"),
        members={"people": [r[1] for r in rows]} if population.ledger is not None else None,
    )


def _bands(values: pd.Series) -> tuple[pd.Series, list[str]]:
    import pandas as pd

    known = values.dropna()
    if known.empty:
        return pd.Series(NO_VALUE, index=values.index), []
    whole = bool((known == known.round()).all())
    low, high = float(known.quantile(0.02)), float(known.quantile(0.98))
    if whole and known.min() >= 0 and high <= MOST_BANDS:
        top = max(int(high), 1)
        edges = [float(n) for n in range(int(max(low, 0)), top + 1)]
    else:
        step = _round_step((high - low) / (MOST_BANDS - 2) if high > low else 1.0, whole=whole)
        edges = list(np.arange(np.floor(low / step), np.floor(high / step) + 1) * step)
    names = _names(edges, whole)
    places = np.searchsorted(edges, values.to_numpy(), side="right")
    labels = pd.Series(
        [NO_VALUE if np.isnan(v) else names[p] for v, p in zip(values, places, strict=True)],
        index=values.index,
    )
    return labels, names


def _names(edges: list[float], whole: bool) -> list[str]:
    def said(edge: float) -> str:
        return f"{edge:.0f}" if whole or edge == round(edge) else f"{edge:g}"

    between = [
        (said(a) if b - a == 1 else f"{said(a)} to {b - 1:.0f}") if whole else f"{said(a)} to under {said(b)}"
        for a, b in pairwise(edges)
    ]
    return [f"under {said(edges[0])}", *between, f"{said(edges[-1])} or more"]


def _round_step(least: float, *, whole: bool) -> float:
    """The next of 1, 2, 5, 10, 20 ... (or 0.1, 0.2 ...) that is not below ``least``."""
    size = 10.0 ** np.floor(np.log10(max(least, 1e-9)))
    step = next(size * n for n in (1, 2, 5, 10) if size * n >= least * 0.999)
    return max(float(step), 1.0) if whole else float(step)
