"""The propensity score against statsmodels, at its edges, and the covariates as a matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.evaluation import propensity as module
from goldenthread.evaluation.balance import balance_table
from goldenthread.evaluation.design import design_matrix
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.propensity import propensity_score


def chosen(rng, x, constant=-1.0):
    return rng.random(len(x)) < 1 / (1 + np.exp(-constant - 0.8 * x[:, 0]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1e4, 1e4), st.floats(1e-3, 1e3))
def test_it_is_the_maximum_likelihood_fit_in_any_units(seed, shift, scale):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, 3))
    treated = chosen(rng, x)
    theirs = sm.Logit(treated.astype(float), sm.add_constant(x)).fit(disp=0)
    ours = propensity_score(x * scale + shift, treated)
    np.testing.assert_allclose(ours.score, theirs.predict(), atol=1e-6)
    np.testing.assert_allclose(ours.coefficients * scale, theirs.params[1:], rtol=1e-4, atol=1e-6)


def test_the_warm_start_does_not_change_the_fit(monkeypatch):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30_000, 5))
    treated = chosen(rng, x, -5.0)
    cold = propensity_score(x, treated)
    monkeypatch.setattr(module, "WARM_START_CONTROLS", 2_000)
    warm = propensity_score(x, treated)
    np.testing.assert_allclose(warm.logit, cold.logit, atol=1e-7)


def test_repeated_columns_are_left_out_with_a_note():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(500, 2))
    treated = chosen(rng, x)
    double = propensity_score(np.column_stack([x, x @ [2.0, 1.0]]), treated, names=["a", "b", "both"])
    assert double.kept == (0, 1)
    assert "both" in double.notes[0]
    np.testing.assert_allclose(double.logit, propensity_score(x, treated).logit, atol=1e-7)


def test_a_covariate_that_nearly_decides_is_tamed_with_a_note():
    """Nobody in a care home was treated: the likelihood has no maximum in that direction."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1000, 2))
    treated = chosen(rng, x)
    home = (~treated & (rng.random(1000) < 0.2)).astype(float)
    fit = propensity_score(np.column_stack([x, home]), treated)
    assert np.isfinite(fit.logit).all()
    assert "weak prior" in fit.notes[0]
    assert fit.score[home == 1].max() < 0.2


def test_what_it_refuses():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(100, 2))
    treated = np.arange(100) < 30
    with pytest.raises(Refusal, match="no common support"):
        propensity_score(x + 100 * treated[:, None], treated)
    with pytest.raises(EvaluationError, match="same for everybody.*: flat"):
        propensity_score(np.column_stack([x, np.full(100, 3.0)]), treated, names=["a", "b", "flat"])
    with pytest.raises(EvaluationError, match="infinite values in b"):
        propensity_score(np.where([[False, True]], np.inf, x), treated, names=["a", "b"])
    with pytest.raises(EvaluationError, match="99 values where 100"):
        propensity_score(x, treated[:99])
    with pytest.raises(Refusal, match="one of the two groups"):
        propensity_score(x, np.ones(100))


def test_covariates_as_columns():
    one = pd.DataFrame({"age": [70, 80], "sex": ["F", None], "frail": [True, False]})
    two = pd.DataFrame({"age": [75.0, np.nan], "sex": ["M", "F"], "frail": [False, False]})
    made = design_matrix([one, two], ["age", "sex", "frail"])
    assert made.names == ("age", "age: not recorded", "sex: F", "sex: M", "sex: not recorded", "frail")
    assert made.matrix[:, 0].tolist() == [70, 80, 75, 75]
    assert made.matrix[:, 1].tolist() == [0, 0, 0, 1]
    assert made.regressors.shape == (4, 5)
    with pytest.raises(EvaluationError, match="missing for everybody"):
        design_matrix([one.assign(age=np.nan)], ["age"])
    with pytest.raises(EvaluationError, match="No column 'weight'"):
        design_matrix([one], ["weight"])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-100, 100))
def test_balance_does_not_depend_on_units_and_changes_sign_with_the_groups(seed, scale, shift):
    rng = np.random.default_rng(seed)
    x, treated = rng.integers(0, 9, 80).astype(float), np.arange(80) < 30
    weights = np.where(treated, 1.0, rng.random(80))
    first = balance_table(x, treated, weights).iloc[0]
    other = balance_table(x * scale + shift, treated, weights).iloc[0]
    for column in ("smd_before", "smd_after", "variance_ratio_after", "ecdf_mean_after", "ecdf_max_after"):
        assert other[column] == pytest.approx(first[column], rel=1e-6, abs=1e-9)
    turned = balance_table(x, ~treated, weights, denominator="pooled").iloc[0]
    straight = balance_table(x, treated, weights, denominator="pooled").iloc[0]
    assert turned["smd_after"] == pytest.approx(-straight["smd_after"])


def test_balance_by_hand():
    table = balance_table([1.0, 3.0, 0.0, 1.0, 5.0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], names=["need"]).iloc[0]
    assert table["smd_before"] == pytest.approx((2 - 2) / np.sqrt(2))
    assert table["smd_after"] == pytest.approx((2 - 0.5) / np.sqrt(2))
    assert table["variance_ratio_after"] == pytest.approx(2 / 0.5)
    assert table["ecdf_max_after"] == pytest.approx(0.5)  # half the controls lie at 0, no treated
    # distinct values 0, 1, 3, 5: gaps 0.5, 0.5, 0, 0
    assert table["ecdf_mean_after"] == pytest.approx(0.25)
