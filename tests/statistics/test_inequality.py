"""Slope and relative indices of inequality and the concentration index."""

import re

import numpy as np
import pytest

from goldenthread.statistics import (
    StatisticsError,
    concentration_index,
    relative_ranks,
    slope_index_of_inequality,
    standard_error_from_limits,
)

KINDS = ("default", "rate", "proportion")
PUBLISHED_TOLERANCE = 0.05  # the published limits are themselves simulated


def published_cases(vector):
    """The rows of every published index, with the settings its description names."""
    table = vector("sii")
    starts = table.index[table.sii.notna()].tolist()
    for start in starts:
        description = table.TestDescription[start]
        same = table.TestDescription == description
        quantiles = 5 if "quintiles" in description else 10
        rows = table.loc[start : start + quantiles - 1]
        assert same.loc[rows.index].all()
        factor = re.search(r"\(x (-?\d+)\)", description)
        multiplier = float(factor[1]) if factor else -1.0 if "negative multiplier" in description else 1.0
        levels = [float(x) / 100 for x in re.findall(r"\d+", str(rows.Confidence.iloc[0]))]
        if "(95 and 98)" in description or "95% and 98%" in description:
            levels = [0.95, 0.98]
        elif "98" in description:
            levels = [0.98]
        yield description, rows, multiplier, levels


def test_every_published_index_and_its_limits(vector):
    seen = 0
    for description, rows, multiplier, levels in published_cases(vector):
        first = rows.iloc[0]
        for number, confidence in enumerate(levels, start=1):
            index = slope_index_of_inequality(
                rows.Value,
                rows.StandardError,
                rows.Population,
                value_type=KINDS[int(first.ValueType)],
                transform="transform" in description,
                confidence=confidence,
                repetitions=int(first.Repetitions),
                seed=number,
                multiplier=multiplier,
            )
            assert index.sii.value == pytest.approx(first.sii, rel=1e-12), description
            if not np.isnan(first.Intercept):
                assert index.intercept == pytest.approx(first.Intercept, rel=1e-12)
            for name, estimate in (("sii", index.sii), ("rii", index.rii)):
                if name == "rii" and np.isnan(first.rii):
                    continue
                if name == "rii":
                    assert estimate.value == pytest.approx(first.rii, rel=1e-12), description
                limits = (first[f"{name}_lowercl_{number}"], first[f"{name}_uppercl_{number}"])
                if not np.isnan(limits[0]):
                    assert (estimate.lower, estimate.upper) == pytest.approx(
                        limits, rel=PUBLISHED_TOLERANCE
                    ), (description, name)
                    seen += 1
    assert seen > 30


def test_limits_come_to_the_normal_ones_where_the_line_is_linear_in_the_draws(vector):
    rows = vector("sii").iloc[:10]
    index = slope_index_of_inequality(rows.Value, rows.StandardError, rows.Population, seed=5)
    ranks, share = relative_ranks(rows.Population), rows.Population / rows.Population.sum()
    weights = share * (ranks - 0.5) / (share * (ranks - 0.5) ** 2).sum()
    spread = 1.959964 * np.sqrt((weights**2 * rows.StandardError**2).sum())
    assert index.sii.lower == pytest.approx(index.sii.value - spread, abs=0.005)
    assert index.sii.upper == pytest.approx(index.sii.value + spread, abs=0.005)


@pytest.mark.parametrize("value_type", ["default", "proportion"])
def test_the_simulation_agrees_with_drawing_and_fitting_line_by_line(vector, value_type):
    rows = vector("sii").iloc[45:55]
    value, error, people = (rows[c].to_numpy() for c in ("Value", "StandardError", "Population"))
    error = error * 5
    index = slope_index_of_inequality(
        value, error if value_type == "proportion" else value * 0.05, people, value_type=value_type, seed=2
    )
    rng = np.random.default_rng(11)
    ranks, weight = relative_ranks(people), np.sqrt(people / people.sum())
    slopes, ratios = [], []
    for _ in range(4000):
        if value_type == "proportion":
            drawn = 1 / (1 + np.exp(-rng.normal(np.log(value / (1 - value)), error)))
        else:
            drawn = rng.normal(value, value * 0.05)
        slope, start = np.polyfit(ranks, drawn, 1, w=weight)
        slopes.append(slope)
        ratios.append((start + slope) / start)
    for estimate, draws in ((index.sii, slopes), (index.rii, ratios)):
        width = estimate.upper - estimate.lower
        assert (estimate.lower, estimate.upper) == pytest.approx(
            tuple(np.quantile(draws, [0.025, 0.975])), abs=0.06 * width
        )


def test_areas_by_quantiles_are_each_area_alone_and_the_seed_fixes_the_limits(vector):
    rows = vector("sii").iloc[:20]
    value, error, people = (
        rows[c].to_numpy().reshape(2, 10) for c in ("Value", "StandardError", "Population")
    )
    both = slope_index_of_inequality(value, error, people, seed=8)
    again = slope_index_of_inequality(value, error, people, seed=8)
    other = slope_index_of_inequality(value, error, people, seed=9)
    first = slope_index_of_inequality(value[0], error[0], people[0], seed=8)
    assert both.sii == again.sii
    assert both.rii == again.rii
    assert both.rii != other.rii
    assert isinstance(first.sii.value, float)
    assert (first.sii.value, first.sii.lower) == (both.sii.value[0], both.sii.lower[0])


