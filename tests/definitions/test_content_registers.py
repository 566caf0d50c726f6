"""Which codes, dates, ages and results put somebody on a register, each on a table that shows where it turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenthread.definitions import load_catalogue
from tests.definitions.lives import column, facts, people, shipped


def test_diabetes_ends_by_a_later_code_and_may_begin_again(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "diabetes", "diabetes_since", "diabetes_any_age",
        person=people("1960-01", "1960-01", "1960-01", "1960-01", "2009-11", "2009-10"),
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
        person=people("1980-01", "1980-01", "1980-01", "2020-11", "2020-10", "1980-01"),
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


@pytest.mark.parametrize(
    ("on", "due"),
    [("2026-03-31", [False, True, False, True]), ("2026-04-01", [True, True, False, True])],
)
def test_the_health_check_begins_anew_on_1_april(tmp_path: Path, on: str, due: list[bool]) -> None:
    found = column(
        tmp_path, "ld_check_due", on=on,
        person=people("1990-01", "1990-01", "2013-01", "2012-03"),
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
        person=people(*["1990-01"] * 8),
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
        person=people("1980-01", "1980-01", "1980-01", "1980-01", "1980-01", "2005-01"),
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


def test_the_shipped_register_of_learning_disability_does_not_resolve() -> None:
    """Said in its rule, so that nobody is surprised."""
    condition = shipped().conditions["learning_disability"]
    assert condition.resolved == ()
    assert "removal codes" in condition.rule
