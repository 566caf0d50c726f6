"""A frozen version says who it was and by which rule, and nothing about it can change unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from goldenthread.cohorts import CohortError, CohortVersion, Population, freeze, open_version, versions
from goldenthread.lake import Snapshot

Ask = Callable[..., Population]


@pytest.fixture
def frozen(ask: Ask, tmp_path: Path) -> CohortVersion:
    return freeze(ask().cohort("older_with_asthma"), "asthma", tmp_path / "cohorts")


def test_it_holds_all_that_decided_it(frozen: CohortVersion, snapshot: Snapshot) -> None:
    record = frozen.record
    assert record["expression"] == "age >= 65 and town_asthma"
    assert record["english"] == "age is at least 65 years, and town asthma"
    assert record["defined_as"] == "older_with_asthma"
    assert set(record["codelist_hashes"]) == {"town_asthma"}
    assert record["definitions"]["town_asthma"]["definition"]["take"] == "exists"
    assert record["snapshot"] == snapshot.id
    assert record["data_date"] == record["index_date"] == "2026-10-31"
    assert record["purpose"] == "planning"
    assert frozen.size == len(frozen.members())
    assert frozen.members() == sorted(frozen.members())


def test_its_people_are_pseudonyms_of_the_cohort(frozen: CohortVersion, ask: Ask) -> None:
    pids = ask().cohort("older_with_asthma").pids
    assert frozen.members() == sorted(f"{p:016d}".encode() for p in pids.tolist())


def test_freezing_again_makes_the_next_version(frozen: CohortVersion, ask: Ask) -> None:
    folder = frozen.folder.parent
    before = (frozen.folder / "version.json").read_bytes()
    second = freeze(ask().cohort("age >= 65"), "asthma", folder)
    assert second.id == "asthma-2"
    assert (frozen.folder / "version.json").read_bytes() == before
    assert [v.id for v in versions(folder)] == ["asthma-1", "asthma-2"]


def test_it_can_be_reopened_and_verified(frozen: CohortVersion) -> None:
    again = open_version(frozen.folder)
    again.verify()
    assert again.record == frozen.record


@pytest.mark.parametrize("name", ["version.json", "members.bin", "seal"])
@pytest.mark.parametrize("what", ["changed", "gone"])
def test_tampering_is_found(frozen: CohortVersion, name: str, what: str) -> None:
    path = frozen.folder / name
    path.chmod(0o600)
    if what == "gone":
        path.unlink()
    elif name == "version.json":
        record = json.loads(path.read_text())
        record["expression"] = "age >= 60"
        path.write_text(json.dumps(record))
    else:
        path.write_bytes(path.read_bytes()[:-16] + b"somebody else...")
    with pytest.raises(CohortError):
        frozen.verify()


def test_a_name_that_is_a_path_is_refused(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="not a usable name"):
        freeze(ask().cohort("alive"), "../elsewhere", tmp_path)


def test_a_version_that_is_not_there(frozen: CohortVersion) -> None:
    with pytest.raises(CohortError, match="asthma-1"):
        open_version(frozen.folder.parent / "asthma-9")
