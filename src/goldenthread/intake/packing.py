"""Packs the columns of a row into one 64-bit number, so that rows can be sorted and compared as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LIMIT = 1 << 62


def pack(columns: Sequence[tuple[NDArray[np.int32] | NDArray[np.int64], int]]) -> NDArray[np.int64]:
    """One number for each row: equal where all columns are equal, ordered by the first column, then the next.

    Each column is an array of whole numbers from 0 and how many there may be. Exact for any number of
    columns: where they do not fit into 62 bits, what is packed so far is replaced by its rank.

    >>> pack([(np.array([0, 1, 0]), 2), (np.array([5, 0, 5]), 9)])
    array([5, 9, 5])
    """
    rows = len(columns[0][0]) if columns else 0
    key, size = np.zeros(rows, np.int64), 1
    for index, count in columns:
        count = max(int(count), 1)
        if size * count > _LIMIT:
            distinct, key = np.unique(key, return_inverse=True)
            size = max(len(distinct), 1)
        key = key * count + index
        size *= count
    return key


def ranks(values: pa.Array) -> tuple[NDArray[np.int32], int]:
    """The rank of each value among the distinct ones (empty = 0), and the number of ranks.

    >>> ranks(pa.array([2.5, None, 1.0]))
    (array([2, 0, 1], dtype=int32), 3)
    """
    known = values.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_string(values.type):
        plain = np.array(values.fill_null("").to_pylist(), dtype=object)
    else:
        plain = values.fill_null(False if pa.types.is_boolean(values.type) else 0).to_numpy(
            zero_copy_only=False
        )
    rank = np.zeros(len(values), np.int32)
    if known.any():
        distinct, inverse = np.unique(plain[known], return_inverse=True)
        rank[known] = inverse.astype(np.int32) + 1
        return rank, len(distinct) + 1
    return rank, 1


def repeats(key: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of ``rows`` whose key an earlier one of ``rows`` has already.

    >>> repeats(np.array([7, 8, 7, 7]), np.array([0, 1, 2, 3]))
    array([2, 3])
    """
    chosen = key[rows]
    ordered = np.sort(chosen)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.empty(0, np.int64)
    at = np.minimum(np.searchsorted(twice, chosen), len(twice) - 1)
    suspects = rows[twice[at] == chosen]
    order = np.lexsort((suspects, key[suspects]))
    arranged = key[suspects][order]
    later = np.concatenate([[False], arranged[1:] == arranged[:-1]])
    return np.sort(suspects[order][later])
