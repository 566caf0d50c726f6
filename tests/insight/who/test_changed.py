"""A frozen cohort asked again: who stayed, who joined, who left and why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from goldenthread.cohorts import CohortError, Population, freeze
from goldenthread.definitions import Catalogue
from goldenthread.insight.who import what_changed
from goldenthread.lake import Snapshot
from tests.insight.village import catalogue_in, population_in
from tests.measures.tiny import build


def town(folder: Path, *, later: bool) -> Snapshot:
    """100 people of 66. Later: 0 to 9 died, 10 to 19 left, 20 to 29 opted out, 30 to 44 have COPD too; 100 to 109 came."""
    many = 110 if later else 100
    dead = dict.fromkeys(range(10), "2026-10-01") if later else {}
    # numbers are not the same from one snapshot to the next: pseudonyms are
    number = {n: (many - 1 - n if later else n) for n in range(many)}
    people = [f"| {number[n]} | {n + 5000:016d} | 1960-01-01 | {dead.get(n, '')} |" for n in range(many)]
    ends = dict.fromkeys(range(10, 20), "2026-09-01") if later else {}
    starts = dict.fromkeys(range(100, 110), "2027-01-15")
    registered = [f"| {number[n]} | {starts.get(n, '2000-01-01')} | {ends.get(n, '')} |" for n in range(many)]
    copd = [n for n in range(many) if n >= 45 or (later and n >= 30)]
    events = [f"| {number[n]} | 2020-01-01 | 13645005 |" for n in copd]
    opted = [f"| {number[n]} | 2026-10-01 | dissent |" for n in range(20, 30)] if later else []
    tables = {
        "person": "\n".join(
            [
                "| pid | pseudonym | birth_month | death_date |",
                *sorted(people, key=lambda r: int(r.split("|")[1])),
            ]
        ),
        "registration": "\n".join(["| pid | start_date | end_date |", *registered]),
        "gp_event": "\n".join(["| pid | date | code |", *events]),
    }
    if opted:
        tables["opt_out"] = "\n".join(["| pid | date | status |", *opted])
    return build(folder, **tables)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_in(tmp_path_factory.mktemp("changing") / "definitions")


def test_who_joined_and_who_left_and_why(tmp_path: Path, own: Catalogue) -> None:
    before = population_in(town(tmp_path / "a", later=False), own)
    version = freeze(before.cohort("age >= 60 and not copd"), "without_copd", tmp_path / "cohorts")
    assert version.size == 45
    after = population_in(town(tmp_path / "b", later=True), own)
    found = what_changed(version, after)
    rows = dict(found.rows)
    assert rows["Then"] == 45
    assert rows["Left: died"] == 10
    assert rows["Left: no longer registered here"] == 10
    assert rows["Left: may no longer be asked about"] == 10
    assert rows[f"Left: no longer meets “{after.cohort('not copd').english}”"] == 15
    assert rows["Left"] == 45
    assert rows["Stayed"] == 0
    assert found.definitions == ()
    assert "45 left" in found.sentence


def test_those_who_came_are_told_from_those_who_meet_it_now(tmp_path: Path, own: Catalogue) -> None:
    before = population_in(town(tmp_path / "a", later=False), own)
    version = freeze(before.cohort("age >= 60 and copd"), "with_copd", tmp_path / "cohorts")
    rows = dict(what_changed(version, population_in(town(tmp_path / "b", later=True), own)).rows)
    assert rows["Then"] == 55
    assert rows["Stayed"] == 55
    assert rows["Joined: meets the conditions now"] == 15
    assert rows["Now"] == rows["Stayed"] + rows["Joined"]


def test_a_changed_definition_is_named(people: Callable[..., Population], tmp_path: Path) -> None:
    everybody = people()
    version = freeze(everybody.cohort("copd"), "copd_people", tmp_path / "cohorts")
    version.record["definitions"]["copd"]["definition"]["take"] = "count"
    assert what_changed(version, everybody).definitions == ("copd",)


def test_a_version_of_a_later_day_is_refused(people: Callable[..., Population], tmp_path: Path) -> None:
    version = freeze(people().cohort("copd"), "copd_people", tmp_path / "cohorts")
    version.record["index_date"] = "2030-01-01"
    with pytest.raises(CohortError, match="newer data"):
        what_changed(version, people())
