"""Rows a second of intake on the GP event feed, beside a bare DuckDB CSV-to-Parquet COPY of the same files.

    python benchmarks/intake.py [--rows 10] [--practices 10] [--folder /tmp/intake-benchmark]

Writes invented feeds (``--rows`` million events over ``--practices`` practices), then measures in one run, each in
a process of its own: the bare COPY (types declared, nothing checked, nothing sorted), and a whole refresh into an
empty deployment: read, validate, normalise, pseudonymise, sort in both orders, write, checksum. A refresh of 20,000 events
measures what starting costs whatever the size; rates are given with and without it. Of the processor time of other
programs nothing is counted, but a busy machine makes every figure worse: the load is printed, and beside what the
clock said what it would say on two processors of one's own, reckoned from how much of the work is done alone.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from goldenthread.intake.checkdigits import nhs_number_valid, verhoeff

PEOPLE_PER_ROW = 1 / 100
UNITS = np.array(["mmol/mol", "mmHg", "kg/m2", "mmol/L", "g/L"])


def _write(path: Path, columns: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(pa.table(columns), path, pyarrow.csv.WriteOptions(quoting_style="none"))


def make(feeds: Path, rows: int, practices: int) -> None:
    """Patients, registrations, addresses and events of invented practices; no other feed."""
    rng = np.random.default_rng(20261031)
    candidates = rng.integers(10**7, 10**9, 40_000)
    codes = candidates[verhoeff(candidates)][:3000].astype(str)
    people = int(rows * PEOPLE_PER_ROW / practices)
    numbers = np.arange(9_990_000_000, 9_990_000_000 + 14 * people * practices)
    numbers = numbers[nhs_number_valid(numbers)]
    first = np.datetime64("2012-01-01")
    for practice in range(practices):
        folder = feeds / "gp" / f"Z{practice:05d}"
        ids = np.arange(1000, 1000 + people)
        mine = numbers[practice * people : (practice + 1) * people]
        blank = [""] * people
        birth = (np.datetime64("1930-01-01") + rng.integers(0, 29_000, people)).astype(str)
        _write(folder / "patient.csv", {
            "PATIENT_ID": ids, "NHS_NUMBER": mine, "NHS_NUMBER_STATUS_INDICATOR_CODE": ["01"] * people,
            "PERSON_FAMILY_NAME": [f"Fam{n}" for n in mine % 9973], "PERSON_GIVEN_NAME": [f"Giv{n}" for n in mine % 499],
            "PERSON_BIRTH_DATE": birth, "PERSON_STATED_GENDER_CODE": rng.integers(1, 3, people), "ETHNIC_CATEGORY": ["A"] * people,
            "LANGUAGE_CODE": ["en"] * people, "TELEPHONE_NUMBER": blank, "EMAIL_ADDRESS": blank, "SENSITIVE_FLAG": ["N"] * people,
            "PERSON_DEATH_DATE": blank,
        })  # fmt: skip
        _write(folder / "registration.csv", {"PATIENT_ID": ids, "REGISTRATION_TYPE": ["R"] * people, "REGISTRATION_START_DATE": ["2010-01-01"] * people, "REGISTRATION_END_DATE": blank})  # fmt: skip
        _write(folder / "address.csv", {
            "PATIENT_ID": ids, "ADDRESS_LINE_1": [f"{n} High Street" for n in ids], "ADDRESS_LINE_2": blank, "POSTCODE": ["PE1 1AA"] * people,
            "UPRN": ids + 100_000 * practice, "LSOA_CODE": ["E01026000"] * people, "ADDRESS_TYPE": [0] * people,
            "ACCOMMODATION_TYPE": ["private"] * people, "ADDRESS_START_DATE": ["2010-01-01"] * people, "ADDRESS_END_DATE": blank,
        })  # fmt: skip
        count = rows // practices
        who = np.sort(rng.integers(0, people, count))
        valued = rng.random(count) < 0.4
        value = np.where(valued, np.round(rng.normal(80, 20, count), 1).astype(str), "")
        code = codes[np.minimum((rng.pareto(1.1, count) * 25).astype(int), len(codes) - 1)]
        code[rng.integers(0, count, count // 3000)] = "73211008"  # a wrong check digit
        date = np.maximum(first + rng.integers(0, 5400, count), birth.astype("datetime64[D]")[who])
        twice = rng.integers(0, count - 1, count // 250)
        columns = [
            ids[who],
            date.astype(str),
            code,
            value,
            np.where(valued, UNITS[code.astype(np.int64) % 5], ""),
        ]
        columns = [np.concatenate([c, c[twice]]) for c in columns]
        names = ("PATIENT_ID", "EVENT_DATE", "SNOMED_CODE", "OBSERVATION_VALUE", "UNIT")
        _write(folder / "event.csv", dict(zip(names, columns, strict=True)))


def _usage() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss, which a child inherits from its parent.
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"cpu": used.ru_utime + used.ru_stime, "peak_mb": peak / 1024}


def bare_copy(folder: Path) -> dict[str, float]:
    """DuckDB's CSV reader straight into zstd Parquet, two threads."""
    import duckdb

    started = time.perf_counter()
    connection = duckdb.connect(config={"threads": 2})
    columns = "{'p': 'INTEGER', 'd': 'DATE', 'c': 'BIGINT', 'v': 'DOUBLE', 'u': 'VARCHAR'}"
    connection.execute(
        f"""COPY (FROM read_csv('{folder}/feeds/gp/*/event.csv', header = true, auto_detect = false, delim = ',', columns = {columns}))
        TO '{folder}/bare.parquet' (FORMAT parquet, COMPRESSION zstd)"""
    )
    row = connection.execute(
        f"SELECT sum(num_rows) FROM parquet_file_metadata('{folder}/bare.parquet')"
    ).fetchall()
    return {"seconds": time.perf_counter() - started, "rows": float(row[0][0]), **_usage()}


