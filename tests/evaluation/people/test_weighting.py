"""Weights: the moments they promise, and when they are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.propensity import propensity_score
from goldenthread.evaluation.weighting import (
    effective_sample_size,
    entropy_weights,
    inverse_probability_weights,
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_entropy_weights_give_the_treated_means_exactly(seed, columns):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, columns)) * rng.uniform(0.01, 100, columns)
    treated = np.arange(300) < 40
    x[treated] += 0.3 * x.std(axis=0)
    w = entropy_weights(x, treated)
    assert (w > 0).all()
    assert (w[treated] == 1).all()
    assert w[~treated].sum() == pytest.approx(40)
    gap = (w[~treated] @ x[~treated]) / 40 - x[treated].mean(axis=0)
    assert np.abs(gap / x.std(axis=0)).max() < 1e-6


def test_entropy_weights_are_the_most_even_that_balance():
    """Any other weights that balance as well have less entropy: move along a direction that keeps balance."""
    rng = np.random.default_rng(1)
    x, treated = rng.normal(size=(60, 2)), np.arange(60) < 15
    w = entropy_weights(x, treated)[~treated]
    keeps = np.linalg.svd(np.column_stack([np.ones(45), x[~treated]]).T)[2][3:]
    entropy = -(w * np.log(w)).sum()
    for direction in keeps[:10]:
        for step in (-0.01, 0.01):
            other = w + step * direction
            assert -(other * np.log(other)).sum() < entropy


def test_entropy_weights_do_not_mind_repeated_columns():
    rng = np.random.default_rng(2)
    x, treated = rng.normal(size=(80, 2)), np.arange(80) < 20
    doubled = np.column_stack([x, x[:, 0] * 3 - x[:, 1]])
    np.testing.assert_allclose(entropy_weights(doubled, treated), entropy_weights(x, treated), rtol=1e-5)


def test_inverse_probability_weights_balance_in_expectation():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30_000, 2))
    treated = rng.random(30_000) < 1 / (1 + np.exp(2 - x @ [0.7, -0.4]))
    w = inverse_probability_weights(propensity_score(x, treated).score, treated, trim=None)
    gap = np.average(x[~treated], axis=0, weights=w[~treated]) - x[treated].mean(axis=0)
    assert np.abs(gap).max() < 0.03
    raw = x[~treated].mean(axis=0) - x[treated].mean(axis=0)
    assert np.abs(raw).max() > 0.4


def test_trimming_caps_the_heaviest():
    score = np.concatenate([np.full(50, 0.5), np.linspace(0.01, 0.95, 500)])
    treated = np.arange(550) < 50
    free = inverse_probability_weights(score, treated, trim=None)[~treated]
    held = inverse_probability_weights(score, treated, trim=0.9)[~treated]
    assert effective_sample_size(held) > effective_sample_size(free)
    assert held.sum() == pytest.approx(free.sum())


def test_weights_that_cannot_be_are_refused():
    with pytest.raises(Refusal, match="do not overlap"):
        entropy_weights(np.array([[5.0], [6.0], [1.0], [2.0], [3.0]]), [1, 1, 0, 0, 0])
    with pytest.raises(Refusal, match="same for all candidates"):
        entropy_weights(np.array([[1.0], [1.0], [0.0], [0.0]]), [1, 1, 0, 0])
    with pytest.raises(Refusal, match="certain"):
        inverse_probability_weights([0.5, 1.0, 0.2], [1, 0, 0])
    with pytest.raises(EvaluationError, match="probabilities"):
        inverse_probability_weights([0.5, 1.4], [1, 0])
    with pytest.raises(EvaluationError, match="missing"):
        entropy_weights(np.array([[np.nan], [1.0]]), [1, 0])
    with pytest.raises(EvaluationError, match="zero"):
        effective_sample_size([0, 0])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.floats(0.1, 10))
def test_effective_size_is_at_most_the_number_and_ignores_scale(weights, scale):
    size = effective_sample_size(weights)
    assert 1 - 1e-9 <= size <= len(weights) + 1e-9
    assert effective_sample_size(np.array(weights) * scale) == pytest.approx(size)
