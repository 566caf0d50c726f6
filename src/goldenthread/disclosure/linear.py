"""Can adding and subtracting several answers single out a small group of people?

Answers about groups of people are linear equations. People with the same pattern of membership form an atom; a
group is revealed exactly when its indicator lies in the row space of the answers-by-atoms matrix. Source: Chin and
Ozsoyoglu (1982), "Auditing and inference control in statistical databases", IEEE TSE 8(6), applied here to groups
up to a threshold and not only to one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

MOST_ANSWERS = 19
_MOST_COMBINATIONS = 20_000
# exact arithmetic modulo a prime: no rounding error to argue about, and products fit in 64 bits
_PRIME = 2_147_483_647

Ids = NDArray[np.int32]


def reveals_small_group(answers: Sequence[Ids], people: int, threshold: int) -> bool:
    """Whether some sum and difference of these answers counts a group of 1 to ``threshold`` people.

    ``answers`` hold sorted person numbers below ``people``. The size of the whole population counts as known.
    At most `MOST_ANSWERS` + 1 answers are looked at together. The search over groups made of several atoms is
    complete up to 20,000 combinations; beyond that the answer is True, which errs on the side of hiding.

    >>> a, b = np.arange(0, 60, dtype=np.int32), np.arange(58, 90, dtype=np.int32)
    >>> union = np.arange(0, 90, dtype=np.int32)
    >>> reveals_small_group([a, b], 200, 4), reveals_small_group([a, b, union], 200, 4)
    (False, True)
    """
    if not answers or threshold < 1:
        return False
    if len(answers) > MOST_ANSWERS + 1:
        raise ValueError(f"at most {MOST_ANSWERS + 1} answers at once")
    pattern = np.zeros(people, dtype=np.int32)
    for k, ids in enumerate(answers):
        pattern[ids] |= np.int32(1 << k)
    sizes = np.bincount(pattern, minlength=1)
    atoms = np.flatnonzero(sizes)
    weight = sizes[atoms]
    order = np.argsort(-weight, kind="stable")
    atoms, weight = atoms[order], weight[order]
    first_small = int(np.searchsorted(-weight, -threshold))
    if first_small == len(atoms):
        return False
    matrix = np.ones((len(answers) + 1, len(atoms)), dtype=np.int64)
    for k in range(len(answers)):
        matrix[k] = (atoms >> k) & 1
    only_small = _rows_on_small_atoms(matrix, first_small)
    return _holds_small_group(only_small, weight[first_small:], threshold)


def _rows_on_small_atoms(matrix: NDArray[np.int64], first_small: int) -> NDArray[np.int64]:
    """Reduce to row echelon form modulo a prime; return the rows that are zero on every large atom."""
    m = matrix.copy()
    row = 0
    small_from: int | None = None
    for column in range(m.shape[1]):
        if row == len(m):
            break
        if column >= first_small and small_from is None:
            small_from = row
        pivots = np.flatnonzero(m[row:, column])
        if len(pivots) == 0:
            continue
        pivot = row + int(pivots[0])
        m[[row, pivot]] = m[[pivot, row]]
        m[row] = m[row] * pow(int(m[row, column]), -1, _PRIME) % _PRIME
        for other in np.flatnonzero(m[:, column]):
            if other != row:
                m[other] = (m[other] - m[other, column] * m[row]) % _PRIME
        row += 1
    start = row if small_from is None else small_from
    return m[start:row, first_small:]


def _holds_small_group(rows: NDArray[np.int64], weight: NDArray[np.int64], threshold: int) -> bool:
    """Whether a group of at most ``threshold`` people has its indicator among sums of these reduced rows.

    An indicator is 0 or 1 at every pivot, so in reduced form it is the plain sum of some of the rows; and as each
    row brings at least one person, of at most ``threshold`` rows.
    """
    tried = 0
    for number in range(1, min(len(rows), threshold) + 1):
        for chosen in combinations(range(len(rows)), number):
            tried += 1
            if tried > _MOST_COMBINATIONS:
                return True
            total = rows[list(chosen)].sum(axis=0) % _PRIME
            if int(total.max()) <= 1 and int((total * weight).sum()) <= threshold:
                return True
    return False
