"""From raw feeds to a lake, as a newcomer does it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_the_command_starts_as_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "goldenthread", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.startswith("goldenthread ")


def copy_of(demo: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(demo, home)
    return home


def test_status_accounts_for_every_row(run: Run, demo: Path) -> None:
    status = json.loads(run("status", "--home", demo, "--json").stdout)
    assert {"people", "snapshot", "data_dates", "feeds"} <= set(status)
    assert status["people"] >= 2000
    names = {feed["name"] for feed in status["feeds"]}
    assert {"gp_patient", "gp_event", "apc", "ecds", "op", "cld", "council", "urgent", "deaths"} <= names
    for feed in status["feeds"]:
        assert {
            "name",
            "files",
            "rows_in",
            "accepted",
            "quarantined",
            "duplicates",
            "linked",
            "data_date",
        } <= set(feed)
        assert feed["rows_in"] == feed["accepted"] + feed["quarantined"] + feed["duplicates"]
        assert feed["files"] > 0
    assert status["data_dates"]["gp_event"] == "2026-10-31"


def test_show_ends_the_first_run_with_something_worth_reading(run: Run, demo: Path) -> None:
    shown = run("show", "--home", demo).stdout
    assert "Demonstration." in shown
    assert "31 October 2026" in shown
    answer = json.loads(run("show", "--home", demo, "--json").stdout)
    *networks, whole = answer["rows"]
    assert whole["pcn"] == "All"
    assert whole["people"] == sum(row["people"] for row in networks)
    assert 1900 < whole["people"] < 2000, "people with a Type 1 opt-out are not counted"
    assert 0.1 < whole["aged_65_plus_share"] < 0.5


def test_one_practice_of_the_demonstration_has_withdrawn_from_research(run: Run, demo: Path) -> None:
    stand = {p["purpose"]: p for p in json.loads(run("agreements", "show", "--home", demo, "--json").stdout)}
    assert stand["planning"]["sharing"] == stand["planning"]["practices"] > 1
    assert stand["research"]["sharing"] == stand["research"]["practices"] - 1
    assert list(stand["research"]["out"].values()) == ["withdrawn"]


def test_nothing_new_reads_nothing(run: Run, demo: Path) -> None:
    report = json.loads(run("refresh", "--home", demo, "--json").stdout)
    assert report["nothing_new"]
    assert report["files_read"] == 0
    assert "Nothing new" in run("refresh", "--home", demo).stdout


def test_a_truncated_file_is_refused_whole_and_the_last_version_stays(
    run: Run, demo: Path, tmp_path: Path
) -> None:
    home = copy_of(demo, tmp_path)
    victim = sorted((home / "feeds" / "gp").glob("*/event.csv"))[0]
    victim.write_bytes(victim.read_bytes()[:1000])
    before = json.loads(run("status", "--home", home, "--json").stdout)
    done = run("refresh", "--home", home, check=False)
    assert done.returncode == 3
    assert "event.csv" in done.stderr
    assert "previous version stays in force" in done.stderr
    after = json.loads(run("status", "--home", home, "--json").stdout)
    count = {f["name"]: f["accepted"] for f in before["feeds"]}
    assert {f["name"]: f["accepted"] for f in after["feeds"]} == count


def test_rows_set_aside_say_where_and_what_to_do(run: Run, demo: Path) -> None:
    summary = json.loads(run("quarantine", "--home", demo, "--json").stdout)
    assert all(entry["rows"] > 0 and entry["words"] and entry["remedy"] for entry in summary)
    feed = summary[0]["feed"]
    rows = json.loads(run("quarantine", feed, "--limit", "3", "--home", demo, "--json").stdout)
    assert 0 < len(rows) <= 3
    assert all(row["line"] > 1 and row["file"] and row["reasons"] for row in rows)


def test_a_corrected_file_is_taken(run: Run, demo: Path, tmp_path: Path) -> None:
    """The row that was set aside enters once the sender has put it right."""
    home = copy_of(demo, tmp_path)
    victim = sorted((home / "feeds" / "deaths").glob("*/deaths.csv"))[0]
    (victim.parent / "control.csv").unlink()
    whole = victim.read_text()
    first = whole.splitlines()[1]
    date = next(cell for cell in first.split(",") if cell.startswith(("2023", "2024", "2025", "2026")))
    victim.write_text(whole.replace(first, first.replace(date, "31st of May"), 1))

    def deaths() -> dict[str, int]:
        status = json.loads(run("status", "--home", home, "--json").stdout)
        return next(f for f in status["feeds"] if f["name"] == "deaths")

    before = deaths()
    run("refresh", "--home", home, check=False)
    broken = deaths()
    assert broken["quarantined"] == before["quarantined"] + 1
    assert broken["rows_in"] == before["rows_in"]
    victim.write_text(whole)
    run("refresh", "--home", home, check=False)
    assert deaths() == before | {"data_date": deaths()["data_date"]}


def test_snapshots_are_listed_verified_and_pruned(run: Run, demo: Path, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path)
    run("refresh", "--rebuild", "--home", home)
    run("refresh", "--rebuild", "--home", home)
    listed = json.loads(run("snapshots", "list", "--home", home, "--json").stdout)
    assert [one["current"] for one in listed] == [False, False, True]
    assert "whole" in run("snapshots", "verify", "--deep", "--home", home).stdout
    run("snapshots", "prune", "--keep", "1", "--home", home)
    left = json.loads(run("snapshots", "list", "--home", home, "--json").stdout)
    assert [one["snapshot"] for one in left] == [listed[-1]["snapshot"]]
    damaged = next((home / "lake" / "snapshots").glob("*/gp_event/person/*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-10])
    done = run("snapshots", "verify", "--home", home, check=False)
    assert done.returncode == 3
    assert "refresh --rebuild" in done.stderr


def test_the_key_is_shown_by_fingerprint_backed_up_and_rotated(run: Run, demo: Path, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path)
    before = json.loads(run("keys", "show", "--home", home, "--json").stdout)["fingerprint"]
    secret = (home / "vault" / "key").read_text().strip()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    run("keys", "backup", tmp_path / "key.backup", "--passphrase-file", passphrase, "--home", home)
    assert secret not in (tmp_path / "key.backup").read_text()
    people = json.loads(run("status", "--home", home, "--json").stdout)["people"]
    done = run("keys", "rotate", "--yes", "--home", home)
    assert secret not in done.stdout + done.stderr
    after = json.loads(run("keys", "show", "--home", home, "--json").stdout)["fingerprint"]
    assert after != before
    report = json.loads(run("refresh", "--home", home, "--json").stdout)
    assert not report["nothing_new"]
    assert report["people"] == people


def test_doctor_finds_what_is_wrong(run: Run, demo: Path, tmp_path: Path) -> None:
    assert "in order" in run("doctor", "--home", demo).stdout
    home = copy_of(demo, tmp_path)
    (home / "quarantine").chmod(0o755)
    done = run("doctor", "--home", home, check=False)
    assert done.returncode == 3
    assert "chmod 700" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["status", "--home", "nowhere"], 1, "is not a Golden Thread folder"),
        (["refresh", "--home", "{new}"], 0, ""),
        (["status", "--home", "{new}"], 1, "has no snapshot yet"),
        (["show", "--home", "{new}"], 1, "has no snapshot yet"),
        (["demo", "{new}"], 1, "is a real system"),
        (["demo", "{other}", "--people", "7"], 2, "2000"),
        (["init", "{new}"], 1, "already is"),
        (["snapshots", "verify", "yesterday", "--home", "{new}"], 1, "no snapshot 'yesterday'"),
        (["quarantine", "--limit", "many"], 2, "--limit"),
        (["refrsh"], 2, "refrsh"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    new = tmp_path / "new"
    run("init", new)
    filled = [w.format(new=new, other=tmp_path / "other") for w in words]
    done = run(*filled, check=False)
    assert done.returncode == code, done.stderr
    assert says in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("memory_mb = 'lots'", "memory_mb = 'lots' is not a whole number of megabytes"),
        ("colour = 1", "unknown setting 'colour'"),
        ("name = ", "cannot be read"),
    ],
)
def test_bad_settings_are_named(run: Run, tmp_path: Path, line: str, says: str) -> None:
    home = tmp_path / "new"
    run("init", home)
    (home / "goldenthread.toml").write_text(line + "\n")
    done = run("doctor", "--home", home, check=False)
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
