"""Every shipped definition on a lake: ``python benchmarks/definitions.py HOME [DATE]``.

Prints how long all facts take together, the prevalence of each QOF register beside that of QOF 2021/22 in the same practices, the size of
each named cohort, and the facts that find nobody, which docs/definitions.md explains for the demo.
"""

from __future__ import annotations

import re
import sys
import time
from datetime import date
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow.compute as pc

from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.definitions.expressions import parse
from goldenthread.lake import Lake
from goldenthread.measures import evaluate, to_sql, variables

YOUNGEST = re.compile(r"(\d\d)OV")


def main(home: Path, index: date) -> None:
    """Evaluate everything once and print the four tables."""
    catalogue = load_catalogue()
    known = variables(catalogue)
    names = [n for n in known if not n.endswith(("_since", "_category"))]
    began = time.perf_counter()
    people = evaluate(Lake(home / "lake").current(), catalogue, names, index_date=index)
    print(f"{len(names)} facts about {people.num_rows:,} people in {time.perf_counter() - began:.1f} s\n")
    connection = duckdb.connect()
    connection.register("people", people)
    _prevalence(connection, catalogue)
    print("\ncohort                                     people")
    for name, cohort in catalogue.cohorts.items():
        met = to_sql(parse(cohort.expression), known, index=f"DATE '{index}'")
        found = connection.execute(f"SELECT count(*) FROM people WHERE {met}").fetchall()[0][0]
        print(f"{name:40} {found:8,}")
    registered = people.filter(people.column("registered"))
    nobody = [n for n in names if n in catalogue.definitions and not _anybody(registered.column(n))]
    print("\nfacts that find nobody: " + (", ".join(nobody) or "none"))


def _anybody(column: object) -> bool:
    kind = str(column.type)  # type: ignore[attr-defined]
    if kind == "bool":
        return bool(pc.any(column).as_py())
    if kind in ("int32", "int64", "double"):
        return bool(pc.any(pc.not_equal(column, 0)).as_py())
    return column.null_count < len(column)  # type: ignore[attr-defined, arg-type]


def _prevalence(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    with resources.as_file(resources.files("goldenthread.demo") / "data" / "qof_2021_22.csv.gz") as path:
        connection.execute(f"CREATE TABLE qof AS SELECT * FROM read_csv('{path}')")
    print("register                                       people   of    share   QOF 2021/22, same practices")
    for name, condition in sorted(catalogue.conditions.items()):
        if not condition.register:
            continue
        ages = connection.execute(
            "SELECT any_value(denominator_age) FROM qof WHERE register = ?", [condition.register]
        ).fetchall()[0][0]
        youngest = int(found[1]) if ages and (found := YOUNGEST.fullmatch(str(ages))) else 0
        rows = connection.execute(
            f"""
            WITH here AS (SELECT practice, count(*) AS n, count(*) FILTER (WHERE {name}) AS k
                          FROM people WHERE registered AND age >= {youngest} GROUP BY practice)
            SELECT sum(k), sum(n), 100.0 * sum(k) / sum(n),
                   (SELECT sum(h.n * 100.0 * q.patients / q.denominator) / sum(h.n)
                    FROM here AS h JOIN qof AS q ON q.practice_code = h.practice AND q.register = ?)
            FROM here
            """,
            [condition.register],
        ).fetchall()[0]
        published = f"{rows[3]:6.2f}%" if rows[3] is not None else "      -"
        print(f"{condition.register:5} {name:36} {rows[0]:8,} {rows[1]:8,} {rows[2]:6.2f}%  {published}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else date(2026, 10, 31))
