"""The figures of validation, against other programs and plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from goldenthread.prediction import PredictionError, auc, brier, calibration_line
from goldenthread.prediction.validation import Z_95, tenths


def drawn(people: int, seed: int = 1, decimals: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes drawn from risks that are rounded, so that many are tied."""
    random = np.random.default_rng(seed)
    risk = np.round(random.beta(1.2, 6, people), decimals).clip(0.01, 0.99)
    return random.random(people) < risk, risk


@pytest.mark.parametrize("seed", range(4))
def test_discrimination_and_brier_are_those_of_scikit_learn(seed: int) -> None:
    outcome, risk = drawn(400, seed)
    assert auc(outcome, risk).value == pytest.approx(roc_auc_score(outcome, risk), abs=1e-12)
    assert brier(outcome, risk) == pytest.approx(brier_score_loss(outcome, risk), abs=1e-12)


def test_the_interval_of_discrimination_is_delongs_over_every_pair() -> None:
    outcome, risk = drawn(150, 7)
    cases, others = risk[outcome], risk[~outcome]
    pairs = (cases[:, None] > others).astype(float) + 0.5 * (cases[:, None] == others)
    variance = pairs.mean(axis=1).var(ddof=1) / len(cases) + pairs.mean(axis=0).var(ddof=1) / len(others)
    found = auc(outcome, risk)
    area = pairs.mean()
    reach = Z_95 * np.sqrt(variance) / (area * (1 - area))
    logit = np.log(area / (1 - area))
    assert found.value == pytest.approx(area, abs=1e-12)
    assert found.lower == pytest.approx(1 / (1 + np.exp(reach - logit)), abs=1e-12)
    assert found.upper == pytest.approx(1 / (1 + np.exp(-reach - logit)), abs=1e-12)


def test_the_calibration_line_is_that_of_statsmodels() -> None:
    outcome, risk = drawn(600, 3)
    score = np.log(risk / (1 - risk))
    y = outcome.astype(float)
    slope = sm.GLM(y, sm.add_constant(score), family=sm.families.Binomial()).fit()
    level = sm.GLM(y, np.ones((len(y), 1)), family=sm.families.Binomial(), offset=score).fit()
    found = calibration_line(outcome, risk)
    assert found.slope == pytest.approx(slope.params[1], abs=1e-6)
    assert (found.slope_lower, found.slope_upper) == pytest.approx(tuple(slope.conf_int()[1]), abs=1e-5)
    assert found.intercept == pytest.approx(level.params[0], abs=1e-6)
    assert (found.intercept_lower, found.intercept_upper) == pytest.approx(
        tuple(level.conf_int()[0]), abs=1e-5
    )


def test_right_risks_have_slope_one_and_intercept_nought_and_exaggerated_ones_half() -> None:
    outcome, risk = drawn(60_000, 5, decimals=6)
    line = calibration_line(outcome, risk)
    assert line.slope == pytest.approx(1, abs=0.05)
    assert line.intercept == pytest.approx(0, abs=0.05)
    score = 2 * np.log(risk / (1 - risk))
    assert calibration_line(outcome, 1 / (1 + np.exp(-score))).slope == pytest.approx(
        line.slope / 2, abs=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 99)), min_size=2, max_size=60))
def test_discrimination_stays_in_its_interval_and_turns_round(rows: list[tuple[bool, int]]) -> None:
    outcome, risk = np.array([r[0] for r in rows]), np.array([r[1] / 100 for r in rows])
    if outcome.all() or not outcome.any():
        with pytest.raises(PredictionError):
            auc(outcome, risk)
        return
    found, turned = auc(outcome, risk), auc(~outcome, risk)
    assert 0 <= found.lower <= found.value <= found.upper <= 1
    assert found.value + turned.value == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_tenths_are_even_and_rise_with_risk(risks: list[float]) -> None:
    found = tenths(risks)
    order = np.argsort(risks, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert found.min() >= 1
    assert found.max() <= 10
    if len(risks) >= 10:
        sizes = np.bincount(found)[1:]
        assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize(
    ("outcome", "risk", "word"),
    [
        ([0, 1], [0.1], "same length"),
        ([0, 1], [0.1, 1.2], "between 0 and 1"),
        ([0, 1], [0.1, float("nan")], "between 0 and 1"),
        ([0, 0], [0.1, 0.2], "without it"),
        ([0, 1], [0.2, 0.2], "same predicted risk"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], "separate"),
    ],
)
def test_figures_that_cannot_be_worked_out_say_why(outcome: list[int], risk: list[float], word: str) -> None:
    with pytest.raises(PredictionError, match=word):
        calibration_line(outcome, risk)
