"""Rows of a coded table as the files in the order of codes give them: no look-up of codes, no sorting, and only what is asked for.

In such a file the rows of one code stand together, in the order of people. The codes asked for are therefore found by
halving, the rows of a range of people within a code as well, and parts of the file that hold none of the codes are not read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from goldenthread.definitions.expressions import names, parse
from goldenthread.lake import DataFile, Snapshot
from goldenthread.lake.memory import give_back
from goldenthread.measures.coded import EPOCH, CodedScan
from goldenthread.measures.errors import MeasureError, unreadable
from goldenthread.measures.folding import CodeNumbers, Piece, since_1900
from goldenthread.measures.sql import literal, to_sql

ROWS_AT_ONCE, ROWS_AT_ONCE_OF_MANY = 1_000_000, 250_000
"""Rows that are decoded together: of many codes less, because much else is held beside them."""
Query = Callable[[str, Mapping[str, pa.Table]], pa.Table]


@dataclass
class _Rows:
    """Rows of one code in one file, in the order of people."""

    pid: np.ndarray
    day: np.ndarray
    values: dict[str, np.ndarray] = field(default_factory=dict)
    rules: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def latest(self) -> int:
        """The last day of any."""
        return int(self.day.max()) if len(self.day) else -1

    @property
    def bytes(self) -> int:
        return int(self.pid.nbytes + self.day.nbytes + sum(v.nbytes for v in self.values.values()))


class _Kept:
    """Rows of codes that were asked about lately: the next question is often about the same codes, on another day.

    A snapshot does not change, so neither do they. The longest unused go first.
    """

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._rows: OrderedDict[Hashable, _Rows] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> _Rows | None:
        with self._lock:
            if key in self._rows:
                self._rows.move_to_end(key)
            return self._rows.get(key)

    def put(self, key: Hashable, rows: _Rows) -> None:
        if rows.bytes > self._most // 8:
            return
        with self._lock:
            if key not in self._rows:
                self._rows[key] = rows
                self._bytes += rows.bytes
            while self._bytes > self._most:
                self._bytes -= self._rows.popitem(last=False)[1].bytes


_kept = _Kept(128_000_000)


class _Found:
    """What one part of a file gave: pieces of rows, and what conditions are to be worked out from, each by place of the code."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, _Rows]] = []
        self.ruled: dict[str, list[tuple[int, pa.Table]]] = {}


