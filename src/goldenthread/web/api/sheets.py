"""A released table as plain values, so that it can be kept and written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goldenthread.disclosure import ReleasedTable

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Sheet:
    """Columns with their kinds, rows, and which cells were hidden. Made of released tables, or of figures worked out from them."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    hidden: tuple[tuple[bool, ...], ...]
    policy: str
    source: str
    coverage: str
    message: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: ReleasedTable) -> Sheet:
        """The plain values of what may be shown."""
        columns = tuple(str(c) for c in table.frame.columns)
        return cls(
            columns=columns,
            kinds=tuple(table.measures[c] for c in columns),
            rows=tuple(
                tuple(_plain(v) for v in row) for row in table.frame.itertuples(index=False, name=None)
            ),
            hidden=tuple(tuple(bool(h) for h in row) for row in table.suppressed.to_numpy()),
            policy=table.policy,
            source=table.source,
            coverage=table.coverage,
            message=table.message,
            notes=table.notes,
        )

    def records(self) -> list[dict[str, Any]]:
        """Rows as objects; hidden figures are null and named in ``suppressed``."""
        found = []
        for row, hidden in zip(self.rows, self.hidden, strict=True):
            record: dict[str, Any] = dict(zip(self.columns, row, strict=True))
            if names := [c for c, hide in zip(self.columns, hidden, strict=True) if hide]:
                record["suppressed"] = names
            found.append(record)
        return found


def _plain(value: Any) -> Value:
    if (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and value != value)
    ):
        return None
    if hasattr(value, "isoformat"):
        return str(value.isoformat())[:10]
    found = value.item() if hasattr(value, "item") else value
    if isinstance(found, float) and found in (float("inf"), float("-inf")):
        return None
    return found if isinstance(found, str | int | float | bool) else str(found)
