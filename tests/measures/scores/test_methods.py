"""How definitions call a score, and that there is none for falls."""

import doctest
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goldenthread.measures import scores
from goldenthread.measures.scores import EFI_DEFICITS, METHODS, ScoreError

FALLS_SCORE = re.compile(r"fall|frat|strat?ify|morse|tinetti|hendrich", re.IGNORECASE)


def test_there_is_no_score_for_falls():
    """NICE NG249 (2025), recommendation 1.1.1: do not use falls risk prediction tools."""
    assert not [name for name in METHODS if FALLS_SCORE.search(name)]
    assert not [method.title for method in METHODS.values() if FALLS_SCORE.search(method.title)]
    assert not [name for name in scores.__all__ if FALLS_SCORE.search(name)]


def test_every_method_is_fed_in_one_way_and_says_where_it_comes_from():
    for name, method in METHODS.items():
        assert method.name == name
        assert method.source
        assert method.unit
        assert method.takes_rows == (not method.arguments)
        assert (method.from_columns is None) != (method.from_rows is None)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_a_number_or_nothing_for_each_person(name):
    method = METHODS[name]
    if method.takes_rows:
        found = method.compute_rows(np.array([0, 2], np.int32), np.array(["F001", "I509"], object), 3)
    else:
        usual = {"number": 50.0, "truth": True, "text": "1"}
        special = {
            "ethnicity": "A",
            "smoking": "never",
            "cholesterol_ratio": 4.0,
            "cardiovascular_disease": False,
        }
        columns = {
            a.name: [special.get(a.name, usual[a.kind])] * 3 for a in method.arguments if not a.optional
        }
        found = method.compute(columns)
    assert found.dtype == np.float64
    assert found.shape == (3,)


def test_the_methods_that_take_rows_are_those_functions():
    rows = (np.array([0, 0, 2]), ["F001", "I509", "W19X"], 3)
    assert METHODS["hospital_frailty"].compute_rows(*rows).tolist() == scores.hospital_frailty(*rows).tolist()
    assert METHODS["charlson"].compute_rows(*rows).tolist() == scores.charlson(*rows).tolist() == [2, 0, 0]


def test_parameters_of_the_engine_pass_through():
    found = METHODS["charlson"].compute_rows([0], ["I21"], 1, {"within": "24 months", "weights": "charlson"})
    assert found.tolist() == [1]


EGFR = METHODS["egfr_ckd_epi_2009"]
GIVEN = {"creatinine": [80.0], "age": [50], "sex": ["1"]}


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (
            lambda: EGFR.compute(GIVEN | {"creatinin": [1]}),
            "'creatinin' is no input.*Did you mean 'creatinine'",
        ),
        (lambda: EGFR.compute({"age": [50], "sex": ["1"]}), "is not given creatinine"),
        (lambda: EGFR.compute(GIVEN | {"age": [50, 51]}), "creatinine 1, age 2, sex 1"),
        (lambda: EGFR.compute(GIVEN | {"age": 50}), "'age' is not one column"),
        (lambda: EGFR.compute(GIVEN | {"age": [[50]]}), "'age' is not one column"),
        (lambda: EGFR.compute(GIVEN | {"age": ["50"]}), "'age' holds something that is not a number"),
        (
            lambda: EGFR.compute(GIVEN | {"age": np.array(["1976-01-01"], "M8[D]")}),
            "'age' holds something that is not",
        ),
        (lambda: EGFR.compute(GIVEN | {"sex": ["female"]}), "'female' is no sex"),
        (lambda: EGFR.compute(GIVEN | {"age": ["old"]}), "'age' holds something that is not a number"),
        (lambda: EGFR.compute(GIVEN, {"units": "mg/dL"}), "'units' is no parameter.*Did you mean 'unit'"),
        (lambda: EGFR.compute(GIVEN, {"unit": "g/L"}), "'unit' of eGFR.*is 'g/L'. It may be"),
        (lambda: EGFR.compute_rows([0], ["I21"], 1), "from columns, not from diagnosis rows"),
        (lambda: METHODS["charlson"].compute({}), "from diagnosis rows, not from columns"),
        (
            lambda: METHODS["charlson"].compute_rows([0], ["I21"], 1, {"hierarchy": 1}),
            "It may be: True, False",
        ),
        (
            lambda: METHODS["electronic_frailty_index"].compute({d: ["yes"] for d in EFI_DEFICITS}),
            "other than true and false",
        ),
    ],
)
def test_bad_input(call, problem):
    with pytest.raises(ScoreError, match=problem) as caught:
        call()
    assert caught.value.remedy


def test_every_usual_way_of_writing_a_column_says_the_same():
    wanted = EGFR.compute({"creatinine": [80.0, np.nan], "age": [50, 50], "sex": ["1", "2"]})
    ways = {
        "creatinine": (
            np.array([80, None], object), pd.Series([80, None], dtype="Int64"), pd.Series([80, None], dtype="Float64"),
            np.ma.array([80, 80], mask=[False, True]), np.array([80, np.nan], np.float32),
        ),
        "sex": (np.array([1, 2]), np.array([1.0, 2.0]), pd.Series(["M", "F"], dtype="category"), np.array(["1", "2"])),
    }  # fmt: skip
    usual = {"creatinine": [80.0, np.nan], "age": [50, 50], "sex": ["1", "2"]}
    for name, columns in ways.items():
        for column in columns:
            assert np.array_equal(EGFR.compute(usual | {name: column}), wanted, equal_nan=True)


def test_nobody_has_no_scores():
    nobody = {"creatinine": np.array([]), "age": np.array([]), "sex": np.array([], dtype=object)}
    assert EGFR.compute(nobody).shape == (0,)


def test_the_examples_in_the_documentation_run():
    page = Path(__file__).parents[3] / "docs" / "scores.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 5
    assert failed == 0
