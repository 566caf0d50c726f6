"""The one way in which figures of groups leave this room: released together, with interval and adjusted figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population
from goldenthread.disclosure import Derived, ReleasedTable, named_policy, release
from goldenthread.insight.inequality.adjusting import Adjusted
from goldenthread.insight.inequality.outcomes import Outcome
from goldenthread.insight.inequality.standing import control, standing_policy
from goldenthread.insight.inequality.tallies import Floats, Ids, dispersion
from goldenthread.statistics import poisson_limits, wilson_limits

ALL = "All"


class Row:
    """One row to release: its labels, the people of the denominator in it and their values."""

    __slots__ = ("amounts", "counted", "labels", "pids")

    def __init__(self, labels: Sequence[str], pids: Ids, values: Floats) -> None:
        self.labels, self.pids, self.amounts = tuple(labels), pids, values
        self.counted = values > 0


def released_figures(
    population: Population,
    outcome: Outcome,
    rows: Sequence[Row],
    dimensions: Sequence[str],
    *,
    question: str,
    names: Mapping[str, Sequence[str]] | None = None,
    margins: Mapping[str, Any] | None = None,
    not_additive: Sequence[str] = (),
    adjusted: Adjusted | None = None,
    extra: Mapping[str, Sequence[float]] | None = None,
    extra_kinds: Mapping[str, str] | None = None,
    spread: float | None = None,
    standing: bool = False,
) -> ReleasedTable:
    """Release people, those counted, the figure (``value``) and its interval for each row.

    ``names`` are columns of words after the dimensions. ``adjusted`` has an entry for each row but the last, which is
    the total. ``extra`` are figures that rest on people and count, such as an expected number. ``spread`` is the
    dispersion of events; that of the last row if not said. ``standing``: see `standing_policy`.
    """
    policy = standing_policy(population) if standing else named_policy(population.purpose.disclosure)
    people = np.array([len(r.pids) for r in rows])
    count = np.array([int(r.counted.sum()) for r in rows])
    frame = pd.DataFrame({d: [r.labels[n] for r in rows] for n, d in enumerate(dimensions)})
    kinds: dict[str, str] = {}
    for column, words in (names or {}).items():
        frame[column] = list(words)
        kinds[column] = "text"
    frame["people"], frame["count"] = people, count
    rates: dict[str, tuple[str, str]] = {}
    means: dict[str, str] = {}
    costs: dict[str, str] = {}
    standardised: list[str] = []
    contributors = None
    base = "count"
    if not outcome.share:
        base = "events"
        events = np.array([float(r.amounts.sum()) for r in rows])
        frame["events"] = events
        if policy.rounding > 1:
            # of people who each have one event, the events would give the rounded count away
            frame["events"] = np.round(events / policy.rounding) * policy.rounding
            means["events"], kinds["events"] = "count", "value"
        else:
            costs["events"] = "count"
            contributors = {"events": [r.amounts[r.counted] for r in rows]}
    with np.errstate(divide="ignore", invalid="ignore"):
        if outcome.share:
            frame["value"] = np.where(people > 0, count / np.maximum(people, 1), np.nan)
            rates["value"], kinds["value"] = ("count", "people"), "proportion"
        else:
            shown_people = (
                np.round(people / policy.rounding) * policy.rounding if policy.rounding > 1 else people
            )
            frame["value"] = np.where(shown_people > 0, frame["events"] / shown_people * outcome.per, np.nan)
            rates["value"] = ("events", "people")
            standardised.append("value")
    if adjusted is not None:
        for column, figure in (
            ("adjusted", adjusted.value), ("adjusted_lower", adjusted.lower), ("adjusted_upper", adjusted.upper),
        ):  # fmt: skip
            frame[column] = [*figure, np.nan]
            rates[column] = (base, "people")
            standardised.append(column)
        kinds |= {
            "adjusted": "proportion" if outcome.share else "rate",
            "adjusted_lower": "lower",
            "adjusted_upper": "upper",
        }
    for column, figures in (extra or {}).items():
        frame[column] = list(figures)
        rates[column] = ("count", "people")
        kinds[column] = (extra_kinds or {}).get(column, "value")
        standardised.append(column)
    wide = spread if spread is not None else dispersion(rows[-1].amounts) if rows else 1.0
    return release(
        frame,
        dimensions=list(dimensions),
        counts=["people", "count"],
        rates=rates,
        means=means,
        costs=costs,
        contributors=contributors,
        standardised=standardised,
        kinds=kinds,
        margins=margins,
        not_additive=not_additive,
        derived=[Derived(("lower", "upper"), ("lower", "upper"), base, "people", _interval(outcome, wide))],
        purpose=population.purpose.title,
        source=f"{outcome.rule}; {outcome.source}" if outcome.source else outcome.rule,
        data_date=population.data_date,
        coverage=population.coverage.words,
        **control(
            population,
            f"{outcome.name} | {outcome.fingerprint[:12]} | {question}",
            standing=standing,
            members={"people": [r.pids for r in rows], "count": [r.pids[r.counted] for r in rows]},
        ),
    )


def _interval(outcome: Outcome, spread: float) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
    """Wilson's interval of a share; of a rate Byar's (exact under ten), widened where people have several events."""

    def share(count: Floats, people: Floats) -> tuple[Floats, Floats]:
        return wilson_limits(count, people)

    def rate(events: Floats, people: Floats) -> tuple[Floats, Floats]:
        lower, upper = poisson_limits(events)
        wide = np.sqrt(spread)
        low = np.maximum(events + wide * (lower - events), 0.0)
        return low / people * outcome.per, (events + wide * (upper - events)) / people * outcome.per

    return share if outcome.share else rate


def shown(table: ReleasedTable, column: str) -> Floats:
    """A column as it may be shown, as numbers; hidden and missing figures are NaN."""
    values = pd.to_numeric(table.frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(table.suppressed[column].to_numpy(dtype=bool), np.nan, values)
