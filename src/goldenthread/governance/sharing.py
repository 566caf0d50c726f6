"""What practices share for a purpose today, brought together with the practices that are in the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from goldenthread.governance.clock import today_of
from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.feeds import feeds, feeds_of
from goldenthread.governance.purposes import Purpose, named_purpose
from goldenthread.governance.register import Register, Shares
from goldenthread.lake import Snapshot
from goldenthread.settings import Settings


@dataclass(frozen=True)
class Sharing:
    """Who shares what for one purpose on one day.

    ``practices`` are those in the data; ``out`` share nothing for the purpose, or not the GP record, so their people
    leave every question. ``withheld`` names, for a feed, practices that share others but not this one: their people
    leave the questions that use it. ``feeds`` are those that the purpose may use at all. ``state`` changes whenever
    any of this does.
    """

    purpose: str
    title: str
    day: date
    practices: tuple[str, ...]
    out: frozenset[str]
    withheld: Mapping[str, frozenset[str]]
    feeds: frozenset[str]
    reasons: Mapping[str, str]
    state: str

    @property
    def plain(self) -> bool:
        """Whether every question is answered for the same practices, and no feed is barred."""
        return not self.withheld and len(self.feeds) == len(feeds())

    def leaving(self, tables: Iterable[str]) -> frozenset[str]:
        """Practices whose people leave a question that uses these tables, beside those who are out.

        Raises ``GovernanceError`` where the purpose may not use one of the feeds at all.
        """
        wanted = feeds_of(tables)
        if barred := sorted(wanted - self.feeds):
            names = " and ".join(feeds()[f].title for f in barred)
            raise GovernanceError(
                f"{self.title} may not use this: {names}.",
                "Ask without it, or ask the information governance lead whether the purpose should use that feed.",
            )
        return frozenset().union(*(self.withheld.get(f, frozenset()) for f in wanted))

    def require(self) -> None:
        """Raise ``GovernanceError`` where nobody shares."""
        if self.practices and len(self.out) == len(self.practices):
            raise GovernanceError(
                f"No practice shares its record for {self.title.lower()}.",
                f"Record what practices have agreed: goldenthread agreements adopt --purpose {self.purpose} --by NAME --reason WHY.",
            )


def sharing_of(settings: Settings, snapshot: Snapshot, purpose: str | Purpose) -> Sharing:
    """What is shared for a purpose today among the practices in a snapshot. Read from the register each time.

    Where the deployment's setting is ``agreements = "required"``, a practice that never decided shares nothing; where it
    is ``"recorded"``, it shares until it says otherwise.
    """
    chosen = named_purpose(purpose)
    register = Register.open(settings.home)
    # a page asks many questions: the register is read again only if its file is not the one read before
    look = register.database.look()
    key = (settings.home, settings.agreements_required, today_of(settings), snapshot.path, chosen, look)
    if look is not None and (known := _known.get(key)) is not None:
        return known
    found = _read(settings, snapshot, chosen, register)
    if look is not None:
        if len(_known) > 100:
            _known.clear()
        _known[key] = found
    return found


_known: dict[tuple[object, ...], Sharing] = {}


def _read(settings: Settings, snapshot: Snapshot, chosen: Purpose, register: Register) -> Sharing:
    day = today_of(settings)
    in_force, terms = register.in_force(chosen, day), register.terms(chosen)
    practices = practices_in(snapshot)
    every = frozenset(feeds())
    nothing = Shares("", frozenset(), frozenset())
    stand = {p: in_force.get(p, nothing) for p in practices}
    shared = {p: s.shared if settings.agreements_required else every - s.withheld for p, s in stand.items()}
    out = frozenset(p for p, feeds_ in shared.items() if "gp" not in feeds_)
    withheld: dict[str, set[str]] = {}
    for practice in practices:
        for feed in every - shared[practice] if practice not in out else ():
            withheld.setdefault(feed, set()).add(practice)
    reasons = {p: stand[p].why or "has not agreed" for p in out}
    kept = {f: frozenset(p) for f, p in sorted(withheld.items())}
    state = [
        chosen.name,
        sorted(out),
        [[f, sorted(p)] for f, p in kept.items()],
        sorted(terms.feeds),
        len(practices),
    ]
    return Sharing(
        purpose=chosen.name, title=chosen.title, day=day, practices=practices, out=out, withheld=MappingProxyType(kept),
        feeds=terms.feeds, reasons=MappingProxyType(reasons), state=_digest(state),
    )  # fmt: skip


def sharing_state(settings: Settings, purpose: str | Purpose) -> str:
    """A fingerprint of what the register says of a purpose today: the key for whatever is kept of its answers."""
    chosen, day = named_purpose(purpose), today_of(settings)
    register = Register.open(settings.home)
    look = register.database.look()
    key = (settings.home, settings.agreements_required, day, chosen, look)
    if look is None or (state := _states.get(key)) is None:
        state = _digest([register.state_hash(chosen, day), settings.agreements_required])
        if look is not None:
            if len(_states) > 100:
                _states.clear()
            _states[key] = state
    return state


_states: dict[tuple[object, ...], str] = {}


def practices_in(snapshot: Snapshot) -> tuple[str, ...]:
    """Codes of the practices that people in a snapshot are or were registered with."""
    return _practices(_Key(snapshot))


class _Key:
    """A snapshot as a key of the cache: its folder never changes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def __hash__(self) -> int:
        return hash(self.snapshot.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.snapshot.path == self.snapshot.path


@lru_cache(maxsize=8)
def _practices(key: _Key) -> tuple[str, ...]:
    connection = key.snapshot.connect(only=("registration",))
    try:
        rows = connection.execute(
            "SELECT DISTINCT practice FROM registration WHERE practice IS NOT NULL ORDER BY practice"
        ).fetchall()
    finally:
        connection.close()
    return tuple(str(row[0]) for row in rows)


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
