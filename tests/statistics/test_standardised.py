"""Directly and indirectly standardised figures against OHID's published ones."""

import numpy as np
import pytest

from goldenthread.statistics import (
    ESP2013,
    StatisticsError,
    directly_standardised_rate,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
    rate,
)

LEVELS = (("95_0", 0.95), ("99_8", 0.998))


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def areas(vector):
    """Three areas by 19 ages, as arrays, the one blank count read as zero."""
    table = vector("dsr_areas")
    names = list(dict.fromkeys(table.area))
    shape = (len(names), 19)
    return names, table["count"].fillna(0).to_numpy().reshape(shape), table["pop"].to_numpy().reshape(shape)


@pytest.mark.parametrize(("level", "confidence"), LEVELS)
@pytest.mark.parametrize(("per", "first"), [(10_000, 0), (100_000, 4)])
def test_direct_rates_of_several_areas_are_the_published_ones(vector, level, confidence, per, first):
    names, count, population = areas(vector)
    e = directly_standardised_rate(count, population, ESP2013, per=per, confidence=confidence)
    expected = vector("dsr").iloc[first : first + 3].set_index("area").loc[names]
    assert_close(e.value, expected.value)
    assert_close(e.lower, expected[f"lower{level}cl"])
    assert_close(e.upper, expected[f"upper{level}cl"])


def test_under_ten_events_there_is_no_direct_rate_and_the_reason_is_given(vector):
    names, count, population = areas(vector)
    e = directly_standardised_rate(count, population, ESP2013)
    assert e.available.tolist() == [name != "testdata_tiny" for name in names]
    assert e.note.tolist() == ["" if ok else "fewer than 10 events" for ok in e.available]
    one = directly_standardised_rate(count[-1], population[-1], ESP2013)
    assert not one.available
    assert one.note == "fewer than 10 events"


def test_ten_events_are_enough():
    count = np.zeros(19)
    count[10] = 10
    assert directly_standardised_rate(count, [1000] * 19, ESP2013).available


@pytest.mark.parametrize(("per", "row"), [(10_000, 3), (100_000, 7)])
def test_another_standard_population_can_be_used(vector, per, row):
    table, expected = vector("dsr_1976"), vector("dsr").iloc[row]
    e = directly_standardised_rate(table["count"], table["pop"], table.esp1976, per=per)
    assert_close((e.value, e.lower, e.upper), (expected.value, expected.lower95_0cl, expected.upper95_0cl))
    wide = directly_standardised_rate(table["count"], table["pop"], table.esp1976, per=per, confidence=0.998)
    # The published 99.8% limits of this one area are misprinted by a factor of ten.
    assert_close((10 * wide.lower, 10 * wide.upper), (expected.lower99_8cl, expected.upper99_8cl))


@pytest.mark.parametrize(("level", "confidence"), LEVELS)
def test_events_that_repeat_in_one_person_widen_the_interval_as_published(vector, level, confidence):
    published = vector("dsr").iloc[8:].set_index("area")
    for area, table in vector("dsr_frequencies").groupby("area"):
        people = {f: table[f"f{f}"] for f in (1, 2, 3, 4)}
        e = directly_standardised_rate(
            table["count"], table["pop"], ESP2013, confidence=confidence, people_by_frequency=people
        )
        expected = published.loc[area]
        assert e.available == (expected.total_count >= 10)
        assert_close(
            (e.value, e.lower, e.upper),
            (expected.value, expected[f"lower{level}cl"], expected[f"upper{level}cl"]),
        )
        plain = directly_standardised_rate(table["count"], table["pop"], ESP2013, confidence=confidence)
        assert not e.available or (e.lower < plain.lower and e.upper > plain.upper)


def test_people_who_do_not_add_up_to_the_events_are_refused():
    with pytest.raises(StatisticsError, match="do not add up"):
        directly_standardised_rate([12], [100], [1], people_by_frequency={1: [4], 2: [3]})


def test_standardising_to_its_own_ages_gives_the_crude_rate():
    count, population = np.array([12.0, 30, 45]), np.array([1000.0, 800, 300])
    direct = directly_standardised_rate(count, population, population)
    crude = rate(count.sum(), population.sum())
    assert_close((direct.value, direct.lower, direct.upper), (crude.value, crude.lower, crude.upper))


def test_the_european_standard_population():
    assert len(ESP2013) == 19
    assert sum(ESP2013) == 100_000
    with pytest.raises(ValueError, match="read-only"):
        ESP2013[0] = 1


@pytest.mark.parametrize(("level", "confidence"), LEVELS)
def test_indirect_rates_and_ratios_are_the_published_ones(vector, level, confidence):
    names, count, population = areas(vector)
    reference, published = vector("isr_reference"), vector("isr").iloc[:6]
    for row in published.itertuples():
        i = names.index(row.area)
        per = float(row.statistic.split()[-1])
        kind = indirectly_standardised_rate if "rate per" in row.statistic else indirectly_standardised_ratio
        for observed in (count[i], count[i].sum()):  # by age, or in all
            e = kind(
                observed, population[i], reference.refcount, reference.refpop, per=per, confidence=confidence
            )
            assert_close(
                (e.value, e.lower, e.upper),
                (row.value, getattr(row, f"lower{level}cl"), getattr(row, f"upper{level}cl")),
            )


def test_many_areas_at_once_are_each_area_alone(vector):
    _, count, population = areas(vector)
    reference = vector("isr_reference")
    ages = (reference.refcount, reference.refpop)
    together = indirectly_standardised_ratio(count, population, *ages)
    from_totals = indirectly_standardised_ratio(count.sum(axis=1), population, *ages)
    own = indirectly_standardised_ratio(count, population, *(np.tile(x, (3, 1)) for x in ages))
    alone = [indirectly_standardised_ratio(c, n, *ages).value for c, n in zip(count, population, strict=True)]
    assert together == from_totals == own
    assert_close(together.value, alone)


def test_an_empty_age_band_is_allowed_in_indirect_standardisation(vector):
    table, reference = vector("isr_zero_population"), vector("isr_reference")
    area = table[table.area == "Area1"]
    published = vector("isr").iloc[6:]
    assert (area["pop"] == 0).sum() == 1
    for row, kind in zip(
        published.itertuples(), (indirectly_standardised_rate, indirectly_standardised_ratio), strict=True
    ):
        per = float(row.statistic.split()[-1])
        e = kind(area["count"], area["pop"], reference.refcount, reference.refpop, per=per)
        assert_close((e.value, e.lower, e.upper), (row.value, row.lower95_0cl, row.upper95_0cl))
