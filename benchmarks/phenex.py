"""One question side by side: ours, Polars written by hand, and PhenEx, on the same files in one run.

    python3.12 -m venv PX && PX/bin/pip install phenex==0.9.3
    python benchmarks/phenex.py --people 1000000 --events 150 --folder FOLDER --phenex-python PX/bin/python

The question: 65 or over on the day, a diabetes code on or before it, the latest HbA1c in the 12 months before it over 58, and no
learning disability code. PhenEx needs Python 3.12, so it runs in a process of its own, which times itself from the first line of
the question to the answer, imports and connections left out; so do ours and Polars. Ours is asked in a process that has asked
another question of the same people before, about age alone, and Polars one about some of them; the first time no row of our
codes has been read, and rows are kept for the next. All read the files that are in
the order of codes, and everybody in them is registered and alive, which ours checks and the others need not.

A birthday decides who is 65, to the day. PhenEx divides days by 365, so people count as 65 about 16 days early; it
is also asked with the birthday written out, and how the answers differ is printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

INDEX = date(2026, 10, 30)  # the day before the data end: a day without a person table
AFTER = date(2025, 10, 30)
QUESTION = "age >= 65 and diabetes_ever and hba1c_last_12m > 58 and not ld_ever"


# -- PhenEx: in its own Python, where Golden Thread is not installed ------------------------------------------


def phenex_process(given: dict[str, Any]) -> dict[str, Any]:
    """The question as PhenEx takes it, as it is documented."""
    import ibis
    from phenex.aggregators import DailyMax
    from phenex.codelists import Codelist
    from phenex.filters import DateFilter, ValueFilter
    from phenex.filters.date_filter import After, BeforeOrOn
    from phenex.filters.value import GreaterThan, GreaterThanOrEqualTo
    from phenex.phenotypes import AgePhenotype, CodelistPhenotype, MeasurementPhenotype
    from phenex.tables import CodeTable, MeasurementTable, PhenexPersonTable

    con = ibis.duckdb.connect(threads=2)
    events = con.read_parquet(given["events"], table_name="gp_event")
    people = con.read_parquet(given["people"], table_name="person")
    index = ibis.date(given["index"])
    named = {"PERSON_ID": "pid", "EVENT_DATE": "date", "CODE": "code"}
    up_to = DateFilter(max_date=BeforeOrOn(given["index"]))
    year = DateFilter(min_date=After(given["after"]), max_date=BeforeOrOn(given["index"]))

    class People(PhenexPersonTable):
        DEFAULT_MAPPING: ClassVar = {"PERSON_ID": "pid", "DATE_OF_BIRTH": "birth_month"}

    class Events(CodeTable):
        DEFAULT_MAPPING: ClassVar = named

    class Results(MeasurementTable):
        DEFAULT_MAPPING: ClassVar = {**named, "VALUE": "value"}

    def codes(name: str) -> Codelist:
        return Codelist(given["codes"][name], name=name, use_code_type=False)

    def ask(*, exact: bool) -> set[int]:
        born = people.mutate(INDEX_DATE=index)
        tables = {
            "PERSON": People(born),
            "EVENT": Events(events.mutate(INDEX_DATE=index)),
            "RESULT": Results(events.mutate(INDEX_DATE=index)),
        }
        age = AgePhenotype(value_filter=ValueFilter(min_value=GreaterThanOrEqualTo(65)))
        diabetes = CodelistPhenotype(domain="EVENT", codelist=codes("diabetes"), date_range=up_to)
        disability = CodelistPhenotype(domain="EVENT", codelist=codes("ld"), date_range=up_to)
        hba1c = MeasurementPhenotype(
            domain="RESULT", codelist=codes("hba1c"), date_range=year, return_date="last",
            value_aggregation=DailyMax(), value_filter=ValueFilter(min_value=GreaterThan(58)),
        )  # fmt: skip
        if exact:
            old = born.filter(born.birth_month <= ibis.date(given["born_by"])).select(PERSON_ID="pid")
        else:
            old = age.execute(tables).select("PERSON_ID")
        has = [p.execute(tables).select("PERSON_ID") for p in (diabetes, hba1c)]
        not_ = disability.execute(tables).select("PERSON_ID")
        found = old
        for one in has:
            found = found.semi_join(one, "PERSON_ID")
        return set(con.to_pyarrow(found.anti_join(not_, "PERSON_ID")).column("PERSON_ID").to_pylist())

    took: dict[str, Any] = {}
    for what, exact in (("as documented", False), ("with the birthday written out", True)):
        runs = [_timed(lambda e=exact: ask(exact=e)) for _ in range(given["times"])]
        took[what] = {
            "clock": min(r[0] for r in runs),
            "processor": min(r[1] for r in runs),
            "pids": sorted(runs[0][2]),
        }
    return took


def _timed(work: Any) -> tuple[float, float, Any]:
    clock, used = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - clock, time.process_time() - used, found


# -- here ---------------------------------------------------------------------------------------------------


def in_polars(given: dict[str, Any]) -> set[int]:
    """The question as an analyst would write it in Polars."""
    import polars as pl

    events = pl.scan_parquet(given["events"]).select("pid", "date", "code", "value")
    events = events.filter(pl.col("date") <= INDEX)
    people = pl.scan_parquet(given["people"]).filter(
        pl.col("birth_month") <= date.fromisoformat(given["born_by"])
    )

    def having(name: str) -> Any:
        return events.filter(pl.col("code").is_in(given["codes"][name])).select("pid").unique()

    results = events.filter(
        pl.col("code").is_in(given["codes"]["hba1c"]), pl.col("date") > AFTER, pl.col("value").is_not_null()
    )
    latest = (
        results.group_by("pid")
        .agg(pl.col("value").filter(pl.col("date") == pl.col("date").max()).max())
        .filter(pl.col("value") > 58)
    )
    found = (
        people.select("pid").join(having("diabetes"), on="pid", how="semi").join(latest, on="pid", how="semi")
        .join(having("ld"), on="pid", how="anti").collect()
    )  # fmt: skip
    return set(found["pid"].to_list())


def ours(snapshot: Any, catalogue: Any, question: str = QUESTION) -> set[int]:
    """The question in one line, of people who may be asked about for planning."""
    from goldenthread.cohorts import Population

    population = Population(snapshot, catalogue, index_date=INDEX)
    try:
        return set(population.cohort(question).pids.tolist())
    finally:
        population.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=150)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--phenex-python", type=Path, help="the Python of an environment with PhenEx")
    asked = parser.parse_args()

    import measures as benchmark
    from goldenthread.definitions import Catalogue, Measure, Span, load_catalogue

    shipped = load_catalogue()
    lists = {"diabetes": "diabetes", "hba1c": "hba1c", "ld": "ld_register"}
    rule = {"rule": "side by side", "source": "benchmark", "table": "gp_event"}
    catalogue = Catalogue(
        {
            m.name: m
            for m in (
                Measure("diabetes_ever", take="exists", codes=(lists["diabetes"],), **rule),
                Measure("ld_ever", take="exists", codes=(lists["ld"],), **rule),
                Measure(
                    "hba1c_last_12m",
                    take="latest value",
                    codes=(lists["hba1c"],),
                    within=Span(12, "months"),
                    **rule,
                ),
            )
        },
        shipped.codelists,
    )
    snapshot = benchmark.lake_of(asked.folder, asked.people, asked.events, shipped)
    given = {
        "events": [str(p) for p in snapshot.files("gp_event", "code")],
        "people": [str(p) for p in snapshot.files("person")],
        "codes": {n: sorted(map(int, shipped.codelists[c].codes)) for n, c in lists.items()},
        "index": INDEX.isoformat(), "after": AFTER.isoformat(), "born_by": date(INDEX.year - 65, INDEX.month, INDEX.day).isoformat(),
        "times": asked.times,
    }  # fmt: skip
    print(f"{snapshot.people:,} people, {snapshot.manifest.rows('gp_event'):,} events: {QUESTION}")

    def tell(what: str, clock: float, processor: float, pids: set[int]) -> None:
        print(f"{what:44s} {clock:8.2f} s {processor:8.2f} processor s   {len(pids):,} people", flush=True)

    def run_and_tell(what: str, work: Any) -> set[int]:
        first, *rest = (_timed(work) for _ in range(1 + asked.times))
        tell(f"{what}, the first time", *first)
        tell(f"{what}, again", min(r[0] for r in rest), min(r[1] for r in rest), rest[0][2])
        return set(first[2])

    ours(snapshot, catalogue, "age >= 65")
    here = run_and_tell("ours", lambda: ours(snapshot, catalogue))
    in_polars({**given, "events": given["events"][:1], "people": given["people"][:1]})
    polars = run_and_tell("Polars by hand", lambda: in_polars(given))
    if polars != here:
        sys.exit(f"The answers differ in {len(polars ^ here)} people.")
    if asked.phenex_python:
        run = subprocess.run(
            [str(asked.phenex_python), __file__, "--side"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            sys.exit(f"PhenEx did not answer:\n{run.stderr[-3000:]}")
        for what, found in json.loads(run.stdout.splitlines()[-1]).items():
            pids = set(found["pids"])
            tell(f"PhenEx, {what}", found["clock"], found["processor"], pids)
            print(
                f"{'':4s}in its answer and not in ours {len(pids - here)}, in ours and not in its {len(here - pids)}"
            )


if __name__ == "__main__":
    if sys.argv[1:] == ["--side"]:
        # this file has the name of the library, which must be found instead
        sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
        print(json.dumps(phenex_process(json.load(sys.stdin))))
    else:
        main()
