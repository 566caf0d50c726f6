"""What the key service knows: approvals it was shown, revocations, answers it gave, and whether it is switched on."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from goldenthread.vault.errors import VaultError
from goldenthread.vault.private_files import check_private, make_private_folder
from goldenthread.vault.protocol import Approval

RECORD_FILE = "service.sqlite"
_KEPT = ("approval", "revocation", "answer", "switch", "epoch")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS trusted (public BLOB PRIMARY KEY, since TEXT NOT NULL, by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS approval (number INTEGER PRIMARY KEY AUTOINCREMENT, release TEXT NOT NULL, at TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS approval_of ON approval (release, number);
CREATE TABLE IF NOT EXISTS member (release TEXT NOT NULL, pseudonym BLOB NOT NULL, PRIMARY KEY (release, pseudonym)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revocation (release TEXT PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, release TEXT NOT NULL, reader TEXT NOT NULL, role TEXT NOT NULL,
    asked INTEGER NOT NULL, given INTEGER NOT NULL, outcome TEXT NOT NULL, left_out TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS answer_at ON answer (at);
CREATE TABLE IF NOT EXISTS switch (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, state TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS epoch (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, after_approval INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS once (value TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
""" + "\n".join(
    f"CREATE TRIGGER IF NOT EXISTS {t}_{w} BEFORE {w} ON {t} BEGIN SELECT RAISE(ABORT, 'never changed or deleted'); END;"
    for t in _KEPT
    for w in ("UPDATE", "DELETE")
)


