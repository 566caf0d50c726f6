"""Check digits of SNOMED CT (Verhoeff) and NHS numbers (modulus 11), for whole columns at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Verhoeff (1969): multiplication in the dihedral group D5, and the permutation applied by position.
_MULTIPLY = np.zeros((10, 10), np.int8)
for _j in range(10):
    for _k in range(10):
        if _j < 5:
            _MULTIPLY[_j, _k] = (_j + _k) % 5 + (5 if _k >= 5 else 0)
        else:
            _MULTIPLY[_j, _k] = (_j - _k) % 5 + (5 if _k < 5 else 0)
_FIRST = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
_PERMUTE = np.zeros((8, 10), np.int8)
_PERMUTE[0] = range(10)
for _i in range(1, 8):
    _PERMUTE[_i] = [_PERMUTE[_i - 1][_FIRST[_d]] for _d in range(10)]


def verhoeff(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the last digit of each code is its Verhoeff check digit (SNOMED CT Release File Specification).

    >>> verhoeff(np.array([73211009, 44054006, 73211008]))
    array([ True,  True, False])
    """
    rest = codes.astype(np.int64)
    state = np.zeros(len(rest), np.int8)
    for position in range(19):
        running = rest > 0
        if not running.any():
            break
        digit = rest % 10
        state = np.where(running, _MULTIPLY[state, _PERMUTE[position % 8][digit]], state)
        rest = rest // 10
    return np.asarray((state == 0) & (codes > 0))


def nhs_number_valid(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each ten-digit number satisfies modulus 11 (NHS Data Dictionary, NHS NUMBER).

    Numbers of one repeated digit satisfy the sum but are placeholders, so they are refused.

    >>> nhs_number_valid(np.array([9434765919, 9434765918, 1111111111]))
    array([ True, False, False])
    """
    rest = numbers.astype(np.int64)
    total = np.zeros(len(rest), np.int64)
    last = rest % 10
    same = np.ones(len(rest), np.bool_)
    rest = rest // 10
    for weight in range(2, 11):
        digit = rest % 10
        total += weight * digit
        same &= digit == last
        rest = rest // 10
    check = (11 - total % 11) % 11
    return np.asarray((check == last) & ~same & (rest == 0) & (numbers >= 0))
