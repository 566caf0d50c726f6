"""What one scan found, folded into the facts here rather than grouped by the database.

A database groups rows by looking person and slot up in a hash table, which costs more than all the rest of the scan.
Here rows are put in order of their code once; each slot then takes the rows of its codes in whole pieces, and a
person's place is their number. No result depends on the order of the rows. ``grouped.GroupedAnswer`` gives the same from
rows that a database has grouped, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from goldenthread.measures.coded import EPOCH, CodedScan, Slot

Window = Callable[[Slot], tuple[Any, Any]]
"""The last day before a slot's window (``None`` for no beginning) and its last day: days since 1900, or one for each person."""

_TO_1900 = int((np.datetime64(EPOCH, "D") - np.datetime64("1970-01-01", "D")).astype(int))
_NO_VALUE = 1 << 62
_NO_DAY = (1 << 31) - 1
FEW_CODES, FEW_SLOTS = 100, 12
_BITS = 22
_MOST = 1 << _BITS  # more days than there are between the years 1 and 9999, and more codes than a list has


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
        self.codes = list(numbers)
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


@dataclass
class Piece:
    """Rows of one code in a range of people."""

    who: np.ndarray
    """The person's place in the range: of the kind that numpy looks places up with, or every look-up copies it."""
    day: np.ndarray
    """Days since 1900, int32."""
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Of each column that values are taken from; NaN where there is none."""
    rules: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Of each condition, whether the row meets it."""

    def __len__(self) -> int:
        return len(self.who)


def pieces_of(scan: CodedScan, numbers: CodeNumbers, rows: pa.Table, first: int) -> dict[int, Piece]:
    """The rows that ``CodedScan.rows_statement`` gives, in any order, by number of their code."""
    number = rows.column("number").to_numpy()
    # few enough numbers to be sorted by counting
    order = np.argsort(number, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(number, minlength=numbers.count))].tolist()
    who = rows.column("pid").to_numpy()[order].astype(np.intp) - first
    day = since_1900(rows.column("date").cast(pa.int32()).to_numpy()[order])
    values = {of: rows.column(column).to_numpy()[order] for of, column in scan.value_columns.items()}
    rules = {where: rows.column(column).to_numpy()[order] for where, column in scan.rule_columns.items()}
    found = {}
    for n, (start, stop) in enumerate(pairwise(starts)):
        if stop > start:
            here = slice(start, stop)
            found[n] = Piece(
                who[here],
                day[here],
                {k: v[here] for k, v in values.items()},
                {k: v[here] for k, v in rules.items()},
            )
    return found


def since_1900(days: np.ndarray) -> np.ndarray:
    """Days since 1970, as Arrow has them, as days since 1900."""
    return np.asarray(days - np.int32(_TO_1900))


