"""Atoms: people whom no set of a question tells apart, so that a question is worked on by the hundred and not by the million."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Bools = NDArray[np.bool_]
_AT_ONCE = 64
_MOST_COUNTED = 1 << 20


def atoms(sets: Sequence[Ids | Bools], people: int) -> tuple[Bools, NDArray[np.int64]]:
    """Return which atoms each set is made of (sets x atoms), and how many people each atom has.

    Sets hold person numbers below ``people``, or a boolean for each person. Everybody is in exactly one atom.

    >>> within, sizes = atoms([np.array([0, 1, 2]), np.array([2, 3])], 10)
    >>> within.astype(int).tolist(), sizes.tolist()
    ([[0, 1, 0, 1], [0, 0, 1, 1]], [6, 2, 1, 1])
    """
    sets, told_of = _closer(sets, people)
    atom = np.zeros(told_of, dtype=np.int64)
    parts: list[NDArray[np.uint64]] = []
    for first in range(0, max(len(sets), 1), _AT_ONCE):
        codes, values = _numbered(_patterns(sets[first : first + _AT_ONCE], told_of))
        atom, both = _numbered(atom * len(values) + codes) if parts else (codes, np.arange(len(values)))
        parts = [*(p[both // len(values)] for p in parts), values[both % len(values)].astype(np.uint64)]
    sizes = np.bincount(atom, minlength=len(parts[0])).astype(np.int64)
    bits = np.arange(_AT_ONCE, dtype=np.uint64)[:, None]
    rows = [((part[None, :] >> bits) & np.uint64(1)).astype(bool) for part in parts]
    within = np.concatenate(rows)[: len(sets)]
    if told_of == people:
        return within, sizes
    # everybody else is in no set: an atom of their own, or more of one that is there
    nobody = np.flatnonzero(~within.any(axis=0))
    if len(nobody):
        sizes[nobody[0]] += people - told_of
        return within, sizes
    within = np.concatenate([np.zeros((len(sets), 1), dtype=bool), within], axis=1)
    return within, np.concatenate([[people - told_of], sizes])


def _closer(sets: Sequence[Ids | Bools], people: int) -> tuple[Sequence[Ids | Bools], int]:
    """The same sets of the people who are in any of them, numbered anew, where those are few; and how many they are."""
    inside = np.zeros(people, dtype=bool)
    for who in sets:
        if who.dtype == np.bool_:
            inside |= who
        else:
            inside[who] = True
    if 2 * np.count_nonzero(inside) > people:
        return sets, people
    there = np.flatnonzero(inside)
    number = np.zeros(people, dtype=np.int32)
    number[there] = np.arange(len(there), dtype=np.int32)
    return [who[there] if who.dtype == np.bool_ else number[who] for who in sets], len(there)


def _numbered(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give the distinct values numbers from 0: each person's number, and the distinct values."""
    below = int(values.max()) + 1 if len(values) else 1
    if below > _MOST_COUNTED:
        # pandas is quicker at it where it is loaded, and slower to load than numpy is at it
        if pandas := sys.modules.get("pandas"):
            codes, found = pandas.factorize(values)
        else:
            found, codes = np.unique(values, return_inverse=True)
        return codes, found
    # counting is quicker than hashing, where they are few
    numbers = values.astype(np.int64)
    there = np.bincount(numbers, minlength=below) > 0
    number = np.cumsum(there) - 1
    return number[numbers], np.flatnonzero(there).astype(values.dtype)


def _patterns(sets: Sequence[Ids | Bools], people: int) -> NDArray[Any]:
    """Return for each person which of up to 64 sets they are in, one bit for each set."""
    # eight sets fill a byte, and bytes are quick
    planes = np.zeros((-(-len(sets) // 8) or 1, people), dtype=np.uint8)
    for k, who in enumerate(sets):
        if who.dtype == np.bool_:
            planes[k // 8] |= who.view(np.uint8) << np.uint8(k % 8)
        else:
            planes[k // 8][who] |= np.uint8(1 << (k % 8))
    width = next(w for w in (1, 2, 4, 8) if len(planes) <= w)
    side_by_side = np.zeros((people, width), dtype=np.uint8)
    for k, plane in enumerate(planes):
        side_by_side[:, k] = plane
    pattern: NDArray[Any] = side_by_side.view(f"<u{width}")[:, 0]
    return pattern
