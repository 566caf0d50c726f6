"""Places by periods: one outcome for each place in each period, checked before anything is estimated."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenthread.evaluation.errors import EvaluationError, Refusal

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Panel:
    """Every place in every period, with the period in which each place started (None: never).

    ``outcome`` has one row a unit and one column a time, both in the order of ``units`` and ``times``;
    ``first`` holds the column in which a unit is first treated, or -1.
    """

    units: tuple[Hashable, ...]
    times: tuple[Any, ...]
    outcome: Floats
    first: NDArray[np.int64]

    @property
    def treated_rows(self) -> NDArray[np.int64]:
        """Rows of the places that start at some time."""
        return np.flatnonzero(self.first >= 0)

    @property
    def donor_rows(self) -> NDArray[np.int64]:
        """Rows of the places that never start."""
        return np.flatnonzero(self.first < 0)

    @classmethod
    def from_long(
        cls,
        frame: pd.DataFrame,
        *,
        unit: str = "unit",
        time: str = "time",
        outcome: str = "outcome",
        treated: str = "treated",
    ) -> Panel:
        """Read one row for each place and period; ``treated`` is 0 before and 1 from the start on.

        >>> long = pd.DataFrame({"unit": list("aabb"), "time": [1, 2, 1, 2],
        ...                      "outcome": [5.0, 4.0, 6.0, 6.0], "treated": [0, 1, 0, 0]})
        >>> Panel.from_long(long).first.tolist()
        [1, -1]
        """
        wide = pivot(frame, unit, time, outcome)
        flags = pivot(frame, unit, time, treated).to_numpy(dtype=float)
        if not np.isin(flags, (0.0, 1.0)).all():
            raise EvaluationError(
                f"Column {treated!r} holds values other than 0 and 1.",
                "Give 1 from the period in which a place starts, and 0 before and for places that never start.",
            )
        stopped = np.flatnonzero((np.diff(flags, axis=1) < 0).any(axis=1))
        if stopped.size:
            raise EvaluationError(
                f"{_names(wide.index[stopped])} went back from treated to untreated.",
                "A place that stops has another design: end the series when it stops, or keep it as treated "
                "(analyse as started).",
            )
        first = np.where(flags.any(axis=1), flags.argmax(axis=1), -1).astype(np.int64)
        return cls(tuple(wide.index), tuple(wide.columns), wide.to_numpy(dtype=float), first)

    @classmethod
    def from_wide(cls, frame: pd.DataFrame, *, treated_units: Sequence[Hashable], start: Any) -> Panel:
        """Read a table with one row a place and one column a period; ``start`` is the first treated period.

        >>> wide = pd.DataFrame([[5.0, 4.0], [6.0, 6.0]], index=["a", "b"], columns=[1, 2])
        >>> Panel.from_wide(wide, treated_units=["a"], start=2).first.tolist()
        [1, -1]
        """
        ordered = frame.sort_index(axis=1)
        if not ordered.index.is_unique or not ordered.columns.is_unique:
            raise EvaluationError(
                "A place or a period is there twice.", "Keep one row a place and one column a period."
            )
        unknown = [name for name in treated_units if name not in ordered.index]
        if unknown:
            raise EvaluationError(
                f"{_names(unknown)} is not among the places.",
                "Name the treated place as the table's rows do.",
            )
        if start not in ordered.columns:
            raise EvaluationError(
                f"The start {start} is outside the series, which runs from {ordered.columns[0]} to "
                f"{ordered.columns[-1]}.",
                "Give the first treated period as the table's columns do.",
            )
        values = _numbers(ordered, "outcome")
        column = list(ordered.columns).index(start)
        first = np.where(ordered.index.isin(list(treated_units)), column, -1)
        return cls(tuple(ordered.index), tuple(ordered.columns), values, first.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Block:
    """A panel with one common start: donors' and treated places' rows, before and after apart."""

    panel: Panel
    donors: Floats
    treated: Floats
    before: int

    @property
    def after(self) -> int:
        """Number of periods from the start on."""
        return int(self.donors.shape[1]) - self.before

    @property
    def start(self) -> Any:
        """The first treated period."""
        return self.panel.times[self.before]


def one_start(panel: Panel, *, least_before: int, least_donors: int) -> Block:
    """Check that one start is shared by all treated places and that there is enough to compare with."""
    started = panel.first[panel.treated_rows]
    if not started.size:
        raise Refusal(
            "No place is treated in any period.", "Mark the place and the periods that were treated."
        )
    if (started == 0).any():
        names = _names([panel.units[row] for row in panel.treated_rows if panel.first[row] == 0])
        raise Refusal(
            f"{names} is treated from the first period, so there is no 'before' to compare with.",
            f"Add at least {least_before} earlier periods, or leave the place out.",
        )
    if np.unique(started).size > 1:
        raise Refusal(
            "The treated places started at different times.",
            "Use staggered_difference_in_differences or stepped_rollout, or evaluate one place at a time.",
        )
    before = int(started[0])
    if before < least_before:
        raise Refusal(
            f"Only {before} periods before the start; this method needs at least {least_before}.",
            f"Add {least_before - before} earlier periods.",
        )
    if panel.donor_rows.size < least_donors:
        raise Refusal(
            f"{panel.donor_rows.size} places were never treated; this method needs at least {least_donors} "
            "to compare with.",
            "Add comparable places that did not start, or use interrupted_time_series for one place alone.",
        )
    return Block(panel, panel.outcome[panel.donor_rows], panel.outcome[panel.treated_rows], before)


def pivot(frame: pd.DataFrame, unit: str, time: str, value: str) -> pd.DataFrame:
    """One row a place, one column a period; refuses repeats, gaps and anything that is not a number."""
    absent = [name for name in (unit, time, value) if name not in frame.columns]
    if absent:
        raise EvaluationError(
            f"Column {absent[0]!r} is not in the table, which has: {', '.join(map(str, frame.columns))}.",
            "Name the columns with unit=, time=, outcome= and treated=.",
        )
    if frame.empty:
        raise EvaluationError("The table has no rows.", "Give one row for each place and period.")
    if frame[[unit, time]].isna().any(axis=None):
        raise EvaluationError(
            f"A row has no {unit} or no {time}.", "Every row must say which place and which period it is."
        )
    repeated = frame.duplicated([unit, time])
    if repeated.any():
        row = frame.loc[repeated].iloc[0]
        raise EvaluationError(
            f"{row[unit]} has more than one row for {row[time]} ({int(repeated.sum())} repeats in all).",
            "Add up or remove the repeats: one row for each place and period.",
        )
    # set_index keeps a missing value apart from a missing row; pivot_table would drop or average them.
    wide = frame.set_index([unit, time])[value].unstack()  # noqa: PD010
    wide = wide.sort_index().sort_index(axis=1)
    present = pd.Series(True, index=frame.set_index([unit, time]).index).unstack()  # noqa: PD010
    present = present.reindex(index=wide.index, columns=wide.columns)
    gaps = present.isna().to_numpy()
    if gaps.any():
        row_at, column_at = np.argwhere(gaps)[0]
        raise EvaluationError(
            f"{int(gaps.sum())} place-periods are missing, the first is {present.index[row_at]} in "
            f"{present.columns[column_at]}.",
            "Every place needs every period: fill the gap from the source, or drop the place or the period "
            "for all.",
        )
    return pd.DataFrame(_numbers(wide, value), index=wide.index, columns=wide.columns)


def _numbers(wide: pd.DataFrame, name: str) -> Floats:
    try:
        values = wide.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as reason:
        raise EvaluationError(
            f"Column {name!r} holds something that is not a number.", "Give numbers."
        ) from reason
    bad = ~np.isfinite(values)
    if bad.any():
        row_at, column_at = np.argwhere(bad)[0]
        raise EvaluationError(
            f"{name!r} is missing or not finite for {int(bad.sum())} place-periods, the first is "
            f"{wide.index[row_at]} in {wide.columns[column_at]}.",
            "Fill it from the source (a true zero is 0, not empty), or drop the place or period for all.",
        )
    return values


def _names(names: Sequence[Hashable] | pd.Index) -> str:
    listed = [str(name) for name in names]
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
