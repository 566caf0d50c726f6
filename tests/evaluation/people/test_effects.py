"""Effects and their intervals against statsmodels, by hand, and under changes that must not matter."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from goldenthread.evaluation.effects import arms, difference_in_differences, mean_difference, rate_effects
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.poisson import fit_log_linear, moment_dispersion
from goldenthread.evaluation.sandwich import clustered, joined_clusters


def sample(seed=0, n=400):
    rng = np.random.default_rng(seed)
    treated = np.arange(n) < n // 4
    x = rng.normal(size=(n, 3)) + 0.3 * treated[:, None]
    days = rng.integers(30, 366, n).astype(float)
    mean = days / 365.25 * np.exp(0.4 + 0.4 * x[:, 0] - 0.3 * treated)
    count = rng.poisson(mean * rng.gamma(2, 0.5, n)).astype(float)
    return {
        "treated": treated,
        "x": x,
        "days": days,
        "count": count,
        "sets": rng.integers(0, 120, n),
        "practices": rng.integers(0, 25, n),
        "weights": np.where(treated, 1.0, rng.random(n) + 0.2),
    }


@pytest.mark.filterwarnings("ignore:cov_type not fully supported")
@pytest.mark.parametrize("weighted", [False, True])
def test_the_rate_ratio_is_the_clustered_poisson_model_of_statsmodels(weighted):
    d = sample()
    weights = d["weights"] if weighted else np.ones(400)
    found = rate_effects(d["count"], d["days"], arms(d["treated"], weights=weights, clusters=[d["sets"]]))[
        "rate ratio"
    ]
    model = sm.GLM(
        d["count"],
        sm.add_constant(d["treated"].astype(float)),
        family=sm.families.Poisson(),
        offset=np.log(d["days"]),
        var_weights=weights,
    ).fit(cov_type="cluster", cov_kwds={"groups": d["sets"], "use_correction": True})
    assert found.value == pytest.approx(np.exp(model.params[1]), rel=1e-9)
    reach = t.ppf(0.975, len(np.unique(d["sets"])) - 1) * model.bse[1]
    assert np.log(found.upper / found.lower) / 2 == pytest.approx(reach, rel=1e-6)


def test_two_way_clusters_follow_cameron_gelbach_and_miller():
    d = sample(1)
    influence = d["count"] - d["count"].mean()

    def one(codes):
        groups = {}
        for value, code in zip(influence, codes, strict=True):
            groups[code] = groups.get(code, 0.0) + value
        g, n = len(groups), len(influence)
        return g / (g - 1) * (n - 1) / (n - 2) * sum(v**2 for v in groups.values())

    both = list(zip(d["sets"], d["practices"], strict=True))
    expected = one(d["sets"]) + one(d["practices"]) - one(both)
    expected = max(expected, one(d["sets"]), one(d["practices"]))
    u = clustered(influence, [d["sets"], d["practices"]])
    assert u.standard_error**2 == pytest.approx(expected)
    assert u.degrees == 24


def test_the_log_linear_model_is_that_of_statsmodels():
    d = sample(2)
    x = np.column_stack([np.ones(400), d["x"]])
    ours = fit_log_linear(x, d["count"], d["days"], d["weights"])
    theirs = sm.GLM(
        d["count"], x, family=sm.families.Poisson(), offset=np.log(d["days"]), var_weights=d["weights"]
    ).fit()
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-8)
    alpha = moment_dispersion(d["count"], ours.mean(x, d["days"]), np.ones(400))
    assert 0.1 < alpha < 1.5
    ours = fit_log_linear(x, d["count"], d["days"], np.ones(400), dispersion=alpha)
    theirs = sm.GLM(
        d["count"], x, family=sm.families.NegativeBinomial(alpha=alpha), offset=np.log(d["days"])
    ).fit()
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-6)


def test_the_adjusted_interval_agrees_with_resampling_clusters():
    """The influence function, the model's estimation included, against a cluster bootstrap."""
    d = sample(3, 800)
    groups = arms(d["treated"], clusters=[d["sets"]])
    found = rate_effects(d["count"], d["days"], groups, adjust=d["x"])["rate ratio"]
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(d["sets"] == s) for s in np.unique(d["sets"])]
    logs = []
    for _ in range(250):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        again = rate_effects(d["count"][rows], d["days"][rows], arms(d["treated"][rows]), adjust=d["x"][rows])
        logs.append(np.log(again["rate ratio"].value))
    stated = np.log(found.upper / found.lower) / (2 * norm.ppf(0.975))
    assert stated == pytest.approx(np.std(logs), rel=0.15)


