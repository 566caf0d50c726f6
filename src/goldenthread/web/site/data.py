"""The data that requests see: the snapshot in force, opened once and changed without dropping a request."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from goldenthread.cohorts import Population, ScopeTree, catalogue_of, population_of, scope_tree
from goldenthread.definitions import Catalogue
from goldenthread.errors import GoldenThreadError
from goldenthread.lake import Lake, Snapshot
from goldenthread.settings import Settings

PREPARED = "GOLDENTHREAD_PREPARED"
"""Set in the environment of a server beside which a helper works out the facts of each new snapshot."""
PATIENCE_SECONDS = 1800.0
_LOOK_SECONDS = 1.0


@dataclass
class Edition:
    """One snapshot with its definitions, its tree of scopes, and the populations opened so far."""

    settings: Settings
    snapshot: Snapshot
    catalogue: Catalogue

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._populations: dict[tuple[str, str], Population] = {}

    @cached_property
    def tree(self) -> ScopeTree:
        """Every scope with its name."""
        return scope_tree(self.snapshot, self.settings.system or self.settings.name)

    @property
    def ready(self) -> bool:
        """Whether its facts are worked out, so that the first question need not wait for them."""
        try:
            return not self.population("planning", "standing figures").slow_to_begin
        except GoldenThreadError:  # nobody shares: there is nothing to wait for, and pages say so
            return True

    def population(self, purpose: str, recipient: str) -> Population:
        """Everybody whom ``purpose`` may ask about under the agreements in force now, answering to ``recipient``."""
        key = (purpose, sharing_state(self.settings, purpose))
        with self._lock:
            found = self._populations.get(key)
            if found is None:
                for old in [k for k in self._populations if k[0] == purpose]:
                    del self._populations[old]
                found = population_of(
                    self.settings, purpose=purpose, catalogue=self.catalogue, snapshot=self.snapshot
                )
                self._populations[key] = found
        return found.told_to(recipient)


def sharing_state(settings: Settings, purpose: str) -> str:
    """Changes whenever an agreement that concerns the purpose changes, so that the next question obeys it."""
    from goldenthread.governance import sharing_state as state_of

    return state_of(settings, purpose)


class Editions:
    """The edition in force. Each request asks; a new snapshot is noticed by a look at the pointer file.

    Where a helper prepares it (``prepared``), the new snapshot is shown once its facts are worked out: until then everybody
    goes on with the one before, and nobody waits minutes for a page.
    """

    def __init__(self, settings: Settings, *, prepared: bool = False) -> None:
        self._settings = settings
        self._prepared = prepared
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, str] | None = None
        self._current: Edition | None = None
        self._coming: tuple[tuple[int, int, str], Edition] | None = None
        self._since = self._looked = 0.0

    def current(self) -> Edition:
        """The edition in force; ``NoSnapshotError`` before the first refresh."""
        stamp = self._look()
        if self._current is not None and stamp == self._stamp:
            return self._current
        with self._lock:
            now = self._current
            if now is None or (stamp != self._stamp and not self._waits(now, stamp)):
                # requests under way keep the old edition; its files close when the last of them ends
                coming = self._coming
                self._current = coming[1] if coming is not None and coming[0] == stamp else self._opened()
                self._stamp, self._coming = stamp, None
                if self._prepared:
                    threading.Thread(target=_load, args=(self._current,), daemon=True).start()
                return self._current
            return now

    def _opened(self) -> Edition:
        return Edition(self._settings, Lake(self._settings.lake_dir).current(), catalogue_of(self._settings))

    def _waits(self, now: Edition, stamp: tuple[int, int, str]) -> bool:
        """Whether the snapshot before is still shown; it is looked once a second, and not for ever."""
        if not self._prepared or not now.snapshot.path.exists():
            return False
        moment = time.monotonic()
        if self._coming is None or self._coming[0] != stamp:
            self._coming, self._since, self._looked = (stamp, self._opened()), moment, 0.0
        if self._coming[1].snapshot.id == now.snapshot.id or moment - self._since > PATIENCE_SECONDS:
            return False  # other definitions of the same data are what their author wants to see
        if moment - self._looked < _LOOK_SECONDS:
            return True
        self._looked = moment
        return not self._coming[1].ready

    def _look(self) -> tuple[int, int, str]:
        try:
            found = (self._settings.lake_dir / "CURRENT").stat()
        except OSError:
            return (0, 0, "")
        own = self._settings.home / "definitions"
        newest = (
            max((p.stat().st_mtime_ns for p in own.rglob("*") if p.is_file()), default=0)
            if own.is_dir()
            else 0
        )
        return (found.st_mtime_ns, found.st_ino, str(newest))


def _load(edition: Edition) -> None:
    """Bring into memory what the first question would wait for."""
    from goldenthread.insight.who import make_ready

    with suppress(GoldenThreadError):  # the page says why
        make_ready(edition.population("planning", "standing figures"))


_editions: Editions | None = None
_editions_lock = threading.Lock()


def editions() -> Editions:
    """The editions of the deployment that this process serves."""
    global _editions
    if _editions is None:
        with _editions_lock:
            if _editions is None:
                from django.conf import settings

                _editions = Editions(settings.DEPLOYMENT, prepared=bool(os.environ.get(PREPARED)))
    return _editions


def forget() -> None:
    """Close everything: for tests that change the deployment."""
    global _editions
    _editions = None
