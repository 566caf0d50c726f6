"""The tables that measures can be taken from: those of the model, and a few that are worked out from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goldenthread.definitions.expressions import Kind, Variable
from goldenthread.model import Column, tables

_KINDS: Mapping[str, Kind] = {
    "int32": "number",
    "int64": "number",
    "float64": "number",
    "text": "text",
    "date": "date",
    "bool": "truth",
}


@dataclass(frozen=True)
class Source:
    """Rows that belong to people. ``sql`` gives them from the model's tables; empty for a table of the model itself.

    ``code`` is the column codes are looked up in; ``start`` and ``end`` are the period's columns.
    """

    name: str
    columns: Mapping[str, Variable]
    date: str
    meaning: str
    code: str = ""
    end: str = ""
    end_included: bool = False
    sql: str = ""
    needs: tuple[str, ...] = ()


def _variable(column: Column) -> Variable | None:
    kind = _KINDS.get(column.type)
    if kind is None:
        return None
    allowed = tuple(column.value_set.codes) if column.value_set else ()
    return Variable(kind, column.meaning.lower(), allowed, column.unit)


def _of_model() -> dict[str, Source]:
    found = {}
    for table in tables().values():
        if not table.has_person or table.kind == "person":
            continue
        columns = {c.name: v for c in table.columns.values() if (v := _variable(c)) and c.name != "pid"}
        end = "end_date" if table.kind == "period" else ""
        found[table.name] = Source(
            name=table.name,
            columns=columns,
            date=table.date,
            meaning=table.meaning,
            code=table.code,
            end=end,
            # social care and circumstances give the last day; a registration or address, the day after it
            end_included=table.name in ("social_care", "circumstance"),
            needs=(table.name,),
        )
    return found


_DATE = Variable("date", "date")
_TRUTH = Variable("truth")
_TEXT = Variable("text")

_WORKED_OUT = (
    Source(
        "diagnosis",
        {
            "date": _DATE,
            "code": Variable("text", "ICD-10 code"),
            "emergency": Variable("truth", "of an emergency admission"),
            "main": Variable("truth", "is the main diagnosis of the spell"),
            "spell_id": _TEXT,
            "provider": _TEXT,
        },
        "date",
        "Every diagnosis of every hospital spell, one row each",
        code="code",
        sql=(
            "SELECT pid, date, code, emergency, spell_id, provider, coalesce(code = primary_diagnosis, FALSE) AS main FROM "
            "(SELECT pid, date, unnest(diagnoses) AS code, emergency, primary_diagnosis, spell_id, provider FROM admission) AS listed"
        ),
        needs=("admission",),
    ),
    Source(
        "emergency_readmission",
        {
            "date": _DATE,
            "days_since_discharge": Variable("number", "days since the discharge before", unit="days"),
        },
        "date",
        "Emergency admissions within 30 days of an earlier discharge of the same person (not counting transfers on the day)",
        sql=(
            "SELECT pid, date, date_diff('day', discharged_before, date) AS days_since_discharge FROM ("
            "SELECT pid, date, emergency, max(discharge_date) OVER (PARTITION BY pid ORDER BY date, discharge_date, provider, spell_id "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS discharged_before FROM admission) AS spells "
            "WHERE emergency AND discharged_before IS NOT NULL AND date_diff('day', discharged_before, date) BETWEEN 1 AND 30"
        ),
        needs=("admission",),
    ),
    Source(
        "fall_injury_admission",
        {"date": _DATE, "provider": _TEXT, "spell_id": _TEXT},
        "date",
        "Emergency admissions with an injury (S00 to T98) as the main diagnosis and a fall (W00 to W19) among the diagnoses",
        sql=(
            "SELECT DISTINCT pid, date, provider, spell_id FROM "
            "(SELECT pid, date, provider, spell_id, primary_diagnosis, unnest(diagnoses) AS code FROM admission WHERE emergency) AS listed "
            "WHERE (starts_with(primary_diagnosis, 'S') OR starts_with(primary_diagnosis, 'T')) "
            "AND (starts_with(code, 'W0') OR starts_with(code, 'W1'))"
        ),
        needs=("admission",),
    ),
)


def sources() -> dict[str, Source]:
    """Every source by name."""
    return _of_model() | {one.name: one for one in _WORKED_OUT}
