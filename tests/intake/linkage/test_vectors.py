"""Precision and recall on published data sets with a known truth (figures in docs/linkage.md)."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pytest

from goldenthread.intake.linkage import LINK, NO_LINK, LinkageResult, LinkageSettings, link

VECTORS = Path(__file__).parent / "vectors"


def read(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, skipinitialspace=True))


def people(keys: list[int], columns: dict[str, list[str]], key: str) -> pa.Table:
    table = pa.table(
        {name: pa.array([value or None for value in values]) for name, values in columns.items()}
    )
    if key == "pseudonym":
        return table.append_column(key, pa.array([each.to_bytes(16, "big") for each in keys], pa.binary(16)))
    return table.append_column(key, pa.array(keys, pa.int64()))


def accuracy(result: LinkageResult, truth: dict[int, int], bands: set[str]) -> tuple[float, float]:
    """Precision among the linked, and the share of records linked rightly."""
    given = [row for row in result.links.to_pylist() if row["band"] in bands]
    right = sum(int.from_bytes(row["pseudonym"], "big") == truth[row["record_id"]] for row in given)
    return right / max(len(given), 1), right / len(truth)


@pytest.fixture(scope="module")
def febrl() -> tuple[LinkageResult, dict[int, int]]:
    tables = []
    for name, key in (("dataset4a.csv", "pseudonym"), ("dataset4b.csv", "record_id")):
        rows = read(name)
        keys = [int(re.match(r"rec-(\d+)-", row["rec_id"])[1]) for row in rows]  # type: ignore[index]
        born = [re.sub(r"^(....)(..)(..)$", r"\1-\2-\3", row["date_of_birth"]) for row in rows]
        columns = {
            "given_name": [row["given_name"] for row in rows],
            "family_name": [row["surname"] for row in rows],
            "birth_date": born,
            "postcode": [row["postcode"] for row in rows],
            "address_line_1": [f"{row['street_number']} {row['address_1']}".strip() for row in rows],
        }
        tables.append(people(keys, columns, key))
    settings = LinkageSettings(fewest_to_train=500, pairs_to_train=200_000)
    return link(*tables, settings), {each: each for each in tables[1]["record_id"].to_pylist()}


def test_febrl_4(febrl: tuple[LinkageResult, dict[int, int]]) -> None:
    """Up to three errors a record, among them given names replaced by another: those go to review."""
    result, truth = febrl
    assert len(truth) == 1000
    precision, recall = accuracy(result, truth, {LINK})
    assert precision >= 0.995
    assert recall >= 0.82
    precision, recall = accuracy(result, truth, {LINK, "review"})
    assert precision >= 0.995
    assert recall >= 0.95


def test_figures_were_learnt_from_the_data(febrl: tuple[LinkageResult, dict[int, int]]) -> None:
    result, _ = febrl
    assert result.model.source.startswith("estimated")
    (names,) = (each for each in result.model.comparisons if each.name == "given_name")
    assert 0.6 < names.levels[0].m < 0.85  # FEBRL damages about a quarter of given names
    for comparison in result.model.comparisons:
        assert sum(level.m for level in comparison.levels) == pytest.approx(1, abs=1e-3)


def test_fake_1000() -> None:
    """Names, birth date and nothing of an address, all badly damaged: few links, and those right."""
    rows = read("fake_1000.csv")
    seen: set[str] = set()
    first = [not (row["cluster"] in seen or seen.add(row["cluster"])) for row in rows]  # type: ignore[func-returns-value]
    tables = []
    for registered, key, name in ((True, "pseudonym", "cluster"), (False, "record_id", "unique_id")):
        part = [row for row, is_first in zip(rows, first, strict=True) if is_first == registered]
        columns = {
            "given_name": [row["first_name"] for row in part],
            "family_name": [row["surname"] for row in part],
            "birth_date": [row["dob"] for row in part],
        }
        tables.append(people([int(row[name]) for row in part], columns, key))
    truth = {
        int(row["unique_id"]): int(row["cluster"])
        for row, is_first in zip(rows, first, strict=True)
        if not is_first
    }
    result = link(*tables)
    precision, recall = accuracy(result, truth, {LINK})
    assert precision >= 0.995
    assert recall >= 0.15
    assert NO_LINK in result.links["band"].to_pylist()
