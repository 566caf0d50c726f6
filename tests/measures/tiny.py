"""Tiny lakes from tables written out in text, so that a test reads as documentation."""

from __future__ import annotations

from pathlib import Path

import duckdb

from goldenthread.lake import Lake, Snapshot
from goldenthread.model import table

_DEFAULTS = {
    "person": {
        "birth_month": "1960-01-01", "sex": "2", "ethnicity": "A", "nhs_number_verified": "true",
    },
    "registration": {"practice": "Z00001", "start_date": "2000-01-01"},
    "address": {"lsoa": "E01000001", "care_home": "false", "start_date": "2000-01-01"},
    "gp_event": {"date_precision": "day", "practice": "Z00001"},
    "medication": {"issue_type": "repeat", "practice": "Z00001"},
    "appointment": {"practice": "Z00001", "status": "attended", "mode": "face to face", "role": "gp"},
    "emergency_attendance": {"provider": "RZ1", "department_type": "01", "attendance_category": "1"},
    "admission": {
        "provider": "RZ1", "method": "21", "emergency": "true", "patient_class": "1", "diagnoses": "", "procedures": "",
        "episodes": "1", "bed_days": "0",
    },
    "social_care": {
        "provider": "CLN", "client_type": "service user", "event_type": "service", "rows_joined": "1",
    },
}  # fmt: skip


def rows_of(text: str) -> list[dict[str, str]]:
    """Rows of a table drawn with bars; an empty cell is missing."""
    lines = [line.strip().strip("|").split("|") for line in text.strip().splitlines() if "---" not in line]
    heads = [h.strip() for h in lines[0]]
    return [dict(zip(heads, (c.strip() for c in line), strict=True)) for line in lines[1:]]


def build(folder: Path, **drawn: str) -> Snapshot:
    """A snapshot from drawn tables; people are numbered as in the ``person`` table, or as the largest pid needs."""
    lake = Lake(folder)
    parsed = {name: rows_of(text) for name, text in drawn.items()}
    if "person" not in parsed:
        pids = {int(row["pid"]) for rows in parsed.values() for row in rows if "pid" in row}
        parsed = {"person": [{"pid": str(n)} for n in range(max(pids) + 1)], **parsed}
    parsed.setdefault("registration", [{"pid": r["pid"]} for r in parsed["person"]])
    with lake.begin(memory_mb=300, threads=1) as builder:
        for name in ("person", *(n for n in parsed if n != "person")):
            builder.write(name, _select(name, parsed[name]))
        builder.commit(data_dates={"gp_event": "2026-10-31"})
    return lake.current()


def _select(name: str, rows: list[dict[str, str]]) -> str:
    declared = table(name)
    selects = []
    for number, row in enumerate(rows):
        filled = _DEFAULTS.get(name, {}) | {k: v for k, v in row.items() if v != ""}
        if name == "person":
            filled.setdefault("pseudonym", f"{int(row['pid']):016d}")
        for key in ("spell_id", "attendance_id", "contact_id", "call_id", "appointment_id"):
            if key in declared.columns:
                filled.setdefault(key, str(number))
        parts = []
        for column in declared.columns.values():
            text = filled.get(column.name)
            if column.type == "text_list":
                items = ", ".join(f"'{i}'" for i in (text or "").split())
                parts.append(f"CAST([{items}] AS VARCHAR[]) AS {column.name}")
            elif text is None:
                parts.append(f"CAST(NULL AS {column.duckdb_type}) AS {column.name}")
            elif column.type == "pseudonym":
                parts.append(f"encode('{text}') AS {column.name}")
            else:
                parts.append(f"CAST('{text}' AS {column.duckdb_type}) AS {column.name}")
        selects.append("SELECT " + ", ".join(parts))
    if not selects:
        columns = ", ".join(f"CAST(NULL AS {c.duckdb_type}) AS {c.name}" for c in declared.columns.values())
        return f"SELECT {columns} WHERE false"
    return " UNION ALL ".join(selects)


def answers(table_: object) -> list[dict[str, object]]:
    """Rows of an answer as plain dictionaries."""
    return duckdb.sql("SELECT * FROM table_ ORDER BY pid").to_arrow_table().to_pylist()
