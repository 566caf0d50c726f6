"""Every code shipped has the right check digit, and every list can be read."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

_D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
      [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
      [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]  # fmt: skip
_P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _ in range(6):
    _P.append([_P[-1][i] for i in _P[1]])
LISTS = sorted((files("goldenthread.definitions") / "codelists").iterdir(), key=lambda p: p.name)
LISTS = [p for p in LISTS if p.name.endswith(".csv")]


def verhoeff(code: str) -> bool:
    """SNOMED CT identifiers carry a Verhoeff check digit."""
    c = 0
    for i, digit in enumerate(reversed(code)):
        c = _D[c][_P[i % 8][int(digit)]]
    return c == 0


def test_the_check_itself_knows_right_from_wrong() -> None:
    assert verhoeff("73211009")
    assert not verhoeff("73211008")


@given(st.sampled_from(LISTS), st.integers(1, 9))
def test_a_changed_digit_is_always_noticed(path, change: int) -> None:
    code = next(csv.DictReader(path.read_text("utf-8").splitlines()))["code"]
    if code.isdigit():
        wrong = code[:2] + str((int(code[2]) + change) % 10) + code[3:]
        assert not verhoeff(wrong)


@pytest.mark.parametrize("path", LISTS, ids=lambda p: p.name)
def test_lists_hold_distinct_well_formed_codes_with_terms(path) -> None:
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert rows
    codes = [r["code"] for r in rows]
    assert len(set(codes)) == len(codes)
    assert all(len(r["term"]) > 3 for r in rows), [r for r in rows if len(r["term"]) <= 3]
    if path.name.endswith("_icd10.csv"):
        assert all(len(c) in (3, 4) and c[0].isalpha() and c[1:3].isdigit() for c in codes)
    else:
        assert all(c.isdigit() and 6 <= len(c) <= 18 and verhoeff(c) for c in codes)
