"""Nothing that was written is lost, overwritten or changed unseen."""

from __future__ import annotations

import csv
import io
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.programme import (
    Conflict,
    Initiative,
    Plan,
    PlannedOutcome,
    ProgrammeError,
    Refused,
    Register,
    portfolio_csv,
    verify,
)
from tests.programme.conftest import PLAN, WALKS


def tamper(register: Register, *statements: str) -> None:
    """What somebody with the file and a database client can do."""
    connection = sqlite3.connect(register.store.path)
    for statement in ("DROP TRIGGER event_stays", "DROP TRIGGER event_kept", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_two_people_who_edit_at_once_do_not_overwrite_each_other(register):
    seen = register.create(WALKS, who="Ann").version
    register.change(WALKS.id, {"deputy": "Cat Moss"}, who="Bob", version=seen)
    with pytest.raises(Conflict, match="changed by Bob .* after you opened it") as conflict:
        register.change(WALKS.id, {"deputy": "Dee Ray"}, who="Ann", version=seen)
    assert conflict.value.now == 2
    assert register.get(WALKS.id).initiative.deputy == "Cat Moss"


def test_history_cannot_be_changed_or_deleted_through_the_database(register):
    register.create(WALKS, who="Ann")
    connection = sqlite3.connect(register.store.path)
    for statement in ("UPDATE event SET who = 'Eve'", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="history is never"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE event SET body = replace(body, 'Town walks', 'Town talks') WHERE seq = 1",
            "content was changed",
        ),
        ("UPDATE event SET who = 'Eve' WHERE seq = 2", "content was changed"),
        ("DELETE FROM event WHERE seq = 2", "missing or was replaced"),
    ],
)
def test_changes_behind_the_registers_back_are_found(register, statement, words):
    seen = register.create(WALKS, who="Ann").version
    register.change(WALKS.id, {"deputy": "Cat"}, who="Ann", version=seen)
    register.note(WALKS.id, "obstacle", {"what": "Rain."}, who="Ann")
    assert verify(register, WALKS.id) == ()
    tamper(register, statement)
    assert words in " ".join(verify(register, WALKS.id))


def test_stopped_and_null_initiatives_are_found_like_any_other(register):
    register.create(WALKS, who="Ann")
    register.create(
        Initiative("lunch-2025", "Lunch club", "Does a lunch club help?", "age >= 80", scope="pcn-UZ001"),
        who="Bob",
    )
    register.store.append("lunch-2025", "stage", {"stage": "stopped"}, who="Bob")
    assert [e.id for e in register.find()] == ["walks-2025", "lunch-2025"]
    assert [e.id for e in register.find("lunch club")] == ["lunch-2025"]
    assert [e.id for e in register.find(stages=["stopped"])] == ["lunch-2025"]
    assert [e.id for e in register.find(scope="pcn-UZ001")] == ["lunch-2025"]
    assert [e.id for e in register.find(person="ann lee")] == ["walks-2025"]


def test_a_list_is_not_released_before_success_is_agreed(register):
    register.create(WALKS, who="Ann", plan=PLAN)
    with pytest.raises(Refused, match="success has not been agreed"):
        register.released(WALKS.id, "release-1", practices=["Z00001"], who="release service")


def test_after_the_lock_the_people_cannot_be_changed(register, locked):
    with pytest.raises(Refused, match="cohort cannot change"):
        register.change(WALKS.id, {"cohort": "age >= 80"}, who="Ann", version=locked.version)
    with pytest.raises(Refused, match="is locked"):
        register.save_plan(WALKS.id, Plan(), who="Ann", version=locked.version)
    assert register.released(WALKS.id, "r1", practices=["Z00001"], who="release service").stage == "running"


def test_bad_records_are_refused_in_words(register):
    with pytest.raises(ProgrammeError, match="cannot be the name"):
        Initiative("Falls 2026", "Falls", "?", "age >= 65")
    with pytest.raises(ProgrammeError, match="question is empty"):
        Initiative("falls-2026", "Falls", " ", "age >= 65")
    register.create(WALKS, who="Ann")
    with pytest.raises(ProgrammeError, match="already"):
        register.create(WALKS, who="Ann")
    with pytest.raises(ProgrammeError, match="Did you mean 'deputy'"):
        register.change(WALKS.id, {"deputi": "x"}, who="Ann", version=1)
    with pytest.raises(ProgrammeError, match="no amount"):
        register.note(WALKS.id, "cost", {"what": "Shoes"}, who="Ann")
    with pytest.raises(ProgrammeError, match="Two outcomes are called"):
        Plan(outcomes=(PlannedOutcome("a", "m", "fewer", 1), PlannedOutcome("a", "n", "fewer", 1)))


def test_the_export_runs_no_formula(register):
    register.create(Initiative("evil-1", "=HYPERLINK(1)", "?", "age >= 1", owner="@SUM(A1)"), who="Ann")
    row = next(iter(csv.DictReader(io.StringIO(portfolio_csv(list(register))))))
    assert not row["title"].startswith("=")
    assert not row["owner"].startswith("@")


WORDS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=15, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(["deputy", "evidence", "equity"]), WORDS), max_size=6))
def test_whatever_is_written_can_be_read_back_and_verified(tmp_path_factory, changes):
    register = Register(tmp_path_factory.mktemp("any"))
    version = register.create(WALKS, who="Ann").version
    wanted = {}
    for key, words in changes:
        version = register.change(WALKS.id, {key: words}, who="Ann", version=version).version
        wanted[key] = words
    entry = Register(register.folder).get(WALKS.id)
    assert all(getattr(entry.initiative, k) == v for k, v in wanted.items())
    assert len(entry.events) == 1 + len(changes)
    assert verify(register, WALKS.id) == ()
