"""Which codes of a list occur in the data, and at which practices: a list that nobody uses finds nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from goldenthread.cohorts.breakdown import told
from goldenthread.cohorts.dimensions import ALL, NOT_KNOWN, dimension
from goldenthread.disclosure import ReleasedTable, release

if TYPE_CHECKING:
    import pandas as pd

    from goldenthread.cohorts.population import Population
    from goldenthread.definitions import Codelist

_SNOMED = (
    "SELECT e.pid, CAST(e.code AS VARCHAR) AS code FROM gp_event_by_code AS e JOIN wanted AS w ON w.code = e.code WHERE e.date <= $day "
    "UNION ALL "
    "SELECT e.pid, CAST(e.code AS VARCHAR) AS code FROM medication_by_code AS e JOIN wanted AS w ON w.code = e.code WHERE e.date <= $day"
)
# an ICD-10 code stands for itself and everything below it
_ICD10 = (
    "SELECT e.pid, w.code FROM (SELECT pid, unnest(diagnoses) AS code FROM admission WHERE date <= $day) AS e "
    "JOIN wanted AS w ON starts_with(e.code, w.code)"
)


def code_use(population: Population, codelist: Codelist) -> tuple[ReleasedTable, ReleasedTable]:
    """People with each code of a list up to the index date, and people with any of them by practice.

    The first table has a row for every code, also for those that occur nowhere; the second one for every practice
    and a last row "All". Both are of people registered who may be asked about, and released.
    """
    population = population.for_tables(
        ("gp_event", "medication") if codelist.system == "snomed" else ("admission",)
    )
    found = _uses(population, codelist)
    return _by_code(population, codelist, found), _by_practice(population, codelist, found)


def _uses(population: Population, codelist: Codelist) -> pd.DataFrame:
    """Who has which code, each pair once, of those who may be asked about."""
    snomed = codelist.system == "snomed"
    codes = (
        pa.array([int(c) for c in codelist.codes], pa.int64()) if snomed else pa.array(list(codelist.codes))
    )
    connection = population.snapshot.connect(only=("gp_event", "medication") if snomed else ("admission",))
    try:
        connection.register("wanted", pa.table({"code": codes}))
        connection.register("members", pa.table({"pid": population.pids}))
        sql = f"SELECT DISTINCT m.pid, u.code FROM members AS m JOIN ({_SNOMED if snomed else _ICD10}) AS u ON u.pid = m.pid"
        found: pd.DataFrame = connection.execute(sql, {"day": population.index_date}).df()
        return found
    finally:
        connection.close()


def _by_code(population: Population, codelist: Codelist, found: pd.DataFrame) -> ReleasedTable:
    members = {str(code): np.sort(rows.to_numpy()) for code, rows in found.groupby("code")["pid"]}
    nobody = np.array([], np.int32)
    who = [members.get(code, nobody) for code in codelist.codes]
    return release(
        {
            "code": list(codelist.codes),
            "term": list(codelist.codes.values()),
            "people": [len(w) for w in who],
        },
        policy=population.purpose.disclosure,
        counts=["people"],
        dimensions=["code"],
        not_additive=["code"],
        kinds={"term": "text"},
        purpose=population.purpose.title,
        source=codelist.name,
        data_date=population.data_date,
        **told(population, _question(population, codelist, "by code")),
        members={"people": who} if population.ledger is not None else None,
    )


def _by_practice(population: Population, codelist: Codelist, found: pd.DataFrame) -> ReleasedTable:
    table = population.query("pid, practice", ("practice",)).to_pandas()
    table["practice"] = table["practice"].fillna(NOT_KNOWN)
    table["inside"] = table["pid"].isin(found["pid"].unique())
    groups = [(str(name), rows) for name, rows in table.groupby("practice", sort=True)] + [(ALL, table)]
    names = dimension("practice", population.variables, population.snapshot).names
    inside = [rows.loc[rows["inside"], "pid"].to_numpy() for _, rows in groups]
    everybody = [rows["pid"].to_numpy() for _, rows in groups]
    return release(
        {
            "practice": [name for name, _ in groups],
            "practice_name": [names.get(name, name) for name, _ in groups],
            "people": [len(i) for i in inside],
            "population": [len(e) for e in everybody],
            "share": [len(i) / (len(e) or np.nan) for i, e in zip(inside, everybody, strict=True)],
        },
        policy=population.purpose.disclosure,
        counts=["people", "population"],
        rates={"share": ("people", "population")},
        kinds={"share": "proportion", "practice_name": "text"},
        dimensions=["practice"],
        margins={"practice": ALL},
        purpose=population.purpose.title,
        source=codelist.name,
        data_date=population.data_date,
        **told(population, _question(population, codelist, "by practice")),
        members={"people": inside, "population": everybody} if population.ledger is not None else None,
    )


def _question(population: Population, codelist: Codelist, what: str) -> str:
    return f"codes {codelist.name} {codelist.hash[:12]} {what} | {population.index_date} | {population.purpose.name}"
