"""Agreeing on success before the start, so that nobody can move the goal afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenthread.programme.asking import CONTACTS, practices_sharing
from goldenthread.programme.errors import ProgrammeError, Refused
from goldenthread.programme.forms import canonical, fingerprint, read, to_json
from goldenthread.programme.plan import Plan, lacks
from goldenthread.programme.power import REMEDY, Power
from goldenthread.programme.store import Event, write_sealed

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.register import Entry, Register

SEALS = "locks"


@dataclass(frozen=True)
class Signatory:
    """Somebody who agreed, and in which role."""

    name: str
    role: str


@dataclass(frozen=True)
class Lock:
    """The agreement: the plan, who agreed, when, what could be seen with so many people, and every definition it rests on.

    ``hash`` is the SHA-256 of all the rest, as canonical JSON.
    """

    initiative: str
    cohort: str
    scope: str
    plan: Plan
    agreed_by: tuple[Signatory, ...]
    agreed_at: datetime
    power: Power | None
    definitions: Mapping[str, Any]
    catalogue_hash: str
    snapshot: str
    practices: tuple[str, ...]
    hash: str = ""

    def content(self) -> dict[str, Any]:
        """What the hash is of."""
        return {k: v for k, v in to_json(self).items() if k != "hash"}


@dataclass(frozen=True)
class Amendment:
    """A change after the lock: what, why, who agreed. ``hash`` chains it to the lock and to earlier amendments."""

    what: str
    reason: str
    agreed_by: tuple[Signatory, ...]
    at: datetime
    previous: str
    changes: Mapping[str, Any]
    hash: str = ""

    @property
    def words(self) -> str:
        """As shown beside the result."""
        names = ", ".join(f"{s.name} ({s.role})" for s in self.agreed_by)
        return f"{self.at:%-d %B %Y}: {self.what} Reason: {self.reason} Agreed by {names}."


def rests_on(plan: Plan) -> tuple[str, ...]:
    """Tables that the result rests on whatever its measures: contacts, where people are compared."""
    return CONTACTS if plan.design is not None and not plan.design.of_places else ()


def lock_in(events: Sequence[Event]) -> Lock | None:
    """The lock in a history."""
    found = next((e for e in events if e.kind == "lock"), None)
    return read(Lock, found.body) if found else None


def amendments_in(events: Sequence[Event]) -> tuple[Amendment, ...]:
    """The amendments in a history, oldest first."""
    return tuple(read(Amendment, e.body) for e in events if e.kind == "amendment")


def lock(
    register: Register,
    name: str,
    *,
    agreed_by: Sequence[Signatory],
    who: str,
    version: int,
    population: Population,
) -> Entry:
    """Lock the plan: from here on it is what the result is judged by.

    Refused (``Refused``, with every reason) without a primary outcome, a balancing measure, a comparator, a date, two
    people who agree, or enough people (it says how many are needed); after the first release; and where people were
    contacted already, unless the plan says so in ``began_before``.
    """
    from goldenthread.programme.evidence import resting_on
    from goldenthread.programme.power import power_of
    from goldenthread.programme.reach import first_contact

    entry = register.get(name)
    reasons = list(lacks(entry.plan))
    if entry.lock:
        raise Refused(
            f"The plan of {name} was locked on {entry.lock.agreed_at:%-d %B %Y}.",
            "Record an amendment with its reason, or begin the next cycle.",
        )
    if len({s.name.casefold().strip() for s in agreed_by if s.name.strip() and s.role.strip()}) < 2:
        reasons.append("fewer than two people agree: give at least two names, each with a role")
    now = register.store.now()
    if entry.releases:
        reasons.append("a list has been released already: success is agreed before the first release")
    contact = first_contact(population, entry.initiative)
    if contact and contact <= now.date() and not entry.plan.began_before.strip():
        reasons.append(
            f"people were contacted from {contact:%-d %B %Y}, before success was agreed: say why in `began_before`; "
            "it is shown beside the result for ever"
        )
    power = None
    if not reasons:
        power = power_of(population, entry.initiative, entry.plan)
        if not power.enough and not entry.plan.few_accepted.strip():
            reasons.append(f"{power.words}. {REMEDY}")
    if reasons:
        raise Refused(
            f"The plan of {name} cannot be locked yet: {reasons[0]}{'' if len(reasons) == 1 else f'; and {len(reasons) - 1} more'}.",
            "\n".join(f"- {reason}" for reason in reasons),
            tuple(reasons),
        )
    definitions = resting_on(population, entry.initiative, entry.plan)
    agreement = _sealed(
        Lock(
            entry.id, entry.initiative.cohort, entry.initiative.scope, entry.plan, tuple(agreed_by), now, power,
            definitions, population.catalogue.hash(), population.snapshot.id,
            practices_sharing(population, definitions, tables=rests_on(entry.plan)),
        )
    )  # fmt: skip
    # the seal first: a process killed here leaves a seal without a lock, never a lock without its seal
    seal = seal_path(register, agreement)
    write_sealed(seal, canonical(agreement) + "\n")
    try:
        register.store.append(
            name,
            "lock",
            to_json(agreement),
            who=who,
            version=version,
            check=lambda past: _unlocked(name, past),
        )
    except BaseException:
        seal.unlink(missing_ok=True)
        raise
    return register.get(name)


def amend(
    register: Register,
    name: str,
    *,
    what: str,
    reason: str,
    agreed_by: Sequence[Signatory],
    who: str,
    changes: Mapping[str, Any] | None = None,
) -> Entry:
    """Record a change after the lock. The judged plan stays as it was: what is added is shown as added.

    ``changes`` may hold ``outcomes`` (looked at as well, labelled as exploratory) and anything else in plain values.
    """
    entry = register.get(name)
    if entry.lock is None:
        raise Refused(f"The plan of {name} is not locked.", "Change the plan itself.")
    if not what.strip() or not reason.strip():
        raise ProgrammeError("An amendment needs what changed and why.", "Give both.")
    if not agreed_by:
        raise ProgrammeError("Nobody agreed to the amendment.", "Give at least one name with a role.")
    last = entry.amendments[-1].hash if entry.amendments else entry.lock.hash
    made = Amendment(what, reason, tuple(agreed_by), register.store.now(), last, dict(changes or {}))
    body = to_json(made) | {"hash": _amendment_hash(made)}
    register.store.append(name, "amendment", body, who=who)
    return register.get(name)


def verify(register: Register, name: str) -> tuple[str, ...]:
    """What is not as it was agreed: in the database, in the sealed copy, or between them. Nothing where all is whole.

    The hash printed on the result page, in the handover pack and on paper is the last proof: compare it with
    ``register.get(name).lock.hash``.
    """
    found = register.store.problems(name)
    events = register.store.events(name)
    try:
        agreement = lock_in(events)
    except ProgrammeError as error:
        return (*found, f"the lock cannot be read: {error.message}")
    if agreement is None:
        left = sorted((register.folder / SEALS).glob(f"{name}.*.json"))
        return (*found, *(f"{path.name}: a sealed plan, and no lock in the database" for path in left))
    if fingerprint(agreement.content()) != agreement.hash:
        found.append("the locked plan does not have the hash it was locked with: it was changed")
    path = seal_path(register, agreement)
    if not path.exists():
        found.append(f"the sealed copy {path.name} is gone")
    elif path.read_text("utf-8").strip() != canonical(agreement):
        found.append(f"the locked plan differs from its sealed copy {path.name}")
    last = agreement.hash
    for number, one in enumerate(amendments_in(events), 1):
        if one.previous != last or _amendment_hash(one) != one.hash:
            found.append(f"amendment {number} does not follow on what was agreed before it")
        last = one.hash
    return tuple(found)


def seal_path(register: Register, agreement: Lock) -> Path:
    """The copy of a locked plan outside the database."""
    return register.folder / SEALS / f"{agreement.initiative}.{agreement.hash[:12]}.json"


def _sealed(agreement: Lock) -> Lock:
    # as it will be read back, so that the hash is of what is kept
    kept = read(Lock, to_json(agreement))
    return read(Lock, kept.content() | {"hash": fingerprint(kept.content())})


def _amendment_hash(one: Amendment) -> str:
    return fingerprint({k: v for k, v in to_json(one).items() if k != "hash"})


def _unlocked(name: str, past: list[Event]) -> None:
    if lock_in(past):
        raise Refused(f"The plan of {name} was locked meanwhile.", "Open it again.")
    if any(e.kind == "release" for e in past):
        raise Refused(
            f"A list of {name} was released meanwhile.", "Success is agreed before the first release."
        )
