"""How many hours, posts and pounds a plan takes: people x what each of them needs x how long it takes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from goldenthread.programme.errors import ProgrammeError

FILE = "workforce.toml"
_CLOSE = 0.05


@dataclass(frozen=True)
class Activity:
    """What one role does for each person who enters.

    Minutes are of one contact; ``travel`` and ``records`` are added to each, ``preparation`` once a person.
    ``share`` is the share of people who need it, ``missed`` the share of contacts that are not kept and cost their time
    all the same. ``available`` is the posts (whole-time equivalents) there are. ``caseload`` is what is said elsewhere
    that one post can carry a year: it is compared, not believed.
    """

    role: str
    what: str
    contacts: float = 1.0
    minutes: float = 30.0
    preparation: float = 0.0
    records: float = 0.0
    travel: float = 0.0
    share: float = 1.0
    missed: float = 0.1
    available: float | None = None
    caseload: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("contacts", "minutes", "preparation", "records", "travel"):
            if getattr(self, name) < 0:
                raise ProgrammeError(f"{self.role}: {name} is {getattr(self, name)}.", "Give 0 or more.")
        if not 0 <= self.missed < 1 or not 0 <= self.share <= 1:
            raise ProgrammeError(
                f"{self.role}: shares are missed {self.missed} and needed {self.share}.",
                "Give shares between 0 and 1.",
            )

    @property
    def minutes_a_person(self) -> float:
        """Minutes for one person, missed contacts included."""
        return self.preparation + self.contacts * (self.minutes + self.travel + self.records) / (
            1 - self.missed
        )


@dataclass(frozen=True)
class Rate:
    """What an hour of a role costs, and how much of a paid hour is contact."""

    role: str
    title: str
    cost_per_hour: float
    year: str
    source: str
    note: str = ""
    contact_share: float | None = None


@dataclass(frozen=True)
class EventCost:
    """What one event costs the system on average."""

    measure: str
    title: str
    cost: float
    year: str
    source: str


@dataclass(frozen=True)
class Rates:
    """Unit costs and the working year. ``contact_hours`` of a whole-time post are spent with people."""

    roles: Mapping[str, Rate]
    events: Mapping[str, EventCost]
    weeks: float
    hours: float
    contact_share: float

    @property
    def paid_hours(self) -> float:
        """Hours at work in a year, of one whole-time post."""
        return self.weeks * self.hours

    def contact_hours(self, role: str) -> float:
        """Hours with people in a year, of one whole-time post of this role."""
        rate = self.of(role)
        return self.paid_hours * (self.contact_share if rate.contact_share is None else rate.contact_share)

    def of(self, role: str) -> Rate:
        """The rate of a role; ``ProgrammeError`` where there is none."""
        if role not in self.roles:
            raise ProgrammeError(
                f"There is no role {role!r}.",
                f"Roles: {', '.join(self.roles)}. Add one to programme/{FILE}.",
            )
        return self.roles[role]


def load_rates(own: Path | None = None) -> Rates:
    """The shipped rates, and a deployment's own (``programme/workforce.toml``) in place of those it names.

    >>> rates = load_rates()
    >>> rates.contact_hours("link_worker")
    945.0
    """
    raw = tomllib.loads(files("goldenthread.programme").joinpath(FILE).read_text(encoding="utf-8"))
    if own is not None and own.exists():
        try:
            more = tomllib.loads(own.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ProgrammeError(f"{own} cannot be read: {error}.", "Correct the file.") from None
        for part in ("year", "role", "event"):
            raw[part] = raw.get(part, {}) | more.get(part, {})
    try:
        return _rates(raw)
    except (TypeError, KeyError) as error:
        raise ProgrammeError(f"{own or FILE} is not complete: {error}.", "See the shipped file.") from None


def _rates(raw: Mapping[str, Any]) -> Rates:
    year = raw["year"]
    return Rates(
        {name: Rate(role=name, **one) for name, one in raw["role"].items()},
        {name: EventCost(measure=name, **one) for name, one in raw["event"].items()},
        year["weeks"], year["hours"], year["contact_share"],
    )  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What one activity takes for all people: hours with people, posts, pounds; and where it does not fit together."""

    role: str
    title: str
    what: str
    people: float
    contacts: float
    hours: float
    wte: float
    cost: float
    cost_year: str
    caseload: float
    available: float | None
    contradiction: str
    source: str

    @property
    def short(self) -> float:
        """Posts missing; 0 where there are enough or it is not said how many there are."""
        return max(self.wte - self.available, 0.0) if self.available is not None else 0.0


