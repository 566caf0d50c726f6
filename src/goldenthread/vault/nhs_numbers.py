"""NHS numbers: standard form and validity (NHS Data Dictionary: NHS NUMBER, modulus 11).

A number that passes the check can still be a placeholder: ten equal digits pass modulus 11, are typed where
no number is known, and would merge strangers. They are not valid here.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_PLAIN = re.compile(r"[0-9]{10}")
_GROUPED = re.compile(r"([0-9]{3})([ -])([0-9]{3})\2([0-9]{4})")
_WEIGHTS = np.arange(10, 1, -1, dtype=np.int64)
_NOBODY = "1234567890"  # ten digits whose check digit is wrong


def check_digit(digits: str) -> int | None:
    """The check digit that nine digits call for (only the first nine of ten are read).

    None where there are not nine or ten digits, or where modulus 11 gives 10: no such number is issued.

    >>> check_digit("999000001"), check_digit("123456"), check_digit("000000006")
    (8, None, None)
    """
    if not re.fullmatch(r"[0-9]{9,10}", digits):
        return None
    total = sum(int(digit) * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True))
    answer = (11 - total % 11) % 11
    return None if answer == 10 else answer


def is_valid(number: str | None) -> bool:
    """Whether one number in standard form is valid: ten digits, right check digit, not ten equal digits.

    >>> is_valid("9990000018"), is_valid("9990000019"), is_valid("1111111111"), is_valid(None)
    (True, False, False, False)
    """
    if number is None or not _PLAIN.fullmatch(number) or len(set(number)) == 1:
        return False
    return check_digit(number) == int(number[9])


def standardise(text: str | None) -> str | None:
    """Ten digits, from ten digits or a 3-3-4 grouping with spaces or hyphens; None where it is neither.

    >>> standardise(" 999-000-0018 "), standardise("99 9000 0018")
    ('9990000018', None)
    """
    stripped = (text or "").strip()
    if _PLAIN.fullmatch(stripped):
        return stripped
    if grouped := _GROUPED.fullmatch(stripped):
        return grouped[1] + grouped[3] + grouped[4]
    return None


def standardised(numbers: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Standard form of each number, null where there is none: ``standardise`` for a column.

    >>> standardised(pa.array(["999 000 0018", "n/a", None])).to_pylist()
    ['9990000018', None, None]
    """
    stripped = pc.utf8_trim_whitespace(numbers)
    for separator in (" ", "-"):
        grouped = f"^([0-9]{{3}}){separator}([0-9]{{3}}){separator}([0-9]{{4}})$"
        stripped = pc.replace_substring_regex(stripped, grouped, r"\1\2\3")
    good = pc.match_substring_regex(stripped, r"^[0-9]{10}$")
    return pc.if_else(good, stripped, pa.scalar(None, stripped.type))


def valid(numbers: pa.Array | pa.ChunkedArray) -> pa.BooleanArray:
    """Whether each number (standard form) is valid; null is not. About 0.2 s for a million.

    >>> valid(pa.array(["9990000018", "9990000019", "0000000000", "", None])).to_pylist()
    [True, False, False, False, False]
    """
    if len(numbers) == 0:
        return pa.array([], pa.bool_())
    shaped = pc.fill_null(pc.match_substring_regex(numbers, r"^[0-9]{10}$"), False)
    filled = pc.if_else(shaped, numbers, _NOBODY)
    if isinstance(filled, pa.ChunkedArray):
        filled = pa.concat_arrays(filled.chunks)
    fixed = filled.cast(pa.binary()).cast(pa.binary(10))
    start = fixed.offset * 10
    digits = np.frombuffer(fixed.buffers()[1], dtype=np.uint8)[start : start + len(fixed) * 10]
    table = digits.reshape(-1, 10).astype(np.int64) - ord("0")
    expected = (11 - table[:, :9] @ _WEIGHTS % 11) % 11
    placeholder = (table == table[:, :1]).all(axis=1)
    return pa.array((expected == table[:, 9]) & ~placeholder)