def test_adjustment_removes_confounding_that_the_plain_ratio_keeps():
    rng = np.random.default_rng(6)
    n = 20_000
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(1.5 - x))
    count = rng.poisson(np.exp(-0.5 + 0.7 * x) * np.where(treated, 0.8, 1.0)).astype(float)
    days = np.full(n, 365.25)
    plain = rate_effects(count, days, arms(treated))["rate ratio"]
    fair = rate_effects(count, days, arms(treated), adjust=x)["rate ratio"]
    assert plain.value > 1.2
    assert fair.lower < 0.8 < fair.upper
    assert fair.value == pytest.approx(0.8, abs=0.04)


def test_doubly_robust_with_right_weights_and_a_wrong_model():
    """The outcome model misses the square; weights from the true score put it right."""
    rng = np.random.default_rng(8)
    n = 40_000
    x = rng.uniform(-2, 2, n)
    chance = 1 / (1 + np.exp(2 - 0.5 * x**2))
    treated = rng.random(n) < chance
    count = rng.poisson(np.exp(-1 + 0.4 * x**2) * np.where(treated, 0.7, 1.0)).astype(float)
    days = np.full(n, 365.25)
    weights = np.where(treated, 1.0, chance / (1 - chance))
    wrong = rate_effects(count, days, arms(treated), adjust=x)["rate ratio"]
    right = rate_effects(count, days, arms(treated, weights=weights), adjust=x)["rate ratio"]
    assert wrong.value > 0.9
    assert right.value == pytest.approx(0.7, abs=0.05)


def test_difference_in_differences_by_hand():
    groups = arms([1] * 50 + [0] * 50)
    year = np.full(100, 365.25)
    before = np.array([2.0] * 50 + [1.0] * 50)
    after = np.array([2.0, 1.0] * 25 + [1.0, 1.0] * 25)
    found = difference_in_differences((before, year), (after, year), groups)
    assert found["rate ratio"].value == pytest.approx(0.75)
    assert found["rate difference"].value == pytest.approx(-0.5)


def test_a_risk_difference_by_hand():
    found = mean_difference([1] * 10 + [0] * 40 + [1] * 5 + [0] * 45, arms([1] * 50 + [0] * 50))
    assert found.value == pytest.approx(0.1)
    variance = 0.2 * 0.8 / 50 + 0.1 * 0.9 / 50
    reach = t.ppf(0.975, 99) * np.sqrt(variance * 100 / 99 * 99 / 98)
    assert found.upper - found.value == pytest.approx(reach)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 50))
def test_what_must_not_matter(seed, scale):
    """The order of rows, the names of clusters, the size of weights, and adding people nobody weighs."""
    d = sample(seed, 120)
    base = arms(d["treated"], weights=d["weights"], clusters=[d["sets"]])
    first = rate_effects(d["count"], d["days"], base, adjust=d["x"][:, :1])
    mix = np.random.default_rng(seed).permutation(120)
    again = arms(d["treated"][mix], weights=scale * d["weights"][mix], clusters=[d["sets"][mix] * 7 + 3])
    second = rate_effects(d["count"][mix], d["days"][mix], again, adjust=d["x"][mix, :1])
    for measure in ("rate ratio", "rate difference"):
        one, two = first[measure], second[measure]
        assert (one.value, one.lower, one.upper) == pytest.approx((two.value, two.lower, two.upper), rel=1e-6)
    swapped = rate_effects(
        d["count"], d["days"], arms(~d["treated"], weights=d["weights"], clusters=[d["sets"]])
    )
    plain = rate_effects(d["count"], d["days"], base)
    assert swapped["rate ratio"].value == pytest.approx(1 / plain["rate ratio"].value)
    assert swapped["rate ratio"].upper == pytest.approx(1 / plain["rate ratio"].lower)


def test_sets_that_share_a_person_become_one_cluster():
    sets, people = np.array([0, 0, 1, 1, 2, 2]), np.array([10, 50, 11, 50, 12, 51])
    assert joined_clusters(sets, people).tolist() == [0, 0, 0, 0, 1, 1]


def test_few_clusters_are_said():
    d = sample(4)
    found = rate_effects(d["count"], d["days"], arms(d["treated"], clusters=[d["practices"] % 8]))
    assert "Only 8 clusters" in found["rate ratio"].notes[0]


@pytest.mark.parametrize(
    ("count", "days", "kind", "words"),
    [
        ([1, 2], [10, 10], EvaluationError, "2 values where 40"),
        ([1] * 39 + [-1], [10] * 40, EvaluationError, "Row 39: count is negative"),
        ([1] * 40, [10] * 39 + [-3], EvaluationError, "follow-up is negative"),
        ([1] * 40, [10] * 39 + [0], EvaluationError, "no follow-up time"),
        ([1] * 4 + [0] * 16 + [1] * 20, [10] * 40, Refusal, "4 events among the treated"),
        ([1] * 20 + [0] * 20, [10] * 40, Refusal, "0 events among their comparators"),
    ],
)
def test_bad_input_is_named_or_refused(count, days, kind, words):
    with pytest.raises(kind, match=words):
        rate_effects(count, days, arms([1] * 20 + [0] * 20))
