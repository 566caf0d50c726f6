"""Large feeds about patients of practices, read from their staged files one range of people at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenthread.intake import packed
from goldenthread.intake.assembly.sources import Part, Sources, staged_schema
from goldenthread.intake.errors import IntakeError


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
        self.codes = pa.array([], pa.int64())
        self._places: dict[str, dict[str, packed.Place]] = {}
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
        """One dictionary for each text column and for codes over all files, so that one index means one thing."""
        texts: dict[str, set[str]] = {}
        codes: set[int] = set()
        for part in self.sources.parts[self.feed]:
            reader = self.sources.work.open(self.feed, part.key)
            if (at := packed.places_of(reader.schema)) is not None:
                self._places[part.key] = {place.name: place for place in at}
                for place in at:
                    if place.values is not None and pa.types.is_string(place.values.type):
                        texts.setdefault(place.name, set()).update(place.values.drop_null().to_pylist())
                    elif place.values is not None and place.name == "code":
                        codes.update(place.values.drop_null().to_pylist())
                continue
            for name, kind in zip(reader.schema.names, reader.schema.types, strict=True):
                if pa.types.is_dictionary(kind):
                    found = texts.setdefault(name, set())
                    if reader.num_record_batches:
                        column = reader.get_batch(0).column(reader.schema.get_field_index(name))
                        found.update(t for t in column.dictionary.to_pylist() if t is not None)
        self.dictionaries = {name: pa.array(sorted(found), pa.string()) for name, found in texts.items()}
        self.codes = pa.array(sorted(codes), pa.int64())

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
        """Rows of people ``first`` to ``last``, both included, each column in one piece.

        Codes come as a dictionary in order where all files are packed.
        """
        parts = self.sources.parts[self.feed]
        if all(part.key in self._places or not self._staged(part) for part in parts):
            return _Gathered(self).table(first, last)
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
            remaps: dict[str, NDArray[np.int32]] | None = None
            practice = self._practices.index(part.organisation)
            for number in range(file.num_record_batches):
                staged = file.get_batch(number)
                if part.key in self._places:
                    key = staged.column(0).to_numpy()
                    staged = packed.unpacked(key, list(self._places[part.key].values()))
                if remaps is None or part.key in self._places:
                    remaps = self._remaps(staged)
                batch = self._batch(staged, schema, pids, remaps, practice)
                if not whole:
                    pid = batch.column(0).to_numpy()
                    keep = (pid >= first) & (pid <= last)
                    batch = batch.filter(pa.array(keep))
                if batch.num_rows:
                    self.given += batch.num_rows
                    self._look(batch)
                    yield batch

    def _staged(self, part: Part) -> int:
        return self.sources.accounts[part.relative].staged

    def _remaps(self, batch: pa.RecordBatch) -> dict[str, NDArray[np.int32]]:
        return {
            name: pc.index_in(batch.column(name).dictionary, all_texts).fill_null(0).to_numpy()
            for name, all_texts in self.dictionaries.items()
            if name in batch.schema.names
        }

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
            found = np.isin(code, self.watch)
            if found.any():
                self.watched.append(batch.select(["pid", "date", "code"]).filter(pa.array(found)))


_Pieces = dict[str, list[NDArray[np.generic]]]


class _Gathered:
    """Rows of packed files, column by column: what a digit stands for is looked up, and nothing is moved twice."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.names = [name for name in stream.schema.names if name not in ("pid", "practice")]
        rules = stream.sources.contracts[stream.feed].staged
        self.filled = {name for name in self.names if name in rules and rules[name].required}

    def table(self, first: int, last: int) -> pa.Table:
        stream, wanted = self.stream, []
        for part in stream.sources.parts[stream.feed]:
            pids = stream._maps[part.roster]
            inside = (pids >= first) & (pids <= last)
            if inside.any() and part.key in stream._places:
                wanted.append((part, pids, None if inside.all() else inside))
        pieces: _Pieces = {name: [] for name in stream.schema.names}
        # numpy works on several files at once; what they give is joined in the order of the files.
        with ThreadPoolExecutor(max_workers=2) as pool:
            for found, watched in pool.map(lambda each: self._read(*each), wanted):
                for name, columns in found.items():
                    pieces[name] += columns
                stream.given += sum(map(len, found["pid"]))
                stream.watched += watched
            columns = list(pool.map(lambda name: self._column(name, pieces.pop(name)), stream.schema.names))
        return pa.table(columns, names=stream.schema.names)

    def _read(
        self, part: Part, pids: NDArray[np.int32], inside: NDArray[np.bool_] | None
    ) -> tuple[_Pieces, list[pa.RecordBatch]]:
        """The columns of one file, batch by batch, and its rows whose code is watched for."""
        stream, at = self.stream, self.stream._places[part.key]
        pieces: _Pieces = {name: [] for name in stream.schema.names}
        aside: list[pa.RecordBatch] = []
        practice = stream._practices.index(part.organisation)
        meanings = {name: self._meaning(name, at[name]) for name in self.names if name in at}
        watched = np.isin(_known(at["code"]).fill_null(0).to_numpy(zero_copy_only=False), stream.watch)
        file = stream.sources.work.open(stream.feed, part.key)
        for number in range(file.num_record_batches):
            key = file.get_batch(number).column(0).to_numpy()
            patient = at[packed.PATIENT].digits(key)
            if inside is not None:
                keep = inside[patient]
                key, patient = key[keep], patient[keep]
            if not len(key):
                continue
            pieces["pid"].append(np.take(pids, patient))
            pieces["practice"].append(np.full(len(key), practice, np.int32))
            for name, meaning in meanings.items():
                pieces[name].append(np.take(meaning, at[name].digits(key)))
            for name in self.names:
                if name not in meanings:
                    pieces[name].append(np.full(len(key), -1, np.int32))
            if watched.any():
                found = watched[at["code"].digits(key)]
                if found.any():
                    aside.append(
                        self._aside({name: pieces[name][-1][found] for name in ("pid", "date", "code")})
                    )
        return pieces, aside

    def _aside(self, found: Mapping[str, NDArray[np.generic]]) -> pa.RecordBatch:
        date, code = (
            pa.array(found["date"]).view(pa.date32()),
            self.stream.codes.take(pa.array(found["code"])),
        )
        return pa.record_batch([pa.array(found["pid"]), date, code], names=["pid", "date", "code"])

    def _meaning(self, name: str, place: packed.Place) -> NDArray[np.generic]:
        """What each digit becomes: a number, or an index into the stream's codes or texts (-1: empty)."""
        values, stream = _known(place), self.stream
        if name == "code" or name in stream.dictionaries:
            known = stream.codes if name == "code" else stream.dictionaries[name]
            index: NDArray[np.int32] = pc.index_in(values, known).fill_null(-1).to_numpy(zero_copy_only=False)
            return index
        if pa.types.is_date(values.type):
            values = values.cast(pa.int32())
        if name in self.filled:
            numbers: NDArray[np.generic] = values.fill_null(0).to_numpy(zero_copy_only=False)
            return numbers
        floats: NDArray[np.float64] = values.cast(pa.float64()).fill_null(np.nan).to_numpy()
        return floats

    def _column(self, name: str, pieces: list[NDArray[np.generic]]) -> pa.Array:
        kind = self.stream.schema.field(name).type
        found = np.concatenate(pieces) if pieces else np.empty(0, np.int32)
        pieces.clear()
        if name == "code":
            return pa.DictionaryArray.from_arrays(pa.array(found, pa.int32()), self.stream.codes)
        if pa.types.is_dictionary(kind):
            texts = self.stream._practices if name == "practice" else self.stream.dictionaries.get(name, [])
            empty = found < 0
            index = pa.array(found, pa.int32(), mask=empty if empty.any() else None)
            return pa.DictionaryArray.from_arrays(index, pa.array(texts, pa.string()))
        if name == "pid" or name in self.filled:
            return pa.array(found).view(kind) if pa.types.is_date(kind) else pa.array(found).cast(kind)
        plain = pa.array(found, pa.float64(), from_pandas=True)
        return plain if kind == pa.float64() else plain.cast(pa.int64()).cast(kind)


def _known(place: packed.Place) -> pa.Array:
    """What the digits of a column other than the patient's stand for."""
    if place.values is None:
        raise IntakeError(
            f"A staged file does not say what its column {place.name} holds.", "Empty the work folder."
        )
    return place.values
