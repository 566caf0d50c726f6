"""Snapshots are immutable, come into force whole, and survive whatever stops a refresh."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from goldenthread.lake import Lake, LakeError, NoSnapshotError, RefreshRunningError
from goldenthread.lake import builder as builder_module


def test_an_empty_lake_says_what_to_do(lake: Lake) -> None:
    with pytest.raises(NoSnapshotError, match="goldenthread refresh"):
        lake.current()


def test_what_was_written_is_read_back_in_both_orders(built: Lake) -> None:
    connection = built.current().connect()
    by_person = connection.execute("SELECT * FROM gp_event").fetchall()
    by_code = connection.execute("SELECT * FROM gp_event_by_code").fetchall()
    assert sorted(by_person) == sorted(by_code)
    assert len(by_person) == 100
    assert [row[:2] for row in by_person] == sorted(row[:2] for row in by_person)
    codes = [row[3] for row in by_code]
    assert codes == sorted(codes)


def test_tables_that_nobody_sent_are_empty_not_missing(built: Lake) -> None:
    connection = built.current().connect()
    for view in ("admission", "admission_unlinked", "lsoa", "medication_by_code"):
        assert connection.execute(f"SELECT count(*) FROM {view}").fetchone() == (0,)


def test_a_reader_is_confined_to_its_snapshot(built: Lake, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    connection = built.current().connect()
    with pytest.raises(duckdb.PermissionException):
        connection.execute(f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')").fetchall()
    with pytest.raises(duckdb.Error):
        connection.execute("SET enable_external_access = true")


def test_people_are_split_over_files_by_range(lake: Lake, fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder_module, "PEOPLE_PER_FILE", 4)
    monkeypatch.setattr(builder_module, "PEOPLE_PER_CODE_FILE", 8)
    with lake.begin(memory_mb=500) as builder:
        fill(builder, people=10, rows=200)
        builder.commit()
    snapshot = lake.current()
    ranges = [(f.first_pid, f.last_pid) for f in snapshot.manifest.select("gp_event", "person")]
    assert ranges == [(0, 3), (4, 7), (8, 9)]
    for file, (first, last) in zip(snapshot.files("gp_event"), ranges, strict=True):
        low, high = duckdb.execute(f"SELECT min(pid), max(pid) FROM '{file}'").fetchone()
        assert first <= low <= high <= last
    assert [(f.first_pid, f.last_pid) for f in snapshot.manifest.select("gp_event", "code")] == [
        (0, 7),
        (8, 9),
    ]
    assert snapshot.manifest.rows("gp_event") == 200
    assert not list(snapshot.problems(deep=True))


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, fill) -> None:
    sums = []
    for name in ("one", "two"):
        lake = Lake(tmp_path / name)
        with lake.begin(memory_mb=500) as builder:
            fill(builder, people=1000, rows=400_000)
            builder.commit()
        sums.append([(f.path, f.sha256) for f in lake.current().manifest.files])
    assert sums[0] == sums[1]


def test_rows_of_nobody_are_kept_apart(lake: Lake, fill) -> None:
    with lake.begin(memory_mb=500) as builder:
        fill(builder)
        builder.write_unlinked(
            "gp_event",
            "SELECT NULL AS pid, DATE '2024-01-01' AS date, 'day' AS date_precision, 1 AS code, NULL AS value, "
            "NULL AS unit, 'Z00001' AS practice",
        )
        builder.commit()
    connection = lake.current().connect()
    assert connection.execute("SELECT count(*) FROM gp_event").fetchone() == (100,)
    assert connection.execute("SELECT count(*), count(pid) FROM gp_event_unlinked").fetchone() == (1, 0)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 AS practice", "lack the column 'name'"),
        (
            "SELECT 'Z00001' AS practice, NULL AS name, 'UZ001' AS pcn, NULL AS lsoa, NULL AS system",
            "1 of 1 rows have no name",
        ),
        (
            "SELECT 'Z00001' AS practice, 'A' AS name, 'UZ001' AS pcn, NULL AS lsoa, NULL AS system FROM range(2)",
            r"its grain \(practice\) stand on more than one row",
        ),
    ],
)
def test_rows_that_break_the_declaration_are_refused(lake: Lake, sql: str, message: str) -> None:
    with lake.begin(memory_mb=500) as builder, pytest.raises(LakeError, match=message):
        builder.write("practice", sql)


def test_events_of_people_who_do_not_exist_are_refused(lake: Lake, fill) -> None:
    with lake.begin(memory_mb=500) as builder:
        fill(builder, people=3, rows=5)
        with pytest.raises(LakeError, match="there are 3 people"):
            builder.write(
                "opt_out", "SELECT 3::INTEGER AS pid, DATE '2020-01-01' AS date, 'dissent' AS status"
            )


def test_leaving_without_commit_leaves_nothing(built: Lake, fill) -> None:
    before = built.current_id()
    with pytest.raises(RuntimeError), built.begin(memory_mb=500) as builder:
        fill(builder)
        raise RuntimeError("the feed went away")
    assert built.current_id() == before
    assert built.names() == [before]
    assert not [p for p in built.path.rglob("*") if ".staging-" in p.name]


def test_a_second_refresh_is_told_who_is_at_work(built: Lake) -> None:
    with built.begin(memory_mb=500), pytest.raises(RefreshRunningError, match=f"process {os.getpid()}"):
        with built.begin(memory_mb=500):
            pass
    assert built.current().people == 10


def test_reading_goes_on_while_a_refresh_runs(built: Lake, fill) -> None:
    reader = built.current().connect()
    with built.begin(memory_mb=500) as builder:
        fill(builder, people=20)
        assert reader.execute("SELECT count(*) FROM person").fetchone() == (10,)
        builder.commit()
    assert reader.execute("SELECT count(*) FROM person").fetchone() == (10,)
    assert built.current().people == 20


def test_prune_keeps_the_newest_and_the_one_in_force(built: Lake, fill) -> None:
    for _ in range(3):
        with built.begin(memory_mb=500) as builder:
            fill(builder)
            builder.commit()
    names = built.names()
    built.snapshot(names[0]).cache()
    built.current_file.write_text(names[1] + "\n")
    gone = built.prune(keep=1)
    assert built.names() == [names[1], names[-1]]
    assert set(gone) == {names[0], names[2], f"cache/{names[0]}.duckdb"}


@pytest.mark.parametrize("harm", ["missing", "shorter", "altered"])
def test_verify_finds_any_harm_to_a_file(built: Lake, harm: str) -> None:
    snapshot = built.current()
    assert not list(snapshot.problems(deep=True))
    victim = snapshot.files("gp_event")[0]
    content = victim.read_bytes()
    if harm == "missing":
        victim.unlink()
    elif harm == "shorter":
        victim.write_bytes(content[:-1])
    else:
        victim.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    assert any(victim.name in problem for problem in snapshot.problems())


def test_a_manifest_that_is_torn_or_newer_is_named(built: Lake) -> None:
    path = built.current().path / "manifest.json"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(LakeError, match=r"manifest\.json cannot be read"):
        built.current()
    path.write_text(whole.replace('"format": 1', '"format": 99'))
    with pytest.raises(LakeError, match="format 99"):
        built.current()


def test_the_cache_can_be_deleted_at_any_time(built: Lake) -> None:
    cache = built.current().cache()
    query = "SELECT * FROM person_summary ORDER BY pid"
    first = duckdb.connect(str(cache), read_only=True).execute(query).fetchall()
    cache.unlink()
    assert duckdb.connect(str(built.current().cache()), read_only=True).execute(query).fetchall() == first
    assert len(first) == 10


_CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import PERSON, EVENTS
from goldenthread.lake import Lake
lake = Lake(Path({lake!r}))
with lake.begin(memory_mb=500) as builder:
    print("begun", flush=True)
    builder.write("person", PERSON.format(people=2000))
    builder.write("gp_event", EVENTS.format(people=2000, rows=60000))
    builder.commit()
"""


