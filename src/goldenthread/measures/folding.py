"""What one scan found, folded into the facts here rather than grouped by the database.

A database groups rows by looking person and slot up in a hash table, which costs more than all the rest of the scan.
Here rows are put in order of their code once; each slot then takes the rows of its codes in whole pieces, and a
person's place is their number. No result depends on the order of the rows. ``grouped.GroupedAnswer`` gives the same from
rows that a database has grouped, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from goldenthread.measures.coded import EPOCH, FACTOR, HALF, CodedScan, Slot

Window = Callable[[Slot], tuple[Any, Any]]
"""The last day before a slot's window (``None`` for no beginning) and its last day: days since 1900, or one for each person."""

_TO_1900 = int((np.datetime64(EPOCH, "D") - np.datetime64("1970-01-01", "D")).astype(int))
_NO_MOMENT = 1 << 62
_NO_DAY = (1 << 31) - 1
FEW_CODES, FEW_SLOTS = 100, 12
_MOST = 1 << 22  # more days than there are between the years 1 and 9999, and more codes than a list has


class CodeNumbers:
    """The codes that slots ask for, numbered from nought: ``relation`` has ``code`` and ``number``."""

    def __init__(self, scan: CodedScan, known_codes: Sequence[str] = ()) -> None:
        numbers: dict[int | str, int] = {}
        self.asked: dict[int, list[tuple[int, int]]] = {}
        """Of each slot, its codes as (number, rank of the code's group)."""
        self.valued = 0
        """Codes from which values are taken come first: so many."""
        for slot in sorted(scan.slots, key=lambda s: not s.of):
            ranks = slot.groups
            self.asked[slot.number] = [
                (numbers.setdefault(code, len(numbers)), ranks.get(group, 0))
                for code, group in scan.codes_of(slot, known_codes)
            ]
            if slot.of:
                self.valued = len(numbers)
        text = scan.source.columns[scan.source.code].kind == "text"
        self.count = len(numbers)
        self.relation = pa.table(
            {
                "code": pa.array(list(numbers), pa.string() if text else pa.int64()),
                "number": pa.array(
                    range(len(numbers)), pa.int16() if len(numbers) < _MOST >> 8 else pa.int32()
                ),
            }
        )

    def few(self, scan: CodedScan) -> bool:
        """Whether so few codes are asked for that rows are better read in the order of codes."""
        return 0 < self.count <= FEW_CODES and len(scan.slots) <= FEW_SLOTS and not scan.source.sql


