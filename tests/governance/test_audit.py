"""The audit log: only ever added to, and any change shows."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.governance import (
    Audit,
    GovernanceError,
    RecordError,
    alerts,
    matches,
    re_identifications,
    seen_by,
)

MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


def log(home: Path, entries: int) -> Audit:
    audit = Audit(home)
    for n in range(entries):
        audit.append("release.requested", actor="ann", subject=f"R{n}", at=MONDAY + timedelta(minutes=n))
    return audit


def force(home: Path, sql: str, *values: object) -> None:
    """What somebody with the file and no scruples could do: take the triggers off, then write."""
    with sqlite3.connect(home / "governance" / "audit.sqlite") as raw:
        raw.execute("DROP TRIGGER IF EXISTS entry_UPDATE")
        raw.execute("DROP TRIGGER IF EXISTS entry_DELETE")
        raw.execute(sql, values)
    raw.close()


def test_entries_are_numbered_and_follow_from_one_another(tmp_path: Path) -> None:
    audit = log(tmp_path, 3)
    first, second, third = audit.entries()
    assert [e.number for e in (first, second, third)] == [1, 2, 3]
    assert (second.previous, third.previous) == (first.hash, second.hash)
    found = audit.verify()
    assert found.whole
    assert found.head == f"3:{third.hash}"


def test_the_database_itself_refuses_to_change_or_delete(tmp_path: Path) -> None:
    log(tmp_path, 2)
    raw = sqlite3.connect(tmp_path / "governance" / "audit.sqlite")
    for sql in (
        "UPDATE entry SET actor = 'bob'",
        "DELETE FROM entry",
        "REPLACE INTO entry SELECT * FROM entry LIMIT 1",
    ):
        raw.execute(
            "PRAGMA recursive_triggers = ON"
        )  # without it REPLACE deletes unseen; the hash shows it all the same
        with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
            raw.execute(sql)
    raw.close()


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE entry SET actor = 'bob' WHERE number = 2", "entry 2 has been changed"),
        ("UPDATE entry SET detail = '{\"people\": 1}' WHERE number = 3", "entry 3 has been changed"),
        ("UPDATE entry SET detail = 'x' WHERE number = 3", "entry 3 cannot be read"),
        ("DELETE FROM entry WHERE number = 2", "entries 2 to 2 are missing"),
        ("DELETE FROM entry WHERE number > 2", "entries after 2 have been cut off"),
        ("DELETE FROM entry", "entries after 0 have been cut off"),
    ],
)
def test_any_change_shows(tmp_path: Path, sql: str, says: str) -> None:
    audit = log(tmp_path, 4)
    force(tmp_path, sql)
    assert any(says in p for p in audit.verify().problems)


def test_a_log_written_anew_does_not_fit_the_head_that_was_noted(tmp_path: Path) -> None:
    """The chain alone cannot tell a log that was wholly rewritten; a head kept elsewhere, and the anchors, can."""
    noted = log(tmp_path / "one", 4).verify().head
    other = Audit(tmp_path / "two")
    for n in range(4):
        other.append("release.requested", actor="bob", subject=f"R{n}", at=MONDAY)
    assert other.verify().whole
    assert other.verify([noted]).problems == ("entry 4 is not the one that the head that was noted knows",)
    assert not other.verify(["nonsense"]).whole
    anchored = log(tmp_path / "three", 101)
    force(tmp_path / "three", "DELETE FROM entry WHERE number >= 100")
    force(tmp_path / "three", "UPDATE sqlite_sequence SET seq = 99")
    assert anchored.verify().problems == ("entry 100 is gone that the anchor file knows",)


def test_many_threads_and_processes_make_one_chain(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from goldenthread.governance import Audit\n"
        "for n in range(20): Audit(Path(sys.argv[1])).append('signed_in', actor=sys.argv[2])"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), f"process {n}"]) for n in range(2)
    ]
    audit = Audit(tmp_path)
    threads = [
        threading.Thread(
            target=lambda n=n: [audit.append("signed_in", actor=f"thread {n}") for _ in range(10)]
        )
        for n in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [p.wait(60) for p in others] == [0, 0]
    found = audit.verify()
    assert (found.entries, found.problems) == (80, ())
    assert {e.actor for e in audit.entries()} == {
        *(f"thread {n}" for n in range(4)),
        "process 0",
        "process 1",
    }


def test_a_clock_that_runs_backwards_is_noted_and_nothing_breaks(tmp_path: Path) -> None:
    audit = log(tmp_path, 2)
    entry = audit.append("signed_in", actor="ann", at=MONDAY - timedelta(hours=1))
    assert entry.detail == {"clock_back_seconds": 3660.0}
    assert entry.number == 3
    assert audit.verify().whole


def test_a_database_that_is_read_only_says_so_and_stops_the_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = log(tmp_path, 1)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **more: connect(f"file:{path}?mode=ro", uri=True, **more)
    )
    with pytest.raises(RecordError, match="readonly") as error:
        audit.append("signed_in", actor="ann")
    assert "Nothing was recorded" in error.value.remedy
    assert len(audit.entries()) == 1


def test_a_damaged_file_and_one_open_to_others_are_refused(tmp_path: Path) -> None:
    audit = log(tmp_path, 1)
    file = tmp_path / "governance" / "audit.sqlite"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(RecordError, match="chmod 600"):
        audit.append("signed_in", actor="ann")
    file.chmod(0o600)
    file.write_bytes(b"not a database, at all, by any means" * 40)
    assert "is damaged" in audit.verify().problems[0]


def test_reading_a_log_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    assert Audit(tmp_path).entries() == []
    assert Audit(tmp_path).verify().whole
    assert list(tmp_path.iterdir()) == []


def test_no_nhs_number_comes_in(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    entry = audit.append(
        "patient.opened",
        actor="ann",
        reason="rang about 999 000 0018",
        detail={"note": "9990000018", "n": [9990000018]},
    )
    assert "9990000018" not in str(entry)
    assert "999 000 0018" not in str(entry)
    with pytest.raises(GovernanceError, match="would hold an NHS number"):
        audit.append("patient.opened", actor="ann", subject="9990000018")


@pytest.mark.parametrize("action", ["", "Signed in", "a.b.c", "drop table"])
def test_an_entry_says_who_did_what(tmp_path: Path, action: str) -> None:
    with pytest.raises(GovernanceError):
        Audit(tmp_path).append(action, actor="ann")
    with pytest.raises(GovernanceError):
        Audit(tmp_path).append("signed_in", actor=" ")


def test_filters(tmp_path: Path) -> None:
    audit = log(tmp_path, 5)
    audit.append("release.approved", actor="bob", subject="R1", at=MONDAY + timedelta(hours=1))
    assert [e.number for e in audit.entries(action="release.*", subject="R1")] == [2, 6]
    assert [e.number for e in audit.entries(subjects=["R0", "R4"])] == [1, 5]
    assert [e.number for e in audit.entries(limit=2, newest_first=True)] == [6, 5]
    assert [e.number for e in audit.entries(since=MONDAY + timedelta(minutes=4))] == [5, 6]
    assert audit.entries(action="release_") == []


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text(max_size=20), min_size=1, max_size=4),
    detail=st.dictionaries(
        st.text(max_size=5), st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=9))
    ),
)
def test_whatever_people_type_is_kept_and_checks(
    texts: list[str], detail: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    audit = Audit(tmp_path_factory.mktemp("typed"))
    for text in texts:
        audit.append("note", actor="ann", reason=text, detail=detail)
    assert audit.verify().problems == ()


def shown(audit: Audit, actor: str, at: datetime, **detail: object) -> None:
    audit.append(
        "identities.shown", actor=actor, role="care coordinator", scope="Z00001", subject="R1", reason="calls", at=at,
        detail={"release": "R1", "purpose": "direct_care", "people": 10, "until": "2026-12-31", **detail},
    )  # fmt: skip


def test_the_guardian_sees_who_saw_whom_and_a_patient_sees_who_saw_them(tmp_path: Path) -> None:
    audit = log(tmp_path, 2)
    shown(audit, "cara", MONDAY, tokens=["TOK-1", "TOK-2"])
    audit.append("patient.opened", actor="gina", subject="TOK-2", scope="Z00001", detail={"release": "R1"})
    first, second = re_identifications(audit)
    assert (first.actor, first.people) == ("gina", 1)
    assert (second.actor, second.people, second.until, second.practice) == (
        "cara",
        10,
        "2026-12-31",
        "Z00001",
    )
    assert [s.actor for s in seen_by(audit, ["TOK-2", "TOK-9"])] == ["cara", "gina"]
    assert [s.actor for s in seen_by(audit, ["TOK-1"])] == ["cara"]
    assert seen_by(audit, []) == []


def test_alerts_say_what_is_out_of_the_ordinary(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    shown(audit, "cara", MONDAY, people=150)
    assert alerts(audit.entries()) == []
    shown(audit, "cara", MONDAY + timedelta(hours=1), people=60)
    shown(audit, "dan", MONDAY - timedelta(hours=4))
    shown(audit, "dan", MONDAY - timedelta(days=1))
    shown(audit, "eve", MONDAY, own_record=True, same_surname=True)
    shown(audit, "fay", MONDAY, same_surname=True)
    found = {(a.kind, a.actor) for a in alerts(audit.entries())}
    assert found == {
        ("many records", "cara"), ("out of hours", "dan"), ("own record", "eve"), ("same surname", "fay"),
    }  # fmt: skip
    assert sum(a.kind == "out of hours" for a in alerts(audit.entries())) == 2
    assert matches("Smith", "", "SMITH ", "Ann") == {"same_surname": True}
    assert matches("", "Ann", "", "Ann") == {}


def test_hours_are_those_of_london(tmp_path: Path) -> None:
    """Half past six in the morning in UTC is half past seven in London in July."""
    audit = Audit(tmp_path)
    shown(audit, "ann", datetime(2026, 7, 6, 6, 30, tzinfo=UTC))
    assert alerts(audit.entries()) == []
    shown(audit, "ann", datetime(2026, 12, 7, 6, 30, tzinfo=UTC))
    assert [a.kind for a in alerts(audit.entries())] == ["out of hours"]
