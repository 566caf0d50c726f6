"""Use of services, falls, opt-outs, carers, segments: rules about people, each on a table that shows where it turns."""

from __future__ import annotations

from pathlib import Path

from tests.definitions.lives import column, facts, people


def _attendances(pid: int, count: int, when: str, category: str = "1", kind: str = "01") -> str:
    return "\n".join(f"{pid}|{when}|{category}|{kind}" for _ in range(count))


def test_high_intensity_use_means_more_than(tmp_path: Path) -> None:
    rows = [
        "pid|date|attendance_category|department_type",
        _attendances(0, 5, "2026-10-15"),  # five in a month is not more than five
        _attendances(1, 6, "2026-10-15"),
        _attendances(2, 20, "2026-03-15"),
        _attendances(3, 21, "2026-03-15"),
        _attendances(4, 10, "2026-03-15"),
        _attendances(5, 11, "2026-03-15"),
        _attendances(6, 30, "2026-10-15", category="4"),  # planned follow-ups
        _attendances(7, 21, "2026-03-15"),  # aged 17
        _attendances(8, 6, "2026-08-15"),  # in the third month back
        _attendances(9, 30, "2025-10-31"),  # a day too long ago
        _attendances(10, 11, "2026-03-15", kind="03"),  # at an urgent treatment centre
    ]
    births = ["1980-01"] * 7 + ["2008-11"] + ["1980-01"] * 3
    found = facts(
        tmp_path, "hiu_nhs_england", "hiu_over_10", "hiu_over_5", "hiu_5_or_more", "hiu_major_over_10",
        person=people(*births), emergency_attendance="\n".join(rows),
    )  # fmt: skip
    met = {name: {n for n, r in enumerate(found) if r[name]} for name in found[0]}
    assert met["hiu_nhs_england"] == {1, 3, 8}
    assert met["hiu_over_10"] == {2, 3, 5, 10}
    assert met["hiu_over_5"] == {1, 2, 3, 4, 5, 8, 10}
    assert met["hiu_5_or_more"] == {0, 1, 2, 3, 4, 5, 7, 8, 10}
    assert met["hiu_major_over_10"] == {2, 3, 5}


def test_falls_are_found_and_never_scored(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "fell_12m", "fell_twice_12m", "falls_population", "falls_assessment_indicated",
        person=people("1955-01", "1955-01", "1955-01", "1970-01", "1980-01", "1955-01", "1970-01"),
        gp_event="""
            | pid | date       | code             | date_precision |
            |   0 | 2026-05-01 | falls            | day   |
            |   1 | 2026-05-01 | falls            | day   |
            |   1 | 2026-06-01 | falls            | day   |
            |   4 | 2026-05-01 | falls            | day   |
            |   4 | 2026-06-01 | falls            | day   |
            |   5 | 2026-01-01 | falls            | year  |
            |   5 | 2020-01-01 | frailty_moderate | day   |
        """,
        emergency_attendance="""
            | pid | date       | injury_mechanism |
            |   2 | 2026-05-01 | 1912002          |
            |   3 | 2026-05-01 | 1912002          |
        """,
        admission="""
            | pid | date       | primary_diagnosis | diagnoses |
            |   2 | 2026-05-01 | S720              | S720 W190 |
        """,
    )  # fmt: skip
    assert [r["fell_12m"] for r in found] == [True, True, True, True, True, False, False], (
        "a year alone is no date"
    )
    assert [r["fell_twice_12m"] for r in found] == [False, True, False, False, True, False, False]
    assert [r["falls_population"] for r in found] == [True, True, True, True, False, True, False]
    assert [r["falls_assessment_indicated"] for r in found] == [False, True, True, True, False, False, False]


def test_an_admission_for_an_injury_from_a_fall(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "fall_injury_admissions_12m", "falls_admissions_12m",
        admission="""
            | pid | date       | primary_diagnosis | diagnoses      | emergency | method |
            |   0 | 2026-05-01 | S720              | S720 W190 W010 | true      | 21 |
            |   1 | 2026-05-01 | I639              | I639 W190      | true      | 21 |
            |   2 | 2026-05-01 | S720              | S720 V019      | true      | 21 |
            |   3 | 2026-05-01 | S720              | S720 W190      | false     | 11 |
        """,
    )  # fmt: skip
    assert [r["fall_injury_admissions_12m"] for r in found] == [1, 0, 0, 0]
    assert [r["falls_admissions_12m"] for r in found] == [1, 1, 0, 0]


def test_the_latest_opt_out_decision_counts(tmp_path: Path) -> None:
    decisions = """
        | pid | date       | status    |
        |   0 | 2020-01-01 | dissent   |
        |   1 | 2020-01-01 | dissent   |
        |   1 | 2021-01-01 | withdrawn |
        |   2 | 2020-01-01 | dissent   |
        |   2 | 2021-01-01 | withdrawn |
        |   2 | 2022-01-01 | dissent   |
    """
    assert column(tmp_path, "type_1_opt_out", opt_out=decisions) == [True, False, True]


def test_carers_whom_only_one_side_knows(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "carer", "carer_known_to_one_side",
        gp_event="pid|date|code\n0|2020-01-01|carer\n1|2020-01-01|carer\n3|2020-01-01|smoker",
        social_care="pid|client_type|event_type|start_date\n1|carer|assessment|2026-01-01\n2|carer|assessment|2026-01-01",
    )  # fmt: skip
    assert [r["carer"] for r in found] == [True, True, True, False]
    assert [r["carer_known_to_one_side"] for r in found] == [True, False, True, False]


def test_everybody_is_in_the_first_segment_that_fits(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "bridges_to_health", "snee_segments",
        person=people("1940-01", "1940-01", "1960-01", "1960-01", "2026-05", "1990-01"),
        gp_event="""
            | pid | date       | code            |
            |   0 | 2026-01-01 | palliative_care |
            |   0 | 2020-01-01 | dementia        |
            |   1 | 2020-01-01 | dementia        |
            |   1 | 2020-01-01 | diabetes        |
            |   2 | 2020-01-01 | diabetes        |
            |   3 | 2020-01-01 | anxiety         |
        """,
        admission="pid|date\n3|2026-05-01",
    )  # fmt: skip
    assert [r["bridges_to_health"] for r in found] == [
        "End of life", "Frailty and dementia", "Long-term conditions", "Acutely ill", "Maternal and newborn", "Healthy",
    ]  # fmt: skip
    assert [r["snee_segments"] for r in found] == [
        "Die well",
        "Age well",
        "Stay well",
        "Feel well",
        "Live well",
        "Live well",
    ]


def test_the_five_areas_count_only_in_core20plus(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "core20", "plus_group", "five_severe_mental_illness", "core20plus5_areas",
        person="pid|birth_month|ethnicity\n0|1995-01-01|A\n1|1995-01-01|J\n2|1995-01-01|A",
        gp_event="pid|date|code\n0|2015-01-01|severe_mental_illness\n1|2015-01-01|severe_mental_illness\n2|2015-01-01|ld_register",
    )  # fmt: skip
    assert [r["plus_group"] for r in found] == [False, True, True]
    assert [r["five_severe_mental_illness"] for r in found] == [True, True, False]
    assert found[0]["core20plus5_areas"] == 0
    assert found[1]["core20plus5_areas"] >= 1  # type: ignore[operator]
