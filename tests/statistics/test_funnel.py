"""Funnel limits and verdicts against OHID's published ones."""

import numpy as np
import pytest
from scipy.stats import poisson

from goldenthread.statistics import StatisticsError, funnel_limits

SIDES = (
    ("lower_95", "lower_2s"),
    ("upper_95", "upper_2s"),
    ("lower_998", "lower_3s"),
    ("upper_998", "upper_3s"),
)


def test_proportions(vector):
    areas, published = vector("funnel_proportion_areas"), vector("funnel_proportion")
    funnel = funnel_limits(areas.numerator, areas.denominator)
    assert funnel.curve["denominator"].tolist() == published.Population.tolist()
    for mine, theirs in SIDES:
        np.testing.assert_allclose(funnel.curve[mine], published[f"{theirs}_limit"], atol=6e-7)
    assert funnel.baseline == pytest.approx(published.baseline[0], abs=6e-7)
    assert funnel.significance.tolist() == areas.significance.tolist()
    assert list(funnel.frame.columns) == ["denominator", *(mine for mine, _ in SIDES), "baseline"]


def test_directly_standardised_rates(vector):
    areas, published = vector("funnel_rate_areas"), vector("funnel_rate")
    funnel = funnel_limits(areas.ev, statistic="rate", rate=areas.rate, years=3)
    assert funnel.curve["events"].tolist() == published.Events.tolist()
    for mine, theirs in SIDES:
        np.testing.assert_allclose(funnel.curve[mine], published[f"{theirs}_limit"], rtol=1e-9)
        np.testing.assert_allclose(
            funnel.curve[f"{mine}_at"], published[f"{theirs}_population_1_year"], rtol=1e-9
        )
    assert funnel.baseline == pytest.approx(published.baseline[0], rel=1e-9)


def test_points_of_standardised_rates_leave_out_areas_under_ten_events(vector):
    areas = vector("funnel_rate_areas")
    areas.loc[areas.ev.idxmax(), "ev"] = 5  # as the published points do
    funnel = funnel_limits(areas.ev, statistic="rate", rate=areas.rate, years=3)
    assert areas.rate_chart.isna().sum() == 1
    np.testing.assert_allclose(funnel.value, areas.rate_chart)
    np.testing.assert_allclose(funnel.denominator, areas.denominator_derived, rtol=1e-8)


@pytest.mark.parametrize("per", [100, 100_000])
def test_verdicts_on_rates(vector, per):
    areas = vector("funnel_rate_verdicts")
    some = areas[areas["count"] != 0]
    standardised = funnel_limits(areas["count"], statistic="rate", rate=areas.rate_dsr, per=per)
    assert standardised.significance.tolist() == areas[f"dsr_per_{per}_with_0"].tolist()
    few = areas["count"].to_numpy() < 10
    assert few.any()
    assert np.isnan(standardised.value[few]).all()
    crude = funnel_limits(areas["count"], areas["pop"], statistic="rate", per=per)
    assert crude.significance.tolist() == areas[f"crude_per_{per}_with_0"].tolist()
    without = funnel_limits(some["count"], some["pop"], statistic="rate", per=per)
    expected = some[f"crude_per_{per}_without_0"]
    assert without.significance.tolist() == expected.tolist()


def test_ratio_limits_are_exact_poisson_limits():
    funnel = funnel_limits([8, 151, 159, 40], [6.24, 106.44, 232.93, 41], statistic="ratio")
    assert funnel.baseline == 100
    assert funnel.significance.tolist() == [
        "Not significant",
        "High (0.001)",
        "Low (0.001)",
        "Not significant",
    ]
    events, expected = funnel.curve["events"], funnel.curve["upper_998_at"]
    np.testing.assert_allclose(poisson.sf(events - 1, expected), 0.001, rtol=1e-4)
    np.testing.assert_allclose(poisson.cdf(events, funnel.curve["lower_95_at"]), 0.025, rtol=1e-4)
    np.testing.assert_allclose(funnel.curve["lower_95"], 100 * events / funnel.curve["lower_95_at"])


def test_a_wider_funnel_for_smaller_places():
    curve = funnel_limits([30, 300], [100, 1000]).curve
    assert (np.diff(curve["upper_95"]) <= 0).all()
    assert (np.diff(curve["lower_998"]) >= 0).all()
    assert (curve["lower_998"] <= curve["lower_95"]).all()
    assert curve["upper_998"].max() == 100


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"count": [5], "denominator": [10]}, "compares areas"),
        ({"count": [5, 12], "denominator": [10, 11]}, "above its denominator at position 1"),
        ({"count": [5, 6], "denominator": [10, 0]}, "greater than zero at position 1"),
        ({"count": [5, 6]}, "no denominator"),
        ({"count": [0, 0], "denominator": [10, 12]}, "no events"),
        ({"count": [5, 6], "denominator": [1, 2, 3]}, "count is"),
        ({"count": [5, 6], "denominator": [10, 12], "statistic": "mean"}, "not known"),
        ({"count": [50, 60], "statistic": "rate", "rate": [0, 3]}, "rate is zero"),
        ({"count": [50, 60], "statistic": "rate", "rate": [float("nan"), 3]}, "missing"),
        ({"count": [5, 6], "denominator": [10, 12], "rate": [1, 2]}, "belongs to"),
    ],
)
def test_bad_input_is_named(arguments, problem):
    with pytest.raises(StatisticsError, match=problem):
        funnel_limits(**arguments)
