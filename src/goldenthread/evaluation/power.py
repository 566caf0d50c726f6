"""Before the start: how small an effect could be seen, and how many people, places or months that takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from goldenthread.evaluation.baselines import (
    Clustering,
    PanelBaseline,
    ProportionBaseline,
    RateBaseline,
    RolloutBaseline,
    SeriesBaseline,
)
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.series import Series, terms

Floats = NDArray[np.float64]
Baseline = RateBaseline | ProportionBaseline | SeriesBaseline | RolloutBaseline | PanelBaseline
Direction = Literal["fewer", "more"]

# Normal theory for counts is poor below about this many events in a group.
FEW_EVENTS = 10


@dataclass(frozen=True)
class Detectable:
    """The smallest effect seen with the wished power. ``value`` is on the scale of ``measure``."""

    measure: Literal["rate ratio", "risk difference", "mean difference"]
    value: float
    power: float
    confidence: float
    words: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleSize:
    """How many are needed. ``unit`` says of what: people, months after the start, places."""

    treated: int
    control: int
    unit: Literal["people", "periods", "places"]
    power: float
    confidence: float
    words: str
    notes: tuple[str, ...] = ()


def minimum_detectable_effect(
    baseline: Baseline,
    treated: int | None = None,
    *,
    direction: Direction = "fewer",
    power: float = 0.8,
    confidence: float = 0.95,
) -> Detectable:
    """The smallest true effect that would be told from chance ``power`` of the time, two-sided.

    ``treated`` is the number of people to be helped (for rates and proportions). Rates: variance of the log
    ratio = dispersion x design effect x (1/events helped + 1/events compared). Proportions: pooled under no
    effect, unpooled under the effect (Fleiss). Series and roll-outs: variance of the Poisson regression with
    its scatter and memory. Places: spread of placebo starts. Clustered and place-level designs take Student's
    t. Matching is taken to give no gain beyond balance, which errs on the side of more people.

    >>> planned = RateBaseline(rate=0.5, years=1, dispersion=1.8, ratio=3)
    >>> found = minimum_detectable_effect(planned, 600)
    >>> round(found.value, 2)
    0.76
    >>> found.words
    'A change of 25% fewer or larger would be told from chance 80 times in 100.'
    """
    _shares(power, confidence)
    if isinstance(baseline, PanelBaseline):
        sure, likely = _t(confidence, power, baseline.donors - 1)
        value = (sure + likely) * baseline.standard_error * (-1 if direction == "fewer" else 1)
        words = f"A change of {abs(value):.3g} {'lower' if value < 0 else 'higher'} or larger"
        return Detectable("mean difference", value, power, confidence, f"{words} {_often(power)}")
    if isinstance(baseline, ProportionBaseline):
        return _detectable_share(baseline, _needed(treated), direction, power, confidence)
    reached, notes = _reach(baseline, treated, confidence)
    value = _first_detected(reached, direction, power)
    # Rounded away from nothing: a smaller change than the one shown would be missed more often.
    percent = math.ceil(abs(value - 1) * 100 - 1e-9)
    words = f"A change of {percent}% {direction} or larger {_often(power)}"
    return Detectable("rate ratio", value, power, confidence, words, notes)


def sample_size(
    baseline: Baseline, effect: float, *, power: float = 0.8, confidence: float = 0.95, most: int = 10_000_000
) -> SampleSize:
    """How many are needed to tell ``effect`` from chance ``power`` of the time, two-sided.

    ``effect`` is a rate ratio (0.9 for 10% fewer) for rates, series and roll-outs, and a risk difference
    (0.05 for 5 percentage points more) for proportions. The answer is in people for rates and proportions,
    in periods after the start for a series, in places (whole sets like those given) for a roll-out.

    >>> needed = sample_size(ProportionBaseline(0.2), 0.1)
    >>> needed.treated, needed.control
    (294, 294)
    """
    _shares(power, confidence)
    if isinstance(baseline, PanelBaseline):
        raise EvaluationError(
            "One place among others has no number of people to choose.",
            "Use minimum_detectable_effect, with a longer time after the start or more places to compare with.",
        )
    if isinstance(baseline, ProportionBaseline):
        target = baseline.proportion + effect
        if effect == 0 or not 0 < target < 1:
            raise EvaluationError(
                f"A difference of {effect} from {baseline.proportion} leads to {target:.3g}.",
                "Give a difference other than 0 that stays between 0 and 1.",
            )
    elif effect <= 0 or effect == 1:
        raise EvaluationError(
            f"A rate ratio of {effect} is no effect to plan for.", "Give 0.9 for 10% fewer."
        )
    if isinstance(baseline, SeriesBaseline):
        return _periods(baseline, effect, power, confidence)
    if isinstance(baseline, RolloutBaseline):
        return _places(baseline, effect, power, confidence)

    def enough(treated: int) -> bool:
        try:
            if isinstance(baseline, ProportionBaseline):
                return _share_power(baseline, treated, effect, confidence) >= power
            return _reach(baseline, treated, confidence)[0](effect) >= power
        except Refusal:  # too few clusters at this size
            return False

    treated = _smallest(enough, most)
    control = math.ceil(treated * baseline.ratio)
    notes = () if isinstance(baseline, ProportionBaseline) else _reach(baseline, treated, confidence)[1]
    words = f"{treated:,} people helped and {control:,} to compare with are needed to see it {_times(power)}."
    return SampleSize(treated, control, "people", power, confidence, words, notes)


Reach = Callable[[float], float]


def _reach(baseline: Baseline, treated: int | None, confidence: float) -> tuple[Reach, tuple[str, ...]]:
    """The power at each rate ratio, and what to know about it."""
    if isinstance(baseline, RateBaseline):
        return _rate_power(baseline, _needed(treated), confidence)
    if isinstance(baseline, SeriesBaseline):
        return (lambda ratio: _power(math.log(ratio), _series_error(baseline, ratio), confidence, None)), ()
    if isinstance(baseline, RolloutBaseline):
        degrees = len(baseline.counts) - 1
        return (
            lambda ratio: _power(math.log(ratio), _rollout_error(baseline, ratio), confidence, degrees)
        ), ()
    raise EvaluationError(f"{type(baseline).__name__} has no rate ratio.", "Give a baseline of events.")


def _rate_power(baseline: RateBaseline, treated: int, confidence: float) -> tuple[Reach, tuple[str, ...]]:
    events = baseline.rate * baseline.years * treated
    inflation = baseline.dispersion * (baseline.clustering.design_effect if baseline.clustering else 1.0)
    degrees = _cluster_degrees(baseline.clustering, treated, baseline.ratio)

    def reached(ratio: float) -> float:
        error = math.sqrt(inflation * (1 / (events * ratio) + 1 / (events * baseline.ratio)))
        return _power(math.log(ratio), error, confidence, degrees)

    few = events < FEW_EVENTS or events * baseline.ratio < FEW_EVENTS
    return reached, (
        f"Only about {events:.0f} events are expected: take the figure as rough.",
    ) if few else ()


def _detectable_share(
    baseline: ProportionBaseline, treated: int, direction: Direction, power: float, confidence: float
) -> Detectable:
    sign = -1 if direction == "fewer" else 1
    room = baseline.proportion if direction == "fewer" else 1 - baseline.proportion
    sizes = np.linspace(0, room, 501)[1:-1]
    powers = [_share_power(baseline, treated, sign * size, confidence) for size in sizes]
    at = next((place for place, one in enumerate(powers) if one >= power), None)
    if at is None:
        raise Refusal(
            f"With {treated:,} people not even the largest possible change would be told from chance {_times(power)}.",
            "Help more people, compare with more, or choose a more frequent outcome.",
        )
    low = sizes[at - 1] if at else 1e-9
    exact = optimize.brentq(
        lambda size: _share_power(baseline, treated, sign * size, confidence) - power, low, sizes[at]
    ) if powers[at] > power else sizes[at]  # fmt: skip
    words = f"A change of {exact * 100:.1f} percentage points {direction} or larger {_often(power)}"
    return Detectable("risk difference", float(sign * exact), power, confidence, words)


def _share_power(baseline: ProportionBaseline, treated: int, effect: float, confidence: float) -> float:
    before, target, ratio = baseline.proportion, baseline.proportion + effect, baseline.ratio
    inflation = baseline.clustering.design_effect if baseline.clustering else 1.0
    degrees = _cluster_degrees(baseline.clustering, treated, ratio)
    pooled = (target + ratio * before) / (1 + ratio)
    under_none = math.sqrt(inflation * pooled * (1 - pooled) * (1 + 1 / ratio) / treated)
    under_it = math.sqrt(inflation * (target * (1 - target) + before * (1 - before) / ratio) / treated)
    cut = _critical(confidence, degrees)
    gap = (abs(effect) - cut * under_none) / under_it
    return _below(gap, degrees)


def _first_detected(reached: Reach, direction: Direction, power: float) -> float:
    ratios = np.exp(np.linspace(0, math.log(1e-3 if direction == "fewer" else 1e3), 301))[1:]
    last = 1.0
    for ratio in ratios:
        if reached(float(ratio)) >= power:
            return float(optimize.brentq(lambda one: reached(one) - power, last, float(ratio)))
        last = float(ratio)
    raise Refusal(
        f"Not even the largest possible change would be told from chance {_times(power)}.",
        "Help more people or places, follow them longer, compare with more, or choose a more frequent outcome.",
    )


def _power(effect: float, error: float, confidence: float, degrees: int | None) -> float:
    reach = abs(effect) / error - _critical(confidence, degrees)
    return _below(reach, degrees)


def _critical(confidence: float, degrees: int | None) -> float:
    tail = (1 + confidence) / 2
    return float(special.ndtri(tail) if degrees is None else special.stdtrit(degrees, tail))


def _below(reach: float, degrees: int | None) -> float:
    return float(special.ndtr(reach) if degrees is None else special.stdtr(degrees, reach))


def _t(confidence: float, power: float, degrees: int) -> tuple[float, float]:
    return _critical(confidence, degrees), float(special.stdtrit(degrees, power))


def _cluster_degrees(clusters: Clustering | None, treated: int, ratio: float) -> int | None:
    if clusters is None or clusters.icc == 0:
        return None
    number = math.floor(treated / clusters.size) + math.floor(treated * ratio / clusters.size)
    if number < 4:
        raise Refusal(
            f"{number} clusters in all; at least 4 are needed to tell help from the clusters' own differences.",
            f"Include more clusters: each holds about {clusters.size:.0f} people.",
        )
    return number - 2


def _series_error(baseline: SeriesBaseline, ratio: float) -> float:
    """Standard error of the log ratio over the time after, with the series' scatter and memory."""
    before, after = len(baseline.before), len(baseline.after)
    position = np.arange(1, before + after + 1)
    started = position > before
    mean = np.concatenate([baseline.before, np.array(baseline.after) * ratio])
    series = Series(tuple(position), position, position, mean, np.ones(position.size), started, before + 1)
    design = terms(
        series,
        shape=baseline.shape,
        season=baseline.season,
        harmonics=baseline.harmonics,
        cycle=baseline.cycle,
    )
    matrix = design.to_numpy()
    memory = baseline.correlation ** np.abs(position[:, None] - position[None, :])
    covariance = _sandwich(matrix, mean, baseline.dispersion * np.sqrt(np.outer(mean, mean)) * memory)
    change = [name in ("level", "slope") for name in design.columns]
    contrast = np.where(change, np.average(matrix[started], axis=0, weights=mean[started]), 0.0)
    return math.sqrt(contrast @ covariance @ contrast)


