"""The rule by which what was agreed is judged, at its edges, and the words in which results are said."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from goldenthread.evaluation.criteria import Criterion, Level, judge
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.words import between_words, effect_words, in_every_100, result_words, sureness


def ratio(value: float, lower: float, upper: float, p_value: float | None = 0.01) -> Effect:
    return Effect("falls", "rate ratio", value, lower, upper, 0.95, p_value, 600, 1800, "matched")


def difference(value: float, lower: float, upper: float, measure: Any = "mean difference") -> Effect:
    return Effect("score", measure, value, lower, upper, 0.95, 0.01, 600, 1800, "matched")


FEWER = Criterion("falls", "fewer", 10)
MORE = Criterion("checks", "more", 20)
LIMIT = Criterion("appointments", "no more than", 5, "harm")
REACH = Criterion("reach", "at least", 60, "equity")


@pytest.mark.parametrize(
    ("criterion", "found", "verdict"),
    [
        # agreed: at least 10% fewer
        (FEWER, ratio(0.81, 0.69, 0.95), "met"),  # the estimate reaches it, and chance is ruled out
        (FEWER, ratio(0.90, 0.82, 0.99), "met"),  # exactly the agreed size
        (FEWER, ratio(0.85, 0.70, 1.03), "cannot tell yet"),  # large enough, but could be chance
        (FEWER, ratio(0.85, 0.70, 1.00), "cannot tell yet"),  # the interval just touches no change
        (FEWER, ratio(0.94, 0.88, 0.99), "cannot tell yet"),  # fewer for sure, perhaps by 10%
        (FEWER, ratio(0.95, 0.91, 0.99), "not met"),  # fewer for sure, and less than 10% for sure
        (FEWER, ratio(1.00, 0.95, 1.05), "not met"),  # no effect worth having
        (FEWER, ratio(1.20, 1.05, 1.40), "not met"),  # harm
        (FEWER, ratio(1.05, 0.80, 1.40), "cannot tell yet"),  # nearly anything
        # agreed: at least 20% more
        (MORE, ratio(1.25, 1.02, 1.50), "met"),
        (MORE, ratio(1.10, 1.02, 1.18), "not met"),
        (MORE, ratio(1.10, 0.98, 1.25), "cannot tell yet"),
        # agreed: no more than 5% more
        (LIMIT, ratio(1.02, 0.99, 1.05), "within limit"),  # the interval ends at the limit
        (LIMIT, ratio(0.80, 0.70, 0.90), "within limit"),
        (LIMIT, ratio(1.02, 0.97, 1.08), "cannot tell yet"),
        (LIMIT, ratio(1.12, 1.02, 1.22), "limit exceeded"),  # no more proof than a benefit needs
        (LIMIT, ratio(1.12, 0.99, 1.26), "cannot tell yet"),
        (Criterion("vaccinations", "no more than", 5, "harm", limit_on="fewer"), ratio(0.85, 0.8, 0.9), "limit exceeded"),
        (Criterion("vaccinations", "no more than", 5, "harm", limit_on="fewer"), ratio(0.99, 0.96, 1.2), "within limit"),
        # agreed: at least 60%
        (REACH, Level("reach", 41, 36, 46), "not met"),
        (REACH, Level("reach", 66, 61, 71), "met"),
        (REACH, Level("reach", 62, 57, 67), "cannot tell yet"),
        (REACH, Level("reach", 62, 57, 67, counted_in_full=True), "met"),
        (REACH, Level("reach", 59, 54, 64, counted_in_full=True), "not met"),
        (Criterion("complaints", "no more than", 3, "harm", level=True), Level("c", 2, 1, 2.5), "within limit"),
        (Criterion("complaints", "no more than", 3, "harm", level=True), Level("c", 5, 4, 6), "limit exceeded"),
        # in units
        (Criterion("score", "fewer", 2, unit="points"), difference(-2.5, -4, -1), "met"),
        (Criterion("days", "fewer", 2, unit="per 100 people a year"), difference(-0.01, -0.015, -0.005, "rate difference"), "not met"),
        (Criterion("reach", "more", 5, unit="percentage points"), difference(0.07, 0.03, 0.11, "risk difference"), "met"),
        (FEWER, None, "cannot tell yet"),
    ],
)  # fmt: skip
def test_the_rule(criterion: Criterion, found: Any, verdict: str) -> None:
    assert judge(criterion, found) == verdict


RATIOS = st.tuples(*[st.floats(0.05, 20)] * 3).map(sorted)


@given(RATIOS, st.floats(1, 99))
def test_a_mirror_image_is_judged_alike(ends: list[float], size: float) -> None:
    """What is met as fewer is met as more when the difference is turned round."""
    low, value, high = (end - 10 for end in ends)
    down = judge(Criterion("x", "fewer", size, unit="points"), difference(low, low, high))
    up = judge(Criterion("x", "more", size, unit="points"), difference(-low, -high, -low))
    assert down == up
    assert judge(Criterion("x", "more", size, unit="points"), difference(value, low, high)) in (
        "met", "not met", "cannot tell yet",
    )  # fmt: skip


@given(RATIOS, st.floats(1, 99), st.floats(0, 0.5))
def test_a_wider_interval_never_makes_surer(ends: list[float], size: float, wider: float) -> None:
    low, value, high = ends
    criterion = Criterion("x", "fewer", size)
    narrow = judge(criterion, ratio(value, low, high))
    wide = judge(criterion, ratio(value, low * (1 - wider), high * (1 + wider)))
    assert wide in (narrow, "cannot tell yet")


@given(RATIOS, st.sampled_from([5.0, 10.0, 20.0, 12.5]))
def test_the_words_never_say_another_verdict_than_the_figures(ends: list[float], size: float) -> None:
    low, value, high = ends
    assume(all(abs((end - 1) * 100 + side) > 1e-2 for end in ends for side in (0, size, -size)))
    said = result_words(Criterion("x", "fewer", size), ratio(value, low, high))
    head, _, span = said.partition(" (")
    percent = float(head.split("%")[0].replace(",", "")) if "%" in head else 0.0
    fewer = percent if "fewer" in head else -percent
    assert (fewer >= size) == ((1 - value) * 100 >= size)
    one_sided = "to" in span and not ("fewer to" in span or "more to" in span)
    assert one_sided == (not low <= 1 <= high)


def test_more_decimals_are_shown_where_rounding_would_mislead() -> None:
    assert result_words(LIMIT, ratio(1.02, 0.99, 1.052)) == "2.0% more (1.0% fewer to 5.2% more)"
    assert result_words(FEWER, ratio(0.903, 0.85, 0.997)) == "9.7% fewer (15.0% to 0.3% fewer)"


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (FEWER, "at least 10% fewer"),
        (Criterion("x", "more", 2.5), "at least 2.5% more"),
        (LIMIT, "no more than 5% more"),
        (Criterion("x", "no more than", 5, "harm", limit_on="fewer"), "no more than 5% fewer"),
        (REACH, "at least 60%"),
        (Criterion("x", "no more than", 3, "harm", level=True), "no more than 3%"),
        (Criterion("x", "fewer", 2, unit="points"), "at least 2 points lower"),
        (
            Criterion("x", "fewer", 30, unit="per 1,000 people a year"),
            "at least 30 fewer per 1,000 people a year",
        ),
    ],
)
def test_what_was_agreed_in_words(criterion: Criterion, words: str) -> None:
    assert criterion.agreed == words


def test_words_for_results() -> None:
    assert between_words(ratio(0.81, 0.69, 0.95)) == "between 31% and 5% fewer"
    assert between_words(ratio(1.2, 1.05, 1.4)) == "between 5% and 40% more"
    assert in_every_100(ratio(0.81, 0.69, 0.95), "emergency admissions") == (
        "about 19 fewer emergency admissions in every 100 expected"
    )
    assert in_every_100(ratio(1.12, 1.0, 1.2)) == "about 12 more in every 100 expected"
    assert in_every_100(ratio(1.001, 0.9, 1.1)) == "less than one more or fewer in every 100 expected"
    assert effect_words(difference(-0.03, -0.05, -0.01, "rate difference")) == (
        "30 fewer per 1,000 people a year (50 to 10 fewer per 1,000 people a year)"
    )
    assert (
        effect_words(difference(0.0, -1.2, 1.2), "points")
        == "no change (1.20 points lower to 1.20 points higher)"
    )
    assert sureness(ratio(0.81, 0.69, 0.95)) == "We can be fairly sure it is not chance."
    assert sureness(ratio(0.5, 0.4, 0.6, 1e-9)) == "It is very unlikely to be chance."
    assert sureness(ratio(0.98, 0.88, 1.09)) == (
        "This could be chance: the true figure may lie anywhere between 12% fewer and 9% more."
    )
    endless = difference(-3, -math.inf, math.inf)
    assert effect_words(endless, "points") == "3.0 points lower (no interval)"
    assert sureness(endless) == "How sure we can be was not worked out."
    assert judge(Criterion("x", "fewer", 2, unit="points"), endless) == "cannot tell yet"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Criterion(" ", "fewer", 10), "no outcome"),
        (lambda: Criterion("x", "less", 10), "unknown direction"),  # type: ignore[arg-type]
        (lambda: Criterion("x", "fewer", 10, "main"), "unknown kind"),  # type: ignore[arg-type]
        (lambda: Criterion("x", "fewer", -10), "agreed size is -10"),
        (lambda: Criterion("x", "fewer", math.nan), "agreed size is nan"),
        (lambda: Criterion("x", "fewer", 0), "agreed size is 0"),
        (lambda: Criterion("x", "fewer", 120), "more than all"),
        (lambda: judge(FEWER, difference(-3, -4, -2)), "criterion is in '%' and the effect is a mean difference"),
        (lambda: judge(Criterion("x", "fewer", 2, unit="points"), ratio(0.8, 0.7, 0.9)), "a rate ratio"),
        (lambda: judge(Criterion("x", "fewer", 2, unit="points"), difference(-0.1, -0.2, 0, "rate difference")),
         "cannot be read in 'points'"),
        (lambda: judge(REACH, ratio(0.8, 0.7, 0.9)), "needs a Level, and an Effect"),
        (lambda: judge(FEWER, Level("x", 41, 36, 46)), "needs an Effect, and a Level"),
        (lambda: judge(FEWER, ratio(0.8, 0.85, 0.9)), "does not lie in its interval"),
        (lambda: judge(FEWER, ratio(math.nan, 0.85, 0.9)), "does not lie in its interval"),
    ],
)  # fmt: skip
def test_criteria_that_cannot_be_judged(make: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message) as refused:
        make()
    assert refused.value.remedy
