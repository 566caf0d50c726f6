"""What the register holds about one initiative: the question, the people, the partners, and why it should work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from goldenthread.programme.errors import ProgrammeError

Stage = Literal["draft", "locked", "running", "evaluated", "stopped", "adapted", "scaled"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""draft: being worked out. locked: success is agreed. running: people are being contacted. evaluated: the result is in.
stopped, adapted, scaled: decided. An initiative that was stopped stays in the register."""

Link = Literal["need", "inputs", "activities", "outputs", "outcomes", "impact"]
LINKS: tuple[Link, ...] = get_args(Link)
_ID = re.compile(r"[a-z][a-z0-9-]{1,60}[a-z0-9]")


@dataclass(frozen=True)
class Partner:
    """Who takes part besides the owner: practices, council, voluntary sector, people with lived experience."""

    name: str
    kind: Literal["practice", "council", "voluntary sector", "lived experience", "provider", "other"] = (
        "other"
    )
    part: str = ""
    contact: str = ""


@dataclass(frozen=True)
class FourIs:
    """What must be in place: infrastructure, intelligence, interventions, incentives."""

    infrastructure: str = ""
    intelligence: str = ""
    interventions: str = ""
    incentives: str = ""


@dataclass(frozen=True)
class LogicLink:
    """One step from need to impact: what, what is assumed for it to lead on, and what would show it."""

    link: Link
    what: str
    assumption: str = ""
    measure: str = ""


@dataclass(frozen=True)
class Resource:
    """Funding, backfill, or people's time. ``amount`` is in pounds of ``year``."""

    what: str
    kind: Literal["funding", "backfill", "role", "in kind"] = "funding"
    amount: float | None = None
    wte: float | None = None
    year: str = ""
    source: str = ""


@dataclass(frozen=True)
class Risk:
    """What may go wrong, and what is done about it."""

    what: str
    likelihood: Literal["low", "medium", "high"] = "medium"
    effect: Literal["low", "medium", "high"] = "medium"
    answer: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Reference:
    """A document or source: where it is, and from when."""

    title: str
    where: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Initiative:
    """One initiative, one cycle.

    ``cohort`` is the expression that says whom it is for, ``cohort_version`` the frozen version once there is one.
    ``scope`` is where (``system``, ``pcn-UZ001``, several with commas). ``programme`` is its name in the contact feed.
    ``cycle`` counts from 1; ``previous`` is the id of the cycle before.

    >>> Initiative("falls-2026", "Falls", "Can we have fewer falls?", "age >= 65").scope
    'system'
    """

    id: str
    title: str
    question: str
    cohort: str
    cohort_version: str = ""
    scope: str = "system"
    programme: str = ""
    owner: str = ""
    deputy: str = ""
    partners: tuple[Partner, ...] = ()
    four_is: FourIs = FourIs()
    logic_model: tuple[LogicLink, ...] = ()
    evidence: str = ""
    reading: tuple[Reference, ...] = ()
    equity: str = ""
    community_voice: str = ""
    resources: tuple[Resource, ...] = ()
    risks: tuple[Risk, ...] = ()
    documents: tuple[Reference, ...] = ()
    letter: str = ""
    template: str = ""
    learning: str = ""
    cycle: int = 1
    previous: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ProgrammeError(
                f"{self.id!r} cannot be the name of an initiative.",
                "Use 3 to 62 small letters, digits and hyphens, a letter first: falls-2026.",
            )
        for name in ("title", "question", "cohort"):
            if not getattr(self, name).strip():
                raise ProgrammeError(f"{self.id}: {name} is empty.", f"Give the {name}.")
        if self.cycle < 1:
            raise ProgrammeError(f"{self.id}: cycle {self.cycle}.", "Cycles count from 1.")

    @property
    def scopes(self) -> tuple[str, ...]:
        """Where it runs, as scopes."""
        return tuple(s.strip() for s in self.scope.split(",") if s.strip()) or ("system",)

    @property
    def contacts_name(self) -> str:
        """Its name in the contact feed: its id unless another is given."""
        return self.programme or self.id

    @property
    def gaps(self) -> tuple[str, ...]:
        """What a colleague taking over would miss."""
        wanted = {
            "owner": "has no owner",
            "deputy": "has no deputy",
            "evidence": "says nothing of the evidence",
            "equity": "says nothing of who may gain less",
            "community_voice": "says nothing of what the people concerned want",
        }
        found = [words for name, words in wanted.items() if not getattr(self, name).strip()]
        missing = [link for link in LINKS if not any(one.link == link for one in self.logic_model)]
        if missing:
            found.append(f"has a logic model without {', '.join(missing)}")
        return tuple(found)
