"""Puts the accepted rows of one file in order, and finds those that are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenthread.intake import packed
from goldenthread.intake.checking import Checked, raw_key
from goldenthread.intake.contract import Contract
from goldenthread.intake.packing import pack, ranks
from goldenthread.intake.values import PRECISION_CODES


@dataclass(frozen=True)
class Keyed:
    """The accepted rows of a file in order, as one number each: those to keep, and how many were exact duplicates."""

    table: pa.Table
    duplicates: int


def keyed(checked: Checked, contract: Contract, names: Mapping[str, str]) -> Keyed | None:
    """Rows as numbers that hold all that is staged of them; of rows that differ in how exactly the date is known
    the most exact stays.

    None where a row is more than what it is sorted by, where later rows replace earlier ones, or where the
    columns do not fit into one number: then the rows have to be sorted themselves (``sorted_rows``).
    """
    columns = _columns(checked, contract, names)
    if columns is None:
        return None
    at = packed.places([(name, len(digits) + 1 if values is None else len(values), values)
                        for name, _, digits, values in columns])  # fmt: skip
    if at is None:
        return None
    key = packed.pack([index for _, index, _, _ in columns], [digits for _, _, digits, _ in columns], at)
    if len(checked.kept) < len(key):
        key = key[checked.kept]
    fine = np.uint64(sum(place.bits for place in at if place.name.endswith("_precision")))
    ordered = np.sort(key)
    group = ordered >> fine
    first = np.concatenate([[True], group[1:] != group[:-1]])
    if first.all():
        return Keyed(packed.table(ordered, at), 0)
    rows = checked.kept[_among(key >> fine, np.unique(group[~first]))]
    duplicates = len(rows) - len(np.unique(raw_key(checked.raw, rows)))
    return Keyed(packed.table(ordered[first], at), duplicates)


_Column = tuple[str, NDArray[np.int32], NDArray[np.int32], pa.Array | None]


def _columns(checked: Checked, contract: Contract, names: Mapping[str, str]) -> list[_Column] | None:
    """Of each column to sort by: name, index of each row, digit of each index, and what each digit stands for."""
    staged, found, patients = contract.staged, checked.measured, checked.patients
    if contract.supersede or patients is None or not set(staged) <= set(contract.sort):
        return None
    if any(rule.hash or rule.name not in checked.columns for rule in staged.values()):
        return None
    columns: list[_Column] = []
    for to in contract.sort:
        if to == "patient":
            # Rows of unknown patients (-1) are never kept, so it does not matter what they become.
            columns.append((to, patients, np.arange(max(int(patients.max()), 0) + 1, dtype=np.int32), None))
        elif to == "value" and found is not None:
            rank, count = ranks_of_numbers(found.values)
            numbers = pa.array(found.values + 0.0, pa.float64(), from_pandas=True)
            columns.append((to, found.value, *_empty_last(rank.astype(np.int32), count, numbers)))
        elif to == "unit" and found is not None:
            units = pa.array([None, *found.units[1:]], pa.string())
            place = np.arange(len(units), dtype=np.int32)
            columns.append((to, found.unit, *_empty_last(place, len(units), units)))
        else:
            made, index = checked.columns[names[to]], checked.raw.columns[names[to]].index
            values = made.values.cast(pa.date32()) if staged[to].type == "date" else made.values
            columns.append((to, index, *_empty_last(*ranks(made.values), values)))
    for name in names.values():
        made, rule = checked.columns[name], contract.columns[name]
        if made.precision is not None and len(rule.precision) > 1:
            index, words = checked.raw.columns[name].index, pa.array(PRECISION_CODES, pa.string())
            columns.append((f"{rule.to}_precision", index, made.precision.astype(np.int32), words))
    return columns


def _empty_last(rank: NDArray[np.int32], count: int, values: pa.Array) -> tuple[NDArray[np.int32], pa.Array]:
    """Digits that sort as the lake does, where what is empty (rank 0) comes last; and the value of each digit."""
    digits = ((rank - 1) % count).astype(np.int32)
    at = np.full(count, -1, np.int64)
    at[digits] = np.arange(len(digits))
    return digits, values.take(pa.array(at, mask=at < 0))


def _among(key: NDArray[np.uint64], few: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Places in ``key`` of the few (sorted) numbers."""
    # A table of one bit of hash each throws out nearly all rows at once.
    spread, top = np.uint64(0x9E3779B97F4A7C15), np.uint64(44)
    likely = np.zeros(1 << 20, np.bool_)
    likely[(few * spread) >> top] = True
    rows = np.flatnonzero(likely[(key * spread) >> top])
    place = np.minimum(np.searchsorted(few, key[rows]), len(few) - 1)
    found: NDArray[np.int64] = rows[few[place] == key[rows]]
    return found


