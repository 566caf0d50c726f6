"""Who gets less and who fares worse: one outcome by one way of dividing people."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from goldenthread.cohorts import NOT_KNOWN, Dimension, Population
from goldenthread.disclosure import ReleasedTable
from goldenthread.insight.inequality import contrasts
from goldenthread.insight.inequality.adjusting import adjusted
from goldenthread.insight.inequality.figures import ALL, Row, released_figures, shown
from goldenthread.insight.inequality.groups import groups_of
from goldenthread.insight.inequality.outcomes import Outcome, outcome_of
from goldenthread.insight.inequality.tallies import (
    Floats,
    dimension_of,
    dispersion,
    groups_in_order,
    members_of,
)
from goldenthread.insight.inequality.words import Comparison, group_words, reading, slope_words
from goldenthread.statistics import (
    Estimate,
    SlopeIndex,
    StatisticsError,
    slope_index_of_inequality,
    standard_error_from_limits,
)

if TYPE_CHECKING:
    from goldenthread.charts import Chart

DEPRIVATION = ("imd_quintile", "imd_decile")
_STANDING = (*DEPRIVATION, "ethnic_group", "sex", "age_band", "rural", "practice", "pcn", "place", "district")
UNKNOWN = (NOT_KNOWN, "Not stated", "Not specified")
_REPETITIONS, _SEED = 20_000, 1


@dataclass(frozen=True)
class Inequality:
    """One outcome by group, with all that may be said of it. Every figure has passed disclosure control.

    ``table`` has a row for each group and a last row "All": ``group``, ``label``, ``people``, ``count``, for rates
    ``events``, ``value`` with ``lower`` and ``upper``, and ``adjusted`` with its limits where adjusting makes sense.
    ``column`` is the one to look at: "value" or "adjusted". ``compared`` is None where a figure needed for it is hidden.
    ``slope`` (deprivation only) has its fit from the most to the least deprived end, on the scale of the figures.
    """

    outcome: Outcome
    by: str
    by_title: str
    table: ReleasedTable
    column: str
    adjusted_words: str
    compared: Comparison | None
    slope: SlopeIndex | None
    reading: str
    slope_reading: str
    index_date: date
    data_date: date
    snapshot: str
    scope: str
    notes: tuple[str, ...] = field(default=())

    def chart(self, *, width: int = 760) -> Chart:
        """The groups as a gradient, with the fitted line where there is one."""
        from goldenthread.charts import deprivation_gradient
        from goldenthread.insight.inequality.tables import comparable

        prefix = "" if self.column == "value" else "adjusted_"
        return deprivation_gradient(
            comparable(self),
            group="label",
            value=self.column,
            lower=f"{prefix}lower",
            upper=f"{prefix}upper",
            measure=self.outcome.title,
            unit="" if self.outcome.share else self.outcome.each,
            slope=self.slope,
            reading=self.reading.partition(" If everybody ")[0],
            width=width,
        )

    def to_json(self) -> dict[str, Any]:
        """The answer for a program: hidden figures are null and named in ``suppressed``."""
        from goldenthread.insight.inequality.tables import as_json

        return as_json(self)


def inequality(
    population: Population, outcome: str, by: str = "imd_quintile", *, adjust: bool | None = None
) -> Inequality:
    """How an indicator, a cohort or an expression differs between groups of people.

    ``by`` is any categorical fact: imd_quintile, imd_decile, ethnic_group, sex, age_band, rural, learning_disability,
    homelessness, carer, interpreter_needed, a segmentation ... ``adjust`` says whether the comparison is of figures
    adjusted for age and sex; if not said it is, unless the outcome is of people with a need (blood pressure at target,
    of people with hypertension), where everybody should get the same at any age.

    Raises ``InequalityError``, ``CohortError`` or ``ExpressionError`` where the question cannot be asked.
    """
    what = outcome_of(population, outcome)
    population = population.for_facts(what.needs)
    dimension = dimension_of(population, by)
    members = members_of(population, what, dimension)
    groups = groups_in_order(members, dimension)
    fair = adjusted(members, groups, what, dimension.name)
    rows = [
        Row([g], members.pids[m], members.values[m])
        for g, m in zip(groups, members.parts(groups), strict=True)
    ]
    rows.append(Row([ALL], members.pids, members.values))
    title, labels = group_words(population, dimension, [*groups, ALL])
    spread = dispersion(members.values)
    table = released_figures(
        population,
        what,
        rows,
        ["group"],
        question=f"by {dimension.name} | {population.index_date}",
        names={"label": labels},
        margins={"group": ALL},
        adjusted=fair,
        spread=spread,
        standing=what.standing
        and (dimension.name in _STANDING or dimension.name in groups_of(population.catalogue)),
    )
    use_adjusted = fair is not None and (what.of_everybody if adjust is None else adjust)
    column = "adjusted" if use_adjusted else "value"
    compared = _compared(table, what, dimension, labels, column, spread)
    if compared is None and column == "adjusted":
        # a small group rarely has people at every age: better as counted, and said so, than nothing
        column = "value"
        compared = _compared(table, what, dimension, labels, column, spread)
    slope = _slope(table, what, dimension, column)
    notes = _notes(table, what, dimension, fair is not None, column, slope)
    return Inequality(
        outcome=what,
        by=dimension.name,
        by_title=title,
        table=table,
        column=column,
        adjusted_words=fair.words if fair is not None else "",
        compared=compared,
        slope=slope,
        reading=reading(what, compared, table, title),
        slope_reading=slope_words(what, slope),
        index_date=population.index_date,
        data_date=population.data_date,
        snapshot=population.snapshot.id,
        scope=population.scope.slug,
        notes=tuple(notes),
    )


def _figures(table: ReleasedTable, column: str) -> tuple[Floats, Floats, Floats]:
    prefix = "" if column == "value" else "adjusted_"
    return shown(table, column), shown(table, f"{prefix}lower"), shown(table, f"{prefix}upper")


def _ends(
    table: ReleasedTable, outcome: Outcome, dimension: Dimension, column: str
) -> tuple[int, int] | None:
    """The group compared and the one it is compared with, as rows; None where there are not two that may be shown."""
    codes = table.frame["group"].astype(str).tolist()[:-1]
    known = [n for n, c in enumerate(codes) if c not in UNKNOWN]
    if dimension.name in DEPRIVATION:
        ends = (known[0], known[-1]) if len(known) > 1 else None
        return ends if ends and codes[ends[0]] == "1" and codes[ends[1]] in ("5", "10") else None
    if set(codes) == {"yes", "no"}:
        return codes.index("yes"), codes.index("no")
    value, people = shown(table, column), shown(table, "people")
    known = [n for n in known if np.isfinite(value[n]) and np.isfinite(people[n])]
    if len(known) < 2:
        return None
    reference = max(known, key=lambda n: people[n])
    rest = [n for n in known if n != reference]
    _, lower, upper = _figures(table, column)
    # a group that clearly differs before one that is only small and far off
    apart = [n for n in rest if lower[n] > upper[reference] or upper[n] < lower[reference]]
    worst = min if outcome.better == "higher" else max
    return worst(apart or rest, key=lambda n: value[n]), reference


def _compared(
    table: ReleasedTable,
    outcome: Outcome,
    dimension: Dimension,
    labels: list[str],
    column: str,
    spread: float,
) -> Comparison | None:
    ends = _ends(table, outcome, dimension, column)
    if ends is None:
        return None
    value, lower, upper = _figures(table, column)
    one, other = ends
    figures = [(value[n], lower[n], upper[n]) for n in ends]
    if not all(math.isfinite(x) for f in figures for x in f):
        return None
    count = shown(table, "count" if outcome.share else "events")
    people = shown(table, "people")
    if column == "adjusted":
        ratio, gap = contrasts.ratio_from_intervals(*figures), contrasts.gap_from_intervals(*figures)
    elif outcome.share:
        four = (count[one], people[one], count[other], people[other])
        ratio, gap = contrasts.ratio_of_shares(*four), contrasts.gap_of_shares(*four)
    else:
        four = (count[one], people[one], count[other], people[other])
        ratio = contrasts.ratio_of_rates(*four, spread=spread)
        gap = contrasts.gap_from_intervals(*figures)
    codes = table.frame["group"].astype(str).tolist()[:-1]
    used = [n for n, c in enumerate(codes) if c not in UNKNOWN]
    v, low, high, c = (np.array([x[n] for n in used]) for x in (value, lower, upper, count))
    if np.isfinite([v, low, high, c]).all():
        fewer = contrasts.excess(v, low, high, c, used.index(other))
    else:
        fewer = Estimate(math.nan, math.nan, math.nan, "the figure of a group is hidden or missing")
    return Comparison(
        group=codes[one], label=labels[one], figure=figures[0], reference=codes[other],
        reference_label=labels[other], reference_figure=figures[1], ratio=ratio, gap=gap, fewer=fewer,
        by=dimension.name, chosen=dimension.name not in DEPRIVATION and len(used) > 2,
    )  # fmt: skip


def _slope(table: ReleasedTable, outcome: Outcome, dimension: Dimension, column: str) -> SlopeIndex | None:
    """Slope and relative index, from figures as they are shown: a hidden tenth must not be worked out from the line."""
    if dimension.name not in DEPRIVATION:
        return None
    codes = table.frame["group"].astype(str).tolist()[:-1]
    known = [n for n, c in enumerate(codes) if c not in UNKNOWN]
    if [codes[n] for n in known] != list(dimension.order):
        return None
    value, lower, upper = ([x[n] for n in known] for x in _figures(table, column))
    people = [shown(table, "people")[n] for n in known]
    if not np.isfinite([*value, *lower, *upper, *people]).all() or min(lower) <= 0:
        return None
    kind: Any = "proportion" if outcome.share else "rate"
    if outcome.share and max(upper) >= 1:
        return None
    try:
        error = standard_error_from_limits(lower, upper, value_type=kind)
        return slope_index_of_inequality(
            value, error, people, value_type=kind, repetitions=_REPETITIONS, seed=_SEED
        )
    except StatisticsError:
        return None


def _notes(
    table: ReleasedTable,
    outcome: Outcome,
    dimension: Dimension,
    fair: bool,
    column: str,
    slope: SlopeIndex | None,
) -> list[str]:
    notes = []
    if column == "value" and fair:
        why = (
            "a group has too few people at some age"
            if outcome.of_everybody
            else "it is care that is due at any age"
        )
        notes.append(f"Compared as counted, not adjusted for age and sex: {why}.")
    if fair and not np.isfinite(shown(table, "adjusted")[:-1]).all():
        notes.append(
            "No adjusted figure where fewer than ten are counted, or fewer than five people are of some age."
        )
    if dimension.name in DEPRIVATION and slope is None:
        notes.append("No slope across deprivation: a group is empty, hidden or has nobody counted.")
    codes = table.frame["group"].astype(str).tolist()
    unknown = [n for n, c in enumerate(codes) if c in UNKNOWN]
    people = shown(table, "people")
    if unknown and np.isfinite(people[unknown]).all() and people[-1] > 0:
        share = people[unknown].sum() / people[-1]
        if share >= 0.01:
            notes.append(
                f"For {share:.0%} of people the group is not known or not stated; they are in no comparison."
            )
    if not outcome.share and outcome.per > 1:
        notes.append("One person can be counted several times; the intervals allow for that.")
    return notes
