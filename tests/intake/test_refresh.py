"""A refresh of small feeds with known content: what is in the lake, and what became of every row."""

from __future__ import annotations

import datetime
import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from goldenthread.errors import GoldenThreadError
from goldenthread.intake import (
    RefreshReport,
    arriving,
    forget,
    quarantine_rows,
    quarantine_summary,
    safefiles,
)
from goldenthread.vault import Vault


def query(made: Any, sql: str) -> list[tuple[Any, ...]]:
    with made.lake.current().connect() as connection:
        return list(connection.execute(sql).fetchall())


def data_files(made: Any) -> dict[str, str]:
    """Every data file of the snapshot in force, by name, with its checksum."""
    folder = made.lake.current().path
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.parquet"))
    }


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_row_is_accounted_for_through_to_the_lake(refreshed: tuple[Any, RefreshReport]) -> None:
    made, report = refreshed
    stored = {t: sum(f.rows for f in made.lake.current().manifest.files if f.table == t and f.order != "code") for t in ("admission", "gp_event", "social_care", "outpatient", "registration", "community_contact")}  # fmt: skip
    for feed in report.feeds:
        assert feed.in_order, feed
    for feed_name, table in (("apc", "admission"), ("gp_event", "gp_event"), ("cld", "social_care"), ("op", "outpatient"), ("gp_registration", "registration"), ("csds_contact", "community_contact")):  # fmt: skip
        assert report.feed(feed_name).linked + report.feed(feed_name).unlinked == stored[table]
    events = report.feed("gp_event")
    assert (events.rows_in, events.accepted, events.quarantined, events.duplicates) == (126, 122, 3, 1)
    assert events.reasons == {"check digit in SNOMED_CODE": 1, "date in the future in EVENT_DATE": 1, "unknown patient in PATIENT_ID": 1}  # fmt: skip
    assert events.data_date == "2026-09-01"


def test_people(refreshed: tuple[Any, RefreshReport], feedmaker: ModuleType) -> None:
    made, report = refreshed
    assert report.people == feedmaker.PEOPLE + 2  # one without a number, one known to the hospital alone
    rows = query(made, "SELECT p.pid, r.practice FROM person p LEFT JOIN registration r ON r.pid = p.pid AND r.end_date IS NULL ORDER BY p.pid")  # fmt: skip
    assert [pid for pid, _ in rows] == list(range(feedmaker.PEOPLE + 2))
    practices = [practice for _, practice in rows]
    assert practices[:-1] == sorted(practices[:-1])
    assert practices[-1] is None
    keys = made.keys
    mover, dead = made.people[0], made.people[7]
    one = query(made, f"SELECT sex, ethnicity, language, birth_month FROM person WHERE pseudonym = from_hex('{keys.pseudonym(mover.nhs).hex()}')")  # fmt: skip
    assert one == [(mover.sex, "A", "en", mover.birth.replace(day=1))]  # as the present practice has it
    one = query(made, f"SELECT death_date, death_cause, ethnicity FROM person WHERE pseudonym = from_hex('{keys.pseudonym(dead.nhs).hex()}')")  # fmt: skip
    assert one == [(datetime.date(2026, 8, 8), "I219", "Z")]
    assert query(made, "SELECT count(*) FROM person WHERE NOT nhs_number_verified") == [(1,)]
    # somebody whose ethnicity the practice does not know ("Z") and the hospital does
    known = query(
        made,
        f"SELECT ethnicity FROM person WHERE pseudonym = from_hex('{keys.pseudonym(made.people[3].nhs).hex()}')",
    )
    assert known == [("A",)]


def test_events_units_precision_and_opt_outs(refreshed: tuple[Any, RefreshReport]) -> None:
    made, _ = refreshed
    assert query(made, "SELECT DISTINCT value, unit FROM gp_event WHERE code = 999791000000106") == [
        (53.0, "mmol/mol")
    ]
    vague = query(
        made, "SELECT DISTINCT date_precision, month(date), day(date) FROM gp_event WHERE code = 195967001"
    )
    assert vague == [("year", 1, 1)]
    assert query(made, "SELECT date, status FROM opt_out ORDER BY date") == [
        (datetime.date(2026, 1, 5), "dissent"), (datetime.date(2026, 3, 5), "withdrawn"),
    ]  # fmt: skip
    assert query(made, "SELECT DISTINCT status, mode, role FROM appointment ORDER BY 1") == [
        ("attended", "face to face", "gp"), ("dna", "face to face", "gp"),
    ]  # fmt: skip


