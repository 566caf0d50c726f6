"""A table's counts laid out as one list of cells, with what adds up to what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.request import Request, read_counts
from goldenthread.disclosure.structure import Equation, check_totals, describe_row, row_equations


@dataclass(frozen=True)
class Plan:
    """Counts laid out as one long list of cells, column after column, with what adds up to what.

    - ``rows``: which rows are totals of which rows; ``equations``: the same for every cell, with ``parts``.
    - ``never_shown``: cells that exist only to be protected (the people a proportion does not count).
    - ``whole_numbers``: whether the audit must search whole numbers, see `Problem`.
    """

    rows: tuple[Equation, ...]
    columns: tuple[str, ...]
    cells: NDArray[np.int64]
    equations: tuple[Equation, ...]
    never_shown: NDArray[np.bool_]
    whole_numbers: bool


def make_plan(request: Request) -> Plan:
    rows = tuple(row_equations(request.table, request.dimensions, request.margins, request.not_additive))
    n = len(request.table)
    columns = list(request.counts)
    values = [read_counts(request, c) for c in columns]
    for column, counted in zip(columns, values, strict=True):
        check_totals(request.table, request.dimensions, column, counted.astype(float), rows)
    sums = [(total, list(names)) for total, names in request.parts.items()]
    hidden_columns: list[bool] = [False] * len(columns)
    for top, bottom in request.complements():
        rest = values[columns.index(bottom)] - values[columns.index(top)]
        if (rest < 0).any():
            row = int(np.flatnonzero(rest < 0)[0])
            raise DisclosureError(
                f"{describe_row(request.table, request.dimensions, row)}: {top!r} is larger than {bottom!r}.",
                "The numerator of a proportion is part of its denominator; declare kind 'rate' if it is not.",
            )
        name = f"{bottom} without {top}"
        columns.append(name)
        values.append(rest)
        hidden_columns.append(True)
        sums.append((bottom, [top, name]))
    equations = [
        Equation(e.total + k * n, tuple(p + k * n for p in e.parts))
        for k in range(len(columns))
        for e in rows
    ]
    for total, names in sums:
        places = [columns.index(c) for c in names]
        whole = columns.index(total)
        for row in range(n):
            added = int(sum(values[p][row] for p in places))
            if values[whole][row] != added:
                raise DisclosureError(
                    f"{describe_row(request.table, request.dimensions, row)}: {total!r} is {values[whole][row]} but"
                    f" {', '.join(names)} add up to {added}.",
                    "Correct the table, or leave the column out of parts.",
                )
            equations.append(Equation(whole * n + row, tuple(p * n + row for p in places)))
    flat = np.concatenate(values) if values else np.empty(0, dtype=np.int64)
    never = np.repeat(np.array(hidden_columns, dtype=bool), n)
    hierarchies = sum(not isinstance(rule, str) for rule in request.margins.values())
    directions = len(request.margins) + bool(request.parts) + bool(request.complements())
    whole = directions > 2 or hierarchies > 1 or len(sums) > 1
    return Plan(rows, tuple(columns), flat, tuple(equations), never, whole)
