"""The scanner finds what it looks for, wherever it is planted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.contrib.sessions.backends.db import SessionStore

from tests.web.browser.scanner import Find, recognisable, scan

PERSON = {
    "nhs_number": "9990000018", "family_name": "ABBOT", "given_name": "Ann", "telephone": "07700 900123",
    "address_line_1": "12 Elsewhere Street", "email": "ann.abbot@example.org",
}  # fmt: skip
WANTED = recognisable([PERSON])


def test_a_clean_folder_is_clean(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "log").write_text(
        "GET /lists/practice-Z00001/abcdef/ 200 Abbot's Close 999000001 8\n"
    )
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "gp.csv").write_text("9990000018,ABBOT,Ann\n")
    assert scan(tmp_path, WANTED) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("9990000018", "NHS number"),
        ("999 000 0018", "NHS number"),
        ("ABBOT, Ann", "name"),
        ("seen: ann abbot", "name"),
        ("07700900123", "telephone"),
        ("12 ELSEWHERE STREET", "address_line_1"),
        ("Ann.Abbot@example.org", "email"),
    ],
)
def test_whatever_is_planted_is_found_in_every_kind_of_file(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "server.log").write_text(f"WARNING something {text} happened")
    pq.write_table(
        pa.table({"note": pa.array([text] * 3).dictionary_encode()}),
        tmp_path / "a.parquet",
        compression="zstd",
    )
    with sqlite3.connect(tmp_path / "a.sqlite") as db:
        db.execute("CREATE TABLE t (x TEXT)")
        db.execute("INSERT INTO t VALUES (?)", (text,))
    with duckdb.connect(tmp_path / "a.duckdb") as other:
        other.execute("CREATE TABLE t AS SELECT ? AS x, 1 AS y", [text])
    store = SessionStore()
    (tmp_path / "session").write_text(f"xyz|{store.encode({'search': text, 'rest': 'x' * 200})}|2026")
    found = scan(tmp_path, WANTED, [("an address", f"/lists/?search={text}")])
    assert {f.where for f in found} == {
        "server.log",
        "a.parquet",
        "a.sqlite",
        "a.duckdb",
        "session",
        "an address",
    }
    assert {f.kind for f in found} == {kind}
    assert text not in repr(found), "what it says of its find is safe to print"


def test_a_deleted_row_is_found_unless_it_is_overwritten(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.sqlite") as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE t (x TEXT)")
        db.execute("INSERT INTO t VALUES ('ABBOT, Ann')")
        db.commit()
        db.execute("DELETE FROM t")
    assert scan(tmp_path, WANTED) == [Find("a.sqlite", "name")]
