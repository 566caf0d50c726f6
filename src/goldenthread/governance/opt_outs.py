"""National data opt-outs: asked for at disclosure, kept for a few days under keyed hashes, and never on a person."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from goldenthread.governance.audit import Audit
from goldenthread.governance.clock import now, stamp
from goldenthread.governance.database import FOLDER, Database
from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.opt_out_exchange import OUT, OptOutExchange, wipe
from goldenthread.governance.opt_out_files import read_reply, request_name
from goldenthread.governance.purposes import Purpose, named_purpose

CACHE_FILE, KEY_FILE = "opt_outs.sqlite", "opt_outs.key"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS known (digest BLOB PRIMARY KEY, may_use INTEGER NOT NULL, checked_at TEXT NOT NULL, expires_at TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS request (
    name TEXT PRIMARY KEY, made_at TEXT NOT NULL, purpose TEXT NOT NULL, people INTEGER NOT NULL, state TEXT NOT NULL, usable INTEGER);
"""


@dataclass(frozen=True)
class Cleared:
    """Who may be disclosed. ``opted_out`` and ``not_asked`` are counts; whoever was not asked about stays out."""

    usable: frozenset[bytes]
    opted_out: int
    not_asked: int

    @property
    def words(self) -> str:
        """Who is left out, and what to do."""
        if not self.opted_out and not self.not_asked:
            return "National data opt-outs: nobody is left out."
        parts = [f"{self.opted_out:,} have opted out"] if self.opted_out else []
        if self.not_asked:
            parts.append(
                f"{self.not_asked:,} have not been asked about lately: goldenthread opt-outs request"
            )
        return f"National data opt-outs: {'; '.join(parts)}."


@dataclass(frozen=True)
class OptOutRequest:
    """One file that was sent: ``state`` is sent, answered or refused."""

    name: str
    made_at: str
    purpose: str
    people: int
    state: str
    usable: int | None


