"""Facts about people on their index date, one range of people at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.definitions import Catalogue, Score
from goldenthread.lake import Snapshot
from goldenthread.measures.coded import CodedScan
from goldenthread.measures.engines import Engine, engine_for
from goldenthread.measures.errors import MeasureError
from goldenthread.measures.folding import CodeNumbers
from goldenthread.measures.ordered import OrderedRows
from goldenthread.measures.person import person_tables
from goldenthread.measures.plain import PlainScan
from goldenthread.measures.plan import Plan, compile_plan
from goldenthread.measures.ranges import Chunk, Codes
from goldenthread.measures.scoring import method_of
from goldenthread.measures.sources import sources

PEOPLE_PER_CHUNK = 50_000
FEW_FACTS, PEOPLE_PER_NARROW_CHUNK = 40, 200_000
"""As many as a file in the order of codes has, where few codes are asked for."""
MANY_FACTS, PEOPLE_PER_WIDE_CHUNK = 100, 25_000
"""Half as many, because two ranges are worked on at once and a third waits to be taken."""


def evaluate(
    snapshot: Snapshot,
    catalogue: Catalogue,
    names: Iterable[str],
    *,
    index_date: date | pa.Table,
    engine: str = "duckdb",
    eligible: pa.Array | None = None,
    memory_mb: int = 1000,
    threads: int = 2,
) -> pa.Table:
    """One row per person with ``pid`` and a column per name, in the order of ``pid``.

    ``index_date`` is one date for everybody, or a table with ``pid`` (unique) and ``index_date``, of which
    only those people are answered for. ``eligible`` keeps these pids (int32) and no others.
    Truths are never missing; numbers, texts and dates may be.

    Raises ``MeasureError`` for unknown names or a date that is no date, ``DefinitionError`` for a definition
    that cannot be used.
    """
    plan = compile_plan(catalogue, names)
    parts = list(
        chunks(
            snapshot,
            plan,
            index_date=index_date,
            engine=engine,
            eligible=eligible,
            memory_mb=memory_mb,
            threads=threads,
        )
    )
    return pa.concat_tables(parts)


def chunks(
    snapshot: Snapshot,
    plan: Plan,
    *,
    index_date: date | pa.Table,
    engine: str = "duckdb",
    eligible: pa.Array | None = None,
    memory_mb: int = 1000,
    threads: int = 2,
    people_per_chunk: int = 0,
) -> Iterator[pa.Table]:
    """The same, one range of people after another, so that memory stays flat: as many as fit, if not said."""
    dates = _index_dates(index_date)
    index = index_date if isinstance(index_date, date) else None
    run = engine_for(
        snapshot, engine, memory_mb=memory_mb, threads=threads, only=_tables(plan, ordered=index is not None)
    )
    maps: dict[str, Codes] = {}
    try:
        known_codes = _known_codes(plan, run)
        for name, scan in plan.coded.items():
            maps[name] = _codes(snapshot, scan, index, known_codes.get(name, ()), run, threads)
        if not people_per_chunk:
            narrow = run.folds and len(plan.wanted) <= FEW_FACTS
            narrow = narrow and all(_narrow(m, plan.coded[name]) for name, m in maps.items())
            wide = len(plan.wanted) > MANY_FACTS
            people_per_chunk = (
                PEOPLE_PER_NARROW_CHUNK if narrow else PEOPLE_PER_WIDE_CHUNK if wide else PEOPLE_PER_CHUNK
            )
        people = max(snapshot.people, 1)
        ranges = [
            (first, min(first + people_per_chunk, people) - 1) for first in range(0, people, people_per_chunk)
        ]

        def answer(first: int, last: int) -> pa.Table:
            return Chunk(snapshot, plan, run, first, last, index, dates, maps).answer(eligible)

        ordered = [m for m in maps.values() if isinstance(m, OrderedRows)]
        yield from _in_turn(answer, ranges, ordered, threads if run.folds else 1)
    finally:
        for one in maps.values():
            if isinstance(one, OrderedRows):
                one.close()
        run.close()


def _tables(plan: Plan, *, ordered: bool) -> set[str]:
    """Tables that the engine is asked about: what is read in the order of codes is read here."""
    found = person_tables(plan.person)
    scans: list[CodedScan | PlainScan] = [*plan.coded.values(), *plan.plain.values()]
    for scan in scans:
        here = ordered and isinstance(scan, CodedScan) and OrderedRows.can(scan)
        if not here or plan.resolved:  # since when what was resolved holds again is asked of the engine
            found |= set(scan.source.needs or (scan.source.name,))
    if any(isinstance(step, Score) and method_of(step).takes_rows for step in plan.steps):
        found |= set(sources()["diagnosis"].needs)
    return found


def _codes(
    snapshot: Snapshot, scan: CodedScan, index: date | None, known: Sequence[str], run: Engine, threads: int
) -> Codes:
    if not run.folds:
        return scan.code_map(index, known)
    numbers = CodeNumbers(scan, known)
    if index is None or not OrderedRows.can(scan):
        return numbers
    return OrderedRows(snapshot, scan, numbers, index, run.query, threads)


def _narrow(codes: Codes, scan: CodedScan) -> bool:
    if isinstance(codes, OrderedRows):
        codes = codes.numbers
    return isinstance(codes, CodeNumbers) and codes.few(scan)


def _in_turn(
    answer: Callable[[int, int], pa.Table],
    ranges: Sequence[tuple[int, int]],
    ordered: Sequence[OrderedRows],
    threads: int,
) -> Iterator[pa.Table]:
    """Answers in the order of ranges; so many are worked on at once, and no more are held."""
    if threads < 2 or len(ranges) < 2:
        for first, last in ranges:
            for one in ordered:
                one.prepare(first, last)
            yield answer(first, last)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="people") as pool:
        begun: deque[Future[pa.Table]] = deque()
        try:
            for number in range(len(ranges) + threads):
                if number < len(ranges):
                    begun.append(pool.submit(answer, *ranges[number]))
                if number >= threads:
                    yield begun.popleft().result()
                    first, last = ranges[min(number - threads + 1, len(ranges) - 1)]
                    ahead = ranges[min(number + 1, len(ranges) - 1)][1]
                    for one in ordered:
                        one.prepare(first, max(last, ahead))
        finally:
            for waiting in begun:
                waiting.cancel()


def _index_dates(index_date: date | pa.Table) -> pa.Table | None:
    if isinstance(index_date, date):
        return None
    if not {"pid", "index_date"} <= set(index_date.column_names):
        raise MeasureError("A table of index dates needs the columns pid and index_date.")
    table = pa.table(
        {
            "pid": index_date.column("pid").cast(pa.int32()),
            "index_date": index_date.column("index_date").cast(pa.date32()),
        }
    )
    if table.column("pid").null_count or table.column("index_date").null_count:
        raise MeasureError("Every person needs an index date.", "Leave out people who have none.")
    if pc.count_distinct(table.column("pid")).as_py() != table.num_rows:
        raise MeasureError("A person stands twice among the index dates.", "Give each person one index date.")
    return table


def _known_codes(plan: Plan, run: Engine) -> dict[str, list[str]]:
    """Distinct text codes of the sources that have them: ICD-10 lists name the beginnings of codes."""
    found = {}
    for name, scan in plan.coded.items():
        source = scan.source
        if source.columns[source.code].kind == "text":
            rows = f"({source.sql}) AS e" if source.sql else f"{source.name} AS e"
            answer = run.query(
                f"SELECT DISTINCT e.{source.code} AS code FROM {rows} WHERE e.{source.code} IS NOT NULL"
            )
            found[name] = sorted(answer.column("code").to_pylist())
    return found
