"""Figures of inequality and coding as a page shows them: texts only, so that they can be kept."""

from __future__ import annotations

import math
from typing import Any

HIDDEN = "hidden"
NONE = "–"


def rows_of(table: Any, outcome: Any, verdicts: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Rows of a released table with every figure said as its outcome says it: people, count, figures with their ranges."""
    frame, suppressed = table.frame, table.suppressed
    found = []
    for n in range(len(frame)):
        row: dict[str, str] = {}
        for column in (str(c) for c in frame.columns):
            row[column] = cell(frame[column].iloc[n], bool(suppressed[column].iloc[n]), column, outcome)
        for column, low, high in (
            ("value", "lower", "upper"),
            ("adjusted", "adjusted_lower", "adjusted_upper"),
        ):
            if column in row:
                known = row[low] not in (HIDDEN, NONE) and row[high] not in (HIDDEN, NONE)
                row[f"{column}_range"] = f"{row[low]} to {row[high]}" if known else ""
        if verdicts:
            row["verdict"] = verdicts[n]
        found.append(row)
    return found


_SAID = {"value", "lower", "upper", "adjusted", "adjusted_lower", "adjusted_upper", "figure"}


def cell(value: Any, hidden: bool, column: str, outcome: Any) -> str:
    """One cell in words."""
    if hidden:
        return HIDDEN
    if isinstance(value, str):
        return value
    if value is None or value != value or type(value).__name__ == "NAType":
        return NONE
    number = float(value)
    if not math.isfinite(number):
        return NONE
    if column in _SAID:
        return str(outcome.said(number))
    return f"{number:,.0f}" if number == int(number) or column in ("people", "count") else f"{number:,.1f}"


def csv_of(heads: list[tuple[str, str]], table: Any) -> str:
    """A released table as a file: what it is about first, then its rows; texts that a spreadsheet would run are neutralised."""
    import csv
    import io

    from goldenthread.disclosure import neutralise_formula

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for name, text in heads:
        writer.writerow([name, neutralise_formula(text)])
    writer.writerow([])
    writer.writerows(table.to_csv_rows())
    return out.getvalue()
