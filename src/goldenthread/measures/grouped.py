"""What one scan found, where the statement has grouped it by person and slot: Spark, and any engine that keeps to SQL."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from goldenthread.measures.coded import EPOCH, FACTOR, HALF, Slot


class GroupedAnswer:
    """What one scan found, slot by slot, as columns over the people of the range."""

    def __init__(self, table: pa.Table, first: int, people: int, slots: int) -> None:
        numbers = table.column("slot").to_numpy()
        order = np.argsort(numbers, kind="stable")
        self._bounds = np.searchsorted(numbers[order], np.arange(slots + 1))
        self._table, self._order, self._first, self._people = table, order, first, people
        self._columns: dict[str, Any] = {}

    def rows(self, slot: Slot) -> np.ndarray:
        """Positions of the slot's rows."""
        return self._order[self._bounds[slot.number] : self._bounds[slot.number + 1]]

    def column(self, name: str, at: np.ndarray) -> Any:
        """Values of a column at these positions; dates as days since 1900."""
        if name not in self._columns:
            values = self._table.column(name).to_numpy()
            if values.dtype.kind == "M":
                values = (values.astype("datetime64[D]") - np.datetime64(EPOCH, "D")).astype(np.int64)
            self._columns[name] = values
        return self._columns[name][at]

    def people(self, at: np.ndarray) -> Any:
        """Positions of the people of these rows within the range."""
        return self.column("pid", at).astype(np.int64) - self._first

    def take(self, slot: Slot) -> np.ndarray:
        """The fact for everybody in the range: float64 with NaN for missing, bool, or days since 1900 (-1 for missing)."""
        at = self.rows(slot)
        who = self.people(at)
        match slot.take:
            case "exists":
                return self._scatter(who, np.ones(len(at), bool), False, bool)
            case "count":
                return self._scatter(who, self.column("n", at), 0, np.int32)
            case "days" | "distinct codes" | "distinct groups":
                return np.bincount(who, minlength=self._people).astype(np.int32)
            case "weights":
                return self._weights(slot, at, who)
            case "first date":
                return self._scatter(who, self.column("first_date", at), -1, np.int64)
            case "latest date":
                return self._scatter(who, self.column("latest_date", at), -1, np.int64)
            case "latest value":
                moments = self.column("latest_moment", at)
                return self._scatter(who, ((moments % FACTOR) - HALF) / 1000, np.nan, np.float64)
            case "first value":
                moments = self.column("first_moment", at)
                return self._scatter(who, (HALF - (moments % FACTOR)) / 1000, np.nan, np.float64)
            case "latest group":
                return self._groups(slot, at, who)
            case "mean":
                found = np.round(self.column("total", at) / self.column("n", at), 6)
                return self._scatter(who, found, np.nan, np.float64)
            case "sum":
                return self._scatter(who, np.round(self.column("total", at), 6), 0, np.float64)
        name = {"min": "least_value", "max": "greatest_value"}[slot.take]
        return self._scatter(who, self.column(name, at), np.nan, np.float64)

    def _scatter(self, who: np.ndarray, values: np.ndarray, missing: object, dtype: object) -> np.ndarray:
        found = np.full(self._people, missing, dtype=dtype)  # type: ignore[call-overload]
        found[who] = values
        return found  # type: ignore[no-any-return]

    def _weights(self, slot: Slot, at: np.ndarray, who: np.ndarray) -> np.ndarray:
        by_rank = np.array(slot.weight_of_rank)
        found = np.bincount(who, weights=by_rank[self.column("sub", at)], minlength=self._people)
        return np.round(found.astype(np.float64), 6)

    def dates(self, slot: Slot) -> tuple[np.ndarray, np.ndarray]:
        """First and latest date of everybody in the range, as days since 1900 (-1 for none)."""
        at = self.rows(slot)
        who = self.people(at)
        first, latest = np.full(self._people, -1, np.int64), np.full(self._people, -1, np.int64)
        first[who], latest[who] = self.column("first_date", at), self.column("latest_date", at)
        return first, latest

    def latest(self, slot: Slot) -> np.ndarray:
        """The latest date alone."""
        return self.dates(slot)[1]

    def _groups(self, slot: Slot, at: np.ndarray, who: np.ndarray) -> np.ndarray:
        names = np.array([*slot.groups, None], dtype=object)
        ranks = np.full(self._people, len(names) - 1)
        ranks[who] = HALF - (self.column("latest_moment", at) % FACTOR)
        return names[ranks]  # type: ignore[no-any-return]
