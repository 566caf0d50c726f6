"""Who people are and when they were registered, read once of a snapshot: every question needs it, and no snapshot changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from goldenthread.lake import Snapshot
from goldenthread.measures.errors import unreadable

T = TypeVar("T")
_EPOCH = date(1970, 1, 1)
_FOREVER = np.iinfo(np.int32).max
PEOPLE = pa.schema(
    {"pid": pa.int32(), "birth_month": pa.date32(), "sex": pa.string(), "death_date": pa.date32()}
)


class Registrations(NamedTuple):
    """Registrations in no order: first day, and the day after the last (the end of time for those that go on), in days since 1970."""

    pid: np.ndarray
    start: np.ndarray
    end: np.ndarray


def people_between(snapshot: Snapshot, first: int, last: int) -> pa.Table:
    """pid, birth_month, sex and death_date of people ``first`` to ``last``, in the order of pid."""
    parts = [PEOPLE.empty_table()]
    for table in _read(snapshot, "person", first, last, _people):
        begin, end = table["pid"].to_numpy().searchsorted(np.array([first, last + 1], np.int32)).tolist()
        parts.append(table.slice(begin, end - begin))
    return pa.concat_tables(parts)


def registered_between(snapshot: Snapshot, first: int, last: int, day: date) -> np.ndarray:
    """Of each of the people ``first`` to ``last``, whether a registration holds on ``day``."""
    found = np.zeros(last - first + 1, bool)
    at = (day - _EPOCH).days
    for pid, start, end in _read(snapshot, "registration", first, last, _registrations):
        holds = pid[(start <= at) & (end > at)] - first
        found[holds[(holds >= 0) & (holds <= last - first)]] = True
    return found


def first_registration(snapshot: Snapshot) -> date | None:
    """The first day of any registration; ``None`` where there is none."""
    read = _read(snapshot, "registration", 0, max(snapshot.people, 1) - 1, _registrations)
    starts = [int(one.start.min()) for one in read if len(one.start)]
    return _EPOCH + timedelta(days=min(starts)) if starts else None


def _read(snapshot: Snapshot, table: str, first: int, last: int, read: Callable[[Path], T]) -> list[T]:
    """What ``read`` gives of each file that may hold rows of these people."""
    found = []
    for file in snapshot.manifest.select(table, "person"):
        if (file.first_pid or 0) <= last and (file.last_pid is None or file.last_pid >= first):
            try:
                found.append(read(snapshot.path / file.path))
            except (OSError, pa.ArrowException) as error:
                raise unreadable(snapshot, file.path, error) from error
    return found


# a file has 50,000 people, so that three million are kept at most: some 30 bytes each


@lru_cache(maxsize=64)
def _people(path: Path) -> pa.Table:
    table = _columns(path, PEOPLE.names).cast(PEOPLE).combine_chunks()
    pids = table["pid"].to_numpy()
    return table if bool((pids[1:] > pids[:-1]).all()) else table.sort_by("pid")


@lru_cache(maxsize=64)
def _registrations(path: Path) -> Registrations:
    table = _columns(path, ["pid", "start_date", "end_date"])
    start, end = (table[name].cast(pa.int32()) for name in ("start_date", "end_date"))
    return Registrations(table["pid"].to_numpy(), start.to_numpy(), end.fill_null(_FOREVER).to_numpy())


def _columns(path: Path, names: list[str]) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read(names, use_threads=False).select(names)
