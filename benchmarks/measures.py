"""How long 40 and 200 measures take, beside reading the same columns, hand-written SQL, and Spark.

    python benchmarks/measures.py --people 1000000 --events 150 --folder /tmp/measures [--spark]

Builds a lake of invented people with random codes (about a third of the events carry a code that some measure
asks for), then times each in turn in this one run. Prints seconds, ratios to the floor, and peak memory.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa

from goldenthread.definitions import Catalogue, Measure, load_catalogue
from goldenthread.lake import Lake, Snapshot
from goldenthread.measures import chunks, compile_plan
from goldenthread.measures.windows import window_of

INDEX = date(2026, 10, 31)

PEOPLE = """
SELECT range::INTEGER AS pid, encode(lpad(range::VARCHAR, 16, '0')) AS pseudonym,
       CAST(DATE '1930-01-01' + to_months((hash(range) % 1100)::INTEGER) AS DATE) AS birth_month,
       CASE WHEN hash(range + 1) % 2 = 0 THEN '1' ELSE '2' END AS sex, 'A' AS ethnicity, NULL AS language, NULL::DATE AS death_date,
       NULL AS death_cause, NULL::BLOB AS household, true AS nhs_number_verified
FROM range({people})
"""
EVENTS = """
SELECT DISTINCT ON (pid, date, code, value) * FROM (
  SELECT (i // {events})::INTEGER AS pid, CAST(DATE '2016-11-01' + (hash(i * 7) % 3650)::INTEGER AS DATE) AS date, 'day' AS date_precision,
         CASE WHEN hash(i * 3) % 3 = 0 THEN (SELECT code FROM asked WHERE n = hash(i * 13) % {asked})
              ELSE 900000000000 + (hash(i * 17) % 20000)::BIGINT END AS code,
         CASE WHEN hash(i * 5) % 3 = 0 THEN (hash(i * 11) % 2000) / 10.0 END AS value, NULL::VARCHAR AS unit, 'Z00001' AS practice
  FROM range({first}, {stop}) AS numbers(i))
"""


def lake_of(folder: Path, people: int, events: int, catalogue: Catalogue) -> Snapshot:
    """The lake, built once."""
    lake = Lake(folder / f"lake-{people}-{events}")
    if lake.current_id():
        return lake.current()
    codes = sorted(
        {int(c) for m in measures(catalogue, 1000) for n in m.codes for c in catalogue.codelists[n].codes}
    )
    with lake.begin(memory_mb=6000, threads=2) as builder:
        builder.connection.register(
            "asked", pa.table({"n": range(len(codes)), "code": pa.array(codes, pa.int64())})
        )
        builder.write("person", PEOPLE.format(people=people))
        builder.write_chunked(
            "gp_event",
            lambda first, last: EVENTS.format(
                events=events, asked=len(codes), first=first * events, stop=(last + 1) * events
            ),
        )
        builder.commit(data_dates={"gp_event": INDEX.isoformat()})
    return lake.current()


def measures(catalogue: Catalogue, most: int) -> list[Measure]:
    """Shipped measures taken from GP events by code; repeated in other windows where there are too few."""
    found = [
        m
        for m in catalogue.measures.values()
        if m.table == "gp_event" and m.codes and m.take not in ("weights", "distinct groups", "latest group")
    ]
    return found[:most]


def timed(what: str, work: Callable[[], object], floor: float | None = None, times: int = 2) -> float:
    """Run it so many times and keep the least processor seconds, which a busy machine disturbs less than the clock."""
    cpu, clock = min(_once(work) for _ in range(times))
    ratio = f"{cpu / floor:5.2f} x the floor" if floor else ""
    print(f"{what:58s} {cpu:8.2f} processor s {clock:8.2f} s  {ratio}", flush=True)
    return cpu


def _once(work: Callable[[], object]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - used, time.perf_counter() - began


def floor(snapshot: Snapshot) -> None:
    """Decode the columns that the measures need."""
    snapshot.connect(memory_mb=2000).execute(
        "SELECT max(pid), max(date), max(code), max(value) FROM gp_event"
    ).fetchall()


def ours(snapshot: Snapshot, catalogue: Catalogue, wanted: list[Measure], engine: str = "duckdb") -> int:
    """All of them with our engine, range by range."""
    plan = compile_plan(catalogue, [m.name for m in wanted])
    return sum(t.num_rows for t in chunks(snapshot, plan, index_date=INDEX, engine=engine, memory_mb=350))


def by_hand(snapshot: Snapshot, catalogue: Catalogue, wanted: list[Measure]) -> None:
    """What an analyst would write: one grouped query with a filtered aggregate for each measure."""
    parts = []
    for measure in wanted:
        after, up_to = window_of(measure, INDEX)
        codes = ", ".join(sorted({c for n in measure.codes for c in catalogue.codelists[n].codes}))
        when = f"code IN ({codes}) AND date <= DATE '{up_to}'" + (
            f" AND date > DATE '{after}'" if after else ""
        )
        what = {
            "exists": "count(*) > 0", "count": "count(*)", "days": "count(DISTINCT date)", "first date": "min(date)",
            "latest date": "max(date)", "latest value": "max_by(value, date)", "first value": "min_by(value, date)",
        }.get(measure.take, "max(value)")  # fmt: skip
        call, _, rest = what.partition(")")
        parts.append(f"{call}) FILTER (WHERE {when}){rest} AS {measure.name}")
    sql = f"CREATE OR REPLACE TEMP TABLE answer AS SELECT pid, {', '.join(parts)} FROM gp_event GROUP BY pid"
    snapshot.connect(memory_mb=8000).execute(sql)


def in_polars(snapshot: Snapshot, catalogue: Catalogue, wanted: list[Measure]) -> None:
    """What an analyst would write in Polars: one lazy query with a filtered aggregate for each measure."""
    import polars as pl

    code, day, value = pl.col("code"), pl.col("date"), pl.col("value")
    parts = []
    for measure in wanted:
        after, up_to = window_of(measure, INDEX)
        codes = [int(c) for n in measure.codes for c in catalogue.codelists[n].codes]
        when = code.is_in(codes) & (day <= up_to)
        if after:
            when &= day > after
        what = {
            "exists": when.any(), "count": when.sum(), "days": day.filter(when).n_unique(),
            "first date": day.filter(when).min(), "latest date": day.filter(when).max(),
            "latest value": value.filter(when).sort_by(day.filter(when)).last(),
            "first value": value.filter(when).sort_by(day.filter(when)).first(),
        }.get(measure.take, value.filter(when).max())  # fmt: skip
        parts.append(what.alias(measure.name))
    asked = {int(c) for m in wanted for n in m.codes for c in catalogue.codelists[n].codes}
    files = [str(p) for p in snapshot.files("gp_event")]
    events = pl.scan_parquet(files).filter(code.is_in(sorted(asked)))
    events.group_by("pid").agg(parts).collect()


def one_question(snapshot: Snapshot, catalogue: Catalogue) -> None:
    """65 and over, diabetes, latest HbA1c in 12 months over 58, no learning disability."""
    plan = compile_plan(
        catalogue,
        [
            "age",
            "diabetes",
            "ld_register" if "ld_register" in catalogue.definitions else "learning_disability",
            "hba1c_latest",
        ],
    )
    sum(t.num_rows for t in chunks(snapshot, plan, index_date=INDEX, memory_mb=1000))


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--events", type=int, default=150)
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--spark", action="store_true")
    arguments.add_argument("--polars", action="store_true", help="also in Polars, which must be installed")
    arguments.add_argument("--only-memory", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    catalogue = load_catalogue()
    snapshot = lake_of(given.folder, given.people, given.events, catalogue)
    some, many = measures(catalogue, 40), measures(catalogue, 200)
    if given.only_memory:
        ours(snapshot, catalogue, many)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    print(
        f"{given.people:,} people, {snapshot.manifest.rows('gp_event'):,} events; {len(some)} and {len(many)} measures"
    )
    least = timed("floor: decode pid, date, code and value", lambda: floor(snapshot))
    few = timed(f"{len(some)} measures", lambda: ours(snapshot, catalogue, some), least)
    all_of_them = timed(f"{len(many)} measures", lambda: ours(snapshot, catalogue, many), least)
    timed(
        f"{len(many)} measures written by hand in DuckDB SQL",
        lambda: by_hand(snapshot, catalogue, many),
        least,
    )
    print(f"{'many against few':58s} {all_of_them / few:8.2f}")
    if given.polars:
        timed(f"{len(some)} measures in Polars", lambda: in_polars(snapshot, catalogue, some), least, 1)
        timed(f"{len(many)} measures in Polars", lambda: in_polars(snapshot, catalogue, many), least, 1)
    peak = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--only-memory"], capture_output=True, text=True, check=True
    )
    print(f"{'peak memory of a process that works out the many':58s} {peak.stdout.strip()} MB")
    if given.spark:
        # Spark works in a process of its own: only the clock sees it
        ours_clock = _once(lambda: ours(snapshot, catalogue, many))[1]
        slow = _once(lambda: ours(snapshot, catalogue, many, "spark"))[1]
        print(
            f"{'the same on Spark local[2], start-up included':58s} {slow:8.2f} s  {slow / ours_clock:5.1f} x ours, by the clock"
        )


if __name__ == "__main__":
    main()
