"""Figures as they would be if every group had the ages and sexes of all groups together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goldenthread.insight.inequality.outcomes import Outcome
from goldenthread.insight.inequality.tallies import BANDS, Floats, Members, by_stratum
from goldenthread.statistics import byar_limits, wilson_limits

FEWEST_EVENTS = 10
"""No adjusted figure rests on fewer events: the rule for directly standardised rates."""
FEWEST_PEOPLE = 5
"""Nor on fewer people at any age: one person of 80 must not stand for everybody of 80."""


@dataclass(frozen=True)
class Adjusted:
    """Adjusted figure of each group with its interval; NaN where a group has too few events, or nobody at some age."""

    value: Floats
    lower: Floats
    upper: Floats
    words: str


def adjusted(members: Members, groups: list[str], outcome: Outcome, by: str) -> Adjusted | None:
    """Directly standardised to all the groups together, by age band and sex; ``None`` where that makes no sense.

    The bands are the finest of three sets at which every group with ten events or more has five people; a group with
    fewer at some age gets no figure. Grouping by age is never adjusted, and grouping by sex for age alone.
    Interval: Dobson's for rates, with each person's events taken together; Wilson's on the effective number of people
    for shares.
    """
    if by == "age_band" or len(members.pids) == 0:
        return None
    places = members.ranks(groups)
    events = np.bincount(places, weights=members.values, minlength=len(groups))
    best: tuple[int, str, Floats, Floats, Floats] | None = None
    for bands in BANDS:
        strata = members.strata(bands, sex=by != "sex")
        used, strata = np.unique(strata, return_inverse=True)
        size = len(used)
        people = by_stratum(np.ones(len(strata)), strata, places, len(groups), size)
        count = by_stratum(members.values, strata, places, len(groups), size)
        squares = by_stratum(members.values**2, strata, places, len(groups), size)
        able = (people >= FEWEST_PEOPLE).all(axis=1) & (events >= FEWEST_EVENTS)
        missed = int(((events >= FEWEST_EVENTS) & ~able).sum())
        if best is None or missed < best[0]:
            best = (missed, bands, people, count, squares)
        if missed == 0:
            break
    if best is None:
        return None
    _, bands, people, count, squares = best
    able = (people >= FEWEST_PEOPLE).all(axis=1) & (events >= FEWEST_EVENTS)
    if not able.any():
        return None
    value, lower, upper = (np.full(len(groups), np.nan) for _ in range(3))
    standard = people.sum(axis=0) / people.sum()
    figures = _share if outcome.share else _rate
    value[able], lower[able], upper[able] = figures(count[able], squares[able], people[able], standard)
    scale = 1.0 if outcome.share else outcome.per
    number = {"ten": "ten age bands", "five": "five age bands", "three": "three age bands"}[bands]
    words = (
        f"adjusted for {number}{'' if by == 'sex' else ' and sex'}, to the people of all the groups together"
    )
    return Adjusted(value * scale, lower * scale, upper * scale, words)


def _share(count: Floats, squares: Floats, people: Floats, standard: Floats) -> tuple[Floats, Floats, Floats]:
    shares = count / people
    value = (standard * shares).sum(axis=1)
    # a stratum in which nobody or everybody is counted is still uncertain
    smooth = (count + 0.5) / (people + 1)
    variance = (standard**2 * smooth * (1 - smooth) / people).sum(axis=1)
    size = np.maximum(value * (1 - value) / variance, 1.0)
    lower, upper = wilson_limits(np.minimum(value * size, size), size)
    return value, lower, upper


def _rate(count: Floats, squares: Floats, people: Floats, standard: Floats) -> tuple[Floats, Floats, Floats]:
    weight = standard / people
    value = (count * weight).sum(axis=1)
    variance = (squares * weight**2).sum(axis=1)
    total = count.sum(axis=1)
    lower, upper = byar_limits(total)
    spread = np.sqrt(variance / total)
    return value, value + spread * (lower - total), value + spread * (upper - total)
