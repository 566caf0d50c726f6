"""The arithmetic of a comparison, apart from any place."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.insight.profile.comparing import Expected, between_of, chance, compare
from goldenthread.insight.profile.findings import Candidate, what_stands_out
from goldenthread.insight.profile.pressures import _top

SHARE = SimpleNamespace(people=True, per=100.0, family="indicator")
RATE = SimpleNamespace(people=False, per=1000.0, family="indicator")


def wanted(expected: float, *, variance: float = 0.0, between: float = 0.0, repeats: float = 1.0) -> Expected:
    return Expected(*(np.array([x]) for x in (expected, variance, between, repeats)))


def test_as_many_as_expected_is_no_finding() -> None:
    found = compare([SHARE], np.array([50.0]), np.array([1000.0]), wanted(50))
    assert found.ratio[0] == 1
    assert found.p[0] == pytest.approx(1.0)
    assert found.value[0] == 5.0


def test_ordinary_variation_makes_a_difference_less_surprising() -> None:
    count, of = np.array([80.0]), np.array([1000.0])
    strict = compare([SHARE], count, of, wanted(50)).p[0]
    usual = compare([SHARE], count, of, wanted(50, between=0.05)).p[0]
    doubtful = compare([SHARE], count, of, wanted(50, variance=100)).p[0]
    assert strict < 0.001 < usual
    assert strict < doubtful


def test_events_that_come_together_widen_the_interval() -> None:
    count, of = np.array([100.0]), np.array([1000.0])
    once, often = (compare([RATE], count, of, wanted(80, repeats=r)) for r in (1.0, 4.0))
    assert often.upper[0] - often.lower[0] == pytest.approx(2 * (once.upper[0] - once.lower[0]), rel=0.01)
    assert often.p[0] > once.p[0]


def test_p_values_are_uniform_when_nothing_differs() -> None:
    """Of 4,000 places with only chance between them about one in twenty has p below 0.05."""
    rng = np.random.default_rng(1)
    of, rate = np.full(4000, 2000.0), 0.05
    count = rng.binomial(2000, rate, 4000).astype(float)
    many = Expected(of * rate, np.zeros(4000), np.zeros(4000), np.ones(4000))
    p = compare([SHARE] * 4000, count, of, many).p
    assert 0.035 < (p < 0.05).mean() < 0.065


@given(st.floats(1, 1e5), st.floats(1, 1e6), st.floats(1, 50))
def test_variance_is_positive(count: float, of: float, repeats: float) -> None:
    for people in (True, False):
        assert chance(np.array([count]), np.array([of]), np.array([repeats]), people)[0] > 0


def test_variation_between_units_is_found_again() -> None:
    rng = np.random.default_rng(2)
    expected = np.full(400, 200.0)
    observed = rng.poisson(expected * np.exp(rng.normal(0, 0.3, 400)))
    # the extreme tenths are drawn in, so that it comes out smaller than 0.09, but far from nothing
    assert 0.04 < between_of(observed.astype(float), expected, 1 / expected) < 0.09
    assert between_of(rng.poisson(expected).astype(float), expected, 1 / expected) < 0.002


def test_hidden_counts_stay_hidden() -> None:
    found = compare([SHARE], np.array([np.nan]), np.array([1000.0]), wanted(50))
    for name in (
        "value",
        "lower",
        "upper",
        "ratio",
        "ratio_lower",
        "ratio_upper",
        "p",
        "expected",
        "comparator",
    ):
        assert np.isnan(getattr(found, name)[0]), name


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 200), min_size=1, max_size=20))
def test_the_twentieth_who_use_most_have_at_least_a_twentieth(spread: dict[int, int]) -> None:
    share, threshold, counted = _top(spread, sum(spread.values()))
    if np.isnan(share):
        return
    assert 4.5 <= share <= 100
    assert counted == sum(n for v, n in spread.items() if v >= threshold)


def test_no_comparisons_no_findings() -> None:
    from datetime import date

    assert what_stands_out([], date(2026, 10, 31)) == ()
    assert Candidate.__dataclass_fields__.keys() == {"figure", "comparator_words", "place"}


def test_a_distant_neighbour_is_not_called_like_it() -> None:
    from goldenthread.cohorts import Scope
    from goldenthread.insight.profile.neighbours import Comparator, Neighbour

    def among(*distances: float) -> Comparator:
        near = tuple(Neighbour(Scope("pcn", f"UZ{n}"), d, "rural") for n, d in enumerate(distances))
        return Comparator("neighbours", "places like it", np.ones(1, bool), near, ("age", "rural"))

    assert "No place is very like this one" not in among(0.2, 0.4, 1.8).explained
    assert "No place is very like this one" in among(0.9, 1.4, 1.8).explained