def test_hospital_rows(refreshed: tuple[Any, RefreshReport]) -> None:
    made, report = refreshed
    spells = query(
        made,
        "SELECT method, emergency, diagnoses, procedures, episodes, bed_days FROM admission ORDER BY diagnoses",
    )
    assert spells == [
        ("11", False, ["C509"], ["H221"], 1, 7),
        (
            "21",
            True,
            ["J449", "I10", "N179"],
            ["H221"],
            2,
            7,
        ),  # the second episode was replaced by a later extract
        ("2D", True, ["S720"], ["H221"], 1, 7),
    ]
    assert query(made, "SELECT pid, diagnoses FROM admission_unlinked") == [
        (None, ["O800"])
    ]  # withheld: nobody's
    assert (report.feed("apc").superseded, report.feed("apc").withheld) == (
        3,
        1,
    )  # one replaced, two of a deletion
    assert query(made, "SELECT DISTINCT arrival_hour, minutes_in_department FROM emergency_attendance") == [
        (23, 90)
    ]


def test_community_contacts_of_the_active_submission_alone(refreshed: tuple[Any, RefreshReport]) -> None:
    made, report = refreshed
    for table, kind, code in (
        ("community_contact", "service_type", "12"),
        ("mental_health_contact", "team_type", "A06"),
    ):
        assert query(made, f"SELECT count(*), min(duration_minutes), min({kind}) FROM {table}") == [
            (3, 25, code)
        ]
    assert report.feed("csds_contact").superseded == 4
    assert report.feed("csds_contact").notes == ["1 contacts have no accepted referral in their submission"]


def test_social_care_and_councils(refreshed: tuple[Any, RefreshReport]) -> None:
    made, _ = refreshed
    day = datetime.date
    assert query(
        made, "SELECT start_date, end_date, rows_joined, service_type FROM social_care ORDER BY 1, 2"
    ) == [
        (day(2026, 1, 1), day(2026, 2, 28), 2, "long term: residential"),
        (day(2026, 1, 1), None, 1, "long term: residential"),
        (day(2026, 3, 5), day(2026, 6, 30), 1, "long term: residential"),
    ]
    assert query(made, "SELECT kind FROM circumstance") == [("council tax support",)]
    assert query(made, "SELECT kind FROM circumstance_unlinked") == [("housing need",)]
    assert query(made, "SELECT initiative, outcome FROM contact") == [("falls-2025", "invited")]


def test_linkage_says_how_it_went(refreshed: tuple[Any, RefreshReport]) -> None:
    _, report = refreshed
    assert set(report.linkage["rates"]) == {"feed", "age", "ethnicity", "deprivation_decile"}
    council = next(r for r in report.linkage["rates"]["feed"] if r["feed"] == "council")
    assert (council["records"], council["linked"]) == (2, 1)
    assert 0 <= council["low"] < council["rate"] < council["high"] <= 1


def test_identities_are_in_the_vault_with_the_present_practice(refreshed: tuple[Any, RefreshReport]) -> None:
    made, _ = refreshed
    mover = made.people[0]
    with Vault.open(made.settings.vault_dir, made.keys) as vault:
        (row,) = vault.identities([made.keys.pseudonym(mover.nhs)]).to_pylist()
    assert (row["family_name"], row["practice"], row["postcode"]) == (
        mover.family,
        mover.practice,
        mover.postcode,
    )
    assert (row["nhs_number"], row["uprn"], row["birth_date"]) == (mover.nhs, mover.uprn, mover.birth)


def test_what_a_hospital_says_of_a_patient_does_not_replace_what_the_practice_says(
    deployment: Callable[..., Any],
) -> None:
    made = deployment()
    made.refresh()
    known = [made.keys.pseudonym(person.nhs) for person in made.people]
    with Vault.open(made.settings.vault_dir, made.keys) as vault:
        before = vault.identities(known).to_pylist()
    # The practices send nothing new; an ambulance service names a patient by a verified number, without the name.
    edit(made.feeds / "urgent/RZ4/urgent_2026.csv", "22:15:00", "22:16:00")
    made.refresh()
    with Vault.open(made.settings.vault_dir, made.keys) as vault:
        assert vault.identities(known).to_pylist() == before


