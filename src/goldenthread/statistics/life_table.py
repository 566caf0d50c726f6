"""Life expectancy of small areas from an abridged life table."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from goldenthread.statistics import checks
from goldenthread.statistics.estimate import Estimate, FloatArray, StatisticsError

FEWEST_PERSON_YEARS = 5000  # Toson and Baker 2003: no robust table at or under this
WIDEST_INTERVAL = 20.0  # years, at 95%: OHID gives no value beyond it
YOUNGEST_LAST_BAND = 85
SMALL_POPULATION = "population of 5,000 or fewer"
NO_DEATHS_AT_END = "no deaths in the oldest age band"
WIDE_INTERVAL = "95% interval wider than 20 years"


def _band_order(age_start: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """The order that sorts the bands, after checking that none is missing or repeated."""
    ages = checks.numbers("age_start", age_start)
    if ages.ndim != 1:
        raise StatisticsError("age_start has more than one dimension.", "Give one row of starting ages.")
    last = float(ages.max())
    wanted = [0.0, 1.0, *np.arange(5.0, last + 1, 5.0)]
    if last < YOUNGEST_LAST_BAND or sorted(ages.tolist()) != wanted:
        missing = sorted(set(wanted) - set(ages.tolist()))
        named = f" Missing: {', '.join(f'{age:g}' for age in missing)}." if missing else ""
        raise StatisticsError(
            f"The age bands are not 0, 1, 5, 10 and so on to 85 or 90.{named}",
            "Give each band once, every five years from 5, with an open last band of 85+ or 90+.",
        )
    return np.argsort(ages)


def life_expectancy(
    age_start: ArrayLike, deaths: ArrayLike, population: ArrayLike, *, confidence: float = 0.95
) -> Estimate:
    """Years left to live at the start of each age band, at today's death rates.

    ``age_start`` is 0, 1, 5, 10, ... with an open last band (90 as OHID uses, or 85); ``deaths`` and
    ``population`` (person-years) have one entry for each, or are areas by ages. The answer has the same
    shape and order. Abridged life table of Chiang (1968), a(0) = 0.1 and a = 0.5 elsewhere; interval with
    the variance of Silcocks et al. (J Epidemiol Community Health 2001;55:38-43), which includes the last
    band. Not available, NaN with a note: 5,000 person-years or fewer; no deaths in the last band; a value
    whose 95% interval is wider than 20 years (its interval is kept, to show why).
    Refused: missing or repeated bands, empty bands, more deaths than people.

    >>> ages = [0, 1, *range(5, 95, 5)]
    >>> people = [5000] * 20
    >>> deaths = [20, 3, 2, 2, 4, 5, 6, 7, 9, 12, 18, 26, 40, 60, 95, 150, 250, 420, 700, 1200]
    >>> e = life_expectancy(ages, deaths, people)
    >>> [round(float(x[0]), 2) for x in (e.value, e.lower, e.upper)]
    [76.22, 75.31, 77.14]
    """
    order = _band_order(age_start)
    d, n = checks.counts("deaths", deaths), checks.denominators("population", population)
    if d.shape != n.shape or d.ndim not in (1, 2) or d.shape[-1] != len(order):
        raise StatisticsError(
            f"There are {len(order)} age bands; deaths is {d.shape} and population {n.shape}.",
            "Give one entry for each band, or a table of areas by bands.",
        )
    checks.refuse_where(d > n, d, "There are more deaths than people", "Check the age bands of both sources.")
    ages = np.asarray(age_start, dtype=np.float64)[order]
    d, n = d[..., order], n[..., order]
    value, standard_error = _life_table(ages, d, n)

    z95 = checks.z_value(0.95)
    no_end = np.broadcast_to(d[..., -1:] == 0, d.shape)
    small = np.broadcast_to(n.sum(axis=-1, keepdims=True) <= FEWEST_PERSON_YEARS, d.shape)
    wide = 2 * z95 * standard_error > WIDEST_INTERVAL
    reason = np.select([small, no_end, wide], [SMALL_POPULATION, NO_DEATHS_AT_END, WIDE_INTERVAL], "")
    half = checks.z_value(confidence) * standard_error
    none = small | no_end  # a wide interval is still shown: it is the reason
    value, lower, upper = (np.where(none, np.nan, x) for x in (value, value - half, value + half))
    back = np.argsort(order)
    note = reason[..., back] if np.any(reason != "") else ""
    value = np.where(wide, np.nan, value)
    return Estimate(value[..., back], lower[..., back], upper[..., back], note=note)


def _life_table(ages: FloatArray, d: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Expectancy and its standard error at each age; meaningless where the last band has no deaths."""
    endless = (np.arange(len(ages)) == len(ages) - 1) & (d == 0)
    d = np.where(endless, 1.0, d)  # any number keeps the sums finite: the caller withholds these areas
    width = np.diff(ages)
    lived = np.where(ages[:-1] == 0, 0.1, 0.5)  # share of the band lived by those who die in it
    m = d / n
    closed = m[..., :-1]
    dying = np.minimum(closed * width / (1 + closed * width * (1 - lived)), 1.0)
    # Chiang's q passes 1 - and is set to 1 - once deaths exceed n / (width a).
    dying = np.where(closed * width * lived > 1, 1.0, dying)
    alive = np.concatenate(
        [np.ones((*d.shape[:-1], 1)), np.cumprod(1 - dying, axis=-1)], axis=-1
    )  # l(x), radix 1
    years = np.empty_like(d)
    years[..., :-1] = width * (alive[..., 1:] + lived * (alive[..., :-1] - alive[..., 1:]))
    years[..., -1] = alive[..., -1] / m[..., -1]
    remaining = np.flip(np.cumsum(np.flip(years, -1), axis=-1), -1)
    reached = alive > 0
    safe = np.where(reached, alive, 1.0)
    expectancy = np.where(reached, remaining / safe, 0.0)

    deaths = np.where(d[..., :-1] > 0, d[..., :-1], 1.0)
    variance_q = np.where(d[..., :-1] > 0, dying**2 * (1 - dying) / deaths, 0.0)
    term = np.empty_like(d)
    term[..., :-1] = variance_q * (alive[..., :-1] * ((1 - lived) * width + expectancy[..., 1:])) ** 2
    term[..., -1] = (alive[..., -1] / 2) ** 2 * 4 / (d[..., -1] * m[..., -1] ** 2)
    summed = np.flip(np.cumsum(np.flip(term, -1), axis=-1), -1)
    return expectancy, np.sqrt(summed) / safe
