"""The register: which practice shares what, for which purpose, from when to when, and who decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from goldenthread.governance.clock import now, stamp
from goldenthread.governance.database import FOLDER, Database, kept_for_good
from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.feeds import ALL_FEEDS, feed_name, feeds
from goldenthread.governance.identifiers import without_nhs_numbers
from goldenthread.governance.purposes import Purpose, named_purpose

if TYPE_CHECKING:
    from goldenthread.governance.audit import Audit

REGISTER_FILE = "register.sqlite"
Verb = Literal["agreed", "withdrawn"]
DocumentKind = Literal["dpia", "agreement", "approval", "notice", "other"]
DOCUMENT_KINDS: tuple[DocumentKind, ...] = ("dpia", "agreement", "approval", "notice", "other")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS decision (
    number INTEGER PRIMARY KEY AUTOINCREMENT, recorded_at TEXT NOT NULL, practice TEXT NOT NULL, purpose TEXT NOT NULL,
    feed TEXT NOT NULL, verb TEXT NOT NULL CHECK (verb IN ('agreed', 'withdrawn')), starts TEXT NOT NULL, ends TEXT,
    decided_by TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decision_of ON decision (purpose, practice, number);
CREATE TABLE IF NOT EXISTS document (
    number INTEGER PRIMARY KEY AUTOINCREMENT, recorded_at TEXT NOT NULL, purpose TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
    place TEXT NOT NULL, signed TEXT, review TEXT, recorded_by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS terms (
    number INTEGER PRIMARY KEY AUTOINCREMENT, recorded_at TEXT NOT NULL, purpose TEXT NOT NULL, feeds TEXT NOT NULL,
    retention_days INTEGER NOT NULL, decided_by TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS retention_run (
    number INTEGER PRIMARY KEY AUTOINCREMENT, recorded_at TEXT NOT NULL, run_by TEXT NOT NULL, detail TEXT NOT NULL);
{kept_for_good("decision", "document", "terms", "retention_run")}
"""


@dataclass(frozen=True)
class Decision:
    """What a practice decided. ``ends`` is the last day of an agreement, ``None`` where it has no end."""

    number: int
    recorded_at: str
    practice: str
    purpose: str
    feed: str
    verb: Verb
    starts: date
    ends: date | None
    decided_by: str
    reason: str

    def shares_on(self, day: date) -> bool:
        """Whether this decision, were it the last, would let the record be used on a day.

        A withdrawal holds from its first day. Before it, what was agreed earlier still stands, so it is
        read by ``Register.in_force`` together with the decision before.
        """
        return self.verb == "agreed" and self.starts <= day and (self.ends is None or day <= self.ends)


@dataclass(frozen=True)
class Document:
    """A paper on which a purpose rests: where it is kept, when it was signed, and when it must be looked at again."""

    number: int
    recorded_at: str
    purpose: str
    kind: str
    title: str
    place: str
    signed: date | None
    review: date | None
    recorded_by: str

    def overdue_on(self, day: date) -> bool:
        """Whether its review date has passed."""
        return self.review is not None and self.review < day


@dataclass(frozen=True)
class Terms:
    """Which feeds a purpose may use, and how long what was made for it is kept."""

    purpose: str
    feeds: frozenset[str]
    retention_days: int
    decided_by: str = ""
    reason: str = "As shipped"
    recorded_at: str = ""


@dataclass(frozen=True)
class Shares:
    """What one practice has decided for one purpose, as it stands on a day: the feeds it shares, and those it does not.

    A feed that it never decided about is in neither.
    """

    practice: str
    shared: frozenset[str]
    withheld: frozenset[str]
    why: str = ""
    latest: Decision | None = field(default=None, compare=False)


