"""Puts the rows of a large event table in order without a general sort, and writes them to Parquet.

Rows of a large table arrive practice by practice, each practice's already in order. Only people who moved, and
rows of one person, day and code, have to be put right (decision 0055).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from goldenthread.lake.files import LakeError
from goldenthread.model import Table

ROWS_PER_GROUP = {"person": 122_880, "code": 40_960}
"""A question about few codes reads the groups that hold them whole; one about people reads files from end to end."""
ROWS_TO_SHARE = 122_880
"""From so many rows on, two threads take columns side by side."""
LEADING = ("pid", "date", "code")
_KINDS = {"INTEGER": pa.int32(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}


def conform(declared: Table, given: pa.Table, people: int) -> pa.Table:
    """The declared columns in their order and types; refuses what the declaration does not allow.

    Columns of text may come as dictionaries and stay so; so may codes, where their dictionary is in order.
    """
    columns = []
    for name, column in declared.columns.items():
        if name not in given.column_names:
            raise LakeError(f"{declared.name}: the rows to write lack the column {name!r}.")
        values = given[name]
        if not column.nullable and values.null_count:
            raise LakeError(f"{declared.name}: {values.null_count} of {given.num_rows} rows have no {name}.")
        kind = _KINDS.get(column.duckdb_type, pa.string())
        keep = (
            pa.types.is_dictionary(values.type)
            and values.type.value_type == kind
            and (kind == pa.string() or (name == "code" and _ascending(values)))
        )
        columns.append(values if keep else values.cast(kind))
    made = pa.table(columns, names=list(declared.columns))
    if made.num_rows:
        ends = pc.min_max(made["pid"]).as_py()
        if ends["min"] < 0 or ends["max"] >= people:
            raise LakeError(
                f"{declared.name}: pids run from {ends['min']} to {ends['max']}, but there are {people} people."
            )
    return made


def _ascending(codes: pa.ChunkedArray) -> bool:
    """Whether all rows share one dictionary, each code in it larger than the one before."""
    if codes.num_chunks != 1:
        return False
    known = codes.chunk(0).dictionary.to_numpy(zero_copy_only=False)
    return bool((known[1:] > known[:-1]).all())


def _ranked(codes: pa.ChunkedArray) -> NDArray[np.int64]:
    """Codes as numbers that sort as they do."""
    numbers: NDArray[np.int64] = (
        codes.chunk(0).indices if pa.types.is_dictionary(codes.type) else codes
    ).to_numpy()
    return numbers


def by_person(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Rows in the order of ``keys`` (which begin with pid, date and code), empty values last.

    >>> rows = pa.table({"pid": [1, 0, 0], "date": [9, 9, 9], "code": [5, 7, 6]})
    >>> by_person(rows, ("pid", "date", "code"))["code"].to_pylist()
    [6, 7, 5]
    """
    if rows.num_rows < 2:
        return rows
    key = rows["pid"].to_numpy().astype(np.int64) << 32
    key += rows["date"].cast(pa.int32()).to_numpy()
    code = _ranked(rows["code"])
    order: NDArray[np.int64] | None = None
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, code = key[order], code[order]
    same = key[1:] == key[:-1]
    doubtful = np.flatnonzero(same & (code[1:] <= code[:-1]))
    del key, code
    if len(doubtful):
        at = _whole_days(same, doubtful)
        there = at if order is None else order[at]
        put = _fully_sorted(taken(rows, there), keys)
        if not np.array_equal(put, np.arange(len(put))):
            order = np.arange(rows.num_rows) if order is None else order
            order[at] = there[put]
    return rows if order is None else taken(rows, order)


