"""Rates made comparable between places of different age: direct and indirect standardisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from goldenthread.statistics import checks
from goldenthread.statistics.estimate import Estimate, FloatArray, StatisticsError, estimate
from goldenthread.statistics.rates import byar_limits, poisson_limits

ESP2013: Final[FloatArray] = np.array(
    [
        *(5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000),
        *(7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000),
    ],
    dtype=np.float64,
)
"""European Standard Population 2013: 0-4, 5-9, ..., 85-89, 90 and over; 100,000 in all (Eurostat 2013)."""
ESP2013.setflags(write=False)

FEWEST_EVENTS = 10
TOO_FEW_EVENTS = "fewer than 10 events"


def _ages(name: str, values: FloatArray) -> int:
    if values.ndim not in (1, 2):
        raise StatisticsError(
            f"{name} has {values.ndim} dimensions.", "Give one row of ages, or a table of areas by ages."
        )
    return int(values.shape[-1])


def _same_ages(expected: int, **others: FloatArray) -> None:
    for name, values in others.items():
        if values.shape[-1:] != (expected,):
            found = values.shape[-1] if values.ndim else 1
            raise StatisticsError(
                f"There are {expected} age bands in population and {found} in {name}.",
                "Give every age band once, in the same order, zero counts included.",
            )


def _frequency_variance(
    people_by_frequency: Mapping[int, ArrayLike], count: FloatArray, weight: FloatArray
) -> FloatArray:
    """Variance of the rate when one person can have several events: each frequency f adds f^2 times the
    variance of its own people, because their events come together."""
    events = np.zeros_like(count)
    variance = np.zeros(count.shape[:-1])
    for frequency, people in people_by_frequency.items():
        if frequency < 1 or frequency != int(frequency):
            raise StatisticsError(
                f"{frequency!r} is not a number of events a person can have.", "Use 1, 2, 3 and so on."
            )
        who = checks.counts(f"people with {frequency} events", people)
        if who.shape != count.shape:
            raise StatisticsError(
                f"People with {frequency} events come as {who.shape}, count as {count.shape}.",
                "Give one entry per age band for every frequency.",
            )
        events += frequency * who
        variance += frequency**2 * (who * weight**2).sum(axis=-1)
    wrong = ~np.isclose(events, count)
    remedy = "count must be the events: people with one event, plus twice those with two, and so on."
    checks.refuse_where(wrong, count, "The people by frequency do not add up to count", remedy)
    return variance


def directly_standardised_rate(
    count: ArrayLike,
    population: ArrayLike,
    standard_population: ArrayLike,
    *,
    per: float = 100_000,
    confidence: float = 0.95,
    people_by_frequency: Mapping[int, ArrayLike] | None = None,
) -> Estimate:
    """The rate a place would have if its people had the ages of the standard population.

    ``count`` and ``population`` are one row of age bands, or areas by age bands (giving one estimate per
    area). Rate: sum(w x / n) / sum(w). Interval: Dobson's, rate + sqrt(Var(rate) / Var(X)) (limit(X) - X)
    with Byar's limits of the total X. Under 10 events in all there is no rate: the numbers are NaN and
    ``note`` says "fewer than 10 events".

    Where one person can have several events (admissions, say) the events are not independent and the
    interval above is too narrow. Give ``people_by_frequency``, the people with exactly 1, 2, ... events in
    each age band (same shape as ``count``): the variance becomes the sum over f of f^2 Var(people with f).

    Refused: negative or missing counts, an empty population in any band, a different number of bands.
    Source: Dobson et al., Stat Med 1991;10:457-62; OHID technical guidance (under 10 events; frequencies).

    >>> e = directly_standardised_rate([20, 30], [1000, 800], [60_000, 40_000])
    >>> round(e.value, 1), round(e.lower, 1), round(e.upper, 1)
    (2700.0, 2001.0, 3563.2)
    >>> directly_standardised_rate([1, 3], [1000, 800], [60_000, 40_000])
    Estimate(value=nan, lower=nan, upper=nan, note='fewer than 10 events')
    """
    x, n = checks.counts("count", count), checks.denominators("population", population)
    w = checks.counts("standard_population", standard_population)
    ages = _ages("population", n)
    _same_ages(ages, count=x, standard_population=w)
    if x.shape != n.shape:
        raise StatisticsError(
            f"count is {x.shape} and population {n.shape}.", "Give one count per population."
        )
    if w.ndim > 1 and w.shape != n.shape:
        raise StatisticsError(
            f"standard_population is {w.shape} and population {n.shape}.",
            "Give one row of ages for all areas.",
        )
    total_weight = w.sum(axis=-1, keepdims=True)
    if np.any(total_weight <= 0):
        raise StatisticsError("The standard population adds up to zero.", "Use ESP2013 or another standard.")
    weight = w / total_weight / n
    if people_by_frequency is None:
        variance = (x * weight**2).sum(axis=-1)
    else:
        variance = _frequency_variance(people_by_frequency, x, weight)

    scale = checks.multiplier("per", per)
    events = x.sum(axis=-1)
    few = events < FEWEST_EVENTS
    usable = np.where(few, FEWEST_EVENTS, events)
    lower, upper = byar_limits(usable, confidence=confidence)
    value = (x * weight).sum(axis=-1) * scale
    spread = np.sqrt(variance / usable) * scale
    return estimate(
        value,
        value + spread * (lower - usable),
        value + spread * (upper - usable),
        np.where(few, TOO_FEW_EVENTS, ""),
    )


def _observed_and_expected(
    observed: ArrayLike, population: ArrayLike, reference_count: ArrayLike, reference_population: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Total observed and expected per area, and the reference rate per head."""
    o, n = checks.counts("observed", observed), checks.counts("population", population)
    ref_x = checks.counts("reference_count", reference_count)
    ref_n = checks.denominators("reference_population", reference_population)
    ages = _ages("population", n)
    _same_ages(ages, reference_count=ref_x, reference_population=ref_n)
    if ref_x.shape != ref_n.shape or ref_x.ndim > n.ndim or (ref_x.ndim == 2 and ref_x.shape != n.shape):
        raise StatisticsError(
            f"The reference counts are {ref_x.shape}, their populations {ref_n.shape}.",
            "Give both for each age, once for all areas or once for each.",
        )
    if o.shape == n.shape:
        o = o.sum(axis=-1)
    elif o.shape != n.shape[:-1]:
        raise StatisticsError(
            f"observed is {o.shape} and population {n.shape}.",
            "Give observed by age, as population is, or one total for each area.",
        )
    expected = (n * ref_x / ref_n).sum(axis=-1)
    remedy = "Check the reference counts and the population: nothing is expected, so no ratio exists."
    checks.refuse_where(np.asarray(expected <= 0), np.asarray(expected), "Expected events", remedy)
    return o, np.asarray(expected), np.asarray(ref_x.sum(axis=-1) / ref_n.sum(axis=-1))


