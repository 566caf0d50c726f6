"""Agreements, purposes and the audit log from the command line."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from goldenthread.governance import Audit
from tests.cli.conftest import Done, Run, run  # noqa: F401
from tests.measures.tiny import build

BY = ("--by", "Dr Shah", "--reason", "Agreement 12")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A real system of forty people in two practices; nobody has agreed to anything."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "goldenthread.toml").write_text('name = "Forty"\nthreads = 1\nagreements = "required"\n')
    rows = [f"| {n} | Z0000{1 + n % 2} |" for n in range(40)]
    build(folder / "lake", registration="\n".join(["| pid | practice |", *rows]))
    return folder


def test_from_nobody_asked_to_a_withdrawal(run: Run, home: Path) -> None:  # noqa: F811
    def ask() -> Done:
        return run("ask", "age > 1", "--home", home, "--json", check=False)

    refused = ask()
    assert refused.returncode == 1
    assert "goldenthread agreements adopt" in " ".join(refused.stderr.split())
    run("agreements", "adopt", *BY, "--home", home)
    assert json.loads(ask().stdout)["count"] == 40
    said = run("agreements", "withdraw", "Z00001", "--purpose", "planning", *BY, "--home", home).stdout
    assert "Z00001 no longer shares for planning, from the next question on." in said
    answer = json.loads(ask().stdout)
    assert (answer["count"], answer["population"]) == (20, 20)
    assert answer["coverage_words"].startswith("1 of 2 practices, about 50%")
    stand = {p["purpose"]: p for p in json.loads(run("agreements", "show", "--home", home, "--json").stdout)}
    assert stand["planning"]["out"] == {"Z00001": "withdrawn"}
    assert stand["research"]["sharing"] == 0
    history = run("agreements", "show", "--history", "--home", home).stdout
    assert history.count("withdrawn") == 1


def test_a_mistyped_practice_is_not_taken_for_another(run: Run, home: Path) -> None:  # noqa: F811
    done = run("agreements", "withdraw", "Z0001", "--purpose", "planning", *BY, "--home", home, check=False)
    assert done.returncode == 1
    assert "Did you mean 'Z0000" in done.stderr
    assert Audit(home).entries() == []


def test_papers_and_terms(run: Run, home: Path) -> None:  # noqa: F811
    run(
        "purposes",
        "paper",
        "planning",
        "dpia",
        "DPIA 4",
        "--place",
        "Folder 7",
        "--by",
        "Ann",
        "--review",
        "2020-01-01",
        "--home",
        home,
    )
    run("purposes", "terms", "planning", "--feeds", "gp", "--keep-days", "400", *BY, "--home", home)
    said = run("purposes", "show", "--home", home).stdout
    assert "review is overdue" in said
    assert said.count("No data protection impact assessment is recorded.") == 3
    done = run(
        "purposes",
        "paper",
        "planning",
        "dpia",
        "x",
        "--place",
        "y",
        "--by",
        "z",
        "--review",
        "soon",
        "--home",
        home,
        check=False,
    )
    assert "is not a date" in done.stderr


def test_the_log_is_shown_checked_and_handed_over(run: Run, home: Path, tmp_path: Path) -> None:  # noqa: F811
    run("agreements", "adopt", "--by", "=HYPERLINK(1)", "--reason", "x", "--home", home)
    run("agreements", "withdraw", "Z00001", "--purpose", "planning", *BY, "--home", home)
    assert "agreement.withdrawn" in run("audit", "show", "--home", home).stdout
    head = json.loads(run("audit", "verify", "--home", home, "--json").stdout)["head"]
    run("audit", "export", tmp_path / "log.csv", "--home", home)
    run("audit", "export", tmp_path / "log.json", "--home", home)
    with (tmp_path / "log.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["action"] for r in rows] == ["agreement.agreed", "agreement.withdrawn"]
    assert not rows[0]["actor"].startswith("=")
    assert json.loads((tmp_path / "log.json").read_text())["head"] == head
    assert run("audit", "export", tmp_path / "log.csv", "--home", home, check=False).returncode == 1
    assert "Nothing out of the ordinary" in run("audit", "alerts", "--home", home).stdout
    assert json.loads(run("audit", "seen", "--home", home, "--json").stdout) == []

    with sqlite3.connect(home / "governance" / "audit.sqlite") as raw:
        raw.execute("DROP TRIGGER entry_UPDATE")
        raw.execute("UPDATE entry SET actor = 'nobody' WHERE number = 1")
    raw.close()
    done = run("audit", "verify", "--noted", head, "--home", home, check=False)
    assert done.returncode == 3
    assert "Entry 1 has been changed" in done.stderr


def test_a_patient_is_told_who_has_seen_them(run: Run, home: Path) -> None:  # noqa: F811
    audit = Audit(home)
    for actor, tokens in (("cara", ["TOK-1", "TOK-2"]), ("dan", ["TOK-3"])):
        audit.append(
            "identities.shown", actor=actor, subject="R1", detail={"people": len(tokens), "tokens": tokens}
        )
    audit.append("patient.opened", actor="gina", subject="TOK-2")
    seen = json.loads(run("audit", "seen", "--token", "TOK-2", "--home", home, "--json").stdout)
    assert [s["actor"] for s in seen] == ["cara", "gina"]
    assert len(json.loads(run("audit", "seen", "--home", home, "--json").stdout)) == 3
