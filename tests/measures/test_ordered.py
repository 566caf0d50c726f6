"""Rows read in the order of codes give what rows grouped by the database give, however files and ranges of people are cut."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.lake import Lake, Snapshot, arranging, builder
from goldenthread.measures import MeasureError, chunks, compile_plan, evaluate, variables
from goldenthread.measures.person import SIMPLE
from tests.measures.crowd import PEOPLE, crowd
from tests.measures.test_spark import differences

DAY = date(2025, 3, 31)  # rows lie on both sides of it
TABLES = ("person", "registration", "address")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Snapshot:
    return crowd(tmp_path_factory.mktemp("crowd") / "lake", catalogue)


def _in_pieces(
    folder: Path, crowded: Snapshot, monkeypatch: pytest.MonkeyPatch, kept: dict[str, str] | None = None
) -> Snapshot:
    """The crowd's people and coded rows, as a refresh writes them: files of 100 people, cut into groups of 700 rows.

    ``kept`` says which rows of a table there are.
    """
    monkeypatch.setattr(builder, "PEOPLE_AT_ONCE", 100)
    monkeypatch.setattr(builder, "PEOPLE_PER_FILE", 50)
    monkeypatch.setattr(arranging, "ROWS_PER_GROUP", {"person": 700, "code": 700})
    lake, source = Lake(folder), crowded.connect()
    with lake.begin(memory_mb=300, threads=1) as made:
        for name in TABLES:
            made.connection.register("rows", source.sql(f"SELECT * FROM {name}").to_arrow_table())
            made.write(name, "SELECT * FROM rows")
        for name in ("gp_event", "medication"):
            made.write_ordered(
                name,
                lambda first, last, n=name: source.sql(  # type: ignore[misc]
                    f"SELECT * FROM {n} WHERE pid BETWEEN {first} AND {last} AND {(kept or {}).get(n, 'TRUE')}"
                ).to_arrow_table(),
            )
        made.commit(data_dates={"gp_event": "2026-10-31"})
    source.close()
    return lake.current()


@pytest.fixture
def pieces(tmp_path: Path, crowded: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    return _in_pieces(tmp_path / "lake", crowded, monkeypatch)


def _coded(catalogue: Catalogue) -> list[str]:
    """Every fact that is taken from GP events or medicines by code."""
    coded = compile_plan(catalogue, variables(catalogue)).coded
    return list(dict.fromkeys(s.definition.name for n in ("gp_event", "medication") for s in coded[n].slots))


def test_cuts_do_not_matter(pieces: Snapshot, crowded: Snapshot, catalogue: Catalogue) -> None:
    names = [*_coded(catalogue), *sorted(SIMPLE)]
    assert len(names) > 300
    grouped = evaluate(crowded, catalogue, names, index_date=DAY, engine="duckdb-grouped")
    plan = compile_plan(catalogue, names)
    assert len(pieces.files("gp_event", "code")) == 6  # two for each range of people
    for people, threads in ((70, 2), (100, 1), (1000, 2)):
        parts = chunks(pieces, plan, index_date=DAY, people_per_chunk=people, threads=threads)
        found = pa.concat_tables(parts)
        assert found.num_rows == PEOPLE
        assert differences(found, grouped) == []


def test_people_without_rows_are_people_who_have_nothing(
    tmp_path: Path, crowded: Snapshot, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    """Those known to hospitals alone come last and may fill files without a row; a feed may not have come yet."""
    names = _coded(catalogue)
    some = _in_pieces(tmp_path, crowded, monkeypatch, {"gp_event": "pid < 150", "medication": "FALSE"})
    assert [pq.read_metadata(p).num_rows == 0 for p in some.files("gp_event", "code")] == [False] * 4 + [True]
    here = evaluate(some, catalogue, names, index_date=DAY)
    assert differences(here, evaluate(some, catalogue, names, index_date=DAY, engine="duckdb-grouped")) == []
    assert here.num_rows == PEOPLE


def test_simple_facts_about_people_need_no_join(crowded: Snapshot, catalogue: Catalogue) -> None:
    for day in (DAY, date(2024, 2, 29), date(2026, 10, 31)):
        for names in (sorted(SIMPLE), ["age"], ["registered", "hba1c_latest"], ["hba1c_latest"]):
            here = evaluate(crowded, catalogue, names, index_date=day)
            grouped = evaluate(crowded, catalogue, names, index_date=day, engine="duckdb-grouped")
            assert here.schema == grouped.schema
            assert differences(here, grouped) == []
    some = evaluate(crowded, catalogue, ["registered", "alive", "age"], index_date=DAY)
    assert 0 < sum(some.column("registered").to_pylist()) < PEOPLE
    assert 0 < some.column("age").null_count < PEOPLE


def test_rows_kept_for_the_next_question_are_those_of_its_day(
    crowded: Snapshot, pieces: Snapshot, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second question about the same codes reads no file, whichever day comes first."""
    names = ["hba1c_latest", "diabetes_since", "learning_disability"]
    for count, day in enumerate((DAY, date(2026, 10, 31), date(2023, 5, 5), DAY)):
        found = evaluate(pieces, catalogue, names, index_date=day)
        grouped = evaluate(crowded, catalogue, names, index_date=day, engine="duckdb-grouped")
        assert differences(found, grouped) == []
        if not count:
            monkeypatch.setattr(pq.ParquetFile, "read_row_groups", None)


def test_only_parts_with_the_codes_are_read(
    pieces: Snapshot, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole = pq.ParquetFile.read_row_groups

    def counted(self: pq.ParquetFile, groups: list[int], **more: object) -> pa.Table:
        read.extend(groups)
        return whole(self, groups, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", counted)
    groups = sum(pq.read_metadata(p).num_row_groups for p in pieces.files("gp_event", "code"))
    evaluate(pieces, catalogue, ["hba1c_latest"], index_date=DAY)
    assert 3 <= len(read) < groups / 3


def test_some_of_the_answers_may_be_enough(pieces: Snapshot, catalogue: Catalogue) -> None:
    """Nothing is left running where somebody stops reading, or where one range fails."""
    parts = chunks(
        pieces, compile_plan(catalogue, ["hba1c_latest"]), index_date=DAY, people_per_chunk=20, threads=2
    )
    assert next(parts).num_rows == 20
    parts.close()  # type: ignore[attr-defined]


def test_a_file_in_another_order_is_refused(
    tmp_path: Path, crowded: Snapshot, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        arranging, "code_order", lambda rows: (np.arange(rows.num_rows), np.arange(rows.num_rows))
    )
    wrong = _in_pieces(tmp_path / "lake", crowded, monkeypatch)
    with pytest.raises(MeasureError, match="not in the order of codes"):
        evaluate(wrong, catalogue, ["hba1c_latest"], index_date=DAY)


def test_a_damaged_file_is_an_error_and_not_an_empty_answer(pieces: Snapshot, catalogue: Catalogue) -> None:
    path = pieces.files("gp_event", "code")[1]
    content = bytearray(path.read_bytes())
    described = len(content) - 8 - int.from_bytes(content[-8:-4], "little")  # at its end
    content[:described] = bytes(described)
    path.write_bytes(content)
    with pytest.raises(MeasureError, match=r"cannot be read.*"):
        evaluate(pieces, catalogue, ["hba1c_latest"], index_date=DAY)