def _rollout_error(baseline: RolloutBaseline, ratio: float) -> float:
    """Standard error of the log ratio with a level for each place and each period."""
    places, periods = len(baseline.counts), baseline.periods
    place, period = (grid.ravel() for grid in np.indices((places, periods)))
    started = period >= np.array(baseline.starts)[place]
    mean = np.array(baseline.counts)[place] * np.where(started, ratio, 1.0)
    matrix = np.column_stack([started, np.eye(places)[place], np.eye(periods)[period][:, 1:]]).astype(float)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise Refusal("The starts leave nothing to compare with.", "Spread the starts over more periods.")
    variance = np.diag(baseline.dispersion * mean + (baseline.wobble * mean) ** 2)
    return math.sqrt(_sandwich(matrix, mean, variance)[0, 0])


def _sandwich(matrix: Floats, mean: Floats, variance: Floats) -> Floats:
    bread = np.linalg.inv((matrix * mean[:, None]).T @ matrix)
    covariance: Floats = bread @ matrix.T @ variance @ matrix @ bread
    return covariance


def _periods(baseline: SeriesBaseline, effect: float, power: float, confidence: float) -> SampleSize:
    year = np.array(baseline.after)
    for after in range(3 if baseline.shape == "level" else 6, 241):
        longer = replace(baseline, after=tuple(np.resize(year, after)))
        if _power(math.log(effect), _series_error(longer, effect), confidence, None) >= power:
            words = f"{after} periods after the start are needed to see it {_times(power)}."
            return SampleSize(after, len(baseline.before), "periods", power, confidence, words)
    raise Refusal(
        "Not even 240 periods after the start would be enough.",
        "Add a longer time before, or plan for a larger effect.",
    )