class FoldedAnswer:
    """The facts of one range of people, from the rows that ``CodedScan.rows_statement`` gives."""

    def __init__(
        self, scan: CodedScan, numbers: CodeNumbers, rows: pa.Table, first: int, people: int, window: Window
    ) -> None:
        self._people, self._window, self._asked = people, window, numbers.asked
        # few enough numbers to be sorted by counting
        number = rows.column("number").to_numpy()
        order = np.argsort(number, kind="stable")
        self._starts = np.r_[0, np.cumsum(np.bincount(number, minlength=numbers.count))]
        self._who = rows.column("pid").to_numpy()[order] - np.int32(first)
        self._day = rows.column("date").cast(pa.int32()).to_numpy()[order] - np.int32(_TO_1900)
        valued = order[: self._starts[numbers.valued]]
        self._values = {
            of: rows.column(column).to_numpy()[valued] for of, column in scan.value_columns.items()
        }
        self._rules = {
            where: rows.column(column).to_numpy()[order] for where, column in scan.rule_columns.items()
        }

    def take(self, slot: Slot) -> np.ndarray:
        """The fact for everybody in the range: float64 with NaN for missing, bool, or days since 1900 (-1 for missing)."""
        rows = _RowsOf(self, slot)
        match slot.take:
            case "exists":
                seen = np.zeros(self._people, bool)
                seen[rows.who] = True
                return seen
            case "count":
                return np.bincount(rows.who, minlength=self._people).astype(np.int32)
            case "days":
                return self._number_of(*rows.different(rows.day))
            case "distinct codes":
                return self._number_of(*rows.different(rows.codes))
            case "distinct groups":
                return self._number_of(*rows.different(rows.ranks))
            case "weights":
                who, rank = rows.different(rows.ranks)
                return np.round(self._total(who, np.array(slot.weight_of_rank)[rank]), 6)
            case "first date":
                return self._first(rows)
            case "latest date":
                return self._latest(rows)
            case "latest value":
                found = self._folded(np.maximum, rows, -_NO_MOMENT, rows.moments(_thousandths(rows.values)))
                return np.where(found == -_NO_MOMENT, np.nan, ((found % FACTOR) - HALF) / 1000)
            case "first value":
                found = self._folded(np.minimum, rows, _NO_MOMENT, rows.moments(-_thousandths(rows.values)))
                return np.where(found == _NO_MOMENT, np.nan, (HALF - (found % FACTOR)) / 1000)
            case "latest group":
                found = self._folded(np.maximum, rows, -_NO_MOMENT, rows.moments(-rows.ranks))
                names = np.array([*slot.groups, None], dtype=object)
                return np.asarray(names[np.where(found == -_NO_MOMENT, -1, HALF - (found % FACTOR))])
            case "sum":
                return np.round(self._total(rows.who, rows.values), 6)
            case "mean":
                with np.errstate(invalid="ignore"):  # nobody's sum over no values is missing
                    mean = self._total(rows.who, rows.values) / np.bincount(rows.who, minlength=self._people)
                return np.round(mean, 6)
            case "min":
                return _finite(self._folded(np.minimum, rows, np.inf, rows.values))
        return _finite(self._folded(np.maximum, rows, -np.inf, rows.values))

    def dates(self, slot: Slot) -> tuple[np.ndarray, np.ndarray]:
        """First and latest date of everybody in the range, as days since 1900 (-1 for none)."""
        rows = _RowsOf(self, slot)
        return self._first(rows), self._latest(rows)

    def _first(self, rows: _RowsOf) -> np.ndarray:
        found = self._folded(np.minimum, rows, _NO_DAY, rows.day)
        return np.where(found == _NO_DAY, -1, found)

    def _latest(self, rows: _RowsOf) -> np.ndarray:
        found = self._folded(np.maximum, rows, -_NO_DAY, rows.day)
        return np.where(found == -_NO_DAY, -1, found)

    def _total(self, who: np.ndarray, what: np.ndarray) -> np.ndarray:
        # of no rows numpy makes whole numbers
        return np.bincount(who, weights=what, minlength=self._people).astype(np.float64)

    def _folded(self, fold: np.ufunc, rows: _RowsOf, nothing: float, what: np.ndarray) -> np.ndarray:
        found = np.full(self._people, nothing, dtype=what.dtype if what.dtype.kind == "f" else np.int64)
        fold.at(found, rows.who, what)
        return found

    def _number_of(self, who: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.bincount(who, minlength=self._people).astype(np.int32)


class _RowsOf:
    """The rows that count for one slot."""

    def __init__(self, answer: FoldedAnswer, slot: Slot) -> None:
        self._answer, self._slot = answer, slot
        self._pieces = [
            (slice(int(answer._starts[n]), int(answer._starts[n + 1])), n, rank)
            for n, rank in answer._asked[slot.number]
        ]
        who, day = self._joined(answer._who), self._joined(answer._day)
        after, up_to = answer._window(slot)
        tests = []
        if slot.until is not None:  # the statement gives no row after the index date
            tests.append(day <= (up_to[who] if isinstance(up_to, np.ndarray) else up_to))
        if after is not None:
            tests.append(day > (after[who] if isinstance(after, np.ndarray) else after))
        if slot.of:
            values = self._joined(answer._values[slot.of])
            low, high = slot.limits
            tests += [values >= low, values <= high]
        if slot.where:
            tests.append(self._joined(answer._rules[slot.where]))
        self._keep = np.logical_and.reduce(tests) if tests else None
        self.who, self.day = self._kept(who), self._kept(day)
        if slot.of:
            self.values = self._kept(values)

    def _kept(self, column: np.ndarray) -> np.ndarray:
        return column if self._keep is None else np.asarray(column[self._keep])

    def _joined(self, column: np.ndarray) -> np.ndarray:
        pieces = [column[piece] for piece, _, _ in self._pieces]
        return np.asarray(pieces[0] if len(pieces) == 1 else np.concatenate([*pieces, column[:0]]))

    def _of_code(self, which: int) -> np.ndarray:
        lengths = [piece.stop - piece.start for piece, _, _ in self._pieces]
        numbers = np.array([p[which] for p in self._pieces], np.int64)
        return self._kept(np.repeat(numbers, lengths))

    @property
    def codes(self) -> np.ndarray:
        """The number of the code."""
        return self._of_code(1)

    @property
    def ranks(self) -> np.ndarray:
        """The rank of the code's group."""
        return self._of_code(2)

    def moments(self, more: np.ndarray) -> np.ndarray:
        """Day and value as one number, of which the greatest is the latest day's greatest."""
        return np.asarray(self.day.astype(np.int64) * FACTOR + HALF + more)

    def different(self, what: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each pair of person and day, code or group once."""
        pairs = np.unique(self.who.astype(np.int64) * _MOST + what + (_MOST >> 1))
        return pairs // _MOST, pairs % _MOST - (_MOST >> 1)


def _thousandths(values: np.ndarray) -> np.ndarray:
    """Thousandths, halves away from nought: as ``round`` does in SQL, and as numpy does not.

    >>> _thousandths(np.array([0.0005, -0.0015, 58.0])).tolist()
    [1, -2, 58000]
    """
    scaled = values * 1000
    whole = np.trunc(scaled)
    return np.asarray((whole + np.sign(scaled) * (np.abs(scaled - whole) >= 0.5)).astype(np.int64))


def _finite(found: np.ndarray) -> np.ndarray:
    return np.where(np.isinf(found), np.nan, found)
