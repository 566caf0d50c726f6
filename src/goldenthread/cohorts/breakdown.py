"""Counts by groups, released with all their totals in one table so that none gives another away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from goldenthread.cohorts.answers import Answer
from goldenthread.cohorts.dimensions import ALL, MOST_GROUPS, NOT_KNOWN, Dimension, dimension
from goldenthread.cohorts.errors import CohortError
from goldenthread.disclosure import ReleasedTable, release

if TYPE_CHECKING:
    from goldenthread.cohorts.cohort import Cohort
    from goldenthread.cohorts.population import Population


@dataclass(frozen=True)
class _Row:
    labels: tuple[str, ...]
    population: np.ndarray
    inside: np.ndarray


def answer(cohort: Cohort, by: Sequence[str]) -> Answer:
    """The released count of a cohort, and its breakdown."""
    from goldenthread.cohorts.cohort import checked_dimensions

    population = cohort.population
    found = [dimension(n, population.variables, population.snapshot) for n in checked_dimensions(by)]
    cohort = cohort.resting_on([f for d in found for f in d.needs])
    population = cohort.population
    registered, share, words = released_coverage(population)
    table = _released(cohort, found)
    whole = len(table.frame) - 1
    return Answer(
        expression=cohort.expression,
        english=cohort.english,
        people=_shown(table, "count", whole),
        population=_shown(table, "population", whole),
        registered=registered,
        coverage=share,
        coverage_words=words,
        purpose=population.purpose.name,
        policy=table.policy,
        index_date=population.index_date,
        data_date=population.data_date,
        snapshot=population.snapshot.id,
        definition_hash=cohort.definition_hash,
        message=table.message,
        by=table if found else None,
        by_names=tuple(d.name for d in found),
    )


def released_coverage(population: Population) -> tuple[int | None, float | None, str]:
    """Registered people, the share of them who may be asked about, and that in words; what would tell of a few is hidden."""
    exact = population.coverage
    if not exact.registered:
        return 0, None, exact.words
    frame = pd.DataFrame({"registered": [exact.registered], "eligible": [exact.eligible]})
    frame["share"] = frame["eligible"] / frame["registered"]
    table = release(
        frame,
        policy=population.purpose.disclosure,
        counts=["registered", "eligible"],
        rates={"share": ("eligible", "registered")},
        kinds={"share": "proportion"},
        purpose=population.purpose.title,
        **told(population, f"coverage | {population.index_date} | {population.purpose.name}"),
        members={"registered": [population.registered], "eligible": [population.pids]}
        if population.ledger is not None
        else None,
    )
    if bool(table.suppressed["share"].iloc[0]):
        return _shown(table, "registered", 0), None, exact.words_without_share
    return _shown(table, "registered", 0), float(table.frame["share"].iloc[0]), exact.words


def told(population: Population, question: str) -> dict[str, Any]:
    """Who is told and what was asked, for the ledger."""
    if population.ledger is None:
        return {}
    if population.scope.kind != "system":
        question = f"{question} | {population.scope.slug}"
    return {"ledger": population.ledger, "recipient": population.recipient, "population": question}


def _shown(table: ReleasedTable, column: str, row: int) -> int | None:
    return None if bool(table.suppressed[column].iloc[row]) else int(table.frame[column].iloc[row])


def _released(cohort: Cohort, by: list[Dimension]) -> ReleasedTable:
    population = cohort.population
    rows = list(_rows(cohort, by))
    frame = pd.DataFrame(
        {"count": [len(r.inside) for r in rows], "population": [len(r.population) for r in rows]}
    )
    frame["share"] = frame["count"] / frame["population"].where(frame["population"] > 0)
    for place, one in enumerate(by):
        labels = [r.labels[place] for r in rows]
        frame.insert(place, one.name, labels)
    kinds = {"share": "proportion"}
    for one in (d for d in by if d.named):
        column = f"{one.name}_name"
        frame.insert(
            list(frame.columns).index(one.name) + 1, column, [one.names.get(c, c) for c in frame[one.name]]
        )
        kinds[column] = "text"
    return release(
        frame,
        policy=population.purpose.disclosure,
        counts=["count", "population"],
        rates={"share": ("count", "population")},
        kinds=kinds,
        dimensions=[d.name for d in by],
        margins={d.name: ALL for d in by},
        purpose=population.purpose.title,
        source=f"{cohort.english}; as at {population.index_date:%-d %B %Y}",
        data_date=population.data_date,
        coverage=population.coverage.words,
        **told(population, cohort.question(*(d.name for d in by))),
        members={"count": [r.inside for r in rows], "population": [r.population for r in rows]}
        if population.ledger is not None
        else None,
    )


def _rows(cohort: Cohort, by: list[Dimension]) -> Iterator[_Row]:
    """Every group that has people in it, then every total; the total of all comes last."""
    listed = "".join(f", coalesce({d.sql}, '{NOT_KNOWN}') AS g{n}" for n, d in enumerate(by))
    needs = [*cohort.needs, *(f for d in by for f in d.needs)]
    table = cohort.population.query(f"pid, {cohort.sql} AS inside{listed}", needs)
    pids = table.column("pid").to_numpy()
    inside = table.column("inside").to_numpy()
    places, labels = [], []
    for n, one in enumerate(by):
        codes, found = pd.factorize(
            np.asarray(table.column(f"g{n}").to_numpy(zero_copy_only=False), dtype=object)
        )
        order = sorted(range(len(found)), key=lambda i, f=found, d=one: _place(f[i], d))  # type: ignore[misc]
        rank = np.empty(len(found), np.int64)
        rank[order] = np.arange(len(found))
        places.append(rank[codes] if len(codes) else codes)
        labels.append([str(found[i]) for i in order])
    size = int(np.prod([len(x) + 1 for x in labels])) if labels else 1
    if size > MOST_GROUPS:
        raise CohortError(
            f"This breakdown has up to {size:,} rows; {MOST_GROUPS:,} is the most.",
            "Count by fewer things, or by larger areas.",
        )
    for kept in sorted(product((True, False), repeat=len(by)), reverse=True):
        yield from _groups(pids, inside, places, labels, kept)


def _groups(
    pids: np.ndarray,
    inside: np.ndarray,
    places: list[np.ndarray],
    labels: list[list[str]],
    kept: tuple[bool, ...],
) -> Iterator[_Row]:
    """Groups by some of the dimensions, all together in the rest."""
    if not any(kept):
        yield _Row((ALL,) * len(kept), pids, pids[inside])
        return
    flat = np.zeros(len(pids), np.int64)
    for place, label, keep in zip(places, labels, kept, strict=True):
        if keep:
            flat = flat * len(label) + place
    order = np.argsort(flat, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(flat[order]) != 0]) if len(order) else np.array([], np.int64)
    for members in np.split(order, starts[1:]) if len(order) else []:
        first = members[0]
        row = tuple(x[p[first]] if k else ALL for p, x, k in zip(places, labels, kept, strict=True))
        yield _Row(row, pids[members], pids[members[inside[members]]])


def _place(label: str, one: Dimension) -> tuple[bool, int, str, str]:
    """Sort key of a group: its place in the order given, else its name; the unknown last."""
    position = one.order.index(label) if label in one.order else len(one.order)
    return (label == NOT_KNOWN, position, one.names.get(label, label), label)
