"""Atoms: people whom no set of a question tells apart, so that a question is worked on by the hundred and not by the million."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Bools = NDArray[np.bool_]
_AT_ONCE = 16
_MOST_COUNTED = 1 << 20


def atoms(sets: Sequence[Ids | Bools], people: int) -> tuple[Bools, NDArray[np.int64]]:
    """Return which atoms each set is made of (sets x atoms), and how many people each atom has.

    Sets hold person numbers below ``people``, or a boolean for each person. Everybody is in exactly one atom.

    >>> within, sizes = atoms([np.array([0, 1, 2]), np.array([2, 3])], 10)
    >>> within.astype(int).tolist(), sizes.tolist()
    ([[0, 1, 0, 1], [0, 0, 1, 1]], [6, 2, 1, 1])
    """
    atom = np.zeros(people, dtype=np.int64)
    parts: list[NDArray[np.uint16]] = []
    for first in range(0, max(len(sets), 1), _AT_ONCE):
        codes, values = _numbered(_patterns(sets[first : first + _AT_ONCE], people), 1 << _AT_ONCE)
        below = len(values) * (len(parts[0]) if parts else 1)
        atom, both = _numbered(atom * len(values) + codes, below)
        parts = [*(p[both // len(values)] for p in parts), values[both % len(values)]]
    sizes = np.bincount(atom, minlength=len(parts[0]))
    bits = np.arange(_AT_ONCE, dtype=np.uint16)[:, None]
    rows = [((part[None, :] >> bits) & np.uint16(1)).astype(bool) for part in parts]
    return np.concatenate(rows)[: len(sets)], sizes.astype(np.int64)


def _numbered(values: NDArray[Any], below: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give the distinct values numbers from 0: each person's number, and the values in their order."""
    if below > _MOST_COUNTED:
        codes, found = pd.factorize(values)
        return codes, found
    there = np.bincount(values, minlength=below) > 0  # counting is quicker than hashing, where they are few
    number = np.cumsum(there) - 1
    return number[values], np.flatnonzero(there).astype(values.dtype)


def _patterns(sets: Sequence[Ids | Bools], people: int) -> NDArray[np.uint16]:
    """Return for each person which of up to 16 sets they are in, one bit for each set."""
    planes = np.zeros((2, people), dtype=np.uint8)  # eight sets fill a byte, and bytes are quick
    for k, who in enumerate(sets):
        if who.dtype == np.bool_:
            planes[k // 8] |= who.view(np.uint8) << np.uint8(k % 8)
        else:
            planes[k // 8][who] |= np.uint8(1 << (k % 8))
    pattern: NDArray[np.uint16] = planes[0].astype(np.uint16)
    if len(sets) > 8:
        pattern |= planes[1].astype(np.uint16) << np.uint16(8)
    return pattern
