"""Spells from episodes and islands from packages, against plain Python."""

from __future__ import annotations

import datetime
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.intake.assembly.community import islands_sql
from goldenthread.intake.assembly.hospital import spells_sql

CONNECTION = duckdb.connect(config={"threads": 1})
START = datetime.date(2026, 1, 1)
DIAGNOSES = [f"diagnosis_{n}" for n in range(1, 14)]
PROCEDURES = [f"procedure_{n}" for n in range(1, 6)]

EPISODE = st.fixed_dictionaries(
    {
        "organisation": st.sampled_from(["RZ1", "RZ9"]),
        "spell_id": st.sampled_from(["s1", "s2"]),
        "episode": st.integers(1, 4),
        "who": st.sampled_from([None, b"a", b"b"]),
        "begin": st.integers(0, 3),
        "stay": st.one_of(st.none(), st.integers(0, 9)),
        "method": st.sampled_from(["11", "21", "2A"]),
        "ended": st.sampled_from([None, "1", "4", "8"]),
        "codes": st.lists(st.sampled_from([None, "I10", "J449", "E119", "S720"]), min_size=13, max_size=13),
        "operations": st.lists(st.sampled_from([None, "H221", "W371"]), min_size=5, max_size=5),
    }
)


def ask(name: str, table: pa.Table, sql: str) -> list[dict[str, Any]]:
    CONNECTION.register(name, table)
    rows: list[dict[str, Any]] = CONNECTION.sql(sql).to_arrow_table().to_pylist()
    return rows


def episode_table(rows: list[dict[str, Any]]) -> pa.Table:
    made = []
    for number, row in enumerate(rows):
        start = START + datetime.timedelta(days=row["begin"])
        made.append(
            {k: row[k] for k in ("organisation", "spell_id", "episode", "who", "method")}
            | {"cds_id": f"{number:04d}", "extract_date": START, "episode_start": start, "spell_start": start}
            | {
                "discharge_date": None
                if row["stay"] is None
                else start + datetime.timedelta(days=row["stay"])
            }
            | {
                "patient_class": str(1 + number % 2),
                "site": f"SITE{number}",
                "discharge_method": row["ended"],
            }
            | {"discharge_destination": None, "treatment_function": str(300 + number)}
            | dict(zip(DIAGNOSES, row["codes"], strict=True))
            | dict(zip(PROCEDURES, row["operations"], strict=True))
        )
    dates = ("extract_date", "episode_start", "spell_start", "discharge_date")
    kinds = {"episode": pa.int64(), "who": pa.binary(), **dict.fromkeys(dates, pa.date32())}
    return pa.table({k: pa.array([m[k] for m in made], kinds.get(k, pa.string())) for k in made[0]})


def without_repeats(codes: list[str | None]) -> list[str]:
    return list(dict.fromkeys(code for code in codes if code))


@settings(max_examples=25, deadline=None)
@given(st.lists(EPISODE, min_size=1, max_size=8))
def test_spells_agree_with_plain_python(rows: list[dict[str, Any]]) -> None:
    table = episode_table(rows)
    result = ask("episodes", table, spells_sql("episodes"))
    found = {(r["provider"], r["spell_id"]): r for r in result}
    spells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        spells.setdefault((row["organisation"], row["spell_id"]), []).append(row)
    assert len(result) == len(found) == len(spells)
    for key, episodes in spells.items():
        episodes.sort(key=lambda e: (e["episode"], e["episode_start"], e["cds_id"]))
        first, got = episodes[0], found[key]
        ends = [e["discharge_date"] for e in episodes if e["discharge_date"]]
        begin = min(e["spell_start"] for e in episodes)
        ways = [e["discharge_method"] for e in episodes if e["discharge_method"]]
        assert got["rows"] == got["episodes"] == len(episodes)
        assert got["who"] == next((e["who"] for e in episodes if e["who"]), None)
        assert (got["method"], got["emergency"]) == (first["method"], first["method"].startswith("2"))
        assert (got["site"], got["patient_class"]) == (first["site"], first["patient_class"])
        assert got["treatment_function"] == first["treatment_function"]
        assert got["primary_diagnosis"] == first["diagnosis_1"]
        assert got["diagnoses"] == without_repeats([e[d] for e in episodes for d in DIAGNOSES])
        assert got["procedures"] == without_repeats([e[p] for e in episodes for p in PROCEDURES])
        assert (got["date"], got["discharge_date"]) == (begin, max(ends, default=None))
        assert got["bed_days"] == ((max(ends) - begin).days if ends and max(ends) >= begin else None)
        assert got["discharge_method"] == ([w for w in ways if w != "8"] or ways or [None])[-1]