def _whole_days(same: NDArray[np.bool_], some: NDArray[np.int64]) -> NDArray[np.int64]:
    """All rows of the person and day of each of ``some`` rows; ``same``: whether the next row is of the same.

    >>> _whole_days(np.array([True, False, True, False]), np.array([2])).tolist()
    [2, 3]
    """
    last = np.append(np.flatnonzero(~same), len(same))  # the last row of each person and day
    which = np.unique(np.searchsorted(last, some))
    first = np.where(which > 0, last[which - 1] + 1, 0)
    lengths = last[which] - first + 1
    before = np.cumsum(lengths) - lengths
    rows: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(first - before, lengths)
    return rows


def _fully_sorted(rows: pa.Table, keys: Sequence[str]) -> NDArray[np.uint64]:
    columns = {
        name: column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    }
    sort_keys = [(name, "ascending") for name in keys]
    # Empty values come last, as in DuckDB.
    found: NDArray[np.uint64] = pc.sort_indices(pa.table(columns), sort_keys=sort_keys).to_numpy()
    return found


def code_order(rows: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """Row numbers of rows that are in order by person, in order by code and then by person; and each row's rank of code.

    >>> rows = pa.table({"pid": [0, 0, 1], "code": [7, 5, 5]})
    >>> code_order(rows)[0].tolist()
    [1, 2, 0]
    """
    codes = rows["code"].combine_chunks()
    if pa.types.is_dictionary(codes.type):
        rank, known = codes.indices.to_numpy(), len(codes.dictionary)
    else:
        encoded = pc.dictionary_encode(codes)
        known = len(encoded.dictionary)
        place = np.empty(known, np.int64)
        place[np.argsort(encoded.dictionary.to_numpy())] = np.arange(known)
        rank = place[encoded.indices.to_numpy()]
    # Numpy sorts 16-bit numbers by counting them: one pass, and equal ones stay in order.
    if known <= 1 << 16:
        rank = rank.astype(np.uint16)
    return np.argsort(rank, kind="stable"), rank


def halves(order: NDArray[np.int64], rank: NDArray[np.generic]) -> list[NDArray[np.int64]]:
    """An order by code in two parts of about one size, no code in both; whole where rows are few or of one code.

    >>> rank = np.arange(400_000) // 150_000
    >>> [len(part) for part in halves(np.arange(400_000), rank)]
    [150000, 250000]
    """
    if len(order) < 2 * ROWS_PER_GROUP["code"]:
        return [order]
    cut = int(np.searchsorted(rank, rank[order[len(order) // 2]], sorter=order))
    return [order[:cut], order[cut:]] if cut else [order]


def taken(rows: pa.Table, order: NDArray[np.int64]) -> pa.Table:
    """Rows by number."""
    chosen = pa.array(order.astype(np.uint32))

    def take(column: pa.ChunkedArray) -> pa.Array:
        return (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).take(chosen)

    if rows.num_rows < ROWS_TO_SHARE:
        return pa.table([take(column) for column in rows.columns], names=rows.column_names)
    with ThreadPoolExecutor(max_workers=2) as pool:
        return pa.table(list(pool.map(take, rows.columns)), names=rows.column_names)


def write_parquet(declared: Table, rows: pa.Table, path: Path, order: str) -> None:
    """Write rows as they stand, in the order of person or code; the same rows give the same bytes.

    Columns that may not be empty are marked so, and only those that rows are looked for by have their least and
    greatest value noted: both halve the time that writing takes.
    """
    code = rows["code"]
    if pa.types.is_dictionary(code.type):
        rows = rows.set_column(rows.column_names.index("code"), "code", code.cast(pa.int64()))
    fields = [f.with_nullable(declared.columns[f.name].nullable) for f in rows.schema]
    pq.write_table(
        pa.table(rows.columns, schema=pa.schema(fields)),
        path,
        compression="zstd",
        row_group_size=ROWS_PER_GROUP[order],
        use_dictionary=[name for name in rows.column_names if name != "pid"],
        column_encoding={"pid": "DELTA_BINARY_PACKED"},
        write_statistics=list(LEADING),
        store_schema=False,  # dictionaries are a form of the writer, not of the table
    )