def indirectly_standardised_ratio(
    observed: ArrayLike,
    population: ArrayLike,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    *,
    per: float = 1,
    confidence: float = 0.95,
) -> Estimate:
    """Observed events over those expected at the reference's age-specific rates (1 = as expected).

    ``population`` is one row of ages, or areas by ages; ``observed`` has the same shape, or is one total
    for each area. The reference is one row of ages, or one for each area. ``per=100`` gives the customary
    SMR. Interval: Byar's on observed, exact under 10.
    Source: Breslow and Day 1987; OHID technical guidance.

    >>> e = indirectly_standardised_ratio(30, [1000, 500], [100, 400], [10_000, 10_000])
    >>> round(e.value, 2), round(e.lower, 2), round(e.upper, 2)
    (1.0, 0.67, 1.43)
    """
    o, expected, _ = _observed_and_expected(observed, population, reference_count, reference_population)
    scale = checks.multiplier("per", per) / expected
    lower, upper = poisson_limits(o, confidence=confidence)
    return estimate(o * scale, lower * scale, upper * scale)


def indirectly_standardised_rate(
    observed: ArrayLike,
    population: ArrayLike,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    *,
    per: float = 100_000,
    confidence: float = 0.95,
) -> Estimate:
    """The indirectly standardised ratio times the reference's crude rate, for every ``per`` people.

    Arguments and interval as in ``indirectly_standardised_ratio``.

    >>> e = indirectly_standardised_rate(30, [1000, 500], [100, 400], [10_000, 10_000], per=1000)
    >>> round(e.value, 1), round(e.lower, 1), round(e.upper, 1)
    (25.0, 16.9, 35.7)
    """
    o, expected, crude = _observed_and_expected(observed, population, reference_count, reference_population)
    scale = checks.multiplier("per", per) * crude / expected
    lower, upper = poisson_limits(o, confidence=confidence)
    return estimate(o * scale, lower * scale, upper * scale)
