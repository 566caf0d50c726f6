"""Numbers between Arrow and numpy. Arrow's own ways load pandas, which takes longer than the answer to a question."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def to_numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """A column of numbers or truths without gaps; of numbers it shares the column's memory and cannot be written to.

    >>> to_numbers(pa.chunked_array([[3, 5], [8]])).tolist()
    [3, 5, 8]
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if whole.null_count:
        raise ValueError("This column has gaps.")
    if pa.types.is_boolean(whole.type):
        bits = np.frombuffer(whole.buffers()[1] or b"", np.uint8)
        found = np.unpackbits(bits, count=whole.offset + len(whole), bitorder="little")
        return found[whole.offset :].astype(bool)
    kind = np.dtype(whole.type.to_pandas_dtype())
    if not len(whole):
        return np.empty(0, kind)
    return np.frombuffer(whole.buffers()[1], kind, len(whole), whole.offset * kind.itemsize)


def from_numbers(values: NDArray[Any]) -> pa.Array:
    """A column of whole numbers; it shares their memory.

    >>> from_numbers(np.array([3, 5], np.int32)).to_pylist()
    [3, 5]
    """
    there = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(there.dtype)
    return pa.Array.from_buffers(kind, len(there), [None, pa.py_buffer(there)])
