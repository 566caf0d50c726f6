"""eGFR against published values and a plain reading of the papers' tables."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.measures.scores import (
    METHODS,
    ScoreError,
    albuminuria_category,
    egfr_ckd_epi_2009,
    egfr_ckd_epi_2021,
    gfr_category,
)

VECTORS = Path(__file__).parent / "vectors"
EQUATIONS = [egfr_ckd_epi_2009, egfr_ckd_epi_2021]


def from_the_paper_2009(umol, age, sex):
    """Levey 2009, table 2, read line by line."""
    mg = umol / 88.4
    if sex == "2":
        return 144 * (mg / 0.7) ** (-0.329 if mg <= 0.7 else -1.209) * 0.993**age
    return 141 * (mg / 0.9) ** (-0.411 if mg <= 0.9 else -1.209) * 0.993**age


def from_the_paper_2021(umol, age, sex):
    """Inker 2021, its supplement's table for creatinine."""
    mg = umol / 88.4
    knee, low, factor = (0.7, -0.241, 1.012) if sex == "2" else (0.9, -0.302, 1)
    return 142 * min(mg / knee, 1) ** low * max(mg / knee, 1) ** -1.2 * 0.9938**age * factor


def test_the_kidney_foundations_values():
    """Its calculator has the equation in one line, and rounds to whole numbers."""
    some = pd.read_csv(VECTORS / "egfr_2009.csv")
    columns = {"creatinine": some["creatinine_umol_l"], "age": some["age"], "sex": some["sex"]}
    method = METHODS["egfr_ckd_epi_2009"]
    found = method.compute(columns, {"form": "one line"})
    assert found.round().tolist() == some["egfr"].tolist()
    assert np.abs(method.compute(columns) - some["egfr"]).max() < 1


def test_the_two_published_forms_differ_in_women_only():
    table, line = (egfr_ckd_epi_2009([80, 80], [50, 50], ["1", "2"], form=f) for f in ("table", "one line"))
    assert table[0] == line[0]
    assert table[1] / line[1] == pytest.approx(144 / (141 * 1.018))


@pytest.mark.parametrize(
    ("equation", "paper"),
    [(egfr_ckd_epi_2009, from_the_paper_2009), (egfr_ckd_epi_2021, from_the_paper_2021)],
)
def test_the_papers_equations(equation, paper):
    grid = [(c, a, s) for c in range(20, 800, 13) for a in (18, 25, 59, 90) for s in ("1", "2")]
    creatinine, age, sex = zip(*grid, strict=True)
    found = equation(list(creatinine), list(age), list(sex))
    assert np.allclose(found, [paper(*one) for one in grid], rtol=1e-12, atol=0)


@pytest.mark.parametrize("equation", EQUATIONS)
@given(
    creatinine=st.floats(5, 2000),
    more=st.floats(0.01, 500),
    age=st.integers(18, 110),
    sex=st.sampled_from(["1", "2"]),
)
def test_falls_with_creatinine_and_with_age(equation, creatinine, more, age, sex):
    low, high, older = equation([creatinine, creatinine + more, creatinine], [age, age, age + 1], [sex] * 3)
    assert high < low
    assert older < low
    assert math.isfinite(low)


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize(
    ("creatinine", "age", "sex"),
    [(0, 50, "1"), (-80, 50, "1"), (np.nan, 50, "1"), (np.inf, 50, "1"), (80, 17, "1"), (80, np.nan, "1"),
     (80, 50, "9"), (80, 50, None), (80, 50, "X"), (80, 130, "2")],
)  # fmt: skip
def test_what_cannot_be_worked_out_is_missing(equation, creatinine, age, sex):
    assert np.isnan(equation([creatinine], [age], [sex])[0])


def test_units_agree():
    a = egfr_ckd_epi_2009([88.4, 176.8], [60, 60], ["1", "2"])
    assert np.allclose(a, egfr_ckd_epi_2009([1.0, 2.0], [60, 60], ["1", "2"], unit="mg/dL"), rtol=1e-14)


def test_masked_creatinine_is_missing():
    found = METHODS["egfr_ckd_epi_2009"].compute(
        {"creatinine": np.ma.array([80.0, 80.0], mask=[True, False]), "age": [50, 50], "sex": ["1", "1"]}
    )
    assert np.isnan(found[0])
    assert not np.isnan(found[1])


@pytest.mark.parametrize(
    ("egfr", "category"),
    [(120, "G1"), (90, "G1"), (89.99, "G2"), (60, "G2"), (59.99, "G3a"), (45, "G3a"), (44.99, "G3b"), (30, "G3b"),
     (29.99, "G4"), (15, "G4"), (14.99, "G5"), (0, "G5"), (np.nan, "")],
)  # fmt: skip
def test_categories_of_kidney_function(egfr, category):
    assert gfr_category([egfr]).tolist() == [category]


@pytest.mark.parametrize(
    ("acr", "category"),
    [(0, "A1"), (2.99, "A1"), (3, "A2"), (30, "A2"), (30.01, "A3"), (np.nan, ""), (-1, "")],
)
def test_categories_of_albuminuria(acr, category):
    assert albuminuria_category([acr]).tolist() == [category]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (
            lambda: egfr_ckd_epi_2009([80], [50], ["1"], unit="mmol/L"),
            "Creatinine in 'mmol/L' is not understood",
        ),
        (lambda: egfr_ckd_epi_2009([80], [50], ["1"], form="short"), "no form 'short'"),
        (lambda: egfr_ckd_epi_2009([80, 90], [50], ["1"]), "There are 2 creatinines, 1 ages and 1 sexes"),
        (
            lambda: egfr_ckd_epi_2009(["high"], [50], ["1"]),
            "'creatinine' holds something that is not a number",
        ),
    ],
)
def test_bad_input(call, problem):
    with pytest.raises(ScoreError, match=problem):
        call()
