"""What people decided about doubtful links is read with care, and obeyed by every refresh."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldenthread.intake.linkage import (
    DECISIONS_FILE,
    Decisions,
    LinkageError,
    leave_out_decided,
    read_decisions,
)
from goldenthread.intake.staging import Work

A, B, P, Q = (bytes([n]) * 16 for n in range(1, 5))


def write(home: Path, *lines: str, header: str = "record,pseudonym,same_person") -> Path:
    path = home / DECISIONS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join((header, *lines)) + "\n", "utf-8")
    return path


def test_no_file_is_no_decision(tmp_path: Path) -> None:
    assert read_decisions(tmp_path) == Decisions()


def test_decisions_are_read_by_column_and_one_line_may_be_about_several_records(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"Yes,{A.hex()} {B.hex()},{P.hex()},Dr Ali",
        f"no,{A.hex()},{Q.hex()},",
        f",{B.hex()},{Q.hex()},not decided yet",
        header="same_person,record,pseudonym,decided_by",
    )
    found = read_decisions(tmp_path)
    assert found.same == {A: P, B: P}
    assert found.different == {(A, Q)}
    assert found.settles(B, Q)  # a record belongs to one person
    assert not Decisions(different=found.different).settles(B, Q)


@pytest.mark.parametrize(
    ("lines", "header", "message"),
    [
        ([], "record,pseudonym", "no column 'same_person'"),
        ([], "record,pseudonym,same_person,record_family_name", "must not hold"),
        ([f"{A.hex()},{P.hex()},maybe"], None, "line 2: same_person"),
        (["", f"{A.hex()[:-1]},{P.hex()},yes"], None, "line 3: record"),
        ([f"{A.hex()},,no"], None, "line 2: pseudonym"),
        ([f",{P.hex()},no"], None, "line 2: there is no record"),
        ([f"{A.hex()},{P.hex()},yes", f"{A.hex()},{Q.hex()},yes"], None, "line 3: the record was given"),
        ([f"{A.hex()},{P.hex()},yes", f"{A.hex()},{P.hex()},no"], None, "line 3: the same pair"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], header: str | None, message: str
) -> None:
    write(tmp_path, *lines, header=header or "record,pseudonym,same_person")
    with pytest.raises(LinkageError, match=message) as caught:
        read_decisions(tmp_path)
    assert caught.value.remedy


def test_what_is_decided_leaves_the_review_list(tmp_path: Path) -> None:
    review = tmp_path / "review.csv"
    rows = [["record", "pseudonym", "note"], [f"{A.hex()} {B.hex()}", P.hex(), "1"], [B.hex(), Q.hex(), "2"]]
    with review.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert leave_out_decided(review, Decisions(different=frozenset({(A, P)}))) == 2  # B is still open
    assert leave_out_decided(review, Decisions(different=frozenset({(A, P), (B, P)}))) == 1
    assert [row["note"] for row in csv.DictReader(review.open())] == ["2"]
    assert review.stat().st_mode & 0o777 == 0o600


def test_a_refresh_obeys(deployment: Callable[..., Any]) -> None:
    made = deployment()
    first = made.refresh()
    assert (first.feed("council").linked, first.feed("council").unlinked) == (1, 1)
    work = Work(made.settings.work_dir)
    (entry,) = [each for each in work.in_force().values() if each.feed == "council"]
    linked, loose = work.table("council", entry.key)["record"].to_pylist()
    owner, other = (made.keys.pseudonym(each.nhs).hex() for each in (made.people[2], made.people[0]))

    write(
        made.settings.home,
        f"{linked.hex()},{owner},no",
        f"{loose.hex()},{other},yes",
        f"{P.hex()},{owner},yes",
    )
    second = made.refresh()
    assert not second.nothing_new
    assert second.linkage["decided"] == {"same person": 1, "not the same": 1, "no longer there": 1}
    assert any("1 decisions are about" in problem for problem in second.problems)
    with made.lake.current().connect() as connection:
        kinds = connection.execute(
            "SELECT c.kind, hex(p.pseudonym) FROM circumstance c JOIN person p USING (pid)"
        ).fetchall()
    assert [(kind, key.lower()) for kind, key in kinds] == [("housing need", other)]

    (made.settings.home / DECISIONS_FILE).unlink()
    third = made.refresh()
    assert (third.feed("council").linked, third.linkage["decided"]) == (1, {})
