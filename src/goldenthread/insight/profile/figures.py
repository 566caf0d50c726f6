"""The figures of one place: counts rounded and hidden as the policy says, and everything else worked out from what is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population, Scope
from goldenthread.disclosure import Policy, ReleasedTable, named_policy, release
from goldenthread.insight.profile.comparing import alone, compare, expected_of
from goldenthread.insight.profile.contents import Counted
from goldenthread.insight.profile.cube import Cube
from goldenthread.insight.profile.neighbours import Comparator

_FIGURES = (
    "value",
    "lower",
    "upper",
    "comparator",
    "expected",
    "ratio",
    "ratio_lower",
    "ratio_upper",
    "p",
    "repeats",
)

_TESTED = ("ratio", "ratio_lower", "ratio_upper", "p", "repeats")


@dataclass(frozen=True)
class Figure:
    """One thing counted here, as it may be shown. Numbers are ``None`` where hidden, or where there is nothing to compare.

    ``count`` of ``of``; ``value`` in ``unit`` with its 95% interval; ``comparator`` is the value that people of the same
    ages and sexes have in the comparator, ``expected`` the count that would give here; ``p`` is of the difference; ``repeats`` says how much events come
    together in the same people (1: they do not).
    """

    counted: Counted
    count: int | None
    of: int | None
    value: float | None
    lower: float | None
    upper: float | None
    comparator: float | None
    expected: float | None
    ratio: float | None
    ratio_lower: float | None
    ratio_upper: float | None
    p: float | None
    repeats: float | None
    hidden: bool

    @property
    def said(self) -> str:
        """The value as people read it."""
        return said(self.counted, self.value, hidden=self.hidden)

    @property
    def between(self) -> str:
        """The interval in words."""
        if self.lower is None or self.upper is None:
            return ""
        low, high = (said(self.counted, x) for x in (self.lower, self.upper))
        return f"{low.removesuffix('%')} to {high}"

    @property
    def comparator_said(self) -> str:
        """The comparator's value as people read it."""
        return said(self.counted, self.comparator) if self.comparator is not None else ""


def said(one: Counted, value: float | None, *, hidden: bool = False) -> str:
    """A value in its unit: shares of 10% and more without decimals.

    >>> from types import SimpleNamespace
    >>> said(SimpleNamespace(per=100, people=True), 2.345)
    '2.3%'
    """
    if value is None or math.isnan(value):
        return "hidden" if hidden else "not available"
    percent = one.per == 100 and one.people
    if value == 0:
        text = "0"
    elif abs(value) < 0.05:
        text = "under 0.1"
    else:
        text = f"{value:,.0f}" if abs(value) >= 9.95 else f"{value:.1f}"
    return f"{text}%" if percent else text


def policy_of(population: Population) -> Policy:
    """The disclosure policy of standing figures: 1 to 7 hidden, the rest to the nearest 5, or stricter where the purpose's is.

    Each figure stands alone, so everybody sees the same figure whoever asked before: docs/decisions/0100.
    """
    own, hes = named_policy(population.purpose.disclosure), named_policy("hes")
    return replace(
        hes, name="profile", title="Standing figures: seven or fewer hidden, others to the nearest 5",
        threshold=max(hes.threshold, own.threshold), rounding=max(hes.rounding, own.rounding), zero=own.zero,
        margins=False,
        source="As HES and ECDS; totals are not audited because every shown figure is rounded on its own",
    )  # fmt: skip


def table_of(
    population: Population,
    cube: Cube,
    scope: Scope,
    families: Sequence[str],
    against: Comparator | None,
    *,
    coverage: str = "",
) -> ReleasedTable:
    """One row for each thing of these families: count, denominator, value, interval, comparator, expected count, ratio, p."""
    return tables_of(population, cube, [(scope, against)], families, coverage=coverage)


def tables_of(
    population: Population,
    cube: Cube,
    places: Sequence[tuple[Scope, Comparator | None]],
    families: Sequence[str],
    *,
    coverage: str = "",
) -> ReleasedTable:
    """The same for several places at once: column ``place`` holds the scope as it is written in addresses."""
    ones = [c for c in cube.counted.values() if c.family in families]
    least = policy_of(population).threshold
    frame = pd.concat([_counts(cube, ones, scope, least) for scope, _ in places], ignore_index=True)
    notes = tuple(dict.fromkeys(a.explained for _, a in places if a is not None))
    shown = _released(population, frame, notes, coverage).frame
    structure = np.array([c.family == "structure" for c in ones])
    columns: dict[str, list[np.ndarray]] = {n: [] for n in _FIGURES}
    for number, (scope, against) in enumerate(places if ones else ()):
        mine = shown.iloc[number * len(ones) : (number + 1) * len(ones)]
        count, of = (mine[c].to_numpy(dtype=float, na_value=np.nan) for c in ("count", "of"))
        here = cube.units(scope)
        if against is None:
            compared = compare(ones, count, of, alone(cube, ones, here))
        else:
            compared = compare(ones, count, of, expected_of(cube, ones, here, against.units, scope.kind))
        for name in _FIGURES:
            # that ages differ is no finding: they are told apart, not tested
            values = getattr(compared, name)
            columns[name].append(np.where(structure, np.nan, values) if name in _TESTED else values)
    for name, parts in columns.items():
        frame[name] = np.concatenate(parts) if parts else np.empty(0)
    return _released(population, frame, notes, coverage)


def _counts(cube: Cube, ones: Sequence[Counted], scope: Scope, least: int) -> pd.DataFrame:
    here = cube.units(scope)
    counts = [_safe(cube, c, here, least) for c in ones]
    return pd.DataFrame(
        {
            "place": scope.slug,
            "measure": [c.name for c in ones],
            "title": [c.title for c in ones],
            "unit": [c.unit for c in ones],
            "count": np.array([n for n, _ in counts], dtype=np.int64),
            "of": np.array([d for _, d in counts], dtype=np.int64),
        }
    )


def figures_of(cube: Cube, table: ReleasedTable) -> dict[str, Figure]:
    """The rows of a released table, by name."""
    found = {}
    hidden = table.suppressed["count"].to_numpy(bool) | table.suppressed["of"].to_numpy(bool)
    for row, hide in zip(table.frame.to_dict("records"), hidden, strict=True):
        numbers = {n: _number(row.get(n)) for n in _FIGURES}
        found[row["measure"]] = Figure(
            cube.counted[row["measure"]],
            count=_whole(row["count"]),
            of=_whole(row["of"]),
            hidden=bool(hide),
            **numbers,
        )
    return found


def _safe(cube: Cube, one: Counted, here: np.ndarray, least: int) -> tuple[int, int]:
    """Count and denominator. Many events of a few people are put at one, which the policy hides."""
    count = round(float(cube.top[one.name][here].sum()))
    users = int(cube.users[one.name][here].sum())
    if not one.people and 0 < users <= least:
        count = 1
    return count, int(cube.bottom[one.name][here].sum())


def _released(
    population: Population, frame: pd.DataFrame, notes: tuple[str, ...], coverage: str
) -> ReleasedTable:
    extra = [n for n in _FIGURES if n in frame]
    return release(
        frame,
        policy=policy_of(population),
        counts=["count", "of"],
        dimensions=["place", "measure"],
        not_additive=["place", "measure"],
        means=dict.fromkeys(extra, "count"),
        kinds={"title": "text", "unit": "text"}
        | {n: n if n in ("lower", "upper") else "value" for n in extra},
        purpose=population.purpose.title,
        source="Linked GP, hospital, community and social care records",
        data_date=population.data_date,
        coverage=coverage,
        notes=notes,
    )


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)
