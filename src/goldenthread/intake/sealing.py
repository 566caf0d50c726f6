"""Seals who the patients of practices are, in a thread of its own beside the rest of a refresh."""

from __future__ import annotations

import datetime
import hashlib
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import pairwise
from types import TracebackType

import numpy as np
import pyarrow as pa

from goldenthread.intake.arrivals import Arrival
from goldenthread.intake.arriving import Outcome
from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.identities import opened, practice_identities
from goldenthread.intake.people import LocalRoster
from goldenthread.intake.report import Progress
from goldenthread.intake.stage import reread_identities
from goldenthread.vault import PSEUDONYM, Keys, joined
from goldenthread.vault import Refresh as VaultRefresh

SEALED_FORM = "2"
"""Raised whenever other identities are to be sealed of the same files, so that every practice's are sealed again.
Up to form 1 a hospital's row about a patient could take the place of what the practice says."""
TAKING_TURNS = 0.0005
"""Seconds after which Python lets another thread have its turn; its own 0.005 is long beside numpy's steps."""


class Sealing:
    """Identities of patients whose practice's files have changed, or who are newly at the practice.

    Sealing is work by the row, on one processor; what else a refresh does is work by the column. So it runs in a
    thread. Until ``wait`` has returned nobody else may use the vault. Leaving the ``with`` early stops it after
    the practice that it is at.
    """

    def __init__(
        self,
        sources: Sources,
        outcome: Outcome,
        keys: Keys,
        identities: VaultRefresh,
        before: dict[str, str],
        as_of: datetime.date,
        today: datetime.date,
    ) -> None:
        self.outcome, self.keys, self.identities = outcome, keys, identities
        self.before, self.as_of, self.today = before, as_of, today
        self.homes = _homes(sources)
        self.state: dict[str, str] = {}
        """What each practice's identities were made from; to be kept once they are in force."""
        self._done = 0
        self._over = False
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sealing")
        self._future: Future[None] | None = None

    def __enter__(self) -> Sealing:
        self._future = self._pool.submit(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True)

    @property
    def over(self) -> bool:
        """Whether ``wait`` has returned: the vault may be used."""
        return self._over

    def wait(self, progress: Progress) -> None:
        """Return once everything is sealed; raises what sealing came to grief over."""
        if self._future is None or self._over:
            return
        progress.begin("Sealing identities", len(self.outcome.rosters))
        shown, finished = 0, False
        while not finished:
            finished = bool(wait([self._future], timeout=0.2).done)
            done = self._done
            progress.advance(done - shown)
            shown = done
        self._future.result()
        self._over = True
        progress.end()

    def _run(self) -> None:
        files = self.outcome.in_force
        by_practice = {
            (a.contract.name, a.organisation): a
            for name, a in self.outcome.arrivals.items()
            if name in files
            and not any(r.file == a.relative for r in self.outcome.refused.get(a.contract.name, []))
        }
        with _short_turns():
            for practice, roster in sorted(self.outcome.rosters.items()):
                if self._stop.is_set():
                    return
                patients = by_practice.get(("gp_patient", practice))
                if patients is not None:
                    self._practice(practice, roster, patients, by_practice.get(("gp_address", practice)))
                elif practice in self.before:
                    self.state[practice] = self.before[practice]
                self._done += 1

    def _practice(
        self, practice: str, roster: LocalRoster, patients: Arrival, addresses: Arrival | None
    ) -> None:
        home = self.homes.get(practice, pa.array([], PSEUDONYM))
        digest = hashlib.blake2b(SEALED_FORM.encode(), digest_size=16)
        for arrival in (patients, addresses):
            digest.update(self.outcome.in_force[arrival.name].key.encode() if arrival else b"-")
        digest.update(joined(home))
        self.state[practice] = digest.hexdigest()
        if self.before.get(practice) != self.state[practice]:
            who, where = self._identity(patients, roster), self._identity(addresses, roster)
            if who is not None:
                self.identities.store(practice_identities(who, where, practice, home, self.as_of))

    def _identity(self, arrival: Arrival | None, roster: LocalRoster) -> pa.Table | None:
        """What a practice's file says of who its patients are; read again where it was not read this time."""
        if arrival is None:
            return None
        known = self.outcome.identities.pop(arrival.name, None)
        return (
            opened(known) if known is not None else reread_identities(arrival, self.keys, roster, self.today)
        )


def _homes(sources: Sources) -> dict[str, pa.Array]:
    """The people whose practice each one is now, in order."""
    rows = sources.values("SELECT DISTINCT practice, pseudonym FROM home ORDER BY practice, pseudonym")
    practices = rows["practice"].combine_chunks().dictionary_encode()
    ends = np.searchsorted(practices.indices.to_numpy(), np.arange(len(practices.dictionary) + 1))
    people = rows["pseudonym"].combine_chunks().cast(PSEUDONYM)
    return {
        name: people[begin:end]
        for name, (begin, end) in zip(practices.dictionary.to_pylist(), pairwise(ends), strict=True)
    }


@contextmanager
def _short_turns() -> Iterator[None]:
    """Threads take turns more often while rows are sealed: the others need Python for a moment at a time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, TAKING_TURNS))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
