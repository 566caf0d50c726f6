"""The only thing that charts, pages and exports accept: a table that has been through `release`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.cells import Cell, neutralise_formula
from goldenthread.disclosure.columns import missing
from goldenthread.disclosure.errors import DisclosureError

if TYPE_CHECKING:
    import pandas as pd

Column = Any
"""Counts in a list, with ``None`` where hidden; figures, with NaN; or a column of a data frame as it came."""

KINDS: Final = (
    "dimension",
    "count",
    "rate",
    "proportion",
    "mean",
    "cost",
    "value",
    "lower",
    "upper",
    "text",
)
SUPPRESSED_MARK: Final = "*"
MISSING_TEXT: Final = "not available"
_SEAL: Final = object()


@dataclass(frozen=True, eq=False, repr=False)
class ReleasedTable:
    """A table that may be shown, with the places where figures were hidden.

    Only `goldenthread.disclosure.release` makes one; calling the class raises `DisclosureError`.

    - ``frame``: what may be shown. A suppressed cell holds ``<NA>`` or NaN, never the true number and never zero.
      A figure that could not be calculated (a rate under ten events) is also empty, but is not ``suppressed``.
    - ``columns``, ``hidden``: the same two without pandas, by column.
    - ``suppressed``: booleans of the same shape, index and columns. True where hidden, whether the cell itself
      was small or it was hidden to protect another: which of the two is never told.
    - ``policy``: name of the policy applied.
    - ``measures``: column -> kind, one of `KINDS`.
    - ``per``: column -> multiplier of a rate or proportion (1 for a fraction, 100 for a percentage); for the ends of
      an interval only when it is the interval of a proportion.
    - ``message``: one sentence for people about what was hidden, empty if nothing was.
    - ``whole_percent``: the policy keeps decimals of a percentage only over large denominators.
    """

    columns: Mapping[str, Column]
    hidden: Mapping[str, NDArray[np.bool_]]
    policy: str
    measures: Mapping[str, str]
    index: pd.Index | None = None
    source: str = ""
    data_date: date | None = None
    coverage: str = ""
    notes: tuple[str, ...] = ()
    per: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    whole_percent: bool = False
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise DisclosureError(
                "A ReleasedTable cannot be made by hand.",
                "Pass the frame to goldenthread.disclosure.release(frame, policy=...).",
            )
        for name in ("columns", "hidden", "measures", "per"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What may be shown, as a data frame."""
        import pandas as pd

        columns = {
            n: pd.array(c, dtype="Int64") if isinstance(c, list) else c for n, c in self.columns.items()
        }
        return pd.DataFrame(columns, index=self.index)

    @cached_property
    def suppressed(self) -> pd.DataFrame:
        """Where figures are hidden, as a data frame."""
        import pandas as pd

        return pd.DataFrame(dict(self.hidden), index=self.frame.index, columns=self.frame.columns, dtype=bool)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def __repr__(self) -> str:
        hidden = sum(int(where.sum()) for where in self.hidden.values())
        return f"<ReleasedTable {self.rows} rows, policy {self.policy!r}, {hidden} cells hidden>"

    def __reduce__(self) -> tuple[object, ...]:
        # a pickle could be edited on its way; the receiver cannot know that the policy was applied
        raise DisclosureError("A ReleasedTable cannot be pickled.", "Export it with to_csv_rows() instead.")

    def columns_of(self, *kinds: str) -> list[str]:
        """Return the columns of these kinds, in table order."""
        return [name for name in self.columns if self.measures[name] in kinds]

    def only(self, keep: Sequence[bool]) -> ReleasedTable:
        """Return the same table with the rows for which ``keep`` is true: what may be shown may be shown in part.

        Raises `DisclosureError` where ``keep`` is not as long as the table.
        """
        chosen = np.asarray(keep, dtype=bool)
        if chosen.shape != (self.rows,):
            raise DisclosureError(
                f"There are {self.rows} rows, and it is said of {chosen.size} whether to keep them.",
                "Give one true or false for each row.",
            )
        return replace(
            self,
            columns={n: _part(c, chosen) for n, c in self.columns.items()},
            hidden={n: h[chosen] for n, h in self.hidden.items()},
            index=None,
            seal=_SEAL,
        )

    def figure(self, name: str, row: int) -> Any:
        """Return one cell as it may be shown; ``None`` where hidden or where there is none."""
        value = self.columns[name][row]
        if self.hidden[name][row] or _absent(value):
            return None
        return value.item() if isinstance(value, np.generic) else value

    def records(self) -> list[dict[str, Any]]:
        """Return the rows for a program: hidden figures are ``None``, and named under ``suppressed``."""
        found = []
        for row in range(self.rows):
            record = {name: self.figure(name, row) for name in self.columns}
            if names := [name for name, hidden in self.hidden.items() if hidden[row]]:
                record["suppressed"] = names
            found.append(record)
        return found

    def texts(self) -> dict[str, list[str]]:
        """Return the columns as text for people: ``*`` where hidden, "not available" where there is no figure."""
        return {
            name: [
                SUPPRESSED_MARK if hide else self._text(value, name)
                for value, hide in zip(_listed(column), self.hidden[name].tolist(), strict=True)
            ]
            for name, column in self.columns.items()
        }

    def display(self) -> pd.DataFrame:
        """Return ``texts`` as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.texts(), index=self.index, dtype="object")

    def to_csv_rows(self) -> list[list[Cell]]:
        """Return header and rows for a CSV or spreadsheet.

        Numbers stay numbers; text that a spreadsheet would run as a formula is neutralised; a hidden cell is
        ``*`` and a missing figure is empty.
        """
        rows: list[list[Cell]] = [[neutralise_formula(name) for name in self.columns]]
        cells = [
            [
                SUPPRESSED_MARK if hide else _plain(v)
                for v, hide in zip(_listed(c), self.hidden[n], strict=True)
            ]
            for n, c in self.columns.items()
        ]
        return [*rows, *(list(row) for row in zip(*cells, strict=True))]

    def _text(self, value: object, name: str) -> str:
        kind = self.measures[name]
        if _absent(value):
            return MISSING_TEXT
        if isinstance(value, date):  # a Timestamp is one too
            return _date_text(value)
        if not isinstance(value, (int, float, np.number)) or isinstance(value, bool) or kind == "dimension":
            return str(value)
        number = float(value)
        if kind == "proportion" or (kind in ("lower", "upper") and name in self.per):
            percent = number * 100.0 / self.per.get(name, 1.0)
            whole = self.whole_percent and abs(percent - round(percent)) < 1e-9
            return f"{percent:.0f}%" if whole else f"{percent:.1f}%"
        if kind in ("count", "cost", "value") and number.is_integer():
            return f"{int(number):,}"
        if kind in ("rate", "mean"):
            return f"{number:,.1f}"
        if kind == "cost":
            return f"{number:,.2f}"
        return f"{number:,.3f}" if abs(number) < 10 else f"{number:,.1f}"


def _plain(value: object) -> Cell:
    """Return a value as a plain Python cell."""
    if _absent(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value
    return _date_text(value) if isinstance(value, date) else neutralise_formula(str(value))


def _listed(column: Column) -> list[Any]:
    return column if isinstance(column, list) else list(column.tolist())


def _part(column: Column, chosen: NDArray[np.bool_]) -> Column:
    if isinstance(column, list):
        return [value for value, keep in zip(column, chosen, strict=True) if keep]
    return column[chosen]


def _absent(value: object) -> bool:
    """Whether a cell holds nothing: the marks of pandas are known by name, so that it need not be loaded."""
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and bool(np.isnan(value)))
    )


def _date_text(value: date) -> str:
    """Return a date without a midnight nobody meant."""
    if isinstance(value, datetime) and value.time() != time(0):
        return value.isoformat(sep=" ", timespec="minutes")
    return value.strftime("%Y-%m-%d")


def seal_table(
    *,
    columns: Mapping[str, Column],
    hidden: Mapping[str, NDArray[np.bool_]],
    index: pd.Index | None,
    policy: str,
    measures: Mapping[str, str],
    source: str,
    data_date: date | None,
    coverage: str,
    notes: tuple[str, ...],
    per: Mapping[str, float],
    message: str,
    whole_percent: bool,
) -> ReleasedTable:
    """Make the released table. For `releasing.release` alone; not exported from the room."""
    if list(columns) != list(hidden) or any(len(columns[name]) != len(hidden[name]) for name in columns):
        raise DisclosureError(
            "The table of hidden cells does not match the table.", "This is a fault in release()."
        )
    if any(where.any() and not missing(columns[name])[where].all() for name, where in hidden.items()):
        raise DisclosureError("A hidden cell still holds a figure.", "This is a fault in release().")
    return ReleasedTable(
        columns=columns,
        hidden=hidden,
        index=index,
        policy=policy,
        measures=measures,
        source=source,
        data_date=data_date,
        coverage=coverage,
        notes=notes,
        per=per,
        message=message,
        whole_percent=whole_percent,
        seal=_SEAL,
    )
