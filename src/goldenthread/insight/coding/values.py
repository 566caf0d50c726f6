"""Results without a unit, in another unit, or with a value that no living person has: by measurement and practice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.inequality import records, spoken, standing_policy, within

PROBLEMS = {
    "no unit": "Without a unit",
    "other unit": "In another unit",
    "impossible": "A value that no living person has",
    "no value": "Without a value",
}


@dataclass(frozen=True)
class Measurement:
    """One measurement: its codes, the unit it is in and the values that are possible."""

    name: str
    codes: tuple[int, ...]
    unit: str
    least: float
    greatest: float


@dataclass(frozen=True)
class Doubtful:
    """Doubtful results in the record. ``table`` has a row for each ``measurement`` and ``problem`` with people concerned and
    people with any such result; ``by_practice`` one for each practice and a last row "All"."""

    table: ReleasedTable
    by_practice: ReleasedTable
    reading: str
    index_date: date
    data_date: date

    def to_json(self) -> dict[str, Any]:
        """The answer for a program."""
        return {
            "reading": self.reading,
            "measurements": records(self.table),
            "practices": records(self.by_practice),
            "index_date": self.index_date.isoformat(),
            "policy": self.table.policy,
            "message": self.table.message,
        }


def measurements_of(catalogue: Catalogue) -> list[Measurement]:
    """Every measurement whose definition says the unit and the possible values, each list of codes once.

    >>> from goldenthread.definitions import load_catalogue
    >>> [m.unit for m in measurements_of(load_catalogue()) if m.name == "hba1c"]
    ['mmol/mol']
    """
    found: dict[str, Measurement] = {}
    for measure in catalogue.measures.values():
        if measure.table != "gp_event" or measure.valid is None or len(measure.codes) != 1:
            continue
        name = measure.codes[0]
        if name not in catalogue.codelists or catalogue.codelists[name].system != "snomed":
            continue
        if measure.take not in ("latest value", "mean", "min", "max", "first value"):
            continue
        codes = tuple(int(c) for c in catalogue.codelists[name].codes)
        least, greatest = measure.valid
        before = found.get(name)
        if before is None:
            found[name] = Measurement(name, codes, measure.unit, float(least), float(greatest))
        else:  # of two rules the wider one: what either accepts is no slip of the keyboard
            found[name] = Measurement(
                name,
                codes,
                before.unit or measure.unit,
                min(before.least, least),
                max(before.greatest, greatest),
            )
    return sorted(found.values(), key=lambda m: m.name)


def doubtful(population: Population) -> Doubtful:
    """Results of the five years up to the index date that cannot be read with confidence.

    A unit is "other" where most results of the same measurement have a different one. Values that the feed's own contract
    refuses never reach the record: they are in quarantine, and counted there.
    """
    found, have = _found(population)
    table = population.query("pid, practice", ("practice",)).to_pandas()
    pids = table["pid"].to_numpy()
    found = found[np.isin(found["pid"].to_numpy(), pids)]
    have = have[np.isin(have["pid"].to_numpy(), pids)]
    first = _by_measurement(population, found, have)
    second = _by_practice(population, found, have, table)
    return Doubtful(first, second, _reading(first), population.index_date, population.data_date)


def _by_measurement(population: Population, found: pd.DataFrame, have: pd.DataFrame) -> ReleasedTable:
    everybody = {name: np.sort(rows.to_numpy()) for name, rows in have.groupby("measurement")["pid"]}
    rows = [
        (str(name), str(problem), np.sort(group["pid"].unique()), everybody[str(name)])
        for (name, problem), group in found.groupby(["measurement", "problem"])
    ]
    frame = pd.DataFrame(
        {
            "measurement": [r[0] for r in rows],
            "problem": [r[1] for r in rows],
            "words": [PROBLEMS[r[1]] for r in rows],
            "people": [len(r[2]) for r in rows],
            "measured": [len(r[3]) for r in rows],
        }
    )
    frame["share"] = frame["people"] / frame["measured"].where(frame["measured"] > 0)
    return release(
        frame,
        policy=standing_policy(population),
        dimensions=["measurement", "problem"],
        not_additive=["measurement", "problem"],
        counts=["people", "measured"],
        rates={"share": ("people", "measured")},
        kinds={"share": "proportion", "words": "text"},
        purpose=population.purpose.title,
        source="Results in the GP record, 5 years",
        data_date=population.data_date,
        coverage=population.coverage.words,
    )


def _by_practice(
    population: Population, found: pd.DataFrame, have: pd.DataFrame, table: pd.DataFrame
) -> ReleasedTable:
    from goldenthread.cohorts import NOT_KNOWN, dimension

    names = dimension("practice", population.variables, population.snapshot).names
    practice = table.assign(practice=table["practice"].fillna(NOT_KNOWN))
    practice = practice[practice["pid"].isin(have["pid"])]
    concerned = set(found["pid"])
    groups = [(str(n), g["pid"].to_numpy()) for n, g in practice.groupby("practice")]
    groups.append(("All", practice["pid"].to_numpy()))
    inside = [np.array([p for p in pids if p in concerned], dtype=np.int32) for _, pids in groups]
    frame = pd.DataFrame(
        {
            "practice": [n for n, _ in groups],
            "practice_name": [names.get(n, n) for n, _ in groups],
            "people": [len(i) for i in inside],
            "measured": [len(p) for _, p in groups],
        }
    )
    frame["share"] = frame["people"] / frame["measured"].where(frame["measured"] > 0)
    return release(
        frame,
        policy=standing_policy(population),
        dimensions=["practice"],
        margins={"practice": "All"},
        counts=["people", "measured"],
        rates={"share": ("people", "measured")},
        kinds={"share": "proportion", "practice_name": "text"},
        purpose=population.purpose.title,
        source="Results in the GP record, 5 years",
        data_date=population.data_date,
        coverage=population.coverage.words,
    )


def _reading(table: ReleasedTable) -> str:
    frame = table.frame.dropna(subset=["people", "measured"])
    if frame.empty:
        return "No results that cannot be read, or too few to show."
    most = frame.sort_values("people", ascending=False).iloc[0]
    return (
        f"Most doubtful: {within(spoken(str(most['measurement'])))} {str(most['words']).lower()}, "
        f"{int(most['people']):,} of {int(most['measured']):,} people measured in five years."
    )


_SQL = """
WITH results AS (
    SELECT e.pid, w.measurement, e.value, e.unit, w.least, w.greatest
    FROM gp_event_by_code AS e JOIN wanted AS w ON w.code = e.code
    WHERE e.date <= $day AND e.date > $day - INTERVAL 5 YEARS
), usual AS (
    SELECT measurement, arg_max(unit, (n, unit)) AS unit
    FROM (SELECT measurement, unit, count(*) AS n FROM results WHERE unit IS NOT NULL GROUP BY ALL) AS units GROUP BY measurement
)
SELECT r.pid, r.measurement,
       CASE WHEN r.value IS NULL THEN 'no value'
            WHEN r.value NOT BETWEEN r.least AND r.greatest THEN 'impossible'
            WHEN r.unit IS NULL AND u.unit IS NOT NULL THEN 'no unit'
            WHEN r.unit <> u.unit THEN 'other unit' END AS problem
