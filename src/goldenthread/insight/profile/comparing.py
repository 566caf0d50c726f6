"""A place against places like it, at the same ages and sexes, with what chance and ordinary variation would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from goldenthread.insight.profile.contents import Counted
from goldenthread.insight.profile.cube import Cube
from goldenthread.statistics import poisson_limits, wilson_limits

FEWEST_PEERS = 5
"""Below this many units of a kind, how far units ordinarily differ is read from the smallest kind."""
FEWEST_EXPECTED = 5
"""A unit with fewer expected says nothing of how far units ordinarily differ."""
Z = 1.959963985


@dataclass(frozen=True)
class Expected:
    """What the comparator's rates at each age and sex would give here: one entry for each thing counted.

    ``variance`` is of the expected count; ``between`` the variance of the logarithm of (observed over expected) among units of
    this kind beyond chance; ``repeats`` how much wider than Poisson the count is, because events repeat in one person.
    """

    expected: np.ndarray
    variance: np.ndarray
    between: np.ndarray
    repeats: np.ndarray


@dataclass(frozen=True)
class Compared:
    """Here against the comparator: one entry for each thing counted, NaN where there is nothing to compare.

    ``ratio`` is observed over expected; ``p`` allows for chance on both sides and for ordinary variation between units.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    comparator: np.ndarray
    expected: np.ndarray
    ratio: np.ndarray
    ratio_lower: np.ndarray
    ratio_upper: np.ndarray
    p: np.ndarray
    repeats: np.ndarray


