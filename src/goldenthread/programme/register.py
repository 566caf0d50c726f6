"""The register: every initiative of a system, with its whole history; nothing that was written is lost or overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from goldenthread.programme.errors import ProgrammeError, Refused
from goldenthread.programme.forms import read, to_json
from goldenthread.programme.locking import Amendment, Lock, amendments_in, lock_in
from goldenthread.programme.plan import Plan
from goldenthread.programme.record import Initiative, Stage
from goldenthread.programme.store import Event, Store

FOLDER = "programme"
NOTES = ("pdsa", "cost", "obstacle", "feedback", "fidelity", "decision note", "experience")
"""What may be noted while the work is done: small changes tried (plan, do, study, act), money spent, obstacles, what
people said, whether it was done as planned."""


@dataclass(frozen=True)
class Entry:
    """One initiative as it stands, with its plan, its lock and everything that was ever written about it."""

    initiative: Initiative
    plan: Plan
    stage: Stage
    version: int
    events: tuple[Event, ...] = field(repr=False)

    @property
    def id(self) -> str:
        """The name it is asked for by."""
        return self.initiative.id

    @cached_property
    def lock(self) -> Lock | None:
        """The plan as it was agreed, or ``None`` before."""
        return lock_in(self.events)

    @property
    def amendments(self) -> tuple[Amendment, ...]:
        """Changes after the lock, with their reasons, oldest first."""
        return amendments_in(self.events)

    @property
    def evaluations(self) -> tuple[Event, ...]:
        """Every evaluation that was run, oldest first."""
        return tuple(e for e in self.events if e.kind == "evaluation")

    @property
    def decisions(self) -> tuple[Event, ...]:
        """Decisions to stop, adapt or scale, oldest first."""
        return tuple(e for e in self.events if e.kind == "decision")

    @property
    def releases(self) -> tuple[Event, ...]:
        """Lists released to practices, as the release service reported them."""
        return tuple(e for e in self.events if e.kind == "release")

    @property
    def notes(self) -> tuple[Event, ...]:
        """What was noted while the work was done."""
        return tuple(e for e in self.events if e.kind in NOTES)

    @property
    def offered_to(self) -> str:
        """Who has been asked to take it over and has not answered yet; empty where nobody."""
        for event in reversed(self.events):
            if event.kind == "transfer offered":
                return str(event.body["to"])
            if event.kind in ("transfer accepted", "transfer declined"):
                return ""
        return ""

    @property
    def verdicts(self) -> tuple[tuple[str, str, str, str], ...]:
        """The last evaluation's criteria: outcome, agreed size, result, judgement; empty before."""
        if not self.evaluations:
            return ()
        return tuple((v[0], v[1], v[2], v[3]) for v in self.evaluations[-1].body.get("verdicts", ()))


