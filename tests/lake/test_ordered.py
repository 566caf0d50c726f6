"""Coded events written from Arrow come out as DuckDB's sort would put them, whatever order they arrive in."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from goldenthread.lake import Lake, LakeError, SnapshotBuilder
from goldenthread.lake import builder as builder_module

PERSON = """
SELECT range::INTEGER AS pid, encode(lpad(range::VARCHAR, 16, '0')) AS pseudonym, DATE '1950-01-01' AS birth_month,
       '1' AS sex, 'A' AS ethnicity, NULL AS language, NULL::DATE AS death_date, NULL AS death_cause,
       NULL::BLOB AS household, true AS nhs_number_verified
FROM range(40)
"""
KEYS = ["pid", "date", "code", "value", "unit", "practice", "date_precision"]


def events(rows: int, seed: int) -> pa.Table:
    """Rows of few people, days and codes, so that every key ties somewhere; dates before 1970 too."""
    rng = np.random.default_rng(seed)

    def text(words: list[str | None]) -> pa.Array:
        return pa.array([words[n] for n in rng.integers(0, len(words), rows)]).dictionary_encode()

    value = rng.integers(0, 4, rows).astype(float)
    return pa.table(
        {
            "pid": pa.array(rng.integers(0, 40, rows), pa.int32()),
            "date": pa.array(rng.integers(-30, 5, rows), pa.int32()).cast(pa.date32()),
            "date_precision": text(["day", "month", "year"]),
            "code": pa.array(rng.choice([999791000000106, 44054006, 22298006], rows), pa.int64()),
            "value": pa.array(value, mask=value == 0),
            "unit": text(["kg", "%", None]),
            "practice": text(["Z00001", "Z00002"]),
        }
    )


def write(builder: SnapshotBuilder, rows: pa.Table) -> int:
    builder.write("person", PERSON)

    def some(first: int, last: int) -> pa.Table:
        pid = rows["pid"].to_numpy()
        return rows.filter(pa.array((pid >= first) & (pid <= last)))

    return builder.write_ordered("gp_event", some)


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder_module, "PEOPLE_PER_FILE", 9)
    monkeypatch.setattr(builder_module, "PEOPLE_AT_ONCE", 18)


@pytest.mark.parametrize("arriving", ["at random", "in order", "two practices in order"])
@pytest.mark.parametrize("codes", ["as numbers", "as a dictionary", "as a dictionary out of order"])
@pytest.mark.parametrize("rows", [0, 1, 3000])
def test_files_are_in_the_order_that_a_full_sort_gives(
    lake: Lake, arriving: str, codes: str, rows: int
) -> None:
    given = events(rows, seed=rows)
    plain = duckdb.connect()
    plain.register("given", given)
    if arriving != "at random":
        order = ["practice", *KEYS] if arriving.startswith("two") else KEYS
        given = plain.sql(f"FROM given ORDER BY {', '.join(order)}").to_arrow_table()
    if codes != "as numbers":
        known = pa.array(sorted(set(given["code"].to_pylist()), reverse="out" in codes), pa.int64())
        index = pa.compute.index_in(given["code"].combine_chunks(), value_set=known)
        given = given.set_column(3, "code", pa.DictionaryArray.from_arrays(index, known))
    with lake.begin(memory_mb=500) as builder:
        assert write(builder, given) == rows
        builder.commit()
    snapshot = lake.current()
    for folder, order in (("person", KEYS), ("code", ["code", *(k for k in KEYS if k != "code")])):
        files = sorted((snapshot.path / "gp_event" / folder).iterdir())
        wide = 9 if folder == "person" else 18
        for file in files:
            first = int(file.stem)
            expected = plain.execute(
                f"SELECT {', '.join(order)} FROM given WHERE pid BETWEEN {first} AND {first + wide - 1}"
                f" ORDER BY {', '.join(order)}"
            ).fetchall()
            assert plain.execute(f"SELECT {', '.join(order)} FROM '{file}'").fetchall() == expected
        assert len(files) == -(-40 // wide)


def test_the_same_rows_in_another_order_give_the_same_bytes(lake: Lake, tmp_path: Path) -> None:
    rows, sums = events(2000, seed=1), []
    shuffled = rows.take(pa.array(np.random.default_rng(2).permutation(2000)))
    for number, each in enumerate((rows, shuffled)):
        other = Lake(tmp_path / f"lake{number}")
        with other.begin(memory_mb=500) as builder:
            write(builder, each)
            builder.commit()
        sums.append([(f.path, f.sha256) for f in other.current().manifest.files])
    assert sums[0] == sums[1]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("code", pa.array([None, 22298006], pa.int64()), "have no code"),
        ("pid", pa.array([0, 40], pa.int32()), "pids run from 0 to 40"),
        ("pid", pa.array([-1, 0], pa.int32()), "pids run from -1"),
    ],
)
def test_rows_that_the_model_does_not_allow_are_refused(
    lake: Lake, column: str, values: pa.Array, words: str
) -> None:
    rows = events(2, seed=3)
    rows = rows.set_column(rows.column_names.index(column), column, values)
    with lake.begin(memory_mb=500) as builder, pytest.raises(LakeError, match=words):
        builder.write("person", PERSON)
        builder.write_ordered("gp_event", lambda first, last: rows)


def test_a_lacking_column_and_another_kind_of_table_are_refused(lake: Lake) -> None:
    rows = events(2, seed=3)
    with lake.begin(memory_mb=500) as builder:
        builder.write("person", PERSON)
        with pytest.raises(LakeError, match="lack the column 'unit'"):
            builder.write_ordered("gp_event", lambda first, last: rows.drop_columns(["unit"]))
        with pytest.raises(LakeError, match="write_chunked"):
            builder.write_ordered("appointment", lambda first, last: rows)
