"""Everybody that a purpose may ask about on a date: the first join of every question."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from goldenthread.cohorts.errors import CohortError
from goldenthread.cohorts.person_table import OFFLINE, person_table, table_path
from goldenthread.cohorts.scope import Scope
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import Variable
from goldenthread.disclosure import Ledger
from goldenthread.governance import Coverage, Purpose, eligible, named_purpose
from goldenthread.lake import Snapshot
from goldenthread.measures import compile_plan, evaluate, variables

if TYPE_CHECKING:
    from goldenthread.cohorts.cohort import Cohort

FEW_FACTS = 40
"""On a date that has no person table, up to so many facts are worked out for the question alone."""


class Population:
    """People registered and alive on ``index_date`` who may be asked about for ``purpose``.

    ``index_date`` is the snapshot's data date if not said. Facts come from the person table where there is one;
    on the data date it is made at first use, because everybody asks about that day. On other days only the facts
    that a question needs are worked out, unless there are many of them.

    ``ledger`` and ``recipient`` say who is told: answers that could be subtracted from earlier ones are hidden.

    Raises ``CohortError`` for a date outside the data, ``GovernanceError`` for an unknown purpose.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        catalogue: Catalogue,
        *,
        purpose: str | Purpose = "planning",
        index_date: date | None = None,
        ledger: Ledger | None = None,
        recipient: str = "",
        without_practices: Sequence[str] = (),
        memory_mb: int = 1000,
        threads: int = 2,
    ) -> None:
        self.snapshot, self.catalogue = snapshot, catalogue
        self.purpose = named_purpose(purpose)
        self.data_date = snapshot.data_date
        self.index_date = index_date or self.data_date
        self.ledger, self.recipient = ledger, recipient
        self.without_practices = tuple(without_practices)
        self.scope = Scope()
        self._owner: Population | None = None
        self._memory_mb, self._threads = memory_mb, threads
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._on_the_fly: set[str] | None = None
        self._check_date()

    def _check_date(self) -> None:
        if self.index_date > self.data_date:
            raise CohortError(
                f"{_day(self.index_date)} is outside the data, which run to {_day(self.data_date)}.",
                f"Ask as at {self.data_date.isoformat()} or an earlier day.",
            )
        if self.index_date == self.data_date:
            return
        connection = self.snapshot.connect(only=("registration",))
        try:
            row = connection.execute("SELECT min(start_date) FROM registration").fetchone()
        finally:
            connection.close()
        first = row[0] if row else None
        if first is None or self.index_date < first:
            begin = f"which begin on {_day(first)}" if first else "which hold no registration"
            raise CohortError(
                f"{_day(self.index_date)} is outside the data, {begin}.",
                f"Ask as at a day up to {self.data_date.isoformat()}.",
            )

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """Every name that an expression may use."""
        return variables(self.catalogue)

    @property
    def index_sql(self) -> str:
        """The index date as SQL."""
        return f"DATE '{self.index_date.isoformat()}'"

    @property
    def slow_to_begin(self) -> bool:
        """Whether the first question will make the person table."""
        path = table_path(self.snapshot, self.catalogue, self.index_date)
        return self._connection is None and self.index_date == self.data_date and not path.exists()

    def cohort(self, expression: str) -> Cohort:
        """The people for whom an expression holds; a cohort's name stands for its expression."""
        from goldenthread.cohorts.cohort import Cohort

        return Cohort(self, expression)

    # -- whose -----------------------------------------------------------------------------------------

    def within(self, scope: Scope) -> Population:
        """The same population, restricted to one practice, network, place or area; it shares the facts."""
        return _View(self, scope, self.recipient)

    def told_to(self, recipient: str) -> Population:
        """The same people, answering to somebody else: what was answered before is remembered for each apart."""
        return _View(self, self.scope, recipient)

    @property
    def whole(self) -> Population:
        """The same people in every scope, answering to the same person."""
        return self

    # -- facts -----------------------------------------------------------------------------------------

    def query(self, select: str, needs: Iterable[str], *, where: str = "TRUE") -> pa.Table:
        """``select`` over facts about these people, in the order of ``pid``. For use inside the house: nothing here is released."""
        with self._lock:
            connection = self._facts([*needs, *self.scope.needs])
            return connection.sql(
                f"SELECT {select} FROM members JOIN person USING (pid) WHERE ({where}) AND {self.scope.sql} ORDER BY pid"
            ).to_arrow_table()

    def grouped(self, group: str, select: str, needs: Iterable[str], *, where: str = "TRUE") -> pa.Table:
        """``group`` and the aggregates ``select`` over facts about these people, one row a group. For use inside the house, as ``query``."""
        with self._lock:
            connection = self._facts([*needs, *self.scope.needs])
            return connection.sql(
                f"SELECT {group}, {select} FROM members JOIN person USING (pid) WHERE ({where}) AND {self.scope.sql} "
                "GROUP BY ALL ORDER BY ALL"
            ).to_arrow_table()

    def count(self, needs: Iterable[str], *, where: str) -> int:
        """How many of these people meet a condition: one statement. For use inside the house: release it before it is shown."""
        sql = f"SELECT count(*) FROM members JOIN person USING (pid) WHERE ({where}) AND {self.scope.sql}"
        with self._lock:
            rows = self._facts([*needs, *self.scope.needs]).execute(sql).fetchall()
        return int(rows[0][0])

    def groups(self, select: str, needs: Iterable[str], *, by: str, where: str = "TRUE") -> pa.Table:
        """Aggregates over facts about these people, a row for each group of ``by``. For use inside the house: release what is shown.

        ``by`` and ``select`` are lists of SQL expressions with commas between, with or without ``AS name``.
        """
        sql = (
            f"SELECT {by}, {select} FROM members JOIN person USING (pid) "
            f"WHERE ({where}) AND {self.scope.sql} GROUP BY ALL ORDER BY ALL"
        )
        with self._lock:
            return self._facts([*needs, *self.scope.needs]).sql(sql).to_arrow_table()

    @cached_property
    def pids(self) -> np.ndarray:
        """Person numbers of everybody here, rising."""
        return np.asarray(self.query("pid", ()).column("pid").to_numpy())

    @cached_property
    def registered(self) -> np.ndarray:
        """Person numbers of everybody registered and alive, whatever the purpose."""
        with self._lock:
            table = (
                self._facts(self.scope.needs)
                .sql(f"SELECT pid FROM person WHERE registered AND {self.scope.sql} ORDER BY pid")
                .to_arrow_table()
            )
        return np.asarray(table.column("pid").to_numpy())

    @property
    def coverage(self) -> Coverage:
        """How many of those registered may be asked about. Exact: release it before it is shown."""
        return Coverage(self.purpose.name, len(self.registered), len(self.pids))

    def close(self) -> None:
        """Let go of the person table."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._on_the_fly = None, None

    def _facts(self, needs: Iterable[str]) -> duckdb.DuckDBPyConnection:
        """A connection with ``person`` (the facts) and ``members`` (who may be asked about and is registered)."""
        wanted = list(dict.fromkeys(["registered", *needs]))
        if self._connection is None:
            self._connection = self._stored(wanted)
            if self._connection is None:
                self._connection = duckdb.connect(":memory:", config=OFFLINE)
                self._on_the_fly = set()
                self._add(wanted)
            self._join_eligible()
        elif self._on_the_fly is not None:
            self._add(wanted)
        return self._connection

    def _stored(self, wanted: list[str]) -> duckdb.DuckDBPyConnection | None:
        """The person table, made if that is worth its while; ``None`` to work out only what is needed."""
        path = table_path(self.snapshot, self.catalogue, self.index_date)
        worth = self.index_date == self.data_date or len(wanted) > FEW_FACTS
        if not (path.exists() or worth):
            return None
        # a folder that cannot be written to, or a full disk, costs time but no answer
        with contextlib.suppress(OSError, duckdb.IOException):
            for _ in range(2):
                made = person_table(
                    self.snapshot, self.catalogue, self.index_date,
                    memory_mb=self._memory_mb, threads=self._threads, known=self.variables,
                )  # fmt: skip
                if (connection := _opened(made)) is not None:
                    return connection
                made.unlink(missing_ok=True)
        return None

    def _add(self, wanted: list[str]) -> None:
        """Work out facts that are not there yet, and put them beside those that are."""
        have = self._on_the_fly
        if have is None or self._connection is None:
            return
        new = [n for n in wanted if n not in have]
        if not new:
            return
        plan_names = compile_plan(self.catalogue, new, self.variables).wanted
        table = evaluate(
            self.snapshot, self.catalogue, plan_names, index_date=self.index_date,
            memory_mb=self._memory_mb, threads=self._threads,
        )  # fmt: skip
        self._connection.register("new_facts", table)
        if have:
            self._connection.execute(
                "CREATE OR REPLACE TABLE person AS SELECT p.*, n.* EXCLUDE (pid) FROM person AS p JOIN new_facts AS n USING (pid)"
            )
        else:
            self._connection.execute("CREATE TABLE person AS SELECT * FROM new_facts")
        self._connection.unregister("new_facts")
        have.update(new)

    def _join_eligible(self) -> None:
        may = eligible(self.purpose, self.snapshot, without_practices=self.without_practices)
        if self._connection is None:
            return
        self._connection.register("eligible", pa.table({"pid": may}))
        self._connection.execute(
            "CREATE TEMP TABLE members AS SELECT e.pid FROM eligible AS e JOIN person AS p ON p.pid = e.pid "
            "WHERE p.registered ORDER BY e.pid"
        )
        self._connection.unregister("eligible")


class _View(Population):
    """A population restricted to a scope, or answering to somebody else. Connection, lock and facts are those of the whole."""

    def __init__(self, whole: Population, scope: Scope, recipient: str) -> None:
        shared = {k: v for k, v in whole.__dict__.items() if k not in ("pids", "registered")}
        self.__dict__.update(shared)
        self._owner = whole._owner or whole
        self.scope, self.recipient = scope, recipient

    @property
    def whole(self) -> Population:
        """The same people in every scope, answering to the same person."""
        return self if self.scope.kind == "system" else _View(self, Scope(), self.recipient)

    @property
    def slow_to_begin(self) -> bool:
        """Whether the first question will make the person table."""
        return self._owner is not None and self._owner.slow_to_begin

    def _facts(self, needs: Iterable[str]) -> duckdb.DuckDBPyConnection:
        owner = self._owner
        return owner._facts(needs) if owner is not None else super()._facts(needs)

    def close(self) -> None:
        """Nothing: the facts belong to the whole."""


def _opened(path: Path) -> duckdb.DuckDBPyConnection | None:
    """A whole person table; ``None`` for what a machine that lost its power may have left of one."""
    connection = None
    try:
        connection = duckdb.connect(str(path), read_only=True, config=OFFLINE)
        connection.execute("SELECT registered FROM person LIMIT 1").fetchall()
    except duckdb.Error:
        if connection is not None:
            connection.close()
        return None
    return connection


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
