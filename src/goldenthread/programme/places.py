"""From a locked design of places to months and places: what the place-level methods are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from goldenthread.definitions import Catalogue
from goldenthread.evaluation import (
    Effect,
    Panel,
    interrupted_time_series,
    stepped_rollout,
    synthetic_difference_in_differences,
)
from goldenthread.measures import event_sql
from goldenthread.programme.asking import may_ask
from goldenthread.programme.errors import ProgrammeError, Refused

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.plan import Design, PlannedOutcome


@dataclass(frozen=True)
class PlaceResult:
    """One outcome's effect over places, the name of its method, what people need to know, and the months behind it."""

    effect: Effect | None
    design_name: str
    notes: tuple[str, ...]
    reason: str
    before: tuple[float, float, float | None, float | None] | None


def monthly(
    population: Population,
    measure: str,
    design: Design,
    *,
    catalogue: Catalogue | None = None,
    until: date | None = None,
) -> pd.DataFrame:
    """Events and people registered in the middle of each whole month, for every place of the design's level.

    Columns ``unit``, ``time`` (a month), ``count``, ``people``. People are those who may be asked about, registered with the
    place that month, and of the design's ages in it.
    """
    sql, tables = event_sql(catalogue or population.catalogue, measure)
    may = may_ask(population, [measure])
    only = tuple({*tables, "person", "registration", "practice"})
    connection = population.snapshot.connect(only=only)
    last = until or population.data_date
    low, high = design.ages
    try:
        connection.register("may", pa.table({"pid": may}))
        rows = connection.execute(f"SELECT min(date) FROM ({sql}) AS e").fetchall()
        if rows[0][0] is None:
            raise ProgrammeError(f"There is no event of {measure!r} in the data.", "Choose another measure.")
        frame: pd.DataFrame = connection.execute(
            f"""
            WITH month AS (
                SELECT CAST(m AS DATE) AS first, CAST(m + INTERVAL '1' MONTH AS DATE) AS next
                FROM generate_series(CAST($begin AS TIMESTAMP), CAST($last AS TIMESTAMP), INTERVAL '1' MONTH) AS s(m)
                WHERE CAST(m + INTERVAL '1' MONTH AS DATE) <= CAST($last AS DATE) + 1
            ), listed AS (
                SELECT r.pid, {"p.pcn" if design.level == "pcn" else "r.practice"} AS unit, r.start_date, r.end_date, q.birth_month, q.death_date
                FROM registration AS r JOIN may USING (pid) JOIN person AS q USING (pid) JOIN practice AS p ON p.practice = r.practice
            ), here AS (
                SELECT l.unit, m.first, count(DISTINCT l.pid) AS people
                FROM listed AS l JOIN month AS m ON l.start_date <= m.first + 14
                    AND (l.end_date IS NULL OR l.end_date > m.first + 14) AND (l.death_date IS NULL OR l.death_date > m.first + 14)
                WHERE date_diff('month', l.birth_month, m.first) BETWEEN $low AND $high
                GROUP BY l.unit, m.first
            ), happened AS (
                SELECT l.unit, CAST(date_trunc('month', e.date) AS DATE) AS first, sum(e.count) AS count
                FROM ({sql}) AS e JOIN listed AS l ON l.pid = e.pid AND l.start_date <= e.date AND (l.end_date IS NULL OR l.end_date > e.date)
                WHERE date_diff('month', l.birth_month, e.date) BETWEEN $low AND $high
                GROUP BY l.unit, CAST(date_trunc('month', e.date) AS DATE)
            )
            SELECT here.unit, here.first AS time, coalesce(happened.count, 0) AS count, here.people
            FROM here LEFT JOIN happened USING (unit, first) ORDER BY here.unit, here.first
            """,
            {"begin": rows[0][0].replace(day=1), "last": last, "low": 12 * low, "high": 12 * high + 11},
        ).df()
    finally:
        connection.close()
    frame["time"] = pd.PeriodIndex(pd.to_datetime(frame["time"]), freq="M")
    whole = frame.groupby("unit")["time"].transform("nunique") == frame["time"].nunique()
    return frame[whole & frame["unit"].notna()].reset_index(drop=True)


