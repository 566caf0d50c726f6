"""Brings staged files into the builder's connection: small feeds whole, large ones as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
    return pa.string() if rule.hash else _ARROW.get(rule.type, pa.string())


class Stream:
    """A large feed about patients of practices, read one range of people at a time."""

    def __init__(self, sources: Sources, feed: str, watch: tuple[int, ...] = ()) -> None:
        self.sources = sources
        self.feed = feed
        self.watch = watch
        self.watched: list[pa.RecordBatch] = []
        self.given = 0
        self.dictionaries: dict[str, pa.Array] = {}
        self._maps: dict[str, NDArray[np.int32]] = {}
        self._practices = sorted({part.organisation for part in sources.parts[feed]})
        self._unify()
        for part in sources.parts[feed]:
            if part.roster not in self._maps:
                self._maps[part.roster] = self._map(part.roster)

    def _map(self, roster: str) -> NDArray[np.int32]:
        """pid of each number of a roster; -1 where the person is in the lake no longer."""
        people = self.sources.work.table("roster", roster)
        numbered = people.append_column("n", pa.array(np.arange(people.num_rows)))
        self.sources.connection.register("roster", numbered)
        found = self.sources.values(
            "SELECT coalesce(p.pid, -1)::INTEGER AS pid FROM roster r LEFT JOIN people p USING (pseudonym) ORDER BY n"
        )
        self.sources.connection.unregister("roster")
        pids: NDArray[np.int32] = found["pid"].to_numpy()
        return pids

    def _unify(self) -> None:
        """One dictionary for each text column over all files, so that one index means one text."""
        texts: dict[str, set[str]] = {}
        for part in self.sources.parts[self.feed]:
            reader = self.sources.work.open(self.feed, part.key)
            for name, kind in zip(reader.schema.names, reader.schema.types, strict=True):
                if pa.types.is_dictionary(kind):
                    found = texts.setdefault(name, set())
                    if reader.num_record_batches:
                        column = reader.get_batch(0).column(reader.schema.get_field_index(name))
                        found.update(t for t in column.dictionary.to_pylist() if t is not None)
        self.dictionaries = {name: pa.array(sorted(found), pa.string()) for name, found in texts.items()}

    @property
    def schema(self) -> pa.Schema:
        """Columns of the stream: ``pid``, ``practice`` and the staged ones."""
        contract = self.sources.contracts[self.feed]
        fields: list[tuple[str, pa.DataType]] = [("pid", pa.int32())]
        plain = staged_schema(contract)
        for name in plain.names:
            if name in ("pseudonym", "organisation", "file"):
                continue
            kind = plain.field(name).type
            fields.append(
                (name, pa.dictionary(pa.int32(), pa.string()) if pa.types.is_string(kind) else kind)
            )
        return pa.schema([*fields, ("practice", pa.dictionary(pa.int32(), pa.string()))])

    def reader(self, first: int, last: int) -> pa.RecordBatchReader:
        """Rows of people ``first`` to ``last``, both included, as a stream."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches(first, last))

    def table(self, first: int, last: int) -> pa.Table:
        """Rows of people ``first`` to ``last``, both included, each column in one piece."""
        names, pieces = self.schema.names, [[] for _ in self.schema.names]  # type: ignore[var-annotated]
        for batch in self._batches(first, last):
            for held, column in zip(pieces, batch.columns, strict=True):
                held.append(column)
        if not pieces[0]:
            return self.schema.empty_table()
        columns = []
        for held in pieces:
            columns.append(pa.concat_arrays(held))
            held.clear()  # so that only one column is held twice
        return pa.table(columns, names=names)

    def register(self, first: int, last: int) -> str:
        """Register the rows of a range of people with the connection; returns the SQL that gives them."""
        connection = self.sources.connection
        connection.register("streaming", self.reader(first, last))
        texts = [
            n for n, k in zip(self.schema.names, self.schema.types, strict=True) if pa.types.is_dictionary(k)
        ]
        for name in texts:
            values = (
                self._practices
                if name == "practice"
                else self.dictionaries.get(name, pa.array([])).to_pylist()
            )
            listed = ", ".join("'" + v.replace("'", "''") + "'" for v in values) or "''"
            connection.execute(f"DROP TYPE IF EXISTS text_{name}")
            connection.execute(f"CREATE TYPE text_{name} AS ENUM ({listed})")
        columns = [f"{n}::text_{n} AS {n}" if n in texts else n for n in self.schema.names]
        return f"SELECT {', '.join(columns)} FROM streaming"

    def _batches(self, first: int, last: int) -> Iterator[pa.RecordBatch]:
        schema = self.schema
        for part in self.sources.parts[self.feed]:
            pids = self._maps[part.roster]
            inside = (pids >= first) & (pids <= last)
            if not inside.any():
                continue
            whole = bool(inside.all())
            file = self.sources.work.open(self.feed, part.key)
            remaps = self._remaps(file)
            practice = self._practices.index(part.organisation)
            for number in range(file.num_record_batches):
                batch = self._batch(file.get_batch(number), schema, pids, remaps, practice)
                if not whole:
                    pid = batch.column(0).to_numpy()
                    keep = (pid >= first) & (pid <= last)
                    batch = batch.filter(pa.array(keep))
                if batch.num_rows:
                    self.given += batch.num_rows
                    self._look(batch)
                    yield batch

    def _remaps(self, file: pa.ipc.RecordBatchFileReader) -> dict[str, NDArray[np.int32]]:
        remaps = {}
        if file.num_record_batches:
            batch = file.get_batch(0)
            for name, all_texts in self.dictionaries.items():
                if name in batch.schema.names:
                    own = batch.column(name).dictionary
                    remaps[name] = pc.index_in(own, all_texts).fill_null(0).to_numpy()
        return remaps

    def _batch(
        self,
        batch: pa.RecordBatch,
        schema: pa.Schema,
        pids: NDArray[np.int32],
        remaps: Mapping[str, NDArray[np.int32]],
        practice: int,
    ) -> pa.RecordBatch:
        columns: list[pa.Array] = []
        for name, kind in zip(schema.names, schema.types, strict=True):
            if name == "pid":
                columns.append(pa.array(pids[batch.column("patient").to_numpy()]))
            elif name == "practice":
                index = pa.array(np.full(batch.num_rows, practice, np.int32))
                columns.append(pa.DictionaryArray.from_arrays(index, pa.array(self._practices, pa.string())))
            elif name in remaps:
                index = batch.column(name).indices
                known = index.is_valid().to_numpy(zero_copy_only=False)
                plain = index.fill_null(0).to_numpy(zero_copy_only=False)
                table = remaps[name] if len(remaps[name]) else np.zeros(1, np.int32)
                new = pa.array(table[plain].astype(np.int32), mask=~known)
                columns.append(pa.DictionaryArray.from_arrays(new, self.dictionaries[name]))
            elif name in batch.schema.names:
                columns.append(batch.column(name).cast(kind))
            else:
                columns.append(pa.nulls(batch.num_rows, kind))
        return pa.record_batch(columns, schema=schema)

    def _look(self, batch: pa.RecordBatch) -> None:
        """Put aside the rows whose code is watched for (opt-out decisions)."""
        if self.watch:
            code = batch.column("code").to_numpy()
            found = np.zeros(len(code), np.bool_)
            for each in self.watch:
                found |= code == each
            if found.any():
                self.watched.append(batch.select(["pid", "date", "code"]).filter(pa.array(found)))