class Register:
    """Initiatives of one deployment, in ``<home>/programme``.

    >>> import tempfile
    >>> register = Register(Path(tempfile.mkdtemp()))
    >>> made = register.create(Initiative("falls-2026", "Falls", "Can there be fewer?", "age >= 65"), who="Ann")
    >>> register.change("falls-2026", {"owner": "Ann Lee"}, who="Ann", version=made.version).initiative.owner
    'Ann Lee'
    >>> [e.kind for e in register.get("falls-2026").events]
    ['created', 'record']
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] | None = None) -> None:
        self.folder = folder
        self.store = Store(folder) if now is None else Store(folder, now=now)

    @classmethod
    def of(cls, home: Path, *, now: Callable[[], datetime] | None = None) -> Register:
        """The register of a deployment's folder."""
        return cls(home / FOLDER, now=now)

    # -- looking -------------------------------------------------------------------------------------

    def get(self, name: str) -> Entry:
        """One initiative; ``ProgrammeError`` that lists those there are."""
        events = self.store.events(name)
        if not events:
            names = self.store.names()
            there = f"There are: {', '.join(names)}." if names else "The register is empty."
            raise ProgrammeError(f"There is no initiative {name!r}.", there)
        return entry_of(events)

    def __iter__(self) -> Iterator[Entry]:
        for name in self.store.names():
            yield self.get(name)

    def find(
        self,
        text: str = "",
        *,
        stages: Sequence[str] = (),
        scope: str = "",
        person: str = "",
        template: str = "",
    ) -> list[Entry]:
        """Entries that match all that is asked: words anywhere in the record, stage, scope, owner or deputy, template.

        Those that were stopped or showed nothing are found like all others.
        """
        words = text.casefold().split()
        found = []
        for entry in self:
            one = entry.initiative
            if stages and entry.stage not in stages:
                continue
            if scope and scope not in one.scopes:
                continue
            if person and person.casefold() not in (one.owner.casefold(), one.deputy.casefold()):
                continue
            if template and one.template != template:
                continue
            everything = str(to_json(one)).casefold()
            if all(word in everything for word in words):
                found.append(entry)
        return found

    def due(self, on: date) -> list[Entry]:
        """Those whose agreed evaluation date has come and that have not been evaluated since."""
        found = []
        for entry in self:
            when = entry.plan.evaluate_on
            if entry.lock and when and when <= on and entry.stage in ("locked", "running"):
                found.append(entry)
        return found

    # -- writing -------------------------------------------------------------------------------------

    def create(self, initiative: Initiative, *, who: str, plan: Plan | None = None) -> Entry:
        """Put a new initiative into the register; refused where the name is taken."""

        def new(past: list[Event]) -> None:
            if past:
                raise ProgrammeError(
                    f"There is an initiative {initiative.id!r} already, begun by {past[0].who}.",
                    "Choose another name, or change that one.",
                )

        body = {"initiative": to_json(initiative), "plan": to_json(plan or Plan())}
        self.store.append(initiative.id, "created", body, who=who, check=new)
        return self.get(initiative.id)

    def change(self, name: str, changes: dict[str, Any], *, who: str, version: int) -> Entry:
        """Change fields of the record. ``version`` is the one that was read: if somebody changed it since, ``Conflict``.

        The cohort cannot be changed once the plan is locked: that would be another initiative.
        """
        entry = self.get(name)
        if entry.lock and (held := sorted({"cohort", "cohort_version", "id", "programme"} & set(changes))):
            raise Refused(
                f"{name} is locked, so {' and '.join(held)} cannot change: success was agreed for those people.",
                "Record an amendment with its reason, or begin the next cycle.",
            )
        whole = to_json(entry.initiative) | to_json(changes)
        made = read(Initiative, whole)
        if made.id != name:
            raise ProgrammeError(f"{name} cannot be renamed.", "Begin a new initiative.")
        self.store.append(name, "record", {"initiative": to_json(made)}, who=who, version=version)
        return self.get(name)

    def save_plan(self, name: str, plan: Plan, *, who: str, version: int) -> Entry:
        """Keep a plan that is being worked out; refused after the lock."""

        def open_still(past: list[Event]) -> None:
            if lock_in(past):
                raise Refused(
                    f"The plan of {name} is locked.",
                    "Record an amendment with its reason: it is shown beside the result.",
                )

        self.store.append(name, "plan", {"plan": to_json(plan)}, who=who, version=version, check=open_still)
        return self.get(name)

    def note(self, name: str, kind: str, body: dict[str, Any], *, who: str) -> Event:
        """Note a small change tried, money spent, an obstacle, what people said. ``body`` holds ``what`` and what belongs to it.

        A cost has ``amount`` in pounds. Notes stand beside the version they were written at and need no lock.
        """
        if kind not in NOTES:
            raise ProgrammeError(f"{kind!r} cannot be noted.", f"Kinds: {', '.join(NOTES)}.")
        if not str(body.get("what", "")).strip():
            raise ProgrammeError("The note says nothing.", "Give `what`.")
        if kind == "cost" and not isinstance(body.get("amount"), int | float):
            raise ProgrammeError("A cost has no amount.", "Give `amount` in pounds.")
        self.get(name)
        return self.store.append(name, kind, body, who=who)

    def released(self, name: str, release: str, *, practices: Sequence[str], who: str) -> Entry:
        """The release service reports a list given to practices: from here on the plan cannot be locked any more.

        Refused while the plan is not locked: success is agreed before anybody is contacted.
        """

        def agreed(past: list[Event]) -> None:
            if not lock_in(past):
                raise Refused(
                    f"No list of {name} may be released yet: success has not been agreed.",
                    f"Lock the plan first: goldenthread initiative lock {name}.",
                )

        entry = self.get(name)
        events: list[tuple[str, dict[str, Any]]] = [
            ("release", {"release": release, "practices": sorted(practices)})
        ]
        if entry.stage == "locked":
            events.append(("stage", {"stage": "running"}))
        self.store.append_all(name, events, who=who, check=agreed)
        return self.get(name)

    def history(self, name: str) -> tuple[Event, ...]:
        """Everything that was ever written about an initiative, oldest first."""
        return self.get(name).events


_made: dict[int, tuple[Sequence[Event], Entry]] = {}


def entry_of(events: Sequence[Event]) -> Entry:
    """The state that a history leads to; of the same history it is worked out once."""
    kept = _made.get(id(events))
    if kept is not None and kept[0] is events and isinstance(events, tuple):
        return kept[1]
    if len(_made) > 200:
        _made.clear()
    entry = _entry_of(events)
    _made[id(events)] = (events, entry)
    return entry


def _entry_of(events: Sequence[Event]) -> Entry:
    state: dict[str, Any] = {"plan": {}, "stage": "draft"}
    for event in events:
        if event.kind in ("created", "record"):
            state["initiative"] = event.body["initiative"]
        if event.kind in ("created", "plan") and "plan" in event.body:
            state["plan"] = event.body["plan"]
        if event.kind == "lock":
            state["plan"], state["stage"] = event.body["plan"], "locked"
        if event.kind == "stage":
            state["stage"] = event.body["stage"]
    return Entry(
        read(Initiative, state["initiative"]), read(Plan, state["plan"]), state["stage"], events[-1].version,
        tuple(events),
    )  # fmt: skip


def next_id(name: str, cycle: int) -> str:
    """The id of a later cycle: falls-2026 -> falls-2026-c2.

    >>> next_id("falls-2026", 2), next_id("falls-2026-c2", 3)
    ('falls-2026-c2', 'falls-2026-c3')
    """
    stem, _, tail = name.rpartition("-c")
    return f"{stem if stem and tail.isdigit() else name}-c{cycle}"


def begin_cycle(entry: Entry, *, title: str = "", id: str = "") -> Initiative:
    """The record of the next cycle, carried over from this one; ``id`` names it (the old name with -c2 where none is given)."""
    one, cycle = entry.initiative, entry.initiative.cycle + 1
    return replace(
        one, id=id or next_id(one.id, cycle), cycle=cycle, previous=one.id, cohort_version="", programme="",
        title=title or one.title,
    )  # fmt: skip
