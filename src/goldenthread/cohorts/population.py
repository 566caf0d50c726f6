"""Everybody that a purpose may ask about on a date: the first join of every question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from goldenthread.cohorts.errors import CohortError
from goldenthread.cohorts.facts import Facts
from goldenthread.cohorts.gate import Gate, Standing
from goldenthread.cohorts.scope import Scope
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import Variable
from goldenthread.disclosure import Ledger
from goldenthread.governance import Coverage, Purpose, Sharing, named_purpose
from goldenthread.lake import Snapshot, to_numbers
from goldenthread.measures import tables_of

if TYPE_CHECKING:
    from goldenthread.cohorts.cohort import Cohort

T = TypeVar("T")


class Population:
    """People registered and alive on ``index_date`` who may be asked about for ``purpose``.

    ``index_date`` is the snapshot's data date if not said. Facts come from the person table where there is one;
    on the data date it is made at first use, because everybody asks about that day. On other days only the facts
    that a question needs are worked out, unless there are many of them.

    ``ledger`` and ``recipient`` say who is told: answers that could be subtracted from earlier ones are hidden.

    ``sharing`` says what practices share; it is called before every question, so that a practice that withdraws is out
    of the next one. ``without_practices`` are out whatever it says.

    Raises ``CohortError`` for a date outside the data, ``GovernanceError`` for an unknown purpose.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        catalogue: Catalogue,
        *,
        purpose: str | Purpose = "planning",
        index_date: date | None = None,
        ledger: Ledger | None = None,
        recipient: str = "",
        without_practices: Sequence[str] = (),
        sharing: Callable[[], Sharing] | None = None,
        memory_mb: int = 1000,
        threads: int = 2,
    ) -> None:
        self.snapshot, self.catalogue = snapshot, catalogue
        self.purpose = named_purpose(purpose)
        self.data_date = snapshot.data_date
        self.index_date = index_date or self.data_date
        self.ledger, self.recipient = ledger, recipient
        self.scope = Scope()
        self._rests_on: frozenset[str] = frozenset()
        self._gate = Gate(
            lambda gone: Facts(
                snapshot, catalogue, self.purpose, self.index_date,
                without_practices=gone, memory_mb=memory_mb, threads=threads,
            ),
            sharing,
            without_practices,
        )  # fmt: skip
        self._check_date()

    def _check_date(self) -> None:
        if self.index_date > self.data_date:
            raise CohortError(
                f"{_day(self.index_date)} is outside the data, which run to {_day(self.data_date)}.",
                f"Ask as at {self.data_date.isoformat()} or an earlier day.",
            )
        if self.index_date == self.data_date:
            return
        first = _first_registration(self.snapshot)
        if first is None or self.index_date < first:
            begin = f"which begin on {_day(first)}" if first else "which hold no registration"
            raise CohortError(
                f"{_day(self.index_date)} is outside the data, {begin}.",
                f"Ask as at a day up to {self.data_date.isoformat()}.",
            )

    @property
    def variables(self) -> dict[str, Variable]:
        """Every name that an expression may use."""
        return self._gate.latest.variables

    @property
    def index_sql(self) -> str:
        """The index date as SQL."""
        return f"DATE '{self.index_date.isoformat()}'"

    @property
    def slow_to_begin(self) -> bool:
        """Whether the first question will make the person table."""
        return self._gate.latest.to_be_made

    def cohort(self, expression: str) -> Cohort:
        """The people for whom an expression holds; a cohort's name stands for its expression."""
        from goldenthread.cohorts.cohort import Cohort

        return Cohort(self, expression)

    # -- whose -----------------------------------------------------------------------------------------

    def within(self, scope: Scope) -> Population:
        """The same population, restricted to one practice, network, place or area; it shares the facts."""
        return _View(self, scope, self.recipient)

    def told_to(self, recipient: str) -> Population:
        """The same people, answering to somebody else: what was answered before is remembered for each apart."""
        return _View(self, self.scope, recipient)

    def at(self, index_date: date) -> Population:
        """The same question on another day: same purpose, scope and recipient, and what practices share is looked at as here."""
        facts = self._gate.latest
        other = Population(
            self.snapshot, self.catalogue, purpose=self.purpose, index_date=index_date, ledger=self.ledger,
            recipient=self.recipient, without_practices=tuple(self._gate.never), sharing=self._gate.ask,
            memory_mb=facts.memory_mb, threads=facts.threads,
        )  # fmt: skip
        other.scope, other._rests_on = self.scope, self._rests_on
        return other

    @property
    def whole(self) -> Population:
        """The same people in every scope, answering to the same person."""
        return self if self.scope.kind == "system" else _View(self, Scope(), self.recipient)

    # -- what practices share --------------------------------------------------------------------------

    @property
    def sharing(self) -> Sharing | None:
        """What practices share for the purpose at this moment; ``None`` where no register was given."""
        return self._gate.now().sharing

    @property
    def without_practices(self) -> tuple[str, ...]:
        """Practices whose people leave every question of this population, at this moment."""
        return tuple(sorted(self._left_by(self._gate.now())))

    def for_facts(self, names: Iterable[str]) -> Population:
        """The people whose practices share every feed that these facts rest on: numerator and denominator of one question.

        Raises ``GovernanceError`` where the purpose may not use one of the feeds.
        """
        sharing = self.sharing
        if sharing is None or sharing.plain:
            return self
        return self.for_tables(tables_of(self.catalogue, names, self.variables))

    def for_tables(self, tables: Iterable[str]) -> Population:
        """As ``for_facts``, for those who read tables of the lake themselves."""
        sharing, tables = self.sharing, frozenset(tables)
        if sharing is None or sharing.plain:
            return self
        sharing.leaving(tables)
        return _View(self, self.scope, self.recipient, self._rests_on | tables)

    def without_practices_for(self, names: Iterable[str]) -> tuple[str, ...]:
        """Practices whose people leave a question about these facts: for those who ask the lake themselves, by ``eligible``."""
        return tuple(sorted(self._left_by(self._gate.now(), list(names))))

    def _left_by(self, now: Standing, needs: Iterable[str] = ()) -> frozenset[str]:
        """Practices whose people leave a question."""
        if now.sharing is None or now.sharing.plain:
            return now.gone
        tables = tables_of(self.catalogue, needs, self.variables) if needs else frozenset()
        return now.gone | now.sharing.leaving(self._rests_on | tables)

    def _asked(self, needs: Iterable[str], where: str) -> tuple[Facts, list[str], str]:
        """The facts as they may be used now, those that a question needs, and the condition on whose they are."""
        now = self._gate.now()
        wanted, condition = [*needs, *self.scope.needs], f"({where}) AND {self.scope.sql}"
        if leaving := self._left_by(now, wanted) - now.gone:
            listed = ", ".join("'" + p.replace("'", "''") + "'" for p in sorted(leaving))
            wanted.append("practice")
            condition += f" AND coalesce(practice NOT IN ({listed}), TRUE)"
        return now.facts, wanted, condition

    # -- facts -----------------------------------------------------------------------------------------
    # Threads may ask at once. What was asked before is remembered: the snapshot does not change.

    def query(self, select: str, needs: Iterable[str], *, where: str = "TRUE") -> pa.Table:
        """``select`` over facts about these people, in the order of ``pid``. For use inside the house: nothing here is released.

        Quickest where ``select`` begins with ``pid``.
        """
        facts, wanted, condition = self._asked(needs, where)
        return facts.people(select, wanted, where=condition)

    def kept(
        self, what: str, select: str, needs: Iterable[str], make: Callable[[pa.Table], T], *, most: int = 16
    ) -> T:
        """``make`` of such a query, worked out once under the name ``what`` and kept beside the facts; the latest ``most`` stay.

        It must follow from the table alone, and nobody may change it.
        """
        facts, wanted, condition = self._asked(needs, "TRUE")
        found: T = facts.kept(
            what, (select, condition), lambda: make(facts.people(select, wanted, where=condition)), most=most
        )
        return found

    def told_before(self, question: str, make: Callable[[], T]) -> T:
        """A released answer to ``question``, released once: told again to the same person, it tells nothing new."""
        now = self._gate.now()
        key = (question, self.recipient, self.scope.slug, self._rests_on, self._left_by(now))
        found: T = now.facts.kept("told", key, make, most=2_000)
        return found

    def grouped(self, group: str, select: str, needs: Iterable[str], *, where: str = "TRUE") -> pa.Table:
        """``group`` and the aggregates ``select`` over facts about these people, one row a group. For use inside the house, as ``query``."""
        return self.groups(select, needs, by=group, where=where)

    def count(self, needs: Iterable[str], *, where: str) -> int:
        """How many of these people meet a condition: one statement. For use inside the house: release it before it is shown."""
        facts, wanted, condition = self._asked(needs, where)
        found = facts.ask("count(*) AS n", wanted, where=condition)
        return int(found.column("n")[0].as_py())

    def groups(self, select: str, needs: Iterable[str], *, by: str, where: str = "TRUE") -> pa.Table:
        """Aggregates over facts about these people, a row for each group of ``by``. For use inside the house: release what is shown.

        ``by`` and ``select`` are lists of SQL expressions with commas between, with or without ``AS name``.
        """
        facts, wanted, condition = self._asked(needs, where)
        return facts.ask(f"{by}, {select}", wanted, where=condition, after="GROUP BY ALL ORDER BY ALL")

    @property
    def pids(self) -> np.ndarray:
        """Person numbers of everybody here, rising."""
        return to_numbers(self.query("pid", ()).column("pid"))

    @cached_property
    def registered(self) -> np.ndarray:
        """Person numbers of everybody registered and alive, whatever the purpose."""
        table = self._gate.now().facts.people(
            "pid", self.scope.needs, where=self.scope.sql, all_registered=True
        )
        return to_numbers(table.column("pid"))

    @property
    def coverage(self) -> Coverage:
        """How many of those registered may be asked about. Exact: release it before it is shown."""
        now = self._gate.now()
        registered, asked, gone = len(self.registered), len(self.pids), self._left_by(now)
        if now.sharing is None and not gone:
            return Coverage(self.purpose.name, registered, asked)
        listed = now.facts.ask(
            "DISTINCT practice", ["practice", *self.scope.needs], where=f"practice IS NOT NULL AND {self.scope.sql}",
            all_registered=True,
        )  # fmt: skip
        here = set(listed.column("practice").to_pylist())
        return Coverage(self.purpose.name, registered, asked, len(here), len(here - gone))

    def close(self) -> None:
        """Let go of the person table."""
        self._gate.close()


class _View(Population):
    """A population restricted to a scope, or answering to somebody else. The facts are those of the whole."""

    def __init__(
        self, whole: Population, scope: Scope, recipient: str, rests_on: frozenset[str] | None = None
    ) -> None:
        shared = {k: v for k, v in whole.__dict__.items() if k != "registered"}
        self.__dict__.update(shared)
        self.scope, self.recipient = scope, recipient
        if rests_on is not None:
            self._rests_on = rests_on

    def close(self) -> None:
        """Nothing: the facts belong to the whole."""


_first_registrations: dict[Path, date | None] = {}


def _first_registration(snapshot: Snapshot) -> date | None:
    """The first day of any registration; ``None`` where there is none."""
    if snapshot.path not in _first_registrations:  # a snapshot never changes
        from goldenthread.measures import first_registration  # few questions are about another day

        _first_registrations[snapshot.path] = first_registration(snapshot)
    return _first_registrations[snapshot.path]


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
