"""Every definition that is shipped gives the same rows on Spark as on DuckDB, from the same statements."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from goldenthread.definitions import Catalogue, Indicator, Score, load_catalogue
from goldenthread.measures import PERSON, evaluate, variables
from tests.measures.crowd import crowd

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("java") or os.environ.get("JAVA_HOME")),
        reason="SPARK NOT TESTED: there is no Java here. Install Java 17 or later and run again.",
    ),
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def everything(catalogue: Catalogue) -> list[str]:
    return [n for n in variables(catalogue) if n not in PERSON] + list(PERSON)


def differences(one: pa.Table, two: pa.Table) -> list[str]:
    assert one.column("pid").to_pylist() == two.column("pid").to_pylist()
    found = []
    for name in one.column_names:
        a, b = one.column(name).to_pylist(), two.column(name).to_pylist()
        if a != b:
            at = next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
            found.append(f"{name}: person {at} has {a[at]!r} on DuckDB and {b[at]!r} on Spark")
    return found


def test_every_definition_agrees(tmp_path: Path, catalogue: Catalogue) -> None:
    snapshot = crowd(tmp_path / "lake", catalogue)
    names = everything(catalogue)
    assert sum(not isinstance(d, Indicator | Score) for d in catalogue.definitions.values()) > 200
    index = date(2026, 3, 31)
    local = evaluate(snapshot, catalogue, names, index_date=index)
    spark = evaluate(snapshot, catalogue, names, index_date=index, engine="spark")
    assert differences(local, spark) == []
    varied = [n for n in names if len(set(map(str, local.column(n).to_pylist()))) > 1]
    assert len(varied) > 0.8 * len(names), sorted(set(names) - set(varied))


def test_own_index_dates_agree(tmp_path: Path, catalogue: Catalogue) -> None:
    snapshot = crowd(tmp_path / "lake", catalogue)
    names = [*list(catalogue.conditions)[:10], *list(catalogue.measures)[:40], "age", "registered"]
    days = [date(2024, 2, 29), date(2025, 3, 31), date(2025, 4, 1), date(2026, 10, 31)]
    index = pa.table({"pid": list(range(0, 300, 3)), "index_date": [days[n % 4] for n in range(100)]})
    local = evaluate(snapshot, catalogue, names, index_date=index)
    spark = evaluate(snapshot, catalogue, names, index_date=index, engine="spark")
    assert local.num_rows == 100
    assert differences(local, spark) == []
