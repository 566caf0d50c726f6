"""Charlson and Hospital Frailty Risk Score from diagnosis rows, against other programs' answers for the same people."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.measures.scores import (
    CHARLSON_CONDITIONS,
    METHODS,
    ScoreError,
    charlson,
    charlson_conditions,
    hfrs_weights,
    hospital_frailty,
    hospital_frailty_category,
)

VECTORS = Path(__file__).parent / "vectors"
SHORT = (
    "mi", "chf", "pvd", "cevd", "dementia", "cpd", "rheumd", "pud", "mld", "diab", "diabwc", "hp", "rend", "canc",
    "msld", "metacanc", "aids",
)  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, list[str], int]:
    some = pd.read_csv(VECTORS / "diagnoses.csv", dtype={"code": str}, keep_default_na=False)
    return some["id"].to_numpy() - 1, list(some["code"]), 200


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return pd.read_csv(VECTORS / "diagnosis_scores.csv")


def test_conditions_of_everybody(rows, expected):
    have = charlson_conditions(*rows)
    wanted = expected[list(SHORT)].to_numpy().astype(bool)
    # the answers have the milder forms already left out
    for graver, milder in (("msld", "mld"), ("diabwc", "diab"), ("metacanc", "canc")):
        have[:, SHORT.index(milder)] &= ~have[:, SHORT.index(graver)]
    assert (have == wanted).all()
    assert wanted.any(axis=0).all()


@pytest.mark.parametrize("weights", ["charlson", "quan"])
def test_points_of_everybody(rows, expected, weights):
    assert charlson(*rows, weights=weights).tolist() == expected[weights].tolist()


def test_points_of_the_mortality_indicator(rows, expected):
    assert charlson(*rows, mapping="shmi", weights="shmi").tolist() == expected["shmi"].tolist()


def test_without_hierarchy_the_milder_forms_count_too(rows, expected):
    points = {"mld": 1, "diab": 1, "canc": 2}
    have = charlson_conditions(*rows)
    beside = {
        m: have[:, SHORT.index(m)] & have[:, SHORT.index(g)]
        for g, m in (("msld", "mld"), ("diabwc", "diab"), ("metacanc", "canc"))
    }
    extra = sum(points[m] * both for m, both in beside.items())
    assert extra.any()
    assert charlson(*rows, hierarchy=False).tolist() == (expected["charlson"] + extra).tolist()


def test_unweighted_counts_conditions(rows):
    assert charlson(*rows, weights="unweighted").tolist() == charlson_conditions(*rows).sum(axis=1).tolist()


def test_a_sum_below_zero_is_zero():
    # diabetes with complications alone has -1 in the mortality indicator
    assert charlson([0], ["E112"], 1, mapping="shmi", weights="shmi").tolist() == [0]


def test_hospital_frailty_of_everybody(rows, expected):
    assert hospital_frailty(*rows).tolist() == expected["hfrs"].tolist()


def test_every_weight_of_hospital_frailty():
    codes = list(hfrs_weights())
    found = hospital_frailty(np.arange(len(codes)), codes, len(codes))
    assert found.tolist() == list(hfrs_weights().values())
    assert hospital_frailty(np.zeros(len(codes), int), codes, 1)[0] == pytest.approx(
        sum(hfrs_weights().values()), abs=1e-9
    )


def test_a_code_counts_once_however_often_and_however_written():
    assert hospital_frailty([0] * 4, ["F00.1", "f009", "F00", " F001 "], 1).tolist() == [7.1]


@pytest.mark.parametrize(
    ("score", "category"),
    [(0, "low"), (4.9, "low"), (5, "intermediate"), (15, "intermediate"), (15.1, "high"), (np.nan, "")],
)
def test_categories_of_hospital_frailty(score, category):
    assert hospital_frailty_category([score]).tolist() == [category]


def test_people_without_diagnoses_score_nothing():
    assert charlson([], [], 3).tolist() == [0, 0, 0]
    assert hospital_frailty([], [], 2).tolist() == [0, 0]
    assert METHODS["charlson"].compute_rows([], [], 0).tolist() == []


def test_a_missing_code_is_no_condition():
    codes = pd.Series(["I21", None, np.nan, ""])
    assert charlson([0, 1, 1, 1], codes, 2).tolist() == [1, 0]
    assert charlson([0, 1, 1, 1], codes.astype("category"), 2).tolist() == [1, 0]
    assert charlson([0, 1], np.ma.array(["I21", "I21"], mask=[False, True]), 2).tolist() == [1, 0]


def test_hyphens_and_fillers_do_not_hide_a_code():
    assert charlson([0, 1], ["I50X", "C61X"], 2).tolist() == [1, 2]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(
            ["I21", "I252", "E119", "E112", "C61", "C780", "K703", "K766", "F001", "W19", "Z000", "R500"]
        ),
    ),
    max_size=40,
)


@given(rows=ROWS, seed=st.randoms())
def test_the_order_and_repetition_of_rows_do_not_matter(rows, seed):
    again = rows + rows[:3]
    seed.shuffle(again)

    def scores(some):
        index, codes = [p for p, _ in some], [c for _, c in some]
        return charlson(np.array(index, int), codes, 6), hospital_frailty(np.array(index, int), codes, 6)

    for before, after in zip(scores(rows), scores(again), strict=True):
        assert before.tolist() == after.tolist()


@given(rows=ROWS, more=ROWS)
def test_another_diagnosis_never_lowers_a_score(rows, more):
    def scores(some):
        index, codes = np.array([p for p, _ in some], int), [c for _, c in some]
        return charlson(index, codes, 6), hospital_frailty(index, codes, 6)

    for before, after in zip(scores(rows), scores(rows + more), strict=True):
        assert (after >= before).all()
    assert (charlson(np.array([p for p, _ in rows], int), [c for _, c in rows], 6) <= 33).all()


@given(st.text(alphabet="ABCDEFIKLMNRZ0123456789.", min_size=1, max_size=6))
def test_a_condition_is_a_prefix(code):
    """Compared with a plain search through every prefix."""
    from goldenthread.measures.scores.comorbidity import _prefixes

    bare = code.replace(".", "")
    wanted = [any(bare.startswith(p) for p in prefixes) for prefixes in _prefixes("quan").values()]
    assert charlson_conditions([0], [code], 1)[0].tolist() == wanted
    assert len(wanted) == len(CHARLSON_CONDITIONS)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: charlson([0, 3], ["I21", "I21"], 3), "belongs to person 3, but there are 3 people"),
        (lambda: charlson([-1], ["I21"], 3), "belongs to person -1"),
        (lambda: charlson([0.5], ["I21"], 3), "not whole numbers"),
        (lambda: charlson([0, 1], ["I21"], 3), "There are 2 persons but 1 codes"),
        (lambda: charlson([], [], -1), "cannot be -1 people"),
        (lambda: charlson([0], ["I21"], 1, mapping="deyo"), "no Charlson mapping 'deyo'"),
        (
            lambda: charlson([0], ["I21"], 1, weights="shmi"),
            "'shmi' do not belong to the Charlson mapping 'quan'",
        ),
        (
            lambda: charlson([0], ["I21"], 1, mapping="shmi"),
            "'charlson' do not belong to the Charlson mapping 'shmi'",
        ),
        (lambda: charlson([0], ["I21"], 1, weights="rcs"), "no Charlson weights 'rcs'"),
        (lambda: hospital_frailty_category([-1]), "never below zero"),
    ],
)
def test_bad_input(call, problem):
    with pytest.raises(ScoreError, match=problem):
        call()
