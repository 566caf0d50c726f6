"""What one person's contacts say, in sentences: falls nobody told the GP of, stays close together, gaps in contact."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from goldenthread.insight.theograph.events import Event

SAME_FALL = 3
"""Days within which records of a fall are of one fall."""
TOLD_GP = 30
"""Days after a fall within which a code in the GP record is taken to be of it."""
CLOSE_STAY = 30
QUIET = 90

_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_ORDER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


@dataclass(frozen=True)
class Fall:
    """One fall, as several services may have recorded it."""

    start: date
    end: date
    ambulance: bool
    in_gp_record: bool


def falls_in(events: Sequence[Event], gp_falls: Sequence[date]) -> list[Fall]:
    """Falls that 999, A&E or hospital saw, records at most 3 days apart taken as one, and whether the GP record has each."""
    seen = sorted((e for e in events if e.fall), key=lambda e: e.start)
    groups: list[list[Event]] = []
    for event in seen:
        if groups and (event.start - groups[-1][-1].start).days <= SAME_FALL:
            groups[-1].append(event)
        else:
            groups.append([event])
    return [
        Fall(
            g[0].start,
            g[-1].start,
            any(e.ambulance for e in g),
            any(-SAME_FALL <= (told - g[0].start).days <= TOLD_GP for told in gp_falls),
        )
        for g in groups
    ]


def noted(event: Event, gp_falls: Sequence[date]) -> str:
    """The note beside a mark: falls alone have one, and only where they came to a hospital or an ambulance."""
    if not event.fall or event.service not in ("ambulance", "ae", "emergency_admission"):
        return ""
    told = any(-SAME_FALL <= (day - event.start).days <= TOLD_GP for day in gp_falls)
    return "Fall" if told else "Fall, not in GP record"


def findings(events: Sequence[Event], gp_falls: Sequence[date], first: date, last: date) -> tuple[str, ...]:
    """Sentences about the contacts between two days, the most important first; none for nothing worth saying."""
    inside = [e for e in events if first <= e.start <= last]
    stays = [e for e in inside if e.service == "emergency_admission"]
    said = [
        _falls(falls_in(inside, gp_falls)),
        _stays(stays),
        _before(stays, inside),
        _after(stays, inside),
        _quiet(events, last),
    ]
    return tuple(s for s in said if s)


def _falls(falls: Sequence[Fall]) -> str:
    if not falls:
        return ""
    brought = [f for f in falls if f.ambulance]
    missing = [n for n, f in enumerate(falls) if not f.in_gp_record]
    many = len(falls)
    start = f"{number(many)} {'fall' if many == 1 else 'falls'}"
    if len(brought) == many:
        start += " brought by ambulance"
    elif brought:
        start += f", {number(len(brought)).lower()} brought by ambulance"
    if not missing:
        return f"{start}; {'it is' if many == 1 else 'all are'} in the GP record."
    if many == 1:
        return f"{start}; it is not in the GP record."
    if len(missing) == many:
        return f"{start}; {'neither' if many == 2 else 'none'} is in the GP record."
    if len(missing) == 1 and missing[0] < len(_ORDER):
        last = missing[0] == many - 1 and many > 2
        return f"{start}; the {'last' if last else _ORDER[missing[0]]} is not in the GP record."
    return f"{start}; {number(len(missing)).lower()} of them are not in the GP record."


def _stays(stays: Sequence[Event]) -> str:
    if not stays:
        return ""
    nights = sum(e.nights for e in stays)
    start = f"{number(len(stays))} emergency {'stay' if len(stays) == 1 else 'stays'}"
    if nights:
        start += f", {nights} {'night' if nights == 1 else 'nights'}"
    close = sum(
        1 for a, b in itertools.pairwise(stays) if a.end and 0 <= (b.start - a.end).days <= CLOSE_STAY
    )
    if close:
        start += f"; {number(close).lower()} began within {CLOSE_STAY} days of leaving hospital"
    return f"{start}."


def _before(stays: Sequence[Event], events: Sequence[Event]) -> str:
    """Whether the practice had seen the person in the three months before the first emergency stay."""
    if not stays:
        return ""
    start = stays[0].start
    if any(e.service == "gp" and 0 < (start - e.start).days <= QUIET for e in events):
        return ""
    earliest = min(e.start for e in events)
    if (start - earliest).days < QUIET:
        return ""
    return "No contact with the practice in the three months before the first emergency stay."


def _after(stays: Sequence[Event], events: Sequence[Event]) -> str:
    """Whether social care began soon after a stay."""
    for care in (e for e in events if e.service == "social_care"):
        for stay in stays:
            if stay.end and 0 <= (care.start - stay.end).days <= CLOSE_STAY:
                days = (care.start - stay.end).days
                when = (
                    "on leaving hospital"
                    if days == 0
                    else f"{days} {'day' if days == 1 else 'days'} after leaving hospital"
                )
                return f"Social care began {when}."
    return ""


def _quiet(events: Sequence[Event], last: date) -> str:
    seen = [e.start for e in events if e.service == "gp"]
    if not seen:
        return "No contact with the practice in this time." if events else ""
    latest = max(seen)
    if (last - latest).days < 365:
        return ""
    return f"Not seen by the practice since {latest.day} {latest:%B %Y}."


def number(count: int) -> str:
    """A number in a sentence's first place.

    >>> number(2), number(12)
    ('Two', '12')
    """
    return _WORDS[count] if count < len(_WORDS) else str(count)
