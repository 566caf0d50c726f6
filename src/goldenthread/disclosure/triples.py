"""Three answers: is the new one, give or take a few people, two earlier ones added or subtracted?

If C = A + B - S or C = A + B + S, or C = A - B - S or C = A - B + S as counts of the same people, then whoever knows
A, B and C knows |S|. All pairs of earlier answers are tried: sizes rule out nearly all of them at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.memberships import Ids, Memberships

_MOST_CHECKED = 2_000

Counts = NDArray[np.int64]


def reveals_with_two_others(ids: Ids, shared: Counts, sets: Memberships, threshold: int) -> bool:
    """Whether this set and two earlier ones leave a group of 1 to ``threshold`` people when added or subtracted.

    ``shared`` is how many people each earlier set shares with this one.

    >>> earlier = Memberships(200)
    >>> earlier.add(np.arange(0, 60, dtype=np.int32)); earlier.add(np.arange(58, 90, dtype=np.int32))
    >>> union = np.arange(0, 90, dtype=np.int32)
    >>> reveals_with_two_others(union, earlier.shared_with(union), earlier, threshold=4)
    True
    """
    size, sizes = len(ids), sets.sizes[: len(sets)]
    inside = np.flatnonzero((sizes - shared <= threshold) & (shared > 0))
    around = np.flatnonzero(size - shared <= threshold)
    apart = np.flatnonzero((shared <= threshold) & (sizes > 0))
    checked = 0
    for firsts, seconds, sign in ((inside, inside, 1), (around, apart, -1)):
        for a, b in _pairs_of_fitting_size(size, sizes, firsts, seconds, sign, threshold):
            checked += 1
            if checked > _MOST_CHECKED:
                return True  # too many near misses to look at: hide rather than hope
            if _leaves_few(ids, sets.ids(a), sets.ids(b), sign, sets.people, threshold):
                return True
    return False


def _pairs_of_fitting_size(
    size: int, sizes: Counts, firsts: NDArray[np.intp], seconds: NDArray[np.intp], sign: int, threshold: int
) -> list[tuple[int, int]]:
    """Return pairs with |C| - (|A| +/- |B|) between 1 and the threshold, either way round."""
    if len(firsts) == 0 or len(seconds) == 0:
        return []
    left = np.abs(size - (sizes[firsts][:, None] + sign * sizes[seconds][None, :]))
    rows, columns = np.nonzero((left >= 1) & (left <= threshold))
    pairs = {(int(firsts[r]), int(seconds[c])) for r, c in zip(rows, columns, strict=True)}
    if sign > 0:
        pairs = {(min(a, b), max(a, b)) for a, b in pairs}
    return sorted((a, b) for a, b in pairs if a != b)


def _leaves_few(ids: Ids, a: Ids, b: Ids, sign: int, people: int, threshold: int) -> bool:
    """Whether C - (A +/- B) is plus or minus the indicator of 1 to ``threshold`` people."""
    left = np.zeros(people, dtype=np.int8)
    left[ids] += 1
    left[a] -= 1
    left[b] -= np.int8(sign)
    low, high = int(left.min()), int(left.max())
    if low < -1 or high > 1 or (low < 0 and high > 0):
        return False
    return 0 < int(np.count_nonzero(left)) <= threshold
