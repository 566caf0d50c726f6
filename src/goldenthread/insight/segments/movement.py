"""Who moved between segments since a year ago, who joined, who left and who died."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goldenthread import __version__
from goldenthread.cohorts import CohortError, Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.governance import eligible
from goldenthread.insight.segments.bands import segments_called
from goldenthread.insight.segments.cells import ALL, about, cells
from goldenthread.insight.segments.matrix import SEGMENTATION
from goldenthread.measures import evaluate

JOINED, LEFT, DIED = "Joined", "Left", "Died"
_SCOPES = ("practice", "pcn", "place", "district", "msoa", "lsoa")


@dataclass(frozen=True)
class Movement:
    """People by segment ``months`` ago and now: ``released`` has before, after and people.

    ``order`` runs from the lightest need to the heaviest. People who were not here then are Joined before; people who are
    not here now are Left or Died after.
    """

    segmentation: str
    then: date
    now: date
    released: ReleasedTable
    order: tuple[str, ...]


def movement(population: Population, *, months: int = 12, segmentation: str = SEGMENTATION) -> Movement:
    """Is need growing: who was in which segment then, and where are they now?

    The people are those registered in the scope on either day and who may be asked about today. Segments of the earlier day are worked
    out once and kept beside the snapshot. Raises ``CohortError`` for a day before the data begin.
    """
    if not 1 <= months <= 60:
        raise CohortError(f"Movement over {months} months cannot be shown.", "Give a number from 1 to 60.")
    segments = segments_called(population, segmentation)
    population = population.for_facts([segmentation])
    then = _months_before(population.index_date, months)
    earlier = _earlier(population, segmentation, then)
    scope = population.scope
    if scope.kind != "system":
        earlier = earlier.filter(pc.equal(earlier.column(scope.kind), scope.code))
    left_out = population.without_practices_for([segmentation])
    allowed = eligible(population.purpose, population.snapshot, without_practices=left_out)
    earlier = earlier.filter(pc.is_in(earlier.column("pid"), value_set=allowed))
    before_of = pd.Series(
        _places(earlier.column(segmentation), segments.labels), index=earlier.column("pid").to_numpy()
    )
    now = population.query(f"pid, {segments.sql} AS s", [segmentation])
    after_of = pd.Series(now.column("s").to_numpy(), index=now.column("pid").to_numpy())
    pids = np.union1d(before_of.index.to_numpy(), after_of.index.to_numpy()).astype(np.int32)
    if not len(pids):
        raise CohortError("Nobody is registered here on either day.", "Choose another population.")
    many = len(segments.labels)
    before = before_of.reindex(pids, fill_value=many).to_numpy().astype(np.int8)
    after = after_of.reindex(pids, fill_value=many).to_numpy().astype(np.int8)
    dead = np.isin(pids, _died(population))
    after[(after == many) & dead] = many + 1
    # labels from the lightest need to the heaviest, so that the picture reads upwards
    found = list(cells(before, (*segments.labels, JOINED), after, (*segments.labels, LEFT, DIED)))
    released = release(
        pd.DataFrame(
            {
                "before": [c.row for c in found],
                "after": [c.column for c in found],
                "people": [len(c.members) for c in found],
            }
        ),
        dimensions=["before", "after"],
        counts=["people"],
        margins={"before": ALL, "after": ALL},
        **about(
            population,
            f"Segments on {then.day} {then:%B %Y} and now",
        ),
    )
    return Movement(segmentation, then, population.index_date, released, tuple(reversed(segments.labels)))


def _earlier(population: Population, segmentation: str, then: date) -> pa.Table:
    """Everybody registered on the earlier day with their segment and where they belonged, from the cache or worked out.

    The file's name begins with the snapshot's, so that it goes when the snapshot is pruned.
    """
    snapshot, catalogue = population.snapshot, population.catalogue
    key = hashlib.sha256(f"{catalogue.hash()} {__version__} {segmentation}".encode()).hexdigest()[:16]
    folder = snapshot.path.parent.parent / "cache"
    path = folder / f"{snapshot.id}.{then.isoformat()}.{key}.segments.parquet"
    if path.exists():
        return pq.read_table(path)
    _check_day(population, then)
    table = evaluate(snapshot, catalogue, ["registered", segmentation, *_SCOPES], index_date=then)
    table = table.filter(table.column("registered")).drop_columns(["registered"])
    _keep(table, path)
    return table


def _keep(table: pa.Table, path: Path) -> None:
    """Write whole or not at all; a folder that cannot be written to costs time but no answer."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, draft, compression="zstd")
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)


def _check_day(population: Population, then: date) -> None:
    connection = population.snapshot.connect(only=("registration",))
    try:
        rows = connection.execute("SELECT min(start_date) FROM registration").fetchall()
    finally:
        connection.close()
    if rows[0][0] is None or then < rows[0][0]:
        raise CohortError(
            f"The data do not reach back to {then.day} {then:%B %Y}.", "Ask about fewer months."
        )


def _died(population: Population) -> np.ndarray:
    connection = population.snapshot.connect(only=("person",))
    try:
        table = connection.sql(
            f"SELECT pid FROM person WHERE death_date <= {population.index_sql}"
        ).to_arrow_table()
    finally:
        connection.close()
    return np.asarray(table.column("pid").to_numpy())


def _places(column: pa.ChunkedArray, labels: tuple[str, ...]) -> np.ndarray:
    found = pc.index_in(column, value_set=pa.array(labels))
    return np.asarray(pc.fill_null(found, len(labels) - 1).to_numpy()).astype(np.int8)


def _months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month.

    >>> _months_before(date(2026, 10, 31), 1)
    datetime.date(2026, 9, 30)
    """
    return (pd.Timestamp(day) - pd.DateOffset(months=months)).date()
