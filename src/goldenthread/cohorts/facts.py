"""Facts about everybody on one date, which many threads may ask about at once."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from goldenthread.cohorts.person_table import OFFLINE, person_table, table_path
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import Variable
from goldenthread.governance import Purpose, eligible
from goldenthread.lake import Snapshot, from_numbers, to_numbers
from goldenthread.measures import compile_plan, variables

FEW_FACTS = 40
"""On a date that has no person table, up to so many facts are worked out for the question alone."""
REMEMBERED_MB = 128
"""Answers kept in memory: a snapshot never changes, so neither does an answer about it."""

_MAY_BE_ASKED = "may be asked"
"""A column beside the facts that are worked out. No fact has a name with spaces."""
_numbers = itertools.count(1)
_attaching, _beginning = threading.Lock(), threading.Lock()


class Facts:
    """Facts about everybody, and who of them may be asked about for one purpose.

    They live in one DuckDB instance; every question has a cursor of its own, so that questions run side by side.
    Populations that read the same person table share the instance, and with it the memory.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        catalogue: Catalogue,
        purpose: Purpose,
        index_date: date,
        *,
        without_practices: tuple[str, ...] = (),
        memory_mb: int = 1000,
        threads: int = 2,
    ) -> None:
        self.snapshot, self.catalogue, self.purpose, self.index_date = (
            snapshot,
            catalogue,
            purpose,
            index_date,
        )
        self.without_practices = without_practices
        self.memory_mb, self.threads = memory_mb, threads
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._closing: weakref.finalize[..., Facts] | None = None
        self._worked_out: pa.Table | None = None
        self._person = self._members = ""
        self._answers: OrderedDict[str, pa.Table] = OrderedDict()
        self._remembered = 0
        self._kept: dict[str, OrderedDict[Hashable, Any]] = {}

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """Every name that an expression may use."""
        return variables(self.catalogue)

    @property
    def to_be_made(self) -> bool:
        """Whether the first question will make the person table."""
        path = table_path(self.snapshot, self.catalogue, self.index_date)
        return self._connection is None and self.index_date == self.snapshot.data_date and not path.exists()

    # -- questions ---------------------------------------------------------------------------------------

    def ask(
        self, select: str, needs: Iterable[str], *, where: str, after: str = "", all_registered: bool = False
    ) -> pa.Table:
        """``select`` over the facts ``needs`` of those who may be asked about; of all registered people if so said.

        ``after`` (GROUP BY, ORDER BY) follows the condition.
        """
        return self._asked(select, needs, where, after, all_registered, _as_it_is)

    def _asked(
        self, select: str, needs: Iterable[str], where: str, after: str, all_registered: bool, made: Callable[[pa.Table], pa.Table]
    ) -> pa.Table:  # fmt: skip
        """What ``made`` makes of the answer is what is remembered: for one question always the same."""
        cursor, source = self._ready(needs, all_registered)
        try:
            sql = f"SELECT {select} FROM {source} AND ({where}) {after}"
            key = f"{made.__name__}: {sql}"
            if (known := self._known(key)) is not None:
                return known
            answer: pa.Table = cursor.sql(sql).to_arrow_table()
        finally:
            cursor.close()
        return self._remember(key, made(answer))

    def people(
        self, select: str, needs: Iterable[str], *, where: str, all_registered: bool = False
    ) -> pa.Table:
        """The same with a row per person, in the order of ``pid``."""
        # the table is kept in that order, which is cheaper to see than to sort for
        names = select.replace(" ", "").split(",")
        if names[0] != "pid":
            return self.ask(select, needs, where=where, after="ORDER BY pid", all_registered=all_registered)
        return self._asked(select, needs, where, "", all_registered, _by_pid)

    def close(self) -> None:
        """Let go of the facts."""
        with self._lock:
            if self._closing is not None:
                self._closing()
            self._connection, self._closing, self._worked_out = None, None, None
            self._answers.clear()
            self._kept.clear()
            self._remembered = 0

    def kept(self, kind: str, key: Hashable, make: Callable[[], Any], *, most: int = 16) -> Any:
        """What ``make`` gives, worked out once for ``key``: for what follows from these facts alone. The latest ``most`` of a kind stay."""
        with self._lock:
            shelf = self._kept.setdefault(kind, OrderedDict())
            if key in shelf:
                shelf.move_to_end(key)
                return shelf[key]
        made = make()
        with self._lock:
            shelf[key] = made
            while len(shelf) > most:
                shelf.popitem(last=False)
        return made

    # -- what is remembered --------------------------------------------------------------------------------

    def _known(self, sql: str) -> pa.Table | None:
        with self._lock:
            if (answer := self._answers.get(sql)) is not None:
                self._answers.move_to_end(sql)
            return answer

    def _remember(self, sql: str, answer: pa.Table) -> pa.Table:
        most = REMEMBERED_MB * 1_000_000
        size = answer.nbytes + len(sql)
        if size <= most // 4:
            with self._lock:
                if sql not in self._answers:
                    self._answers[sql] = answer
                    self._remembered += size
                while self._remembered > most:
                    old, gone = self._answers.popitem(last=False)
                    self._remembered -= gone.nbytes + len(old)
        return answer

    # -- where they are ------------------------------------------------------------------------------------

    def _ready(self, needs: Iterable[str], all_registered: bool) -> tuple[duckdb.DuckDBPyConnection, str]:
        """A cursor of one's own, and what to select from: everybody in it is registered."""
        wanted = list(dict.fromkeys(["registered", *needs]))
        with self._lock:
            if self._connection is None:
                self._open(wanted)
            elif self._worked_out is not None:
                self._work_out(wanted)
            if self._connection is None:
                raise RuntimeError("unreachable: the facts are open")
            source = self._person if all_registered else self._members
            with _beginning:  # others may ask in the same instance
                cursor = self._connection.cursor()
            if self._worked_out is not None:
                cursor.register("person", self._worked_out)
            return cursor, source

    def _open(self, wanted: list[str]) -> None:
        stored = self._stored(wanted)
        if stored is None:
            self._work_out(wanted)
            self._connection = _instance(self.memory_mb, self.threads)
            self._person = "person WHERE registered"
            self._members = f'{self._person} AND "{_MAY_BE_ASKED}"'
            return
        self._connection = stored
        # its own name, because populations share the instance
        schema = f"purpose_{next(_numbers)}"
        self._closing = weakref.finalize(self, _let_go, stored, schema)
        # those who may not be asked about are few: leaving them out costs less than keeping the others
        gone = _left_out(self.snapshot, self.purpose, self.without_practices, self.index_date)
        with stored.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {schema}")
            cursor.register("gone", pa.table({"pid": from_numbers(gone)}))
            cursor.execute(f"CREATE TABLE {schema}.left_out AS SELECT pid FROM gone")
        left_out = f" ANTI JOIN {schema}.left_out USING (pid)" if len(gone) else ""
        self._person = "facts.person AS person WHERE registered"
        self._members = f"facts.person AS person{left_out} WHERE registered"

    def _stored(self, wanted: list[str]) -> duckdb.DuckDBPyConnection | None:
        """The person table, made if that is worth its while; ``None`` to work out only what is needed."""
        path = table_path(self.snapshot, self.catalogue, self.index_date)
        worth = self.index_date == self.snapshot.data_date or len(wanted) > FEW_FACTS
        if not (path.exists() or worth):
            return None
        # a folder that cannot be written to, or a full disk, costs time but no answer
        with contextlib.suppress(OSError, duckdb.IOException):
            for _ in range(2):
                made = person_table(
                    self.snapshot, self.catalogue, self.index_date,
                    memory_mb=self.memory_mb, threads=self.threads, known=self.variables,
                )  # fmt: skip
                if (connection := self._opened(made)) is not None:
                    return connection
                made.unlink(missing_ok=True)
        return None

    def _opened(self, path: Path) -> duckdb.DuckDBPyConnection | None:
        """A whole person table; ``None`` for what a machine that lost its power may have left of one."""
        name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
        connection = duckdb.connect(f":memory:facts{name}", config=OFFLINE)
        try:
            with _attaching:
                if not connection.execute(
                    "SELECT 1 FROM duckdb_databases() WHERE database_name = 'facts'"
                ).fetchall():
                    quoted = str(path).replace("'", "''")
                    connection.execute(f"ATTACH '{quoted}' AS facts (READ_ONLY)")
                    _bound(connection, self.memory_mb, self.threads)
            connection.execute("SELECT registered FROM facts.person LIMIT 1").fetchall()
        except duckdb.Error:
            connection.close()
            return None
        return connection

    def _work_out(self, wanted: list[str]) -> None:
        """Work out facts that are not there yet, and put them beside those that are."""
        known = self._worked_out
        new = [n for n in wanted if known is None or n not in known.column_names]
        if not new:
            return
        from goldenthread.measures import (
            evaluate,  # few questions need it: facts are kept in the person table
        )

        plan_names = compile_plan(self.catalogue, new, self.variables).wanted
        table = evaluate(
            self.snapshot, self.catalogue, plan_names, index_date=self.index_date,
            memory_mb=self.memory_mb, threads=self.threads,
        )  # fmt: skip
        if known is None:
            gone = _left_out(self.snapshot, self.purpose, self.without_practices, self.index_date)
            may = np.ones(self.snapshot.people, bool)
            may[gone] = False
            known = table.select(["pid"]).append_column(_MAY_BE_ASKED, pa.array(may[table["pid"].to_numpy()]))
        for name in plan_names:  # everybody, in the order of pid, in both
            known = known.append_column(name, table[name])
        self._worked_out = known