def test_a_kill_at_any_moment_leaves_the_previous_snapshot_whole(built: Lake) -> None:
    """Kills a refresh at twelve moments; the whole strand is killed 40 times in tests/intake."""
    script = _CHILD.format(tests=str(Path(__file__).parent), lake=str(built.path))
    draw = random.Random(20261031)
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(draw.uniform(0, 0.35))
        child.send_signal(signal.SIGKILL)
        child.wait()
        snapshot = built.current()
        assert snapshot.people in (10, 2000)
        assert not list(snapshot.problems(deep=True))
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert built.current().people == 2000
    built.prune(keep=1)
    assert sorted(p.name for p in built.path.iterdir()) == [".refresh.lock", "CURRENT", "snapshots"]
    assert [p.name for p in (built.path / "snapshots").iterdir()] == [built.current_id()]


def test_a_full_disk_is_said_plainly(tmp_path: Path, fill) -> None:
    """A file-size limit stands in for a full disk where a small file system cannot be mounted."""
    lake = Lake(tmp_path / "lake")
    with lake.begin(memory_mb=500) as builder:
        fill(builder)
        before = builder.commit()
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small file system here")
    try:
        full = Lake(small / "lake")
        with full.begin(memory_mb=500) as builder:
            fill(builder)
            before = builder.commit()
        with pytest.raises(LakeError, match="disk under .* is full"), full.begin(memory_mb=500) as builder:
            fill(builder, people=1000, rows=500_000)
        assert full.current_id() == before
        assert not list(full.current().problems(deep=True))
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        with pytest.raises(LakeError, match="cannot be written"), full.begin(memory_mb=500):
            pass
        assert full.current().people == 10
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.parametrize("where", ["lake", "lake/snapshots", "lake/cache"])
def test_a_file_where_a_folder_belongs_is_named(tmp_path: Path, fill, where: str) -> None:
    lake = Lake(tmp_path / "lake")
    if where != "lake":
        lake.path.mkdir()
    (tmp_path / where).write_text("a note")

    def use() -> None:
        with lake.begin(memory_mb=500) as builder:
            fill(builder)
            assert builder.commit() == builder.snapshot
        lake.current().cache()

    with pytest.raises(LakeError) as caught:
        use()
    assert caught.value.message == f"{tmp_path / where} is a file, but a folder belongs there."
    assert (tmp_path / where).read_text() == "a note"


def test_readers_in_another_process_see_the_snapshot(built: Lake) -> None:
    script = f"""
from pathlib import Path
from goldenthread.lake import Lake
print(Lake(Path({str(built.path)!r})).current().connect().execute("SELECT count(*) FROM person").fetchone()[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "10\n"
