"""Reads a file's bytes into columns of distinct texts, with every line accounted for.

A clean file goes straight to Arrow's reader. A file in which anything is out of order first goes through the
sieve (``goldenthread.intake.sieve``), which takes out the lines that cannot be read and says why.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from goldenthread.intake.contract import Contract
from goldenthread.intake.errors import FileRefusedError
from goldenthread.intake.sieve import Sieved, sieve

BLOCK = 4 << 20
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Texts:
    """One column: distinct texts (empty text = empty field) and, for each row, which of them it holds."""

    distinct: pa.Array
    index: NDArray[np.int32]


@dataclass(frozen=True)
class Unreadable:
    """A line that could not be split into fields."""

    line: int
    reason: int
    raw: str


@dataclass
class RawFile:
    """A file split into rows and columns, before any value is looked at.

    ``rows_in`` is counted from the bytes, not by the parser; ``rows_in == rows + len(unreadable)``.
    ``line`` and ``raw`` give the line number and the text of any row.
    """

    columns: dict[str, Texts]
    rows: int
    rows_in: int
    unreadable: list[Unreadable]
    line: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    raw: Callable[[NDArray[np.int64]], list[str]]
    warnings: list[str] = field(default_factory=list)


class _Lines:
    """Where rows begin and end in the bytes; worked out only when a row has to be shown."""

    def __init__(self, data: bytes, body: int, encoding: str) -> None:
        self.data, self.body, self.encoding = data, body, encoding

    @cached_property
    def newlines(self) -> NDArray[np.int64]:
        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == 10)

    @cached_property
    def spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ends = self.newlines[np.searchsorted(self.newlines, self.body) :]
        if self.data.find(b'"') >= 0:
            quotes = np.flatnonzero(np.frombuffer(self.data, np.uint8) == 34)
            ends = ends[np.searchsorted(quotes, ends) % 2 == np.searchsorted(quotes, self.body) % 2]
        if not self.data.endswith(b"\n"):
            ends = np.append(ends, len(self.data))
        return np.concatenate([[self.body], ends[:-1] + 1]).astype(np.int64), ends

    def line(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.newlines, self.spans[0][rows]) + 1

    def raw(self, rows: NDArray[np.int64]) -> list[str]:
        starts, ends = self.spans
        return [self.data[starts[r] : ends[r]].decode(self.encoding, "replace").rstrip("\r") for r in rows]


def _header(contract: Contract, names: Sequence[str], warnings: list[str]) -> list[str]:
    """The file's column names as the contract spells them; refuses a file that lacks any it needs."""

    def plain(name: str) -> str:
        return re.sub(r"[^0-9a-z]+", "_", name.strip().casefold()).strip("_")

    declared = {plain(name): name for name in contract.columns}
    found = [declared.get(plain(name), name.strip()) for name in names]
    missing = [n for n, rule in contract.columns.items() if n not in found and not rule.optional]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise FileRefusedError(
            f"lacks the column{'s' if len(missing) > 1 else ''} {shown}.",
            f"Ask the sender, or change the contract {contract.path} if the feed has changed.",
        )
    if twice := sorted({name for name in found if name in contract.columns and found.count(name) > 1}):
        raise FileRefusedError(
            f"has the column {twice[0]!r} twice.", "Ask the sender to name each column once."
        )
    if extra := [n for n in found if n not in contract.columns]:
        warnings.append(
            f"{len(extra)} new column(s) not in the contract, not used: {', '.join(extra[:8])[:200]}"
        )
    # Names that the contract does not know need not be unique, but Arrow wants them so.
    return [n if n in contract.columns else f"{n} (column {at})" for at, n in enumerate(found, 1)]


def _header_line(data: bytes, delimiter: str) -> tuple[list[str], int]:
    end = data.find(b"\n")
    line, body = (data, len(data)) if end < 0 else (data[:end], end + 1)
    if len(line) > 1 << 20 or line.count(b'"') % 2 or b"\0" in line:
        raise FileRefusedError(
            "does not begin with a header line.", "Ask the sender for a file with column names."
        )
    text = line.decode("utf-8", "replace").rstrip("\r")
    try:
        return next(csv.reader(io.StringIO(text), delimiter=delimiter), []), body
    except csv.Error:
        raise FileRefusedError(
            "has a header line that cannot be read.", "Ask the sender for a file with column names."
        ) from None