class OptOuts:
    """The cache of a deployment's folder, and the exchange folder that holds NHS numbers while an answer is awaited.

    The cache knows keyed hashes of pseudonyms, until when each answer holds, and nothing else: without the key beside it
    nobody's entry can be found, and after ``days`` there is none.
    """

    def __init__(self, home: Path, days: int = 7, clock: Callable[[], datetime] = now) -> None:
        self.days, self._clock = days, clock
        self._folder = home / FOLDER
        self.exchange = home / "vault" / "opt-outs"
        self._files = OptOutExchange(self.exchange)
        self.audit = Audit(home)
        self._db = Database(self._folder / CACHE_FILE, _SCHEMA)

    # -- the exchange

    def request(
        self, numbers: Iterable[str], *, mailbox: str, purpose: str, by: str, day: date | None = None
    ) -> Path:
        """Write a request for these NHS numbers and return its path; send it by MESH, workflow SPINE_NTT_UPHOLDING."""
        listed = sorted(set(numbers))
        if not listed:
            raise GovernanceError("There is nobody to ask about.", "Everybody's answer is still known.")

        written: list[Path] = []

        def write(name: str) -> int:
            many = self._files.write(name, listed)
            written.append(self.exchange / OUT / f"{name}.dat")
            return many

        try:
            self.ask(write, mailbox=mailbox, purpose=purpose, by=by, day=day)
        except BaseException:
            for path in written:
                wipe(path)
            raise
        return written[0]

    def ask(
        self, write: Callable[[str], int], *, mailbox: str, purpose: str, by: str, role: str = "", day: date | None = None
    ) -> str:  # fmt: skip
        """Record a request that ``write`` writes under the name it is given (it says how many people it asks about); returns that name.

        For who holds no NHS numbers: the key service writes the file.
        """
        name_of_purpose = named_purpose(purpose).name
        self.forget_expired()
        with self._db.writing() as db:
            sent_before = db.execute("SELECT count(*) FROM request").fetchone()[0]
            name = request_name(mailbox, day or self._clock().date(), sent_before % 9999 + 1)
            people = write(name)
            row = (name, stamp(), name_of_purpose, people)
            db.execute("INSERT INTO request VALUES (?, ?, ?, ?, 'sent', NULL)", row)
            self.audit.append(
                "opt_outs.requested", actor=by, role=role, subject=name,
                detail={"people": people, "purpose": name_of_purpose},
            )  # fmt: skip
        return name

    def read(
        self, reply: Path, name: str, pseudonyms_of: Callable[[list[str]], list[bytes]], *, by: str
    ) -> Cleared:
        """Take up the reply to a request. Whoever is not in it has opted out.

        ``pseudonyms_of`` gives the pseudonyms of NHS numbers: it is the vault's, and is called once. Both files are
        deleted afterwards. A reply that cannot be believed is set aside, and nothing changes.
        """
        if not (self.exchange / OUT / f"{name}.dat").exists():
            raise GovernanceError(
                f"No request {name!r} waits for a reply.", "`goldenthread opt-outs status` lists them."
            )
        if not reply.is_file():
            raise GovernanceError(f"There is no file {reply}.", "Give the file that came by MESH.")
        sent = self._files.sent(name)
        try:
            usable = read_reply(reply, sent)
        except GovernanceError as error:
            self._files.set_aside(reply, name)
            self.refused(name, by=by, why=error.message)
            raise
        people = pseudonyms_of(sent)
        found = self.take({p: n in usable for n, p in zip(sent, people, strict=True)}, name, by=by)
        wipe(reply)
        self._files.done(name)
        return found

    def take(self, may_use: Mapping[bytes, bool], name: str, *, by: str, role: str = "") -> Cleared:
        """Take up answers to a request, by pseudonym. The files are the key service's to delete afterwards."""
        self.remember(may_use)
        usable = frozenset(p for p, may in may_use.items() if may)
        with self._db.writing() as db:
            db.execute(
                "UPDATE request SET state = 'answered', usable = ? WHERE name = ?", (len(usable), name)
            )
            self.audit.append(
                "opt_outs.answered", actor=by, role=role, subject=name,
                detail={"people": len(may_use), "usable": len(usable), "days": self.days},
            )  # fmt: skip
        return Cleared(usable, len(may_use) - len(usable), 0)

    def refused(self, name: str, *, by: str, why: str, role: str = "") -> None:
        """Note that a reply was not believed and was set aside."""
        with self._db.writing() as db:
            db.execute("UPDATE request SET state = 'refused' WHERE name = ?", (name,))
        self.audit.append("opt_outs.refused", actor=by, role=role, subject=name, reason=why)

    def requests(self) -> list[OptOutRequest]:
        """Requests, newest first."""
        with self._db.reading() as db:
            rows = (
                db.execute("SELECT * FROM request ORDER BY made_at DESC, name DESC").fetchall() if db else []
            )
        return [OptOutRequest(*row) for row in rows]

    # -- the cache

    def remember(self, may_use: Mapping[bytes, bool]) -> None:
        """Keep answers until they expire."""
        checked = self._clock()
        expires = checked + timedelta(days=self.days)
        key = self._key(make=True)
        with self._db.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)",
                ((_digest(key, p), int(may), stamp(checked), stamp(expires)) for p, may in may_use.items()),
            )

    def cleared(self, pseudonyms: Iterable[bytes], purpose: str | Purpose) -> Cleared:
        """Who of these people may be disclosed for a purpose. Everybody, where the purpose is one that the opt-out does not touch."""
        people = list(dict.fromkeys(pseudonyms))
        if not named_purpose(purpose).national_opt_out:
            return Cleared(frozenset(people), 0, 0)
        known = self._known(people)
        usable = frozenset(p for p in people if known.get(p) is True)
        opted_out = sum(1 for may in known.values() if not may)
        return Cleared(usable, opted_out, len(people) - len(known))

    def not_known(self, pseudonyms: Iterable[bytes]) -> list[bytes]:
        """Who of these people must be asked about."""
        people = list(dict.fromkeys(pseudonyms))
        known = self._known(people)
        return [p for p in people if p not in known]

    def forget_expired(self) -> int:
        """Delete answers that no longer hold; returns how many."""
        if not self._db.path.exists():
            return 0
        with self._db.writing() as db:
            return db.execute("DELETE FROM known WHERE expires_at <= ?", (stamp(self._clock()),)).rowcount

    def expired(self) -> int:
        """How many answers no longer hold and are still in the file."""
        with self._db.reading() as db:
            sql = "SELECT count(*) FROM known WHERE expires_at <= ?"
            return int(db.execute(sql, (stamp(self._clock()),)).fetchone()[0]) if db else 0

    def kept(self) -> tuple[int, str]:
        """How many answers are kept, and when the last of them expires ('' where there are none)."""
        with self._db.reading() as db:
            row = (
                db.execute("SELECT count(*), coalesce(max(expires_at), '') FROM known").fetchone()
                if db
                else (0, "")
            )
        return int(row[0]), str(row[1])

    def _known(self, people: list[bytes]) -> dict[bytes, bool]:
        key, moment = self._key(), stamp(self._clock())
        found: dict[bytes, bool] = {}
        with self._db.reading() as db:
            if db is None or not key:
                return {}
            for some in _batched(people, 500):
                by_digest = {_digest(key, p): p for p in some}
                # an answer from the future is one of a clock that was wrong
                rows = db.execute(
                    "SELECT digest, may_use FROM known WHERE checked_at <= ? AND ? < expires_at"
                    f" AND digest IN ({', '.join('?' * len(by_digest))})",
                    (moment, moment, *by_digest),
                )
                found |= {by_digest[bytes(digest)]: bool(may) for digest, may in rows}
        return found

    def _key(self, make: bool = False) -> bytes:
        path = self._folder / KEY_FILE
        if not path.exists() and make:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(secrets.token_bytes(32))
        return path.read_bytes() if path.exists() else b""


def _batched(people: Sequence[bytes], many: int) -> Iterator[Sequence[bytes]]:
    return (people[n : n + many] for n in range(0, len(people), many))


def _digest(key: bytes, pseudonym: bytes) -> bytes:
    return hashlib.blake2b(pseudonym, key=key, digest_size=16, person=b"ndoo-cache").digest()
