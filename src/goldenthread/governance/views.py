"""What people look for in the audit log: who re-identified whom, who has seen me, and what is out of the ordinary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from goldenthread.governance.audit import Audit, Entry

IDENTITIES_SHOWN = "identities.shown"
PATIENT_OPENED = "patient.opened"
EXPORTED = "list.exported"
IDENTITY_ACTIONS = (IDENTITIES_SHOWN, PATIENT_OPENED, EXPORTED)
"""Actions by which somebody sees who people are. ``detail`` holds ``people`` (how many) and, for a list, ``tokens``."""

LONDON = ZoneInfo("Europe/London")
Kind = Literal["many records", "out of hours", "own record", "same surname"]


@dataclass(frozen=True)
class Sighting:
    """One time that identities were seen: who, when, why, of which practice, how many people, and until when they may."""

    number: int
    time: str
    actor: str
    role: str
    practice: str
    release: str
    purpose: str
    reason: str
    people: int
    until: str


def re_identifications(
    audit: Audit, *, since: datetime | None = None, until: datetime | None = None
) -> list[Sighting]:
    """Who saw whose identity, newest first: the Caldicott guardian's view."""
    return [_sighting(e) for e in reversed(_seen(audit, since, until))]


def seen_by(audit: Audit, tokens: Iterable[str]) -> list[Sighting]:
    """Who has seen one patient, oldest first. ``tokens`` are those that the patient had in any release.

    A person is found by their tokens alone, so the answer holds nothing about anybody else.
    """
    wanted = set(tokens)
    return [
        _sighting(e) for e in _seen(audit) if e.subject in wanted or wanted & set(e.detail.get("tokens", ()))
    ]


def _seen(audit: Audit, since: datetime | None = None, until: datetime | None = None) -> list[Entry]:
    found = [e for a in IDENTITY_ACTIONS for e in audit.entries(action=a, since=since, until=until)]
    return sorted(found, key=lambda e: e.number)


def _sighting(e: Entry) -> Sighting:
    about = {name: str(e.detail.get(name, "")) for name in ("release", "purpose", "until")}
    people = int(e.detail.get("people", 1))
    return Sighting(
        e.number, e.time, e.actor, e.role, e.scope, about["release"], about["purpose"], e.reason, people, about["until"]
    )  # fmt: skip


@dataclass(frozen=True)
class Alert:
    """Something out of the ordinary: worth a question, and no proof of anything."""

    kind: Kind
    actor: str
    words: str
    numbers: tuple[int, ...]


def alerts(
    entries: Iterable[Entry],
    *,
    most_records: int = 200,
    begins: time = time(7, 0),
    ends: time = time(20, 0),
    own: str = "own_record",
    surname: str = "same_surname",
) -> list[Alert]:
    """Unusual use among entries by which identities were seen.

    ``most_records`` is how many people's identities one person may see in a day before it is said. Hours are those of
    London, Monday to Friday. Own record and same surname are noted in the entry by whoever shows the identity
    (see ``matches``): the log itself holds no names.
    """
    seen = [e for e in entries if e.action in IDENTITY_ACTIONS]
    days: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    late: dict[tuple[str, date], list[tuple[time, int]]] = defaultdict(list)
    found: list[Alert] = []
    for entry in seen:
        local = entry.at.astimezone(LONDON)
        days[entry.actor, local.date().isoformat()].append(entry)
        if local.weekday() >= 5 or not begins <= local.time() < ends:
            late[entry.actor, local.date()].append((local.time(), entry.number))
        if entry.detail.get(own):
            words = f"{entry.actor} may have opened their own record"
            found.append(Alert("own record", entry.actor, words, (entry.number,)))
        elif entry.detail.get(surname):
            words = f"{entry.actor} opened the record of somebody with their own surname"
            found.append(Alert("same surname", entry.actor, words, (entry.number,)))
    for (actor, on), times in late.items():
        often = f", {len(times)} times until {times[-1][0]:%H:%M}" if len(times) > 1 else ""
        words = f"{actor} saw identities on {on:%A} {on.day} {on:%B %Y} at {times[0][0]:%H:%M}{often}"
        found.append(Alert("out of hours", actor, words, tuple(n for _, n in times)))
    for (actor, day), listed in days.items():
        people = sum(int(e.detail.get("people", 1)) for e in listed)
        if people > most_records:
            words = f"{actor} saw the identities of {people:,} people on {day}"
            found.append(Alert("many records", actor, words, tuple(e.number for e in listed)))
    return sorted(found, key=lambda a: a.numbers)


def matches(
    user_family_name: str, user_given_name: str, family_name: str, given_name: str
) -> dict[str, bool]:
    """What to note in the audit entry when a user opens a patient: same surname, or the same whole name.

    >>> matches("O'Brien", "Ann", "OBRIEN", "Ann")
    {'same_surname': True, 'own_record': True}
    >>> matches("Patel", "Ann", "Patel", "Raj")
    {'same_surname': True}
    """
    mine, theirs = _plain(user_family_name), _plain(family_name)
    if not mine or mine != theirs:
        return {}
    same = {"same_surname": True}
    first = _plain(user_given_name)
    return same | ({"own_record": True} if first and first == _plain(given_name) else {})


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalpha())
