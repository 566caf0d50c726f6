"""Practices and areas: each beside what chance would give around the whole system's figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from goldenthread.cohorts import NOT_KNOWN, Population
from goldenthread.disclosure import ReleasedTable
from goldenthread.insight.inequality.errors import InequalityError
from goldenthread.insight.inequality.figures import ALL, Row, released_figures, shown
from goldenthread.insight.inequality.outcomes import Outcome, outcome_of
from goldenthread.insight.inequality.tables import records
from goldenthread.insight.inequality.tallies import (
    Floats,
    Members,
    by_stratum,
    dimension_of,
    dispersion,
    groups_in_order,
    members_of,
)
from goldenthread.statistics import StatisticsError, funnel_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenthread.charts import Chart

LEVELS = ("practice", "pcn", "place", "district", "msoa", "lsoa")
WHOLE = "Whole system"
_PLURAL = {
    "practice": "practices", "pcn": "networks", "place": "places", "district": "districts",
    "msoa": "MSOAs of residence", "lsoa": "LSOAs of residence",
}  # fmt: skip


@dataclass(frozen=True)
class Places:
    """One outcome by practice or area.

    ``table``: a row for each place, then "All" (the scope) and, for a part of the system, "Whole system"; columns
    ``place``, ``name``, ``people``, ``count``, ``value`` with limits, ``expected`` (counted, if the whole system's figures
    held here at each age and sex) and ``figure`` (the whole system's figure times counted over expected; where nothing is
    adjusted, the same as ``value``). ``verdict`` says of each place "higher", "lower" or "within" what chance gives, 998
    times in 1,000; "" where hidden.
    """

    outcome: Outcome
    level: str
    table: ReleasedTable
    adjusted: bool
    average: float
    limits: Mapping[str, Any]
    verdict: tuple[str, ...]
    reading: str
    index_date: date
    data_date: date
    notes: tuple[str, ...] = field(default=())

    def places_only(self) -> ReleasedTable:
        """The table without its totals."""
        codes = self.table.frame["place"].astype(str)
        return self.table.only([c not in (ALL, WHOLE, NOT_KNOWN) for c in codes])

    def funnel(self, *, width: int = 760) -> Chart:
        """The places around the average, with the limits of chance."""
        from goldenthread.charts import funnel

        scale = 100.0 if self.outcome.share else 1.0
        return funnel(
            self.places_only(),
            area="name",
            value="figure",
            denominator="expected" if self.adjusted or not self.outcome.share else "people",
            average=self.average * scale,
            limits={
                k: v if k == "denominator" or k.endswith("_at") else v * scale for k, v in self.limits.items()
            },
            measure=self.outcome.title,
            unit="" if self.outcome.share else self.outcome.each,
            denominator_words="Number expected" if self.adjusted or not self.outcome.share else "People",
            width=width,
        )

    def map(
        self,
        boundaries: Mapping[str, Any],
        *,
        key: str | None = None,
        address: str | None = None,
        width: int = 760,
    ) -> Chart:
        """The areas shaded by their figure; ``boundaries`` is GeoJSON or TopoJSON with the codes in ``key``."""
        from goldenthread.charts import choropleth

        return choropleth(
            self.places_only(),
            boundaries,
            area="place",
            value="figure",
            name="name",
            boundary_key=key,
            measure=self.outcome.title,
            unit="" if self.outcome.share else self.outcome.each,
            address=address,
            width=width,
        )

    def to_json(self) -> dict[str, Any]:
        """The answer for a program."""
        rows = records(self.table)
        return {
            "outcome": self.outcome.name,
            "level": self.level,
            "reading": self.reading,
            "adjusted": self.adjusted,
            "average": self.average,
            "places": [r | {"verdict": v} for r, v in zip(rows, self.verdict, strict=True)],
            "index_date": self.index_date.isoformat(),
            "data_date": self.data_date.isoformat(),
            "policy": self.table.policy,
            "coverage": self.table.coverage,
            "message": self.table.message,
            "notes": list(self.notes),
        }


def places(
    population: Population, outcome: str, level: str = "practice", *, deprivation: bool = False
) -> Places:
    """How an outcome differs between practices (by registration) or areas (by residence) of the population.

    Compared with the whole system, also for a part of it: at the whole system's figure for each age band and sex, unless
    the outcome is of people with a need; with ``deprivation`` for each deprivation fifth as well. Limits are exact Poisson (of shares that are not adjusted, Wilson's), widened
    where one person can be counted several times.
    """
    if level not in LEVELS:
        raise InequalityError(f"There are no places called {level!r}.", f"Choose one of {', '.join(LEVELS)}.")
    what = outcome_of(population, outcome)
    population = population.for_facts(what.needs)
    dimension = dimension_of(population, level)
    here = members_of(population, what, dimension)
    part = population.scope.kind != "system"
    everybody = members_of(population.whole, what, None) if part else here
    groups = groups_in_order(here, dimension)
    adjust = what.of_everybody
    expected = _expected(here, everybody, groups, "ten" if adjust else "", deprivation and adjust)
    total = float(everybody.values.sum())
    people = len(everybody.pids)
    scale = 1.0 if what.share else what.per
    average = total / people * scale if people else float("nan")
    rows = [Row([g], here.pids[m], here.values[m]) for g, m in zip(groups, here.parts(groups), strict=True)]
    rows.append(Row([ALL], here.pids, here.values))
    labels = [*groups, ALL]
    every = [*expected, float(expected.sum())]
    if part:
        rows.append(Row([WHOLE], everybody.pids, everybody.values))
        labels.append(WHOLE)
        every.append(total)
    counted = np.array([float(r.amounts.sum()) for r in rows])
    with np.errstate(divide="ignore", invalid="ignore"):
        figure = np.where(np.array(every) > 0, counted / np.array(every) * average, np.nan)
    spread = dispersion(everybody.values)
    table = released_figures(
        population,
        what,
        rows,
        ["place"],
        question=f"places {level}{' deprivation' if deprivation else ''} | {population.index_date}",
        names={"name": [dimension.names.get(g, g) for g in labels]},
        margins={"place": dict.fromkeys(groups, ALL)},
        extra={"expected": np.round(every, 2).tolist(), "figure": figure.tolist()},
        extra_kinds={"figure": "proportion" if what.share else "rate"},
        spread=spread,
        standing=what.standing,
    )
    limits, verdict = _judged(table, what, adjust, average, spread, total, people)
    return Places(
        outcome=what,
        level=level,
        table=table,
        adjusted=adjust,
        average=average,
        limits=limits,
        verdict=tuple(verdict),
        reading=_reading(what, level, table, verdict, average),
        index_date=population.index_date,
        data_date=population.data_date,
        notes=_notes(adjust, deprivation, spread),
    )


def _expected(here: Members, everybody: Members, groups: list[str], bands: str, deprivation: bool) -> Floats:
    """Counted in each group if the whole system's figure at each age and sex held there."""
    if not len(here.pids):
        return np.zeros(len(groups))
    strata, whole = (m.strata(bands, sex=bool(bands), deprivation=deprivation) for m in (here, everybody))
    size = int(max(strata.max(), whole.max())) + 1
    nought = np.zeros(len(whole), np.int64)
    count = by_stratum(everybody.values, whole, nought, 1, size)[0]
    people = by_stratum(np.ones(len(whole)), whole, nought, 1, size)[0]
    figure = np.divide(count, people, out=np.zeros(size), where=people > 0)
    mine = by_stratum(np.ones(len(strata)), strata, here.ranks(groups), len(groups), size)
    return np.asarray(mine @ figure)


def _judged(
    table: ReleasedTable,
    outcome: Outcome,
    adjust: bool,
    average: float,
    spread: float,
    total: float,
    people: int,
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Limits around the average, and a verdict for each row, from what is shown."""
    codes = table.frame["place"].astype(str).tolist()
    count = shown(table, "count" if outcome.share else "events")
    below = shown(table, "people" if outcome.share and not adjust else "expected")
    good = np.isfinite(count) & np.isfinite(below) & (below > 0)
    good &= np.array([c not in (ALL, WHOLE, NOT_KNOWN) for c in codes])
    verdict = [""] * len(codes)
    if not good.any() or total <= 0:
        return {}, verdict
    try:
        if outcome.share and not adjust:
            rest = (max(total - count[good].sum(), 0.0), max(people - below[good].sum(), 1.0))
            found = funnel_limits(
                [*count[good], min(rest[0], rest[1])], [*below[good], rest[1]], statistic="proportion", per=1
            )
            curve = dict(found.curve)
        else:
            padded = ([*count[good] / spread, 1.0], [*below[good] / spread, 1.0])
            found = funnel_limits(*padded, statistic="ratio", per=1)
            curve = {k: v * spread if k.endswith("_at") else v * average for k, v in found.curve.items()}
    except StatisticsError:
        return {}, verdict
    words = {"High (0.001)": "higher", "Low (0.001)": "lower"}
    for place, said in zip(np.flatnonzero(good), found.significance[:-1], strict=True):
        verdict[int(place)] = words.get(str(said), "within")
    return curve, verdict


def _reading(outcome: Outcome, level: str, table: ReleasedTable, verdict: list[str], average: float) -> str:
    names, figure = table.frame["name"].astype(str).tolist(), shown(table, "figure")
    known = [n for n, v in enumerate(verdict) if v]
    unit = "" if outcome.share else f" {outcome.each}"
    against = (
        f"the whole system's {outcome.said(average)}{unit}" if np.isfinite(average) else "the whole system"
    )
    if not known:
        return f"{outcome.title}: too few people to compare {_PLURAL[level]}."
    out = [n for n in known if verdict[n] in ("higher", "lower")]
    if not out:
        return f"{outcome.title}: none of {len(known)} {_PLURAL[level]} differs from {against} by more than chance."
    out.sort(key=lambda n: -abs(figure[n] - average))
    told = ", ".join(f"{names[n]} {verdict[n]} at {outcome.said(float(figure[n]))}" for n in out[:3])
    more = f" and {len(out) - 3} more" if len(out) > 3 else ""
    verb = "differs" if len(out) == 1 else "differ"
    return f"{outcome.title}: {len(out)} of {len(known)} {_PLURAL[level]} {verb} from {against} by more than chance: {told}{more}."


def _notes(adjust: bool, deprivation: bool, spread: float) -> tuple[str, ...]:
    notes = []
    if adjust:
        more = "age, sex and deprivation" if deprivation else "age and sex"
        notes.append(f"Adjusted for {more}: counted over expected, times the whole system's figure.")
    else:
        notes.append("Not adjusted for age and sex: it is care that is due at any age.")
    if spread > 1.05:
        notes.append("One person can be counted several times; the limits are wider by that much.")
    return tuple(notes)


__all__ = ["ALL", "LEVELS", "WHOLE", "Places", "places"]
