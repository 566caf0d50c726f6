"""Before the start: how many people are expected, how small a change could be seen with them, and how many are needed."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from goldenthread.evaluation import (
    EvaluationError,
    RateBaseline,
    RolloutBaseline,
    SeriesBaseline,
    minimum_detectable_effect,
    sample_size,
)
from goldenthread.measures import event_sql
from goldenthread.programme.errors import ProgrammeError

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.plan import Design, Plan, PlannedOutcome
    from goldenthread.programme.record import Initiative


REMEDY = (
    "Widen the cohort or the places, follow people longer, choose a more frequent outcome, or say in `few_accepted` why it "
    "goes ahead with so few"
)


_FEW = 8


@dataclass(frozen=True)
class Power:
    """What this population's own data say: ``expected`` people enter, ``needed`` are needed for the size worth having.

    ``detectable`` is the smallest change (in %) that would be told from chance 80 times in 100, ``None`` where not even
    the largest would. ``unit`` is people, periods or places. ``rate`` is events a person-year without the programme.
    """

    enough: bool
    expected: int
    needed: int | None
    detectable: float | None
    unit: str
    rate: float | None
    dispersion: float | None
    baseline_from: date
    baseline_to: date
    snapshot: str
    words: str


def power_of(
    population: Population, initiative: Initiative, plan: Plan, *, scopes: tuple[str, ...] = ()
) -> Power:
    """Baseline rate, scatter and size from the cohort a follow-up ago, in this population's own data.

    The cohort is looked at on the day that leaves a whole follow-up before the data date, and its events after that
    day are counted: the regression to the mean of people chosen when things were bad is in the baseline.
    """
    outcome, design = plan.primary, plan.design
    if outcome is None or design is None:
        raise ProgrammeError("Without a primary outcome and a design no size can be worked out.", "Add them.")
    if design.of_places:
        return _of_places(population, plan, outcome, design)
    day = _months_before(population.data_date, outcome.months)
    people = cohort_pids(population, initiative.cohort, scopes or initiative.scopes, day)
    now = cohort_pids(population, initiative.cohort, scopes or initiative.scopes, population.data_date)
    # said on pages, so as standing figures are: few people count as none, and others by fives
    expected = round((0 if len(now) < _FEW else 5 * round(len(now) / 5)) * plan.uptake)
    if plan.capacity is not None:
        expected = min(expected, plan.capacity)
    span = (day, population.data_date)
    if len(people) < 2:
        return _none(
            expected, span, population, "hardly anybody is in the cohort, so nothing can be worked out"
        )
    counts = _events_of(population, outcome.measure, people, day)
    try:
        baseline = RateBaseline.from_counts(
            counts,
            np.full(len(people), outcome.months / 12),
            follow_up=outcome.months / 12,
            ratio=design.ratio,
        )
    except EvaluationError as error:
        return _none(
            expected, span, population, f"{outcome.name}: {error.message[:1].lower()}{error.message[1:]}"
        )
    ratio = 1 - outcome.size / 100 if outcome.direction == "fewer" else 1 + outcome.size / 100
    if outcome.unit != "%":
        change = _per_year(outcome) / baseline.rate
        ratio = 1 - change if outcome.direction == "fewer" else 1 + change
    if ratio <= 0:
        return _none(
            expected, span, population, f"{outcome.size:g} {outcome.unit} fewer is more than happens at all"
        )
    needed = sample_size(baseline, ratio).treated
    seen = _detectable(baseline, expected, outcome)
    enough = expected >= needed
    return Power(
        enough, expected, needed, seen, "people", baseline.rate, baseline.dispersion, *span, population.snapshot.id,
        _words(enough, expected, needed, seen, outcome),
    )  # fmt: skip


def cohort_pids(population: Population, expression: str, scopes: tuple[str, ...], day: date) -> np.ndarray:
    """Person numbers of a cohort in several scopes on a day. For use inside the house."""
    from goldenthread.cohorts import Scope

    whole = _on(population.whole, day)
    found = [whole.within(Scope.parse(scope)).cohort(expression).pids for scope in scopes]
    return np.unique(np.concatenate(found))


_earlier: weakref.WeakKeyDictionary[Population, dict[date, Population]] = weakref.WeakKeyDictionary()


def _on(whole: Population, day: date) -> Population:
    """The same people on another day, kept as long as ``whole`` is: several plans ask about the same days."""
    if day == whole.index_date:
        if not whole.slow_to_begin:
            return whole
        # the day before tells as much, and does not make everybody wait for every fact about everybody
        day -= timedelta(days=1)
    kept = _earlier.setdefault(whole, {})
    if day not in kept:
        kept[day] = whole.at(day)
    return kept[day]


def _events_of(population: Population, measure: str, people: np.ndarray, after: date) -> np.ndarray:
    sql, tables = event_sql(population.catalogue, measure)
    connection = population.snapshot.connect(only=tuple(tables))
    try:
        rows = connection.execute(
            f"SELECT pid, sum(count) AS n FROM ({sql}) AS e WHERE date > ? AND date <= ? GROUP BY pid",
            [after, population.data_date],
        ).df()
    finally:
        connection.close()
    return np.asarray(rows.set_index("pid")["n"].reindex(people).fillna(0.0), dtype=float)


def _detectable(
    baseline: RateBaseline | SeriesBaseline | RolloutBaseline, people: int | None, outcome: PlannedOutcome
) -> float | None:
    if people is not None and people < 1:
        return None
    try:
        found = minimum_detectable_effect(
            baseline, people, direction="more" if outcome.direction == "more" else "fewer"
        )
    except EvaluationError:
        return None
    return round(abs(found.value - 1) * 100, 1)


def _words(enough: bool, expected: int, needed: int, seen: float | None, outcome: PlannedOutcome) -> str:
    size = outcome.criterion().agreed
    could = (
        f"with {expected:,}, a change of {seen:.0f}% or larger would be seen 80 times in 100"
        if seen is not None
        else f"with {expected:,}, not even the largest change would be told from chance"
    )
    if enough:
        return f"enough people: {needed:,} are needed to see {outcome.name} change by {size}, and {expected:,} are expected; {could}"
    return f"too few people: {needed:,} are needed to see {outcome.name} change by {size}, and {expected:,} are expected; {could}"


def _none(expected: int, span: tuple[date, date], population: Population, why: str) -> Power:
    return Power(
        False,
        expected,
        None,
        None,
        "people",
        None,
        None,
        *span,
        population.snapshot.id,
        f"too few people: {why}",
    )


def _per_year(outcome: PlannedOutcome) -> float:
    """The size in events a person-year, from "per 1,000 people a year"."""
    digits = "".join(c for c in outcome.unit.split("people")[0] if c.isdigit())
    if not outcome.unit.startswith("per ") or not digits:
        raise ProgrammeError(
            f"{outcome.name}: a size in {outcome.unit!r} cannot be planned for.",
            "Give it in %, or per 1,000 people a year.",
        )
    return outcome.size / float(digits)


def _months_before(day: date, months: int) -> date:
    return (pd.Timestamp(day) - pd.DateOffset(months=months)).date()


def _of_places(population: Population, plan: Plan, outcome: PlannedOutcome, design: Design) -> Power:
    """From the places' own months before the start."""
    from goldenthread.programme.places import monthly

    frame = monthly(population, outcome.measure, design)
    starting = {p.place for p in design.places}
    if not starting:
        raise ProgrammeError("No place is named that starts.", "Say which start, and when.")
    unknown = sorted(starting - set(frame["unit"]))
    if unknown:
        raise ProgrammeError(
            f"{unknown[0]} is not among the {design.level}s with people here.",
            "Use the codes of the reference feed.",
        )
    first = pd.Timestamp(min(p.on for p in design.places)).to_period("M")
    history = frame[frame["time"] < first] if (frame["time"] < first).any() else frame
    here = history[history["unit"].isin(starting)]
    span = (history["time"].min().start_time.date(), history["time"].max().end_time.date())
    ratio = 1 - outcome.size / 100 if outcome.direction == "fewer" else 1 + outcome.size / 100
    expected = len(starting)
    try:
        if design.kind == "stepped roll-out":
            steps = sorted({p.on for p in design.places})
            periods = design.months_before + len(steps) + design.months_after
            mean = here.groupby("unit")["count"].mean()
            starts = {p.place: design.months_before + steps.index(p.on) for p in design.places}
            baseline: SeriesBaseline | RolloutBaseline = RolloutBaseline(
                tuple(float(max(mean[u], 0.1)) for u in mean.index), tuple(starts[u] for u in mean.index), periods,
                dispersion=_dispersion(here),
            )  # fmt: skip
            needed = sample_size(baseline, ratio).treated
        else:
            total = here.groupby("time")["count"].sum()
            baseline = SeriesBaseline.from_counts(
                [float(n) for n in total],
                after=outcome.months,
                season="harmonics" if len(total) >= 24 else "none",
            )
            needed, expected = sample_size(baseline, ratio).treated, outcome.months
    except EvaluationError as error:
        return _none(expected, span, population, f"{error.message} {error.remedy}")
    seen = _detectable(baseline, None, outcome)
    unit = "places" if design.kind == "stepped roll-out" else "months"
    enough = expected >= needed
    words = f"{needed:,} {unit} are needed to see {outcome.name} change by {outcome.criterion().agreed}, and {expected:,} are planned"
    return Power(
        enough, expected, needed, seen, unit, float(here["count"].sum() / here["people"].sum() * 12), None, *span,
        population.snapshot.id, f"{'enough' if enough else 'too few ' + unit}: {words}",
    )  # fmt: skip


def _dispersion(history: pd.DataFrame) -> float:
    """Pearson's, of monthly counts about their place's mean."""
    mean = history.groupby("unit")["count"].transform("mean")
    free = max(len(history) - history["unit"].nunique(), 1)
    return max(float((((history["count"] - mean) ** 2) / mean.where(mean > 0)).sum() / free), 1.0)
