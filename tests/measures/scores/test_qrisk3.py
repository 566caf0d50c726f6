"""QRISK3 against the owner's program, and what it does with input it was not made for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.measures.scores import (
    METHODS,
    QRISK3_CONDITIONS,
    QRISK3_DISCLAIMER,
    ScoreError,
    qrisk3,
    qrisk3_ethnicity,
    qrisk3_smoking,
    qrisk3_smoking_scale,
)

GRID = Path(__file__).parent / "vectors" / "qrisk3_grid.csv"

OWNERS_NAMES = {
    "b_AF": "atrial_fibrillation",
    "b_atypicalantipsy": "atypical_antipsychotic",
    "b_corticosteroids": "corticosteroids",
    "b_impotence2": "erectile_dysfunction",
    "b_migraine": "migraine",
    "b_ra": "rheumatoid_arthritis",
    "b_renal": "chronic_kidney_disease",
    "b_semi": "severe_mental_illness",
    "b_sle": "lupus",
    "b_treatedhyp": "treated_hypertension",
    "b_type1": "type_1_diabetes",
    "b_type2": "type_2_diabetes",
    "fh_cvd": "family_history",
    "rati": "cholesterol_ratio",
    "sbp": "systolic",
    "sbps5": "systolic_sd",
    "smoke_cat": "smoking",
    "ethrisk": "ethnicity",
    "town": "townsend",
}


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    return pd.read_csv(GRID).rename(columns=OWNERS_NAMES)


def columns(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {name: frame[name] for name in frame if name != "qrisk3_percent"}


def person(**changes) -> dict[str, list]:
    usual = {
        "age": 50, "sex": "1", "bmi": 27.0, "systolic": 130.0, "cholesterol_ratio": 4.0, "smoking": 0,
        "ethnicity": 1, "systolic_sd": 8.0, "townsend": 0.0,
    }  # fmt: skip
    return {name: [value] for name, value in (usual | changes).items()}


@pytest.mark.parametrize("sex", ["F", "M"])
def test_equals_the_owners_program_to_a_millionth(grid, sex):
    some = grid[grid["sex"] == sex]
    assert len(some) == 400
    assert np.abs(qrisk3(**columns(some)) - some["qrisk3_percent"]).max() < 1e-6


def test_the_grid_exercises_every_term(grid):
    for sex in ("F", "M"):
        some = grid[grid["sex"] == sex]
        assert set(some["smoking"]) == set(range(5))
        assert set(some["ethnicity"]) == set(range(1, 10))
        for condition in set(QRISK3_CONDITIONS) - {"erectile_dysfunction"}:
            assert set(some[condition]) == {0, 1}
    assert set(grid.loc[grid["sex"] == "M", "erectile_dysfunction"]) == {0, 1}


def test_the_method_says_the_same_as_the_function(grid):
    some = columns(grid)
    letters = np.array(["Z", "A", "H", "J", "K", "L", "M", "N", "R", "G"])
    smoking = np.array(["never", "ex", "light", "moderate", "heavy"])
    some["ethnicity"] = letters[some["ethnicity"]]
    some["smoking"] = smoking[some["smoking"]]
    some["sex"] = some["sex"].map({"F": "2", "M": "1"})
    some["cardiovascular_disease"] = np.zeros(len(grid), dtype=bool)
    found = METHODS["qrisk3"].compute(some)
    assert np.abs(found - grid["qrisk3_percent"]).max() < 1e-6


def test_erectile_dysfunction_counts_in_men_only():
    with_it, without = ({"erectile_dysfunction": [v]} for v in (True, False))
    assert qrisk3(**person(sex="2"), **with_it) == qrisk3(**person(sex="2"), **without)
    assert qrisk3(**person(sex="1"), **with_it) > qrisk3(**person(sex="1"), **without)


@pytest.mark.parametrize("age", [24, 85, 110, -1, np.nan])
def test_ages_outside_25_to_84_have_no_score(age):
    assert np.isnan(qrisk3(**person(age=age))[0])


def test_ages_25_and_84_have_one():
    assert not np.isnan(qrisk3(**person(age=25)))
    assert not np.isnan(qrisk3(**person(age=84)))


@pytest.mark.parametrize(
    "name",
    ["bmi", "systolic", "cholesterol_ratio", "smoking", "ethnicity", "systolic_sd", "townsend"],
)
def test_nothing_is_filled_in(name):
    assert np.isnan(qrisk3(**person(**{name: np.nan}))[0])


@pytest.mark.parametrize(
    ("name", "value"), [("bmi", 270), ("systolic", 13), ("cholesterol_ratio", 0), ("townsend", 99)]
)
def test_a_slip_of_entry_has_no_score(name, value):
    assert np.isnan(qrisk3(**person(**{name: value}))[0])


def test_other_sexes_have_no_score():
    assert np.isnan(qrisk3(**person(sex="9"))[0])


def test_missing_deprivation_is_refused_unless_the_mean_is_asked_for():
    given = person(ethnicity="A", smoking="never", cardiovascular_disease=False) | {
        c: [False] for c in QRISK3_CONDITIONS
    }
    del given["townsend"], given["systolic_sd"]
    method = METHODS["qrisk3"]
    assert np.isnan(method.compute(given)[0])
    at_mean = method.compute(given, {"townsend_when_missing": "mean", "systolic_sd_when_missing": "mean"})
    assert at_mean == qrisk3(**person(townsend=0.526304900646210, systolic_sd=8.756621360778809))


def test_people_with_the_disease_have_no_score():
    given = person(ethnicity="A", smoking="never", cardiovascular_disease=True)
    assert np.isnan(METHODS["qrisk3"].compute(given | {c: [False] for c in QRISK3_CONDITIONS})[0])


def test_the_owners_disclaimer_travels_with_the_method():
    assert METHODS["qrisk3"].disclaimer == QRISK3_DISCLAIMER
    for words in ("ClinRisk Ltd", "https://qrisk.org", "wrong patients being given the wrong treatment"):
        assert words in QRISK3_DISCLAIMER


def test_smoking_is_numbered_from_0_or_from_1():
    assert qrisk3_smoking_scale([1, 2, 3, 4, 5], scale="1-5").tolist() == [0, 1, 2, 3, 4]
    assert qrisk3_smoking_scale([0, 4], scale="0-4").tolist() == [0, 4]
    with pytest.raises(ScoreError, match="outside the scale 0-4"):
        qrisk3_smoking_scale([5], scale="0-4")
    with pytest.raises(ScoreError, match="outside the scale 1-5"):
        qrisk3_smoking_scale([0], scale="1-5")


def test_every_ethnic_category_has_one_of_nine():
    codes = [*"ABCDEFGHJKLMNPRSZ", "99"]
    assert qrisk3_ethnicity(codes).tolist() == [1, 1, 1, 9, 9, 9, 9, 2, 3, 4, 5, 6, 7, 9, 8, 9, 1, 1]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: qrisk3(**person(smoking=5)), "'smoking' holds something other than 0 to 4"),
        (lambda: qrisk3(**person(ethnicity=10)), "'ethnicity' holds something other than 0 to 9"),
        (lambda: qrisk3(**person(), migrane=[True]), "Did you mean 'migraine'"),
        (lambda: qrisk3(**person(), lupus=[True, False]), "different lengths"),
        (lambda: qrisk3(**person(bmi="heavy")), "'bmi' holds something that is not a number"),
        (lambda: qrisk3_ethnicity(["Q"]), "'Q' is no ethnic category"),
        (lambda: qrisk3_smoking(["sometimes"]), "'sometimes' is no smoking status"),
        (lambda: qrisk3_smoking(["ex"], amount_when_missing="some"), "It may be: light"),
    ],
)
def test_bad_input(call, problem):
    with pytest.raises(ScoreError, match=problem):
        call()


@given(
    age=st.integers(25, 84),
    sex=st.sampled_from(["1", "2"]),
    bmi=st.floats(15, 50),
    systolic=st.floats(80, 220),
    ratio=st.floats(1, 11),
    smoking=st.integers(0, 4),
    ethnicity=st.integers(1, 9),
    have=st.sets(st.sampled_from(QRISK3_CONDITIONS)),
)
def test_a_risk_is_a_percentage_and_rises_with_the_ratio(
    age, sex, bmi, systolic, ratio, smoking, ethnicity, have
):
    given = person(
        age=age, sex=sex, bmi=bmi, systolic=systolic, cholesterol_ratio=ratio, smoking=smoking, ethnicity=ethnicity
    )  # fmt: skip
    conditions = {c: [True] for c in have}
    risk = qrisk3(**given, **conditions)[0]
    assert 0 <= risk <= 100
    assert qrisk3(**given | {"cholesterol_ratio": [ratio + 1]}, **conditions)[0] >= risk
