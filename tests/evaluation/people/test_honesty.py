"""The figures that keep a result honest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from goldenthread.evaluation.effects import arms
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.honesty import (
    attrition,
    benjamini_hochberg,
    e_value,
    holm,
    in_words,
    placebo,
    regression_to_the_mean,
)
from goldenthread.evaluation.subgroups import subgroup_effects


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "point", "limit"),
    [
        (3.9, 1.8, 8.7, 7.26, 3.0),  # VanderWeele & Ding 2017: maternal formula feeding
        (0.80, 0.71, 0.91, 1.81, 1.43),  # the same paper: a protective ratio
        (1.2, 0.9, 1.6, 1.69, 1.0),  # an interval that includes no effect needs nothing to explain it
        (1.0, 0.9, 1.1, 1.0, 1.0),
        (0.81, 0.69, 0.95, 1.77, 1.29),
    ],
)
def test_e_values(ratio, lower, upper, point, limit):
    assert e_value(ratio, lower, upper) == pytest.approx((point, limit), abs=0.006)


@given(st.floats(0.05, 20))
def test_e_values_do_not_depend_on_which_way_round(ratio):
    assert e_value(ratio)[0] == pytest.approx(e_value(1 / ratio)[0])


@pytest.mark.parametrize(
    "bad", [(0.0, None, None), (-1.0, None, None), (2.0, 3.0, 4.0), (float("nan"), None, None)]
)
def test_e_values_refuse_what_is_no_ratio(bad):
    with pytest.raises(EvaluationError):
        e_value(*bad)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_p_values_are_those_of_statsmodels(p):
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1], atol=1e-12)


def test_p_values_out_of_range_are_refused():
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        holm([0.2, 1.3])


def test_words_for_ratios():
    assert [in_words(r) for r in (0.56, 1.27, 0.999)] == ["44% fewer", "27% more", "as many"]
    words = regression_to_the_mean("Falls", {"treated_change": 0.56, "control_change": 0.69}, None)
    assert "44% fewer" in words
    assert "31% fewer without any help" in words


def test_a_placebo_that_differs_is_a_concern():
    days = np.full(400, 365.25)
    level = np.tile([1.0, 0.0], 200)
    higher = np.concatenate([np.ones(200), level[200:]])
    groups = arms(np.arange(400) < 200)
    assert placebo(level, days, groups, what="earlier falls")[0] == "passed"
    assert placebo(higher, days, groups, what="earlier falls")[0] == "concern"
    assert placebo(np.zeros(400), days, groups, what="earlier falls")[0] == "not done"


def test_uneven_loss_is_flagged_and_even_loss_is_not():
    groups = arms(np.arange(2000) < 1000)
    even = np.where(np.arange(2000) % 20 == 0, "left", "").astype(object)
    frame, result, words = attrition(even, groups)
    assert result == "passed"
    assert frame.set_index(["arm", "reason"]).loc[("treated", "left"), "people"] == 50
    assert "5.0% and 5.0%" in words
    uneven = even.copy()
    uneven[:200] = "died"
    assert attrition(uneven, groups)[1] == "concern"


def test_subgroups_find_the_level_that_differs_and_adjust_for_looking():
    rng = np.random.default_rng(1)
    n = 6000
    treated = np.arange(n) < n // 2
    level = np.array(["least", "most"], dtype=object)[rng.integers(0, 2, n)]
    noise = rng.integers(0, 4, n).astype(str).astype(object)
    rate = np.where(treated & (level == "most"), 0.4, 0.8)
    count, days = rng.poisson(rate).astype(float), np.full(n, 365.25)
    frame, effects, words = subgroup_effects(
        count, days, arms(treated), {"deprivation": level, "noise": noise}, outcome="falls"
    )
    table = frame.set_index(["subgroup", "level"])
    assert table.loc[("deprivation", "most"), "upper"] < 0.65
    assert table.loc[("deprivation", "least"), "lower"] < 1 < table.loc[("deprivation", "least"), "upper"]
    assert table.loc[("deprivation", "most"), "interaction_p_adjusted"] < 0.001
    assert table.loc[("noise", "0"), "interaction_p_adjusted"] > 0.05
    assert (frame["p_adjusted"] >= frame["p_value"]).all()
    assert all(e.exploratory for e in effects)
    assert "differed by deprivation" in words
    assert "did not clearly differ by noise" in words


def test_a_subgroup_too_small_keeps_its_row_with_a_reason():
    count = np.tile([1.0, 0.0], 100)
    level = np.array(["many"] * 190 + ["few"] * 10, dtype=object)
    treated = np.arange(200) % 4 < 2
    frame, _, _ = subgroup_effects(count, np.full(200, 300.0), arms(treated), {"g": level})
    few = frame.set_index("level").loc["few"]
    assert "too few" in few["reason"]
    assert np.isnan(few["rate_ratio"])
