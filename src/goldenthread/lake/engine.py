"""DuckDB connections: bounded, offline and, for readers, confined to one snapshot."""

from __future__ import annotations

from pathlib import Path

import duckdb

_OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def writer_connection(temp: Path, *, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """A connection for building a snapshot: it spills into ``temp`` when ``memory_mb`` is reached."""
    connection = duckdb.connect(":memory:", config=dict(_OFFLINE))
    connection.execute("SET memory_limit = ?", [f"{memory_mb}MB"])
    connection.execute("SET threads = ?", [threads])
    connection.execute("SET temp_directory = ?", [str(temp)])
    connection.execute("SET preserve_insertion_order = true")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def reader_connection(allowed: Path, *, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """A connection that can read files below ``allowed`` and nothing else."""
    connection = duckdb.connect(":memory:", config=dict(_OFFLINE))
    connection.execute("SET memory_limit = ?", [f"{memory_mb}MB"])
    connection.execute("SET threads = ?", [threads])
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_directories = ?", [[str(allowed)]])
    connection.execute("SET enable_external_access = false")
    return connection
