"""Releases: a list is asked for by one person, allowed by another who holds the practice's authority, and ends by itself.

A release is (who asked, role, practice, cohort version, purpose, expiry). Each practice decides for its own patients. Facts
about a release are only ever added; its state is read from them, so that nothing can be replayed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from goldenthread.governance.audit import Audit
from goldenthread.governance.clock import stamp
from goldenthread.governance.database import FOLDER, Database, kept_for_good
from goldenthread.governance.errors import GovernanceError, NotThereError
from goldenthread.governance.identifiers import without_nhs_numbers
from goldenthread.governance.purposes import named_purpose

RELEASES_FILE = "releases.sqlite"
LONGEST_DAYS = 366
FEWEST_PEOPLE = 5
State = Literal["requested", "approved", "refused", "revoked", "expired", "stopped"]
Verb = Literal["requested", "approved", "refused", "revoked", "extended", "reissued", "stopped", "resumed"]
EVERYWHERE = "*"
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_FAIR = 256 - 256 % len(_LETTERS)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS release (
    id TEXT PRIMARY KEY, requested_at TEXT NOT NULL, requested_by TEXT NOT NULL, role TEXT NOT NULL, cohort TEXT NOT NULL,
    definition_hash TEXT NOT NULL, title TEXT NOT NULL, reason TEXT NOT NULL, purpose TEXT NOT NULL, worked_by TEXT NOT NULL,
    initiative TEXT NOT NULL, expires TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, release TEXT NOT NULL, practice TEXT NOT NULL, verb TEXT NOT NULL,
    by TEXT NOT NULL, role TEXT NOT NULL, reason TEXT NOT NULL, until TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_of ON event (release, practice, number);
CREATE TABLE IF NOT EXISTS token (
    token TEXT PRIMARY KEY, release TEXT NOT NULL, practice TEXT NOT NULL, issue INTEGER NOT NULL, pseudonym BLOB NOT NULL,
    UNIQUE (release, practice, issue, pseudonym));
{kept_for_good("release", "event", "token")}
"""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a practice's part of a release. ``until`` is the last day it gave, where it gave one."""

    number: int
    at: str
    release: str
    practice: str
    verb: Verb
    by: str
    role: str
    reason: str
    until: date | None


@dataclass(frozen=True)
class Part:
    """One practice's part of a release, as it stands on a day."""

    release: str
    practice: str
    state: State
    until: date
    issue: int
    events: tuple[Event, ...]

    @property
    def open(self) -> bool:
        """Whether identities may be shown."""
        return self.state == "approved"

    @property
    def decided(self) -> Event | None:
        """The practice's own decision."""
        return next((e for e in reversed(self.events) if e.verb in ("approved", "refused")), None)


@dataclass(frozen=True)
class Release:
    """What was asked for, by whom and why."""

    id: str
    requested_at: str
    requested_by: str
    role: str
    cohort: str
    definition_hash: str
    title: str
    reason: str
    purpose: str
    worked_by: str
    initiative: str
    expires: date


