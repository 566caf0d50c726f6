"""How many are needed and how little can be seen: textbook figures, simulation, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from goldenthread.evaluation.baselines import (
    Clustering,
    PanelBaseline,
    ProportionBaseline,
    RateBaseline,
    RolloutBaseline,
    SeriesBaseline,
)
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.its import interrupted_time_series
from goldenthread.evaluation.power import minimum_detectable_effect, sample_size
from goldenthread.evaluation.rollout import stepped_rollout
from goldenthread.evaluation.synthetic import difference_in_differences, synthetic_control


@pytest.mark.parametrize(
    ("before", "change", "people"),
    [(0.2, 0.1, 294), (0.5, -0.1, 388), (0.1, 0.05, 686)],
)
def test_two_shares_need_the_textbook_number(before: float, change: float, people: int) -> None:
    """Fleiss, "Statistical methods for rates and proportions", without continuity correction."""
    assert sample_size(ProportionBaseline(before), change).treated == pytest.approx(people, abs=1)


def test_rates_need_the_number_of_events_that_the_formula_says() -> None:
    # 10% fewer of 0.4 a year, scatter 2, three controls each: (1.96 + 0.84)^2 x 2 x (1/0.36 + 1/1.2) / ln(0.9)^2
    by_hand = (1.959964 + 0.841621) ** 2 * 2 * (1 / 0.36 + 1 / 1.2) / math.log(0.9) ** 2
    needed = sample_size(RateBaseline(0.4, dispersion=2, ratio=3), 0.9)
    assert needed.treated == math.ceil(by_hand)
    assert needed.control == 3 * needed.treated
    assert f"{needed.treated:,} people" in needed.words


def test_power_promised_for_rates_is_kept_in_simulated_studies() -> None:
    rng = np.random.default_rng(2)
    baseline = RateBaseline(0.5, dispersion=2.0, ratio=2)
    planned = sample_size(baseline, 0.8)
    found = 0
    for _ in range(600):
        arms = []
        for people, rate in ((planned.treated, 0.4), (planned.control, 0.5)):
            # Negative binomial with variance twice the mean.
            arms.append(rng.negative_binomial(rate, 0.5, people))
        helped, compared = arms
        error = math.sqrt(2 / helped.sum() + 2 / compared.sum())
        gap = math.log(helped.mean() / compared.mean())
        found += abs(gap) / error > stats.norm.ppf(0.975)
    assert found / 600 == pytest.approx(0.8, abs=0.05)


def test_power_promised_for_a_series_is_kept_in_simulated_series() -> None:
    month = np.arange(60)
    mean = 120 * np.exp(0.15 * np.sin(2 * np.pi * month / 12))
    baseline = SeriesBaseline(tuple(mean[:36]), tuple(mean[36:]), dispersion=2.0)
    ratio = minimum_detectable_effect(baseline).value
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(80):
        expected = mean * np.where(month >= 36, ratio, 1)
        counts = rng.negative_binomial(expected, 0.5)
        frame = pd.DataFrame({"time": month, "count": counts})
        found += interrupted_time_series(frame, start=36).effect.excludes_no_effect
    assert found / 80 == pytest.approx(0.8, abs=0.12)


def test_power_promised_for_a_rollout_is_kept_in_simulated_rollouts() -> None:
    places, periods = 12, 9
    starts = tuple(1 + place // 2 for place in range(places))
    baseline = RolloutBaseline((60.0,) * places, starts, periods)
    ratio = minimum_detectable_effect(baseline).value
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(30):
        rows = [
            (
                place,
                period,
                rng.poisson(60 * (ratio if period >= starts[place] else 1)),
                int(period >= starts[place]),
            )
            for place in range(places)
            for period in range(periods)
        ]
        frame = pd.DataFrame(rows, columns=["unit", "time", "count", "treated"])
        found += stepped_rollout(frame).effect.excludes_no_effect
    assert 0.55 <= found / 30 <= 0.97


def test_memory_and_scatter_of_a_series_make_small_effects_harder_to_see() -> None:
    plain = SeriesBaseline((100.0,) * 36, (100.0,) * 12)
    seen = minimum_detectable_effect(plain).value
    assert minimum_detectable_effect(SeriesBaseline((100.0,) * 36, (100.0,) * 12, dispersion=3)).value < seen
    assert (
        minimum_detectable_effect(SeriesBaseline((100.0,) * 36, (100.0,) * 12, correlation=0.5)).value < seen
    )
    longer = sample_size(plain, 0.93)
    assert longer.unit == "periods"
    assert longer.treated > sample_size(plain, 0.85).treated


def test_baselines_come_from_the_populations_own_figures() -> None:
    rng = np.random.default_rng(5)
    practice = np.repeat(np.arange(40), 50)
    level = rng.gamma(20, 1 / 20, 40)[practice]
    counts = rng.negative_binomial(0.6 * level, 0.4)
    rate = RateBaseline.from_counts(counts, 1.0, ratio=3, cluster=list(practice))
    assert rate.rate == pytest.approx(counts.mean())
    assert rate.dispersion == pytest.approx(counts.var(ddof=1) / counts.mean())
    assert rate.clustering is not None
    assert rate.clustering.size == 50
    assert 0 <= rate.clustering.icc < 0.1
    flags = rng.random(2000) < 0.3
    assert ProportionBaseline.from_flags(flags).proportion == pytest.approx(flags.mean())
    month = np.arange(48)
    series = SeriesBaseline.from_counts(
        rng.negative_binomial(50 + 10 * np.sin(month / 12 * 2 * np.pi), 0.4), after=12
    )
    assert len(series.after) == 12
    assert series.dispersion == pytest.approx(2.5, abs=1.2)
    assert np.mean(series.after) == pytest.approx(75, abs=10)


def test_clusters_recover_a_known_correlation() -> None:
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(300), 20)
    values = rng.normal(size=300)[cluster] * math.sqrt(0.2) + rng.normal(size=6000) * math.sqrt(0.8)
    baseline = RateBaseline.from_counts(np.round((values - values.min()) * 10), 1.0, cluster=list(cluster))
    assert baseline.clustering is not None
    assert baseline.clustering.icc == pytest.approx(0.2, abs=0.04)


def test_one_place_among_others_from_its_history() -> None:
    rng = np.random.default_rng(7)
    history = pd.DataFrame(rng.normal(40, 2, (16, 1)) + rng.normal(0, 1, (16, 24)))
    baseline = PanelBaseline.from_history(history, after=6, method=synthetic_control)
    found = minimum_detectable_effect(baseline)
    assert found.measure == "mean difference"
    assert found.value == pytest.approx(
        -(stats.t.ppf(0.975, 14) + stats.t.ppf(0.8, 14)) * baseline.standard_error
    )
    assert 0.5 < -found.value < 4
    with pytest.raises(Refusal, match="at least 5"):
        PanelBaseline.from_history(history.iloc[:3], after=6, method=difference_in_differences)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.floats(0.05, 3), ratio=st.integers(1, 5), dispersion=st.floats(1, 4), effect=st.floats(0.6, 0.95),
)  # fmt: skip
def test_size_and_effect_answer_each_other(rate: float, ratio: int, dispersion: float, effect: float) -> None:
    baseline = RateBaseline(rate, ratio=ratio, dispersion=dispersion)
    needed = sample_size(baseline, effect).treated
    assert minimum_detectable_effect(baseline, needed).value >= effect - 1e-6
    assert (
        minimum_detectable_effect(baseline, max(needed // 2, 2) if needed > 100 else needed).value
        <= effect + 0.01
    )


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.05, 0.9), people=st.integers(200, 5000))
def test_shares_more_people_see_less_and_clusters_cost(share: float, people: int) -> None:
    plain = minimum_detectable_effect(
        ProportionBaseline(share), people, direction="more" if share < 0.5 else "fewer"
    )
    more = minimum_detectable_effect(
        ProportionBaseline(share), 2 * people, direction="more" if share < 0.5 else "fewer"
    )
    assert abs(more.value) < abs(plain.value)
    size = sample_size(ProportionBaseline(share), plain.value).treated
    assert size == pytest.approx(people, rel=0.02, abs=3)
    clustered = ProportionBaseline(share, clustering=Clustering(20, 0.05))
    assert sample_size(clustered, plain.value).treated > 1.9 * size


def test_places_needed_come_in_whole_sets() -> None:
    baseline = RolloutBaseline((40.0,) * 6, (1, 2, 3, 4, 5, 6), 8, dispersion=1.5, wobble=0.1)
    found = sample_size(baseline, 0.9)
    assert (found.treated + found.control) % 6 == 0
    assert found.unit == "places"
    assert "times those given" in found.words


def test_few_events_are_said_to_be_rough() -> None:
    assert "rough" in minimum_detectable_effect(RateBaseline(0.01, ratio=5), 800, direction="more").notes[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RateBaseline(0), "rate is 0"),
        (lambda: RateBaseline(math.nan), "rate is nan"),
        (lambda: ProportionBaseline(40), "baseline share is 40"),
        (lambda: Clustering(0.5, 0.1), "not possible"),
        (lambda: RateBaseline.from_counts([0, 0, 0], 1.0), "No events at all"),
        (lambda: RateBaseline.from_counts([0, -1], 1.0), "Counts must be 0 or more"),
        (lambda: RateBaseline.from_counts([1, 2], 1.0, cluster=["a", "a"]), "1 clusters for 2 people"),
        (lambda: ProportionBaseline.from_flags([0, 2]), "other than 0 and 1"),
        (lambda: SeriesBaseline.from_counts([5] * 6, after=6), "6 periods; at least 12"),
        (lambda: SeriesBaseline.from_counts([5, -1] * 9, after=6), "Counts must be 0 or more"),
        (lambda: SeriesBaseline((5.0,), (0.0,)), "zero or negative"),
        (lambda: RolloutBaseline((5.0,) * 4, (1, 2, 3, 4), 6), "at least 6 places"),
        (lambda: RolloutBaseline((5.0,) * 6, (1, 2, 3), 6), "6 counts and 3 starts"),
        (lambda: minimum_detectable_effect(RateBaseline(0.5)), "number of people to be helped is missing"),
        (lambda: minimum_detectable_effect(RateBaseline(0.001), 50), "Not even the largest possible"),
        (lambda: minimum_detectable_effect(ProportionBaseline(0.01), 50), "not even the largest possible"),
        (lambda: minimum_detectable_effect(RateBaseline(1.0), 100, power=80), "Power 80"),
        (lambda: minimum_detectable_effect(RateBaseline(1.0, clustering=Clustering(200, 0.01)), 150), "0 clusters"),
        (lambda: sample_size(RateBaseline(0.5), 1.0), "no effect to plan for"),
        (lambda: sample_size(RateBaseline(0.5), -0.1), "no effect to plan for"),
        (lambda: sample_size(ProportionBaseline(0.9), 0.2), "leads to 1.1"),
        (lambda: sample_size(RateBaseline(0.5), 0.99999), "More than 10,000,000 people"),
        (lambda: sample_size(PanelBaseline(1.0, 12), 0.9), "no number of people"),
        (lambda: sample_size(SeriesBaseline((20.0,) * 24, (20.0,) * 12, correlation=0.8), 0.99), "Not even 240"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be_made(make: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message) as refused:
        make()
    assert refused.value.remedy
