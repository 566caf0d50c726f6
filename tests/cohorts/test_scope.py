"""Whose population: parts of the whole, counted apart and never mixed up."""

from pathlib import Path

import pytest

from goldenthread.cohorts import CohortError, Population, Scope, scope_tree
from goldenthread.definitions import Catalogue
from goldenthread.disclosure import Ledger
from tests.cohorts.conftest import town


@pytest.fixture
def everybody(tmp_path: Path, catalogue: Catalogue) -> Population:
    snapshot = town(tmp_path)
    ledger = Ledger(tmp_path / "ledger.sqlite", snapshot=snapshot.id, people=snapshot.people)
    return Population(snapshot, catalogue, ledger=ledger, recipient="test")


def test_practices_add_up_to_the_whole(everybody: Population) -> None:
    practices = [everybody.within(Scope.parse(f"practice-Z0000{n}")) for n in (1, 2)]
    whole = set(everybody.pids.tolist())
    parts = [set(p.pids.tolist()) for p in practices]
    assert parts[0]
    assert parts[1]
    assert not parts[0] & parts[1]
    assert parts[0] | parts[1] == whole
    assert len(practices[0].registered) == 40


def test_a_cohort_of_a_part_is_of_that_part_only(everybody: Population) -> None:
    part = everybody.within(Scope.parse("practice-Z00001"))
    cohort = part.cohort("age >= 65 or male")
    assert set(cohort.pids.tolist()) <= set(part.pids.tolist())
    # the alternative must not let people of other practices in
    assert cohort.size == len(set(everybody.cohort("age >= 65 or male").pids.tolist()) & set(range(40)))
    assert part.whole.pids.tolist() == everybody.pids.tolist()
    assert part.within(Scope()).scope == everybody.scope


def test_coverage_is_of_the_part(everybody: Population) -> None:
    part = everybody.within(Scope.parse("practice-Z00001"))
    assert part.coverage.registered == 40
    assert everybody.coverage.registered == 120


def test_answers_of_parts_are_remembered_apart(everybody: Population) -> None:
    whole = everybody.cohort("age >= 65").count()
    part = everybody.within(Scope.parse("practice-Z00002")).cohort("age >= 65").count()
    assert whole.population is not None
    assert part.population is not None
    assert part.population < whole.population


def test_answers_to_two_people_are_remembered_apart(everybody: Population) -> None:
    other = everybody.told_to("another").within(Scope.parse("practice-Z00001"))
    assert other.recipient == other.whole.recipient == "another"
    assert everybody.recipient == "test"
    assert (
        other.cohort("male").count().population
        == everybody.within(other.scope).cohort("male").count().population
    )


def test_the_tree_knows_names_and_parents(everybody: Population) -> None:
    tree = scope_tree(everybody.snapshot, "Lincolnshire")
    abbey = tree.get("practice-z00001")
    assert abbey.name == "Abbey"
    assert next(s.kind for s in tree.path(abbey)) == "system"
    assert tree.inside(abbey, Scope())
    assert not tree.inside(Scope(), abbey)


@pytest.mark.parametrize(
    "slug", ["", "pcn-", "pcn-x' OR 1=1", "county-E10", "system-1", "practice", "pcn-" + "A" * 21]
)
def test_what_is_not_a_scope_is_refused(slug: str) -> None:
    with pytest.raises(CohortError, match="no population"):
        Scope.parse(slug)


def test_a_scope_that_the_snapshot_does_not_hold(everybody: Population) -> None:
    with pytest.raises(CohortError, match="practice-Z99999"):
        scope_tree(everybody.snapshot).get("practice-Z99999")
