"""From everybody to the people compared: risk sets, matching or weighting, and the flow of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from goldenthread.evaluation.arrays import Bools, Days, Floats, Ints, as_codes, distinct
from goldenthread.evaluation.balance import balance_table
from goldenthread.evaluation.design import Design, design_matrix
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.matching import Matches, match
from goldenthread.evaluation.propensity import Propensity, propensity_score
from goldenthread.evaluation.sandwich import joined_clusters
from goldenthread.evaluation.study import FEWEST_TREATED, People, Study, people_of
from goldenthread.evaluation.weighting import (
    effective_sample_size,
    entropy_weights,
    inverse_probability_weights,
)

Method = Literal["matching", "inverse probability", "entropy"]


@dataclass(frozen=True)
class Sample:
    """The rows compared: one per treated person, one per control and set they serve in.

    ``row`` points into the study's people (treated first, then candidates). ``lead`` is the position, within
    the sample, of the treated person of the set a row belongs to (itself when weighting).
    """

    row: Ints
    pid: Ints
    treated: Bools
    weights: Floats
    start: Days
    lead: Ints
    clusters: tuple[Ints, ...]
    score: Floats
    balance: pd.DataFrame
    flow: list[tuple[str, str, int]]
    notes: tuple[str, ...]


def build(
    study: Study,
    *,
    method: Method,
    distance: Literal["propensity", "mahalanobis"],
    caliper: float | None,
    ratio: int,
    replace: bool,
    seed: int,
    largest_unmatched: float,
) -> tuple[Sample, People, Design]:
    """Choose or weigh the comparators; refuse when too few treated people have any."""
    people = people_of(study)
    design = design_matrix(
        [study.treated, study.candidates], list(study.covariates), drop_constant=study.drop_constant
    )
    entry = people.start[people.treated]
    able = people.treated.copy()
    spans = ~people.treated
    able[spans] = (
        (people.eligible_from[spans] <= people.eligible_to[spans])
        & (people.eligible_to[spans] >= entry.min().astype("M8[M]").astype("M8[D]"))
        & (people.eligible_from[spans] <= _month_end(entry.max()))
    )
    if able.sum() == people.treated.sum():
        raise Refusal(
            "Too few people to match: no candidate was eligible when anybody entered.",
            "Check eligible_from and eligible_to.",
        )
    keep = np.flatnonzero(able)
    flag = people.treated[keep]
    fit = propensity_score(
        _rows(design.regressors, keep, len(able)),
        flag,
        names=[n for n, r in zip(design.names, design.reference, strict=True) if not r],
    )
    spread = _within_spread(fit.logit, flag)
    exact = _exact_codes(study, people)[keep]
    notes = people.notes + design.notes + fit.notes
    flow = [
        ("treated", "entered", int(flag.sum())),
        ("candidates", "candidates", distinct(people.pid[~people.treated])),
        ("candidates", "eligible when somebody entered", distinct(people.pid[keep][~flag])),
    ]
    if method == "matching":
        width = None if caliper is None else caliper * spread
        pairs = _matched(people, design, keep, fit, exact, width, distance, ratio, replace, seed)
        _refuse_if_few(pairs, int(flag.sum()), largest_unmatched)
        return _from_pairs(study, people, design, keep, fit, pairs, flow, notes), people, design
    if study.exact:
        raise EvaluationError("Weighting cannot match exactly.", "Use matching, or make them covariates.")
    return _from_weights(study, people, design, keep, fit, method, seed, flow, notes), people, design


def _rows(matrix: Floats, keep: Ints, total: int) -> Floats:
    return matrix if len(keep) == total else matrix.T[:, keep].T


def _month_end(day: np.datetime64) -> np.datetime64:
    return np.datetime64((day.astype("M8[M]") + 1).astype("M8[D]") - np.timedelta64(1, "D"))


def _within_spread(logit: Floats, flag: Bools) -> float:
    """The standard deviation pooled within groups (Austin 2011, Pharm Stat 10:150)."""
    return float(np.sqrt((logit[flag].var(ddof=1) + logit[~flag].var(ddof=1)) / 2))


def _exact_codes(study: Study, people: People) -> Ints:
    codes = np.zeros(len(people.pid), dtype=np.int64)
    for column in study.exact:
        both = pd.concat([study.treated[column], study.candidates[column]], ignore_index=True)
        new, _ = pd.factorize(both, sort=True)
        codes = as_codes(codes * (int(new.max()) + 1) + new, column)
    if "start" in study.candidates.columns:
        month = people.start.astype("M8[M]").astype(np.int64)
        month -= month.min()
        codes = codes * (int(month.max()) + 1) + month
    return codes


def _matched(
    people: People,
    design: Design,
    keep: Ints,
    fit: Propensity,
    exact: Ints,
    width: float | None,
    distance: str,
    ratio: int,
    replace: bool,
    seed: int,
) -> Matches:
    flag = people.treated[keep]
    fixed = not np.isnat(people.start[keep][~flag]).any()  # start dates given: the month is matched exactly
    windows = (
        {}
        if fixed
        else {
            "entry": people.start[keep].astype(np.int64),
            "eligible_from": people.eligible_from[keep].astype(np.int64),
            "eligible_to": people.eligible_to[keep].astype(np.int64),
        }
    )
    return match(
        fit.logit,
        flag,
        exact=exact if exact.any() else None,
        caliper=width,
        ratio=ratio,
        replace=replace,
        seed=seed,
        mahalanobis=_rows(design.regressors, keep, len(people.pid)) if distance == "mahalanobis" else None,
        person=people.pid[keep] if distinct(people.pid[keep]) < len(keep) else None,
        **windows,  # type: ignore[arg-type]
    )


def _refuse_if_few(pairs: Matches, treated: int, largest_unmatched: float) -> None:
    lost = len(pairs.unmatched)
    if lost > largest_unmatched * treated or treated - lost < FEWEST_TREATED:
        raise Refusal(
            f"Too few people to match: {lost} of {treated} have no comparable control.",
            "Widen who may be a candidate, match exactly on fewer things, or use a wider caliper.",
        )


def _from_pairs(
    study: Study,
    people: People,
    design: Design,
    keep: Ints,
    fit: Propensity,
    pairs: Matches,
    flow: list[tuple[str, str, int]],
    notes: tuple[str, ...],
) -> Sample:
    leads, set_of, size = np.unique(pairs.treated, return_inverse=True, return_counts=True)
    local = np.concatenate([leads, pairs.control])
    row = keep[local]
    lead = np.concatenate([np.arange(len(leads)), set_of])
    start = np.concatenate([people.start[keep[leads]], people.start[keep[pairs.control]]])
    start = np.where(np.isnat(start), people.start[keep[pairs.treated]][_after(leads, pairs)], start)
    weights = np.concatenate([np.ones(len(leads)), (1.0 / size)[set_of]])
    sets = lead if distinct(people.pid[row]) == len(row) else joined_clusters(lead, people.pid[row])
    table = balance_table(
        _rows(design.matrix, keep, len(people.pid)), people.treated[keep], pairs.weights, names=design.names
    )
    controls = distinct(people.pid[row[len(leads) :]])
    flow = [
        *flow,
        ("treated", "nobody comparable", len(pairs.unmatched)),
        ("treated", "compared", len(leads)),
        ("candidates", "compared", controls),
    ]
    if len(pairs.unmatched):
        notes += (
            f"{len(pairs.unmatched):,} of {len(leads) + len(pairs.unmatched):,} treated people had nobody "
            "comparable and are left out; the result does not speak for them.",
        )
    return Sample(
        row,
        people.pid[row],
        people.treated[row],
        weights,
        start,
        lead,
        _clusters(study, sets, row),
        fit.logit[local],
        table,
        flow,
        notes,
    )


def _after(leads: Ints, pairs: Matches) -> Ints:
    """For each sample row, the pair whose treated person's entry day a control without a start takes."""
    return np.concatenate([np.searchsorted(pairs.treated, leads), np.arange(len(pairs.treated))])


