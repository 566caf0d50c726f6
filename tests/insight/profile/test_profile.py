"""What a profile says of a county in which every figure is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from goldenthread.cohorts import CohortError, Population
from goldenthread.errors import GoldenThreadError
from goldenthread.governance import Sharing, feeds
from goldenthread.insight.profile import ProfileError, profile, profile_json
from tests.insight.profile.conftest import EACH, FEW, PEOPLE, has_copd, old

Within = Callable[[str], Population]


def test_counts_are_those_of_the_scope_and_rounded_to_five(within: Within) -> None:
    found = profile(within("pcn-UZ000"))
    people = range(2 * EACH)
    assert found.people == 300
    assert found.structure["aged_65_plus"].count == sum(map(old, people)) == 150
    assert found.structure["aged_65_plus"].value == 50.0
    copd = found.conditions["copd"]
    assert (copd.count, copd.of) == (30, 300)
    assert copd.value == pytest.approx(10.0)
    assert copd.lower is not None
    assert copd.upper is not None
    assert copd.lower < 10 < copd.upper


def test_small_counts_are_hidden_and_take_everything_with_them(within: Within) -> None:
    few = profile(within(f"practice-Z{FEW:05d}")).conditions["copd"]
    assert sum(has_copd(n) for n in range(FEW * EACH, (FEW + 1) * EACH)) == 2
    assert few.hidden
    assert few.said == "hidden"
    assert (few.count, few.value, few.expected, few.ratio, few.p) == (None,) * 5


def test_many_events_of_few_people_are_hidden(within: Within) -> None:
    """Practice 4 has 6 people admitted once: six events, and six people."""
    rate = profile(within("practice-Z00004")).indicators["emergency_admission_rate"]
    assert rate.hidden
    both = profile(within("pcn-UZ000")).indicators["emergency_admission_rate"]
    assert both.count == 90  # thirty people, three times each


def test_expected_is_worked_out_at_the_same_ages(within: Within) -> None:
    """One in ten has COPD where half are older; the rest of the county has fewer older people, so fewer cases."""
    found = profile(within("place-PL0"))
    copd = found.conditions["copd"]
    rest = range(8 * EACH, PEOPLE)
    rate = sum(map(has_copd, rest)) / sum(map(old, rest))
    older_here = sum(map(old, range(8 * EACH)))
    assert copd.expected == pytest.approx(rate * older_here, rel=1e-6)
    assert found.comparator is not None
    assert found.comparator.kind == "rest"


def test_what_is_planted_stands_out_and_little_else_does(within: Within) -> None:
    found = profile(within("pcn-UZ000"))
    names = [f.name for f in found.to_act_on]
    assert names == ["emergency_admission_rate"]
    finding = found.findings[0]
    assert finding.figure.count == 90
    assert not finding.good
    assert finding.difference > 50
    assert [x.target for x in finding.links if x.kind == "ask"] == [
        "registered and emergency_admissions_12m >= 1"
    ]
    assert [x.target for x in finding.links if x.kind == "indicator"] == ["emergency_admission_rate"]
    assert "places like it" in finding.sentence or "the rest of the system" in finding.sentence
    assert profile(within("pcn-UZ005")).to_act_on == ()


def test_neighbours_are_units_of_the_same_kind_with_a_like_population(within: Within) -> None:
    found = profile(within("practice-Z00001"))
    assert found.comparator is not None
    assert found.comparator.kind == "neighbours"
    near = {n.scope.code for n in found.comparator.neighbours}
    assert len(near) == 7
    assert near == {f"Z{p:05d}" for p in range(8)} - {"Z00001"}  # the older half of the county
    assert "share aged 65 and over" in found.compared_with


def test_the_whole_system_has_no_comparator_and_names_its_networks(within: Within) -> None:
    found = profile(within("system"))
    assert found.comparator is None
    assert found.conditions["copd"].expected is None
    assert found.conditions["copd"].value is not None
    assert {f.place.code for f in found.findings if f.place is not None} == {"UZ000"}
    assert "among its networks" in found.headline


def test_england_stands_beside(within: Within) -> None:
    found = profile(within("system"))
    assert found.england["aged_65_plus"] == pytest.approx(18.6, abs=0.1)
    assert found.england["copd"] == pytest.approx(1.87, abs=0.01)


def test_growth_counts_those_registered_a_year_earlier(within: Within) -> None:
    """One in fifty joined in May 2026."""
    growth = profile(within("place-PL1")).growth
    assert (growth.now, growth.before) == (1200, 1175)
    assert growth.words == "+2.1% in a year"


def test_residence_and_registration_are_two_geographies(within: Within) -> None:
    district = profile(within("district-E07000001"))
    assert district.people == 8 * EACH
    assert district.structure["most_deprived_fifth"].value == 100.0
    assert profile(within("msoa-E02000002")).structure["rural"].value == 100.0


def test_pressures_say_who_uses_most(within: Within) -> None:
    found = profile(within("pcn-UZ000")).pressures
    assert [p.title for p in found] == ["Emergency admissions"]
    assert found[0].top_share == 50  # five per cent of 300 people: 15 of the 30 who have three each
    assert found[0].who == "registered and emergency_admissions_12m >= 3"


def test_determinants_are_weighted_by_where_people_live(within: Within) -> None:
    found = {d.name: d for d in profile(within("place-PL0")).determinants}
    one = found["fuel_poor"]
    assert one.here is not None
    assert one.system is not None
    assert one.england is not None
    assert one.here != one.system
    assert one.england == pytest.approx(13.35, abs=0.01)


def test_every_table_is_released_under_one_policy(within: Within) -> None:
    found = profile(within("pcn-UZ000"))
    assert {t.policy for t in found.tables.values()} == {"profile"}
    for table in found.tables.values():
        for column in table.columns_of("count"):
            shown = table.frame[column].dropna()
            assert (shown % 5 == 0).all()
            assert not shown.between(1, 7).any()


def test_the_same_figure_whoever_asked_before(within: Within) -> None:
    first = profile_json(profile(within("pcn-UZ000")))
    profile(within("practice-Z00000"))
    profile(within("practice-Z00001"))
    assert profile_json(profile(within("pcn-UZ000"))) == first


def test_an_lsoa_is_refused_and_an_unknown_place_too(within: Within) -> None:
    with pytest.raises(ProfileError, match="too small"):
        profile(within("lsoa-E01000001"))
    with pytest.raises(CohortError):
        profile(within("pcn-UZ999"))


def test_a_place_without_people_is_refused(everybody: Population, within: Within) -> None:
    gone = Population(everybody.snapshot, everybody.catalogue, without_practices=["Z00000", "Z00001"])
    try:
        with pytest.raises(GoldenThreadError, match="Nobody in"):
            profile(gone.within(replace(within("pcn-UZ000").scope)))
        assert profile(gone.within(replace(within("place-PL0").scope))).people == 6 * EACH
    finally:
        gone.close()


def test_a_feed_that_a_practice_withholds_takes_the_figures_that_rest_on_it_and_no_others(
    everybody: Population, within: Within
) -> None:
    """Practice 0 shares its GP record and not its hospital spells."""
    hospital = next(n for n, f in feeds().items() if "admission" in f.tables)
    practices = tuple(f"Z{p:05d}" for p in range(16))
    shared = Sharing(
        purpose="planning",
        title="Planning",
        day=everybody.index_date,
        practices=practices,
        out=frozenset(),
        withheld={hospital: frozenset({"Z00000"})},
        feeds=frozenset(feeds()),
        reasons={},
        state="one feed withheld",
    )
    part = Population(everybody.snapshot, everybody.catalogue, sharing=lambda: shared)
    try:
        found = profile(part.within(within("pcn-UZ000").scope))
    finally:
        part.close()
    assert found.people == 2 * EACH
    assert found.conditions["copd"].of == 2 * EACH
    rate = found.indicators["emergency_admission_rate"]
    assert (rate.count, rate.of) == (45, EACH)  # of practice 1 alone
