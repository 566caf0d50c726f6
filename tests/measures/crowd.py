"""A crowded lake: a few hundred people with random rows in every table, using every code of every list."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from goldenthread.definitions import Catalogue
from goldenthread.lake import Lake, Snapshot
from goldenthread.model import Column, Table, tables

PEOPLE = 300
ROWS = 4_000


def crowd(folder: Path, catalogue: Catalogue) -> Snapshot:
    """Build it. The rows follow from hashes, so they are the same every time."""
    snomed = sorted(
        {int(c) for one in catalogue.codelists.values() if one.system == "snomed" for c in one.codes}
    )
    icd10 = sorted({c for one in catalogue.codelists.values() if one.system == "icd10" for c in one.codes})
    lake = Lake(folder)
    with lake.begin(memory_mb=500, threads=2) as builder:
        builder.connection.register(
            "snomed", pa.table({"n": range(len(snomed)), "code": pa.array(snomed, pa.int64())})
        )
        builder.connection.register("icd", pa.table({"n": range(len(icd10)), "code": icd10}))
        for declared in sorted(tables().values(), key=lambda t: t.kind != "person"):
            rows = PEOPLE if declared.kind == "person" else 40 if not declared.has_person else ROWS
            if declared.name == "gp_event":
                rows = 40_000
            builder.write(declared.name, _rows(declared, rows, len(snomed), len(icd10)))
        builder.commit(data_dates={"gp_event": "2026-10-31"})
    return lake.current()


def _rows(declared: Table, rows: int, snomed: int, icd10: int) -> str:
    columns = ", ".join(
        _column(declared, c, snomed, icd10) + f" AS {c.name}" for c in declared.columns.values()
    )
    grain = ", ".join(declared.grain)
    order = ", ".join(c for c in declared.columns)
    return (
        f"SELECT * FROM (SELECT {columns} FROM range({rows}) AS numbers(i)) "
        f"QUALIFY row_number() OVER (PARTITION BY {grain} ORDER BY {order}) = 1"
    )


def _draw(salt: int, below: int) -> str:
    return f"CAST(hash(i * 1000 + {salt}) % {below} AS INTEGER)"


def _column(declared: Table, column: Column, snomed: int, icd10: int) -> str:
    salt = sum(map(ord, declared.name + column.name))
    value = _value(declared, column, salt, snomed, icd10)
    if column.nullable and column.name != "primary_diagnosis":
        return f"CASE WHEN {_draw(salt + 7, 4)} = 0 THEN NULL ELSE {value} END"
    return value


def _value(declared: Table, column: Column, salt: int, snomed: int, icd10: int) -> str:
    name = column.name
    if name == "pid":
        return "CAST(i AS INTEGER)" if declared.kind == "person" else _draw(salt, PEOPLE)
    if declared.kind == "reference" and name in declared.grain:
        return {"practice": "'Z' || lpad(i::VARCHAR, 5, '0')", "pcn": "'UZ' || lpad(i::VARCHAR, 3, '0')"}.get(
            name, "'E01' || lpad(i::VARCHAR, 6, '0')"
        )
    if column.value_set is not None:
        codes = ", ".join(f"'{c}'" for c in column.value_set.codes)
        return f"[{codes}][1 + {_draw(salt, len(column.value_set.codes))}]"
    if column.format == "snomed":
        return f"(SELECT code FROM snomed WHERE n = {_draw(salt, snomed)})"
    if column.type == "text_list":
        listed = ", ".join(f"(SELECT code FROM icd WHERE n = {_draw(salt + k, icd10)})" for k in range(3))
        return f"[{listed}]" if column.format == "icd10" else "CAST([] AS VARCHAR[])"
    if column.format == "icd10":
        return f"(SELECT code FROM icd WHERE n = {_draw(salt, icd10)})"
    if name in ("practice", "pcn", "lsoa"):
        start = {"practice": "'Z' || lpad(", "pcn": "'UZ' || lpad(", "lsoa": "'E01' || lpad("}[name]
        width = {"practice": 5, "pcn": 3, "lsoa": 6}[name]
        return f"{start}CAST({_draw(salt, 40)} AS VARCHAR), {width}, '0')"
    if name == "birth_month":
        return f"CAST(DATE '1925-01-01' + to_months({_draw(salt, 1200)}) AS DATE)"
    match column.type:
        case "date":
            days = 3 if name.endswith("end_date") or name == "discharge_date" else 0
            return f"CAST(DATE '2022-01-01' + {_draw(salt, 1764)} + {days} AS DATE)"
        case "bool":
            return f"({_draw(salt, 2)} = 0)"
        case "int32":
            return (
                _draw(salt, int(column.maximum or 60) + 1) if not column.minimum else f"1 + {_draw(salt, 9)}"
            )
        case "int64":
            return "i"
        case "float64":
            return f"{_draw(salt, 20000)} / 100.0"
        case "pseudonym":
            return "encode(lpad(i::VARCHAR, 16, '0'))"
    return f"'{name}' || {_draw(salt, 1_000_000)}"