def _clusters(study: Study, sets: Ints, row: Ints) -> tuple[Ints, ...]:
    if study.cluster is None:
        return (sets,)
    both = pd.concat([study.treated[study.cluster], study.candidates[study.cluster]], ignore_index=True)
    return sets, as_codes(pd.factorize(both)[0][row], study.cluster)


def _from_weights(
    study: Study,
    people: People,
    design: Design,
    keep: Ints,
    fit: Propensity,
    method: Method,
    seed: int,
    flow: list[tuple[str, str, int]],
    notes: tuple[str, ...],
) -> Sample:
    start = _drawn_starts(people, keep, np.random.default_rng(seed))
    placed = ~np.isnat(start)
    local = np.flatnonzero(placed)
    row, flag = keep[local], people.treated[keep[local]]
    if flag.all():
        raise Refusal(
            "Too few people to compare: no candidate was eligible on any entry day.", "Check the dates."
        )
    if method == "entropy":
        weights = entropy_weights(design.regressors[row], flag)
    else:
        weights = inverse_probability_weights(fit.score[local], flag)
    table = balance_table(design.matrix[row], flag, weights, names=design.names)
    worth = effective_sample_size(weights[~flag])
    if worth < FEWEST_TREATED:
        raise Refusal(
            f"Too few people to compare: the weighted candidates are worth only {worth:.0f} people.",
            "Widen who may be a candidate or use fewer covariates.",
        )
    notes += (
        f"{int((~flag).sum()):,} candidates, weighted, are worth {worth:,.0f} equally weighted people.",
    )
    flow = [
        *flow,
        ("treated", "nobody comparable", 0),
        ("treated", "compared", int(flag.sum())),
        ("candidates", "compared", distinct(people.pid[row][~flag])),
    ]
    who = as_codes(people.pid[row], "pid")
    clusters = _clusters(study, who, row)
    return Sample(
        row,
        people.pid[row],
        flag,
        weights,
        start[local],
        np.arange(len(row)),
        clusters,
        fit.logit[local],
        table,
        flow,
        notes,
    )


def _drawn_starts(people: People, keep: Ints, rng: np.random.Generator) -> Days:
    """Candidates without a start date get one drawn from the entry days on which they were eligible."""
    start = people.start[keep].copy()
    days = np.sort(start[people.treated[keep]])
    open_ = np.flatnonzero(np.isnat(start))
    low = np.searchsorted(days, people.eligible_from[keep[open_]], side="left")
    high = np.searchsorted(days, people.eligible_to[keep[open_]], side="right")
    drawn = low + np.floor(rng.random(len(open_)) * np.maximum(high - low, 0)).astype(np.int64)
    some = high > low
    start[open_[some]] = days[drawn[some]]
    return start
