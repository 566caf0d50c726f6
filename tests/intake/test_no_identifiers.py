"""No identifier of anybody may stand in the lake, the work folder or the reports: bytes and decoded values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from goldenthread.intake import RefreshReport


def identifiers(people: list[Any]) -> set[str]:
    """Everything that names or finds the people of the feeds; short words that occur anyway are left out."""
    found = {
        "Formername",
        "Numberless",
        "Nowhere-Known",
        "Oldplace",
        "Elsewhere Street",
        "ZQ9 9ZZ",
        "ZQ99ZZ",
        "100200399999",
        "07700900",
    }
    for p in people:
        found |= {p.nhs, f"{p.nhs[:3]} {p.nhs[3:6]} {p.nhs[6:]}", p.family, p.given, p.line1, p.uprn}
        found |= {p.postcode, p.postcode.replace(" ", ""), p.birth.isoformat(), p.birth.strftime("%d/%m/%Y")}
        found |= {f"L{p.number}|", f"Z0000{1 + p.number % 2}|{p.patient}"}
    return {text for each in found for text in (each, each.upper(), each.lower())}


def texts_of(path: Path) -> str:
    """All that a data file holds, decoded: column by column, dates as dates."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
    elif path.suffix == ".arrow":
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    else:
        return path.read_bytes().decode("latin-1")
    parts = [str(table.schema.metadata)]
    for column in table.columns:
        parts.append("\n".join(str(value) for value in column.to_pylist()))
        if pa.types.is_dictionary(column.type):
            parts += [str(chunk.dictionary.to_pylist()) for chunk in column.chunks]
    return "\n".join(parts)


def test_no_identifier_occurs_outside_the_vault_and_the_quarantine(
    refreshed: tuple[Any, RefreshReport],
) -> None:
    made, _ = refreshed
    wanted = identifiers(made.people)
    # A birth on the first of the month would be its own month: the feeds have none.
    assert all(p.birth.day > 1 for p in made.people)
    folders = (made.settings.lake_dir, made.settings.work_dir, made.settings.reports_dir)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len([f for f in files if f.suffix == ".parquet"]) > 15
    assert len([f for f in files if f.suffix == ".arrow"]) > 25
    for path in files:
        raw, decoded = path.read_bytes().decode("latin-1"), texts_of(path)
        for text in wanted:
            assert text not in raw, (path, "raw")
            assert text not in decoded, (path, text)


def test_the_scanner_finds_what_it_looks_for(refreshed: tuple[Any, RefreshReport], tmp_path: Path) -> None:
    made, _ = refreshed
    p = made.people[0]
    for number, text in enumerate((p.nhs, p.family, p.postcode, p.birth.isoformat())):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({"x": [text] * 3}), path, compression="zstd")
        assert any(each in texts_of(path) for each in identifiers(made.people))
    dates = tmp_path / "dates.parquet"
    pq.write_table(pa.table({"x": pa.array([p.birth], pa.date32())}), dates)
    assert p.birth.isoformat() in texts_of(dates)


def test_the_vault_file_does_not_show_them_either(refreshed: tuple[Any, RefreshReport]) -> None:
    made, _ = refreshed
    # three or four characters turn up in any ciphertext by chance
    wanted = [text for text in identifiers(made.people) if len(text) >= 6]
    assert len(wanted) > 10
    for path in made.settings.vault_dir.rglob("*"):
        raw = path.read_bytes().decode("latin-1")
        assert not [text for text in wanted if text in raw]
