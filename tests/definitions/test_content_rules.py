"""The subtle rules among the shipped definitions, each on a table that shows where it turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenthread.definitions import load_catalogue
from tests.definitions.lives import column, facts, shipped


def _people(*births: str) -> str:
    return "pid|birth_month\n" + "\n".join(f"{n}|{b}-01" for n, b in enumerate(births))


# -- registers ----------------------------------------------------------------------------------------------


def test_diabetes_ends_by_a_later_code_and_may_begin_again(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "diabetes", "diabetes_since", "diabetes_any_age",
        person=_people("1960-01", "1960-01", "1960-01", "1960-01", "2009-11", "2009-10"),
        gp_event="""
            | pid | date       | code              |
            |   0 | 2015-05-01 | diabetes          |
            |   1 | 2015-05-01 | diabetes          |
            |   1 | 2016-05-01 | diabetes_resolved |
            |   2 | 2015-05-01 | diabetes          |
            |   2 | 2015-05-01 | diabetes_resolved |
            |   3 | 2015-05-01 | diabetes          |
            |   3 | 2016-05-01 | diabetes_resolved |
            |   3 | 2020-05-01 | diabetes          |
            |   4 | 2020-05-01 | diabetes          |
            |   5 | 2020-05-01 | diabetes          |
        """,
    )  # fmt: skip
    assert [r["diabetes"] for r in found] == [True, False, True, True, False, True], "the register is from 17"
    assert [r["diabetes_any_age"] for r in found] == [True, False, True, True, True, True]
    assert str(found[3]["diabetes_since"]) == "2020-05-01", "since it began again"


def test_asthma_needs_a_medicine_within_12_months_and_an_age_of_6(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "asthma", "asthma_diagnosed",
        person=_people("1980-01", "1980-01", "1980-01", "2020-11", "2020-10", "1980-01"),
        gp_event="pid|date|code\n" + "\n".join(f"{n}|2021-05-01|asthma" for n in range(6)),
        medication="""
            | pid | date       | code                 |
            |   0 | 2025-11-01 | saba_inhaler         |
            |   1 | 2025-10-31 | saba_inhaler         |
            |   2 | 2026-10-31 | inhaled_corticosteroid |
            |   3 | 2026-10-01 | saba_inhaler         |
            |   4 | 2026-10-01 | saba_inhaler         |
            |   5 | 2026-10-01 | lama_inhaler         |
        """,
    )  # fmt: skip
    assert [r["asthma"] for r in found] == [True, False, True, False, True, False]
    assert all(r["asthma_diagnosed"] for r in found)


def test_dates_that_begin_a_register(tmp_path: Path) -> None:
    """Cancer since April 2003; depression since April 2006, its latest code deciding."""
    events = """
        | pid | date       | code       |
        |   0 | 2003-03-31 | cancer     |
        |   1 | 2003-04-01 | cancer     |
        |   0 | 2006-03-31 | depression |
        |   1 | 2006-03-31 | depression |
        |   1 | 2006-04-01 | depression |
    """
    found = facts(tmp_path, "cancer", "depression", "cancer_since", gp_event=events)
    assert [r["cancer"] for r in found] == [False, True]
    assert [r["depression"] for r in found] == [False, True]
    assert found[0]["cancer_since"] is None


def test_severe_mental_illness_by_diagnosis_or_lithium(tmp_path: Path) -> None:
    found = column(
        tmp_path, "severe_mental_illness",
        gp_event="""
            | pid | date       | code                            |
            |   0 | 2010-01-01 | severe_mental_illness           |
            |   1 | 2010-01-01 | severe_mental_illness           |
            |   1 | 2020-01-01 | severe_mental_illness_remission |
        """,
        medication="""
            | pid | date       | code    |
            |   2 | 2026-05-01 | lithium |
            |   3 | 2026-04-30 | lithium |
        """,
    )  # fmt: skip
    assert found == [True, False, True, False]


def test_kidney_disease_by_code_and_by_two_results_apart(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "ckd", "ckd_by_egfr", "ckd_stage_3b", "ckd_uncoded",
        gp_event="""
            | pid | date       | code          | value |
            |   0 | 2020-01-01 | ckd           |       |
            |   0 | 2022-01-01 | ckd_stage_1_2 |       |
            |   1 | 2024-06-01 | egfr          | 42    |
            |   1 | 2026-06-01 | egfr          | 41    |
            |   2 | 2026-01-01 | egfr          | 42    |
            |   2 | 2026-06-01 | egfr          | 41    |
            |   3 | 2024-06-01 | egfr          | 42    |
            |   3 | 2026-06-01 | egfr          | 60    |
        """,
    )  # fmt: skip
    assert not found[0]["ckd"], "put down to stage 2"
    assert [r["ckd_by_egfr"] for r in found] == [False, True, False, False], "one bad spell is no disease"
    assert found[1]["ckd_stage_3b"]
    assert found[1]["ckd_uncoded"]


def test_obesity_begins_lower_in_some_ethnic_groups(tmp_path: Path) -> None:
    found = column(
        tmp_path, "obesity",
        person="pid|ethnicity\n0|A\n1|A\n2|J\n3|J\n4|99",
        gp_event="""
            | pid | date       | code | value |
            |   0 | 2026-05-01 | bmi  | 29.9  |
            |   1 | 2026-05-01 | bmi  | 30    |
            |   2 | 2026-05-01 | bmi  | 27.5  |
            |   3 | 2025-10-31 | bmi  | 40    |
            |   4 | 2026-05-01 | bmi  | 28    |
        """,
    )  # fmt: skip
    assert found == [False, True, True, False, False], "a result of more than 12 months ago does not count"


def test_the_latest_severity_of_frailty_counts(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "frailty_mild", "frailty_moderate", "frailty_severe", "frailty_coded",
        gp_event="""
            | pid | date       | code             |
            |   0 | 2020-01-01 | frailty_severe   |
            |   0 | 2022-01-01 | frailty_moderate |
            |   1 | 2022-01-01 | frailty_mild     |
            |   1 | 2022-01-01 | frailty_severe   |
        """,
    )  # fmt: skip
    assert [r["frailty_coded"] for r in found] == ["moderate", "severe"], "the more severe of one day"
    assert [r["frailty_severe"] for r in found] == [False, True]


# -- learning disability --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "due"),
    [("2026-03-31", [False, True, False, True]), ("2026-04-01", [True, True, False, True])],
)
def test_the_health_check_begins_anew_on_1_april(tmp_path: Path, on: str, due: list[bool]) -> None:
    found = column(
        tmp_path, "ld_check_due", on=on,
        person=_people("1990-01", "1990-01", "2013-01", "2012-03"),
        gp_event="""
            | pid | date       | code            |
            |   0 | 2010-01-01 | ld_register     |
            |   0 | 2026-03-31 | ld_health_check |
            |   1 | 2010-01-01 | ld_register     |
            |   1 | 2025-03-31 | ld_health_check |
            |   2 | 2020-01-01 | ld_register     |
            |   3 | 2020-01-01 | ld_register     |
        """,
    )  # fmt: skip
    assert found == due, "and only from the fourteenth birthday"


def test_a_removal_list_of_ones_own_ends_the_register(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "codelists").mkdir(parents=True)
    (own / "conditions").mkdir()
    # any code will do here: it only has to be another
    (own / "codelists" / "ld_register_removed.csv").write_text(
        "code,term\n22298006,Stands for a removal code\n"
    )
    (own / "conditions" / "ours.toml").write_text(
        '[learning_disability]\nrule = "Register, any age: a code not followed by a later code for removal"\n'
        'codes = "ld_register"\nresolved = "ld_register_removed"\nsource = "QOF business rules v50: LD005"\nversion = "2"\n'
    )
    events = """
        | pid | date       | code                |
        |   0 | 2010-01-01 | ld_register         |
        |   1 | 2010-01-01 | ld_register         |
        |   1 | 2020-01-01 | ld_register_removed |
        |   2 | 2020-01-01 | ld_register_removed |
        |   2 | 2021-01-01 | ld_register         |
    """
    found = facts(
        tmp_path, "learning_disability", "ld_check_due", catalogue=load_catalogue(own), gp_event=events
    )
    assert [r["learning_disability"] for r in found] == [True, False, True]
    assert [r["ld_check_due"] for r in found] == [True, False, True], "what rests on it follows"


def test_learning_disability_that_other_records_speak_of(tmp_path: Path) -> None:
    found = column(
        tmp_path, "ld_likely_not_on_register_flag",
        person=_people(*["1990-01"] * 8),
        gp_event="""
            | pid | date       | code                |
            |   0 | 2024-01-01 | learning_difficulty |
            |   6 | 2010-01-01 | ld_register         |
        """,
        social_care="""
            | pid | start_date | end_date   | primary_support_reason | service_type         |
            |   1 | 2020-01-01 |            | learning disability    | long term: community |
            |   2 | 2020-01-01 |            | mental health          | long term: community |
            |   3 | 2020-01-01 | 2024-10-31 | learning disability    | long term: community |
            |   6 | 2020-01-01 |            | learning disability    | long term: community |
        """,
        mental_health_contact="""
            | pid | date       | team_type | attended | provider |
            |   4 | 2026-01-01 | E01       | 5        | RP7      |
            |   5 | 2026-01-01 | E01       | 3        | RP7      |
        """,
        admission="""
            | pid | date       | diagnoses  |
            |   7 | 2015-01-01 | J189 F719  |
        """,
    )  # fmt: skip
    assert found == [False, True, False, False, True, False, False, True]


def test_an_entry_on_the_register_that_nothing_supports(tmp_path: Path) -> None:
    found = column(
        tmp_path, "ld_probably_wrong_flag",
        person=_people("1980-01", "1980-01", "1980-01", "1980-01", "1980-01", "2005-01"),
        gp_event="""
            | pid | date       | code                |
            |   0 | 2022-01-01 | ld_register         |
            |   1 | 1990-01-01 | ld_register         |
            |   2 | 1990-01-01 | ld_register         |
            |   2 | 1995-01-01 | learning_difficulty |
            |   3 | 2022-01-01 | ld_register         |
            |   3 | 2023-01-01 | ld_health_check     |
            |   4 | 2022-01-01 | ld_register         |
            |   4 | 2023-01-01 | ld_register#1       |
            |   5 | 2022-01-01 | ld_register         |
        """,
    )  # fmt: skip
    assert found == [True, False, True, False, False, False]


# -- high intensity use ---------------------------------------------------------------------------------------


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
        person=_people(*births), emergency_attendance="\n".join(rows),
    )  # fmt: skip
    met = {name: {n for n, r in enumerate(found) if r[name]} for name in found[0]}
    assert met["hiu_nhs_england"] == {1, 3, 8}
    assert met["hiu_over_10"] == {2, 3, 5, 10}
    assert met["hiu_over_5"] == {1, 2, 3, 4, 5, 8, 10}
    assert met["hiu_5_or_more"] == {0, 1, 2, 3, 4, 5, 7, 8, 10}
    assert met["hiu_major_over_10"] == {2, 3, 5}


# -- falls ----------------------------------------------------------------------------------------------------


def test_falls_are_found_and_never_scored(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "fell_12m", "fell_twice_12m", "falls_population", "falls_assessment_indicated",
        person=_people("1955-01", "1955-01", "1955-01", "1970-01", "1980-01", "1955-01", "1970-01"),
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


# -- treatment and checks ---------------------------------------------------------------------------------------


def test_blood_pressure_targets(tmp_path: Path) -> None:
    readings = [(140, 90), (139, 89), (150, 90), (149, 91), (135, 85), (141, 80)]
    births = ["1960-01", "1960-01", "1940-01", "1940-01", "1960-01", "1960-01"]
    rows = ["pid|date|code|value"]
    for pid, (systolic, diastolic) in enumerate(readings):
        rows += [
            f"{pid}|2026-05-01|blood_pressure_systolic|{systolic}",
            f"{pid}|2026-05-01|blood_pressure_diastolic|{diastolic}",
        ]
    rows += ["4|2020-01-01|ckd|0", "4|2026-01-01|urine_acr|70"]
    found = facts(
        tmp_path, "bp_to_target_qof", "bp_to_target_nice", person=_people(*births), gp_event="\n".join(rows)
    )
    assert [r["bp_to_target_qof"] for r in found] == [True, True, True, False, True, False]
    assert [r["bp_to_target_nice"] for r in found] == [False, True, False, False, False, False]


def test_eight_care_processes_are_all_eight(tmp_path: Path) -> None:
    processes = "hba1c blood_pressure_systolic cholesterol_total creatinine urine_acr diabetes_foot_check bmi never_smoked"
    rows = ["pid|date|code"] + [f"{p}|2026-05-01|{code}" for p in (0, 1, 2) for code in processes.split()]
    rows = [r for r in rows if r != "1|2026-05-01|urine_acr"] + [
        "0|2015-01-01|diabetes",
        "1|2015-01-01|diabetes",
    ]
    found = facts(tmp_path, "diabetes_processes_done", "diabetes_eight_processes", gp_event="\n".join(rows))
    assert [(r["diabetes_processes_done"], r["diabetes_eight_processes"]) for r in found] == [
        (8, True),
        (7, False),
        (0, False),
    ]


def test_six_checks_with_severe_mental_illness(tmp_path: Path) -> None:
    checks = "blood_pressure_systolic weight cholesterol_total hba1c alcohol_units smoker"
    rows = ["pid|date|code"] + [f"{p}|2026-05-01|{code}" for p in (0, 1) for code in checks.split()]
    rows = [r for r in rows if r != "1|2026-05-01|hba1c"]
    rows += ["0|2010-01-01|severe_mental_illness", "1|2010-01-01|severe_mental_illness", "1|2025-10-31|hba1c"]
    found = facts(
        tmp_path, "smi_checks_done", "smi_six_checks", "smi_checks_incomplete", gp_event="\n".join(rows)
    )
    assert [r["smi_checks_done"] for r in found] == [6, 5]
    assert [r["smi_six_checks"] for r in found] == [True, False]
    assert [r["smi_checks_incomplete"] for r in found] == [False, True]


def test_smoking_status_is_the_latest(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "current_smoker", "ex_smoker", "smoker_without_advice",
        gp_event="""
            | pid | date       | code      |
            |   0 | 2020-01-01 | smoker    |
            |   0 | 2024-01-01 | ex_smoker |
            |   1 | 2024-01-01 | ex_smoker |
            |   1 | 2024-01-01 | smoker    |
        """,
    )  # fmt: skip
    assert [r["current_smoker"] for r in found] == [False, True]
    assert [r["smoker_without_advice"] for r in found] == [False, True]


def test_screening_is_up_to_date_by_age(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "cervical_screening_up_to_date", "cervical_screening_overdue",
        person="pid|birth_month|sex\n0|1990-01-01|2\n1|1970-01-01|2\n2|1990-01-01|2\n3|1990-01-01|1",
        gp_event="""
            | pid | date       | code           |
            |   0 | 2022-10-31 | cervical_smear |
            |   1 | 2022-10-31 | cervical_smear |
            |   2 | 2023-06-01 | cervical_smear |
        """,
    )  # fmt: skip
    assert [r["cervical_screening_up_to_date"] for r in found] == [False, True, True, False]
    assert [r["cervical_screening_overdue"] for r in found] == [True, False, False, False]


# -- medicines ------------------------------------------------------------------------------------------------


def test_two_strengths_of_one_medicine_are_one(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "regular_medicines", "anticholinergic_burden",
        medication="""
            | pid | date       | code       | issue_type |
            |   0 | 2026-10-01 | statin     | repeat     |
            |   0 | 2026-10-01 | statin#1   | repeat     |
            |   0 | 2026-09-01 | metformin  | repeat     |
            |   0 | 2026-10-01 | nsaid      | acute      |
            |   0 | 2026-07-31 | ppi        | repeat     |
            |   1 | 2026-10-01 | tricyclic  | repeat     |
            |   1 | 2026-09-01 | tricyclic  | repeat     |
            |   1 | 2026-10-01 | loop_diuretic | acute   |
        """,
    )  # fmt: skip
    assert [r["regular_medicines"] for r in found] == [2, 1], (
        "acute issues, and those of over 3 months ago, are left out"
    )
    assert [r["anticholinergic_burden"] for r in found] == [0, 4], "amitriptyline 3, furosemide 1, each once"


def test_prescribing_hazards(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "pincer_1_nsaid_65", "pincer_4_anticoagulant_nsaid", "pincer_11_nsaid_kidney", "pincer_12_methotrexate", "prescribing_hazards",
        person=_people("1950-01", "1950-01", "1965-01", "1965-01", "1965-01"),
        gp_event="""
            | pid | date       | code       | value |
            |   3 | 2026-10-01 | haemoglobin | 130  |
            |   3 | 2026-10-01 | alt        | 20    |
            |   4 | 2026-10-01 | haemoglobin | 130  |
            |   2 | 2026-10-01 | egfr       | 44    |
        """,
        medication="""
            | pid | date       | code          |
            |   0 | 2026-10-01 | nsaid         |
            |   1 | 2026-10-01 | nsaid         |
            |   1 | 2026-09-01 | ppi           |
            |   2 | 2026-10-01 | nsaid         |
            |   2 | 2026-09-01 | anticoagulant |
            |   3 | 2026-10-01 | methotrexate  |
            |   4 | 2026-10-01 | methotrexate  |
        """,
    )  # fmt: skip
    assert [r["pincer_1_nsaid_65"] for r in found] == [True, False, False, False, False]
    assert [r["pincer_4_anticoagulant_nsaid"] for r in found] == [False, False, True, False, False]
    assert [r["pincer_12_methotrexate"] for r in found] == [False, False, False, False, True], (
        "both tests are needed"
    )
    assert [r["prescribing_hazards"] for r in found] == [1, 0, 2, 0, 1]


def test_anticoagulant_in_atrial_fibrillation_by_points(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "stroke_risk_points", "af_not_anticoagulated",
        person="pid|birth_month|sex\n0|1980-01-01|2\n1|1955-01-01|2\n2|1945-01-01|1\n3|1945-01-01|1",
        gp_event="pid|date|code\n" + "\n".join(f"{n}|2020-01-01|atrial_fibrillation" for n in range(4)),
        medication="pid|date|code\n3|2026-10-01|anticoagulant",
    )  # fmt: skip
    assert [r["stroke_risk_points"] for r in found] == [1, 2, 2, 2]
    assert [r["af_not_anticoagulated"] for r in found] == [False, True, True, False]


# -- people and choices ---------------------------------------------------------------------------------------


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
        person=_people("1940-01", "1940-01", "1960-01", "1960-01", "2026-05", "1990-01"),
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


def test_the_shipped_register_of_learning_disability_does_not_resolve() -> None:
    """Said in its rule, so that nobody is surprised."""
    condition = shipped().conditions["learning_disability"]
    assert condition.resolved == ()
    assert "removal codes" in condition.rule