class OrderedRows:
    """Rows up to ``index`` with the codes that the slots of a scan ask for; ``query`` works out conditions on them."""

    def __init__(
        self,
        snapshot: Snapshot,
        scan: CodedScan,
        numbers: CodeNumbers,
        index: date,
        query: Query,
        threads: int = 1,
    ) -> None:
        self.scan, self.numbers, self._index, self._query = scan, numbers, index, query
        self._snapshot = snapshot
        self._files = snapshot.manifest.select(scan.source.name, "code")
        given = np.array(numbers.codes, np.int64)
        self._number = np.argsort(given)
        self._codes = given[self._number]
        place = {int(number): at for at, number in enumerate(self._number)}
        self._valued = {of: np.zeros(len(given), bool) for of in scan.value_columns}
        self._ruled = {where: np.zeros(len(given), bool) for where in scan.rule_columns}
        for slot in scan.slots:
            asked = [place[number] for number, _ in numbers.asked[slot.number]]
            if slot.of:
                self._valued[slot.of][asked] = True
            if slot.where:
                self._ruled[slot.where][asked] = True
        self._rule_needs = {where: names(parse(where)) for where in self._ruled}
        self._last = (index - EPOCH).days
        self._lock = threading.Lock()
        self._held: dict[str, Future[dict[int, _Rows]]] = {}
        # where many codes are asked for, no more than one file is read ahead: its rows are held until they are needed
        self._few = numbers.few(scan)
        readers = threads if self._few else 1
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="codes")

    @staticmethod
    def can(scan: CodedScan) -> bool:
        """Whether the table of a scan has files in the order of codes, and codes that are numbers."""
        source = scan.source
        return not source.sql and source.columns[source.code].kind == "number"

    def pieces(self, first: int, last: int) -> dict[int, Piece]:
        """Rows of people ``first`` to ``last`` by number of the code."""
        found: dict[int, list[Piece]] = {}
        ends = np.array([first, last + 1], np.int32)
        for file in self._over(first, last):
            for number, rows in self._of(file).result().items():
                begin, end = rows.pid.searchsorted(ends).tolist()
                if begin < end:
                    here: slice | np.ndarray = slice(begin, end)
                    if rows.latest > self._last:
                        here = begin + np.flatnonzero(rows.day[here] <= self._last)
                    piece = Piece(
                        np.subtract(rows.pid[here], first, dtype=np.intp),
                        rows.day[here],
                        {of: values[here] for of, values in rows.values.items()},
                        {where: met[here] for where, met in rows.rules.items()},
                    )
                    found.setdefault(number, []).append(piece)
        return {number: _as_one(pieces) for number, pieces in found.items()}

    def prepare(self, first: int, last: int) -> None:
        """Begin to read what these people will need, and let go of what nobody from ``first`` on does."""
        with self._lock:
            past = {f.path for f in self._files if f.last_pid is not None and f.last_pid < first}
            gone = past & set(self._held)
            for path in gone:
                del self._held[path]
        if gone and not self._few:
            give_back()
        for file in self._over(first, last):
            self._of(file)

    def close(self) -> None:
        """Read no more."""
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._held.clear()

    def _over(self, first: int, last: int) -> Iterable[DataFile]:
        for file in self._files:
            low, high = file.first_pid, file.last_pid
            if (low is None or low <= last) and (high is None or high >= first):
                yield file

    def _of(self, file: DataFile) -> Future[dict[int, _Rows]]:
        with self._lock:
            if file.path not in self._held:
                self._held[file.path] = self._readers.submit(self._read, file)
            return self._held[file.path]

    # -- one file ------------------------------------------------------------------------------------------

    def _read(self, file: DataFile) -> dict[int, _Rows]:
        places = np.arange(len(self._codes))
        made: dict[int, _Rows] = {}
        if self._few:  # what conditions need is not kept, nor the rows of a great many codes
            plain = [p for p in places.tolist() if not any(asked[p] for asked in self._ruled.values())]
            known = {p: rows for p in plain if (rows := _kept.get(self._key(file, p))) is not None}
            made = {p: rows for p, rows in known.items() if len(rows.pid)}
            places = np.array([p for p in places.tolist() if p not in known], np.int64)
        if len(places):
            read = self._read_places(file, places)
            made |= read
            for p in plain if self._few else ():
                if p not in known:
                    _kept.put(self._key(file, p), read.get(p) or _NOTHING)
        return {int(self._number[place]): rows for place, rows in made.items()}

    def _key(self, file: DataFile, place: int) -> Hashable:
        valued = tuple(of for of, asked in self._valued.items() if asked[place])
        return self._snapshot.path, file.path, int(self._codes[place]), valued

    def _read_places(self, file: DataFile, places: np.ndarray) -> dict[int, _Rows]:
        try:
            found = self._found(file, places)
        except (OSError, pa.ArrowException) as error:
            raise unreadable(self._snapshot, file.path, error) from error
        made = self._joined(found.rows, file)
        self._work_out_rules(found, made)
        return made

    def _found(self, file: DataFile, places: np.ndarray) -> _Found:
        found = _Found()
        described = _described(self._snapshot.path / file.path, self.scan.source.code)
        codes = self._codes[places]
        lows = codes.searchsorted(described.least)
        highs = codes.searchsorted(described.greatest, "right")
        groups = np.flatnonzero(lows < highs).tolist()
        metadata = described.metadata
        with pq.ParquetFile(self._snapshot.path / file.path, metadata=metadata) as parquet:
            most = ROWS_AT_ONCE if self._few else ROWS_AT_ONCE_OF_MANY
            at_once = max(1, most * metadata.num_row_groups // max(metadata.num_rows, 1))
            for (values, rules), alike in groupby(
                groups, key=lambda group: self._needs(places[lows[group] : highs[group]])
            ):
                run = list(alike)
                # a few at a time: what is read stays small, and so does what each reading costs by itself
                for start in range(0, len(run), at_once):
                    some = run[start : start + at_once]
                    asked = places[lows[some[0]] : highs[some[-1]]]
                    self._read_groups(parquet, some, asked, values, rules, found)
        return found

    def _needs(self, places: np.ndarray) -> tuple[list[str], list[str]]:
        """From which columns values are taken for these codes, and which conditions are worked out."""
        return (
            [of for of, asked in self._valued.items() if asked[places].any()],
            [where for where, asked in self._ruled.items() if asked[places].any()],
        )

    def _read_groups(
        self,
        parquet: pq.ParquetFile,
        groups: list[int],
        places: np.ndarray,
        values: list[str],
        rules: list[str],
        found: _Found,
    ) -> None:
        source = self.scan.source
        columns = ["pid", source.code, source.date, *values, *(n for w in rules for n in self._rule_needs[w])]
        table = parquet.read_row_groups(groups, columns=list(dict.fromkeys(columns)), use_threads=False)
        code = table[source.code].to_numpy()
        if len(code) > 1 and not bool((code[1:] >= code[:-1]).all()):
            raise self._disorder()
        begins = code.searchsorted(self._codes[places])
        ends = code.searchsorted(self._codes[places], "right")
        pid, day = table["pid"].to_numpy(), table[source.date].cast(pa.int32()).to_numpy()
        for k in np.flatnonzero(ends > begins).tolist():
            here, place = slice(int(begins[k]), int(ends[k])), int(places[k])
            # copies, because a slice would keep everything that was read with it
            rows = _Rows(pid[here].copy(), since_1900(day[here]))
            rows.values = {
                of: np.array(table[of][here].cast(pa.float64()).to_numpy())
                for of in values
                if self._valued[of][place]
            }
            found.rows.append((place, rows))
            for where in rules:
                if self._ruled[where][place]:
                    some = table.select(self._rule_needs[where]).take(np.arange(here.start, here.stop))
                    found.ruled.setdefault(where, []).append((place, some))

    def _joined(self, rows: list[tuple[int, _Rows]], file: DataFile) -> dict[int, _Rows]:
        by_place: dict[int, list[_Rows]] = {}
        for place, one in rows:
            by_place.setdefault(place, []).append(one)
        rows.clear()
        made = {}
        for place in list(by_place):
            parts = by_place.pop(place)
            one = parts[0]
            if len(parts) > 1:
                values = {of: np.concatenate([p.values[of] for p in parts]) for of in one.values}
                one = _Rows(
                    np.concatenate([p.pid for p in parts]), np.concatenate([p.day for p in parts]), values
                )
            if len(one.pid) > 1 and not bool((one.pid[1:] >= one.pid[:-1]).all()):
                raise self._disorder(file.path)
            made[place] = one
        return made

    def _work_out_rules(self, found: _Found, made: Mapping[int, _Rows]) -> None:
        """Conditions on rows are SQL: of each, one statement over the rows whose codes it is for."""
        for where, parts in found.ruled.items():
            rows = pa.concat_tables([table for _, table in parts])
            rows = rows.append_column("line", pa.array(range(rows.num_rows), pa.int32()))
            condition = to_sql(
                parse(where), self.scan.source.columns, index=literal(self._index), prefix="e."
            )
            answer = self._query(f"SELECT e.line, {condition} AS met FROM ruled AS e", {"ruled": rows})
            met = np.zeros(rows.num_rows, bool)
            met[answer.column("line").to_numpy()] = answer.column("met").to_numpy()
            start = 0
            by_place: dict[int, list[np.ndarray]] = {}
            for place, table in parts:
                by_place.setdefault(place, []).append(met[start : start + table.num_rows])
                start += table.num_rows
            for place, pieces in by_place.items():
                made[place].rules[where] = np.concatenate(pieces)

    def _disorder(self, path: str = "") -> MeasureError:
        return MeasureError(
            f"Rows of {self.scan.source.name} are not in the order of codes{f' in {path}' if path else ''}.",
            "Run `goldenthread snapshots verify`, then `goldenthread refresh`.",
        )


_NOTHING = _Rows(np.empty(0, np.int32), np.empty(0, np.int32))


@dataclass(frozen=True)
class _Described:
    """What the end of a file says of its groups of rows: the least and the greatest code of each."""

    metadata: pq.FileMetaData
    least: np.ndarray
    greatest: np.ndarray


@lru_cache(maxsize=64)  # the files of a snapshot do not change, and every question begins here
def _described(path: Path, code: str) -> _Described:
    metadata = pq.read_metadata(path)
    at = metadata.schema.to_arrow_schema().get_field_index(code)
    least = np.full(metadata.num_row_groups, np.iinfo(np.int64).min)
    greatest = np.full(metadata.num_row_groups, np.iinfo(np.int64).max)
    for group in range(metadata.num_row_groups):
        known = metadata.row_group(group).column(at).statistics
        if known is not None and known.has_min_max:
            least[group], greatest[group] = known.min, known.max
    return _Described(metadata, least, greatest)


def _as_one(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    return Piece(
        np.concatenate([p.who for p in pieces]),
        np.concatenate([p.day for p in pieces]),
        {of: np.concatenate([p.values[of] for p in pieces]) for of in pieces[0].values},
        {where: np.concatenate([p.rules[where] for p in pieces]) for where in pieces[0].rules},
    )