def expected_of(
    cube: Cube, ones: Sequence[Counted], here: np.ndarray, others: np.ndarray, kind: str
) -> Expected:
    """Indirect standardisation by five-year age and sex: the comparator's rates applied to the people here.

    An age and sex that the comparator does not have takes the comparator's overall rate. The structure of a population is
    not held equal in age: its expected count is the comparator's plain share.
    """
    names = [c.name for c in ones]
    shares = np.array([c.people for c in ones])[:, None]
    plain = np.array([c.family == "structure" for c in ones])
    of = np.stack([cube.bottom[n][here].sum(axis=0) for n in names])
    top = np.stack([cube.top[n][others].sum(axis=0) for n in names])
    bottom = np.stack([cube.bottom[n][others].sum(axis=0) for n in names])
    squares = np.stack([cube.squares[n][others].sum(axis=0) for n in names])
    overall = top.sum(axis=1) / np.maximum(bottom.sum(axis=1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(bottom > 0, top / bottom, overall[:, None])
        spread = np.where(shares, top * (1 - top / bottom), squares)
        variance = np.where(bottom > 0, (of / bottom) ** 2 * spread, 0.0).sum(axis=1)
        repeats = squares.sum(axis=1) / top.sum(axis=1)
    expected = np.where(plain, of.sum(axis=1) * overall, (of * rate).sum(axis=1))
    repeats = np.where(shares[:, 0] | ~np.isfinite(repeats), 1.0, np.maximum(1.0, np.round(repeats, 1)))
    between = np.array(
        [0.0 if p else between_variance(cube, c, kind) for c, p in zip(ones, plain, strict=True)]
    )
    return Expected(expected, variance, between, repeats)


def alone(cube: Cube, ones: Sequence[Counted], here: np.ndarray) -> Expected:
    """Nothing expected: for the whole system, which has nobody to be compared with."""
    top = np.array([cube.top[c.name][here].sum() for c in ones])
    squares = np.array([cube.squares[c.name][here].sum() for c in ones])
    repeats = np.where(top > 0, np.round(squares / np.maximum(top, 1), 1), 1.0)
    nothing = np.full(len(ones), np.nan)
    return Expected(nothing, nothing, nothing, np.maximum(1.0, repeats))


def between_variance(cube: Cube, one: Counted, kind: str) -> float:
    """Variance between units of a kind beyond chance, on the logarithmic scale.

    DerSimonian and Laird's moment estimate over standardised ratios, after the lowest and the highest tenth are drawn
    in (winsorised), so that the outliers that are looked for do not hide themselves. Source: Spiegelhalter, Qual Saf
    Health Care 2005;14:347-51.
    """
    key = ("between", one.name, kind)
    if key not in cube.more:
        cube.more[key] = _between(cube, one, kind)
    return float(cube.more[key])  # type: ignore[arg-type]


def _between(cube: Cube, one: Counted, kind: str) -> float:
    smallest = next(iter(cube.labels))
    level = kind if kind in cube.labels and len(cube.codes(kind)) >= FEWEST_PEERS else smallest
    codes = cube.codes(level)
    place = (cube.labels[level][None, :] == np.array(codes, dtype=object)[:, None]).astype(float)
    top, bottom = place @ cube.top[one.name], place @ cube.bottom[one.name]
    squares = (place @ cube.squares[one.name]).sum(axis=1)
    whole_top, whole_bottom = top.sum(axis=0), bottom.sum(axis=0)
    rate = np.divide(whole_top, whole_bottom, out=np.zeros_like(whole_top), where=whole_bottom > 0)
    observed, expected = top.sum(axis=1), (bottom * rate).sum(axis=1)
    use = expected >= FEWEST_EXPECTED
    if use.sum() < FEWEST_PEERS:
        return 0.0
    observed, expected, people = observed[use], expected[use], bottom.sum(axis=1)[use]
    repeats = 1.0 if one.people else max(1.0, squares.sum() / max(observed.sum(), 1.0))
    return between_of(observed, expected, chance(expected, people, np.full(len(people), repeats), one.people))


def between_of(observed: np.ndarray, expected: np.ndarray, variance: np.ndarray) -> float:
    """The moment estimate itself, from observed and expected counts and the variance of the logarithm of their ratio.

    >>> between_of(np.array([100, 100, 101, 99, 100]), np.full(5, 100.0), np.full(5, 0.01))
    0.0
    >>> round(between_of(np.array([50, 80, 100, 120, 160]), np.full(5, 100.0), np.full(5, 0.01)), 2)
    0.1
    """
    y = np.log((observed + 0.5) / (expected + 0.5))
    z = y / np.sqrt(variance)
    y = np.clip(z, *np.quantile(z, [0.1, 0.9])) * np.sqrt(variance)
    weight = 1 / variance
    centre = (weight * y).sum() / weight.sum()
    excess = (weight * (y - centre) ** 2).sum() - (len(y) - 1)
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return max(0.0, float(excess / scale)) if scale > 0 else 0.0


def chance(count: np.ndarray, of: np.ndarray, repeats: np.ndarray, people: bool | np.ndarray) -> np.ndarray:
    """Variance of the logarithm of a count: binomial for people, compound Poisson for events that repeat in one person."""
    some = np.maximum(count, 0.5)
    return np.asarray(np.where(people, np.maximum(1 - some / np.maximum(of, 1), 0.02), repeats) / some)


def compare(ones: Sequence[Counted], count: np.ndarray, of: np.ndarray, wanted: Expected) -> Compared:
    """Compare shown counts (NaN where hidden) with what was expected. Intervals rest on the shown count alone.

    Shares have Wilson's interval; rates the Poisson interval of OHID, widened where events repeat in one person.
    """
    people, per = np.array([c.people for c in ones]), np.array([c.per for c in ones])
    use = np.isfinite(count) & np.isfinite(of) & (of > 0)
    low, high = np.full(len(ones), np.nan), np.full(len(ones), np.nan)
    share, events = use & people, use & ~people
    if share.any():
        low[share], high[share] = wilson_limits(np.minimum(count[share], of[share]), of[share])
    if events.any():
        limits = poisson_limits(count[events])
        wide = np.sqrt(wanted.repeats[events])
        low[events], high[events] = (
            np.maximum(0.0, count[events] + wide * (x - count[events])) / of[events] for x in limits
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        here = np.where(use, count / of, np.nan)
        there = wanted.expected / of
        y = np.log((count + 0.5) / (wanted.expected + 0.5))
        doubt = wanted.variance / np.maximum(wanted.expected, 0.5) ** 2
        half = Z * np.sqrt(chance(count, of, wanted.repeats, people) + doubt)
        by_chance = chance(wanted.expected, of, wanted.repeats, people) + doubt + wanted.between
        p = 2 * ndtr(-np.abs(y) / np.sqrt(by_chance))
        some = np.where(wanted.expected > 0, 1.0, np.nan)
        return Compared(
            value=here * per, lower=low * per, upper=high * per, comparator=np.where(use, there * per, np.nan),
            expected=np.where(use, wanted.expected, np.nan), ratio=count / wanted.expected * some,
            ratio_lower=np.exp(y - half) * some, ratio_upper=np.exp(y + half) * some, p=p * some, repeats=np.where(use, wanted.repeats, np.nan),
        )  # fmt: skip
