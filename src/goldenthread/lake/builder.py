"""Builds one snapshot in a staging folder and puts it in force in one step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenthread import __version__
from goldenthread.lake import arranging
from goldenthread.lake.files import (
    LakeError,
    disk_trouble,
    quote,
    sha256,
    sync_file,
    sync_folder,
    write_atomically,
)
from goldenthread.lake.manifest import DataFile, Manifest
from goldenthread.lake.memory import give_back
from goldenthread.model import Table, table, tables

PEOPLE_PER_FILE = 50_000
PEOPLE_PER_CODE_FILE = 200_000
PEOPLE_AT_ONCE = 100_000
"""People whose rows ``write_ordered`` holds in memory: some 11 million events, 0.4 GB in each order."""
_PARQUET = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"


class SnapshotBuilder:
    """Writes tables into a staging folder; ``commit`` makes them the current snapshot.

    ``connection`` is for staging: temporary tables and views over accepted feeds. SQL passed to the
    ``write`` methods is a SELECT that gives the declared columns by name. Columns of text may come as
    ENUM, which sorts and writes faster.
    """

    def __init__(
        self, lake: Path, staging: Path, snapshot: str, connection: duckdb.DuckDBPyConnection
    ) -> None:
        self._lake = lake
        self._staging = staging
        self._snapshot = snapshot
        self._files: list[DataFile] = []
        self._people = 0
        self.connection = connection

    @property
    def snapshot(self) -> str:
        """Id of the snapshot being built."""
        return self._snapshot

    @property
    def people(self) -> int:
        """People written so far (the person table comes first)."""
        return self._people

    def write(self, name: str, sql: str) -> int:
        """Write a whole table; returns its rows.

        Raises ``LakeError`` where columns are missing, the grain is not unique, a column that may not be
        empty is, or a pid is not that of a person in this snapshot.
        """
        declared = table(name)
        with _Rows(self, declared, sql) as rows:
            rows.check_grain()
            if not declared.has_person:
                self._copy(declared, rows.source, "reference", "0", declared.sort)
            else:
                if declared.kind == "person":
                    self._people = rows.count
                self._copy_people(declared, rows, 0, max(self._people, 1))
            return rows.count

    def write_chunked(
        self, name: str, sql: Callable[[int, int], str], *, progress: Callable[[int], None] | None = None
    ) -> int:
        """Write a large table one range of people at a time, so that memory stays flat; returns its rows.

        ``sql(first_pid, last_pid)`` gives the rows of people first_pid to last_pid, both included. The
        grain must already be unique: ``Lake.verify(deep=True)`` proves it.
        """
        declared = table(name)
        total = 0
        for first in range(0, max(self._people, 1), PEOPLE_PER_CODE_FILE):
            stop = min(first + PEOPLE_PER_CODE_FILE, max(self._people, 1))
            with _Rows(self, declared, sql(first, stop - 1)) as rows:
                self._copy_people(declared, rows, first, stop)
                total += rows.count
                if progress is not None:
                    progress(rows.count)
        return total

    def write_ordered(
        self,
        name: str,
        rows: Callable[[int, int], pa.Table],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Write a large table of coded events from Arrow, one range of people at a time; returns its rows.

        ``rows(first_pid, last_pid)`` gives the rows of people first_pid to last_pid, both included, in any
        order; rows that are nearly in order cost least. The files hold what ``write_chunked`` would
        write. The grain must already be unique: ``Lake.verify(deep=True)`` proves it.

        It does not use ``connection``: it may run in a thread beside one other that writes other tables.
        """
        declared = table(name)
        keys = [*declared.sort, *(c for c in declared.columns if c not in declared.sort)]
        if tuple(keys[:3]) != arranging.LEADING or declared.sort_by_code != (
            "code",
            *(c for c in declared.sort if c != "code"),
        ):
            raise LakeError(f"{name} is not a table of coded events: use write_chunked.")
        total, people = 0, max(self._people, 1)
        with ThreadPoolExecutor(max_workers=2) as pool:
            for first in range(0, people, PEOPLE_AT_ONCE):
                if first:
                    give_back()
                stop = min(first + PEOPLE_AT_ONCE, people)
                written = self._write_range(pool, declared, rows(first, stop - 1), keys, (first, stop))
                total += written
                if progress is not None:
                    progress(written)
        return total

    def _write_range(
        self,
        pool: ThreadPoolExecutor,
        declared: Table,
        rows: pa.Table,
        keys: Sequence[str],
        people: tuple[int, int],
    ) -> int:
        """Write both orders of the rows of a range of people; returns how many rows."""
        first, stop = people
        made = arranging.by_person(arranging.conform(declared, rows, self._people), keys)
        del rows  # those that had to be put in order are here twice until now
        by_code = pool.submit(arranging.code_order, made)
        under_way = self._write_people(pool, declared, made, first, stop)
        under_way += self._write_codes(pool, declared, made, by_code.result(), (first, stop - 1))
        self._files += [each.result() for each in under_way]
        written: int = made.num_rows
        return written

    def _write_people(
        self, pool: ThreadPoolExecutor, declared: Table, rows: pa.Table, first: int, stop: int
    ) -> list[Future[DataFile]]:
        """Begin the person files of rows that are in order by person."""
        files, pid = [], rows["pid"].to_numpy()
        for start in range(first, stop, PEOPLE_PER_FILE):
            end = min(start + PEOPLE_PER_FILE, stop) - 1
            begin, until = pid.searchsorted([start, end + 1])
            chosen = rows.slice(begin, until - begin)
            files.append(
                pool.submit(self._write_file, declared, chosen, "person", f"{start:08d}", (start, end))
            )
        return files

    def _write_codes(
        self,
        pool: ThreadPoolExecutor,
        declared: Table,
        rows: pa.Table,
        order: tuple[NDArray[np.int64], NDArray[np.generic]],
        pids: tuple[int, int],
    ) -> list[Future[DataFile]]:
        """Begin the code files of a range of people: two where it is large, so that two can be written at once."""

        def write(part: NDArray[np.int64], stem: str) -> DataFile:
            # Others are written beside it: one thread is enough.
            chosen = rows.take(pa.array(part.astype(np.uint32)))
            return self._write_file(declared, chosen, "code", stem, pids)

        stems = (f"{pids[0]:08d}", f"{pids[0]:08d}-2")
        return [
            pool.submit(write, part, stem)
            for part, stem in zip(arranging.halves(*order), stems, strict=False)
        ]

    def _write_file(
        self, declared: Table, rows: pa.Table, order: str, stem: str, pids: tuple[int, int]
    ) -> DataFile:
        path = self._path(declared, order, stem)
        try:
            arranging.write_parquet(declared, rows, path, order)
        except (OSError, pa.ArrowException) as error:
            raise disk_trouble(error, self._lake) or error from error
        return self._entry(declared, order, path, rows.num_rows, pids)

    def write_unlinked(self, name: str, sql: str) -> int:
        """Write rows that belong to nobody known: counted in totals, never in anything about people."""
        declared = table(name)
        with _Rows(self, declared, sql, linked=False) as rows:
            if rows.count:
                self._copy(
                    declared, rows.source, "unlinked", "0", tuple(c for c in declared.sort if c != "pid")
                )
            return rows.count

    def _copy_people(self, declared: Table, rows: _Rows, first: int, stop: int) -> None:
        for start in range(first, stop, PEOPLE_PER_FILE):
            end = min(start + PEOPLE_PER_FILE, stop) - 1
            where = "" if (start, end + 1) == (first, stop) else f" WHERE pid BETWEEN {start} AND {end}"
            self._copy(declared, rows.source + where, "person", f"{start:08d}", declared.sort, (start, end))
        if declared.code:
            self._copy(
                declared, rows.source, "code", f"{first:08d}", declared.sort_by_code, (first, stop - 1)
            )

    def _copy(
        self,
        declared: Table,
        source: str,
        order: str,
        stem: str,
        sort: Sequence[str],
        pids: tuple[int, int] | None = None,
    ) -> None:
        path = self._path(declared, order, stem)
        others = [c for c in declared.columns if c not in sort and declared.columns[c].type != "text_list"]
        columns = ", ".join(declared.columns)
        keys = ", ".join([*sort, *others])
        self._run(f"COPY (SELECT {columns} FROM {source} ORDER BY {keys}) TO {quote(path)} ({_PARQUET})")
        rows = self.connection.execute(
            f"SELECT num_rows FROM parquet_file_metadata({quote(path)})"
        ).fetchone()
        self._files.append(self._entry(declared, order, path, int(rows[0]) if rows else 0, pids))

    def _path(self, declared: Table, order: str, stem: str) -> Path:
        folder = self._staging / declared.name / order
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{stem}.parquet"

    def _entry(
        self, declared: Table, order: str, path: Path, rows: int, pids: tuple[int, int] | None
    ) -> DataFile:
        """What the manifest says of a file that has been written; it is on the disk from here on."""
        sync_file(path)
        return DataFile(
            table=declared.name,
            order=order,
            path=path.relative_to(self._staging).as_posix(),
            rows=rows,
            bytes=path.stat().st_size,
            sha256=sha256(path),
            first_pid=pids[0] if pids else None,
            last_pid=pids[1] if pids else None,
        )

    def _run(self, sql: str) -> None:
        try:
            self.connection.execute(sql)
        except duckdb.Error as error:
            raise disk_trouble(error, self._lake) or error from error

    def commit(
        self,
        *,
        feeds: Sequence[Mapping[str, Any]] = (),
        data_dates: Mapping[str, str] | None = None,
        definitions_hash: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Put the snapshot in force; returns its id. Everything is on the disk before ``CURRENT`` changes."""
        # Tables may have been written side by side: the manifest lists them in one order all the same.
        place = {name: number for number, name in enumerate(tables())}
        manifest = Manifest(
            snapshot=self._snapshot,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            people=self._people,
            files=tuple(sorted(self._files, key=lambda file: place[file.table])),
            data_dates=dict(data_dates or {}),
            feeds=tuple(feeds),
            definitions_hash=definitions_hash,
            software=__version__,
            extra=dict(extra or {}),
        )
        self.connection.close()
        manifest.write(self._staging)
        for folder, _, _ in os.walk(self._staging):
            sync_folder(Path(folder))
        target = self._lake / "snapshots" / self._snapshot
        os.replace(self._staging, target)
        sync_folder(target.parent)
        write_atomically(self._lake / "CURRENT", self._snapshot + "\n")
        return self._snapshot


class _Rows:
    """The rows of one write as a temporary table, checked against the declaration."""

    def __init__(self, builder: SnapshotBuilder, declared: Table, sql: str, *, linked: bool = True) -> None:
        self._builder = builder
        self._declared = declared
        self._sql = sql
        self._linked = linked
        self.source = f"building_{declared.name}"
        self.count = 0

    def __enter__(self) -> _Rows:
        run = self._builder._run
        run(f"CREATE OR REPLACE TEMP TABLE {self.source} AS SELECT {self._typed()} FROM ({self._sql})")
        try:
            self._check()
        except BaseException:
            run(f"DROP TABLE {self.source}")
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._builder._run(f"DROP TABLE IF EXISTS {self.source}")

    def _typed(self) -> str:
        described = self._builder.connection.execute(f"DESCRIBE SELECT * FROM ({self._sql})").fetchall()
        given = {row[0]: row[1] for row in described}
        if missing := [c for c in self._declared.columns if c not in given]:
            raise LakeError(f"{self._declared.name}: the rows to write lack the column {missing[0]!r}.")
        parts = []
        for column in self._declared.columns.values():
            keep = given[column.name] == column.duckdb_type or (
                column.type == "text" and given[column.name].startswith("ENUM")
            )
            parts.append(
                column.name if keep else f"CAST({column.name} AS {column.duckdb_type}) AS {column.name}"
            )
        return ", ".join(parts)

    def _check(self) -> None:
        declared, connection = self._declared, self._builder.connection
        filled = [
            c.name for c in declared.columns.values() if not c.nullable and (self._linked or c.name != "pid")
        ]
        empties = ", ".join(f"count(*) - count({c})" for c in filled)
        pid_range = "min(pid), max(pid)" if declared.has_person else "NULL, NULL"
        row = connection.execute(f"SELECT count(*), {pid_range}, {empties} FROM {self.source}").fetchone()
        if row is None:
            raise LakeError(f"{declared.name}: no answer from the engine.")
        self.count = int(row[0])
        for column, empty in zip(filled, row[3:], strict=True):
            if empty:
                raise LakeError(f"{declared.name}: {empty} of {self.count} rows have no {column}.")
        if not (declared.has_person and self._linked and self.count):
            return
        people = self.count if declared.kind == "person" else self._builder.people
        if row[1] < 0 or row[2] >= people:
            raise LakeError(
                f"{declared.name}: pids run from {row[1]} to {row[2]}, but there are {people} people."
            )

    def check_grain(self) -> None:
        """Refuse rows of which two share a grain."""
        keys = ", ".join(self._declared.grain)
        row = self._builder.connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {self.source} GROUP BY {keys} HAVING count(*) > 1)"
        ).fetchone()
        if row and row[0]:
            raise LakeError(
                f"{self._declared.name}: {row[0]} values of its grain ({keys}) stand on more than one row."
            )
