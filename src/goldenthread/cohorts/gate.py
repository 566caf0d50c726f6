"""Facts kept in step with what practices share: looked at before every question."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from goldenthread.cohorts.facts import Facts
from goldenthread.governance import Sharing


@dataclass(frozen=True)
class Standing:
    """Facts, what practices share, and the practices whose people are not among the facts: as they were together."""

    facts: Facts
    sharing: Sharing | None
    gone: frozenset[str]


class Gate:
    """The facts that may be asked about now. One gate serves all views of a population.

    ``make`` opens the facts without the people of some practices; ``ask`` reads what is shared at this moment, or is
    ``None`` where there is no register. Where a practice withdraws, facts opened before are let go of.
    """

    def __init__(
        self,
        make: Callable[[tuple[str, ...]], Facts],
        ask: Callable[[], Sharing] | None,
        without_practices: Collection[str],
    ) -> None:
        self._make, self.ask = make, ask
        self.never = frozenset(without_practices)
        self._lock = threading.Lock()
        self._sharing = self._asked()
        self._gone = self._leaving()
        self.latest = make(tuple(sorted(self._gone)))

    def now(self) -> Standing:
        """The facts as they may be used at this moment; ``GovernanceError`` where nobody shares any more."""
        sharing = self._asked()
        with self._lock:
            self._sharing = sharing
            if (gone := self._leaving()) != self._gone:
                # cursors that are still open keep what they read; the next question gets the new facts
                self._gone, self.latest = gone, self._make(tuple(sorted(gone)))
            return Standing(self.latest, sharing, self._gone)

    def close(self) -> None:
        """Let go of the facts."""
        self.latest.close()

    def _asked(self) -> Sharing | None:
        if self.ask is None:
            return None
        sharing = self.ask()
        sharing.require()
        return sharing

    def _leaving(self) -> frozenset[str]:
        return self.never | (self._sharing.out if self._sharing is not None else frozenset())
