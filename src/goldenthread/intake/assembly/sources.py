"""Brings staged files into the builder's connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from goldenthread.intake.contract import ColumnRule, Contract
from goldenthread.intake.staging import Account, InForce, Work
from goldenthread.vault import PSEUDONYM

_ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "time": pa.int32(),
    "flag": pa.bool_(),
    "snomed": pa.int64(),
}


@dataclass(frozen=True)
class Part:
    """One staged file of a feed, in force."""

    relative: str
    organisation: str
    key: str
    roster: str


@dataclass
class Tally:
    """What became of the accepted rows of one feed on their way to the lake.

    ``linked`` and ``unlinked`` are rows of the lake; ``merged`` rows went into another row of the lake;
    ``superseded`` were replaced by later ones; ``not_stored`` are left out by a rule (``rule`` says which).
    """

    linked: int = 0
    unlinked: int = 0
    superseded: int = 0
    merged: int = 0
    not_stored: int = 0
    rules: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All rows accounted for."""
        return self.linked + self.unlinked + self.superseded + self.merged + self.not_stored


class Sources:
    """The staged files in force, as tables ``s_<feed>`` of a connection."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        work: Work,
        contracts: Mapping[str, Contract],
        in_force: Mapping[str, InForce],
        accounts: Mapping[str, Account],
    ) -> None:
        self.connection = connection
        self.work = work
        self.contracts = contracts
        self.accounts = accounts
        self.parts: dict[str, list[Part]] = {name: [] for name in contracts}
        for relative, entry in sorted(in_force.items()):
            account = accounts[relative]
            self.parts[entry.feed].append(Part(relative, account.organisation, entry.key, account.roster))
        self.tallies = {name: Tally() for name in contracts}
        for relative, account in accounts.items():
            tally = self.tallies[in_force[relative].feed]
            tally.merged += account.merged
            tally.superseded += account.superseded

    def accepted(self, feed: str) -> int:
        """Rows of a feed that were accepted."""
        return sum(self.accounts[part.relative].accepted for part in self.parts[feed])

    def load(self, feed: str) -> None:
        """Make the table ``s_<feed>`` of all staged rows, with ``organisation`` and ``file`` (its number).

        Rows about patients of a practice carry the patient's ``pseudonym`` instead of the practice's number.
        """
        contract = self.contracts[feed]
        schema = staged_schema(contract)
        self.connection.register("loading", schema.empty_table())
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE s_{feed} AS SELECT * FROM loading")
        # File by file: held in Arrow all at once, a region's outpatients take a gigabyte beside DuckDB's own.
        for number, part in enumerate(self.parts[feed]):
            self.connection.register("loading", self._part(part, number, schema))
            self.connection.execute(f"INSERT INTO s_{feed} SELECT * FROM loading").fetchall()
        self.connection.unregister("loading")

    @contextmanager
    def room_for_others(self) -> Iterator[None]:
        """Have DuckDB put what it holds on disk while something else needs the memory of this refresh."""
        limit = str(self.connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
        size, unit = limit.split()
        # Where it cannot let go of so much, things stay as they are.
        with suppress(duckdb.Error):
            self.connection.execute("SET memory_limit = ?", [f"{float(size) / 5:.2f}{unit}"])
        try:
            yield
        finally:
            self.connection.execute("SET memory_limit = ?", [limit])

    @contextmanager
    def beside(self, need: int) -> Iterator[bool]:
        """Whether there is memory for work that needs so many bytes beside DuckDB's; DuckDB then has that much less.

        There is where DuckDB keeps room to work in: as much as it holds, and a quarter of its limit.
        """
        ask = self.connection.execute
        held = ask(
            "SELECT sum(memory_usage_bytes) + sum(temporary_storage_bytes) FROM duckdb_memory()"
        ).fetchall()
        text = str(ask("SELECT current_setting('memory_limit')").fetchall()[0][0])
        limit = _bytes(text)
        left = limit - need
        room = left >= max(2 * int(held[0][0] or 0), limit // 4)
        if room:
            # Where DuckDB cannot let go of so much after all, things stay as they are.
            try:
                ask("SET memory_limit = ?", [f"{left}B"])
            except duckdb.Error:
                room = False
        if not room:
            yield False
            return
        try:
            yield True
        finally:
            ask("SET memory_limit = ?", [text])

    def _part(self, part: Part, number: int, schema: pa.Schema) -> pa.Table:
        table = self.work.table(self._feed(part), part.key)
        if "patient" in table.column_names and part.roster:
            people = self.work.table("roster", part.roster)["pseudonym"]
            table = table.set_column(0, "pseudonym", people.take(table["patient"]))
        rows = table.num_rows
        columns = []
        for name, kind in zip(schema.names, schema.types, strict=True):
            if name == "organisation":
                columns.append(pa.array([part.organisation] * rows, pa.string()))
            elif name == "file":
                columns.append(pa.array(np.full(rows, number, np.int32)))
            elif name in table.column_names:
                columns.append(table[name].cast(kind))
            else:
                columns.append(pa.nulls(rows, kind))
        return pa.table(columns, schema=schema)

    def _feed(self, part: Part) -> str:
        return self.accounts[part.relative].feed

    def values(self, sql: str) -> pa.Table:
        """The answer of a query as an Arrow table."""
        return self.connection.sql(sql).to_arrow_table()

    def count(self, sql: str) -> int:
        """The single number that a query answers."""
        return int(self.connection.execute(sql).fetchall()[0][0] or 0)


def _bytes(text: str) -> int:
    """A size as DuckDB writes it, in bytes.

    >>> _bytes("1.5 GiB")
    1610612736
    """
    size, unit = text.split()
    powers = {"B": 0, "bytes": 0, "KiB": 1, "MiB": 2, "GiB": 3, "TiB": 4, "PiB": 5}
    return int(float(size) * 1024 ** powers[unit])


def staged_schema(contract: Contract) -> pa.Schema:
    """Columns of the table ``s_<feed>``."""
    fields: list[tuple[str, pa.DataType]] = []
    if contract.person == "registered":
        fields += [
            ("patient", PSEUDONYM),
            ("pseudonym", PSEUDONYM),
            ("verified", pa.bool_()),
            ("birth_month", pa.date32()),
        ]
    elif contract.person == "local":
        fields += [("pseudonym", PSEUDONYM)]
    else:
        fields += [("row", pa.int64())]
    if contract.person == "identity":
        fields += [
            ("pseudonym", PSEUDONYM),
            ("claimed", PSEUDONYM),
            ("record", PSEUDONYM),
            ("birth_month", pa.date32()),
        ]
    fields += [(to, _arrow(rule)) for to, rule in contract.staged.items()]
    for to, rule in contract.staged.items():
        if len(rule.precision) > 1:
            fields.append((f"{to}_precision", pa.string()))
    return pa.schema([*fields, ("organisation", pa.string()), ("file", pa.int32())])


def _arrow(rule: ColumnRule) -> pa.DataType:
    if rule.hash == "household":
        return PSEUDONYM
    if rule.hash and rule.type == "integer":
        return pa.int64()
    return pa.string() if rule.hash else _ARROW.get(rule.type, pa.string())
