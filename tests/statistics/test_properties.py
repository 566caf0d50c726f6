"""What must hold for any input."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from goldenthread.statistics import (
    byar_limits,
    concentration_index,
    directly_standardised_rate,
    exact_poisson_limits,
    funnel_limits,
    indirectly_standardised_ratio,
    life_expectancy,
    proportion,
    quantiles,
    rate,
    slope_index_of_inequality,
    xmr,
)

COUNTS = st.integers(0, 10_000)
LEVELS = st.sampled_from([0.9, 0.95, 0.998])
AGES = [0, 1, *range(5, 95, 5)]


def inside(e):
    """Each available value lies within its limits, to rounding."""
    value, lower, upper = (np.asarray(x) for x in (e.value, e.lower, e.upper))
    slack = 1e-9 * np.maximum(np.abs(value), 1)
    there = ~np.isnan(value)
    return bool(((lower <= value + slack) & (value <= upper + slack))[there].all())


@st.composite
def areas_by_ages(draw, most_areas=4, most_ages=6):
    shape = (draw(st.integers(1, most_areas)), draw(st.integers(2, most_ages)))
    count = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 300)))
    population = draw(hnp.arrays(np.int64, shape, elements=st.integers(400, 20_000)))
    weights = draw(hnp.arrays(np.int64, shape[1], elements=st.integers(1, 9000)))
    return count, population, weights


@given(COUNTS, st.integers(1, 20_000), LEVELS)
def test_intervals_contain_their_value(count, denominator, confidence):
    assert inside(rate(count, denominator, confidence=confidence))
    if count <= denominator:
        share = proportion(count, denominator, confidence=confidence)
        assert inside(share)
        assert 0 <= share.lower <= share.upper <= 1


@given(st.lists(COUNTS, min_size=2, max_size=12, unique=True), LEVELS)
def test_more_events_never_lower_a_rate_or_its_limits(counts, confidence):
    ordered = np.sort(counts)
    e = rate(ordered, 10_000, confidence=confidence)
    for series in (e.value, e.lower, e.upper):
        assert (np.diff(series) > 0).all()


@given(st.integers(10, 5000), LEVELS)
def test_byar_stays_close_to_the_exact_limits(count, confidence):
    # from ten events on, within two per cent of the count
    for near, exact in zip(
        byar_limits(count, confidence=confidence),
        exact_poisson_limits(count, confidence=confidence),
        strict=True,
    ):
        assert abs(near - exact) <= 0.02 * count


@given(areas_by_ages(), st.randoms(use_true_random=False))
def test_rates_do_not_change_when_ages_or_areas_are_relabelled(table, random):
    count, population, weights = table
    ages = random.sample(range(count.shape[1]), count.shape[1])
    areas = random.sample(range(count.shape[0]), count.shape[0])
    plain = directly_standardised_rate(count, population, weights)
    moved = directly_standardised_rate(
        count[np.ix_(areas, ages)], population[np.ix_(areas, ages)], weights[ages]
    )
    for name in ("value", "lower", "upper"):
        np.testing.assert_allclose(getattr(moved, name), getattr(plain, name)[areas], rtol=1e-9)
    reference = (np.maximum(count.sum(axis=0), 1), population.sum(axis=0))
    ratio = indirectly_standardised_ratio(count, population, *reference)
    again = indirectly_standardised_ratio(
        count[np.ix_(areas, ages)], population[np.ix_(areas, ages)], *(x[ages] for x in reference)
    )
    np.testing.assert_allclose(again.value, ratio.value[areas], rtol=1e-9)


@given(areas_by_ages(), st.integers(1, 1000))
def test_direct_rates_contain_their_value_and_only_the_shape_of_the_standard_counts(table, factor):
    count, population, weights = table
    e = directly_standardised_rate(count, population, weights)
    assert inside(e)
    assert (np.asarray(e.available) == (count.sum(axis=1) >= 10)).all()
    assert (np.isnan(e.lower) == ~np.asarray(e.available)).all()
    scaled = directly_standardised_rate(count, population, weights * factor, per=1000)
    np.testing.assert_allclose(scaled.value * 100, e.value, rtol=1e-9)


@given(areas_by_ages(most_areas=1))
def test_one_event_for_each_person_is_the_independent_case(table):
    count, population, weights = table
    plain = directly_standardised_rate(count, population, weights)
    single = directly_standardised_rate(count, population, weights, people_by_frequency={1: count})
    assert plain == single


@given(
    st.lists(st.floats(-1e4, 1e4).map(lambda x: round(x, 3)), min_size=13, max_size=60),
    st.sampled_from([0.125, 0.5, 2.0, 64.0]),
    st.sampled_from(["increase", "decrease", None]),
)
def test_xmr_follows_the_scale_of_its_series(values, factor, improvement):
    # powers of two: the same chart to the last bit, so every flag must agree
    chart = xmr(values, improvement=improvement)
    scaled = xmr(np.array(values) * factor, improvement=improvement)
    for name in ("mean", "lower_limit", "upper_limit", "near_lower", "near_upper"):
        np.testing.assert_array_equal(getattr(scaled, name), getattr(chart, name) * factor)
    assert scaled.special_cause.tolist() == chart.special_cause.tolist()
    assert scaled.point_type.tolist() == chart.point_type.tolist()


@given(st.lists(st.integers(-500, 500), min_size=13, max_size=60))
def test_turning_a_series_over_turns_good_into_bad(values):
    series = np.array(values) * 1.0
    up, down = xmr(series), xmr(-series)
    np.testing.assert_allclose(down.upper_limit, -up.lower_limit, atol=1e-9)
    swap = {
        "special_cause_improvement": "special_cause_concern",
        "special_cause_concern": "special_cause_improvement",
        "common_cause": "common_cause",
    }
    assert [swap[kind] for kind in up.point_type] == down.point_type.tolist()
    assert up.point_type.tolist() == xmr(-series, improvement="decrease").point_type.tolist()


@settings(max_examples=25)
@given(
    hnp.arrays(np.float64, 10, elements=st.floats(10, 90)),
    hnp.arrays(np.int64, 10, elements=st.integers(100, 9000)),
    st.sampled_from(["default", "rate"]),
    st.booleans(),
)
def test_slope_index_turns_over_with_the_order_of_deprivation(value, people, value_type, transform):
    transform = transform and value_type == "rate"
    options = {"value_type": value_type, "transform": transform, "repetitions": 4000, "seed": 6}
    error = np.full(10, 0.02 if value_type == "rate" else 1.0)
    one = slope_index_of_inequality(value, error, people, **options)
    other = slope_index_of_inequality(value[::-1], error, people[::-1], **options)
    assert inside(one.sii)
    np.testing.assert_allclose(other.sii.value, -one.sii.value, rtol=1e-8, atol=1e-8)
    width = one.sii.upper - one.sii.lower
    assert abs(other.sii.lower + one.sii.upper) < 0.15 * width
    if one.rii.available and other.rii.available:
        np.testing.assert_allclose(other.rii.value, 1 / one.rii.value, rtol=1e-8)


@given(
    hnp.arrays(np.float64, 6, elements=st.floats(0.5, 50)),
    hnp.arrays(np.int64, 6, elements=st.integers(1, 500)),
)
def test_concentration_index_turns_over_and_stays_within_one(value, people):
    one, other = concentration_index(value, people), concentration_index(value[::-1], people[::-1])
    np.testing.assert_allclose(one.value, -other.value, atol=1e-9)
    assert -1 < one.value < 1
    assert inside(one)


@given(hnp.arrays(np.int64, 20, elements=st.integers(0, 60)), st.integers(1, 30))
def test_more_deaths_never_lengthen_life(deaths, extra):
    deaths = deaths.copy()
    deaths[-1] = max(deaths[-1], 20)
    people = np.full(20, 1000)
    few, more = (life_expectancy(AGES, d, people) for d in (deaths, deaths + extra))
    both = few.available & more.available
    assert (more.value[both] <= few.value[both] + 1e-9).all()
    assert inside(few)


@given(st.lists(st.integers(0, 50), min_size=5, max_size=80), st.integers(2, 10))
def test_quantiles_keep_order_and_ties(values, number):
    v = np.array(values, dtype=float)
    found = quantiles(v, number, invert=False).quantile
    if len(v) < number:
        assert np.isnan(found).all()
        return
    assert set(found) <= set(range(1, number + 1))
    assert found.max() == number or len(set(values)) < len(values)
    order = np.argsort(v, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    for value in set(values):
        assert len(set(found[v == value])) == 1


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(400, 9000)), min_size=2, max_size=20))
def test_funnel_baseline_is_the_pooled_average_and_limits_enclose_it(rows):
    count, people = np.array(rows).T
    share = funnel_limits(count, people)
    np.testing.assert_allclose(share.baseline, 100 * count.sum() / people.sum())
    events = funnel_limits(count, people, statistic="rate")
    for funnel in (share, events):
        for label in ("95", "998"):
            assert (funnel.curve[f"lower_{label}"] <= funnel.baseline + 1e-9).all()
            assert (funnel.curve[f"upper_{label}"] >= funnel.baseline - 1e-9).all()
