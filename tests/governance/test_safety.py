"""The safety pack says what the registers say; a hazard's controls are tests that exist; what expired is gone, and proved to be."""

from __future__ import annotations

import ast
import csv
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from goldenthread.governance import (
    Audit,
    OptOuts,
    Register,
    Rule,
    hazards,
    retention_runs,
    rules_of,
    run_retention,
    write_safety_pack,
)
from goldenthread.governance.safety.hazards import rating
from goldenthread.settings import Settings
from tests.cli.conftest import Run, run  # noqa: F401
from tests.measures.tiny import build

ROOT = Path(__file__).parents[2]


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("hazard", hazards(), ids=lambda h: h.name)
def test_every_control_is_proved_by_tests_that_exist(hazard: object) -> None:
    from goldenthread.governance import Hazard

    assert isinstance(hazard, Hazard)
    for control in hazard.controls:
        assert control.tests, control.text
        for test in control.tests:
            file, _, name = test.partition("::")
            assert name in functions(ROOT / file), test


def test_hazards_cover_what_can_go_wrong_and_nothing_is_left_unacceptable() -> None:
    names = {h.name for h in hazards()}
    assert {
        "wrong_patient", "missed_patient", "stale_list", "wrong_threshold", "suppressed_as_zero", "opted_out_listed",
        "visit_lost", "moved_or_dead", "falls_score",
    } <= names  # fmt: skip
    for h in hazards():
        assert h.risk_after <= h.risk_before
        assert h.risk_after <= 3, h.name
        assert h.controls or h.open, f"{h.name} has neither a control nor an open point"
        assert h.hazard[0].isupper()
        assert not h.hazard.endswith(".")
    assert rating("high", "considerable") == 3


