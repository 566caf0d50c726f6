"""Files: fast CSV, control files, and the spool that gathers practices' rows by period before they are written."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

_PLAIN = pacsv.WriteOptions(include_header=False, quoting_style="none", batch_size=65_536)


def write_plain(path: Path, table: pa.Table, append: bool = False) -> None:
    """Write columns that hold no comma, quote or line break; the quick way for the big tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if append else "wb") as out:
        if not append:
            out.write((",".join(table.column_names) + "\n").encode())
        if table.num_rows:
            pacsv.write_csv(table, out, _PLAIN)


def write_quoted(
    path: Path,
    header: Sequence[str],
    rows: Any,
    encoding: str = "utf-8",
    newline: str = "\n",
    append: bool = False,
) -> None:
    """Write rows that may need quoting (addresses, names), in any encoding and line ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding=encoding, newline="", errors="strict") as out:
        writer = csv.writer(out, lineterminator=newline)
        if not append:
            writer.writerow(header)
        writer.writerows(rows)


def write_control(folder: Path) -> None:
    """List the folder's files with their rows, size and SHA-256, as a sender does last."""
    rows = []
    for path in sorted(folder.rglob("*.csv")):
        if path.name == "control.csv":
            continue
        digest, lines = hashlib.sha256(), 0
        with path.open("rb") as source:
            while chunk := source.read(1 << 20):
                digest.update(chunk)
                lines += chunk.count(b"\n")
        rows.append((path.relative_to(folder).as_posix(), lines - 1, path.stat().st_size, digest.hexdigest()))
    write_quoted(folder / "control.csv", ("file", "rows", "bytes", "sha256"), rows)


class Spool:
    """One practice's rows of the shared feeds: an Arrow file per feed, one batch per period."""

    def __init__(self, folder: Path, practice: int) -> None:
        self.folder, self.practice = folder, practice

    def put(
        self, feed: str, table: pa.Table, period: npt.NDArray[Any] | None = None, periods: int = 1
    ) -> None:
        """Store rows; ``period`` gives each row's place among ``periods``."""
        path = self.folder / feed / f"{self.practice:03d}.arrow"
        path.parent.mkdir(parents=True, exist_ok=True)
        if period is None:
            period = np.zeros(table.num_rows, dtype=np.int64)
        order = np.argsort(period, kind="stable")
        bounds = np.searchsorted(np.asarray(period)[order], np.arange(periods + 1))
        table = table.take(pa.array(order)).combine_chunks()
        with pa.ipc.new_file(path, table.schema) as writer:
            for k in range(periods):
                part = table.slice(int(bounds[k]), int(bounds[k + 1] - bounds[k])).combine_chunks()
                batches = part.to_batches()
                writer.write_batch(
                    batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
                )


def gather(folder: Path, feed: str, period: int = 0) -> pa.Table | None:
    """All practices' rows of one period, in practice order."""
    parts = []
    for path in sorted((folder / feed).glob("*.arrow")):
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            if period < reader.num_record_batches:
                parts.append(pa.Table.from_batches([reader.get_batch(period)]))
    return pa.concat_tables(parts, promote_options="permissive") if parts else None


def sort(table: pa.Table, *columns: str) -> pa.Table:
    """Rows in order of the columns (stable for distinct keys)."""
    return table.take(pc.sort_indices(table, sort_keys=[(c, "ascending") for c in columns]))


def parts(folder: Path, feed: str) -> Iterator[pa.Table]:
    """Each practice's rows in turn."""
    for path in sorted((folder / feed).glob("*.arrow")):
        with pa.memory_map(str(path)) as source:
            yield pa.ipc.open_file(source).read_all()
