"""Answers of this room for programs and charts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from goldenthread.disclosure import ReleasedTable
from goldenthread.statistics import Estimate

if TYPE_CHECKING:
    from goldenthread.insight.inequality.gradient import Inequality


def records(table: ReleasedTable) -> list[dict[str, Any]]:
    """Rows as plain values; hidden figures are ``None`` and named in ``suppressed``."""
    found = []
    columns = [str(c) for c in table.frame.columns]
    for values, hidden in zip(
        table.frame.itertuples(index=False, name=None), table.suppressed.to_numpy(), strict=True
    ):
        record: dict[str, Any] = {c: plain(v) for c, v in zip(columns, values, strict=True)}
        if names := [c for c, hide in zip(columns, hidden, strict=True) if hide]:
            record["suppressed"] = names
        found.append(record)
    return found


def plain(value: Any) -> Any:
    """A cell as JSON has it: missing is ``None``."""
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if hasattr(value, "item"):
        return plain(value.item())
    return value


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """A figure with its interval, and why there is none."""
    found = {name: plain(float(getattr(estimate, name))) for name in ("value", "lower", "upper")}
    return found | ({"note": str(estimate.note)} if str(estimate.note) else {})


def as_json(answer: Inequality) -> dict[str, Any]:
    """One inequality for a program."""
    rows = records(answer.table)
    compared = answer.compared
    return {
        "outcome": answer.outcome.name,
        "title": answer.outcome.title,
        "rule": answer.outcome.rule,
        "expression": answer.outcome.expression,
        "per": 1 if answer.outcome.share else answer.outcome.per,
        "by": answer.by,
        "scope": answer.scope,
        "reading": answer.reading,
        "slope_reading": answer.slope_reading,
        "column": answer.column,
        "adjusted": answer.adjusted_words or None,
        "groups": rows[:-1],
        "all": rows[-1] if rows else None,
        "compared": None
        if compared is None
        else {
            "group": compared.group,
            "reference": compared.reference,
            "clear": compared.clear,
            "ratio": estimate_json(compared.ratio),
            "gap": estimate_json(compared.gap),
            "fewer": estimate_json(compared.fewer),
        },
        "slope_index": estimate_json(answer.slope.sii) if answer.slope else None,
        "relative_index": estimate_json(answer.slope.rii) if answer.slope else None,
        "index_date": answer.index_date.isoformat(),
        "data_date": answer.data_date.isoformat(),
        "snapshot": answer.snapshot,
        "policy": answer.table.policy,
        "coverage": answer.table.coverage,
        "message": answer.table.message,
        "notes": list(answer.notes),
    }


def comparable(answer: Inequality) -> ReleasedTable:
    """The groups that are compared: without the total and without those of whom the group is not known."""
    from goldenthread.insight.inequality.gradient import UNKNOWN

    codes = answer.table.frame["group"].astype(str)
    return answer.table.only([n < len(codes) - 1 and c not in UNKNOWN for n, c in enumerate(codes)])
