"""Is it changing: one outcome at the ends of the last quarters, for everybody and for the two ends of deprivation."""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goldenthread.cohorts import CohortError, Population
from goldenthread.definitions.expressions import parse
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.inequality.errors import InequalityError
from goldenthread.insight.inequality.figures import Row, released_figures, shown
from goldenthread.insight.inequality.outcomes import Outcome, outcome_of
from goldenthread.insight.inequality.standing import standing_policy
from goldenthread.insight.inequality.tables import records
from goldenthread.insight.inequality.tallies import dispersion
from goldenthread.measures import to_sql
from goldenthread.statistics import XmR, xmr

if TYPE_CHECKING:
    from goldenthread.charts import Chart

MOST_QUARTERS = 8
KEPT = 240
"""Files of one snapshot that stay in the cache: thirty outcomes over eight quarters."""
EVERYBODY, MOST, LEAST = "Everybody", "Most deprived fifth", "Least deprived fifth"
_PLACES = ("practice", "pcn", "place", "district", "msoa", "lsoa")


@dataclass(frozen=True)
class Trend:
    """One outcome at the end of each of the last quarters.

    ``table`` has a row for each ``date`` and ``group`` (everybody, the most and the least deprived fifth). ``control`` holds
    the control chart of everybody's figures as they are shown, and is None with fewer than five of them.
    """

    outcome: Outcome
    table: ReleasedTable
    control: ReleasedTable | None
    reading: str
    index_date: date
    data_date: date
    notes: tuple[str, ...] = field(default=())

    def chart(self, *, width: int = 760) -> Chart | None:
        """The control chart; None with too few points."""
        from goldenthread.charts import control_chart

        if self.control is None:
            return None
        return control_chart(
            self.control,
            improvement=_direction(self.outcome),
            measure=self.outcome.title,
            unit="" if self.outcome.share else self.outcome.each,
            period="%-d %b %Y",
            width=width,
        )

    def to_json(self) -> dict[str, Any]:
        """The answer for a program."""
        rows = records(self.table)
        return {
            "outcome": self.outcome.name,
            "reading": self.reading,
            "points": rows,
            "index_date": self.index_date.isoformat(),
            "data_date": self.data_date.isoformat(),
            "policy": self.table.policy,
            "message": self.table.message,
            "notes": list(self.notes),
        }


def trend(population: Population, outcome: str, *, quarters: int = MOST_QUARTERS) -> Trend:
    """The outcome on the index date and at the same day of each quarter before it, oldest first.

    Each earlier day is asked as it was then: who was registered, how old, with what on record. What people of today's
    record were found to have on each day is kept beside the snapshot, so a second look costs little.
    """
    if not 2 <= quarters <= MOST_QUARTERS:
        raise InequalityError(
            f"{quarters} quarters cannot be shown.", f"Ask for 2 to {MOST_QUARTERS} of them."
        )
    what = outcome_of(population, outcome)
    population = population.for_facts(what.needs)
    rows: list[Row] = []
    notes: list[str] = []
    for day in _days(population.index_date, quarters):
        try:
            table = _on(population, what, day)
        except CohortError:
            notes.append(f"The records do not reach back to {day.day} {day:%B %Y}.")
            continue
        rows.extend(_rows(population, table, day))
    whole = [r for r in rows if r.labels[1] == EVERYBODY]
    spread = dispersion(whole[-1].amounts) if whole else 1.0
    released = released_figures(
        population,
        what,
        rows,
        ["date", "group"],
        question=f"trend of {quarters} quarters | {population.index_date}",
        not_additive=["date", "group"],
        spread=spread,
        standing=what.standing,
    )
    control, chart = _control(population, what, released)
    return Trend(
        outcome=what,
        table=released,
        control=control,
        reading=_reading(what, released, chart),
        index_date=population.index_date,
        data_date=population.data_date,
        notes=(*notes, *(chart.notes if chart is not None else ())),
    )


def trend_ready(population: Population, outcome: str, *, quarters: int = MOST_QUARTERS) -> bool:
    """Whether every quarter is in the cache, so that the answer comes at once."""
    what = outcome_of(population, outcome)
    population = population.for_facts(what.needs)
    return all(_path(population, what, day).exists() for day in _days(population.index_date, quarters))


def _days(last: date, quarters: int) -> list[date]:
    """The last day and the same day of earlier quarters, oldest first; the end of a month stays one."""
    end = last.day == calendar.monthrange(last.year, last.month)[1]
    found = []
    for back in range(quarters - 1, -1, -1):
        months = last.year * 12 + last.month - 1 - 3 * back
        year, month = divmod(months, 12)
        longest = calendar.monthrange(year, month + 1)[1]
        found.append(date(year, month + 1, longest if end else min(last.day, longest)))
    return found


def _path(population: Population, outcome: Outcome, day: date) -> Path:
    """Where what was found on a day is kept. The name begins with the snapshot's, so that it goes with it.

    Who may be asked about decides the content, so today's people are part of the name: when a practice withdraws,
    or somebody opts out, another file is made.
    """
    whole = population.whole
    people = hashlib.blake2b(np.ascontiguousarray(whole.pids).tobytes(), digest_size=16).hexdigest()
    mark = hashlib.sha256(f"{outcome.fingerprint} {whole.purpose.name} {people}".encode()).hexdigest()[:24]
    folder = whole.snapshot.path.parent.parent / "cache"
    return folder / f"{whole.snapshot.id}.{day.isoformat()}.{mark}.trend.parquet"


