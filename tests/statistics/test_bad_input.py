"""Input that cannot be right is named, placed, and never becomes NaN in silence."""

import numpy as np
import pytest

from goldenthread.errors import GoldenThreadError
from goldenthread.statistics import (
    ESP2013,
    StatisticsError,
    directly_standardised_rate,
    indirectly_standardised_ratio,
    life_expectancy,
    mean,
    proportion,
    rate,
    standard_error_from_limits,
)

AGES = [0, 1, *range(5, 95, 5)]
NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: proportion(-1, 10), "count is negative: -1"),
        (lambda: proportion([1, 2, 11], 10), "count is above its denominator at position 2: 11"),
        (lambda: proportion(1, 0), "denominator must be greater than zero: 0"),
        (lambda: proportion([1, 2], [10, 10, 10]), "lengths do not match"),
        (lambda: proportion([1, None], 10), "missing or not finite at position 1"),
        (lambda: proportion("many", 10), "not a number"),
        (lambda: proportion(1, 10, confidence=95), "not between 0.5 and 1"),
        (lambda: proportion(1, 10, confidence=1.0), "not between 0.5 and 1"),
        (lambda: rate([4, NAN], 10), "missing or not finite at position 1"),
        (lambda: rate(4, [10, -2]), "greater than zero at position 1: -2"),
        (lambda: rate(4, 10, per=0), "per is 0"),
        (lambda: rate([], []), "count is empty"),
        (lambda: rate([[1, 2], [3, -4]], 10), r"negative at position \(1, 1\): -4"),
        (lambda: mean([5]), "at least two"),
        (lambda: directly_standardised_rate([1] * 18, [9] * 18, ESP2013), "18 age bands .* 19"),
        (lambda: directly_standardised_rate([1] * 18, [9] * 19, ESP2013), "19 age bands .* 18 in count"),
        (
            lambda: directly_standardised_rate([-1] * 19, [9] * 19, ESP2013),
            r"negative at position 0: -1 \(19",
        ),
        (lambda: directly_standardised_rate([1] * 19, [0] * 19, ESP2013), "population must be greater"),
        (lambda: directly_standardised_rate([20, 1], [9, 9], [0, 0]), "adds up to zero"),
        (lambda: directly_standardised_rate([20, 1], [9, 9], [-1, 4]), "standard_population is negative"),
        (lambda: directly_standardised_rate([[20, 1]], [[9, 9]] * 2, [1, 4]), "count is"),
        (lambda: directly_standardised_rate([[20, 1]], [[9, 9]], [[1, 4]] * 2), "standard_population is"),
        (lambda: directly_standardised_rate(20, 9, 1), "0 dimensions"),
        (
            lambda: directly_standardised_rate([9, 9], [99, 99], [1, 1], people_by_frequency={0: [9, 9]}),
            "not a number of events",
        ),
        (
            lambda: directly_standardised_rate([9, 9], [99, 99], [1, 1], people_by_frequency={1: [9]}),
            "People with 1 events",
        ),
        (lambda: indirectly_standardised_ratio(5, [10, 10], [0, 0], [9, 9]), "Expected events"),
        (lambda: indirectly_standardised_ratio([5, 5, 5], [10, 10], [1, 1], [9, 9]), "observed is"),
        (lambda: indirectly_standardised_ratio(5, [10, 10], [1, 1, 1], [9, 9, 9]), "2 age bands .* 3"),
        (lambda: indirectly_standardised_ratio(5, [10, 10], [[1, 1]], [[9, 9]]), "reference counts are"),
        (lambda: life_expectancy(AGES, [5] * 19, [900] * 20), "20 age bands; deaths"),
        (lambda: life_expectancy(AGES, [950] * 20, [900] * 20), "more deaths than people at position 0"),
        (lambda: life_expectancy(AGES, [-5] * 20, [900] * 20), "deaths is negative"),
        (lambda: life_expectancy(AGES, [5] * 20, [900] * 19 + [0]), "population must be greater"),
        (lambda: life_expectancy([AGES], [5] * 20, [900] * 20), "more than one dimension"),
        (lambda: standard_error_from_limits(5, 4), "upper lies under lower"),
    ],
)
def test_the_error_says_what_and_where(call, problem):
    with pytest.raises(StatisticsError, match=problem) as caught:
        call()
    assert isinstance(caught.value, GoldenThreadError)
    assert caught.value.remedy


def test_published_bad_rows_are_refused(vector):
    population = vector("dsr_areas")["pop"].to_numpy()[:19]
    for change in ((5, -26), (1, -558), (1, 0)):
        wrong = population.copy()
        wrong[change[0]] = change[1]
        with pytest.raises(StatisticsError, match=f"position {change[0]}"):
            directly_standardised_rate(np.full(19, 30), wrong, ESP2013)