def _bound(connection: duckdb.DuckDBPyConnection, memory_mb: int, threads: int) -> None:
    connection.execute("SET memory_limit = ?", [f"{memory_mb}MB"])
    connection.execute("SET threads = ?", [threads])
    connection.execute("SET temp_directory = ''")  # nothing about people is spilled where nobody looks
    connection.execute("SET enable_external_access = false")


@lru_cache(maxsize=4)
def _instance(memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """An instance without tables, for facts that are worked out: to open one costs more than most questions."""
    connection = duckdb.connect(":memory:", config=OFFLINE)
    _bound(connection, memory_mb, threads)
    return connection


def _left_out(
    snapshot: Snapshot, purpose: Purpose, without_practices: tuple[str, ...], day: date
) -> np.ndarray:
    """Person numbers of everybody who may not be asked about, rising."""
    # a snapshot does not change; the day matters only where practices do not share
    key = (snapshot.path, purpose, without_practices, day if without_practices else None)
    with _opening:
        if key not in _left:
            may = eligible(purpose, snapshot, without_practices=without_practices, on=day)
            out = np.ones(snapshot.people, bool)
            out[to_numbers(may)] = False
            while len(_left) >= 8:
                _left.pop(next(iter(_left)))
            _left[key] = np.flatnonzero(out).astype(np.int32)
        return _left[key]


_opening = threading.Lock()
_left: dict[Hashable, np.ndarray] = {}


def _let_go(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    with contextlib.suppress(duckdb.Error):
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.close()


def _as_it_is(answer: pa.Table) -> pa.Table:
    return answer


def _by_pid(answer: pa.Table) -> pa.Table:
    pids = to_numbers(answer.column("pid"))
    if len(pids) > 1 and not bool((pids[1:] > pids[:-1]).all()):
        if answer.num_columns == 1:  # numpy sorts numbers before Arrow has loaded what it takes rows with
            return pa.table({"pid": from_numbers(np.sort(pids))})
        answer = answer.take(from_numbers(np.argsort(pids, kind="stable")))
    return answer