def _on(population: Population, outcome: Outcome, day: date) -> pa.Table:
    """``pid``, ``value``, deprivation fifth and places of everybody of the denominator on a day."""
    path = _path(population, outcome, day)
    if path.exists():
        with contextlib.suppress(OSError, pa.ArrowInvalid):
            os.utime(path)
            return pq.read_table(path)
    whole = population.whole
    then = (
        whole
        if day == whole.index_date
        else Population(
            whole.snapshot,
            whole.catalogue,
            purpose=whole.purpose,
            index_date=day,
            without_practices=whole.without_practices_for(outcome.needs),
        )
    )
    try:
        known, index = then.variables, then.index_sql
        value = to_sql(parse(outcome.numerator), known, index=index)
        table = then.query(
            f"pid, coalesce(CAST({value} AS DOUBLE), 0) AS value, imd_quintile, {', '.join(_PLACES)}",
            [*outcome.needs, "imd_quintile", *_PLACES],
            where=to_sql(parse(outcome.denominator), known, index=index),
        )
    finally:
        if then is not whole:
            then.close()
    _keep(path, table)
    return table


def _keep(path: Path, table: pa.Table) -> None:
    # a folder that cannot be written to costs time but no answer
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            pq.write_table(table, draft, compression="zstd", use_dictionary=list(_PLACES))
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        snapshot = path.name.split(".", 1)[0]
        kept = sorted(
            path.parent.glob(f"{snapshot}.*.trend.parquet"), key=lambda p: p.stat().st_mtime, reverse=True
        )
        for old in kept[KEPT:]:
            old.unlink(missing_ok=True)


def _rows(population: Population, table: pa.Table, day: date) -> Iterator[Row]:
    scope = population.scope
    if scope.kind != "system":
        table = table.filter(pc.equal(table.column(scope.kind), scope.code))
    pids = np.asarray(table.column("pid").to_numpy())
    values = np.asarray(table.column("value").to_numpy(), dtype=float)
    fifth = table.column("imd_quintile").to_pandas().to_numpy(dtype=float, na_value=np.nan)
    yield Row([day.isoformat(), EVERYBODY], pids, values)
    for label, number in ((MOST, 1), (LEAST, 5)):
        inside = fifth == number
        if inside.any():
            yield Row([day.isoformat(), label], pids[inside], values[inside])


def _direction(outcome: Outcome) -> Any:
    return {"higher": "increase", "lower": "decrease"}.get(outcome.better)


def _control(
    population: Population, outcome: Outcome, released: ReleasedTable
) -> tuple[ReleasedTable | None, XmR | None]:
    """The control chart of the figures shown. Points that are hidden are left out."""
    frame = released.frame
    value, count, people = (shown(released, c) for c in ("value", "count", "people"))
    keep = (frame["group"] == EVERYBODY).to_numpy() & np.isfinite(value) & np.isfinite(count)
    if int(keep.sum()) < 5:
        return None, None
    chart = xmr(value[keep], improvement=_direction(outcome))
    drawn = chart.frame.assign(
        date=pd.to_datetime(frame.loc[keep, "date"]).to_numpy(),
        count=count[keep].astype(int),
        people=people[keep].astype(int),
    )
    columns = [
        "date",
        "count",
        "people",
        "value",
        "mean",
        "lower_limit",
        "upper_limit",
        "point_type",
        "segment",
    ]
    kinds = {
        "mean": "value", "lower_limit": "lower", "upper_limit": "upper", "point_type": "text", "segment": "value",
    }  # fmt: skip
    # these counts were shown above, to the same person: nothing new is told, so the ledger is not asked again
    table = release(
        drawn[columns],
        policy=standing_policy(population) if outcome.standing else population.purpose.disclosure,
        dimensions=["date"],
        not_additive=["date"],
        counts=["count", "people"],
        rates={"value": ("count", "people")},
        standardised=["value"],
        kinds=kinds | ({"value": "proportion"} if outcome.share else {}),
        purpose=population.purpose.title,
        source=released.source,
        data_date=released.data_date,
        coverage=released.coverage,
    )
    return table, chart


def _reading(outcome: Outcome, released: ReleasedTable, chart: XmR | None) -> str:
    frame, value = released.frame, shown(released, "value")
    mine = [n for n, g in enumerate(frame["group"]) if g == EVERYBODY and np.isfinite(value[n])]
    if len(mine) < 2:
        return f"{outcome.title}: too few quarters to show."
    first, last = mine[0], mine[-1]
    lower, upper = shown(released, "lower"), shown(released, "upper")
    days = [date.fromisoformat(str(frame["date"].iloc[n])) for n in (first, last)]
    apart = lower[last] > upper[first] or upper[last] < lower[first]
    moved = "no clear change" if not apart else "up" if value[last] > value[first] else "down"
    told = (
        f"{outcome.title}: {outcome.said(float(value[first]))} on {days[0].day} {days[0]:%B %Y}, "
        f"{outcome.said(float(value[last]))} on {days[1].day} {days[1]:%B %Y}: {moved}."
    )
    return f"{told} {_gap(outcome, released, days)}".strip()


def _gap(outcome: Outcome, released: ReleasedTable, days: list[date]) -> str:
    """How the two ends of deprivation stood at the beginning and stand now."""
    frame, value = released.frame, shown(released, "value")
    found = {(str(d), str(g)): float(v) for d, g, v in zip(frame["date"], frame["group"], value, strict=True)}
    gaps = [
        found.get((d.isoformat(), MOST), np.nan) - found.get((d.isoformat(), LEAST), np.nan) for d in days
    ]
    if not np.isfinite(gaps).all():
        return ""
    scale, unit = (100, " percentage points") if outcome.share else (1, f" {outcome.each}")
    then, now = (abs(g) * scale for g in gaps)
    return f"The gap between the most and the least deprived fifth was {then:,.1f}{unit} then and is {now:,.1f} now."
