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
_AT_FIRST = 256
# exact arithmetic modulo a prime: no rounding error to argue about, and products fit in 64 bits
_PRIME = 2_147_483_647

Ids = NDArray[np.int32]


def reveals_small_group(
    answers: Sequence[Ids | NDArray[np.bool_]],
    people: int,
    threshold: int,
    weights: NDArray[np.int64] | None = None,
) -> bool:
    """Whether some sum and difference of these answers counts a group of 1 to ``threshold`` people.

    ``answers`` hold person numbers below ``people``, or a boolean for each person. With ``weights``, what is numbered
    is not people but atoms of so many people each. The size of the whole population counts as known.
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
    pattern = _patterns(answers, people)
    atoms, alike = np.unique(pattern.astype(np.int64), return_inverse=True)
    sizes = np.bincount(alike, weights=weights).astype(np.int64)
    large, few = atoms[sizes > threshold], atoms[sizes <= threshold]
    few_sizes = sizes[sizes <= threshold]
    if len(few) == 0:
        return False
    spread = large[:: max(1, len(large) // _AT_FIRST)]  # a sample first: it usually settles the matter
    rest = _combinations_without(np.concatenate([spread, large]), len(answers))
    if len(rest) == 0:
        return False
    only_small = _reduced(rest @ _membership(few, len(answers)) % _PRIME)
    return _holds_small_group(only_small, few_sizes, threshold)


def _patterns(answers: Sequence[Ids | NDArray[np.bool_]], people: int) -> NDArray[np.int32]:
    """Return for each person which answers they are in, one bit for each answer."""
    pattern = np.zeros(people, dtype=np.int32)
    for first in range(0, len(answers), 8):  # eight answers fill a byte, and bytes are quick
        plane = np.zeros(people, dtype=np.uint8)
        for k, who in enumerate(answers[first : first + 8]):
            if who.dtype == np.bool_:
                plane |= who.view(np.uint8) << np.uint8(k)
            else:
                plane[who] |= np.uint8(1 << k)
        pattern |= plane.astype(np.int32) << first
    return pattern


def _membership(atoms: NDArray[np.int64], answers: int) -> NDArray[np.int64]:
    """Return the answers-by-atoms matrix of zeros and ones; the last row is the whole population."""
    matrix = np.ones((answers + 1, len(atoms)), dtype=np.int64)
    for k in range(answers):
        matrix[k] = (atoms >> k) & 1
    return matrix


def _combinations_without(atoms: NDArray[np.int64], answers: int) -> NDArray[np.int64]:
    """Return the combinations of answers, modulo a prime, in which none of these atoms is left.

    Begins with a few hundred of the atoms: usually they already show that there are none.
    """
    mix = np.eye(answers + 1, dtype=np.int64)  # which answers each row is made of
    done = 0
    start, step = 0, _AT_FIRST
    while start < len(atoms):
        rows = mix[done:] @ _membership(atoms[start : start + step], answers) % _PRIME
        start, step = start + step, step * 8
        while True:
            row_numbers, columns = np.nonzero(rows)
            if len(row_numbers) == 0:
                break
            pivot, column = int(row_numbers[0]), int(columns[0])
            rows[[0, pivot]] = rows[[pivot, 0]]
            mix[[done, done + pivot]] = mix[[done + pivot, done]]
            inverse = pow(int(rows[0, column]), -1, _PRIME)
            for other in np.flatnonzero(rows[1:, column]) + 1:
                factor = rows[other, column] * inverse % _PRIME
                rows[other] = (rows[other] - factor * rows[0]) % _PRIME
                mix[done + other] = (mix[done + other] - factor * mix[done]) % _PRIME
            rows = rows[1:]
            done += 1
            if done == len(mix):
                return mix[done:]
    return mix[done:]


def _reduced(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of the reduced row echelon form modulo a prime that are not zero."""
    m = matrix.copy()
    row = 0
    while row < len(m):
        waiting = np.flatnonzero(m[row:].any(axis=0))
        if len(waiting) == 0:
            break
        column = int(waiting[0])
        pivot = row + int(np.flatnonzero(m[row:, column])[0])
        m[[row, pivot]] = m[[pivot, row]]
        m[row] = m[row] * pow(int(m[row, column]), -1, _PRIME) % _PRIME
        for other in np.flatnonzero(m[:, column]):
            if other != row:
                m[other] = (m[other] - m[other, column] * m[row]) % _PRIME
        row += 1
    return m[:row]


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
