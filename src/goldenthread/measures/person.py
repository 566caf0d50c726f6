"""Facts about the person themselves on the index date: one portable statement."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.measures.sql import literal
from goldenthread.model import value_set

_FACTS: Mapping[str, str] = {
    "age": """CAST(year(p.index_date) - year(p.birth_month)
            - CASE WHEN month(p.birth_month) * 100 + day(p.birth_month) > month(p.index_date) * 100 + day(p.index_date)
                   THEN 1 ELSE 0 END AS INTEGER)""",
    "age_months": """CAST((year(p.index_date) - year(p.birth_month)) * 12 + month(p.index_date) - month(p.birth_month)
            - CASE WHEN day(p.birth_month) > day(p.index_date) THEN 1 ELSE 0 END AS INTEGER)""",
    "sex": "p.sex",
    "female": "coalesce(p.sex = '2', FALSE)",
    "male": "coalesce(p.sex = '1', FALSE)",
    "ethnicity": "p.ethnicity",
    "ethnic_group": "CASE {groups} END",
    "language": "p.language",
    "alive": "(p.death_date IS NULL OR p.death_date > p.index_date)",
    "registered": "(r.practice IS NOT NULL AND (p.death_date IS NULL OR p.death_date > p.index_date))",
    "practice": "r.practice",
    "pcn": "pr.pcn",
    "place": "pc.place",
    "lsoa": "a.lsoa",
    "msoa": "l.msoa",
    "district": "l.district",
    "imd_decile": "l.imd_decile",
    "imd_quintile": "CAST(floor((l.imd_decile + 1) / 2) AS INTEGER)",
    "rural": "coalesce(l.rural, FALSE)",
    "care_home": "coalesce(a.care_home, FALSE)",
}
_REGISTERED = """registered_now AS (
    SELECT pid, practice FROM (
        SELECT r.pid, r.practice,
               row_number() OVER (PARTITION BY r.pid ORDER BY r.start_date DESC, r.practice DESC) AS place_in_line
        FROM registration AS r JOIN people AS p ON p.pid = r.pid
        WHERE {range} AND r.start_date <= p.index_date AND (r.end_date IS NULL OR r.end_date > p.index_date)
    ) AS lines WHERE place_in_line = 1
)"""
WITH_PRACTICE = frozenset({"practice", "pcn", "place"})
"""Facts for which it matters which registration somebody has."""
# whether there is any: which one is not asked
_REGISTERED_ANYWHERE = """registered_now AS (
    SELECT r.pid, max(r.practice) AS practice FROM registration AS r JOIN people AS p ON p.pid = r.pid
    WHERE {range} AND r.start_date <= p.index_date AND (r.end_date IS NULL OR r.end_date > p.index_date)
    GROUP BY r.pid
)"""
_LIVES = """lives_now AS (
    SELECT pid, lsoa, care_home FROM (
        SELECT a.pid, a.lsoa, a.care_home,
               row_number() OVER (PARTITION BY a.pid ORDER BY a.start_date DESC, a.lsoa DESC, a.care_home DESC) AS place_in_line
        FROM address AS a JOIN people AS p ON p.pid = a.pid
        WHERE {range} AND a.start_date <= p.index_date AND (a.end_date IS NULL OR a.end_date > p.index_date) AND a.lsoa IS NOT NULL
    ) AS lines WHERE place_in_line = 1
)"""
_JOINS = (
    ("r.", "LEFT JOIN registered_now AS r ON r.pid = p.pid"),
    ("pr.", "LEFT JOIN practice AS pr ON pr.practice = r.practice"),
    ("pc.", "LEFT JOIN pcn AS pc ON pc.pcn = pr.pcn"),
    ("a.", "LEFT JOIN lives_now AS a ON a.pid = p.pid"),
    ("l.", "LEFT JOIN lsoa AS l ON l.lsoa = a.lsoa"),
)
_TABLES = {"r.": "registration", "pr.": "practice", "pc.": "pcn", "a.": "address", "l.": "lsoa"}
_BEHIND = {"pr.": ("r.",), "pc.": ("pr.", "r."), "l.": ("a.",)}


def person_sql(first: int, last: int, index: str | None, names: Collection[str] = tuple(_FACTS)) -> str:
    """SQL that gives one row per person from ``first`` to ``last`` with these of the facts in ``facts.PERSON``.

    ``index`` is SQL for one index date for everybody; ``None`` reads each person's from ``index_dates``. Only the tables
    that the facts rest on are read.

    >>> print(person_sql(0, 9, "DATE '2026-10-31'", ["sex"]))
    WITH people AS (SELECT *, DATE '2026-10-31' AS index_date FROM person WHERE pid BETWEEN 0 AND 9)
    SELECT p.pid, p.sex AS sex
    FROM people AS p
    ORDER BY p.pid
    """
    source = f"person WHERE pid BETWEEN {first} AND {last}"
    if index is None:
        people = f"SELECT p.*, d.index_date FROM (SELECT * FROM {source}) AS p JOIN index_dates AS d ON d.pid = p.pid"
    else:
        people = f"SELECT *, {index} AS index_date FROM {source}"
    groups = " ".join(
        f"WHEN ethnicity IN ({', '.join(literal(c) for c in codes)}) THEN {literal(group)}"
        for group, codes in value_set("ethnicity_2001").groups.items()
    )
    wanted = {name: sql.replace("{groups}", groups) for name, sql in _FACTS.items() if name in names}
    used = _used(wanted.values())
    tables = [f"people AS ({people})"]
    if "r." in used:
        which = WITH_PRACTICE & set(wanted)
        tables.append(_within(_REGISTERED if which else _REGISTERED_ANYWHERE, "r", first, last))
    if "a." in used:
        tables.append(_within(_LIVES, "a", first, last))
    columns = ",\n       ".join(["p.pid", *(f"{sql} AS {name}" for name, sql in wanted.items())])
    if len(wanted) <= 1:
        columns = columns.replace(",\n       ", ", ")
    joins = [text for alias, text in _JOINS if alias in used]
    return "\n".join(
        ["WITH " + ",\n".join(tables), f"SELECT {columns}", "FROM people AS p", *joins, "ORDER BY p.pid"]
    )


SIMPLE = frozenset({"age", "age_months", "female", "male", "alive", "registered"})
"""Facts that follow from one row of the person table, and from whether somebody is registered."""


def simple_facts(
    people: pa.Table, index: date, registered: np.ndarray, names: Collection[str] = SIMPLE
) -> dict[str, pa.Array]:
    """Those of the facts of ``SIMPLE`` called ``names``, as the statement of ``person_sql`` gives them, without one.

    ``people`` has birth_month, sex and death_date; ``registered`` says who has a registration that holds on the index date.
    """
    found: dict[str, pa.Array] = {}
    aged = [name for name in ("age", "age_months") if name in names]
    if aged:
        found |= _ages(people.column("birth_month"), index, aged)
    sex = people.column("sex")
    for name, code in (("female", "2"), ("male", "1")):
        if name in names:
            found[name] = pc.fill_null(pc.equal(sex, code), False).combine_chunks()
    if "alive" in names or "registered" in names:
        found["alive"] = pc.fill_null(
            pc.greater(people.column("death_date"), pa.scalar(index)), True
        ).combine_chunks()
        found["registered"] = pc.and_(found["alive"], pa.array(registered))
    return found


def _ages(birth_month: pa.ChunkedArray, index: date, names: Collection[str]) -> dict[str, pa.Array]:
    absent = np.asarray(birth_month.is_null().to_numpy())
    days = birth_month.fill_null(index).cast(pa.int32()).to_numpy()
    # months are reckoned once for every day there may be, and not for every person
    first = int(days.min()) if len(days) else 0
    each = np.arange(first, int(days.max(initial=first)) + 1).astype("datetime64[D]")
    months = each.astype("datetime64[M]")
    day_of_month = (each - months.astype("datetime64[D]")).astype(np.int64) + 1
    between = (
        np.datetime64(index, "M").astype(np.int64) - months.astype(np.int64) - (day_of_month > index.day)
    )
    place = days - first
    of = {"age": between // 12, "age_months": between}
    return {name: pa.array(of[name].astype(np.int32)[place], mask=absent) for name in names}


def person_tables(names: Collection[str]) -> set[str]:
    """The tables that these facts are read from.

    >>> sorted(person_tables(["age", "pcn"]))
    ['person', 'practice', 'registration']
    """
    return {"person", *(_TABLES[alias] for alias in _used(_FACTS[n] for n in names))}


def _used(facts: Iterable[str]) -> set[str]:
    listed = list(facts)
    used = {alias for alias, _ in _JOINS for sql in listed if re.search(rf"\b{re.escape(alias)}", sql)}
    return used | {behind for alias in used for behind in _BEHIND.get(alias, ())}


def _within(table: str, alias: str, first: int, last: int) -> str:
    # said of each table, so that files of other people are not looked into
    return table.replace("{range}", f"{alias}.pid BETWEEN {first} AND {last}")