class Releases:
    """The releases of a deployment's folder. ``today`` is the day on which expiry is judged."""

    def __init__(self, home: Path, today: date) -> None:
        self.audit = Audit(home)
        self.today = today
        self.database = Database(home / FOLDER / RELEASES_FILE, _SCHEMA)

    # -- asking

    def request(
        self, *, cohort: str, definition_hash: str, people: int, title: str, reason: str, purpose: str, practices: Iterable[str],
        expires: date, worked_by: str, by: str, role: str, initiative: str = "",
    ) -> Release:  # fmt: skip
        """Ask for a list of a frozen cohort. ``people`` is its size, which is not kept here.

        Raises ``GovernanceError`` for a purpose that does not let anybody be identified, an expiry that has passed or lies
        more than a year away, no practice, no reason, or a cohort so small that the question itself names people.
        """
        chosen = named_purpose(purpose)
        if chosen.tier != "identifiable":
            raise GovernanceError(
                f"{chosen.title} does not let anybody be identified.",
                "Lists are released for direct care alone.",
            )
        if people < FEWEST_PEOPLE:
            raise GovernanceError(
                f"This cohort has fewer than {FEWEST_PEOPLE} people: asking for it would say who they are.",
                "Widen the cohort, or let the practice look for these patients in its own system.",
            )
        listed = sorted(set(practices))
        if not listed:
            raise GovernanceError("No practice was chosen.", "Choose the practices whose patients these are.")
        self._check_expiry(expires)
        for name, text in (
            ("why", reason),
            ("what the list is called", title),
            ("who will work it", worked_by),
        ):
            if not text.strip():
                raise GovernanceError(f"The request does not say {name}.", "Say it in a sentence.")
        made = Release(
            _random(), stamp(), by, role, cohort, definition_hash, _clean(title), _clean(reason),
            chosen.name, _clean(worked_by), initiative, expires,
        )  # fmt: skip
        with self.database.writing() as connection:
            connection.execute(
                f"INSERT INTO release VALUES ({', '.join('?' * 12)})",
                (
                    *(getattr(made, n) for n in Release.__dataclass_fields__ if n != "expires"),
                    expires.isoformat(),
                ),
            )
            for practice in listed:
                self._add(connection, made.id, practice, "requested", by, role, made.reason, expires)
            self.audit.append(
                "release.requested", actor=by, role=role, subject=made.id, reason=made.reason,
                detail={"cohort": cohort, "practices": listed, "purpose": chosen.name, "until": expires, "worked_by": made.worked_by},
            )  # fmt: skip
        return made

    # -- deciding: by somebody who holds the practice's authority; the caller has checked that they do

    def approve(self, release: str, practice: str, *, by: str, role: str, reason: str = "") -> Part:
        """The practice allows its part. Nobody allows what they asked for, and nothing is allowed twice."""
        return self._decide(release, practice, "approved", by, role, reason)

    def refuse(self, release: str, practice: str, *, by: str, role: str, reason: str) -> Part:
        """The practice does not allow its part."""
        return self._decide(release, practice, "refused", by, role, reason, needs_reason=True)

    def revoke(self, release: str, practice: str, *, by: str, role: str, reason: str) -> Part:
        """Close a list that is open; it shows nobody from now on."""
        return self._move(release, practice, "revoked", ("approved", "stopped"), by, role, reason)

    def extend(self, release: str, practice: str, until: date, *, by: str, role: str, reason: str) -> Part:
        """Give an open or expired list a later last day."""
        self._check_expiry(until)
        part = self.part(release, practice)
        if until <= part.until:
            raise GovernanceError(f"The list ends on {part.until.isoformat()} already.", "Give a later day.")
        self._not_own(release, by)
        return self._move(release, practice, "extended", ("approved", "expired"), by, role, reason, until)

    def reissue(self, release: str, practice: str, *, by: str, role: str, reason: str) -> Part:
        """Give every patient a new token: what was written with the old ones opens nothing any more."""
        return self._move(release, practice, "reissued", ("approved",), by, role, reason)

    def stop(self, *, by: str, role: str, reason: str, practice: str = EVERYWHERE) -> None:
        """Emergency stop for one practice, or for all: no list opens until it is lifted."""
        self._switch("stopped", practice, by, role, reason)

    def resume(self, *, by: str, role: str, reason: str, practice: str = EVERYWHERE) -> None:
        """Lift an emergency stop."""
        self._switch("resumed", practice, by, role, reason)

    # -- reading

    def all(self) -> list[Release]:
        """Every release, the newest first."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT * FROM release ORDER BY requested_at DESC, id").fetchall()
        return [_release(row) for row in rows]

    def get(self, release: str) -> Release:
        """One release; ``GovernanceError`` where there is none such."""
        with self.database.reading() as connection:
            row = (
                connection and connection.execute("SELECT * FROM release WHERE id = ?", (release,)).fetchone()
            )
        if not row:
            raise NotThereError(
                f"There is no release {release[:20]!r}.", "Choose one from the list of releases."
            )
        return _release(row)

    def parts(self, release: str | None = None, practices: Iterable[str] | None = None) -> list[Part]:
        """Parts of one release, or of all, by practice."""
        wanted = None if practices is None else set(practices)
        with self.database.reading() as connection:
            if connection is None:
                return []
            where, values = ("release = ? OR release = ''", (release,)) if release else ("TRUE", ())
            events = [
                _event(r)
                for r in connection.execute(f"SELECT * FROM event WHERE {where} ORDER BY number", values)
            ]
        stops = _stops(events)
        grouped: dict[tuple[str, str], list[Event]] = {}
        for event in events:
            if event.release and (wanted is None or event.practice in wanted):
                grouped.setdefault((event.release, event.practice), []).append(event)
        return [self._stand(r, p, es, stops) for (r, p), es in grouped.items()]

    def part(self, release: str, practice: str) -> Part:
        """One practice's part; ``GovernanceError`` where the release does not concern the practice."""
        for found in self.parts(release, (practice,)):
            return found
        raise NotThereError(
            f"The release {release[:20]!r} has no part for {practice[:12]!r}.", "Choose another list."
        )

    def stopped(self) -> Mapping[str, Event]:
        """Emergency stops in force, by practice; ``*`` for all."""
        with self.database.reading() as connection:
            rows = (
                connection.execute("SELECT * FROM event WHERE release = '' ORDER BY number").fetchall()
                if connection
                else []
            )
        return _stops([_event(r) for r in rows])

    # -- tokens

    def tokens(self, part: Part, pseudonyms: Sequence[bytes]) -> dict[bytes, str]:
        """The token of each of these people in an open part: random, one for each person and issue.

        Raises ``GovernanceError`` where the part is not open.
        """
        require_open(part)
        key = (part.release, part.practice, part.issue)
        sql = "SELECT pseudonym, token FROM token WHERE release = ? AND practice = ? AND issue = ?"
        with self.database.reading() as connection:
            found = dict(connection.execute(sql, key).fetchall()) if connection else {}
        if found.keys() >= set(pseudonyms):  # as a rule: nothing is written, and nobody waits for who writes
            return {p: found[p] for p in pseudonyms}
        with self.database.writing() as connection:
            found = dict(connection.execute(sql, key).fetchall())
            new = {p: _random(20) for p in dict.fromkeys(pseudonyms) if p not in found}
            connection.executemany(
                "INSERT INTO token (token, release, practice, issue, pseudonym) VALUES (?, ?, ?, ?, ?)",
                [(t, *key, p) for p, t in new.items()],
            )
        return {p: (found.get(p) or new[p]) for p in pseudonyms}

    def person_of(self, part: Part, token: str) -> bytes:
        """Whose token it is. A token of another list, another practice or an earlier issue is nobody's."""
        require_open(part)
        with self.database.reading() as connection:
            row = (
                connection
                and connection.execute(
                    "SELECT pseudonym FROM token WHERE token = ? AND release = ? AND practice = ? AND issue = ?",
                    (token, part.release, part.practice, part.issue),
                ).fetchone()
            )
        if not row:
            raise NotThereError(
                "This link opens nobody on this list.", "Open the person from the list again."
            )
        return bytes(row[0])

    # -- inside the room

    def _decide(
        self,
        release: str,
        practice: str,
        verb: Verb,
        by: str,
        role: str,
        reason: str,
        *,
        needs_reason: bool = False,
    ) -> Part:
        self._not_own(release, by)
        return self._move(
            release, practice, verb, ("requested",), by, role, reason, needs_reason=needs_reason
        )

    def _not_own(self, release: str, by: str) -> None:
        if self.get(release).requested_by == by:
            self.audit.append(
                "release.own", actor=by, subject=release, reason="tried to decide on their own request"
            )
            raise GovernanceError(
                "You asked for this list yourself.", "Somebody else at the practice must decide."
            )

    def _move(
        self, release: str, practice: str, verb: Verb, allowed: tuple[State, ...], by: str, role: str, reason: str,
        until: date | None = None, *, needs_reason: bool = True,
    ) -> Part:  # fmt: skip
        if needs_reason and not reason.strip():
            raise GovernanceError("The decision does not say why.", "Give a reason.")
        with self.database.writing() as connection:
            # looked at inside the transaction: of two decisions made at once, the second finds the first
            events = [
                _event(r)
                for r in connection.execute(
                    "SELECT * FROM event WHERE (release = ? AND practice = ?) OR release = '' ORDER BY number",
                    (release, practice),
                )
            ]
            mine = [e for e in events if e.release]
            if not mine:
                raise NotThereError(
                    f"The release {release[:20]!r} has no part for {practice[:12]!r}.", "Choose another list."
                )
            before = self._stand(release, practice, mine, _stops(events))
            if before.state not in allowed:
                raise GovernanceError(
                    f"This list is {before.state} already, so it cannot be {verb}.",
                    "Reload the page to see how it stands.",
                )
            self._add(connection, release, practice, verb, by, role, _clean(reason), until)
            self.audit.append(
                f"release.{verb}",
                actor=by,
                role=role,
                scope=practice,
                subject=release,
                reason=reason,
                detail={"until": until},
            )
        return self.part(release, practice)

    def _switch(self, verb: Verb, practice: str, by: str, role: str, reason: str) -> None:
        if not reason.strip():
            raise GovernanceError("The decision does not say why.", "Give a reason.")
        with self.database.writing() as connection:
            self._add(connection, "", practice, verb, by, role, _clean(reason), None)
            self.audit.append(f"release.{verb}", actor=by, role=role, scope=practice, reason=reason)

    def _add(
        self,
        connection: Any,
        release: str,
        practice: str,
        verb: Verb,
        by: str,
        role: str,
        reason: str,
        until: date | None,
    ) -> None:
        connection.execute(
            "INSERT INTO event (at, release, practice, verb, by, role, reason, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (stamp(), release, practice, verb, by, role, reason, until.isoformat() if until else ""),
        )

    def _stand(
        self, release: str, practice: str, events: Sequence[Event], stops: Mapping[str, Event]
    ) -> Part:
        state: State = "requested"
        until, issue = date.min, 1
        for event in events:
            until = event.until or until
            match event.verb:
                case "approved" | "refused" | "revoked" as verb:
                    state = verb
                case "reissued":
                    issue += 1
        if state in ("requested", "approved") and until < self.today:
            state = "expired"
        elif state == "approved" and (practice in stops or EVERYWHERE in stops):
            state = "stopped"
        return Part(release, practice, state, until, issue, tuple(events))

    def _check_expiry(self, day: date) -> None:
        if day < self.today:
            raise GovernanceError(f"{day.isoformat()} has passed.", "Give a last day from today on.")
        if day > self.today + timedelta(days=LONGEST_DAYS):
            raise GovernanceError(
                "A list lasts a year at most.", "Give an earlier last day; it can be extended."
            )


