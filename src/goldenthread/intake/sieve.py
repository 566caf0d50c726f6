"""Goes through a damaged CSV file line by line and takes out what cannot be read, saying why.

One stray quotation mark must not swallow the rest of a file: where a record that runs over several lines does
not come out with the right number of fields, its first line alone is refused and reading goes on at the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from goldenthread.intake.reasons import ACCEPTED, CODES

LONGEST_RECORD = 200
"""Lines that a quoted field may run over."""


@dataclass(frozen=True)
class BadLine:
    """A line that could not be read: its number, the reason's number and its text."""

    line: int
    reason: int
    text: str


@dataclass
class Sieved:
    """Byte ranges and line numbers of the records that can be read, and the lines that cannot."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def _fields(record: bytes, pattern: re.Pattern[bytes], delimiter: bytes) -> int:
    """Number of fields of a record, or 0 where its quotation marks are out of order."""
    position, count = 0, 0
    while True:
        found = pattern.match(record, position)
        if found is None:
            return 0
        count += 1
        position = found.end()
        if position == len(record):
            return count
        if record[position : position + 1] != delimiter:
            return 0
        position += 1


def sieve(data: bytes, body: int, width: int, delimiter: str, codec: str) -> Sieved:
    r"""Sort the lines of ``data`` from byte ``body`` on into readable records and bad lines.

    >>> found = sieve(b"a,b\n1,2\n3\n\n4,\"x\ny\"\n5,\"z\n", 4, 2, ",", "utf-8")
    >>> found.lines, [(bad.line, bad.text) for bad in found.bad]
    ([2, 5], [(3, '3'), (7, '5,"z')])
    """
    mark = delimiter.encode()
    pattern = re.compile(rb'"(?:[^"]++|"")*+"|[^"\r\n' + re.escape(mark) + rb"]*+")
    lines = data[body:].split(b"\n")
    complete = not lines[-1]
    if complete:
        lines.pop()
    found = Sieved()
    offset, number, last = body, 0, len(lines) - 1
    while number < len(lines):
        line = lines[number]
        taken, reason, record = 1, ACCEPTED, line.removesuffix(b"\r")
        if record:
            reason = _reason(record, width, mark, codec, pattern)
            if reason != ACCEPTED and record.count(b'"') % 2:
                taken, record, reason = _longer(lines, number, width, mark, codec, pattern)
            if reason != ACCEPTED and number == last and not complete and reason == CODES["field count"]:
                reason = CODES["incomplete line"]
            if reason == ACCEPTED:
                found.starts.append(offset)
                found.ends.append(offset + len(record))
                found.lines.append(number + 2)
            else:
                found.bad.append(BadLine(number + 2, reason, line.decode(codec, "replace").rstrip("\r")))
        offset += sum(len(part) + 1 for part in lines[number : number + taken])
        number += taken
    return found


def _reason(record: bytes, width: int, mark: bytes, codec: str, pattern: re.Pattern[bytes]) -> int:
    if b"\0" in record:
        return CODES["null bytes"]
    if not record.isascii():
        try:
            record.decode(codec)
        except UnicodeDecodeError:
            return CODES["bad bytes"]
    if b'"' not in record:
        if b"\r" in record:
            return CODES["stray line break"]
        return ACCEPTED if record.count(mark) == width - 1 else CODES["field count"]
    count = _fields(record, pattern, mark)
    if count == 0:
        return CODES["bad quoting"]
    return ACCEPTED if count == width else CODES["field count"]


def _longer(
    lines: list[bytes], number: int, width: int, mark: bytes, codec: str, pattern: re.Pattern[bytes]
) -> tuple[int, bytes, int]:
    """Try the record that begins at ``number`` as one whose quoted field runs over several lines."""
    quotes = 0
    for taken in range(1, min(LONGEST_RECORD, len(lines) - number) + 1):
        quotes += lines[number + taken - 1].count(b'"')
        if taken > 1 and quotes % 2 == 0:
            record = b"\n".join(lines[number : number + taken]).removesuffix(b"\r")
            if _reason(record, width, mark, codec, pattern) == ACCEPTED:
                return taken, record, ACCEPTED
            break
    return 1, lines[number], CODES["bad quoting"]