def intake(folder: Path, memory_mb: int) -> dict[str, float]:
    """A whole refresh into an empty deployment."""
    from goldenthread.intake import refresh
    from goldenthread.lake import Lake
    from goldenthread.settings import Settings
    from goldenthread.vault import Keys, Vault

    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    settings = Settings(home=home, feeds=folder / "feeds", memory_mb=memory_mb, threads=2)
    keys = Keys.random()
    stages: dict[str, tuple[float, ...]] = {}

    class Watch:
        """Times the stages."""

        def begin(self, stage: str, total: int) -> None:
            self.stage, self.started, self.cpu = stage, time.perf_counter(), time.process_time()

        def advance(self, steps: int = 1, rows: int = 0) -> None:
            pass

        def end(self) -> None:
            spent = (time.perf_counter() - self.started, time.process_time() - self.cpu)
            stages[self.stage] = tuple(round(each, 2) for each in spent)

    started, imports = time.perf_counter(), time.process_time()
    with Vault.open(settings.vault_dir, keys, create=True) as vault:
        report = refresh(
            settings,
            lake=Lake(settings.lake_dir),
            vault=vault,
            keys=keys,
            progress=Watch(),
            today=datetime.date(2026, 11, 22),
        )
    seconds = time.perf_counter() - started
    events = report.feed("gp_event")
    assert events.rows_in == events.accepted + events.quarantined + events.duplicates
    print(f"   stages (wall, CPU seconds): {stages}", file=sys.stderr)
    print(f"   events: {events.rows_in:,} in = {events.accepted:,} accepted + {events.quarantined:,} quarantined + {events.duplicates:,} duplicates", file=sys.stderr)  # fmt: skip
    return {"seconds": seconds, "rows": float(events.rows_in), "imports": imports, **_usage()}


def _measure(what: str, folder: Path, memory_mb: int) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--only",
        what,
        "--folder",
        str(folder),
        "--memory-mb",
        str(memory_mb),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        alone = _alone(process)
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found | {"alone": alone}


def _alone(process: subprocess.Popen[bytes]) -> float:
    """Processor seconds that a process spent while no more than one of its threads could have run.

    On a busy machine the clock says nothing of how well work is spread over processors; this does. The process is
    looked at thirty times a second: more often, and looking takes time from it.
    """
    folder, ticks = Path(f"/proc/{process.pid}"), os.sysconf("SC_CLK_TCK")
    alone = before = 0.0
    while process.poll() is None:
        try:
            states = [each.read_text().rsplit(")", 1)[1].split() for each in folder.glob("task/*/stat")]
            whole = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # a thread, or the process, has ended meanwhile
            continue
        spent = (int(whole[11]) + int(whole[12])) / ticks
        if sum(state[0] in "RD" for state in states) < 2:
            alone += spent - before
        before = spent
        time.sleep(0.033)
    return alone


def main() -> None:
    """Make the feeds, measure both, print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=10, help="million events")
    parser.add_argument("--practices", type=int, default=10)
    parser.add_argument("--memory-mb", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/intake-benchmark"))
    parser.add_argument("--only", choices=["copy", "intake"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(
            json.dumps(
                bare_copy(asked.folder) if asked.only == "copy" else intake(asked.folder, asked.memory_mb)
            )
        )
        return
    shutil.rmtree(asked.folder, ignore_errors=True)
    make(asked.folder / "feeds", int(asked.rows * 1e6), asked.practices)
    size = sum(p.stat().st_size for p in asked.folder.rglob("event.csv")) / 1e6
    print(f"{asked.rows:g} million events, {asked.practices} practices, {size:,.0f} MB of CSV, 2 threads")
    make(asked.folder / "small" / "feeds", 20_000, 1)
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    copy, whole = (_measure(what, asked.folder, asked.memory_mb) for what in ("copy", "intake"))
    start = _measure("intake", asked.folder / "small", asked.memory_mb)
    print(f"load after: {os.getloadavg()[0]:.1f}")
    for one, name in ((copy, "bare COPY to Parquet"), (whole, "intake end to end")):
        print(
            f"{name:22s} {one['seconds']:7.1f} s  {one['rows'] / one['seconds'] / 1e6:5.2f} M rows/s"
            f"  CPU {one['cpu']:6.1f} s ({one['cpu'] / one['rows'] * 1e6:.2f} s per M rows)  peak {one['peak_mb']:,.0f} MB"
        )
    print(f"{'of which starting':22s} {start['seconds']:7.1f} s{'':16s}  CPU {start['cpu']:6.1f} s")
    rows = whole["rows"] - start["rows"]
    cpu, wall = ((whole[key] - start[key]) / rows * 1e6 for key in ("cpu", "seconds"))
    # What is done alone, and half of the rest; imports come before the clock of the refresh starts.
    idle = whole["alone"] - whole["imports"] + (whole["cpu"] - whole["alone"]) / 2
    print(f"beyond starting        {1 / wall:5.2f} M rows/s; CPU {cpu:.2f} s per M rows")
    print(
        f"of its CPU time {whole['imports']:.1f} s were imports, and {whole['alone'] - whole['imports']:.1f} s could not be"
        f" shared: on two processors of its own about {idle:.1f} s, {whole['rows'] / idle / 1e6:.2f} M rows/s"
    )
    print(f"intake takes {whole['seconds'] / copy['seconds']:.2f} x the wall time and"
          f" {whole['cpu'] / copy['cpu']:.2f} x the CPU time of the bare COPY")  # fmt: skip


if __name__ == "__main__":
    main()
