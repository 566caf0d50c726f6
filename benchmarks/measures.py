"""How long 40 and 200 measures take, beside reading the same columns, hand-written SQL, and Spark.

    python benchmarks/measures.py --people 1000000 --events 150 --folder /tmp/measures [--spark]

Builds a lake of invented people with random codes, written as a refresh writes it. About a third of the events carry a
code that some measure asks for; the others carry codes that lie between those, so that no part of a file can be passed over.

The floor decodes the columns that the measures need and writes the answer, which it is given: a table of one row a person
and one column a measure. Everything else also ends with that table written, in the same way. The run prints seconds, ratios to the floor and to decoding alone,
and peak memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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
REGISTERED = """
SELECT range::INTEGER AS pid, 'Z00001' AS practice, DATE '2000-01-01' AS start_date, NULL::DATE AS end_date FROM range({people})
"""
EVENTS = """
SELECT DISTINCT ON (pid, date, code, value) * FROM (
  SELECT (i // {events})::INTEGER AS pid, CAST(DATE '2016-11-01' + (hash(i * 7) % 3650)::INTEGER AS DATE) AS date, 'day' AS date_precision,
         a.code + CASE WHEN hash(i * 3) % 3 = 0 THEN 0 ELSE 1 + hash(i * 17) % {between} END::BIGINT AS code,
         CASE WHEN hash(i * 5) % 3 = 0 THEN (hash(i * 11) % 2000) / 10.0 END AS value, NULL::VARCHAR AS unit, 'Z00001' AS practice
  FROM range({first}, {stop}) AS numbers(i) JOIN asked AS a ON a.n = hash(i * 13) % {asked})
"""
BETWEEN = 33  # codes after each one asked for that nobody asks for: some 20,000 in all


def lake_of(folder: Path, people: int, events: int, catalogue: Catalogue) -> Snapshot:
    """The lake, built once."""
    lake = Lake(folder / f"between-{people}-{events}")
    if lake.current_id():
        return lake.current()
    lists = {n for m in measures(catalogue, 1000) for n in m.codes} | {"diabetes", "hba1c", "ld_register"}
    codes = sorted({int(c) for n in lists for c in catalogue.codelists[n].codes})
    with lake.begin(memory_mb=6000, threads=2) as builder:
        builder.connection.register(
            "asked", pa.table({"n": range(len(codes)), "code": pa.array(codes, pa.int64())})
        )
        builder.write("person", PEOPLE.format(people=people))
        builder.write("registration", REGISTERED.format(people=people))
        # written as a refresh writes it
        builder.write_ordered(
            "gp_event",
            lambda first, last: builder.connection.sql(
                EVENTS.format(
                    events=events,
                    asked=len(codes),
                    between=BETWEEN,
                    first=first * events,
                    stop=(last + 1) * events,
                )
                + " ORDER BY pid"
            ).to_arrow_table(),
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


def of_all_codes(
    catalogue: Catalogue, some: list[Measure], many: list[Measure]
) -> tuple[Catalogue, list[Measure]]:
    """``some``, so that between them they ask for the codes of ``many``: as many rows, a few measures."""
    wide = []
    for number, measure in enumerate(some):
        codes = dict.fromkeys(name for one in (measure, *many[number :: len(some)]) for name in one.codes)
        wide.append(replace(measure, codes=tuple(codes)))
    return replace(catalogue, definitions={**catalogue.definitions, **{m.name: m for m in wide}}), wide


Seconds = tuple[float, float]
"""Of the processor, and by the clock."""


def timed(what: str, work: Callable[[], object], floor: Seconds | None = None, times: int = 2) -> Seconds:
    """Run it so many times and keep the least of both: other programs only ever add to it."""
    runs = [_once(work) for _ in range(times)]
    cpu, clock = min(r[0] for r in runs), min(r[1] for r in runs)
    ratio = ""
    if floor:
        ratio = f"{cpu / floor[0]:5.2f} x the floor ({clock / floor[1]:.2f} by the clock)"
    print(f"{what:58s} {cpu:8.2f} processor s {clock:8.2f} s  {ratio}", flush=True)
    return cpu, clock


def _once(work: Callable[[], object]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - used, time.perf_counter() - began


def decode(snapshot: Snapshot) -> None:
    """Decode the columns that the measures need."""
    snapshot.connect(memory_mb=2000).execute(
        "SELECT max(pid), max(date), max(code), max(value) FROM gp_event"
    ).fetchall()


def write(parts: Iterable[pa.Table], folder: Path) -> int:
    """Write an answer part by part to one Parquet file; returns its rows."""
    rows, writer = 0, None
    path = folder / "answer.parquet"
    try:
        for part in parts:
            writer = writer or pq.ParquetWriter(path, part.schema, compression="zstd")
            writer.write_table(part.cast(writer.schema))
            rows += part.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def floor(snapshot: Snapshot, answer: list[pa.Table], folder: Path) -> None:
    """Decode the columns, and write an answer that is there already."""
    decode(snapshot)
    write(answer, folder)


def ours(
    snapshot: Snapshot, catalogue: Catalogue, wanted: list[Measure], engine: str = "duckdb"
) -> Iterator[pa.Table]:
    """All of them with our engine, range by range."""
    plan = compile_plan(catalogue, [m.name for m in wanted])
    return chunks(snapshot, plan, index_date=INDEX, engine=engine, memory_mb=350)


def by_hand(snapshot: Snapshot, catalogue: Catalogue, wanted: list[Measure], folder: Path) -> None:
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
    found = snapshot.connect(memory_mb=8000).sql(
        f"SELECT pid, {', '.join(parts)} FROM gp_event GROUP BY pid ORDER BY pid"
    )
    write([found.to_arrow_table()], folder)


def in_polars(snapshot: Snapshot, catalogue: Catalogue, wanted: list[Measure], folder: Path) -> None:
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
    events.group_by("pid").agg(parts).sort("pid").collect().write_parquet(
        folder / "answer.parquet", compression="zstd"
    )


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--events", type=int, default=150)
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--spark", action="store_true")
    arguments.add_argument("--by-hand", action="store_true", help="also as hand-written SQL")
    arguments.add_argument("--polars", action="store_true", help="also in Polars, which must be installed")
    arguments.add_argument("--only-memory", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    catalogue = load_catalogue()
    snapshot = lake_of(given.folder, given.people, given.events, catalogue)
    some, many = measures(catalogue, 40), measures(catalogue, 200)
    if given.only_memory:
        with tempfile.TemporaryDirectory() as name:
            write(ours(snapshot, catalogue, many), Path(name))
        # not ru_maxrss, which a process inherits from the one that began it
        status = Path("/proc/self/status").read_text()
        print(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024)
        return
    rows = snapshot.manifest.rows("gp_event")
    print(f"{given.people:,} people, {rows:,} events; {len(some)} and {len(many)} measures")
    with tempfile.TemporaryDirectory() as name:
        run(given, snapshot, catalogue, some, many, Path(name))
    peak = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--only-memory"], capture_output=True, text=True, check=True
    )
    print(f"{'peak memory of a process that works out the many':58s} {peak.stdout.strip()} MB")


def run(
    given: argparse.Namespace,
    snapshot: Snapshot,
    catalogue: Catalogue,
    some: list[Measure],
    many: list[Measure],
    folder: Path,
) -> None:
    """Each in turn."""
    timed("decode pid, date, code and value, and no more", lambda: decode(snapshot))
    took = {}
    for wanted in (some, many):
        answer = list(ours(snapshot, catalogue, wanted))
        least = timed(
            f"floor: decode, and write an answer of {len(wanted)} columns",
            lambda a=answer: floor(snapshot, a, folder),  # type: ignore[misc]
        )
        del answer
        took[len(wanted)] = timed(
            f"{len(wanted)} measures, written",
            lambda w=wanted: write(ours(snapshot, catalogue, w), folder),
            least,  # type: ignore[misc]
        )
    all_of_them = took[len(many)]
    wider, wide = of_all_codes(catalogue, some, many)
    took_wide = timed(
        f"{len(wide)} measures of all the codes that the {len(many)} ask for",
        lambda: write(ours(snapshot, wider, wide), folder),
    )
    for what, few in (("few that ask for few codes", took[len(some)]), ("few of all the codes", took_wide)):
        ratio = f"{all_of_them[0] / few[0]:8.2f} {all_of_them[1] / few[1]:8.2f}"
        print(f"{f'many against {what}, by processor and clock':58s} {ratio}")
    if given.by_hand:
        timed(
            f"{len(many)} measures written by hand in DuckDB SQL",
            lambda: by_hand(snapshot, catalogue, many, folder),
            least,
            1,
        )
    if given.polars:
        timed(
            f"{len(some)} measures in Polars", lambda: in_polars(snapshot, catalogue, some, folder), least, 1
        )
        timed(
            f"{len(many)} measures in Polars", lambda: in_polars(snapshot, catalogue, many, folder), least, 1
        )
    if given.spark:
        # Spark works in a process of its own: only the clock sees it
        slow = _once(lambda: write(ours(snapshot, catalogue, many, "spark"), folder))[1]
        print(
            f"{'the same on Spark local[2], start-up included':58s} {slow:8.2f} s  {slow / all_of_them[1]:5.1f} x ours, by the clock"
        )


if __name__ == "__main__":
    main()