class ServiceRecord:
    """The service's own database, beside the vault. Approvals, revocations, answers and switches are only ever added.

    It holds pseudonyms of approved releases, and no identity.
    """

    def __init__(self, vault_dir: Path) -> None:
        self.path = vault_dir / RECORD_FILE

    # -- whom it trusts, and whether it is on

    def trust(self, public: bytes, by: str) -> None:
        """Trust one key that signs approvals, and no other any more."""
        with self._writing() as db:
            db.execute("DELETE FROM trusted")
            db.execute("INSERT INTO trusted VALUES (?, ?, ?)", (public, _now(), by))

    def trusted(self) -> bytes | None:
        """The key that signs approvals; ``None`` before one was named."""
        rows = self._rows("SELECT public FROM trusted")
        return bytes(rows[0][0]) if rows else None

    def turn(self, state: str, by: str, reason: str) -> None:
        """Switch answers ``on`` or ``off``."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO switch (at, state, by, reason) VALUES (?, ?, ?, ?)", (_now(), state, by, reason)
            )

    def is_on(self) -> tuple[bool, str]:
        """Whether it answers, and the reason given when it was last switched."""
        rows = self._rows("SELECT state, reason, by FROM switch ORDER BY number DESC LIMIT 1")
        return (True, "") if not rows else (rows[0][0] == "on", f"{rows[0][1]} ({rows[0][2]})")

    # -- approvals

    def approve(self, approval: Approval, pseudonyms: Iterable[bytes]) -> None:
        """Keep an approval and its people."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO approval (release, at, content) VALUES (?, ?, ?)",
                (approval.release, _now(), json.dumps(asdict(approval), sort_keys=True)),
            )
            db.executemany(
                "INSERT OR IGNORE INTO member VALUES (?, ?)", ((approval.release, p) for p in pseudonyms)
            )

    def approval(self, release: str) -> Approval | None:
        """The approval in force of a release: the last one, unless a backup was restored since."""
        rows = self._rows(
            "SELECT content FROM approval WHERE release = ? AND number > (SELECT coalesce(max(after_approval), 0) FROM epoch)"
            " ORDER BY number DESC LIMIT 1",
            release,
        )
        return Approval(**json.loads(rows[0][0])) if rows else None

    def members(self, release: str) -> set[bytes]:
        """Pseudonyms of an approved release."""
        return {bytes(r[0]) for r in self._rows("SELECT pseudonym FROM member WHERE release = ?", release)}

    def revoke(self, release: str, by: str, reason: str) -> None:
        """End a release for good, and forget who was in it."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO revocation VALUES (?, ?, ?, ?)", (release, _now(), by, reason))
            db.execute("DELETE FROM member WHERE release = ?", (release,))

    def revoked(self, release: str) -> bool:
        """Whether a release was ended."""
        return bool(self._rows("SELECT 1 FROM revocation WHERE release = ?", release))

    def expired(self, now: datetime) -> list[str]:
        """Releases that have expired or were ended, of which people are still kept."""
        with self._open() as db:
            return [
                r
                for (r,) in db.execute("SELECT DISTINCT release FROM member").fetchall()
                if _over(db, r, now)
            ]

    def forget_expired(self, now: datetime) -> int:
        """Forget who was in releases that have expired; returns how many people."""
        gone = 0
        with self._writing() as db:
            for (release,) in db.execute("SELECT DISTINCT release FROM member").fetchall():
                if _over(db, release, now):
                    gone += db.execute("DELETE FROM member WHERE release = ?", (release,)).rowcount
        return gone

    def void_approvals(self) -> None:
        """Approvals shown so far count no longer: each must be shown again. Done when a backup is restored."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO epoch (at, after_approval) VALUES (?, (SELECT coalesce(max(number), 0) FROM approval))",
                (_now(),),
            )

    # -- answers

    def first_use(self, once: str, now: datetime, window: timedelta) -> bool:
        """Whether the number of a request was never seen; old ones are forgotten, which their age makes harmless."""
        with self._writing() as db:
            db.execute("DELETE FROM once WHERE at < ?", ((now - 2 * window).isoformat(),))
            return (
                db.execute("INSERT OR IGNORE INTO once VALUES (?, ?)", (once, now.isoformat())).rowcount == 1
            )

    def log(
        self, release: str, reader: str, role: str, asked: int, given: int, outcome: str, left_out: Mapping[str, int] | None = None
    ) -> None:  # fmt: skip
        """Keep that a question was asked, and how it ended. No identity, no pseudonym."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO answer (at, release, reader, role, asked, given, outcome, left_out) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (_now(), release, reader, role, asked, given, outcome, json.dumps(dict(left_out or {}))),
            )

    def given_since(self, moment: datetime) -> int:
        """How many identities were given since a moment."""
        return int(
            self._rows("SELECT coalesce(sum(given), 0) FROM answer WHERE at >= ?", moment.isoformat())[0][0]
        )

    def answers(self, last: int = 100) -> list[dict[str, Any]]:
        """The newest questions and how they ended, newest first."""
        names = ("number", "at", "release", "reader", "role", "asked", "given", "outcome", "left_out")
        rows = self._rows(f"SELECT {', '.join(names)} FROM answer ORDER BY number DESC LIMIT ?", last)
        return [dict(zip(names, (*row[:-1], json.loads(row[-1])), strict=True)) for row in rows]

    def copy_to(self, path: Path) -> None:
        """Copy the record while it is in use."""
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
        with self._open() as db:
            target = sqlite3.connect(path)
            try:
                db.backup(target)
            finally:
                target.close()

    # -- the file

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._open() as db:
            return db.execute(sql, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        fresh = not self.path.exists()
        try:
            if fresh:
                make_private_folder(self.path.parent)
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            check_private(self.path)
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            try:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA secure_delete = ON")
                if not connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'epoch_DELETE'"
                ).fetchone():
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.executescript(_SCHEMA)
                yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise VaultError(
                f"The key service's record {self.path} cannot be used: {error}.",
                "Make sure that the disk has room and this user may write there, or restore it from its backup.",
            ) from None


def _over(db: sqlite3.Connection, release: str, now: datetime) -> bool:
    sql = "SELECT content FROM approval WHERE release = ? ORDER BY number DESC LIMIT 1"
    row = db.execute(sql, (release,)).fetchone()
    return row is None or Approval(**json.loads(row[0])).expired(now)


def _now() -> str:
    return datetime.now(UTC).isoformat()
