"""Since when: a condition made of others has held since they did."""

from datetime import date
from pathlib import Path

from goldenthread.definitions import Catalogue, Codelist, Condition, Measure
from goldenthread.measures import evaluate
from tests.measures.tiny import build

CHD, STROKE = "22298006", "73211009"
LISTS = {"chd": Codelist("chd", {CHD: ""}, "snomed"), "stroke": Codelist("stroke", {STROKE: ""}, "snomed")}


def made_of(text: str) -> Condition:
    return Condition("whole", "a rule", "a source", expression=text)


def since(folder: Path, text: str) -> list[tuple[bool, date | None]]:
    snapshot = build(
        folder,
        person="""
            | pid | birth_month |
            | 0   | 1950-01-01  |
            | 1   | 1950-01-01  |
            | 2   | 1950-01-01  |
            | 3   | 1950-01-01  |
        """,
        gp_event=f"""
            | pid | date       | code     |
            | 0   | 2010-01-01 | {CHD}    |
            | 0   | 2005-01-01 | {STROKE} |
            | 1   | 2012-01-01 | {CHD}    |
            | 2   | 2013-01-01 | {STROKE} |
        """,
    )
    parts = [Condition(n, "a rule", "a source", codes=(n,)) for n in LISTS]
    told = Measure("told", "a rule", "a source", table="gp_event", take="exists", codes=("chd",))
    catalogue = Catalogue({d.name: d for d in (*parts, told, made_of(text))}, LISTS)
    rows = evaluate(snapshot, catalogue, ["whole_since", "whole"], index_date=date(2026, 10, 31)).to_pylist()
    return [(r["whole"], r["whole_since"]) for r in rows]


def test_either_since_the_first_of_those_that_hold(tmp_path: Path) -> None:
    assert since(tmp_path, "chd or stroke") == [
        (True, date(2005, 1, 1)), (True, date(2012, 1, 1)), (True, date(2013, 1, 1)), (False, None),
    ]  # fmt: skip


def test_both_since_the_last(tmp_path: Path) -> None:
    assert since(tmp_path, "chd and stroke and age >= 18") == [
        (True, date(2010, 1, 1)), (False, None), (False, None), (False, None),
    ]  # fmt: skip


def test_no_date_where_another_reason_may_have_come_first(tmp_path: Path) -> None:
    assert since(tmp_path, "chd or told") == [(True, None), (True, None), (False, None), (False, None)]
