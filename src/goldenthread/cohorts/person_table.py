"""Every fact about every person on one date, worked out once and kept beside the snapshot."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow as pa

from goldenthread import __version__
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import Variable
from goldenthread.lake import Snapshot
from goldenthread.measures import compile_plan, variables

KEPT = 6
"""Tables of one snapshot that stay on the disk; the ones longest unused go when another is made."""

OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def table_path(snapshot: Snapshot, catalogue: Catalogue, index_date: date) -> Path:
    """Where the table is, or would be.

    The name begins with the snapshot's, up to the first dot, so that pruning the snapshot prunes the table. The rest
    is everything else that decides its content: the date, the definitions and codes, and the code that works them out.
    """
    key = hashlib.sha256(f"{catalogue.hash()} {__version__} {_engine_hash()}".encode()).hexdigest()[:16]
    folder = snapshot.path.parent.parent / "cache"
    return folder / f"{snapshot.id}.{index_date.isoformat()}.{key}.duckdb"


def person_table(
    snapshot: Snapshot,
    catalogue: Catalogue,
    index_date: date,
    *,
    memory_mb: int = 1000,
    threads: int = 2,
    known: Mapping[str, Variable] | None = None,
) -> Path:
    """A DuckDB file with the table ``person``: ``pid`` and a column for every fact of the catalogue.

    Made at first use and reused until the snapshot, a definition or a code changes. It is a cache: deleting it
    loses nothing. It holds everybody, whatever the purpose; ``Population`` joins those who may be asked about first.
    """
    target = table_path(snapshot, catalogue, index_date)
    with _made_once(target):
        return _found_or_made(target, snapshot, catalogue, index_date, known, memory_mb, threads)


_making: dict[Path, threading.Lock] = {}


def _made_once(target: Path) -> threading.Lock:
    """Of the threads of a process that want the same table, one makes it and the others wait."""
    return _making.setdefault(target, threading.Lock())


def _found_or_made(
    target: Path,
    snapshot: Snapshot,
    catalogue: Catalogue,
    index_date: date,
    known: Mapping[str, Variable] | None,
    memory_mb: int,
    threads: int,
) -> Path:
    if target.exists():
        with contextlib.suppress(OSError):  # another user's file is as good, only not ours to touch
            os.utime(target)
        return target
    target.parent.mkdir(exist_ok=True)
    draft = target.with_name(f".{snapshot.id}.{os.getpid()}.{target.name[-26:]}")
    draft.unlink(missing_ok=True)
    try:
        _build(draft, snapshot, catalogue, index_date, known, memory_mb, threads)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(draft.name + ".wal").unlink(missing_ok=True)
    _drop_oldest(target.parent, snapshot.id)
    return target


def _build(
    path: Path,
    snapshot: Snapshot,
    catalogue: Catalogue,
    index_date: date,
    known: Mapping[str, Variable] | None,
    memory_mb: int,
    threads: int,
) -> None:
    from goldenthread.measures import chunks  # slow to import, and the table is mostly there

    facts = known if known is not None else variables(catalogue)
    plan = compile_plan(catalogue, facts, facts)
    connection = duckdb.connect(str(path), config={**OFFLINE, "memory_limit": f"{memory_mb}MB"})
    try:
        connection.execute("SET threads = ?", [threads])
        schema: pa.Schema | None = None
        for part in chunks(snapshot, plan, index_date=index_date, memory_mb=memory_mb, threads=threads):
            if schema is None:
                schema = part.schema
                connection.register("part", part)
                connection.execute("CREATE TABLE person AS SELECT * FROM part")
            else:
                connection.register("part", part.cast(schema))  # a value that does not fit stops the build
                connection.execute("INSERT INTO person SELECT * FROM part")
            connection.unregister("part")
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def _drop_oldest(folder: Path, snapshot: str) -> None:
    mine = sorted(
        folder.glob(f"{snapshot}.????-??-??.*.duckdb"), key=lambda p: p.stat().st_mtime, reverse=True
    )
    for path in mine[KEPT:]:
        path.unlink(missing_ok=True)


@cache
def _engine_hash() -> str:
    """Fingerprint of the code of `measures`: a corrected engine must not be answered from what the old one worked out."""
    total = hashlib.sha256()
    with resources.as_file(resources.files("goldenthread.measures")) as folder:
        for path in sorted(folder.rglob("*.py")):
            total.update(path.relative_to(folder).as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()
