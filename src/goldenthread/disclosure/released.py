"""The only thing that charts, pages and exports accept: a table that has been through `release`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from goldenthread.disclosure.cells import Cell, neutralise_formula
from goldenthread.disclosure.errors import DisclosureError

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
    - ``suppressed``: booleans of the same shape, index and columns. True where hidden, whether the cell itself
      was small or it was hidden to protect another: which of the two is never told.
    - ``policy``: name of the policy applied.
    - ``measures``: column -> kind, one of `KINDS`.
    - ``per``: column -> multiplier of a rate or proportion (1 for a fraction, 100 for a percentage); for the ends of
      an interval only when it is the interval of a proportion.
    - ``message``: one sentence for people about what was hidden, empty if nothing was.
    - ``whole_percent``: the policy keeps decimals of a percentage only over large denominators.
    """

    frame: pd.DataFrame
    suppressed: pd.DataFrame
    policy: str
    measures: Mapping[str, str]
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
        object.__setattr__(self, "measures", MappingProxyType(dict(self.measures)))
        object.__setattr__(self, "per", MappingProxyType(dict(self.per)))

    def __repr__(self) -> str:
        hidden = int(self.suppressed.to_numpy().sum())
        return f"<ReleasedTable {len(self.frame)} rows, policy {self.policy!r}, {hidden} cells hidden>"

    def __reduce__(self) -> tuple[object, ...]:
        # a pickle could be edited on its way; the receiver cannot know that the policy was applied
        raise DisclosureError("A ReleasedTable cannot be pickled.", "Export it with to_csv_rows() instead.")

    def columns_of(self, *kinds: str) -> list[str]:
        """Return the columns of these kinds, in table order."""
        return [name for name in self.frame.columns if self.measures[name] in kinds]

    def only(self, keep: Sequence[bool]) -> ReleasedTable:
        """Return the same table with the rows for which ``keep`` is true: what may be shown may be shown in part.

        Raises `DisclosureError` where ``keep`` is not as long as the table.
        """
        chosen = np.asarray(keep, dtype=bool)
        if chosen.shape != (len(self.frame),):
            raise DisclosureError(
                f"There are {len(self.frame)} rows, and it is said of {chosen.size} whether to keep them.",
                "Give one true or false for each row.",
            )
        return replace(
            self,
            frame=self.frame.loc[chosen].reset_index(drop=True),
            suppressed=self.suppressed.loc[chosen].reset_index(drop=True),
            seal=_SEAL,
        )

    def display(self) -> pd.DataFrame:
        """Return the table as text for people: ``*`` where hidden, "not available" where there is no figure."""
        shown = pd.DataFrame(index=self.frame.index)
        for name in self.frame.columns:
            hidden = self.suppressed[name].to_numpy(dtype=bool)
            texts = [
                SUPPRESSED_MARK if hide else self._text(value, name)
                for value, hide in zip(self.frame[name].tolist(), hidden, strict=True)
            ]
            shown[name] = pd.Series(texts, index=self.frame.index, dtype="object")
        return shown

    def to_csv_rows(self) -> list[list[Cell]]:
        """Return header and rows for a CSV or spreadsheet.

        Numbers stay numbers; text that a spreadsheet would run as a formula is neutralised; a hidden cell is
        ``*`` and a missing figure is empty.
        """
        rows: list[list[Cell]] = [[neutralise_formula(str(name)) for name in self.frame.columns]]
        for values, hidden in zip(
            self.frame.itertuples(index=False, name=None), self.suppressed.to_numpy(), strict=True
        ):
            rows.append(
                [
                    SUPPRESSED_MARK if hide else _plain(value)
                    for value, hide in zip(values, hidden, strict=True)
                ]
            )
        return rows

    def _text(self, value: object, name: str) -> str:
        kind = self.measures[name]
        if (
            value is None
            or value is pd.NA
            or (isinstance(value, float) and np.isnan(value))
            or value is pd.NaT
        ):
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
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return None if np.isnan(value) else value
    if isinstance(value, int):
        return value
    return _date_text(value) if isinstance(value, date) else neutralise_formula(str(value))


def _date_text(value: date) -> str:
    """Return a date without a midnight nobody meant."""
    if isinstance(value, datetime) and value.time() != time(0):
        return value.isoformat(sep=" ", timespec="minutes")
    return value.strftime("%Y-%m-%d")


def seal_table(
    *,
    frame: pd.DataFrame,
    suppressed: pd.DataFrame,
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
    if not (frame.index.equals(suppressed.index) and frame.columns.equals(suppressed.columns)):
        raise DisclosureError(
            "The table of hidden cells does not match the table.", "This is a fault in release()."
        )
    hidden = suppressed.to_numpy(dtype=bool)
    if bool((frame.notna().to_numpy() & hidden).any()):
        raise DisclosureError("A hidden cell still holds a figure.", "This is a fault in release().")
    return ReleasedTable(
        frame=frame,
        suppressed=suppressed,
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