def sorted_rows(
    checked: Checked, contract: Contract, rows: NDArray[np.int64], names: Mapping[str, str]
) -> tuple[NDArray[np.int64], int]:
    """Rows in the contract's order, and how many were exact duplicates.

    Of rows that share the whole sort key the one with the most exact date stays, then the last in the file.
    """
    parts: list[tuple[NDArray[Any], int]] = []
    found = checked.measured
    for to in contract.sort:
        if to == "patient":
            patients = checked.patients[rows] if checked.patients is not None else rows
            parts.append((patients, int(patients.max()) + 1))
        elif to == "value" and found is not None:
            numbers, count = ranks_of_numbers(found.values)
            parts.append((numbers[found.value[rows]], count))
        elif to == "unit" and found is not None:
            parts.append((found.unit[rows], len(found.units)))
        else:
            name = names[to]
            rank, count = ranks(checked.columns[name].values)
            parts.append((rank[checked.raw.columns[name].index[rows]], count))
    key = pack(parts)
    order = np.argsort(key, kind="stable") if len(key) < 1 << 14 else _ordered(key)
    arranged = key[order]
    last = np.concatenate([arranged[1:] != arranged[:-1], [True]])
    precise = [n for n in names.values() if checked.columns[n].precision is not None]
    if last.all():
        return rows[order], 0
    # Rows of one key differ in how exactly the date is known, at most: rank by that, then by place in the file.
    fine = np.zeros(len(rows), np.int64)
    for name in precise:
        made = checked.columns[name].precision
        if made is not None:
            fine = fine * 4 + (3 - made[checked.raw.columns[name].index[rows]])
    tied = np.flatnonzero(~last | np.concatenate([[False], ~last[:-1]]))
    group = np.cumsum(np.concatenate([[True], arranged[1:] != arranged[:-1]]))[tied]
    chosen = order[tied]
    texts, text = np.unique(raw_key(checked.raw, rows[chosen]), return_inverse=True)
    distinct = len(np.unique(pack([(group, len(order) + 1), (text, len(texts))])))
    order[tied] = chosen[np.lexsort((rows[chosen], fine[chosen], group))]
    return rows[order][last], len(tied) - distinct


def latest_rows(checked: Checked, contract: Contract, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of rows with one key the last of the file; the order of ``rows`` stays."""
    staged, parts = contract.staged, []
    for to in contract.supersede.key if contract.supersede else ():
        rank, count = ranks(checked.columns[staged[to].name].values)
        parts.append((rank[checked.raw.columns[staged[to].name].index[rows]], count))
    key = pack(parts)
    order = np.lexsort((rows, key))
    last = np.concatenate([key[order][1:] != key[order][:-1], [True]])
    keep = np.zeros(len(rows), np.bool_)
    keep[order[last]] = True
    return rows[keep]


def _ordered(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """A sorting permutation; ties in file order. Numpy's unstable sort is three times as fast, and ties are few."""
    order = np.argsort(key)
    arranged = key[order]
    ties = np.flatnonzero(arranged[1:] == arranged[:-1])
    if len(ties):
        at = np.unique(np.concatenate([ties, ties + 1]))
        chosen = order[at]
        order[at] = chosen[np.lexsort((chosen, key[chosen]))]
    return order


def ranks_of_numbers(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Rank of each number, NaN first.

    >>> ranks_of_numbers(np.array([2.0, np.nan, 1.0]))
    (array([2, 0, 1]), 3)
    """
    known = ~np.isnan(values)
    distinct, inverse = np.unique(values[known], return_inverse=True)
    rank = np.zeros(len(values), np.int64)
    rank[known] = inverse + 1
    return rank, len(distinct) + 1
