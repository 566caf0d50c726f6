"""Where statements run: DuckDB by default, Spark for those who have it. The same text, the same answer."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from functools import lru_cache, partial
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from goldenthread.lake import Snapshot
from goldenthread.measures.errors import MeasureError
from goldenthread.model import tables


class Engine(Protocol):
    """Runs statements written in DuckDB's dialect over the views of one snapshot."""

    folds: bool
    """Whether rows of coded tables are better folded here than grouped by the engine, and threads may ask at once."""

    def query(self, sql: str, relations: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """The answer to ``sql``; ``relations`` are small tables it may name besides the snapshot's."""

    def close(self) -> None:
        """Let go of what the engine holds."""


class DuckDBEngine:
    """DuckDB over the snapshot's Parquet files, confined to them."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        memory_mb: int = 1000,
        threads: int = 2,
        folds: bool = True,
        only: Collection[str] | None = None,
    ) -> None:
        self.folds = folds
        self._open = partial(snapshot.connect, memory_mb=memory_mb, threads=threads, only=only)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def query(self, sql: str, relations: Mapping[str, pa.Table] | None = None) -> pa.Table:
        # a cursor of one's own: ranges of people are asked about side by side
        with self._cursor() as cursor:
            for name, table in (relations or {}).items():
                cursor.register(name, table)
            answer: pa.Table = cursor.sql(sql).to_arrow_table()
            return answer

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:  # many questions need no statement at all
                self._connection = self._open()
                self._connection.execute("SET preserve_insertion_order = false")
            return self._connection.cursor()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class SparkEngine:
    """Spark over the same Parquet files. Needs PySpark and Java; a session that runs is used, else a local one is made."""

    folds = False

    def __init__(self, snapshot: Snapshot, *, master: str = "local[2]") -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise MeasureError(
                "Spark is not installed.", "Install it with: pip install 'goldenthread[spark]'"
            ) from None
        builder: Any = SparkSession.builder
        self._spark = (
            builder.master(master)
            .appName("goldenthread")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "localhost")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.ansi.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.execution.arrow.pyspark.enabled", "true")
            .getOrCreate()
        )
        for declared in tables().values():
            files = [
                str(p)
                for p in snapshot.files(declared.name, "person" if declared.has_person else "reference")
            ]
            if files:
                frame = self._spark.read.parquet(*files)
            else:
                types = {
                    "int32": "INT",
                    "int64": "BIGINT",
                    "float64": "DOUBLE",
                    "text": "STRING",
                    "text_list": "ARRAY<STRING>",
                }
                types |= {"date": "DATE", "bool": "BOOLEAN", "pseudonym": "BINARY"}
                schema = ", ".join(f"{c.name} {types[c.type]}" for c in declared.columns.values())
                frame = self._spark.createDataFrame([], schema)
            frame.createOrReplaceTempView(declared.name)

    def query(self, sql: str, relations: Mapping[str, pa.Table] | None = None) -> pa.Table:
        for name, table in (relations or {}).items():
            self._spark.createDataFrame(table).createOrReplaceTempView(name)
        answer: pa.Table = self._spark.sql(to_spark(sql)).toArrow()
        return answer

    def close(self) -> None:
        self._spark.stop()


@lru_cache(maxsize=256)
def to_spark(sql: str) -> str:
    """A statement in DuckDB's dialect as Spark SQL."""
    import sqlglot  # takes long to import, and only Spark needs it

    return sqlglot.transpile(sql, read="duckdb", write="spark")[0]


def engine_for(
    snapshot: Snapshot,
    name: str,
    *,
    memory_mb: int = 1000,
    threads: int = 2,
    only: Collection[str] | None = None,
) -> Engine:
    """The engine called ``name``: duckdb or spark; ``duckdb-grouped`` runs in DuckDB what Spark would run.

    ``only`` names the tables that DuckDB will be asked about, where making every view would cost more than the question.
    """
    if name == "duckdb":
        return DuckDBEngine(snapshot, memory_mb=memory_mb, threads=threads, only=only)
    if name == "duckdb-grouped":
        return DuckDBEngine(snapshot, memory_mb=memory_mb, threads=threads, folds=False)
    if name == "spark":
        return SparkEngine(snapshot)
    raise MeasureError(f"There is no engine called {name!r}.", "Use duckdb or spark.")