def require_open(part: Part) -> None:
    """Raise ``GovernanceError`` saying why, unless identities may be shown."""
    if part.open:
        return
    words = {
        "requested": ("The practice has not decided on this list yet.", "Wait for its decision."),
        "refused": ("The practice refused this list.", "Ask the practice why."),
        "revoked": ("This list was closed.", "Ask for a new one if it is still needed."),
        "expired": (f"This list ended on {part.until.isoformat()}.", "The practice can extend it."),
        "stopped": ("Lists are stopped at the moment.", "Ask the information governance lead."),
    }
    message, remedy = words[part.state]
    raise GovernanceError(message, remedy)


def _stops(events: Iterable[Event]) -> dict[str, Event]:
    found: dict[str, Event] = {}
    for event in events:
        if event.verb == "stopped":
            found[event.practice] = event
        elif event.verb == "resumed":
            found.pop(event.practice, None)
            if event.practice == EVERYWHERE:
                found.clear()
    return found


def _random(length: int = 14) -> str:
    """Letters alone: digits could look like an NHS number by chance, and would then be kept out of every record."""
    found = ""
    while len(found) < length:  # bytes that would favour some letters are left out
        found += "".join(_LETTERS[b % len(_LETTERS)] for b in secrets.token_bytes(2 * length) if b < _FAIR)
    return found[:length]


def _clean(text: str) -> str:
    return without_nhs_numbers(text.strip())


def _release(row: Sequence[Any]) -> Release:
    cells = [*row[:-1], date.fromisoformat(row[-1])]
    return Release(*cells)


def _event(row: Sequence[Any]) -> Event:
    cells = [*row[:-1], date.fromisoformat(row[-1]) if row[-1] else None]
    return Event(*cells)
