"""Life expectancy against the published table and the rules for small places."""

import numpy as np
import pytest

from goldenthread.statistics import StatisticsError, life_expectancy

AGES = [0, 1, *range(5, 95, 5)]


def test_life_expectancy_is_the_published_one_to_four_places(vector):
    table = vector("life_expectancy")
    e = life_expectancy(table.startage, table.deaths, table.population)
    known = table["le"].notna()
    assert known.sum() == 10
    np.testing.assert_allclose(e.value[known], table["le"][known], atol=1e-8, rtol=0)
    for found, column in ((e.lower, "lower95"), (e.upper, "upper95")):  # published with z = 1.96
        np.testing.assert_allclose(found[known], table[column][known], atol=1e-5, rtol=0)


def test_areas_by_ages_are_each_area_alone_and_order_does_not_matter(vector):
    table = vector("life_expectancy")
    deaths = np.stack([table.deaths, table.deaths * 2])
    people = np.stack([table.population] * 2)
    both = life_expectancy(table.startage, deaths, people)
    assert life_expectancy(table.startage, deaths[1], people[1]).value.tolist() == both.value[1].tolist()
    shuffled = table.sample(frac=1, random_state=4)
    again = life_expectancy(shuffled.startage, shuffled.deaths, shuffled.population)
    np.testing.assert_array_equal(again.value, both.value[0][shuffled.index])


def test_constant_death_rate_gives_its_inverse_at_the_last_age():
    e = life_expectancy(AGES, [50] * 20, [500] * 20)
    assert e.value[-1] == pytest.approx(10.0)


def test_small_places_and_places_without_deaths_at_the_end_get_a_reason():
    few = life_expectancy(AGES, [2] * 20, [250] * 20)  # exactly 5,000
    assert set(few.note) == {"population of 5,000 or fewer"}
    assert np.isnan(few.value).all()
    assert np.isnan(few.lower).all()
    people, deaths = np.full((2, 20), 1000), np.full((2, 20), 5)
    deaths[:, -1] = 0, 250
    mixed = life_expectancy(AGES, deaths, people)
    assert set(mixed.note[0]) == {"no deaths in the oldest age band"}
    assert not mixed.available[0].any()
    assert set(mixed.note[1]) == {""}
    assert mixed.available[1].all()


def test_an_interval_over_twenty_years_is_shown_without_the_value():
    # the published example of such a place: one death at 90 and over
    people = [
        270,
        235,
        246,
        248,
        243,
        238,
        246,
        257,
        261,
        355,
        350,
        356,
        346,
        339,
        337,
        337,
        333,
        323,
        311,
        311,
    ]
    deaths = [17, 9, 4, 8, 20, 15, 24, 33, 50, 51, 10, 16, 26, 30, 36, 22, 13, 5, 6, 1]
    e = life_expectancy(AGES, deaths, people)
    wide = e.note == "95% interval wider than 20 years"
    assert wide.any()
    assert np.isnan(e.value[wide]).all()
    assert (e.upper[wide] - e.lower[wide] > 20).all()
    assert np.isfinite(e.value[~wide]).all()


@pytest.mark.parametrize(
    ("ages", "problem"),
    [
        (AGES[:10] + AGES[11:] + [], "Missing: 45"),
        (AGES[:-3], "not 0, 1, 5"),
        ([*AGES[:-1], 85], "Missing|not 0, 1, 5"),
        ([1, *AGES[1:]], "Missing: 0"),
    ],
)
def test_missing_or_repeated_ages_are_refused(ages, problem):
    with pytest.raises(StatisticsError, match=problem):
        life_expectancy(ages, [5] * len(ages), [5000] * len(ages))


def test_ages_to_85_are_accepted():
    assert life_expectancy(AGES[:-1], [20] * 18 + [800], [5000] * 19).available.all()
