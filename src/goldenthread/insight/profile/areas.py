"""Where people who use a service live: a rate for each area of residence, and the boundaries to draw it on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.charts import topojson_to_geojson
from goldenthread.cohorts import Population
from goldenthread.definitions.expressions import names, parse
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.profile.figures import policy_of
from goldenthread.measures import to_sql

FEWEST_PEOPLE = 50
"""Areas with fewer of these people are left out: their rates are chance."""
MOST_HIDDEN = 0.4
"""With a larger share of hidden areas than this, larger areas are shown."""
BOUNDARY_KEYS = {"lsoa": "lsoa21_code", "msoa": "msoa21_code"}


def areas_of(population: Population, fact: str = "emergency_admissions_12m") -> tuple[str, ReleasedTable]:
    """The level (lsoa or msoa) and the table: area, name, people, users, events and rate for 1,000 people.

    LSOAs where most of their figures can be shown, else MSOAs. People are those of the population by where they live.
    """
    small = _table(population, fact, "lsoa")
    hidden = small.suppressed["rate"].to_numpy(bool)
    if len(hidden) and hidden.mean() <= MOST_HIDDEN:
        return "lsoa", small
    return "msoa", _table(population, fact, "msoa")


def _table(population: Population, fact: str, level: str) -> ReleasedTable:
    node = parse(fact)
    sql = f"coalesce(CAST({to_sql(node, population.variables, index=population.index_sql)} AS DOUBLE), 0)"
    found = population.groups(
        f"count(*) AS people, CAST(count_if({sql} > 0) AS BIGINT) AS users, sum({sql}) AS events",
        (*names(node), level), by=level, where=f"{level} IS NOT NULL",
    ).to_pylist()  # fmt: skip
    policy, called = policy_of(population), _names(population, level)
    rows = [r for r in found if r["people"] >= FEWEST_PEOPLE and r[level] in called]
    # many events of a few people are put at one, which the policy hides
    events = [1 if 0 < r["users"] <= policy.threshold else round(r["events"]) for r in rows]
    frame = pd.DataFrame(
        {
            "area": [r[level] for r in rows], "name": [called[r[level]] for r in rows],
            "people": np.array([r["people"] for r in rows], dtype=np.int64), "events": np.array(events, dtype=np.int64),
        }
    )  # fmt: skip
    frame["rate"] = 1000 * frame["events"] / frame["people"]
    return release(
        frame, policy=policy, counts=["people", "events"], dimensions=["area"], not_additive=["area"],
        rates={"rate": ("events", "people")}, kinds={"name": "text"}, purpose=population.purpose.title,
        source="Hospital spells linked to place of residence", data_date=population.data_date,
        coverage=population.coverage.words,
    )  # fmt: skip


def _names(population: Population, level: str) -> dict[str, str]:
    connection = population.snapshot.connect(only=("lsoa",))
    try:
        column = "name" if level == "lsoa" else "msoa_name"
        return dict(connection.execute(f"SELECT DISTINCT {level}, {column} FROM lsoa").fetchall())
    finally:
        connection.close()


def boundaries_of(level: str, codes: Collection[str], own: Path | None = None) -> dict[str, Any] | None:
    """Boundaries of these areas as GeoJSON; ``None`` where none are known.

    ``own`` is a deployment's folder of definitions: ``reference/boundaries.topojson.gz`` in it stands before those shipped,
    with the properties ``lsoa21_code`` and ``msoa21_code``.
    """
    path = own / "reference" / "boundaries.topojson.gz" if own is not None else None
    mark = path.stat().st_mtime_ns if path is not None and path.is_file() else 0
    collection = _features(str(path) if mark else "", mark)
    key = BOUNDARY_KEYS[level]
    kept = [f for f in collection["features"] if f["properties"].get(key) in set(codes)]
    return {"type": "FeatureCollection", "features": kept} if kept else None


@lru_cache(maxsize=2)
def _features(path: str, mark: int) -> Mapping[str, Any]:
    if path:
        packed = Path(path).read_bytes()
    else:
        packed = (
            files("goldenthread.definitions")
            .joinpath("reference/lincolnshire_lsoa21.topojson.gz")
            .read_bytes()
        )
    return topojson_to_geojson(json.loads(gzip.decompress(packed)))
