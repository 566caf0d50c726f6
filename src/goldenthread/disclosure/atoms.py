"""Atoms: people whom no set of a question tells apart, so that a question is worked on by the hundred and not by the million."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Bools = NDArray[np.bool_]
_AT_ONCE = 64


def atoms(sets: Sequence[Ids | Bools], people: int) -> tuple[Bools, NDArray[np.int64]]:
    """Return which atoms each set is made of (sets x atoms), and how many people each atom has.

    Sets hold person numbers below ``people``, or a boolean for each person. Everybody is in exactly one atom.

    >>> within, sizes = atoms([np.array([0, 1, 2]), np.array([2, 3])], 10)
    >>> within.astype(int).tolist(), sizes.tolist()
    ([[1, 1, 0, 0], [0, 1, 1, 0]], [2, 1, 1, 6])
    """
    atom: NDArray[np.int64] | None = None
    parts: list[NDArray[np.uint64]] = []
    for first in range(0, max(len(sets), 1), _AT_ONCE):
        codes, patterns = pd.factorize(_patterns(sets[first : first + _AT_ONCE], people))
        if atom is None:
            atom, parts = codes, [patterns]
            continue
        atom, both = pd.factorize(atom * len(patterns) + codes)
        parts = [*(p[both // len(patterns)] for p in parts), patterns[both % len(patterns)]]
    sizes = np.bincount(atom, minlength=len(parts[0])) if atom is not None else np.empty(0, np.int64)
    bits = np.arange(_AT_ONCE, dtype=np.uint64)[:, None]
    rows = [((pattern[None, :] >> bits) & np.uint64(1)).astype(bool) for pattern in parts]
    return np.concatenate(rows)[: len(sets)], sizes.astype(np.int64)


def _patterns(sets: Sequence[Ids | Bools], people: int) -> NDArray[np.uint64]:
    """Return for each person which of up to 64 sets they are in, one bit for each set."""
    planes = np.zeros((8, people), dtype=np.uint8)  # eight sets fill a byte, and bytes are quick
    for k, who in enumerate(sets):
        if who.dtype == np.bool_:
            planes[k // 8] |= who.view(np.uint8) << np.uint8(k % 8)
        else:
            planes[k // 8][who] |= np.uint8(1 << (k % 8))
    pattern = np.zeros(people, dtype=np.uint64)
    for number in range(-(-len(sets) // 8)):
        pattern |= planes[number].astype(np.uint64) << np.uint64(8 * number)
    return pattern
