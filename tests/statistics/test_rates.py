"""Proportions, crude rates and means against OHID's published figures."""

import math

import numpy as np
import pytest

from goldenthread.statistics import (
    Estimate,
    StatisticsError,
    byar_limits,
    exact_poisson_limits,
    mean,
    proportion,
    rate,
    wilson_limits,
)

EXACT = {"rtol": 1e-12, "atol": 0}


@pytest.mark.parametrize("level", ["95_0", "99_8"])
def test_proportions_are_the_published_ones(vector, level):
    table = vector("proportions").dropna(subset=["Numerator", "Denominator"])
    confidence = float(level.replace("_", ".")) / 100
    e = proportion(table.Numerator, table.Denominator, confidence=confidence)
    for found, column in ((e.value, "value"), (e.lower, f"lower{level}cl"), (e.upper, f"upper{level}cl")):
        np.testing.assert_allclose(found * table.multiplier, table[column], **EXACT)


@pytest.mark.parametrize("level", ["95_0", "99_8"])
@pytest.mark.parametrize("per", [100, 100_000])
def test_rates_are_the_published_ones_exact_under_ten_and_byar_from_ten(vector, level, per):
    table = vector("rates").dropna(subset=["Numerator", "Denominator"])
    table = table[table.multiplier == per]
    e = rate(table.Numerator, table.Denominator, per=per, confidence=float(level.replace("_", ".")) / 100)
    for found, column in ((e.value, "value"), (e.lower, f"lower{level}cl"), (e.upper, f"upper{level}cl")):
        np.testing.assert_allclose(found, table[column], **EXACT)


def test_the_published_rows_without_a_figure_are_refused(vector):
    for table in (vector("proportions"), vector("rates")):
        blank = table[table.value.isna()]
        assert len(blank) == 3
        for row in blank.itertuples():
            with pytest.raises(StatisticsError, match="missing"):
                rate(row.Numerator, row.Denominator)


def test_byar_and_wilson_limits_are_the_published_ones(vector):
    for row in vector("byar_wilson").itertuples():
        confidence = float(row.confidence.rstrip("%")) / 100
        if row.method == "Wilson":
            found = wilson_limits(row.x, row.n, confidence=confidence)
        elif math.isnan(row.lowercl):  # one event at 99.8%: the approximation has no lower limit
            with pytest.raises(StatisticsError, match="Byar's method does not hold"):
                byar_limits(row.x, confidence=confidence)
            continue
        else:
            found = byar_limits(row.x, confidence=confidence)
        np.testing.assert_allclose(found, (row.lowercl, row.uppercl), **EXACT)


@pytest.mark.parametrize("level", ["95_0", "99_8"])
def test_means_are_the_published_ones(vector, level):
    values, published = vector("mean_values"), vector("means").set_index("area")
    confidence = float(level.replace("_", ".")) / 100
    for area, row in published.iterrows():
        chosen = values if area == "No grouping" else values[values.area == area]
        e = mean(chosen["values"], confidence=confidence)
        expected = (row.value, row[f"lower{level}cl"], row[f"upper{level}cl"])
        np.testing.assert_allclose((e.value, e.lower, e.upper), expected, rtol=1e-10)


def test_no_events_has_a_lower_limit_of_zero_and_an_upper_one():
    e = rate(0, 1000, per=1000)
    assert (e.value, e.lower) == (0.0, 0.0)
    assert e.upper == pytest.approx(3.6889, abs=1e-4)  # -ln(0.025)
    assert exact_poisson_limits(0)[0] == 0


def test_the_method_changes_at_ten_events():
    nine, ten = rate(9, 100, per=100), rate(10, 100, per=100)
    assert (nine.lower, nine.upper) == pytest.approx([float(x) for x in exact_poisson_limits(9)])
    assert (ten.lower, ten.upper) == pytest.approx([float(x) for x in byar_limits(10)])
    assert ten.lower != pytest.approx(float(exact_poisson_limits(10)[0]))


def test_none_and_all_stay_between_nought_and_one():
    e = proportion([0, 40], [40, 40])
    assert e.lower[0] == 0
    assert e.upper[1] == 1
    assert e.upper[0] == pytest.approx(0.0876, abs=1e-4)


def test_numbers_in_give_numbers_and_arrays_keep_their_shape():
    assert isinstance(proportion(1, 4).value, float)
    table = rate([[1, 20, 3], [40, 5, 60]], 1000)
    assert np.shape(table.value) == np.shape(table.lower) == np.shape(table.upper) == (2, 3)
    assert table.available.all()


def test_estimates_compare_by_their_numbers():
    assert rate([1, 2], 10) == rate([1, 2], 10)
    assert rate(1, 10) != rate(2, 10)
    assert Estimate(1.0, 0.0, 2.0) != "1.0"
