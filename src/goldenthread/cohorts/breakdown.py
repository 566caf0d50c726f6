"""Counts by groups, released with all their totals in one table so that none gives another away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from goldenthread.cohorts.answers import Answer
from goldenthread.cohorts.dimensions import ALL, MOST_GROUPS, NOT_KNOWN, Dimension, dimension
from goldenthread.cohorts.errors import CohortError
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.lake import to_numbers

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
    question = cohort.question(*(d.name for d in found))
    return cohort.population.told_before(question, lambda: _answer(cohort, found))


def _answer(cohort: Cohort, found: list[Dimension]) -> Answer:
    population = cohort.population
    registered, share, words = released_coverage(population)
    table = _released(cohort, found)
    return Answer(
        expression=cohort.expression,
        english=cohort.english,
        people=table.figure("count", -1),
        population=table.figure("population", -1),
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
    question = f"coverage | {population.index_date} | {population.purpose.name}"
    return population.told_before(question, lambda: _coverage(population, question))


def _coverage(population: Population, question: str) -> tuple[int | None, float | None, str]:
    exact = population.coverage
    if not exact.registered:
        return 0, None, exact.words
    table = release(
        {"registered": [exact.registered], "eligible": [exact.eligible], "share": [exact.share]},
        policy=population.purpose.disclosure,
        counts=["registered", "eligible"],
        rates={"share": ("eligible", "registered")},
        kinds={"share": "proportion"},
        purpose=population.purpose.title,
        **told(population, question),
        members={"registered": [population.registered], "eligible": [population.pids]}
        if population.ledger is not None
        else None,
    )
    registered, share = table.figure("registered", 0), table.figure("share", 0)
    return registered, share, exact.words_without_share if table.hidden["share"][0] else exact.words


def told(population: Population, question: str) -> dict[str, Any]:
    """Who is told and what was asked, for the ledger."""
    if population.ledger is None:
        return {}
    if population.scope.kind != "system":
        question = f"{question} | {population.scope.slug}"
    return {"ledger": population.ledger, "recipient": population.recipient, "population": question}


def _released(cohort: Cohort, by: list[Dimension]) -> ReleasedTable:
    population = cohort.population
    rows = list(_rows(cohort, by))
    kinds = {"share": "proportion"}
    columns: dict[str, list[Any]] = {}
    for place, one in enumerate(by):
        labels = columns[one.name] = [r.labels[place] for r in rows]
        if one.named:
            columns[f"{one.name}_name"] = [one.names.get(label, label) for label in labels]
            kinds[f"{one.name}_name"] = "text"
    columns["count"] = [len(r.inside) for r in rows]
    columns["population"] = [len(r.population) for r in rows]
    columns["share"] = [len(r.inside) / (len(r.population) or np.nan) for r in rows]
    return release(
        columns,
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
    population = cohort.population
    pids, groups = divided(population, by)
    inside = marked(pids, cohort.pids)
    for labels, members in groups:
        if members is None:
            yield _Row(labels, pids, pids[inside])
        else:
            yield _Row(labels, pids[members], pids[members[inside[members]]])


def marked(pids: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which of ``pids`` are among those chosen; both rising.

    >>> marked(np.array([2, 5, 9]), np.array([5, 7])).tolist()
    [False, True, False]
    """
    if not len(pids) or not len(chosen):
        return np.zeros(len(pids), bool)
    # one place for every number there may be: quicker than searching, and person numbers begin at 0
    inside = np.zeros(max(int(pids[-1]), int(chosen[-1])) + 1, bool)
    inside[chosen] = True
    return np.asarray(inside[pids])


Divided = tuple[np.ndarray, list[tuple[tuple[str, ...], np.ndarray | None]]]


def divided(population: Population, by: list[Dimension]) -> Divided:
    """People of a population, and the positions of those of each group and total (``None`` for everybody).

    The same whatever is asked about them, so it is kept with the population's facts.
    """
    if not by:
        return population.pids, [((), None)]
    listed = "".join(f", coalesce({d.sql}, '{NOT_KNOWN}') AS g{n}" for n, d in enumerate(by))
    return population.kept(
        "divided", f"pid{listed}", [f for d in by for f in d.needs], lambda table: _divide(table, by)
    )


def _divide(table: pa.Table, by: list[Dimension]) -> Divided:
    places, labels = [], []
    for n, one in enumerate(by):
        column = table.column(f"g{n}").combine_chunks().dictionary_encode()
        found = [str(v) for v in column.dictionary.to_pylist()]
        order = sorted(range(len(found)), key=lambda i, f=found, d=one: _place(f[i], d))  # type: ignore[misc]
        rank = np.empty(len(found), np.int32)
        rank[order] = np.arange(len(found), dtype=np.int32)
        places.append(rank[to_numbers(column.indices)])
        labels.append([found[i] for i in order])
    size = int(np.prod([len(x) + 1 for x in labels]))
    if size > MOST_GROUPS:
        raise CohortError(
            f"This breakdown has up to {size:,} rows; {MOST_GROUPS:,} is the most.",
            "Count by fewer things, or by larger areas.",
        )
    groups: list[tuple[tuple[str, ...], np.ndarray | None]] = []
    for kept in sorted(product((True, False), repeat=len(by)), reverse=True):
        groups += _groups(places, labels, kept)
    return to_numbers(table.column("pid")), groups


def _groups(
    places: list[np.ndarray], labels: list[list[str]], kept: tuple[bool, ...]
) -> Iterator[tuple[tuple[str, ...], np.ndarray | None]]:
    """Groups by some of the dimensions, all together in the rest."""
    if not any(kept):
        yield (ALL,) * len(kept), None
        return
    flat = np.zeros(len(places[0]), np.int32)
    for place, label, keep in zip(places, labels, kept, strict=True):
        if keep:
            flat = flat * np.int32(len(label)) + place
    # few groups: numpy sorts 16-bit numbers by counting
    order = np.argsort(flat.astype(np.int16), kind="stable").astype(np.int32)
    starts = np.flatnonzero(np.r_[True, np.diff(flat[order]) != 0]) if len(order) else np.array([], np.int64)
    for members in np.split(order, starts[1:]) if len(order) else []:
        first = members[0]
        yield tuple(x[p[first]] if k else ALL for p, x, k in zip(places, labels, kept, strict=True)), members


def _place(label: str, one: Dimension) -> tuple[bool, int, str, str]:
    """Sort key of a group: its place in the order given, else its name; the unknown last."""
    position = one.order.index(label) if label in one.order else len(one.order)
    return (label == NOT_KNOWN, position, one.names.get(label, label), label)
