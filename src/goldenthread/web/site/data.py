"""The data that requests see: the snapshot in force, opened once and changed without dropping a request."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

from goldenthread.cohorts import Population, ScopeTree, catalogue_of, population_of, scope_tree
from goldenthread.definitions import Catalogue
from goldenthread.lake import Lake, Snapshot
from goldenthread.settings import Settings


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
    from goldenthread import governance

    state = getattr(governance, "sharing_state", None)
    return str(state(settings, purpose)) if state is not None else ""


class Editions:
    """The edition in force. Each request asks; a new snapshot is noticed by a look at the pointer file."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, str] | None = None
        self._current: Edition | None = None

    def current(self) -> Edition:
        """The edition in force; ``NoSnapshotError`` before the first refresh."""
        lake = Lake(self._settings.lake_dir)
        stamp = self._look()
        if self._current is not None and stamp == self._stamp:
            return self._current
        with self._lock:
            if self._current is None or stamp != self._stamp:
                # requests under way keep the old edition; its files close when the last of them ends
                self._current = Edition(self._settings, lake.current(), catalogue_of(self._settings))
                self._stamp = stamp
            return self._current

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


_editions: Editions | None = None
_editions_lock = threading.Lock()


def editions() -> Editions:
    """The editions of the deployment that this process serves."""
    global _editions
    if _editions is None:
        with _editions_lock:
            if _editions is None:
                from django.conf import settings

                _editions = Editions(settings.DEPLOYMENT)
    return _editions


def forget() -> None:
    """Close everything: for tests that change the deployment."""
    global _editions
    _editions = None
