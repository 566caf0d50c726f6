"""Scores as facts, from rows of the tables to the number and its category."""

from datetime import date

import pytest
from tests.measures.tiny import build

from goldenthread.definitions import load_catalogue
from goldenthread.measures import evaluate


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    snapshot = build(
        tmp_path_factory.mktemp("lake"),
        person="""
            | pid | birth_month | sex | ethnicity |
            | 0   | 1956-05-01  | 2   | A |
            | 1   | 1956-05-01  | 1   | H |
            | 2   | 2015-05-01  | 1   | A |
        """,
        gp_event="""
            | pid | date       | code             | value | unit |
            | 0   | 2026-01-10 | 1000731000000107 | 100   | umol/L |
            | 1   | 2026-01-10 | 1000731000000107 | 100   | umol/L |
            | 2   | 2026-01-10 | 1000731000000107 | 100   | umol/L |
            | 1   | 2026-01-10 | 271649006        | 150   | mmHg |
            | 1   | 2026-01-10 | 60621009         | 28    | kg/m2 |
            | 1   | 2026-01-10 | 1005671000000105 | 5     | mmol/L |
            | 1   | 2026-01-10 | 1005681000000107 | 1.25  | mmol/L |
            | 1   | 2026-01-10 | 8517006          |       | |
            | 0   | 2020-01-10 | 38341003         |       | |
            | 0   | 2020-01-10 | 44054006         |       | |
            | 0   | 2020-01-10 | 52448006         |       | |
            | 0   | 2020-01-10 | 161898004        |       | |
            | 0   | 2020-01-10 | 15188001         |       | |
        """,
        admission="""
            | pid | date       | discharge_date | diagnoses      | emergency |
            | 0   | 2025-02-01 | 2025-02-05     | F009 W19X I500 | true |
            | 0   | 2023-02-01 | 2023-02-05     | S000 E119      | true |
            | 0   | 2025-06-01 | 2025-06-01     | R31X C61X      | false |
        """,
    )
    names = [
        *(f"{n}_category" for n in ("egfr_2009", "efi", "charlson", "hfrs", "qrisk3")),
        "egfr_2009",
        "efi",
        "charlson",
        "hfrs",
        "cambridge_multimorbidity",
        "qrisk3",
    ]
    table = evaluate(snapshot, load_catalogue(), names, index_date=date(2026, 6, 30))
    return {row["pid"]: row for row in table.to_pylist()}


def test_kidney_function_of_adults(facts):
    assert [facts[p]["egfr_2009"] for p in (0, 1, 2)] == [49.29, 65.4, None]
    assert [facts[p]["egfr_2009_category"] for p in (0, 1, 2)] == ["G3a", "G2", None]


def test_five_deficits_of_36_are_mild_frailty(facts):
    assert (facts[0]["efi"], facts[0]["efi_category"]) == (0.138889, "mild")
    assert (facts[1]["efi"], facts[1]["efi_category"]) == (0, "fit")


def test_hospital_frailty_counts_emergency_admissions_of_two_years(facts):
    # dementia 7.1 and a fall 3.2; the admission of 2023 is too early and the elective one does not count
    assert (facts[0]["hfrs"], facts[0]["hfrs_category"]) == (10.3, "intermediate")
    assert (facts[1]["hfrs"], facts[1]["hfrs_category"]) == (0, "low")


def test_charlson_counts_every_admission_of_five_years(facts):
    # dementia 1, heart failure 1, diabetes 1, cancer 2
    assert (facts[0]["charlson"], facts[0]["charlson_category"]) == (5, "5 or more")
    assert facts[1]["charlson_category"] == "none"


def test_multimorbidity_adds_weights_of_the_gp_record(facts):
    # hypertension 0.08, diabetes 0.75, dementia 2.50, hearing loss 0.09
    assert facts[0]["cambridge_multimorbidity"] == 3.42


def test_qrisk3_needs_its_measurements_and_an_age_of_25_to_84(facts):
    # 29.3664002969 is what the owner's program gives for this man, with the means of deprivation and of variation
    assert facts[1]["qrisk3"] == pytest.approx(29.3664002969, abs=1e-6)
    assert facts[1]["qrisk3_category"] == "20% or more"
    assert facts[0]["qrisk3"] is None
    assert facts[2]["qrisk3"] is None
