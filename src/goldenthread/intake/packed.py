"""Rows of a large feed as one number each, which holds every column and sorts as the row does (decision 0057).

A coded entry has a patient, a day, a code, a value and a unit: each one of a few thousand, so that all fit into 64
bits. Sorting those numbers sorts the rows, equal numbers are equal rows, and nothing has to be moved along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

KEY = "key"
PATIENT = "patient"
_BITS = 64


@dataclass(frozen=True)
class Place:
    """Where a column lies in the number. ``values``: what each of its digits stands for; None of the patient,
    whose digit is the practice's own number."""

    name: str
    shift: int
    bits: int
    values: pa.Array | None

    def digits(self, key: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The digits of this column in each number."""
        mask = np.uint64((1 << self.bits) - 1)
        return ((key >> np.uint64(self.shift)) & mask).view(np.int64)


def places(columns: Sequence[tuple[str, int, pa.Array | None]]) -> list[Place] | None:
    """Places for columns (name, digits that may occur, values), the first the most significant.

    None where they need more than 64 bits.

    >>> [(p.name, p.shift, p.bits) for p in places([("patient", 5, None), ("date", 300, None)])]
    [('patient', 9, 3), ('date', 0, 9)]
    """
    widths = [max(count - 1, 0).bit_length() for _, count, _ in columns]
    if sum(widths) > _BITS:
        return None
    found, shift = [], sum(widths)
    for (name, _, values), width in zip(columns, widths, strict=True):
        shift -= width
        found.append(Place(name, shift, width, values))
    return found


def pack(
    index: Sequence[NDArray[np.int32]], digits: Sequence[NDArray[np.int32]], at: Sequence[Place]
) -> NDArray[np.uint64]:
    """The number of each row, from each column's index into its distinct texts and the digit of each text."""
    key = np.zeros(len(index[0]) if index else 0, np.uint64)
    for column, digit, place in zip(index, digits, at, strict=True):
        if len(digit) and place.bits:
            # Digits of distinct texts are few: they are shifted before they are spread over the rows.
            key |= np.take(digit.astype(np.uint64) << np.uint64(place.shift), column)
    return key


def table(key: NDArray[np.uint64], at: Sequence[Place]) -> pa.Table:
    """The staged form: one column of numbers, and in its schema what they mean."""
    meaning = [[place.name, place.shift, place.bits] for place in at]
    notes = {b"packed": json.dumps(meaning).encode()}
    for place in at:
        if place.values is not None:
            notes[b"values." + place.name.encode()] = _bytes(place.values)
    return pa.table([pa.array(key)], schema=pa.schema([pa.field(KEY, pa.uint64(), False)], metadata=notes))


def places_of(schema: pa.Schema) -> list[Place] | None:
    """What the numbers of a staged file mean; None where the file is not packed."""
    notes: Mapping[bytes, bytes] = schema.metadata or {}
    if b"packed" not in notes:
        return None
    return [
        Place(name, shift, bits, _values(notes.get(b"values." + name.encode())))
        for name, shift, bits in json.loads(notes[b"packed"])
    ]


def unpacked(key: NDArray[np.uint64], at: Sequence[Place]) -> pa.RecordBatch:
    """The columns of packed rows: text as dictionaries, everything else as it is."""
    columns: dict[str, pa.Array] = {}
    for place in at:
        digits = pa.array(place.digits(key).astype(np.int32))
        if place.values is None:
            columns[place.name] = digits
        elif pa.types.is_string(place.values.type):
            columns[place.name] = _spread(digits, place.values)
        else:
            columns[place.name] = place.values.take(digits)
    return pa.record_batch(columns)


def plain(staged: pa.Table) -> pa.Table:
    """The rows of a staged file as columns, whether it is packed or not."""
    at = places_of(staged.schema)
    if at is None:
        return staged
    return pa.Table.from_batches([unpacked(staged[KEY].to_numpy(), at)])


def _spread(digits: pa.Array, texts: pa.Array) -> pa.DictionaryArray:
    encoded = texts.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(digits), encoded.dictionary)


def _bytes(values: pa.Array) -> bytes:
    sink = pa.BufferOutputStream()
    schema = pa.schema([("values", values.type)])
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.table([values], schema=schema))
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _values(content: bytes | None) -> pa.Array | None:
    if content is None:
        return None
    column = pa.ipc.open_stream(content).read_all()["values"]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
