"""Writes one table from linked and unlinked rows, and counts what became of the rows of its feed."""

from __future__ import annotations

from goldenthread.intake.assembly.sources import Sources
from goldenthread.lake import SnapshotBuilder


def write_linked(
    builder: SnapshotBuilder, sources: Sources, feed: str, table: str, columns: str, source: str
) -> None:
    """Write ``columns`` of ``source`` (which has ``who``, and ``rows``: feed rows that make up each row).

    Rows whose person is not known go to the table's unlinked files.
    """
    tally = sources.tallies[feed]
    linked = f"SELECT p.pid, {columns} FROM {source} t JOIN people p ON p.pseudonym = t.who"
    unlinked = f"SELECT NULL::INTEGER AS pid, {columns} FROM {source} t WHERE t.who IS NULL"
    written = builder.write(table, linked)
    loose = builder.write_unlinked(table, unlinked)
    rows = sources.count(f"SELECT sum(rows) FROM {source}")
    tally.linked += written
    tally.unlinked += loose
    tally.merged += rows - written - loose
