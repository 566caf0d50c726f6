"""What leaves the room, and that there is no way round the door."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.disclosure import DisclosureError, ReleasedTable, neutralise_formula, release

TABLE = pd.DataFrame(
    {
        "practice": ["Abbey", "=cmd()", "Carlton", "All"],
        "people": [130, 3, 6, 139],
        "rate": [2.5, 9.9, 1.0, np.nan],
    }
)


def abbey(**options: object) -> ReleasedTable:
    """Release the table above under the HES rule."""
    return release(
        TABLE,
        policy="hes",
        counts=["people"],
        dimensions=["practice"],
        margins={"practice": "All"},
        kinds={"rate": "value"},
        **options,  # type: ignore[arg-type]
    )


def test_it_cannot_be_made_by_hand() -> None:
    with pytest.raises(DisclosureError, match="cannot be made by hand"):
        ReleasedTable(TABLE, TABLE.isna(), "hes", {})
    with pytest.raises(DisclosureError, match="cannot be made by hand"):
        ReleasedTable(TABLE, TABLE.isna(), "hes", {}, seal=object())
    with pytest.raises(DisclosureError, match="cannot be made by hand"):
        dataclasses.replace(abbey(), columns=dict(TABLE))
    with pytest.raises(DisclosureError, match="cannot be pickled"):
        pickle.dumps(abbey())
    with pytest.raises(DisclosureError, match="cannot be pickled"):
        copy.deepcopy(abbey())
    with pytest.raises(dataclasses.FrozenInstanceError):
        abbey().policy = "direct_care"  # type: ignore[misc]


def test_hidden_cells_are_empty_and_never_zero() -> None:
    table = abbey(source="demo", data_date=date(2026, 9, 30), coverage="3 of 4 practices", notes=("a note",))
    assert table.frame["people"].isna().tolist() == [False, True, True, False]
    assert table.suppressed["people"].tolist() == [False, True, True, False]
    assert not table.suppressed["rate"].any()
    assert table.suppressed.index.equals(table.frame.index)
    assert list(table.suppressed.columns) == list(table.frame.columns)
    assert (table.policy, table.coverage, table.data_date) == ("hes", "3 of 4 practices", date(2026, 9, 30))
    assert table.notes[0] == "a note"
    assert "nearest 5" in table.notes[1]
    assert table.message.startswith("Hidden to protect people: fewer than 8")
    assert table.columns_of("count") == ["people"]


def test_display_and_rows_for_a_file() -> None:
    table = abbey()
    assert table.display()["people"].tolist() == ["130", "*", "*", "140"]
    assert table.display()["rate"].tolist() == ["2.500", "9.900", "1", "not available"]
    assert table.to_csv_rows() == [
        ["practice", "people", "rate"],
        ["Abbey", 130, 2.5],
        ["'=cmd()", "*", 9.9],
        ["Carlton", "*", 1.0],
        ["All", 140, None],
    ]


def test_the_caller_s_frame_and_index_are_left_alone() -> None:
    frame = TABLE.set_index(pd.Index([10, 20, 30, 40]))
    before = frame.copy()
    table = release(frame, policy="hes", counts=["people"], dimensions=["practice"],
                    margins={"practice": "All"}, kinds={"rate": "value"})  # fmt: skip
    pd.testing.assert_frame_equal(frame, before)
    assert table.frame.index.tolist() == [10, 20, 30, 40]
    table.frame.loc[10, "people"] = 1
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("n", [0, 1])
def test_no_rows_and_one_row(n: int) -> None:
    table = release(TABLE.iloc[:n], policy="icb", counts=["people"], dimensions=["practice"],
                    margins={"practice": "All"} if n == 0 else {}, kinds={"rate": "value"})  # fmt: skip
    assert len(table.frame) == len(table.display()) == n
    assert len(table.to_csv_rows()) == n + 1
    assert table.message == ""


def test_everything_hidden() -> None:
    frame = pd.DataFrame({"sex": ["F", "M", "All"], "people": [1, 1, 2]})
    table = release(frame, policy="icb", counts=["people"], dimensions=["sex"], margins={"sex": "All"})
    assert table.suppressed["people"].all()
    assert table.frame["people"].isna().all()


@pytest.mark.parametrize(
    "text", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", "\t=1", "\r=1", " =1", "＝1", "\n@x"]
)
def test_formulas_are_neutralised(text: str) -> None:
    assert neutralise_formula(text) == "'" + text


@pytest.mark.parametrize(
    "value", [-3, -3.5, "-3.5", "+4", "1,234", "-12%", "Spalding", "", "a=b", None, True]
)
def test_numbers_and_plain_text_are_untouched(value: object) -> None:
    assert neutralise_formula(value) is value  # type: ignore[arg-type]


@given(st.text())
def test_no_cell_starts_a_formula(text: str) -> None:
    cell = neutralise_formula(text)
    assert isinstance(cell, str)
    assert cell in (text, "'" + text)
    if cell.lstrip()[:1] in ("=", "@", "＝", "＠"):
        pytest.fail(repr(cell))


def test_dates_bands_and_numbers_as_dimensions() -> None:
    frame = pd.DataFrame(
        {
            "month": pd.to_datetime(["2026-01-01", "2026-02-01"] * 2),
            "band": pd.Categorical(["0-4", "0-4", "5-9", "5-9"], categories=["5-9", "0-4"], ordered=True),
            "decile": [1, 1, 2, 2],
            "people": [3, 1200, 30, 31],
        }
    )
    table = release(frame, policy="icb", counts=["people"], dimensions=["month", "band", "decile"])
    assert table.display().iloc[0].tolist() == ["2026-01-01", "0-4", "1", "*"]
    assert table.to_csv_rows()[2] == ["2026-02-01", "0-4", 1, 1200]
    assert table.frame["month"].dtype == frame["month"].dtype
    assert table.frame["band"].cat.ordered


def test_part_of_a_table_may_be_shown_and_stays_sealed() -> None:
    whole = abbey()
    part = whole.only([True, True, False, False])
    assert part.frame["practice"].tolist() == ["Abbey", "=cmd()"]
    assert part.suppressed["people"].tolist() == whole.suppressed["people"].tolist()[:2]
    assert pd.isna(part.frame["people"].iloc[1]), "what was hidden stays hidden"
    with pytest.raises(DisclosureError, match="4 rows"):
        whole.only([True])
    with pytest.raises(DisclosureError, match="cannot be made by hand"):
        dataclasses.replace(part, columns=dict(TABLE))
