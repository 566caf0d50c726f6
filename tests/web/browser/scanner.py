"""Looks for people who can be recognised in everything that a run leaves behind: files, databases, caches, logs, addresses, titles.

Data files are decoded, sessions opened, databases read as bytes (deleted rows included). Two kinds of folder hold identities by
their nature and are left out: raw feeds with what was set aside from them, and the demonstration's truth. The vault and its record
are not left out: what is in them must be sealed.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

RAW = ("feeds", "quarantine", "truth")
_SESSION = re.compile(rb"\.[A-Za-z0-9_-]{20,}(?=:[A-Za-z0-9]{6}:)")


@dataclass(frozen=True)
class Find:
    """Something that must not be there. It says where and what kind, and never whose."""

    where: str
    kind: str


def recognisable(people: Iterable[dict[str, Any]]) -> dict[str, str]:
    """What would tell who these people are, in small letters, with its kind."""
    found: dict[str, str] = {}
    for p in people:
        number = str(p["nhs_number"])
        for joint in ("", " ", "-"):
            found[f"{number[:3]}{joint}{number[3:6]}{joint}{number[6:]}"] = "NHS number"
        family, given = str(p["family_name"]).lower(), str(p["given_name"]).lower()
        for name in (f"{family}, {given}", f"{given} {family}", f"{family} {given}", f"{family},{given}"):
            found[name] = "name"
        phone = re.sub(r"\D", "", str(p.get("telephone") or ""))
        for text in (phone, str(p.get("telephone") or "")):
            if len(phone) >= 10:
                found[text.lower()] = "telephone"
        for column in ("address_line_1", "email"):
            if len(text := str(p.get(column) or "").lower()) >= 8:
                found[text] = column
    return found


def scan(home: Path, wanted: dict[str, str], besides: Iterable[tuple[str, str]] = ()) -> list[Find]:
    """Everything in a deployment's folder, and ``besides``: other texts with their names."""
    found = []
    for path in sorted(p for p in home.rglob("*") if p.is_file() and p.relative_to(home).parts[0] not in RAW):
        where = str(path.relative_to(home))
        found += [Find(where, kind) for kind in _kinds(texts_of(path), wanted)]
        found += [Find(f"the name of {where}", kind) for kind in _kinds([where], wanted)]
    for name, text in besides:
        found += [Find(name, kind) for kind in _kinds([text], wanted)]
    return found


def _kinds(texts: Iterable[str], wanted: dict[str, str]) -> list[str]:
    kinds: set[str] = set()
    for text in texts:
        small = text.lower()
        kinds |= {kind for needle, kind in wanted.items() if kind not in kinds and needle in small}
    return sorted(kinds)


def texts_of(path: Path) -> Iterator[str]:
    """All that a file holds, decoded: each value of a data file once."""
    if path.suffix == ".parquet":
        yield from _values(pq.read_table(path))
    elif path.suffix == ".arrow":
        yield from _values(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    elif path.suffix == ".duckdb":
        yield from _duckdb(path)
    else:
        try:
            raw = path.read_bytes()
        except FileNotFoundError:  # a journal, removed since the folder was listed
            return
        yield raw.decode("latin-1")
        yield raw.decode("utf-8", "ignore")
        for one in _SESSION.findall(raw):  # sessions are compressed
            yield _inflated(one[1:])


def _values(table: pa.Table) -> Iterator[str]:
    yield str(table.schema.metadata)
    for column in table.columns:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_dictionary(column.type):
            column = pa.chunked_array([c.dictionary_decode() for c in column.chunks], kind)
        if pa.types.is_integer(kind) and not pa.types.is_int64(kind):
            continue  # too small for a number that says who somebody is
        if pa.types.is_nested(kind):
            yield str(column.to_pylist())
        else:
            yield "\n".join(str(v) for v in column.unique().to_pylist())


def _duckdb(path: Path) -> Iterator[str]:
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
        ).fetchall()
        for table, column in tables:
            rows = connection.execute(
                f'SELECT DISTINCT CAST("{column}" AS VARCHAR) FROM "{table}"'
            ).fetchall()
            yield "\n".join(str(row[0]) for row in rows)


def _inflated(text: bytes) -> str:
    try:
        return zlib.decompress(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))).decode(
            "utf-8", "replace"
        )
    except (ValueError, zlib.error):
        return ""
