"""The Lalonde job-training data: propensity, pairs and balance against R's MatchIt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goldenthread.evaluation.balance import balance_table, largest_difference
from goldenthread.evaluation.design import design_matrix
from goldenthread.evaluation.matching import match
from goldenthread.evaluation.propensity import propensity_score

VECTORS = Path(__file__).parent.parent / "vectors" / "lalonde"
COVARIATES = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]


@pytest.fixture(scope="module")
def people():
    return pd.read_csv(VECTORS / "people.csv")


@pytest.fixture(scope="module")
def design(people):
    return design_matrix([people], COVARIATES)


@pytest.fixture(scope="module")
def score(people, design):
    return propensity_score(design.regressors, people["treat"]).score


def test_the_propensity_score_is_that_of_r(people, score):
    expected = pd.read_csv(VECTORS / "propensity.csv")
    assert (expected["id"] == people["id"]).all()
    # R's glm stops at a relative change in deviance of 1e-8
    np.testing.assert_allclose(score, expected["ps"], atol=1e-8)


def test_pairs_are_those_of_the_matchit_build(people, score):
    expected = pd.read_csv(VECTORS / "pairs_matchit_4_5_1.csv")
    found = match(score, people["treat"], side="below")
    ids = people["id"].to_numpy()
    pairs = set(zip(ids[found.treated], ids[found.control], strict=True))
    assert pairs == set(zip(expected["treated"], expected["control"], strict=True))
    outcome = people["re78"].to_numpy()
    assert (outcome[found.treated] - outcome[found.control]).mean() == pytest.approx(770.390167837841)


def test_balance_is_that_of_matchit(people, design):
    score = pd.read_csv(VECTORS / "propensity.csv")["ps"].to_numpy()
    found = match(score, people["treat"], side="below")
    table = balance_table(
        np.column_stack([score, design.matrix]),
        people["treat"],
        found.weights,
        names=["distance", *design.names],
        pairs=found,
    )
    columns = ["mean_treated", "mean_control", "smd", "variance_ratio", "ecdf_mean", "ecdf_max"]
    for when, file in (("before", "balance_unmatched.csv"), ("after", "balance_matched_matchit_4_5_1.csv")):
        expected = pd.read_csv(VECTORS / file)
        assert expected["covariate"].tolist() == [n.replace(": ", "") for n in table["covariate"]]
        got = table[[f"{c}_{when}" for c in columns]].to_numpy()
        np.testing.assert_allclose(got, expected.iloc[:, 1:7].to_numpy(float), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(table["pair_distance"], expected["Std..Pair.Dist."], rtol=1e-9)


def test_ordinary_nearest_matching_gives_the_published_means(people, design, score):
    found = match(score, people["treat"])
    table = balance_table(design.matrix, people["treat"], found.weights, names=design.names)
    means = table.set_index("covariate")["mean_control_after"]
    published = {
        "re74": 2342.1076,
        "re75": 1614.7451,
        "educ": 10.6054,
        "race: black": 0.4703,
        "race: hispan": 0.2162,
        "age": 25.3027,
        "married": 0.2108,
        "nodegree": 0.6378,
    }
    for name, mean in published.items():
        assert means[name] == pytest.approx(mean, abs=5e-5)
    assert score[found.control].mean() == pytest.approx(0.3629, abs=5e-5)


def test_a_caliper_leaves_the_matched_people_more_alike(people, design):
    fit = propensity_score(design.regressors, people["treat"])
    width = 0.2 * fit.logit.std()
    found = match(fit.logit, people["treat"], caliper=width)
    assert (found.distance <= width).all()
    assert 0 < len(found.unmatched) < 185
    table = balance_table(design.matrix, people["treat"], found.weights, names=design.names)
    before, after = (largest_difference(table, when=w)[1] for w in ("before", "after"))
    assert before > 1.8
    assert after < 0.3
