"""NHS numbers: modulus 11, standard form, placeholders; the column and the single number always agree."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.vault import nhs_numbers

CASES = list(
    csv.DictReader((Path(__file__).parent / "vectors" / "nhs_number_cases.csv").open(encoding="utf-8"))
)
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=14),
    st.from_regex(r"[0-9]{10}", fullmatch=True),
    st.from_regex(r"[0-9 -]{8,14}"),
)


@pytest.mark.parametrize("case", [each for each in CASES if "region" not in each["function"]], ids=str)
def test_published_cases(case: dict[str, str]) -> None:
    text, expected = case["input"], case["expected"]
    if case["function"] == "is_valid":
        assert nhs_numbers.is_valid(nhs_numbers.standardise(text)) == (expected == "True")
    elif case["function"] == "standardise":
        assert nhs_numbers.standardise(text) == (None if "empty" in expected else expected)
    else:
        assert nhs_numbers.check_digit(text) is None


def test_the_whole_table_was_read() -> None:
    assert len(CASES) == 13


def test_each_check_digit_has_one_right_answer() -> None:
    """Of the ten numbers that share nine digits one is valid, or none where modulus 11 gives 10."""
    for nine in ("999000001", "943476591", "401023213", "123456789"):
        valid = [digit for digit in range(10) if nhs_numbers.is_valid(f"{nine}{digit}")]
        wanted = nhs_numbers.check_digit(nine)
        assert valid == ([] if wanted is None else [wanted])


def test_a_remainder_of_ten_is_never_valid() -> None:
    # 100000001: 1 x 10 + 1 x 2 = 12, 12 mod 11 = 1, 11 - 1 = 10
    assert nhs_numbers.check_digit("100000001") is None
    assert not any(nhs_numbers.is_valid(f"100000001{digit}") for digit in range(10))


@pytest.mark.parametrize("digit", "0123456789")
def test_ten_equal_digits_are_a_placeholder(digit: str) -> None:
    assert not nhs_numbers.is_valid(digit * 10)
    assert not nhs_numbers.valid(pa.array([digit * 10]))[0].as_py()


@pytest.mark.parametrize(
    "text", ["٩٩٩٠٠٠٠٠١٨", "9990000018\n9", "9990000018 0", "999 0000 018", "999-000 0018", ""]
)
def test_other_scripts_and_groupings_are_refused(text: str) -> None:
    assert nhs_numbers.standardise(text) is None


@given(st.lists(TEXTS, max_size=30), st.integers(0, 5))
def test_column_and_single_number_agree(texts: list[str | None], offset: int) -> None:
    column = pa.array(["x"] * offset + texts, pa.string())[offset:]
    single = [nhs_numbers.is_valid(text) for text in texts]
    assert nhs_numbers.valid(column).to_pylist() == single
    assert nhs_numbers.valid(pa.chunked_array([column, column])).to_pylist() == single * 2


@given(st.lists(st.text("0123456789 -x\t\n", max_size=14), max_size=20))
def test_standard_form_of_a_column_agrees(texts: list[str]) -> None:
    assert nhs_numbers.standardised(pa.array(texts, pa.string())).to_pylist() == [
        nhs_numbers.standardise(text) for text in texts
    ]


def test_an_empty_column() -> None:
    assert len(nhs_numbers.valid(pa.array([], pa.string()))) == 0
    assert len(nhs_numbers.valid(pa.chunked_array([], pa.string()))) == 0