FROM results AS r LEFT JOIN usual AS u ON u.measurement = r.measurement
GROUP BY ALL
"""


def _found(population: Population) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who has which doubtful result, and who has any result, of everybody in the snapshot; kept beside it."""
    measurements = measurements_of(population.catalogue)
    mark = hashlib.sha256(json.dumps([vars(m) for m in measurements], sort_keys=True).encode()).hexdigest()[
        :16
    ]
    snapshot = population.snapshot
    folder = snapshot.path.parent.parent / "cache"
    path = folder / f"{snapshot.id}.{population.index_date.isoformat()}.{mark}.values.parquet"
    rows = _kept(path)
    if rows is None:
        wanted = pa.table(
            {
                "code": pa.array([c for m in measurements for c in m.codes], pa.int64()),
                "measurement": [m.name for m in measurements for _ in m.codes],
                "least": [m.least for m in measurements for _ in m.codes],
                "greatest": [m.greatest for m in measurements for _ in m.codes],
            }
        )
        connection = snapshot.connect(only=("gp_event",))
        try:
            connection.register("wanted", wanted)
            rows = connection.sql(_SQL, params={"day": population.index_date}).to_arrow_table()
        finally:
            connection.close()
        _keep(path, rows)
    frame = rows.to_pandas()
    have = frame[["pid", "measurement"]].drop_duplicates()
    return frame[frame["problem"].notna()], have


def _kept(path: Path) -> pa.Table | None:
    with contextlib.suppress(OSError, pa.ArrowInvalid):
        return pq.read_table(path)
    return None


def _keep(path: Path, rows: pa.Table) -> None:
    # a folder that cannot be written to costs time but no answer
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            pq.write_table(rows, draft, compression="zstd")
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