def test_no_inequality_is_zero_and_one():
    flat = slope_index_of_inequality([3.0] * 5, [0.1] * 5, [10, 20, 30, 40, 50], seed=1)
    assert flat.sii.value == pytest.approx(0, abs=1e-12)
    assert flat.rii.value == pytest.approx(1)
    assert flat.sii.lower < 0 < flat.sii.upper


def test_a_line_that_starts_at_nought_has_no_ratio():
    index = slope_index_of_inequality([-1.0, 0, 1, 2, 3], [0.5] * 5, [10] * 5, seed=1)
    assert index.sii.available
    assert not index.rii.available
    assert "no meaning" in index.rii.note


def test_a_line_that_may_start_under_nought_has_no_ratio():
    people, value = [10] * 5, [1.0, 2, 3, 4, 5]
    sure = slope_index_of_inequality(value, [0.1] * 5, people, seed=1)
    doubtful = slope_index_of_inequality(value, [1.0] * 5, people, seed=1)
    assert sure.intercept == doubtful.intercept > 0
    assert sure.rii.available
    assert not doubtful.rii.available


def test_standard_errors_from_limits_are_the_published_ones(vector):
    table = vector("sii").dropna(subset=["LowerCL", "UpperCL", "StandardError", "Value"])
    for kind, rows in table.groupby("ValueType"):
        if kind:
            rows = rows[(rows.LowerCL > 0) & (rows.UpperCL > rows.LowerCL)]
            found = standard_error_from_limits(rows.LowerCL, rows.UpperCL, value_type=KINDS[int(kind)])
            np.testing.assert_allclose(found, rows.StandardError, rtol=2e-5)  # z = 1.96


GOOD = {"value": [5.0, 6, 7, 8, 9], "standard_error": [0.1] * 5, "population": [10] * 5}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"value": [5, 6, 7, 8]}, "value is"),
        ({"value": [5, 6, float("nan"), 8, 9]}, "missing or not finite at position 2"),
        ({"standard_error": [0.1, -0.1, 0.1, 0.1, 0.1]}, "negative at position 1"),
        ({"population": [10, 10, 0, 10, 10]}, "greater than zero"),
        ({"value_type": "rate", "value": [5, 0, 1, 1, 1]}, "not above zero"),
        ({"value_type": "proportion"}, "not between 0 and 1"),
        ({"value_type": "odds"}, "not known"),
        ({"transform": True}, "no transformation"),
        ({"repetitions": 999}, "999 repetitions"),
        ({"repetitions": 1e5}, "100000.0 repetitions"),
        ({"seed": -1}, "seed -1"),
        ({"value_type": "rate", "standard_error": [2.5] * 5}, "too large for the log"),
        ({"multiplier": 0}, "multiplier"),
        ({"confidence": 95}, "confidence"),
        ({"value": [5] * 4, "standard_error": [1] * 4, "population": [1] * 4}, "needs 5 to 100"),
    ],
)
def test_bad_input_is_named(change, problem):
    with pytest.raises(StatisticsError, match=problem):
        slope_index_of_inequality(**{**GOOD, **change})


def test_concentration_index_of_a_published_example():
    # Under-five deaths per 1,000 births by wealth fifth, India 1982-92: -0.1694
    # (World Bank, Quantitative Techniques for Health Equity Analysis, technical note 7, table 1).
    deaths, births = [154.7, 152.9, 119.5, 86.9, 54.3], [29939, 28776, 26528, 24689, 19739]
    e = concentration_index(deaths, births)
    assert e.value == pytest.approx(-0.1694, abs=1e-4)
    assert e.lower < e.value < e.upper < 0


def test_concentration_index_at_its_ends():
    assert concentration_index([4, 4, 4], [10, 30, 60]).value == pytest.approx(0, abs=1e-12)
    all_on_first = concentration_index([1, 0, 0, 0], [1, 1, 1, 1]).value
    assert all_on_first == pytest.approx(-0.75)
    assert concentration_index([0, 0, 0, 1], [1, 1, 1, 1]).value == pytest.approx(0.75)


def test_group_standard_errors_narrow_the_concentration_interval():
    deaths, births = [154.7, 152.9, 119.5, 86.9, 54.3], [29939, 28776, 26528, 24689, 19739]
    known = concentration_index(deaths, births, standard_error=[2.1, 2.1, 2.0, 1.8, 1.6])
    unknown = concentration_index(deaths, births)
    assert known.upper - known.lower < unknown.upper - unknown.lower
    rng = np.random.default_rng(3)
    drawn = rng.normal(deaths, [2.1, 2.1, 2.0, 1.8, 1.6], (4000, 5))
    spread = concentration_index(drawn, np.tile(births, (4000, 1))).value.std()
    assert (known.upper - known.lower) / (2 * 1.96) >= 0.95 * spread


def test_nothing_to_share_is_refused():
    with pytest.raises(StatisticsError, match="not above zero"):
        concentration_index([0, 0], [10, 10])
    with pytest.raises(StatisticsError, match="standard_error is"):
        concentration_index([1, 2], [10, 10], standard_error=[1])