@dataclass(frozen=True)
class Workforce:
    """Everything a plan takes in a year, activity by activity."""

    people: float
    lines: tuple[Work, ...]

    @property
    def cost(self) -> float:
        """Pounds, over all activities (their years are beside each)."""
        return sum(line.cost for line in self.lines)

    @property
    def hours(self) -> float:
        """Hours with people."""
        return sum(line.hours for line in self.lines)

    @property
    def words(self) -> tuple[str, ...]:
        """What is short or contradictory, in sentences; empty where all fits."""
        out = []
        for line in self.lines:
            if line.short:
                most = line.people * (line.available or 0) / line.wte
                out.append(
                    f"{line.title}: {line.wte:.1f} whole-time posts are needed and there are {line.available:g}; "
                    f"that is enough for about {most:,.0f} people."
                )
            if line.contradiction:
                out.append(f"{line.title}: {line.contradiction}")
        return tuple(out)


def workforce(people: float, activities: Sequence[Activity], rates: Rates) -> Workforce:
    """Hours, whole-time posts and cost to give ``people`` what the activities say.

    Posts = hours with people / (paid weeks x hours x share with people). Of caseload, contacts, minutes and posts
    any three give the fourth: a stated caseload that does not follow from the others is shown as a contradiction.

    >>> review = Activity("pharmacist", "Structured medication review", minutes=45, missed=0)
    >>> found = workforce(2000, [review], load_rates()).lines[0]
    >>> found.hours, round(found.wte, 1)
    (1500.0, 1.6)
    """
    return Workforce(people, tuple(_work(people, one, rates) for one in activities))


def _work(people: float, one: Activity, rates: Rates) -> Work:
    rate = rates.of(one.role)
    served = people * one.share
    hours = served * one.minutes_a_person / 60
    year = rates.contact_hours(one.role)
    wte = hours / year
    derived = year * 60 / one.minutes_a_person if one.minutes_a_person else 0.0
    share = year / rates.paid_hours
    return Work(
        role=one.role, title=rate.title, what=one.what, people=served, contacts=served * one.contacts, hours=hours,
        wte=wte, cost=hours / share * rate.cost_per_hour, cost_year=rate.year, caseload=derived,
        available=one.available, contradiction=_contradiction(one, derived), source=one.source or rate.source,
    )  # fmt: skip


def _contradiction(one: Activity, derived: float) -> str:
    if one.caseload is None or not derived or abs(one.caseload - derived) <= _CLOSE * derived:
        return ""
    fits = one.minutes_a_person * derived / one.caseload
    return (
        f"a caseload of {one.caseload:,.0f} people a year was given, but {one.contacts:g} contacts of {one.minutes:g} minutes "
        f"with what goes with them leave time for {derived:,.0f}. That caseload allows {fits:,.0f} minutes a person, "
        f"not {one.minutes_a_person:,.0f}."
    )


def fourth(
    *, caseload: float | None = None, contacts: float | None = None, minutes: float | None = None,
    wte: float | None = None, contact_hours: float,
) -> tuple[str, float]:  # fmt: skip
    """The one of caseload (people in all), contacts (each), minutes (a contact) and posts that is not given.

    >>> fourth(caseload=225, contacts=9, wte=1, contact_hours=945)
    ('minutes', 28.0)
    """
    given = {"caseload": caseload, "contacts": contacts, "minutes": minutes, "wte": wte}
    absent = [name for name, value in given.items() if value is None]
    if len(absent) != 1 or any(v is not None and v <= 0 for v in given.values()):
        raise ProgrammeError(
            "Three of caseload, contacts, minutes and posts give the fourth.", "Leave out exactly one."
        )
    total = contact_hours * 60
    known = {name: float(value) for name, value in given.items() if value is not None}
    match absent[0]:
        case "caseload":
            return "caseload", total * known["wte"] / (known["contacts"] * known["minutes"])
        case "contacts":
            return "contacts", total * known["wte"] / (known["caseload"] * known["minutes"])
        case "minutes":
            return "minutes", total * known["wte"] / (known["caseload"] * known["contacts"])
    return "wte", known["caseload"] * known["contacts"] * known["minutes"] / total


def with_available(activities: Sequence[Activity], posts: Mapping[str, float]) -> tuple[Activity, ...]:
    """The activities with the posts that there are, by role."""
    return tuple(replace(one, available=posts[one.role]) if one.role in posts else one for one in activities)
