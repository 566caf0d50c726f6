"""Where the work comes from: use of each service, who drives it, and what might be avoided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population, Scope
from goldenthread.definitions.expressions import parse
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.governance import GovernanceError
from goldenthread.insight.profile.cube import AGE_BANDS, LEVELS, Cube
from goldenthread.insight.profile.figures import Figure, policy_of
from goldenthread.measures import to_sql

TOP = 0.05
AGES: dict[str, tuple[int, int]] = {
    "under 18": (0, 18), "18 to 39": (18, 40), "40 to 64": (40, 65), "65 to 74": (65, 75), "75 and over": (75, 200),
}  # fmt: skip
_FEWEST_AT_TOP = 10


@dataclass(frozen=True)
class Pressure:
    """Use of one service. ``top_share`` is the percentage used by the twentieth of people who use most; ``who`` is the
    expression for them (about that many). ``driver`` says which ages drive it, ``part`` what might be avoided."""

    figure: Figure
    top_share: float | None
    who: str
    top_people: int | None
    driver: str
    part: str
    avoidable: bool

    @property
    def title(self) -> str:
        """What people call the service."""
        return self.figure.counted.title

    @property
    def sentence(self) -> str:
        """The reading in one sentence."""
        if self.top_share is None:
            return f"{self.title}: too few to say who uses most."
        if self.top_share >= 99.5:
            return f"{self.title}: fewer than 5% of people use any."
        return f"{self.title}: the 5% of people who use most have {self.top_share:.0f}% of it."


def pressures_of(
    population: Population, cube: Cube, scope: Scope, figures: dict[str, Figure], *, coverage: str = ""
) -> tuple[ReleasedTable, tuple[Pressure, ...]]:
    """Every service of a profile, most concentrated first, and the table it was read from."""
    names = [n for n in figures if figures[n].counted.family == "pressure"]
    here = cube.units(scope)
    values = _values(population.whole, cube, names)
    rows = [_row(population, cube, n, here, _merged(values[n], here)) for n in names if n in values]
    frame = pd.DataFrame(
        rows,
        columns=[
            "service",
            "title",
            "users",
            "top_people",
            "top_share",
            "from_value",
            "driver",
            "part_per_100",
        ],
    ).astype({"users": np.int64, "top_people": np.int64})
    table = release(
        frame, policy=policy_of(population), counts=["users", "top_people"], dimensions=["service"],
        not_additive=["service"],
        means={"top_share": "top_people", "from_value": "top_people", "part_per_100": "users"},
        kinds={"title": "text", "driver": "text", "top_share": "value", "from_value": "value", "part_per_100": "value"},
        purpose=population.purpose.title, source="Linked feeds of the services", data_date=population.data_date,
        coverage=coverage,
    )  # fmt: skip
    found = [
        _pressure(figures[r["service"]], {str(k): v for k, v in r.items()})
        for r in table.frame.to_dict("records")
    ]
    found.sort(key=lambda p: -(p.top_share or 0))
    return table, tuple(found)


def _pressure(figure: Figure, row: dict[str, object]) -> Pressure:
    more = figure.counted.more
    share, value, part = (_float(row[n]) for n in ("top_share", "from_value", "part_per_100"))
    words = ""
    if part is not None and not figure.hidden:
        words = f"{part:.0f} {more['part_words']}" if part >= 1 else ""
    return Pressure(
        figure=figure,
        top_share=share,
        who=f"registered and {figure.counted.numerator} >= {value:.0f}" if value is not None else "",
        top_people=None if pd.isna(row["top_people"]) else int(row["top_people"]),  # type: ignore[call-overload]
        driver=str(row["driver"]) if not figure.hidden else "",
        part=words,
        avoidable=bool(more.get("avoidable")),
    )


def _row(
    population: Population, cube: Cube, name: str, here: np.ndarray, spread: dict[int, int]
) -> tuple[object, ...]:
    one = cube.counted[name]
    people = sum(spread.values())
    users = sum(n for v, n in spread.items() if v > 0)
    share, threshold, top_people = _top(spread, people)
    least = policy_of(population).threshold
    if top_people < _FEWEST_AT_TOP or users <= least:
        share, threshold, top_people = float("nan"), float("nan"), 0
    part = float("nan")
    total = cube.top[name][here].sum()
    if (of := one.more.get("part")) and total > 0 and users > least:
        events = _part_total(population, cube, str(of), here)
        part = round(100 * events / total) if events is not None else float("nan")
    return name, one.title, users, top_people, share, threshold, _driver(cube, name, here, least), part


def _top(spread: dict[int, int], people: int) -> tuple[float, float, int]:
    """Share of all events had by the twentieth of people with most, the value from which about that many are counted, and how many they are."""
    total = sum(v * n for v, n in spread.items())
    wanted = TOP * people
    if total <= 0 or wanted < 1:
        return float("nan"), float("nan"), 0
    left, events = wanted, 0.0
    at_least, best, counted = 0, float("nan"), 0
    for value in sorted((v for v in spread if v > 0), reverse=True):
        take = min(left, spread[value])
        events += take * value
        left -= take
        before, at_least = at_least, at_least + spread[value]
        if np.isnan(best) or abs(at_least - wanted) < abs(before - wanted):
            best, counted = float(value), at_least
        if left <= 0:
            break
    return round(100 * events / total, 0), best, counted


def _driver(cube: Cube, name: str, here: np.ndarray, least: int) -> str:
    """The ages that use most for their number, where they use a good part of it."""
    strata = cube.top[name][here].sum(axis=0).reshape(len(AGE_BANDS) + 1, -1).sum(axis=1)
    users = cube.users[name][here].sum(axis=0).reshape(len(AGE_BANDS) + 1, -1).sum(axis=1)
    people = cube.bottom[name][here].sum(axis=0).reshape(len(AGE_BANDS) + 1, -1).sum(axis=1)
    starts = np.array([5 * n for n in range(len(AGE_BANDS))] + [999])
    best, words = 0.0, ""
    for ages, (low, high) in AGES.items():
        # 18 falls inside a band of five years; its first three years count as younger
        inside = (starts >= low - low % 5) & (starts < high - high % 5) if high < 200 else starts >= low
        inside &= starts < 999
        used, had = strata[inside].sum() / max(strata.sum(), 1), people[inside].sum() / max(people.sum(), 1)
        if users[inside].sum() > max(least, 20) and used >= 0.15 and had > 0 and used / had > max(best, 1.25):
            best = used / had
            said = {"under 18": "under 15", "18 to 39": "15 to 39"}.get(ages, ages)
            words = f"People aged {said} are {100 * had:.0f}% of people and have {100 * used:.0f}% of it."
    return words


def _values(whole: Population, cube: Cube, names: list[str]) -> dict[str, dict[str, dict[int, int]]]:
    """How many people of each unit have each number of events, by service."""
    level = LEVELS[cube.tree][0]
    found: dict[str, dict[str, dict[int, int]]] = cube.more.get("values", {})  # type: ignore[assignment]
    if not found:
        for name in names:
            one = cube.counted[name]
            table = whole.groups(
                "count(*) AS people", (*one.needs, level),
                by=f"coalesce({level}, '') AS unit, CAST(coalesce({one.sql}, 0) AS BIGINT) AS events", where=one.of_sql,
            )  # fmt: skip
            spread: dict[str, dict[int, int]] = {}
            for row in table.to_pylist():
                spread.setdefault(row["unit"], {})[int(row["events"])] = int(row["people"])
            found[name] = spread
        cube.more["values"] = found
    return {n: {str(c): v.get(str(c), {}) for c in cube.labels[level]} for n, v in found.items()}


def _merged(by_unit: dict[str, dict[int, int]], here: np.ndarray) -> dict[int, int]:
    total: dict[int, int] = {}
    for spread, inside in zip(by_unit.values(), here, strict=True):
        if inside:
            for value, people in spread.items():
                total[value] = total.get(value, 0) + people
    return total


def _part_total(population: Population, cube: Cube, fact: str, here: np.ndarray) -> float | None:
    """Events of another fact in these units; ``None`` where there is no such fact, or it may not be used."""
    whole = population.whole
    if fact not in whole.variables:
        return None
    key = ("part", fact)
    if key not in cube.more:
        level = LEVELS[cube.tree][0]
        sql = to_sql(parse(fact), whole.variables, index=whole.index_sql)
        try:
            table = whole.groups(
                f"sum(coalesce(CAST({sql} AS DOUBLE), 0)) AS events",
                (fact, level),
                by=f"coalesce({level}, '') AS unit",
            )
        except GovernanceError:
            return None
        cube.more[key] = {r["unit"]: float(r["events"] or 0) for r in table.to_pylist()}
    events: dict[str, float] = cube.more[key]  # type: ignore[assignment]
    codes = cube.labels[LEVELS[cube.tree][0]]
    return sum(events.get(str(c), 0.0) for c, inside in zip(codes, here, strict=True) if inside)


def _float(value: object) -> float | None:
    return None if pd.isna(value) else float(value)  # type: ignore[arg-type, call-overload]
