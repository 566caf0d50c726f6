"""The audit log: who did what, to what, why; entries are only ever added, and each holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from goldenthread.governance.clock import stamp
from goldenthread.governance.database import FOLDER, Database, kept_for_good
from goldenthread.governance.errors import GovernanceError, RecordError
from goldenthread.governance.identifiers import holds_nhs_number, without_nhs_numbers

AUDIT_FILE = "audit.sqlite"
ANCHOR_FILE = "audit.anchors"
ANCHOR_EVERY = 100
GENESIS = "0" * 64
_COLUMNS = ("number", "time", "actor", "role", "scope", "action", "subject", "reason", "detail", "previous")
_ACTION = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)?")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL,
    action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL,
    hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entry_subject ON entry (subject) WHERE subject <> '';
CREATE INDEX IF NOT EXISTS entry_action ON entry (action, number);
{kept_for_good("entry")}
"""


@dataclass(frozen=True)
class Entry:
    """One line of the log. ``subject`` is a token, a release, a practice or a purpose: never a person's identity."""

    number: int
    time: str
    actor: str
    role: str
    scope: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    previous: str = GENESIS
    hash: str = ""

    @property
    def at(self) -> datetime:
        """When, as the machine's clock had it."""
        return datetime.fromisoformat(self.time)

    def expected_hash(self) -> str:
        """SHA-256 over everything in the entry and the hash of the one before."""
        parts = [getattr(self, name) if name != "detail" else dict(self.detail) for name in _COLUMNS]
        text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The entry as plain values."""
        return {name: getattr(self, name) for name in (*_COLUMNS, "hash")} | {"detail": dict(self.detail)}


@dataclass(frozen=True)
class Verdict:
    """What a check of the whole log found: ``problems`` in words, nothing where it is whole.

    ``head`` is "number:hash" of the last entry. Noted somewhere else, it proves later that nothing was cut off.
    """

    entries: int
    head: str
    problems: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class Audit:
    """The audit log of a deployment's folder. Threads and processes may add to it at the same time."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        self._db = Database(self.folder / AUDIT_FILE, _SCHEMA)
        self._anchors = self.folder / ANCHOR_FILE

    def append(
        self,
        action: str,
        *,
        actor: str,
        role: str = "",
        scope: str = "",
        subject: str = "",
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> Entry:
        """Add an entry; it is on the disk when this returns.

        NHS numbers in ``reason`` and ``detail`` are replaced; one in another field raises ``GovernanceError``.
        A clock that ran backwards is noted in the entry: order is by number. Raises ``RecordError`` where
        nothing can be written: then the act must not happen.
        """
        if not _ACTION.fullmatch(action) or not actor.strip():
            raise GovernanceError(
                f"An audit entry needs an action and a person: {action!r} by {actor!r}.", "Say who did what."
            )
        if any(holds_nhs_number(text) for text in (actor, role, scope, subject)):
            raise GovernanceError("An audit entry would hold an NHS number.", "Name the person by a token.")
        clean = _clean(json.loads(json.dumps(dict(detail or {}), ensure_ascii=False, default=str)))
        draft = Entry(
            0, stamp(at), actor.strip(), role, scope, action, subject, without_nhs_numbers(reason), clean
        )
        with self._db.writing() as connection:
            last = connection.execute(
                "SELECT number, time, hash FROM entry ORDER BY number DESC LIMIT 1"
            ).fetchone()
            number, previous = (1, GENESIS) if last is None else (int(last[0]) + 1, str(last[2]))
            if last is not None and draft.time < last[1]:
                back = (datetime.fromisoformat(last[1]) - draft.at).total_seconds()
                draft = replace(draft, detail={**draft.detail, "clock_back_seconds": round(back, 3)})
            draft = replace(draft, number=number, previous=previous)
            entry = replace(draft, hash=draft.expected_hash())
            connection.execute(
                f"INSERT INTO entry ({', '.join(_COLUMNS)}, hash) VALUES ({', '.join('?' * 11)})",
                (
                    entry.number, entry.time, entry.actor, entry.role, entry.scope, entry.action, entry.subject, entry.reason,
                    _text(entry.detail), entry.previous, entry.hash,
                ),
            )  # fmt: skip
            # an entry is anchored when the next is made: by then it is on the disk, whatever is killed
            if (
                last is not None
                and (previous_number := int(last[0]))
                and (previous_number % ANCHOR_EVERY == 0 or last[1][:10] != entry.time[:10])
            ):
                self._anchor(previous_number, previous, last[1])
        return entry

    def entries(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        subjects: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Entry]:
        """Entries that meet every filter, in the order they were made. ``action`` may end in ``.*`` for a family."""
        where, values = ["TRUE"], list[Any]()
        for name, value in (("actor", actor), ("subject", subject)):
            if value is not None:
                where.append(f"{name} = ?")
                values.append(value)
        if action is not None:
            family = action.endswith(".*")
            where.append("action LIKE ? ESCAPE '\\'" if family else "action = ?")
            values.append(action[:-1].replace("_", r"\_") + "%" if family else action)
        for sign, moment in ((">=", since), ("<", until)):
            if moment is not None:
                where.append(f"time {sign} ?")
                values.append(stamp(moment))
        if subjects is not None:
            listed = json.dumps(sorted(set(subjects)))
            where.append("subject IN (SELECT value FROM json_each(?))")
            values.append(listed)
        order = "DESC" if newest_first else "ASC"
        sql = f"SELECT {', '.join(_COLUMNS)}, hash FROM entry WHERE {' AND '.join(where)} ORDER BY number {order}"
        if limit is not None:
            sql += f" LIMIT {int(limit)}"
        with self._db.reading() as connection:
            return (
                []
                if connection is None
                else [_entry(row) for row in connection.execute(sql, values).fetchall()]
            )

    def verify(self, noted: Iterable[str] = ()) -> Verdict:
        """Check every hash, the numbering, and the anchors; ``noted`` are heads ("number:hash") kept elsewhere."""
        problems: list[str] = []
        hashes: dict[int, str] = {}
        previous, expected = GENESIS, 1
        try:
            for entry in self._all():
                if entry.number != expected:
                    problems.append(f"entries {expected} to {entry.number - 1} are missing")
                if entry.previous != previous:
                    problems.append(f"entry {entry.number} does not follow from the one before it")
                if entry.hash != entry.expected_hash():
                    problems.append(f"entry {entry.number} has been changed")
                hashes[entry.number] = previous = entry.hash
                expected = entry.number + 1
        except RecordError as error:
            problems.append(error.message)
        except (ValueError, TypeError):
            problems.append(f"entry {expected} cannot be read: it has been changed")
        last = max(hashes, default=0)
        if last < self._sequence():
            problems.append(f"entries after {last} have been cut off: there were {self._sequence()}")
        problems += self._against(hashes, self._anchored(), "the anchor file")
        problems += self._against(hashes, noted, "the head that was noted")
        head = f"{last}:{hashes.get(last, GENESIS)}"
        return Verdict(len(hashes), head, tuple(dict.fromkeys(problems)))

    def _against(self, hashes: Mapping[int, str], heads: Iterable[str], where: str) -> Iterator[str]:
        for head in heads:
            number, _, digest = head.strip().partition(":")
            if not number.isdigit() or not re.fullmatch(r"[0-9a-f]{64}", digest):
                yield f"{where} holds a line that is no head: {head.strip()[:40]!r}"
            elif hashes.get(int(number), GENESIS) != digest:
                gone = int(number) not in hashes
                yield f"entry {number} {'is gone' if gone else 'is not the one'} that {where} knows"

    def _all(self) -> Iterator[Entry]:
        with self._db.reading() as connection:
            if connection is not None:
                for row in connection.execute(
                    f"SELECT {', '.join(_COLUMNS)}, hash FROM entry ORDER BY number"
                ):
                    yield _entry(row)

    def _sequence(self) -> int:
        try:
            with self._db.reading() as connection:
                if connection is None:
                    return 0
                row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
                return int(row[0]) if row else 0
        except RecordError:  # already among the problems
            return 0

    def _anchored(self) -> list[str]:
        try:
            lines = self._anchors.read_text("ascii").splitlines()
        except FileNotFoundError:
            return []
        except UnicodeDecodeError:
            return ["?"]
        return [line.split()[0] for line in lines if line.strip()]

    def _anchor(self, number: int, digest: str, time: str) -> None:
        descriptor = os.open(self._anchors, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as stream:
            stream.write(f"{number}:{digest} {time}\n")
            stream.flush()
            os.fsync(stream.fileno())


def _entry(row: sqlite3.Row | tuple[Any, ...]) -> Entry:
    number, time, actor, role, scope, action, subject, reason, detail, previous, digest = row
    return Entry(
        number, time, actor, role, scope, action, subject, reason, json.loads(detail), previous, digest
    )  # fmt: skip


def _clean(value: Any) -> Any:
    """The value with NHS numbers replaced, however deep they stand and whether typed as text or as a number."""
    match value:
        case dict():
            return {without_nhs_numbers(k): _clean(v) for k, v in value.items()}
        case list():
            return [_clean(v) for v in value]
        case str():
            return without_nhs_numbers(value)
        case int() if not isinstance(value, bool) and holds_nhs_number(str(value)):
            return without_nhs_numbers(str(value))
    return value


def _text(detail: Mapping[str, Any]) -> str:
    return json.dumps(dict(detail), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
