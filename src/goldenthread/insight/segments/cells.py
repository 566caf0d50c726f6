"""Cells of a two-way table with all their totals, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenthread.cohorts import Population
from goldenthread.disclosure import Policy, ReleasedTable, named_policy

ALL = "All"


@dataclass(frozen=True)
class Cell:
    """One cell or total: its labels, and where in the table of people its members stand."""

    row: str
    column: str
    members: NDArray[np.int64]


def cells(
    rows: NDArray[np.int8],
    row_labels: tuple[str, ...],
    columns: NDArray[np.int8],
    column_labels: tuple[str, ...],
) -> Iterator[Cell]:
    """Every cell with people in it in the order of the labels, then the totals, the total of all last."""
    wide = len(column_labels)
    flat = rows.astype(np.int64) * wide + columns
    order = np.argsort(flat, kind="stable")
    counts = np.bincount(flat, minlength=len(row_labels) * wide)
    starts = np.concatenate([[0], np.cumsum(counts)])
    grid = {
        (r, c): order[starts[r * wide + c] : starts[r * wide + c + 1]]
        for r in range(len(row_labels))
        for c in range(wide)
    }
    for (r, c), members in grid.items():
        if len(members):
            yield Cell(row_labels[r], column_labels[c], members)
    for r, label in enumerate(row_labels):
        if len(found := np.sort(np.concatenate([grid[r, c] for c in range(wide)]))):
            yield Cell(label, ALL, found)
    for c, label in enumerate(column_labels):
        if len(found := np.sort(np.concatenate([grid[r, c] for r in range(len(row_labels))]))):
            yield Cell(ALL, label, found)
    yield Cell(ALL, ALL, np.arange(len(rows)))


def mean_of(amounts: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """The mean of a cell; not a number where nobody is in it, or where two people make up nearly all of the sum."""
    mine = amounts[members]
    if not len(mine):
        return float("nan")
    total = float(mine.sum())
    if dominated(total, np.partition(mine, -2)[-2:] if len(mine) > 1 else mine):
        return float("nan")
    return total / len(mine)


def dominated(total: float, largest: Any) -> bool:
    """Whether the two largest of a sum make up more than 90% of it (the rule of the shipped policies for costs).

    >>> dominated(100.0, [50.0, 45.0]), dominated(100.0, [20.0, 20.0]), dominated(0.0, [0.0])
    (True, False, False)
    """
    return total > 0 and float(np.sum(largest)) > 0.9 * total


def about(population: Population, source: str) -> dict[str, Any]:
    """What every release of this room says of itself. The figures stand on a page that everybody of the scope sees, so they are
    rounded rather than remembered for each reader (docs/decisions/0121)."""
    day = population.index_date
    return {
        "policy": standing_policy(population.purpose.disclosure),
        "purpose": population.purpose.title,
        "source": f"{source}; as at {day.day} {day:%B %Y}",
        "data_date": population.data_date,
        "coverage": population.coverage.words,
    }


def standing_policy(purpose_policy: str) -> Policy:
    """The published rule for hospital figures (1 to 7 hidden, others to the nearest 5), or the purpose's own where it is stricter.

    >>> standing_policy("icb").rounding, standing_policy("opensafely").zero
    (5, 'hidden')
    """
    hes, own = named_policy("hes"), named_policy(purpose_policy)
    return replace(
        hes,
        name="standing",
        title="Standing figures: seven or fewer hidden, others to the nearest 5",
        threshold=max(hes.threshold, own.threshold),
        rounding=max(hes.rounding, own.rounding),
        zero=own.zero,
    )


def shown_rows(released: ReleasedTable) -> list[dict[str, Any]]:
    """Rows as they are shown; ``None`` where a figure is hidden or there is none."""
    frame = released.frame.astype(object)
    return [
        {str(k): v for k, v in row.items()} for row in frame.where(frame.notna(), None).to_dict("records")
    ]