def _places(baseline: RolloutBaseline, effect: float, power: float, confidence: float) -> SampleSize:
    for sets in range(1, 41):
        larger = replace(baseline, counts=baseline.counts * sets, starts=baseline.starts * sets)
        degrees = len(larger.counts) - 1
        if _power(math.log(effect), _rollout_error(larger, effect), confidence, degrees) >= power:
            starting = sum(start < baseline.periods for start in larger.starts)
            rest = len(larger.starts) - starting
            words = f"{len(larger.counts)} places ({sets} times those given) are needed to see it {_times(power)}."
            return SampleSize(starting, rest, "places", power, confidence, words)
    raise Refusal(
        "Not even 40 times the places given would be enough.", "Use more periods or plan a larger effect."
    )


def _smallest(enough: Callable[[int], bool], most: int) -> int:
    high = 2
    while not enough(high):
        high *= 2
        if high > most:
            raise Refusal(
                f"More than {most:,} people would be needed.", "Plan for a larger effect or a longer time."
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _needed(treated: int | None) -> int:
    if treated is None or treated < 2:
        raise EvaluationError(
            "The number of people to be helped is missing or under 2.", "Give it as treated=."
        )
    return treated


def _shares(power: float, confidence: float) -> None:
    if not 0.5 <= power < 1 or not 0.5 <= confidence < 1:
        raise EvaluationError(
            f"Power {power} and confidence {confidence}.",
            "Give shares from 0.5 to under 1, such as 0.8 and 0.95.",
        )


def _times(power: float) -> str:
    return f"{power * 100:.0f} times in 100"


def _often(power: float) -> str:
    return f"would be told from chance {_times(power)}."
