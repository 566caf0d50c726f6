"""The next snapshot of a demonstration: the same people half a year later."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from goldenthread.lake import Lake
from goldenthread.model import tables

WEEKS = 26
FALL = 1912002
"""SNOMED CT: fall."""


def land_later(home: Path) -> str:
    """Put a snapshot in force in which every third person aged 75 or more has died and every third has fallen; its id.

    Everything else is as it was, so that what changed is known.
    """
    lake = Lake(home / "lake")
    before = lake.current()
    day = before.data_date
    old = f"birth_month <= DATE '{day.year - 75}-01-01' AND death_date IS NULL"
    with lake.begin(memory_mb=600, threads=2) as builder:
        for declared in sorted(tables().values(), key=lambda t: t.name != "person"):
            paths = before.files(declared.name, "person" if declared.has_person else "reference")
            if not paths:
                continue
            listed = ", ".join(f"'{p}'" for p in paths)
            source = f"SELECT * FROM read_parquet([{listed}])"
            if declared.name == "person":
                source = f"SELECT * REPLACE (CASE WHEN {old} AND pid % 3 = 0 THEN DATE '{day}' ELSE death_date END AS death_date) FROM ({source})"
            if declared.name == "emergency_attendance":
                (people,) = before.files("person")
                fallen = f"SELECT pid AS who FROM read_parquet('{people}') WHERE {old} AND pid % 3 = 1"
                source += f" UNION ALL BY NAME {_falls(source, fallen, day)}"
            builder.write(declared.name, source)
            unlinked = before.files(declared.name, "unlinked")
            if unlinked:
                listed = ", ".join(f"'{p}'" for p in unlinked)
                builder.write_unlinked(declared.name, f"SELECT * FROM read_parquet([{listed}])")
        dates = {
            feed: (date.fromisoformat(known) + timedelta(weeks=WEEKS)).isoformat()
            for feed, known in before.manifest.data_dates.items()
        }
        return builder.commit(
            feeds=before.manifest.feeds, data_dates=dates, definitions_hash=before.manifest.definitions_hash,
            extra=before.manifest.extra,
        )  # fmt: skip


def _falls(source: str, fallen: str, day: date) -> str:
    """An attendance after a fall for each of these people, a week after the old data end, otherwise like any other."""
    return (
        f"SELECT one.* REPLACE (who AS pid, 'later-' || who AS attendance_id, {FALL} AS injury_mechanism, "
        f"'1' AS attendance_category, DATE '{day + timedelta(weeks=1)}' AS date) "
        f"FROM ({fallen}) CROSS JOIN (SELECT * FROM ({source}) ORDER BY attendance_id LIMIT 1) AS one"
    )
