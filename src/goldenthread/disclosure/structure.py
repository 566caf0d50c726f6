"""What adds up to what in a table: every total and its parts, as equations between cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.columns import Columns
from goldenthread.disclosure.errors import DisclosureError

Margins = Mapping[str, str | Mapping[str, str]]
_LOOKS_LIKE_A_TOTAL = re.compile(r"(sub|grand )?(all|total|totals|overall)( .+)?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Equation:
    """The cell ``total`` is the sum of the cells ``parts`` (row positions, or flattened cell positions)."""

    total: int
    parts: tuple[int, ...]


def describe_row(table: Columns, dimensions: Sequence[str], row: int) -> str:
    """Name a row for a person: its number from 1 and its dimensions.

    >>> describe_row(Columns({"sex": ["F", "M"]}), ["sex"], 1)
    'Row 2 (sex=M)'
    """
    labels = ", ".join(f"{d}={table.value(d, row)}" for d in dimensions)
    return f"Row {row + 1} ({labels})" if labels else f"Row {row + 1}"


def row_equations(
    table: Columns, dimensions: Sequence[str], margins: Margins, not_additive: Sequence[str]
) -> list[Equation]:
    """Return which rows are totals of which rows.

    ``margins[dimension]`` is either the label of the total over all other labels, or a mapping from each label to
    the label it is part of (practice -> PCN, PCN -> ICB). Raises `DisclosureError` when a dimension or a total
    label is missing, when rows repeat, or when a label looks like an undeclared total.
    """
    dims = list(dimensions)
    _check_margins(table, dims, margins, not_additive)
    if not dims:
        return []
    keys = list(zip(*(table.texts(d) for d in dims), strict=True))
    position = {key: i for i, key in reversed(list(enumerate(keys)))}
    if len(position) != len(keys):
        repeated = next(i for i, key in enumerate(keys) if position[key] != i)
        raise DisclosureError(
            f"{describe_row(table, dims, repeated)} appears more than once.",
            "Give one row for each combination of the dimensions, or name the missing dimension.",
        )
    equations: list[Equation] = []
    for d, rule in margins.items():
        place = dims.index(d)
        parts: dict[int, list[int]] = {}
        for i, key in enumerate(keys):
            label = key[place]
            parent = (rule if label != rule else None) if isinstance(rule, str) else rule.get(label)
            if parent is None:
                continue
            total = position.get((*key[:place], str(parent), *key[place + 1 :]))
            if total is not None:
                parts.setdefault(total, []).append(i)
        equations.extend(Equation(total, tuple(members)) for total, members in parts.items())
    return equations


def _check_margins(table: Columns, dims: list[str], margins: Margins, not_additive: Sequence[str]) -> None:
    for d in [*margins, *not_additive]:
        if d not in dims:
            raise DisclosureError(
                f"margins or not_additive names {d!r}, which is not a dimension.",
                f"Dimensions given: {', '.join(dims) or 'none'}.",
            )
    for d in dims:
        labels = set(table.texts(d))
        rule = margins.get(d)
        if rule is None:
            suspect = [x for x in sorted(labels) if _LOOKS_LIKE_A_TOTAL.match(x)]
            if suspect and len(labels) > 1 and d not in not_additive:
                raise DisclosureError(
                    f"{d!r} has a row {suspect[0]!r} that looks like a total, but no margin is declared for it.",
                    f"Pass margins={{{d!r}: {suspect[0]!r}}}, or not_additive=({d!r},) if its rows do not add up to it.",
                )
            continue
        wanted = {rule} if isinstance(rule, str) else set(rule.values())
        missing = sorted(wanted - labels) if len(table) else []
        if missing:
            raise DisclosureError(
                f"The total {missing[0]!r} named in margins is not among the rows of {d!r}.",
                "Add the row, or leave it out of margins if it is not shown anywhere.",
            )
        if not isinstance(rule, str):
            _check_no_loop(d, rule)


def _check_no_loop(dimension: str, rule: Mapping[str, str]) -> None:
    for start in rule:
        label, steps = start, 0
        while label in rule:
            label, steps = rule[label], steps + 1
            if steps > len(rule):
                raise DisclosureError(
                    f"The hierarchy of {dimension!r} goes round in a circle at {start!r}.",
                    "Give each label the one larger label it is part of.",
                )


def check_totals(
    table: Columns,
    dimensions: Sequence[str],
    column: str,
    values: NDArray[np.float64],
    equations: Sequence[Equation],
    tolerance: float = 0.0,
) -> None:
    """Raise `DisclosureError`, naming the row, where a total differs from the sum of its parts."""
    for equation in equations:
        total, parts = values[equation.total], values[list(equation.parts)].sum()
        if abs(total - parts) > tolerance * max(1.0, abs(total)):
            raise DisclosureError(
                f"{describe_row(table, dimensions, equation.total)}: {column!r} is {total:g} but its parts add up to {parts:g}.",
                "Put the missing rows in, or declare the dimension in not_additive if a person can be in several rows.",
            )