def test_of_two_hospitals_the_same_one_is_believed_whichever_file_is_read_first(
    deployment: Callable[..., Any], feedmaker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = feedmaker.Person(400)  # no practice knows them
    size, found = arriving._size, []
    for turn in (1, -1):
        made = deployment(f"turn{turn}")
        path = made.feeds / "urgent/RZ4/urgent_2026.csv"
        named = f",{visitor.nhs},01,{visitor.given},Otherwise,{visitor.birth},{visitor.sex},{visitor.postcode},2026-05-06,02:15"
        text = path.read_text()
        assert "C2," in text
        lines = [
            ("C2" + named + line.partition("02:15")[2]) if line.startswith("C2,") else line
            for line in text.splitlines()
        ]
        path.write_text("\n".join(lines) + "\n")
        monkeypatch.setattr(arriving, "_size", lambda a, turn=turn: turn * size(a))
        monkeypatch.setattr(arriving, "MANY_WAITING", 1)
        made.refresh()
        with Vault.open(made.settings.vault_dir, made.keys) as vault:
            (row,) = vault.identities([made.keys.pseudonym(visitor.nhs)]).to_pylist()
        found.append(row["family_name"])
    assert found == ["Otherwise", "Otherwise"]  # urgent/... sorts after apc/...


def test_the_quarantine_is_private_and_says_what_to_do(refreshed: tuple[Any, RefreshReport]) -> None:
    made, _ = refreshed
    summary = quarantine_summary(made.settings)
    assert {(s.feed, s.reason, s.column, s.rows) for s in summary} == {
        ("gp_event", "check digit", "SNOMED_CODE", 1), ("gp_event", "date in the future", "EVENT_DATE", 1), ("gp_event", "unknown patient", "PATIENT_ID", 1),
    }  # fmt: skip
    (row, *_) = quarantine_rows(made.settings, "gp_event", 1)
    assert row["file"] == "gp/Z00001/event.csv"
    assert row["row"].startswith("5")
    assert len(quarantine_rows(made.settings, None, None)) == 3
    folder = made.settings.quarantine_dir
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_same_feeds_and_key_give_the_same_bytes(
    refreshed: tuple[Any, RefreshReport], deployment: Callable[..., Any]
) -> None:
    made, _ = refreshed
    again = deployment()
    again.settings = again.settings.__class__(home=again.settings.home, memory_mb=700, threads=1)
    again.refresh()
    assert data_files(again) == data_files(made)


def test_nothing_new_reads_nothing_and_makes_no_snapshot(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()
    first = made.refresh()
    monkeypatch.setattr(arriving, "content", lambda *_: pytest.fail("an unchanged file was read"))
    second = made.refresh()
    assert second.nothing_new
    assert (second.files_read, second.snapshot, second.people) == (0, first.snapshot, first.people)
    assert [f.accepted for f in second.feeds] == [f.accepted for f in first.feeds]
    assert len(made.lake.names()) == 1


def test_a_changed_file_gives_what_a_full_refresh_gives(deployment: Callable[..., Any]) -> None:
    made, fresh = deployment("one"), deployment("two")
    made.refresh()
    for target in (made, fresh):
        edit(target.feeds / "gp/Z00001/event.csv", "2026-01-05,73211008", "2026-01-05,73211009")
        edit(target.feeds / "apc/RZ1/apc_2026Q1.csv", "C509", "C508")
        edit(
            target.feeds / "gp/Z00002/registration.csv", "9001,R,2020-01-01,", "9001,R,2020-01-01,2026-02-02"
        )
    second = made.refresh()
    fresh.refresh()
    assert second.files_read == 3
    assert data_files(made) == data_files(fresh)
    assert second.feed("gp_event").quarantined == 2  # the corrected row has left the quarantine
    assert len(quarantine_rows(made.settings, None, None)) == 2


def test_a_corrected_contract_reads_the_feed_again(deployment: Callable[..., Any]) -> None:
    made = deployment()
    edit(made.feeds / "urgent/RZ4/urgent_2026.csv", "self care", "looked after itself")
    assert made.refresh().feed("urgent").quarantined == 1
    shipped = Path(arriving.__file__).parent / "contracts" / "urgent.toml"
    own = made.settings.home / "contracts"
    own.mkdir()
    (own / "urgent.toml").write_text(
        shipped.read_text().replace('ED = "emergency', '"looked after itself" = "self care", ED = "emergency')
    )
    report = made.refresh()
    assert (report.feed("urgent").quarantined, report.files_read) == (0, 1)


def test_another_form_of_staging_reads_everything_again(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()
    first = made.refresh()
    before = data_files(made)
    for module in ("staging", "arriving", "refresh"):
        monkeypatch.setattr(sys.modules[f"goldenthread.intake.{module}"], "FORM", "the next")
    second = made.refresh()
    assert (second.files_read, second.rows_read) == (first.files_read, first.rows_read)
    assert data_files(made) == before


def test_refused_and_missing_files_leave_the_previous_version_in_force(
    deployment: Callable[..., Any],
) -> None:
    made = deployment()
    first = made.refresh()
    folder = made.feeds / "gp/Z00001"
    whole = (folder / "event.csv").read_bytes()
    digest = hashlib.sha256(whole).hexdigest()
    rows = whole.count(b"\n") - 1
    (folder / "control.csv").write_text(f"file,rows,bytes,sha256\nevent.csv,{rows},{len(whole)},{digest}\n")
    (folder / "event.csv").write_bytes(whole[: len(whole) // 2])
    (made.feeds / "urgent/RZ4/urgent_2026.csv").unlink()
    (made.feeds / "op/RZ1/op_2026.csv").write_text("A,B\n1,2\n")
    (made.feeds / "op/RZ1/notes.txt").write_text("hello")
    report = made.refresh()
    assert report.nothing_new
    assert report.snapshot == first.snapshot
    (refused,) = report.feed("gp_event").refused
    assert "half-written" in refused.remedy
    assert refused.previous_in_force
    assert "lacks the columns" in report.feed("op").refused[0].message
    assert report.feed("urgent").missing == ["urgent/RZ4/urgent_2026.csv"]
    assert report.feed("urgent").accepted == 2
    assert report.strays == ["op/RZ1/notes.txt"]
    assert len(report.problems) == 4
    (folder / "event.csv").write_bytes(whole)
    assert forget(made.settings, "urgent/RZ4/urgent_2026.csv")
    assert not forget(made.settings, "urgent/RZ4/urgent_2026.csv")
    last = made.refresh()
    assert not last.feed("gp_event").refused
    assert last.feed("urgent").files == 0


def test_identities_that_stand_in_no_feed_any_more_leave_the_vault(deployment: Callable[..., Any]) -> None:
    made = deployment()

    def held() -> dict[bytes, str]:
        with Vault.open(made.settings.vault_dir, made.keys) as vault:
            known = vault.demographics().to_pylist()
        return {each["pseudonym"]: each["family_name"] for each in known}

    assert made.refresh().forgotten == 0
    before = held()
    council = made.feeds / "council/E07000136/circumstance.csv"
    rows = council.read_bytes()
    council.unlink()
    assert (
        made.refresh().forgotten == 0
    )  # a file that is merely not there stays in force, and so do its people
    assert forget(made.settings, "council/E07000136/circumstance.csv")
    assert made.refresh().forgotten == 2
    after = held()
    assert len(after) == len(before) - 2
    assert after.items() < before.items()
    assert made.keys.pseudonym(made.people[1].nhs) in after  # a patient of whom the council had written too
    council.write_bytes(rows)
    made.refresh()
    assert held() == before


def test_a_first_refresh_with_broken_files_takes_what_it_can(deployment: Callable[..., Any]) -> None:
    made = deployment()
    (made.feeds / "gp/Z00001/patient.csv").write_bytes(b"\x00" * 400)
    (made.feeds / "council/E07000136/circumstance.csv").write_bytes(b"")
    (made.feeds / "deaths/QZ1/deaths.csv").write_bytes(os.urandom(300))
    shutil.rmtree(made.feeds / "cld")
    shutil.rmtree(made.feeds / "mhsds/RZ3/SUB2")
    report = made.refresh()
    refused = {r.file: r.message for f in report.feeds for r in f.refused}
    assert "no accepted patient file" in refused["gp/Z00001/event.csv"]
    assert "is empty" in refused["council/E07000136/circumstance.csv"]
    assert any("cld: no file of this feed has arrived" in p for p in report.problems)
    assert all(feed.in_order for feed in report.feeds)
    assert report.people > 0


def test_no_feeds_folder(deployment: Callable[..., Any]) -> None:
    made = deployment()
    shutil.rmtree(made.feeds)
    with pytest.raises(GoldenThreadError, match="no feeds folder"):
        made.refresh()


@pytest.mark.parametrize("folder", ["work", "quarantine"])
def test_a_folder_that_cannot_be_written(deployment: Callable[..., Any], folder: str) -> None:
    """A plain file where a folder should be stops everybody, root as well."""
    made = deployment()
    path = made.settings.home / folder
    path.write_text("in the way")
    with pytest.raises(GoldenThreadError, match="cannot be written") as caught:
        made.refresh()
    assert str(path) in caught.value.message
    assert made.lake.current_id() is None


def test_a_full_disk(deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(safefiles.os, "replace", full)
    with pytest.raises(GoldenThreadError, match="is full"):
        made.refresh()
    assert made.lake.current_id() is None
    assert not list(made.settings.work_dir.rglob("*.new"))


def test_the_report_is_written(refreshed: tuple[Any, RefreshReport]) -> None:
    made, report = refreshed
    text = json.loads((made.settings.reports_dir / "refresh.json").read_text())
    assert text["people"] == report.people
    assert {f["name"] for f in text["feeds"]} == {f.name for f in report.feeds}