@pytest.fixture
def deployment(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    build(home / "lake", registration="| pid | practice |\n| 0 | Z00001 |\n| 1 | Z00002 |")
    return Settings(home=home, name="Fenland", agreements="recorded", today=date(2026, 11, 30))


def pack(settings: Settings, folder: Path) -> dict[str, str]:
    return {p.name: p.read_text("utf-8") for p in write_safety_pack(settings, folder)}


def test_the_pack_follows_the_registers(deployment: Settings, tmp_path: Path) -> None:
    before = pack(deployment, tmp_path / "pack")
    assert "No data protection impact assessment is recorded for: Research." in before["index.md"]
    assert "2 of 2" in before["dpia.md"]
    register = Register.open(deployment.home)
    register.add_document(
        "research", "dpia", "DPIA 9", place="Folder | 7", by="Ann", review=date(2026, 11, 29)
    )
    register.withdraw("Z00001", "research", by="Dr Shah", reason="x")
    register.withdraw("Z00002", "planning", feed="mhsds", by="Dr Shah", reason="x")
    register.set_terms("evaluation", feeds=["gp", "apc"], retention_days=400, by="Ann", reason="Protocol 3")
    after = pack(deployment, tmp_path / "pack")
    assert "Review of DPIA 9 (research) was due on 29 November 2026." in after["index.md"]
    assert "recorded for: Research" not in after["index.md"]
    assert "1 of 2" in after["dpia.md"]
    assert "Mental health services: 1 withhold it" in after["dpia.md"]
    assert (
        "dpia: DPIA 9, kept in Folder / 7, review by 29 November 2026 **(overdue)**"
        in after["record-of-processing.md"]
    )
    assert "| Kept for | 400 days (Protocol 3) |" in after["record-of-processing.md"]
    assert "Service evaluation: 400 days." in after["privacy-notice.md"]
    assert "fewer than 1,000 people" in after["dpia.md"]
    assert "Hazard not yet controlled" in after["index.md"]
    for name, text in after.items():
        assert "To be completed by the deployer" in text or name in (
            "index.md",
            "hazard-log.csv",
            "retention.md",
        )
        assert "None" not in text.replace("None yet", "").replace("| None |", ""), name


def test_the_hazard_log_is_a_table_that_opens_safely(deployment: Settings, tmp_path: Path) -> None:
    write_safety_pack(deployment, tmp_path / "pack")
    with (tmp_path / "pack" / "hazard-log.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["id"] for r in rows] == [h.name for h in hazards()]
    assert not [c for r in rows for c in r.values() if c[:1] in "=+-@" and c]


def test_a_changed_audit_log_is_on_the_first_page(deployment: Settings, tmp_path: Path) -> None:
    import sqlite3

    Audit(deployment.home).append("signed_in", actor="ann")
    with sqlite3.connect(deployment.home / "governance" / "audit.sqlite") as raw:
        raw.execute("DROP TRIGGER entry_UPDATE")
        raw.execute("UPDATE entry SET actor = 'bob'")
    raw.close()
    assert "Audit log: entry 1 has been changed." in pack(deployment, tmp_path / "pack")["index.md"]


def test_before_the_first_refresh_there_is_a_pack_as_well(tmp_path: Path) -> None:
    made = pack(Settings(home=tmp_path, name="New"), tmp_path / "pack")
    assert "no data are loaded yet" in made["dpia.md"]


# -- retention

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def old_things(settings: Settings) -> None:
    """Of each kind one thing that has expired and one that has not."""
    home = settings.home
    for folder in (home / "quarantine" / "gp_event", home / "vault" / "opt-outs" / "set-aside"):
        folder.mkdir(parents=True)
        for name, days in (("old.csv", 200), ("new.csv", 1)):
            (folder / name).write_text("x")
            then = (NOW - timedelta(days=days)).timestamp()
            os.utime(folder / name, (then, then))
    for name in ("20260101T000000Z-aaaaaa", "20261129T000000Z-bbbbbb"):
        (home / "lake" / "snapshots" / name).mkdir()
    (home / "lake" / "cache").mkdir(exist_ok=True)
    (home / "lake" / "cache" / "20260101T000000Z-aaaaaa.2026.duckdb").write_text("x")
    for name, days in (("falls-1", 4000), ("falls-2", 10)):
        (home / "cohorts" / name).mkdir(parents=True)
        record = {"purpose": "planning", "frozen_at": (NOW - timedelta(days=days)).isoformat()}
        (home / "cohorts" / name / "version.json").write_text(json.dumps(record))
        (home / "cohorts" / name / "version.json").chmod(0o400)
    moments = [NOW - timedelta(days=8), NOW - timedelta(days=1)]
    for number, moment in enumerate(moments):
        OptOuts(home, 7, lambda m=moment: m).remember({bytes([number]) * 16: True})  # type: ignore[misc]


def test_a_run_deletes_what_expired_and_proves_it(deployment: Settings) -> None:
    old_things(deployment)
    rules = rules_of(deployment, lambda: NOW)
    current = (deployment.home / "lake" / "CURRENT").read_text()
    dry = run_retention(deployment, by="Ann", dry=True, rules=rules)
    assert {o.kind: (o.found, o.deleted) for o in dry.outcomes} == dict.fromkeys(
        ["opt-out answers", "opt-out files", "quarantine", "old snapshots", "frozen cohorts"], (1, 0)
    )
    assert retention_runs(deployment) == []
    done = run_retention(deployment, by="Ann", rules=rules)
    assert {(o.found, o.deleted, o.left) for o in done.outcomes} == {(1, 1, 0)}
    assert done.proved
    assert retention_runs(deployment) == [done]
    assert Audit(deployment.home).entries(action="retention.run")[0].detail["proved"] is True
    left = {p.name for p in deployment.home.rglob("*")}
    assert {"new.csv", "falls-2", "20261129T000000Z-bbbbbb", current.strip()} <= left
    assert not {"old.csv", "falls-1", "20260101T000000Z-aaaaaa", "20260101T000000Z-aaaaaa.2026.duckdb"} & left
    assert {o.found for o in run_retention(deployment, by="Ann", rules=rules).outcomes} == {0}


def test_the_snapshot_in_force_stays_however_old_it_is(deployment: Settings) -> None:
    rules = rules_of(deployment, lambda: NOW + timedelta(days=5000))
    assert run_retention(deployment, by="Ann", rules=rules).proved
    assert len(list((deployment.home / "lake" / "snapshots").iterdir())) == 1


def test_what_cannot_be_deleted_is_said(deployment: Settings) -> None:
    stuck = Rule("stuck", "1 day", "x", lambda: ["a"], lambda _: None)
    done = run_retention(deployment, by="Ann", rules=[stuck])
    assert (done.proved, done.outcomes[0].left) == (False, 1)
    assert retention_runs(deployment)[0].outcomes[0].left == 1


def test_a_cohort_is_kept_as_long_as_its_purpose_says(deployment: Settings) -> None:
    old_things(deployment)
    Register.open(deployment.home).set_terms(
        "planning", feeds=["all"], retention_days=5, by="Ann", reason="x"
    )
    rule = next(r for r in rules_of(deployment, lambda: NOW) if r.kind == "frozen cohorts")
    assert rule.expired() == ["falls-1", "falls-2"]


def test_from_the_command_line(run: Run, deployment: Settings, tmp_path: Path) -> None:  # noqa: F811
    from goldenthread.vault import ServiceRecord
    from tests.vault.service.conftest import approval

    home = deployment.home
    (home / "goldenthread.toml").write_text('name = "Fenland"\nagreements = "recorded"\n')
    record = ServiceRecord(home / "vault")
    record.approve(
        approval([b"a" * 16], expires_at=(datetime.now(UTC) - timedelta(days=1)).isoformat()), [b"a" * 16]
    )
    said = run("safety-pack", tmp_path / "pack", "--home", home).stdout
    assert "Begin with index.md" in said
    assert (
        "people in ended releases" in run("retention", "run", "--dry", "--by", "Ann", "--home", home).stdout
    )
    done = json.loads(run("retention", "run", "--by", "Ann", "--home", home, "--json").stdout)
    assert done["proved"]
    assert {o["kind"]: o["deleted"] for o in done["outcomes"]}["people in ended releases"] == 1
    assert len(json.loads(run("retention", "show", "--home", home, "--json").stdout)) == 1
    (tmp_path / "file").write_text("x")
    assert (
        "cannot be written" in run("safety-pack", tmp_path / "file" / "x", "--home", home, check=False).stderr
    )
