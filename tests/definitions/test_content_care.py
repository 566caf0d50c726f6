"""Treatment, checks and medicines: which care counts as given, each on a table that shows where it turns."""

from __future__ import annotations

from pathlib import Path

from tests.definitions.lives import facts, people


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
        tmp_path, "bp_to_target_qof", "bp_to_target_nice", person=people(*births), gp_event="\n".join(rows)
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
        person=people("1950-01", "1950-01", "1965-01", "1965-01", "1965-01"),
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