EVENT = st.fixed_dictionaries(
    {
        "who": st.sampled_from([b"a", b"b"]),
        "client_type": st.sampled_from(["service user", "service user", "carer"]),
        "event_type": st.sampled_from(["service", "service", "review"]),
        "service_type": st.sampled_from([None, "long term: nursing"]),
        "first": st.integers(0, 40),
        "length": st.one_of(st.none(), st.integers(0, 12)),
    }
)


def event_table(rows: list[dict[str, Any]]) -> pa.Table:
    made = [
        {
            "who": row["who"],
            "record": None,
            "organisation": "CLN",
            "client_type": row["client_type"],
            "event_type": row["event_type"],
            "service_type": row["service_type"],
            "delivery_mechanism": None,
            "primary_support_reason": f"reason {number}",
            "submission_date": START,
            "event_reference": f"{number:04d}",
            "start_date": START + datetime.timedelta(days=row["first"]),
            "end_date": None
            if row["length"] is None
            else START + datetime.timedelta(days=row["first"] + row["length"]),
        }
        for number, row in enumerate(rows)
    ]
    kinds = {
        "who": pa.binary(),
        "record": pa.binary(),
        "submission_date": pa.date32(),
        "start_date": pa.date32(),
        "end_date": pa.date32(),
    }
    return pa.table({k: pa.array([m[k] for m in made], kinds.get(k, pa.string())) for k in made[0]})


def plain_islands(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """Walk through each package by start; a row joins while it begins no later than the day after the reach."""
    islands: list[list[Any]] = []
    for row in sorted(
        rows, key=lambda r: (r["start_date"], r["end_date"] or datetime.date.max, r["event_reference"])
    ):
        last = row["end_date"] or datetime.date.max
        for island in islands:
            if island[0] != (row["who"], row["client_type"], row["event_type"], row["service_type"]):
                continue
            near = island[2] == datetime.date.max or row["start_date"] <= island[2] + datetime.timedelta(
                days=1
            )
            if (row["event_type"] == "service" and near) or (
                row["event_type"] != "service" and row["start_date"] == island[1]
            ):
                island[2], island[3] = max(island[2], last), island[3] + 1
                break
        else:
            islands.append(
                [
                    (row["who"], row["client_type"], row["event_type"], row["service_type"]),
                    row["start_date"],
                    last,
                    1,
                ]
            )
    return {
        (*key, first, None if last == datetime.date.max else last, rows) for key, first, last, rows in islands
    }


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=12))
def test_islands_agree_with_plain_python(rows: list[dict[str, Any]]) -> None:
    table = event_table(rows)
    result = ask("events", table, islands_sql("events"))
    found = [
        tuple(
            r[c]
            for c in (
                "who",
                "client_type",
                "event_type",
                "service_type",
                "start_date",
                "end_date",
                "rows_joined",
            )
        )
        for r in result
    ]
    assert len(found) == len(set(found))
    assert set(found) == plain_islands(table.to_pylist())
    assert sum(r["rows_joined"] for r in result) == len(rows)


def test_support_for_oneself_and_as_a_carer_are_two_spells() -> None:
    """A carer whose own care begins while the carer's support runs has both, each with its own days."""
    rows = [
        {
            "who": b"a",
            "client_type": kind,
            "event_type": "service",
            "service_type": None,
            "first": at,
            "length": 9,
        }
        for kind, at in (("carer", 0), ("service user", 5), ("carer", 10))
    ]
    result = ask("events", event_table(rows), islands_sql("events"))
    spells = {(r["client_type"], r["start_date"].day, r["end_date"].day, r["rows_joined"]) for r in result}
    assert spells == {("carer", 1, 20, 2), ("service user", 6, 15, 1)}