def _quotes_in_order(data: bytes, body: int, delimiter: int) -> bool:
    """Whether every quotation mark opens a field, closes one or is doubled (RFC 4180)."""
    array = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(array[body:] == 34) + body
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    after = array[np.minimum(closing + 1, len(array) - 1)]
    opens = (before == delimiter) | (before == 10) | (before == 34) | (opening == body)
    closes = (
        (after == delimiter) | (after == 10) | (after == 13) | (after == 34) | (closing == len(array) - 1)
    )
    return bool(opens.all() and closes.all())


def _in_order(data: bytes, body: int, contract: Contract) -> tuple[bool, bool]:
    """Whether the bytes are clean enough for Arrow's reader, and whether any field is quoted."""
    quoted = data.find(b'"', body) >= 0
    if b"\0" in data:
        return False, quoted
    # Arrow skips blank lines: a file with any then has fewer rows than lines, and goes through the sieve.
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False, quoted
    if quoted and not _quotes_in_order(data, body, ord(contract.delimiter)):
        return False, quoted
    try:
        if not data.isascii():
            data.decode(_codec(contract, data))
    except UnicodeDecodeError:
        return False, quoted
    return True, quoted


def _codec(contract: Contract, data: bytes) -> str:
    return "utf-8" if contract.encoding == "utf-8" or data.startswith(_UTF8_BOM) else "cp1252"


def _parse(body: bytes | memoryview, names: list[str], contract: Contract, quoted: bool) -> pa.Table:
    kind = pa.dictionary(pa.int32(), pa.string())
    return pa.csv.read_csv(
        pa.BufferReader(body),
        pa.csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
        pa.csv.ParseOptions(
            delimiter=contract.delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted
        ),
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, kind),
            include_columns=[name for name in names if name in contract.columns],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )


def _texts(table: pa.Table) -> dict[str, Texts]:
    columns = {}
    for name, column in zip(table.column_names, table.unify_dictionaries().columns, strict=True):
        if column.num_chunks == 0:
            columns[name] = Texts(pa.array([], pa.string()), np.empty(0, np.int32))
            continue
        distinct = column.chunk(0).dictionary
        index = [chunk.indices.to_numpy() for chunk in column.chunks]
        columns[name] = Texts(distinct, index[0] if len(index) == 1 else np.concatenate(index))
    return columns


def read_csv(data: bytes, contract: Contract) -> RawFile:
    """Split the bytes of a CSV file into columns.

    Raises ``FileRefusedError`` where the file as a whole is not what the contract describes. Lines that cannot be
    read come back in ``unreadable``; none is lost.
    """
    warnings: list[str] = []
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileRefusedError("is written in UTF-16.", f"Save it as {contract.encoding}.")
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
        warnings.append("lines end in a carriage return alone; read as line ends")
    codec = _codec(contract, data)
    if data.startswith(_UTF8_BOM):
        data = data[3:]
    names, body = _header_line(data, contract.delimiter)
    names = _header(contract, names, warnings)
    if contract.encoding == "windows-1252" and codec == "cp1252" and not data.isascii() and _is_utf8(data):
        warnings.append("declared as windows-1252 but reads as UTF-8: check the accents in names")
    clean, quoted = _in_order(data, body, contract)
    raw = _read_clean(data, names, body, contract, quoted, codec) if clean else None
    if raw is None:
        raw = _read_sieved(data, names, body, contract, codec)
    raw.warnings[:0] = warnings
    return raw


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line_ends(data: bytes, start: int) -> int:
    """Newlines from ``start``: as ``bytes.count``, at a tenth of its time."""
    array = np.frombuffer(data, np.uint8)
    blocks = range(start, len(data), 1 << 20)
    return sum(int(np.count_nonzero(array[at : at + (1 << 20)] == 10)) for at in blocks)


