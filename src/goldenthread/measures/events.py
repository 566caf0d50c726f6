"""The dated rows that a measure counts: what an evaluation follows over time, in place of one number on one day."""

from __future__ import annotations

from collections.abc import Collection

from goldenthread.definitions import Catalogue, Measure
from goldenthread.definitions.expressions import check_condition, parse
from goldenthread.measures.errors import MeasureError
from goldenthread.measures.sources import sources
from goldenthread.measures.sql import literal, to_sql

COUNTABLE = ("count", "days", "exists", "sum")


def event_sql(catalogue: Catalogue, name: str) -> tuple[str, Collection[str]]:
    """SQL for ``pid``, ``date`` and ``count`` of every row that a measure counts, whenever it happened; and the tables it reads.

    The measure's own window is left out: the evaluation has its own. Days are counted once a person and day where the
    measure counts days; ``sum`` adds up its column. Raises ``MeasureError`` for a measure that is not a count of rows.

    >>> from goldenthread.definitions import load_catalogue
    >>> sql, tables = event_sql(load_catalogue(), "emergency_admissions_12m")
    >>> print(sql)
    SELECT e.pid, e.date AS date, 1.0 AS count FROM admission AS e WHERE coalesce(e.emergency, FALSE)
    >>> tables
    ('admission',)
    """
    measure = catalogue.definitions.get(name)
    if not isinstance(measure, Measure) or not measure.table or measure.take not in COUNTABLE:
        what = "is not a measure" if not isinstance(measure, Measure) else "does not count dated rows"
        raise MeasureError(
            f"{name!r} {what}, so it cannot be followed over time.",
            "Choose a measure that counts events, such as emergency_admissions_12m or ed_attendances_12m.",
        )
    source = sources()[measure.table]
    rows = f"({source.sql}) AS e" if source.sql else f"{source.name} AS e"
    parts = []
    if measure.codes:
        on = measure.on or source.code
        whole: list[str] = []
        beginnings: list[str] = []
        for one in catalogue.codes_of(measure.codes, needed_by=measure):
            (whole if one.system == "snomed" else beginnings).extend(sorted(one.codes))
        either = [f"e.{on} IN ({', '.join(whole)})"] if whole else []
        either += [f"starts_with(e.{on}, {literal(b)})" for b in beginnings]
        parts.append(f"({' OR '.join(either)})")
    if measure.valid:
        parts.append(f"e.{measure.of or 'value'} BETWEEN {measure.valid[0]} AND {measure.valid[1]}")
    if measure.where:
        condition = parse(measure.where)
        check_condition(condition, source.columns, measure.where)
        parts.append(to_sql(condition, source.columns, index=f"e.{source.date}", prefix="e."))
    where = f" WHERE {' AND '.join(parts)}" if parts else ""
    day = f"e.{source.date} AS date"
    if measure.take == "sum":
        return (
            f"SELECT e.pid, {day}, CAST(e.{measure.of} AS DOUBLE) AS count FROM {rows}{where}",
            source.needs,
        )
    # a thing that is or is not so on a day is one thing, however often it was written down
    distinct = "DISTINCT " if measure.take in ("days", "exists") else ""
    return f"SELECT {distinct}e.pid, {day}, 1.0 AS count FROM {rows}{where}", source.needs
