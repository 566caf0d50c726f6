"""Figures as files that say what they hold: source, date, coverage, purpose and definition travel with the numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from goldenthread.disclosure import neutralise_formula
from goldenthread.web.api.sheets import Sheet

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
HIDDEN = "*"


def write(sheet: Sheet, about: Mapping[str, str], kind: str) -> bytes:
    """A file of one kind: ``csv``, ``xlsx`` or ``parquet``.

    In CSV and XLSX a hidden figure is ``*`` and text that a spreadsheet would run is made harmless. In Parquet numbers
    stay numbers: a hidden figure is null, and ``COLUMN_hidden`` says so.
    """
    return {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}[kind](sheet, about)


def _csv(sheet: Sheet, about: Mapping[str, str]) -> bytes:
    """What it is stands in front, each line beginning with #; ``pandas.read_csv(..., comment="#")`` passes over them."""
    stream = io.StringIO()
    for name, text in about.items():
        stream.write(f"# {name}: {' '.join(text.split())}\r\n")
    writer = csv.writer(stream)
    writer.writerow([neutralise_formula(c) for c in sheet.columns])
    for row, hidden in zip(sheet.rows, sheet.hidden, strict=True):
        writer.writerow(
            [HIDDEN if hide else neutralise_formula(v) for v, hide in zip(row, hidden, strict=True)]
        )
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def _xlsx(sheet: Sheet, about: Mapping[str, str]) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    safe = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(stream, safe)
    book.set_properties({"title": about.get("Title", ""), "comments": about.get("Source", "")})
    bold, wrapped = (
        book.add_format({"bold": True, "text_wrap": True}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    page = book.add_worksheet("Figures")
    page.freeze_panes(1, 0)
    for n, name in enumerate(sheet.columns):
        page.write_string(0, n, str(neutralise_formula(name)), bold)
        longest = max((len(str(r[n])) for r in sheet.rows if r[n] is not None), default=0)
        page.set_column(n, n, min(60, max(10, len(name), longest) + 2))
    for y, (row, hidden) in enumerate(zip(sheet.rows, sheet.hidden, strict=True), start=1):
        for x, (value, hide) in enumerate(zip(row, hidden, strict=True)):
            if hide:
                page.write_string(y, x, HIDDEN)
            elif isinstance(value, bool):
                page.write_boolean(y, x, value)
            elif isinstance(value, int | float):
                page.write_number(y, x, value)
            elif value is not None:
                page.write_string(y, x, str(neutralise_formula(value)))
    what = book.add_worksheet("About")
    what.set_column(0, 0, 20, bold)
    what.set_column(1, 1, 100, wrapped)
    for y, (name, text) in enumerate(about.items()):
        what.write_string(y, 0, name)
        what.write_string(y, 1, str(neutralise_formula(text))[:32_000])
    book.close()
    return stream.getvalue()


def _parquet(sheet: Sheet, about: Mapping[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, pa.Array] = {}
    for n, name in enumerate(sheet.columns):
        values = [row[n] for row in sheet.rows]
        kinds = {type(v) for v in values if v is not None}
        if kinds == {int, float}:
            values = [None if v is None else float(v) for v in values]
        elif len(kinds) > 1:
            values = [None if v is None else str(v) for v in values]
        empty = pa.string() if sheet.kinds[n] in ("dimension", "text") else pa.float64()
        columns[name] = pa.array(values, type=None if kinds else empty)
        if any(hidden[n] for hidden in sheet.hidden):
            columns[f"{name}_hidden"] = pa.array([hidden[n] for hidden in sheet.hidden])
    table = pa.table(columns).replace_schema_metadata(
        {f"goldenthread.{k.lower()}": v for k, v in about.items()}
    )
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()