def place_result(
    population: Population,
    design: Design,
    outcome: PlannedOutcome,
    *,
    catalogue: Catalogue | None = None,
    until: date,
) -> PlaceResult:
    """One outcome by the agreed method: ITS on the places that took part together, a stepped roll-out, or a mix of other places."""
    frame = monthly(population, outcome.measure, design, catalogue=catalogue, until=until)
    started = {p.place: pd.Timestamp(p.on).to_period("M") for p in design.places}
    gone = sorted(set(started) - set(frame["unit"]))
    notes = [f"{', '.join(gone)} has no data any more and is left out."] if gone else []
    started = {u: m for u, m in started.items() if u not in gone}
    if not started:
        raise Refused(
            "None of the places that took part has data.", "Check the sharing agreements of its practices."
        )
    # the month of starting is neither before nor after
    first = {u: m + 1 for u, m in started.items()}
    if design.kind == "stepped roll-out":
        result = _stepped(frame, first, outcome, design)
    elif design.kind == "interrupted time series":
        result = _series(frame, first, outcome)
    else:
        result = _mixed(frame, first, outcome, design)
    return PlaceResult(
        result.effect,
        result.design_name,
        (*notes, *result.notes),
        result.reason,
        _before_after(frame, started),
    )


def _renamed(effect: Effect, outcome: PlannedOutcome) -> Effect:
    from dataclasses import replace

    return replace(effect, outcome=outcome.name)


def _stepped(
    frame: pd.DataFrame, first: dict[str, pd.Period], outcome: PlannedOutcome, design: Design
) -> PlaceResult:
    here = frame[frame["unit"].isin(set(first) | set(design.compare_with))] if design.compare_with else frame
    here = here.assign(
        treated=[int(u in first and t >= first[u]) for u, t in zip(here["unit"], here["time"], strict=True)]
    )
    found = stepped_rollout(here, population="people", permutations=0)
    notes = (
        ()
        if design.drawn_by_lot
        else ("The order of starting was not drawn by lot, so early starters may differ.",)
    )
    return PlaceResult(_renamed(found.effect, outcome), "stepped roll-out", notes, "", None)


def _series(frame: pd.DataFrame, first: dict[str, pd.Period], outcome: PlannedOutcome) -> PlaceResult:
    start = min(first.values())
    late = sorted(u for u, m in first.items() if m != start)
    here = frame[frame["unit"].isin(first)].groupby("time", as_index=False)[["count", "people"]].sum()
    before = int((here["time"] < start).sum())
    found = interrupted_time_series(
        here, start=start, population="people", season="harmonics" if before >= 12 and len(here) >= 24 else "none",
        errors="autoregressive", exclude=[start - 1],
    )  # fmt: skip
    notes = [f"{', '.join(late)} started later; the series is read from the first start."] if late else []
    return PlaceResult(_renamed(found.effect, outcome), "interrupted time series", tuple(notes), "", None)


def _mixed(
    frame: pd.DataFrame, first: dict[str, pd.Period], outcome: PlannedOutcome, design: Design
) -> PlaceResult:
    start = min(first.values())
    others = set(design.compare_with) or set(frame["unit"]) - set(first)
    here = frame[frame["unit"].isin(set(first) | others) & (frame["time"] != start - 1)]
    rated = here.assign(rate=1000 * here["count"] / here["people"]).set_index(["unit", "time"])["rate"]
    rate = rated.unstack()  # noqa: PD010 - a missing place-month must stay missing
    found = synthetic_difference_in_differences(
        Panel.from_wide(rate, treated_units=sorted(first), start=start), outcome=outcome.name
    )
    effect = found.as_rate_ratio() if outcome.unit == "%" else found.effect
    return PlaceResult(_renamed(effect, outcome), "synthetic difference-in-differences", (), "", None)


def _before_after(
    frame: pd.DataFrame, started: dict[str, pd.Period]
) -> tuple[float, float, float | None, float | None] | None:
    """Yearly events a 1,000 people in the year before and after the first start, there and elsewhere."""
    start = min(started.values())

    def rate(rows: pd.DataFrame) -> float | None:
        years = rows["people"].sum() / 12
        return float(1000 * rows["count"].sum() / years) if years else None

    here = frame["unit"].isin(started)
    early = (frame["time"] < start) & (frame["time"] >= start - 12)
    late = (frame["time"] > start) & (frame["time"] <= start + 12)
    inside, after = rate(frame[here & early]), rate(frame[here & late])
    if not inside or after is None:
        return None
    other, other_after = rate(frame[~here & early]), rate(frame[~here & late])
    if not other or other_after is None:
        return inside, after, None, None
    return inside, after, other, other_after


def last_whole_month(days: Sequence[date]) -> date:
    """The last day of the last month that is whole on all these days."""
    return min(
        (pd.Timestamp(d) + pd.Timedelta(days=1)).to_period("M").start_time - pd.Timedelta(days=1)
        for d in days
    ).date()
