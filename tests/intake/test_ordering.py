"""Rows as one number each: the same rows, the same order and the same accounts as sorting the rows themselves."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.test_accounting import HEADER, take

from goldenthread.intake import packed

MEDICATION = b"PATIENT_ID,ISSUE_DATE,DMD_CODE,QUANTITY,DURATION_DAYS,ISSUE_TYPE\n"
# Few of each, and several spellings of one value, so that rows tie in every way.
EVENT = st.tuples(
    st.sampled_from(["100", "0100", "103", "106", "999"]),
    st.sampled_from(["2024-01-01", "2024-01", "2024", "2019-05-06", "1940-01-01", "soon"]),
    st.sampled_from(["73211009", "271649006", "999791000000106", "12345"]),
    st.sampled_from(["", "7", "7.0", "120", "-0", "0"]),
    st.sampled_from(["", "mmHg", "mm[Hg]", "%", "mmol/mol"]),
)
ISSUE = st.tuples(
    st.sampled_from(["100", "103", "106"]),
    st.sampled_from(["2024-01-01", "2019-05-06"]),
    st.sampled_from(["73211009", "271649006"]),
    st.sampled_from(["", "28", "28.0", "56"]),
    st.sampled_from(["", "28", "028"]),
    st.sampled_from(["acute", "repeat", "other"]),
)


def shown(row: dict[str, object]) -> str:
    return repr([each + 0.0 if isinstance(each, float) else each for each in row.values()])  # -0.0 is 0.0


def lines(rows: list[tuple[str, ...]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("feed", "header", "row"), [("gp_event", HEADER, EVENT), ("gp_medication", MEDICATION, ISSUE)]
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_numbers_and_rows_give_one_answer(
    feed: str, header: bytes, row: st.SearchStrategy[tuple[str, ...]], data: st.DataObject
) -> None:
    text = header + lines(data.draw(st.lists(row, max_size=40)))
    made = take(feed, text)
    with patch("goldenthread.intake.stage.keyed", return_value=None):
        plain = take(feed, text)
    assert made.account == plain.account
    mine, theirs = packed.plain(made.table), plain.table
    assert sorted(mine.column_names) == sorted(theirs.column_names)
    # Both in the order of patient, day and code; within them what is empty stands last in one and first in the other.
    mine, theirs = (each.select(plain.table.column_names).to_pylist() for each in (mine, theirs))
    leading = ("patient", "date", "code")
    assert [[row[k] for k in leading] for row in mine] == [[row[k] for k in leading] for row in theirs]
    assert sorted(map(shown, mine)) == sorted(map(shown, theirs))


def test_what_is_empty_comes_last_as_in_the_lake() -> None:
    row = "100,2024-01-01,271649006,"
    text = "".join(f"{row}{rest}\n" for rest in (",", "90,", "90,mmHg", "100,%", "95,"))
    made = packed.plain(take("gp_event", HEADER + text.encode()).table)
    assert list(zip(made["value"].to_pylist(), made["unit"].to_pylist(), strict=True)) == [
        (90.0, "mm[Hg]"), (90.0, None), (95.0, None), (100.0, "%"), (None, None),
    ]  # fmt: skip


def test_rows_are_packed() -> None:
    made = take("gp_event", HEADER + b"100,2024-01-01,73211009,7,mmHg\n")
    assert made.table.column_names == [packed.KEY]
    assert packed.plain(made.table).to_pylist()[0]["code"] == 73211009


def test_what_does_not_fit_into_64_bits_is_not_packed() -> None:
    assert packed.places([("patient", 1 << 32, None), ("date", 1 << 32, None)]) is not None
    assert packed.places([("patient", 1 << 32, None), ("date", (1 << 32) + 1, None)]) is None


@given(st.lists(st.tuples(*(st.integers(0, n - 1) for n in (7, 300, 1, 5))), max_size=30))
def test_numbers_sort_as_their_columns_do(rows: list[tuple[int, ...]]) -> None:
    words = pa.array([None, "a", "b", "c", "d"], pa.string())
    columns = [
        ("patient", 7, None),
        ("date", 300, pa.array(range(300))),
        ("one", 1, pa.array([9])),
        ("unit", 5, words),
    ]
    at = packed.places(columns)
    assert at is not None
    index = [np.array([row[n] for row in rows], np.int32) for n in range(4)]
    key = packed.pack(index, [np.arange(count, dtype=np.int32) for _, count, _ in columns], at)
    kept = packed.places_of(packed.table(np.sort(key), at).schema)
    assert kept is not None
    back = packed.unpacked(np.sort(key), kept).to_pylist()
    assert [tuple(row.values()) for row in back] == [
        (patient, date, 9, words[unit].as_py()) for patient, date, _, unit in sorted(rows)
    ]
