"""The SQL that definitions become, kept for review: a change of it is seen in the diff.

Rewrite the files with: WRITE_STATEMENTS=1 python -m pytest tests/measures/test_statements.py
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from sqlglot.dialects import DuckDB

from goldenthread.definitions import Catalogue, Codelist, Condition, Measure, Segment, Segmentation, Span
from goldenthread.measures import compile_plan
from goldenthread.measures.engines import to_spark
from goldenthread.measures.person import person_sql
from goldenthread.measures.words import WORDS

HERE = Path(__file__).parent / "statements"
INDEX = date(2026, 10, 31)
LISTS = {
    "hba1c": Codelist("hba1c", {"999791000000106": ""}, "snomed"),
    "copd_icd10": Codelist("copd_icd10", {"J44": ""}, "icd10"),
}


def _measure(name: str, table: str, take: str, **more: object) -> Measure:
    return Measure(name, "a rule", "a source", table=table, take=take, **more)  # type: ignore[arg-type]


CATALOGUE = Catalogue(
    {
        one.name: one
        for one in (
            _measure("hba1c_latest", "gp_event", "latest value", codes=("hba1c",), within=Span(24, "months"), valid=(20.0, 200.0)),
            _measure("hba1c_days", "gp_event", "days", codes=("hba1c",), since="financial year"),
            _measure("emergency_admissions", "admission", "count", where="emergency", within=Span(12, "months")),
            _measure("bed_days", "admission", "sum", of="bed_days", within=Span(12, "months")),
            _measure("copd_main", "diagnosis", "exists", codes=("copd_icd10",), where="main"),
            _measure("care_days", "social_care", "days covered", within=Span(12, "months")),
            _measure("in_care", "social_care", "exists", active=True),
            Measure("over_target", "a rule", "a source", expression="hba1c_latest > 58 and not missing(bed_days)"),
            Condition("diabetes", "a rule", "a source", codes=("hba1c",), min_age=17),
            Segmentation(
                "segments", "a rule", "a source",
                segments=(Segment("frail", "a rule", "in_care or age >= 90"),), otherwise="others",
            ),
        )
    },
    LISTS,
)  # fmt: skip


def statements() -> dict[str, str]:
    plan = compile_plan(CATALOGUE, CATALOGUE.definitions)
    found = {f"{name}.sql": sql for name, sql in plan.statements(INDEX, 0, 49_999).items()}
    found |= {f"{name}_own_dates.sql": sql for name, sql in plan.statements(None, 0, 49_999).items()}
    found["gp_event_rows.sql"] = plan.coded["gp_event"].rows_statement(0, 49_999, INDEX)
    found["diagnosis_rows_own_dates.sql"] = plan.coded["diagnosis"].rows_statement(0, 49_999, None)
    scan = plan.plain["social_care"]
    found["days_covered.sql"] = scan.covered_statement(scan.measures[0], 0, 49_999, INDEX)
    found["person.sql"] = person_sql(0, 49_999, "DATE '2026-10-31'")
    lines = [
        f"{n} = {sql}" for d in plan.steps for n, sql in plan.expression_sql(d, "DATE '2026-10-31'").items()
    ]
    found["expressions.sql"] = "\n".join(lines)
    found["gp_event_spark.sql"] = to_spark(found["gp_event.sql"])
    return {name: sql.strip() + "\n" for name, sql in found.items()}


@pytest.mark.parametrize("name", sorted(statements()))
def test_the_statement_is_the_one_that_was_reviewed(name: str) -> None:
    path = HERE / name
    if os.environ.get("WRITE_STATEMENTS"):
        HERE.mkdir(exist_ok=True)
        path.write_text(statements()[name], encoding="utf-8")
    assert path.read_text("utf-8") == statements()[name]


def test_no_statement_is_kept_that_nothing_makes() -> None:
    assert sorted(p.name for p in HERE.iterdir()) == sorted(statements())


def test_the_words_to_quote_are_those_of_the_dialect() -> None:
    assert {w for w in DuckDB.Tokenizer.KEYWORDS if w.isidentifier()} <= WORDS
