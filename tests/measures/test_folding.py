"""Folding rows here gives what grouping them in the database gives, row for row, for every definition that is shipped."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.lake import Snapshot
from goldenthread.measures import PERSON, chunks, compile_plan, evaluate, variables
from goldenthread.measures.folding import CodeNumbers
from tests.measures.crowd import crowd
from tests.measures.test_spark import differences

DAYS = [date(2024, 2, 29), date(2025, 3, 31), date(2025, 4, 1), date(2026, 10, 31)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Snapshot:
    return crowd(tmp_path_factory.mktemp("crowd") / "lake", catalogue)


def test_every_definition_agrees(snapshot: Snapshot, catalogue: Catalogue) -> None:
    names = [*variables(catalogue), *PERSON]
    day = date(2026, 3, 31)
    folded = evaluate(snapshot, catalogue, names, index_date=day)
    grouped = evaluate(snapshot, catalogue, names, index_date=day, engine="duckdb-grouped")
    assert folded.num_rows > 100
    assert differences(folded, grouped) == []


def test_a_condition_is_the_same_whether_or_not_somebody_asks_since_when(
    snapshot: Snapshot, catalogue: Catalogue
) -> None:
    """Where nobody asks, its first date is not worked out."""
    coded = [name for name, one in catalogue.conditions.items() if one.codes]
    assert any(catalogue.conditions[n].min_age for n in coded)
    assert any(catalogue.conditions[n].resolved for n in coded)
    alone = evaluate(snapshot, catalogue, coded, index_date=DAYS[3])
    both = evaluate(snapshot, catalogue, [*coded, *(f"{n}_since" for n in coded)], index_date=DAYS[3])
    assert differences(alone, both.select(alone.column_names)) == []
    for name in coded:  # who has it has had it since some day, and nobody else
        assert both[name].to_pylist() == both[f"{name}_since"].is_valid().to_pylist()


def test_own_index_dates_agree(snapshot: Snapshot, catalogue: Catalogue) -> None:
    coded = compile_plan(catalogue, variables(catalogue)).coded.values()
    names = list(dict.fromkeys(s.definition.name for scan in coded for s in scan.slots))
    own = pa.table({"pid": list(range(0, 300, 3)), "index_date": [DAYS[n % 4] for n in range(100)]})
    folded = evaluate(snapshot, catalogue, names, index_date=own)
    grouped = evaluate(snapshot, catalogue, names, index_date=own, engine="duckdb-grouped")
    assert folded.num_rows == 100
    assert differences(folded, grouped) == []


def test_ranges_of_people_do_not_matter(snapshot: Snapshot, catalogue: Catalogue) -> None:
    names = list(catalogue.measures)[::5]
    plan = compile_plan(catalogue, names)
    whole = evaluate(snapshot, catalogue, names, index_date=DAYS[3])
    parts = pa.concat_tables(chunks(snapshot, plan, index_date=DAYS[3], people_per_chunk=37))
    assert differences(whole, parts) == []


def test_the_order_in_which_rows_are_kept_does_not_matter(snapshot: Snapshot, catalogue: Catalogue) -> None:
    """With a date for each person, few codes are looked up in the rows by code, many in those by person."""
    names = ["diabetes", "diabetes_since", "hba1c_latest", "statin_6m", "learning_disability"]
    own = pa.table({"pid": list(range(0, 300, 3)), "index_date": [DAYS[n % 4] for n in range(100)]})
    for index in (DAYS[3], own):
        few = evaluate(snapshot, catalogue, names, index_date=index)
        grouped = evaluate(snapshot, catalogue, names, index_date=index, engine="duckdb-grouped")
        assert differences(few, grouped) == []
    scan = compile_plan(catalogue, names).coded["gp_event"]
    assert CodeNumbers(scan).few(scan)
    every = compile_plan(catalogue, variables(catalogue)).coded["gp_event"]
    assert not CodeNumbers(every).few(every)