def _read_clean(
    data: bytes, names: list[str], body: int, contract: Contract, quoted: bool, codec: str
) -> RawFile | None:
    """The file through Arrow's reader, or None where the reader and the bytes disagree on its rows."""
    lines = _Lines(data, body, codec)
    if quoted:
        rows_in = len(lines.spans[0]) if body < len(data) else 0
    else:
        rows_in = _line_ends(data, body) + (body < len(data) and not data.endswith(b"\n"))
    if rows_in == 0:
        empty = Texts(pa.array([], pa.string()), np.empty(0, np.int32))
        return RawFile({n: empty for n in names if n in contract.columns}, 0, 0, [], lines.line, lines.raw)
    content = memoryview(data)[body:]
    if codec != "utf-8" and not data.isascii():
        content = memoryview(data[body:].decode(codec).encode("utf-8"))
    try:
        table = _parse(content, names, contract, quoted)
    except pa.ArrowInvalid:
        return None
    if table.num_rows != rows_in:
        return None
    return RawFile(_texts(table), rows_in, rows_in, [], lines.line, lines.raw)


def _read_sieved(data: bytes, names: list[str], body: int, contract: Contract, codec: str) -> RawFile:
    found: Sieved = sieve(data, body, len(names), contract.delimiter, codec)
    starts, ends, numbers = (np.array(x, np.int64) for x in (found.starts, found.ends, found.lines))
    unreadable = [Unreadable(bad.line, bad.reason, bad.text) for bad in found.bad]

    def line(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers[rows]

    def raw(rows: NDArray[np.int64]) -> list[str]:
        return [data[starts[r] : ends[r]].decode(codec, "replace") for r in rows]

    parts = [data[s:e] for s, e in zip(found.starts, found.ends, strict=True)]
    kept = b"\n".join(parts) + b"\n"
    if codec != "utf-8":
        kept = kept.decode(codec).encode("utf-8")
    if not parts:
        empty = Texts(pa.array([], pa.string()), np.empty(0, np.int32))
        columns = {n: empty for n in names if n in contract.columns}
    else:
        columns = _sieved_columns(kept, names, contract)
    rows = len(parts)
    if any(len(texts.index) != rows for texts in columns.values()):
        raise FileRefusedError(
            "could not be split into rows reliably.", "Send it as plain CSV as RFC 4180 says."
        )
    return RawFile(columns, rows, rows + len(unreadable), unreadable, line, raw)


def _sieved_columns(kept: bytes, names: list[str], contract: Contract) -> dict[str, Texts]:
    """Arrow's reader for what the sieve let through; Python's where a field is larger than Arrow's block."""
    try:
        return _texts(_parse(kept, names, contract, quoted=True))
    except pa.ArrowInvalid:
        pass
    csv.field_size_limit(1 << 30)
    text = io.StringIO(kept.decode("utf-8"), newline="")
    rows = list(csv.reader(text, delimiter=contract.delimiter, strict=True))
    columns = {}
    for number, name in enumerate(names):
        if name in contract.columns:
            column = pa.array([row[number] for row in rows], pa.string()).dictionary_encode()
            columns[name] = Texts(column.dictionary, column.indices.to_numpy())
    return columns


def read_parquet(data: bytes, contract: Contract) -> RawFile:
    """Split a Parquet file into columns of texts, so that the same checks apply as to CSV."""
    warnings: list[str] = []
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = _header(contract, file.schema_arrow.names, warnings)
        table = file.read().rename_columns(names)
    except (pa.ArrowException, OSError) as error:
        raise FileRefusedError(
            f"is not a readable Parquet file ({type(error).__name__}).", "Ask for it again."
        ) from None
    table = table.select([n for n in names if n in contract.columns])
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        rule = contract.columns[name]
        try:
            if pa.types.is_temporal(column.type) and rule.type == "date":
                column = pc.strftime(column.cast(pa.timestamp("s")), rule.formats[0])
            texts = column.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
        except pa.ArrowException:
            raise FileRefusedError(f"column {name} is of a kind that cannot be read as text.", "") from None
        columns[name] = Texts(texts.dictionary, texts.indices.to_numpy())

    def raw(rows: NDArray[np.int64]) -> list[str]:
        chosen = table.take(pa.array(rows)).to_pylist()
        return [json.dumps(row, default=str, ensure_ascii=False) for row in chosen]

    return RawFile(columns, table.num_rows, table.num_rows, [], lambda rows: rows + 1, raw, warnings)