class FoldedAnswer:
    """The facts of one range of people, from their rows by number of the code."""

    def __init__(
        self, numbers: CodeNumbers, pieces: Mapping[int, Piece], people: int, window: Window
    ) -> None:
        self._people, self._window, self._asked, self._pieces = people, window, numbers.asked, pieces

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
                return self._value_of_day(rows, self._latest(rows))
            case "first value":
                return self._value_of_day(rows, self._first(rows))
            case "latest group":
                that_day = np.flatnonzero(rows.day == self._latest(rows)[rows.who])
                ranks = np.full(self._people, len(slot.groups))
                np.minimum.at(ranks, rows.who[that_day], rows.ranks[that_day])
                return np.asarray(np.array([*slot.groups, None], dtype=object)[ranks])
            case "sum":
                return np.round(self._total(rows.who, rows.values), 6)
            case "mean":
                with np.errstate(invalid="ignore"):  # nobody's sum over no values is missing
                    mean = self._total(rows.who, rows.values) / np.bincount(rows.who, minlength=self._people)
                return np.round(mean, 6)
            case "min":
                return _finite(self._folded(np.minimum, rows.who, rows.values, np.inf))
        return _finite(self._folded(np.maximum, rows.who, rows.values, -np.inf))

    def dates(self, slot: Slot) -> tuple[np.ndarray, np.ndarray]:
        """First and latest date of everybody in the range, as days since 1900 (-1 for none)."""
        rows = _RowsOf(self, slot)
        return self._first(rows), self._latest(rows)

    def latest(self, slot: Slot) -> np.ndarray:
        """The latest date alone."""
        return self._latest(_RowsOf(self, slot))

    def _first(self, rows: _RowsOf) -> np.ndarray:
        found = self._folded(np.minimum, rows.who, rows.day, _NO_DAY)
        found[found == _NO_DAY] = -1
        return found

    def _latest(self, rows: _RowsOf) -> np.ndarray:
        return self._folded(np.maximum, rows.who, rows.day, -1)

    def _value_of_day(self, rows: _RowsOf, day: np.ndarray) -> np.ndarray:
        """The greatest value that each person has on their day, to three decimals."""
        that_day = np.flatnonzero(rows.day == day[rows.who])
        found = self._folded(np.maximum, rows.who[that_day], _thousandths(rows.values[that_day]), -_NO_VALUE)
        return np.where(found == -_NO_VALUE, np.nan, found / 1000)

    def _total(self, who: np.ndarray, what: np.ndarray) -> np.ndarray:
        # of no rows numpy makes whole numbers
        return np.bincount(who, weights=what, minlength=self._people).astype(np.float64)

    def _folded(self, fold: np.ufunc, who: np.ndarray, what: np.ndarray, nothing: float) -> np.ndarray:
        found = np.full(self._people, nothing, dtype=what.dtype)
        fold.at(found, who, what)
        return found

    def _number_of(self, who: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.bincount(who, minlength=self._people).astype(np.int32)


class _RowsOf:
    """The rows that count for one slot."""

    def __init__(self, answer: FoldedAnswer, slot: Slot) -> None:
        known = answer._pieces
        self._pieces = [(known[n], n, rank) for n, rank in answer._asked[slot.number] if n in known]
        who = self._joined([p.who for p, _, _ in self._pieces], np.intp)
        day = self._joined([p.day for p, _, _ in self._pieces], np.int32)
        after, up_to = answer._window(slot)
        tests = []
        if slot.until is not None:  # no row after the index date was read
            tests.append(day <= (up_to[who] if isinstance(up_to, np.ndarray) else up_to))
        if after is not None:
            tests.append(day > (after[who] if isinstance(after, np.ndarray) else after))
        if slot.of:
            values = self._joined([p.values[slot.of] for p, _, _ in self._pieces], np.float64)
            low, high = slot.limits
            tests += [values >= low, values <= high]
        if slot.where:
            tests.append(self._joined([p.rules[slot.where] for p, _, _ in self._pieces], np.bool_))
        # places of the rows that stay are had once: choosing by truths costs more for every column
        self._keep = np.flatnonzero(np.logical_and.reduce(tests)) if tests and len(who) else None
        self.who, self.day = self._kept(who), self._kept(day)
        if slot.of:
            self.values = self._kept(values)

    def _kept(self, column: np.ndarray) -> np.ndarray:
        return column if self._keep is None else column.take(self._keep)

    @staticmethod
    def _joined(columns: list[np.ndarray], kind: type[np.generic]) -> np.ndarray:
        if len(columns) == 1:
            return columns[0]
        return np.concatenate(columns) if columns else np.empty(0, kind)

    def _of_code(self, which: int) -> np.ndarray:
        numbers = np.array([p[which] for p in self._pieces], np.int64)
        return self._kept(np.repeat(numbers, np.array([len(p) for p, _, _ in self._pieces], np.int64)))

    @property
    def codes(self) -> np.ndarray:
        """The number of the code."""
        return self._of_code(1)

    @property
    def ranks(self) -> np.ndarray:
        """The rank of the code's group."""
        return self._of_code(2)

    def different(self, what: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each pair of person and day, code or group once."""
        pairs = np.sort(self.who * _MOST + (what + (_MOST >> 1)))
        if len(pairs):  # cheaper than `np.unique`, which looks every number up
            pairs = pairs[np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])]
        return pairs >> _BITS, (pairs & (_MOST - 1)) - (_MOST >> 1)


def _thousandths(values: np.ndarray) -> np.ndarray:
    """Thousandths, halves away from nought: as ``round`` does in SQL, and as numpy does not.

    >>> _thousandths(np.array([0.0005, -0.0015, 58.0])).tolist()
    [1, -2, 58000]
    """
    scaled = values * 1000
    whole = np.rint(scaled)  # halves to the even neighbour, which is right for all others
    halves = np.flatnonzero(np.abs(scaled - whole) == 0.5)
    whole[halves] = np.trunc(scaled[halves]) + np.sign(scaled[halves])
    return np.asarray(whole.astype(np.int64))


def _finite(found: np.ndarray) -> np.ndarray:
    return np.where(np.isinf(found), np.nan, found)
