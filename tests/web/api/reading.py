"""Reading a spreadsheet as plain rows, with nothing but the standard library."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows_of(content: bytes, number: int) -> list[list[str | float | None]]:
    """The rows of one page, counted from 1: texts, numbers, and ``None`` for empty cells."""
    book = zipfile.ZipFile(io.BytesIO(content))
    strings = [
        "".join(t.text or "" for t in one.iter(f"{NS}t"))
        for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    ]
    found: list[list[str | float | None]] = []
    for row in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{NS}row"):
        cells: list[str | float | None] = []
        for cell in row:
            letters = "".join(c for c in cell.attrib["r"] if c.isalpha())
            place = 0
            for letter in letters:
                place = place * 26 + ord(letter) - 64
            cells += [None] * (place - 1 - len(cells))
            value = cell.find(f"{NS}v")
            assert cell.find(f"{NS}f") is None, "a formula"
            text = value.text if value is not None else None
            cells.append(
                None if text is None else strings[int(text)] if cell.get("t") == "s" else float(text)
            )
        found.append(cells)
    width = max((len(r) for r in found), default=0)
    return [r + [None] * (width - len(r)) for r in found]
