"""Sealing and the coded entries go on beside other work: the same answer, and no harm when one of them fails."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from goldenthread.intake.assembly import primary_care
from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.assembly.streams import Stream
from goldenthread.intake.sealing import Sealing
from goldenthread.lake import LakeError
from goldenthread.vault import Refresh as VaultRefresh
from goldenthread.vault import Vault, VaultError


def data_files(made: Any) -> list[tuple[str, str]]:
    """The files of the snapshot in force as its manifest lists them, with the checksums of what lies there."""
    folder = made.lake.current().path
    listed = made.lake.current().manifest.files
    return [(file.path, hashlib.sha256((folder / file.path).read_bytes()).hexdigest()) for file in listed]


def held(made: Any) -> pa.Table:
    """Who the vault knows."""
    with Vault.open(made.settings.vault_dir, made.keys) as vault:
        return vault.demographics()


def change(made: Any) -> None:
    """A new telephone number: the identities of one practice have to be sealed again."""
    path = made.feeds / "gp/Z00001/patient.csv"
    text = path.read_text()
    assert "Vandersteen" in text
    path.write_text(text.replace("Vandersteen", "Vandersteen-Pym"))


def test_with_and_without_room_for_both_the_lake_is_the_same(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    table = Stream.table

    def watched(stream: Stream, first: int, last: int) -> pa.Table:
        seen.append(threading.current_thread() is threading.main_thread())
        return table(stream, first, last)

    monkeypatch.setattr(Stream, "table", watched)
    made = deployment("roomy")
    made.refresh()
    assert not any(seen)  # entries and medicines were put in order in a thread
    seen.clear()

    @contextmanager
    def no_room(sources: Sources, need: int) -> Iterator[bool]:
        yield False

    monkeypatch.setattr(Sources, "beside", no_room)
    other = deployment("narrow")
    other.refresh()
    assert len(seen) == 2
    assert all(seen)
    assert data_files(made) == data_files(other)
    assert held(made).equals(held(other))


def test_duckdb_gives_up_what_the_other_needs_and_gets_it_back() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '400MiB'")
        sources = Sources(connection, None, {}, {}, {})  # type: ignore[arg-type]

        def limit() -> str:
            return str(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])

        with sources.beside(100 << 20) as room:
            assert room
            assert limit() == "300.0 MiB"
        assert limit() == "400.0 MiB"
        with sources.beside(390 << 20) as room:  # too little would be left to work in
            assert not room
            assert limit() == "400.0 MiB"
        connection.execute("CREATE TABLE large AS SELECT hash(range) AS n FROM range(15_000_000)")  # 120 MB
        with sources.beside(200 << 20) as room:  # DuckDB holds too much
            assert not room


@pytest.mark.parametrize("when", ["first", "later"])
def test_a_vault_that_cannot_be_written_stops_the_refresh(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    made = deployment()
    before = None
    if when == "later":
        made.refresh()
        before = (made.lake.current_id(), held(made))
        change(made)

    def full(self: VaultRefresh, identities: pa.Table) -> int:
        raise VaultError("The vault cannot be used: the disk is full.", "Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(VaultRefresh, "store", full)
        # Identities of other feeds are stored while their files are read.
        patched.setattr(Vault, "store", lambda self, identities: 0)
        with pytest.raises(VaultError, match="disk is full"):
            made.refresh()
    if before is not None:
        assert (made.lake.current_id(), held(made)) == before
    else:
        assert made.lake.current_id() is None
    report = made.refresh()
    assert all(feed.in_order for feed in report.feeds)
    assert ("Vandersteen-Pymc" in held(made)["family_name"].to_pylist()) == (when == "later")


def test_a_failure_elsewhere_ends_sealing_and_leaves_the_vault_as_it_was(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()
    made.refresh()
    before = (made.lake.current_id(), data_files(made), held(made))
    change(made)

    def wrong(*_: object) -> None:
        raise LakeError("The disk is full; the previous snapshot is untouched.", "Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr("goldenthread.intake.assembly.hospital.outpatients", wrong)
        with pytest.raises(LakeError, match="disk is full"):
            made.refresh()
    assert (made.lake.current_id(), data_files(made), held(made)) == before
    assert not [t for t in threading.enumerate() if t.name.startswith("sealing")]
    made.refresh()
    assert "Vandersteen-Pymc" in held(made)["family_name"].to_pylist()


def test_a_failure_among_the_coded_entries_reaches_the_refresh(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()

    def wrong(*_: object) -> pa.Table:
        raise LakeError("gp_event: 3 of 9 rows have no code.")

    with monkeypatch.context() as patched:
        patched.setattr(Stream, "table", wrong)
        with pytest.raises(LakeError, match="have no code"):
            made.refresh()
    assert made.lake.current_id() is None
    assert made.refresh().people == made.refresh().people


def test_a_failure_beside_the_coded_entries_ends_them_soon(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, failed, asked = deployment(), threading.Event(), []
    table = Stream.table

    def slow(stream: Stream, first: int, last: int) -> pa.Table:
        asked.append(stream.feed)
        failed.wait(60)
        return table(stream, first, last)

    def wrong(*_: object) -> None:
        threading.Timer(0.2, failed.set).start()
        raise LakeError("the disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Stream, "table", slow)
        patched.setattr(primary_care, "registrations", wrong)
        with pytest.raises(LakeError, match="disk is full"):
            made.refresh()
    assert len(asked) <= 1  # medicines were not begun
    assert made.lake.current_id() is None


def test_what_an_older_version_sealed_is_sealed_again(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()
    with monkeypatch.context() as patched:
        for module in ("refresh", "sealing"):
            patched.setattr(sys.modules[f"goldenthread.intake.{module}"], "SEALED_FORM", "1")
        made.refresh()
    before = held(made)
    with Vault.open(made.settings.vault_dir, made.keys) as vault:
        vault.forget([made.keys.pseudonym(made.people[3].nhs)])
    report = made.refresh()
    assert (report.nothing_new, report.files_read) == (False, 0)
    assert held(made).equals(before)
    assert made.refresh().nothing_new


def test_sealing_waits_until_it_is_asked_for(
    deployment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other feeds are loaded while identities are sealed; linkage, which reads them, waits for the last."""
    made = deployment()
    began, may_end = threading.Event(), threading.Event()
    practice, load = Sealing._practice, Sources.load
    loaded: list[str] = []

    def slow(self: Sealing, *rest: Any) -> None:
        began.set()
        assert may_end.wait(20)
        practice(self, *rest)

    def watched(self: Sources, feed: str) -> None:
        load(self, feed)
        if began.is_set() and not may_end.is_set():
            loaded.append(feed)
            if feed == "urgent":
                may_end.set()

    monkeypatch.setattr(Sealing, "_practice", slow)
    monkeypatch.setattr(Sources, "load", watched)
    report = made.refresh()
    assert {"ecds", "urgent"} <= set(loaded)
    assert report.linkage["linked"] > 0
