"""What the shipped definitions promise, whatever the data: enough of them, sound, and all of them usable."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from goldenthread.definitions import Condition, Definition, Measure, load_catalogue
from goldenthread.definitions.expressions import names, parse
from goldenthread.measures import PERSON, compile_plan, evaluate, variables
from tests.definitions.lives import facts, shipped
from tests.measures.tiny import build

REGISTERS = [
    "AF",
    "AST",
    "CAN",
    "CHD",
    "CKD",
    "COPD",
    "DEM",
    "DEP",
    "DM",
    "EP",
    "HF",
    "HYP",
    "LD",
    "MH",
    "NDH",
    "OB",
    "OST",
    "PAD",
    "PC",
    "RA",
    "STIA",
]
"""The registers of the Quality and Outcomes Framework that need one."""

FACTS = [
    n for n, d in shipped().definitions.items() if d.kind in ("measure", "condition", "score", "segment")
]


def test_enough_of_each_kind() -> None:
    catalogue = shipped()
    assert len(catalogue.conditions) >= 45
    assert len(catalogue.measures) >= 200
    assert len(catalogue.segmentations) >= 2
    assert len(catalogue.cohorts) >= 15
    assert len(catalogue.indicators) >= 30


def test_each_qof_register_is_one_condition() -> None:
    held = [c.register for c in shipped().conditions.values() if c.register]
    assert sorted(held) == sorted(REGISTERS)


@pytest.mark.parametrize("condition", shipped().conditions.values(), ids=lambda c: c.name)
def test_a_condition_says_its_ages_and_its_group(condition: Condition) -> None:
    assert condition.group
    if condition.min_age is not None or condition.max_age is not None:
        assert str(condition.min_age) in condition.rule
    else:
        assert re.search(r"any age|aged \d+|at \d+", condition.rule), condition.rule
    if condition.resolved and condition.name != "pregnant":
        assert "later code" in condition.rule, "says what ends it"


def test_every_definition_says_where_it_comes_from_in_plain_words() -> None:
    for definition in shipped().definitions.values():
        assert len(definition.rule.split()) >= 2, definition.name
        assert len(definition.source) >= 8, definition.name
        assert "!" not in definition.rule, definition.name


def test_every_definition_knows_its_line() -> None:
    for definition in shipped().definitions.values():
        heading = Path(definition.file).read_text("utf-8").splitlines()[definition.line - 1]
        assert heading == f"[{definition.name}]"


def test_no_file_is_too_long_to_read() -> None:
    for path in {Path(d.file) for d in shipped().definitions.values()}:
        assert len(path.read_text("utf-8").splitlines()) <= 500, path.name


def test_a_number_has_a_unit() -> None:
    """Counts, sums and values are of something."""
    known = variables(shipped())
    for name, measure in shipped().measures.items():
        if known[name].kind == "number" and measure.area != "scores":
            assert measure.unit, name


def test_a_window_stands_in_the_rule() -> None:
    """Whoever reads the rule learns how far back it looks."""
    for measure in shipped().measures.values():
        if measure.within is None or measure.area in ("scores", "frailty"):
            continue
        amount, unit = measure.within.amount, measure.within.unit
        months = {f"{amount} months", f"{amount // 12} years", "the month" if amount == 1 else ""} - {""}
        if measure.until:
            months |= {"24 and 12 months", "month back"}
        assert unit == "months", measure.name
        assert any(m in measure.rule for m in months), f"{measure.name}: {measure.rule}"


def test_every_expression_uses_only_what_exists() -> None:
    known = variables(shipped())
    for indicator in shipped().indicators.values():
        for text in (indicator.numerator, indicator.denominator):
            assert set(names(parse(text))) <= set(known)


def test_every_codelist_that_a_definition_uses_is_there() -> None:
    catalogue = shipped()
    for definition in catalogue.definitions.values():
        codes: tuple[str, ...] = getattr(definition, "codes", ()) + getattr(definition, "resolved", ())
        assert set(codes) <= set(catalogue.codelists), definition.name


def test_nothing_scores_the_risk_of_falling() -> None:
    """NICE NG249, recommendation 1.1.1: do not use falls risk prediction tools."""
    about = [
        d
        for d in shipped().definitions.values()
        if re.search(r"\bfall(s|ing|er)?\b", d.name.replace("_", " "))
    ]
    assert about
    for definition in about:
        assert definition.kind not in ("score", "segment"), definition.name
        if isinstance(definition, Measure) and definition.expression:
            assert variables(shipped())[definition.name].kind == "truth", definition.name


def test_everything_compiles_in_one_scan_of_each_table() -> None:
    plan = compile_plan(shipped(), FACTS)
    statements = plan.statements(None)
    assert len(statements) <= len(plan.coded) + len(plan.plain)
    assert {"gp_event", "medication", "emergency_attendance", "social_care", "diagnosis"} <= {
        *plan.coded,
        *plan.plain,
    }


def test_everything_evaluates(tmp_path: Path) -> None:
    """Every fact about somebody of whom nothing is recorded, and of somebody with one row in each table."""
    people = build(
        tmp_path / "lake",
        person="|pid|birth_month|\n|0|1950-01-01|\n|1|1950-01-01|",
        gp_event="|pid|date|code|value|\n|1|2026-10-01|271649006|150|",
        medication="|pid|date|code|\n|1|2026-10-01|320029006|",
        appointment="|pid|date|\n|1|2026-10-01|",
        emergency_attendance="|pid|date|\n|1|2026-10-01|",
        admission="|pid|date|discharge_date|primary_diagnosis|diagnoses|bed_days|\n|1|2026-10-01|2026-10-03|S720|S720 W190|2|",
        social_care="|pid|start_date|service_type|\n|1|2026-10-01|long term: community|",
    )
    table = evaluate(people, shipped(), FACTS, index_date=date(2026, 10, 31))
    known = variables(shipped())
    nobody, somebody = table.to_pylist()
    for name in FACTS:
        if known[name].kind == "truth":
            assert None not in (nobody[name], somebody[name]), f"{name} is missing, not false"
    counted = [
        n for n, m in shipped().measures.items() if m.take in ("count", "days", "sum", "distinct groups")
    ]
    assert all(nobody[n] == 0 for n in counted)
    assert somebody["ed_attendances_12m"] == 1
    assert somebody["fall_injury_admissions_12m"] == 1
    assert somebody["long_term_community_now"]
    assert somebody["bridges_to_health"] == "Disability"
    has_nothing = [c for c in shipped().conditions if nobody[c]]
    assert not has_nothing


def test_the_gaps_are_as_many_as_the_rule_says() -> None:
    measures = shipped().measures
    for name, count in {
        "care_gaps": 26,
        "care_gaps_clinical": 9,
        "long_term_conditions": 25,
        "prescribing_hazards": 12,
    }.items():
        assert len(parse(measures[name].expression).parts) == count  # type: ignore[union-attr]
        spelt = {26: "26", 9: "9", 25: "25", 12: "twelve"}[count]
        assert spelt in measures[name].rule


def test_names_do_not_hide_a_fact_about_the_person() -> None:
    assert not set(shipped().definitions) & set(PERSON)


# -- the page that shows how to add one -------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "definitions.md"


def _files_of_the_page() -> dict[str, str]:
    """Files shown on the page: a line that names the file, then the file in a fence."""
    shown = re.findall(r"`([\w/]+\.(?:toml|csv))`:?\n\n```\w*\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return dict(shown)


def test_the_page_adds_a_condition_and_a_measure_by_one_file_each(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for name, text in _files_of_the_page().items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text, "utf-8")
    catalogue = load_catalogue(own)
    added = set(catalogue.definitions) - set(shipped().definitions)
    assert added == {"motor_neurone_disease", "night_calls_999_12m"}
    found = facts(
        tmp_path, "motor_neurone_disease", "motor_neurone_disease_since", "night_calls_999_12m", "learning_disability",
        catalogue=catalogue,
        gp_event="""
            | pid | date       | code                  |
            |   0 | 2025-02-01 | motor_neurone_disease |
            |   1 | 2020-01-01 | ld_register           |
        """,
        urgent_call="""
            | pid | date       | service | hour | reason | disposition    | conveyed | provider |
            |   0 | 2026-10-01 | 999     |   23 | fall   | ambulance sent | true     | RX9      |
            |   0 | 2026-10-02 | 999     |   12 | fall   | ambulance sent | true     | RX9      |
            |   0 | 2026-10-03 | 111     |    2 | fall   | self care      | false    | RX9      |
        """,
    )  # fmt: skip
    assert [r["motor_neurone_disease"] for r in found] == [True, False]
    assert str(found[0]["motor_neurone_disease_since"]) == "2025-02-01"
    assert [r["night_calls_999_12m"] for r in found] == [1, 0]
    assert [r["learning_disability"] for r in found] == [False, True]


def _kinds(definitions: list[Definition]) -> set[str]:
    return {d.kind for d in definitions}


def test_every_kind_is_shipped() -> None:
    assert _kinds(list(shipped().definitions.values())) == {
        "measure",
        "condition",
        "score",
        "segment",
        "cohort",
        "indicator",
        "initiative",
        "coding check",
    }
