"""Who was followed when: calendar quarters from each person's own start, and the events in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldenthread.evaluation.arrays import Bools, Days, Floats, Ints
from goldenthread.evaluation.errors import EvaluationError

DAY = np.timedelta64(1, "D")


def add_months(dates: Days, months: int) -> Days:
    """The same day of the month so many months on, or the last day of a shorter month.

    >>> str(add_months(np.array(["2024-01-31"], dtype="M8[D]"), 1)[0])
    '2024-02-29'
    """
    month = dates.astype("M8[M]")
    day = dates - month.astype("M8[D]")
    target = month + months
    last = (target + 1).astype("M8[D]") - target.astype("M8[D]") - DAY
    return np.asarray(target.astype("M8[D]") + np.minimum(day, last))


@dataclass(frozen=True)
class Quarters:
    """Follow-up of each row in each quarter from its start date.

    ``labels`` are -8..-1 (the quarters before, -1 the last three months before the start) and 1..8 (after);
    there is no 0. ``edges`` (rows x quarters + 1) are the quarters' first days and the day after the last.
    ``days`` (rows x quarters) is time observed: registered, alive and within the data.
    """

    labels: tuple[int, ...]
    edges: Days
    days: Floats
    observed_from: Days
    observed_to: Days

    def columns(self, first: int, last: int) -> Ints:
        """Positions of the quarters from label ``first`` to label ``last``."""
        return np.array([i for i, q in enumerate(self.labels) if first <= q <= last], dtype=np.int64)

    def count(self, pid: Ints, events: pd.DataFrame, outcome: str) -> tuple[Floats, int]:
        """Events per row and quarter, and how many of these people's events fell outside observed time.

        ``events`` has pid, date and optionally count. A person with two rows has their events in both.
        """
        who = events["pid"].to_numpy()
        near = np.isin(who, pid)
        who, when = who[near], to_days(events["date"], f"{outcome}: date")[near]
        if np.isnat(when).any():
            raise EvaluationError(f"{outcome}: an event has no date.", "Leave out events without a date.")
        number = np.ones(len(who)) if "count" not in events else events["count"].to_numpy(float)[near]
        if (number < 0).any() or not np.isfinite(number).all():
            raise EvaluationError(f"{outcome}: a count is negative or missing.", "Correct the event counts.")
        order = np.argsort(pid, kind="stable")
        low = np.searchsorted(pid[order], who, side="left")
        high = np.searchsorted(pid[order], who, side="right")
        times = high - low
        event = np.repeat(np.arange(len(who)), times)
        offset = np.arange(len(event)) - np.repeat(np.cumsum(times) - times, times)
        row = order[np.repeat(low, times) + offset]
        when, number = when[event], number[event]
        quarter = (self.edges[row] <= when[:, None]).sum(axis=1) - 1
        within = (quarter >= 0) & (quarter < len(self.labels))
        seen = within & (self.observed_from[row] <= when) & (when <= self.observed_to[row])
        out = np.zeros(self.days.shape)
        np.add.at(out, (row[seen], quarter[seen]), number[seen])
        return out, int((within & ~seen).sum())


def quarters(start: Days, observed_from: Days, observed_to: Days, *, before: int, after: int) -> Quarters:
    """Cut each row's time into ``before`` quarters before its start and ``after`` from it.

    observed_from and observed_to are the first and last day on which events of this person would be seen;
    the last day counts (an admission on the day of death is an admission).

    >>> one = np.array(["2024-01-15"], dtype="M8[D]")
    >>> quarters(one, one - 10, one + 100, before=1, after=2).days.tolist()
    [[10.0, 91.0, 10.0]]
    """
    edges = np.stack([add_months(start, 3 * k) for k in range(-before, after + 1)], axis=1)
    low = np.maximum(edges[:, :-1], observed_from[:, None])
    high = np.minimum(edges[:, 1:], observed_to[:, None] + DAY)
    days = np.maximum((high - low) / DAY, 0.0)
    labels = tuple(range(-before, 0)) + tuple(range(1, after + 1))
    return Quarters(labels, edges, days, observed_from, observed_to)


def to_days(values: pd.Series | np.ndarray | object, name: str) -> Days:
    """A column of dates to the day; missing stays missing.

    >>> to_days(pd.Series(["2024-03-01"]), "entry").tolist()
    [datetime.date(2024, 3, 1)]
    """
    try:
        return np.asarray(pd.to_datetime(pd.Series(values)).to_numpy().astype("M8[D]"))
    except (ValueError, TypeError) as error:
        raise EvaluationError(f"{name} is not a column of dates.", "Give dates as YYYY-MM-DD.") from error


def lost(observed_to: Days, start: Days, months: int, data_to: np.datetime64) -> Bools:
    """Whether observation stopped before the planned follow-up (or the data) did.

    >>> day = np.array(["2024-01-01", "2024-01-01"], dtype="M8[D]")
    >>> lost(day + [30, 400], day, 12, np.datetime64("2025-12-31")).tolist()
    [True, False]
    """
    planned = np.minimum(add_months(start, months) - DAY, data_to)
    return np.asarray(observed_to < planned)
