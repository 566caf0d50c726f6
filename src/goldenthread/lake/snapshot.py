"""Reading one snapshot: it never changes, so a reader may keep it for as long as it likes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from goldenthread.lake.engine import reader_connection
from goldenthread.lake.files import LakeError, explain_disk_trouble, quote, sha256
from goldenthread.lake.manifest import Manifest
from goldenthread.model import Table, tables


@dataclass(frozen=True)
class Snapshot:
    """One immutable snapshot."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Its name: the time it was begun, and a suffix."""
        return self.manifest.snapshot

    @property
    def people(self) -> int:
        """People in the person table."""
        return self.manifest.people

    def files(self, table: str, order: str = "person") -> list[Path]:
        """Paths of a table's files in one order (person, code, unlinked or reference)."""
        return [self.path / f.path for f in self.manifest.select(table, order)]

    @property
    def data_date(self) -> date:
        """The date up to which the GP record is complete: the date at which people are described unless another is asked for."""
        dates = self.manifest.data_dates
        known = [value for name, value in dates.items() if name.startswith("gp_")] or list(dates.values())
        if not known:
            raise LakeError(
                f"Snapshot {self.id} does not say up to when its data run.", "Run `goldenthread refresh`."
            )
        return date.fromisoformat(max(known))

    def connect(
        self, *, memory_mb: int = 1000, threads: int = 2, only: Collection[str] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """A connection with a view per table, confined to this snapshot's folder.

        Views: ``<table>`` (rows that belong to people, or reference rows), ``<table>_by_code`` where the
        table has a code, and ``<table>_unlinked``. A table without files is an empty view. ``only`` names the
        tables that are needed, without their unlinked rows, where making every view would cost more than the question.
        """
        connection = reader_connection(self.path, memory_mb=memory_mb, threads=threads)
        for declared in tables().values():
            if only is not None and declared.name not in only:
                continue
            orders = {"": "person" if declared.has_person else "reference"}
            if declared.code:
                orders["_by_code"] = "code"
            if declared.has_person and only is None:
                orders["_unlinked"] = "unlinked"
            for suffix, order in orders.items():
                connection.execute(f"CREATE VIEW {declared.name}{suffix} AS {self._select(declared, order)}")
        return connection

    def _select(self, declared: Table, order: str) -> str:
        paths = self.files(declared.name, order)
        if paths:
            return f"SELECT * FROM read_parquet([{', '.join(map(quote, paths))}])"
        columns = ", ".join(f"CAST(NULL AS {c.duckdb_type}) AS {c.name}" for c in declared.columns.values())
        return f"SELECT {columns} WHERE false"

    def cache(self) -> Path:
        """The DuckDB file with the person summary for readers who need answers in milliseconds.

        Built at first use, beside the snapshots. Deleting it loses nothing.
        """
        folder = self.path.parent.parent / "cache"
        target = folder / f"{self.id}.duckdb"
        if target.exists():
            return target
        with explain_disk_trouble(folder):
            folder.mkdir(exist_ok=True)
            draft = folder / f".{self.id}.{os.getpid()}.duckdb"
            draft.unlink(missing_ok=True)
            try:
                self._build_cache(draft)
                os.replace(draft, target)
            finally:
                draft.unlink(missing_ok=True)
        return target

    def _build_cache(self, draft: Path) -> None:
        summary = self.connect().sql(PERSON_SUMMARY).to_arrow_table()
        connection = duckdb.connect(str(draft))
        try:
            connection.register("summary", summary)
            connection.execute("CREATE TABLE person_summary AS SELECT * FROM summary ORDER BY pid")
            for name in (t.name for t in tables().values() if not t.has_person):
                reference = self.connect().sql(f"SELECT * FROM {name}").to_arrow_table()
                connection.register("reference_rows", reference)
                connection.execute(f"CREATE TABLE {name} AS SELECT * FROM reference_rows")
                connection.unregister("reference_rows")
        finally:
            connection.close()

    def problems(self, *, deep: bool = False) -> Iterator[str]:
        """What is wrong with the files, in words; nothing where the snapshot is whole.

        ``deep`` also proves that the grain of every table is unique.
        """
        for file in self.manifest.files:
            path = self.path / file.path
            if not path.exists():
                yield f"{file.path} is missing"
            elif path.stat().st_size != file.bytes:
                yield f"{file.path} has {path.stat().st_size} bytes instead of {file.bytes}"
            elif sha256(path) != file.sha256:
                yield f"{file.path} does not match its checksum"
        if deep:
            yield from self._repeated_grain()

    def _repeated_grain(self) -> Iterator[str]:
        connection = self.connect()
        for declared in tables().values():
            for file in self.manifest.select(declared.name, "person" if declared.has_person else "reference"):
                row = connection.execute(
                    f"SELECT count(*) FROM (SELECT 1 FROM read_parquet({quote(self.path / file.path)}) "
                    f"GROUP BY {', '.join(declared.grain)} HAVING count(*) > 1)"
                ).fetchone()
                if row and row[0]:
                    yield f"{file.path}: {row[0]} values of the grain stand on more than one row"


PERSON_SUMMARY = """
SELECT p.pid, p.birth_month, p.sex, p.ethnicity, p.language, p.death_date, p.household,
       r.practice, pr.pcn, pc.place, a.lsoa, coalesce(a.care_home, false) AS care_home,
       l.msoa, l.ward, l.district, l.rural, l.imd_decile, (l.imd_decile + 1) // 2 AS imd_quintile
FROM person p
LEFT JOIN (SELECT pid, arg_max(practice, (start_date, practice)) AS practice
           FROM registration WHERE end_date IS NULL GROUP BY pid) r ON r.pid = p.pid
LEFT JOIN practice pr ON pr.practice = r.practice
LEFT JOIN pcn pc ON pc.pcn = pr.pcn
LEFT JOIN (SELECT pid, arg_max(lsoa, (start_date, lsoa)) AS lsoa,
                  arg_max(care_home, (start_date, lsoa)) AS care_home
           FROM address WHERE end_date IS NULL AND lsoa IS NOT NULL GROUP BY pid) a ON a.pid = p.pid
LEFT JOIN lsoa l ON l.lsoa = a.lsoa
"""
"""One row per person: where they are registered now, where they live now, and their area's deprivation."""
