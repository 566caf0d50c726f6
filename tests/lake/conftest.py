"""A tiny population to build lakes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldenthread.lake import Lake, SnapshotBuilder

PERSON = """
SELECT range::INTEGER AS pid, encode(lpad(range::VARCHAR, 16, '0')) AS pseudonym, DATE '1950-01-01' AS birth_month,
       '1' AS sex, 'A' AS ethnicity, NULL AS language, NULL::DATE AS death_date, NULL AS death_cause,
       NULL::BLOB AS household, true AS nhs_number_verified
FROM range({people})
"""

EVENTS = """
SELECT (hash(range) % {people})::INTEGER AS pid, DATE '2020-01-01' + (hash(range * 7) % 2000)::INTEGER AS date,
       'day' AS date_precision, 100000 + (hash(range * 13) % 300)::BIGINT AS code,
       range::DOUBLE AS value, 'kg' AS unit, 'Z00001' AS practice
FROM range({rows})
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def fill() -> Callable[..., None]:
    """Write people and events into a builder."""

    def write(builder: SnapshotBuilder, people: int = 10, rows: int = 100) -> None:
        builder.write("person", PERSON.format(people=people))
        source = EVENTS.format(people=people, rows=rows)
        builder.write_chunked(
            "gp_event", lambda first, last: f"SELECT * FROM ({source}) WHERE pid BETWEEN {first} AND {last}"
        )

    return write


@pytest.fixture
def built(lake: Lake, fill: Callable[..., None]) -> Lake:
    """A lake with one snapshot."""
    with lake.begin(memory_mb=500) as builder:
        fill(builder)
        builder.commit(data_dates={"gp_event": "2026-10-31"})
    return lake
