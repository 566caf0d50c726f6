"""Electronic Frailty Index and Cambridge Multimorbidity Score."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from goldenthread.measures.scores import (
    EFI_DEFICITS,
    METHODS,
    ScoreError,
    cambridge_multimorbidity,
    cambridge_weights,
    electronic_frailty_index,
    frailty_category,
)

VECTORS = Path(__file__).parent / "vectors"

# Payne 2020: condition, general weight, mortality weight
PUBLISHED = {
    "hypertension": (0.08, -2.09), "anxiety_depression": (0.50, 7.04), "painful_condition": (0.92, 16.46),
    "hearing_loss": (0.09, -3.94), "irritable_bowel_syndrome": (0.21, -1.33), "asthma": (0.19, -2.73),
    "diabetes": (0.75, 10.23), "coronary_heart_disease": (0.49, 4.22), "chronic_kidney_disease": (0.53, 16.61),
    "atrial_fibrillation": (1.34, 22.14), "constipation": (1.12, 35.42), "stroke_tia": (0.80, 20.63),
    "copd": (1.46, 42.50), "connective_tissue_disorder": (0.43, -0.39), "cancer_last_5_years": (1.53, 62.00),
    "alcohol_problems": (0.65, 12.72), "heart_failure": (1.18, 43.47), "dementia": (2.50, 124.42),
    "psychosis_bipolar": (0.64, 7.20), "epilepsy": (0.92, 18.26),
}  # fmt: skip


def with_deficits(number: int) -> np.ndarray:
    return (np.arange(36) < number)[None, :]


@pytest.mark.parametrize("number", range(37))
def test_every_number_of_deficits_is_in_its_published_category(number):
    bounds = pd.read_csv(VECTORS / "efi_categories.csv")
    low, high = bounds["lower_exclusive"].fillna(-1), bounds["upper_inclusive"]
    index = electronic_frailty_index(with_deficits(number))
    assert index[0] == number / 36
    wanted = bounds.loc[(low < index[0]) & (index[0] <= high), "category"]
    assert frailty_category(index).tolist() == wanted.tolist()
    ranges = bounds["deficits_of_36"].str.split("-").map(lambda pair: int(pair[0]) <= number <= int(pair[1]))
    assert frailty_category(index).tolist() == bounds.loc[ranges, "category"].tolist()


def test_the_bounds_themselves_belong_to_the_lower_category():
    assert frailty_category([0.12, 0.24, 0.36, np.nan]).tolist() == ["fit", "mild", "moderate", ""]


@given(npst.arrays(bool, (4, 36)), st.permutations(range(36)))
def test_all_deficits_count_the_same(deficits, order):
    index = electronic_frailty_index(deficits)
    assert (electronic_frailty_index(deficits[:, order]) == index).all()
    assert ((index >= 0) & (index <= 1)).all()


def test_the_method_takes_the_deficits_by_name():
    columns = {name: [name in ("falls", "polypharmacy")] for name in reversed(EFI_DEFICITS)}
    assert METHODS["electronic_frailty_index"].compute(columns).tolist() == [2 / 36]


def test_a_deficit_that_is_missing_is_absent():
    columns = {name: np.ma.array([True], mask=[name != "falls"]) for name in EFI_DEFICITS}
    assert METHODS["electronic_frailty_index"].compute(columns).tolist() == [1 / 36]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_weight_of_each_condition(name):
    columns = {condition: [condition == name] for condition in PUBLISHED}
    method = METHODS["cambridge_multimorbidity"]
    assert method.compute(columns).tolist() == [PUBLISHED[name][0]]
    assert method.compute(columns, {"weights": "mortality"}).tolist() == [PUBLISHED[name][1]]


def test_the_longer_version_has_35_conditions():
    weights = cambridge_weights("general_35")
    assert len(weights) == 35
    assert set(PUBLISHED) < set(weights)
    assert weights["parkinsons_disease"] == 1.29
    found = METHODS["cambridge_multimorbidity_35"].compute({name: [True] for name in weights})
    assert found[0] == pytest.approx(sum(weights.values()), abs=1e-9)


@given(npst.arrays(bool, (5, 20)), st.permutations(range(5)))
def test_a_sum_that_does_not_depend_on_the_order_of_people(conditions, order):
    for weights in ("general", "mortality"):
        score = cambridge_multimorbidity(conditions, weights=weights)
        assert (
            cambridge_multimorbidity(conditions[list(order)], weights=weights) == score[list(order)]
        ).all()
        assert np.allclose(score, conditions @ np.array(list(cambridge_weights(weights).values())), atol=1e-9)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: electronic_frailty_index(np.zeros((2, 35), bool)), r"have the shape \(2, 35\)"),
        (lambda: electronic_frailty_index(np.full((1, 36), 2)), "other than true and false"),
        (lambda: frailty_category([9]), "lies between 0 and 1"),
        (lambda: cambridge_multimorbidity(np.zeros((1, 35), bool)), "people by 20 conditions"),
        (
            lambda: cambridge_multimorbidity(np.zeros((1, 20), bool), weights="death"),
            "no Cambridge weights 'death'",
        ),
    ],
)
def test_bad_input(call, problem):
    with pytest.raises(ScoreError, match=problem):
        call()
