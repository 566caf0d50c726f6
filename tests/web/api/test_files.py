"""Files: nothing in them runs, nothing hidden is in them, and they say what they are."""

from __future__ import annotations

import io
import zipfile

import pandas as pd
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.disclosure import release
from goldenthread.web.api import files
from goldenthread.web.api.sheets import Sheet
from tests.web.api.reading import rows_of

ABOUT = {"Title": "=cmd()", "Source": "a test", "Data to": "2026-10-31"}


def sheet(names: list[str] | None = None, people: list[int] | None = None) -> Sheet:
    names = names or ["Spalding", "=HYPERLINK(1)", "+1", "@x", "Boston"]
    frame = pd.DataFrame({"place": names, "people": people or [100, 200, 300, 400, 3]})
    return Sheet.of(release(frame, policy="icb", dimensions=["place"], counts=["people"], source="a test"))


def test_a_hidden_figure_is_in_no_file() -> None:
    made = sheet()
    assert made.records()[-1] == {"place": "Boston", "people": None, "suppressed": ["people"]}
    csv = files.write(made, ABOUT, "csv").decode("utf-8-sig")
    assert csv.splitlines()[-1] == "Boston,*"
    table = pq.read_table(io.BytesIO(files.write(made, ABOUT, "parquet")))
    assert table.column("people").to_pylist()[-1] is None
    assert table.column("people_hidden").to_pylist()[-1] is True
    assert rows_of(files.write(made, ABOUT, "xlsx"), 1)[-1] == ["Boston", "*"]


def test_nothing_in_a_spreadsheet_runs() -> None:
    book = zipfile.ZipFile(io.BytesIO(files.write(sheet(), ABOUT, "xlsx")))
    for name in book.namelist():
        if name.startswith("xl/worksheets/"):
            text = book.read(name).decode()
            assert "<f>" not in text
            assert "<hyperlink" not in text
    csv = files.write(sheet(), ABOUT, "csv").decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in csv
    assert "'@x" in csv
    assert "# Title: =cmd()" in csv, "a line that begins with # is no formula"


def test_what_it_is_stands_in_the_file() -> None:
    csv = files.write(sheet(), {**ABOUT, "Note": "two\r\nlines, =1"}, "csv").decode("utf-8-sig")
    assert csv.splitlines()[:4] == [
        "# Title: =cmd()",
        "# Source: a test",
        "# Data to: 2026-10-31",
        "# Note: two lines, =1",
    ]
    assert rows_of(files.write(sheet(), ABOUT, "xlsx"), 2)[2] == ["Data to", "2026-10-31"]
    metadata = pq.read_schema(io.BytesIO(files.write(sheet(), ABOUT, "parquet"))).metadata
    assert metadata[b"goldenthread.source"] == b"a test"


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda t: t.strip()
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.integers(0, 10_000)), min_size=1, max_size=6, unique_by=lambda t: t[0]))
def test_any_text_survives_and_numbers_stay_numbers(rows: list[tuple[str, int]]) -> None:
    made = sheet([n for n, _ in rows], [p for _, p in rows])
    table = pq.read_table(io.BytesIO(files.write(made, ABOUT, "parquet")))
    assert table.column("place").to_pylist() == [n for n, _ in rows]
    assert table.column("people").to_pylist() == [r["people"] for r in made.records()]
    assert files.write(made, ABOUT, "xlsx")[:2] == b"PK"
    assert len(files.write(made, ABOUT, "csv").decode("utf-8-sig").splitlines()) >= len(rows) + 4