class Register:
    """The register of a deployment's folder. Nothing in it is ever changed: a new decision is a new row.

    Every decision is written to the audit log as well.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = Database(home / FOLDER / REGISTER_FILE, _SCHEMA)

    @cached_property
    def audit(self) -> Audit:
        """The audit log of the same folder."""
        from goldenthread.governance.audit import Audit  # only what is recorded needs it

        return Audit(self.home)

    @classmethod
    def open(cls, home: Path) -> Register:
        """The register of a folder. Nothing is made before something is recorded."""
        return cls(home)

    # -- agreements

    def agree(
        self, practice: str, purpose: str, *, by: str, reason: str, feed: str = ALL_FEEDS,
        start: date | None = None, end: date | None = None, role: str = "",
    ) -> Decision:  # fmt: skip
        """Record that a practice shares a feed (or all) for a purpose. ``by`` is who decided, ``end`` the last day."""
        return self.adopt(
            [practice], [purpose], by=by, reason=reason, feed=feed, start=start, end=end, role=role
        )[0]

    def withdraw(
        self, practice: str, purpose: str, *, by: str, reason: str, feed: str = ALL_FEEDS,
        start: date | None = None, role: str = "",
    ) -> Decision:  # fmt: skip
        """Record that a practice shares a feed (or all) no longer. It holds at once, from the next question on."""
        return self._record("withdrawn", [practice], [purpose], by, reason, feed, start, None, role)[0]

    def adopt(
        self, practices: Iterable[str], purposes: Iterable[str], *, by: str, reason: str, feed: str = ALL_FEEDS,
        start: date | None = None, end: date | None = None, role: str = "",
    ) -> list[Decision]:  # fmt: skip
        """Record one agreement for each practice and purpose, all of them or none."""
        return self._record("agreed", practices, purposes, by, reason, feed, start, end, role)

    def decisions(self, purpose: str | Purpose | None = None, practice: str | None = None) -> list[Decision]:
        """Every decision in the order in which they were recorded."""
        where = "TRUE" if purpose is None else "purpose = :purpose"
        where += "" if practice is None else " AND practice = :practice"
        values = {"purpose": None if purpose is None else named_purpose(purpose).name, "practice": practice}
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                f"SELECT * FROM decision WHERE {where} ORDER BY number", values
            ).fetchall()
        return [_decision(row) for row in rows]

    def in_force(self, purpose: str | Purpose, day: date) -> Mapping[str, Shares]:
        """What each practice that ever decided shares on a day; a practice that never decided is not in it.

        For each feed the latest decision about it, or about all feeds, counts; a withdrawal or an agreement that
        begins later than ``day`` does not count yet.
        """
        found: dict[str, dict[str, Decision]] = {}
        for one in self.decisions(purpose):
            if one.starts > day:
                continue
            latest = found.setdefault(one.practice, {})
            for name in feeds() if one.feed == ALL_FEEDS else (one.feed,):
                latest[name] = one
        answer = {}
        for practice, latest in sorted(found.items()):
            shared = frozenset(n for n, d in latest.items() if d.shares_on(day))
            last = max(latest.values(), key=lambda d: d.number)
            why = _why(latest.values(), day)
            answer[practice] = Shares(practice, shared, frozenset(latest) - shared, why, last)
        return answer

    def state_hash(self, purpose: str | Purpose, day: date) -> str:
        """A fingerprint of what is shared for a purpose on a day: it changes when an answer may change."""
        terms = self.terms(purpose)
        state = [
            [p, sorted(s.shared), sorted(s.withheld)] for p, s in self.in_force(purpose, day).items()
        ]  # fmt: skip
        text = json.dumps([named_purpose(purpose).name, sorted(terms.feeds), state])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    # -- papers and terms

    def add_document(
        self, purpose: str, kind: DocumentKind, title: str, *, place: str, by: str,
        signed: date | None = None, review: date | None = None,
    ) -> Document:  # fmt: skip
        """Record a paper: a DPIA, an agreement, an approval, a notice. ``place`` says where it is kept."""
        name = named_purpose(purpose).name
        if kind not in DOCUMENT_KINDS:
            raise GovernanceError(
                f"There is no kind of document {kind!r}.", f"Use one of {', '.join(DOCUMENT_KINDS)}."
            )
        _said(by=by, title=title, place=place)
        at, title, place, by = stamp(), title.strip(), place.strip(), by.strip()
        with self.database.writing() as connection:
            number = connection.execute(
                "INSERT INTO document (recorded_at, purpose, kind, title, place, signed, review, recorded_by)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    at,
                    name,
                    kind,
                    title,
                    place,
                    signed and signed.isoformat(),
                    review and review.isoformat(),
                    by,
                ),
            ).lastrowid
            self.audit.append(
                "purpose.document",
                actor=by,
                subject=name,
                detail={"kind": kind, "title": title, "review": review},
            )
        return Document(int(number or 0), at, name, kind, title, place, signed, review, by)

    def documents(self, purpose: str | None = None) -> list[Document]:
        """Papers by purpose, in the order they were recorded."""
        wanted = named_purpose(purpose).name if purpose is not None else None
        with self.database.reading() as connection:
            rows = (
                connection.execute("SELECT * FROM document ORDER BY number").fetchall() if connection else []
            )
        found = [_document(row) for row in rows]
        return [d for d in found if wanted in (None, d.purpose)]

    def set_terms(
        self, purpose: str, *, feeds: Iterable[str], retention_days: int, by: str, reason: str
    ) -> Terms:
        """Say which feeds a purpose may use, and for how many days what was made for it is kept."""
        name = named_purpose(purpose).name
        chosen = {feed_name(f) for f in feeds}
        names = frozenset(_every_feed() if ALL_FEEDS in chosen else chosen)
        if "gp" not in names:
            raise GovernanceError(
                "A purpose needs the GP record: it says who people are.", "Add gp to the feeds."
            )
        if not 1 <= retention_days <= 36_525:
            raise GovernanceError(
                f"{retention_days} days is not a time to keep something.", "Give 1 day to 100 years."
            )
        _said(by=by, reason=reason)
        made = Terms(name, names, retention_days, by.strip(), without_nhs_numbers(reason.strip()), stamp())
        with self.database.writing() as connection:
            connection.execute(
                "INSERT INTO terms (recorded_at, purpose, feeds, retention_days, decided_by, reason) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    made.recorded_at,
                    name,
                    json.dumps(sorted(names)),
                    retention_days,
                    made.decided_by,
                    made.reason,
                ),
            )
            self.audit.append(
                "purpose.terms", actor=by, subject=name, reason=reason,
                detail={"feeds": sorted(names), "retention_days": retention_days},
            )  # fmt: skip
        return made

    def terms(self, purpose: str | Purpose) -> Terms:
        """The terms in force; without any recorded, every feed, and eight years (NHS records code, audit of care)."""
        name = named_purpose(purpose).name
        with self.database.reading() as connection:
            row = (
                connection
                and connection.execute(
                    "SELECT feeds, retention_days, decided_by, reason, recorded_at FROM terms WHERE purpose = ?"
                    " ORDER BY number DESC LIMIT 1",
                    (name,),
                ).fetchone()
            )
        if not row:
            return Terms(name, frozenset(_every_feed()), DEFAULT_RETENTION_DAYS)
        return Terms(name, frozenset(json.loads(row[0])), int(row[1]), *row[2:])

    # -- inside the room

    def _record(
        self, verb: Verb, practices: Iterable[str], purposes: Iterable[str], by: str, reason: str, feed: str,
        start: date | None, end: date | None, role: str,
    ) -> list[Decision]:  # fmt: skip
        feed = feed_name(feed)
        names = [named_purpose(p).name for p in purposes]
        listed = list(dict.fromkeys(_practice(p) for p in practices))
        _said(by=by, reason=reason)
        begin = start or date.min
        if end is not None and end < (start or now().date()):
            raise GovernanceError(
                f"An agreement cannot end on {end.isoformat()}, before it begins.", "Give a later last day."
            )
        reason = without_nhs_numbers(reason.strip())
        made = []
        with self.database.writing() as connection:
            for practice in listed:
                for name in names:
                    row = (
                        stamp(),
                        practice,
                        name,
                        feed,
                        verb,
                        begin.isoformat(),
                        end and end.isoformat(),
                        by.strip(),
                        reason,
                    )
                    number = connection.execute(
                        "INSERT INTO decision (recorded_at, practice, purpose, feed, verb, starts, ends, decided_by, reason)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        row,
                    ).lastrowid
                    made.append(_decision((number, *row)))
            # one entry for one act; if it cannot be written, nothing is recorded
            self.audit.append(
                f"agreement.{verb}", actor=by, role=role, scope=listed[0] if len(listed) == 1 else "",
                subject=names[0] if len(names) == 1 else "", reason=reason,
                detail={"practices": listed, "purposes": names, "feed": feed, "start": start, "end": end},
            )  # fmt: skip
        return made


DEFAULT_RETENTION_DAYS = 8 * 365 + 2


def _every_feed() -> Iterator[str]:
    return iter(feeds())


def _practice(code: str) -> str:
    text = code.strip().upper()
    if not (text.isalnum() and text.isascii() and len(text) <= 12):
        raise GovernanceError(
            f"{code!r} is not the code of a practice.", "Give its ODS code, such as Z00001."
        )
    return text


def _said(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            asked = {
                "by": "who decided",
                "reason": "why",
                "title": "what it is called",
                "place": "where it is kept",
            }
            raise GovernanceError(f"The record does not say {asked[name]}.", f"Give it: {name}.")


def _why(latest: Iterable[Decision], day: date) -> str:
    decisions = list(latest)
    if any(d.verb == "withdrawn" for d in decisions):
        return "withdrawn"
    return "expired" if any(d.ends is not None and d.ends < day for d in decisions) else ""


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _document(row: tuple[Any, ...]) -> Document:
    number, recorded_at, purpose, kind, title, place, signed, review, by = row
    return Document(number, recorded_at, purpose, kind, title, place, _day(signed), _day(review), by)


def _decision(row: tuple[Any, ...]) -> Decision:
    number, recorded_at, practice, purpose, feed, verb, starts, ends, by, reason = row
    return Decision(
        number, recorded_at, practice, purpose, feed, verb, date.fromisoformat(starts), _day(ends), by, reason
    )
