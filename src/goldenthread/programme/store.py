"""The register's file: every change of every initiative, kept for ever, each chained to the one before."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from goldenthread.programme.errors import Conflict, ProgrammeError
from goldenthread.programme.forms import canonical

FORMAT = 1
FILE = "register.sqlite"
_FIRST = "0" * 64

_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, initiative TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL,
    who TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_initiative ON event (initiative, seq);
CREATE TRIGGER IF NOT EXISTS event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER IF NOT EXISTS event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END;
"""

CHANGES = ("created", "record", "plan", "lock", "stage")
"""Kinds that make a new version; all others stand beside the version they were written at."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to an initiative: when, by whom, of what kind, and its content."""

    seq: int
    initiative: str
    version: int
    at: datetime
    who: str
    kind: str
    body: dict[str, Any]
    previous: str
    hash: str


def _now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Append-only events in one SQLite file. Writing is one transaction: a killed process leaves nothing torn.

    ``now`` is the clock; only synthetic systems, which live on a day of their own, give another.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = _now) -> None:
        self.folder, self.now = folder, now
        self.path = folder / FILE
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with self._open() as connection:
                self._prepare(connection)
        except sqlite3.Error as error:
            raise ProgrammeError(
                f"{self.path} cannot be read: {error}.",
                "Restore it from a backup, or check that the folder may be written to.",
            ) from None
        self.path.chmod(0o600)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)
        connection.execute("INSERT OR IGNORE INTO about VALUES ('format', ?)", (str(FORMAT),))
        found = connection.execute("SELECT value FROM about WHERE key = 'format'").fetchall()[0][0]
        if int(found) > FORMAT:
            raise ProgrammeError(
                f"{self.path} has format {found}, and this version of Golden Thread reads up to {FORMAT}.",
                "Use the version that wrote it, or a later one.",
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                _roll_back(connection)
                raise ProgrammeError(
                    f"The register could not be written: {error}. Nothing was changed.",
                    "Try again; if it stays so, check the disk and who else has the file open.",
                ) from None
            except BaseException:
                _roll_back(connection)
                raise

    # -- writing -------------------------------------------------------------------------------------

    def append(
        self,
        initiative: str,
        kind: str,
        body: dict[str, Any],
        *,
        who: str,
        version: int | None = None,
        check: Callable[[list[Event]], None] | None = None,
    ) -> Event:
        """Write one event. ``version`` is the version the writer has seen: another one is a ``Conflict`` and nothing is written.

        ``check`` looks at the history inside the transaction and may refuse.
        """
        return self.append_all(initiative, [(kind, body)], who=who, version=version, check=check)[-1]

    def append_all(
        self,
        initiative: str,
        what: list[tuple[str, dict[str, Any]]],
        *,
        who: str,
        version: int | None = None,
        check: Callable[[list[Event]], None] | None = None,
    ) -> list[Event]:
        """Several events in one transaction."""
        if not who.strip():
            raise ProgrammeError("Nobody is named as the one who does this.", "Give your name.")
        done = []
        with self._writing() as connection:
            past = _events(connection, initiative)
            current = past[-1].version if past else 0
            if version is not None and version != current:
                raise _conflict(initiative, past, version, current)
            if check is not None:
                check(past)
            last = past[-1].hash if past else _FIRST
            for kind, body in what:
                current += kind in CHANGES
                at = self.now().isoformat(timespec="microseconds")
                text = canonical(body)
                digest = _hash(initiative, current, at, who, kind, text, last)
                cursor = connection.execute(
                    "INSERT INTO event (initiative, version, at, who, kind, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (initiative, current, at, who, kind, text, last, digest),
                )
                done.append(
                    Event(
                        int(cursor.lastrowid or 0), initiative, current, datetime.fromisoformat(at), who, kind,
                        json.loads(text), last, digest,
                    )
                )  # fmt: skip
                last = digest
        return done

    # -- reading -------------------------------------------------------------------------------------

    def events(self, initiative: str) -> tuple[Event, ...]:
        """The history of one initiative, oldest first; empty where there is none. The same object as long as nothing is written."""
        with self._open() as connection:
            return _read(tuple(connection.execute(_SELECT, (initiative,)).fetchall()))

    def names(self) -> list[str]:
        """Every initiative, in the order of their beginning."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT initiative FROM event GROUP BY initiative ORDER BY min(seq)"
            ).fetchall()
        return [row[0] for row in rows]

    def problems(self, initiative: str) -> list[str]:
        """Where the history is not as it was written, in words."""
        found, last, version = [], _FIRST, 0
        with self._open() as connection:
            rows = connection.execute(_SELECT, (initiative,)).fetchall()
        for seq, _, here, at, who, kind, body, previous, digest in rows:
            name = f"entry {seq} ({kind} of {at[:16].replace('T', ' ')} by {who})"
            if previous != last:
                found.append(f"{name}: an entry before it is missing or was replaced")
            if _hash(initiative, here, at, who, kind, body, previous) != digest:
                found.append(f"{name}: its content was changed after it was written")
            if here < version:
                found.append(f"{name}: its version goes backwards")
            last, version = digest, here
        return found


_SELECT = "SELECT seq, initiative, version, at, who, kind, body, previous, hash FROM event WHERE initiative = ? ORDER BY seq"


def _events(connection: sqlite3.Connection, initiative: str) -> list[Event]:
    return list(_read(tuple(connection.execute(_SELECT, (initiative,)).fetchall())))


@lru_cache(maxsize=200)
def _read(rows: tuple[tuple[Any, ...], ...]) -> tuple[Event, ...]:
    """Rows as events: the same rows are read once, and every letter of them counts. Nobody writes into a body."""
    return tuple(
        Event(seq, name, version, datetime.fromisoformat(at), who, kind, json.loads(body), previous, digest)
        for seq, name, version, at, who, kind, body, previous, digest in rows
    )


def _hash(initiative: str, version: int, at: str, who: str, kind: str, body: str, previous: str) -> str:
    return hashlib.sha256(
        "\x1f".join((initiative, str(version), at, who, kind, body, previous)).encode()
    ).hexdigest()


def _conflict(initiative: str, past: list[Event], seen: int, current: int) -> Conflict:
    if not past:
        return Conflict(f"There is no initiative {initiative!r}.", "Look at the list of initiatives.", 0)
    last = next(e for e in reversed(past) if e.kind in CHANGES)
    return Conflict(
        f"{initiative} was changed by {last.who} on {last.at:%-d %B %Y at %H:%M} ({last.kind}), after you opened it: "
        f"it is at version {current}, and you have version {seen}. Nothing was overwritten.",
        "Open it again, look at what changed, and make your change once more.",
        current,
    )


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def write_sealed(path: Path, text: str) -> None:
    """A file that is written once, to the disk, and then read only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(0o400)
