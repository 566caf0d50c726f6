"""Small SQLite files that keep what was decided: private to their owner, and written so that a power cut loses nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldenthread.governance.errors import RecordError

FOLDER = "governance"
_BUSY_SECONDS = 30.0
_SETTLED_NS = 2_000_000_000


def kept_for_good(*tables: str) -> str:
    """Triggers that refuse to change or delete a row of these tables."""
    return "\n".join(
        f"CREATE TRIGGER IF NOT EXISTS {table}_{word} BEFORE {word} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END;"
        for table in tables
        for word in ("UPDATE", "DELETE")
    )


class Database:
    """One SQLite file. A connection is opened for each use, so threads and processes may share the object.

    Reading a file that is not there finds nothing and makes nothing; the first write makes it (mode 0600, its
    folder 0700). Raises ``RecordError`` where the file is open to others, read-only, damaged or locked.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema

    def look(self) -> tuple[object, ...] | None:
        """What changes whenever the file does; ``None`` where it changed so lately that the next look might not tell.

        Clocks of file systems tick coarsely, some once a second, so two writes within a tick could look like one.
        """
        found: list[tuple[int, int, int]] = []
        for path in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            try:
                info = path.stat()
            except OSError:
                continue
            if abs(time.time_ns() - info.st_mtime_ns) < _SETTLED_NS:
                return None
            found.append((info.st_ino, info.st_size, info.st_mtime_ns))
        return tuple(found)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """One view of the file; ``None`` where there is none yet."""
        if not self.path.exists():
            yield None
            return
        with self._plain_errors(), self._connected() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it on the disk, or nothing."""
        with self._plain_errors():
            fresh = not self.path.exists()
            if fresh:
                self._make()
            with self._connected() as connection:
                if fresh:
                    connection.execute("PRAGMA journal_mode = WAL")
                # the schema may be missing where two processes make the file at once, or a newer version adds to it
                if fresh or not self._has_schema(connection):
                    connection.executescript(self._schema)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise

    def _has_schema(self, connection: sqlite3.Connection) -> bool:
        wanted = self._schema.count("CREATE TABLE IF NOT EXISTS") + self._schema.count(
            "CREATE TRIGGER IF NOT"
        )
        kinds = "SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'trigger') AND name NOT LIKE 'sqlite_%'"
        return int(connection.execute(kinds).fetchone()[0]) >= wanted

    def _make(self) -> None:
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._check_private()
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_SECONDS)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()

    def _check_private(self) -> None:
        if os.name != "posix":
            return
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise RecordError(
                f"{self.path} is open to other users (mode {mode:04o}).", f"Close it: chmod 600 {self.path}"
            )

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """SQLite's troubles in plain words. SQLite never quotes parameters, so nothing confidential can show."""
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise RecordError(f"{self.path.name}: {error}.", "What was recorded stays as it is.") from None
        except sqlite3.OperationalError as error:
            text = str(error)
            if "locked" in text or "busy" in text:
                remedy = "Another process is writing to it: try again in a moment."
            elif "readonly" in text or "unable to open" in text:
                remedy = "Make the folder and the file writable by this user. Nothing was recorded."
            else:
                remedy = (
                    "Make sure that the disk has room and this user may write there. Nothing was recorded."
                )
            raise RecordError(f"{self.path} cannot be used: {text}.", remedy) from None
        except sqlite3.DatabaseError as error:
            raise RecordError(
                f"{self.path} is damaged: {error}.",
                "Restore it from a backup, and tell the information governance lead.",
            ) from None
        except OSError as error:
            raise RecordError(
                f"{self.path} cannot be used: {error.strerror}.",
                "Make the folder writable by this user. Nothing was recorded.",
            ) from None
