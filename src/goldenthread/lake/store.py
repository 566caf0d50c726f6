"""The lake: snapshots, the one in force, and the one being built."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from goldenthread.lake.engine import writer_connection
from goldenthread.lake.files import LakeError, NoSnapshotError, explain_disk_trouble
from goldenthread.lake.lock import refresh_lock
from goldenthread.lake.manifest import Manifest
from goldenthread.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from goldenthread.lake.builder import SnapshotBuilder

_STAGING = ".staging-"


class Lake:
    """A folder of immutable snapshots, of which ``CURRENT`` names one.

    Readers open ``current()`` and keep it; a refresh builds the next beside it. Old snapshots go only
    when somebody prunes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def current_file(self) -> Path:
        """The file that names the snapshot in force: its change tells a server to reopen."""
        return self.path / "CURRENT"

    def current_id(self) -> str | None:
        """Id of the snapshot in force, or ``None`` before the first refresh."""
        try:
            return self.current_file.read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def current(self) -> Snapshot:
        """The snapshot in force; ``NoSnapshotError`` before the first refresh."""
        name = self.current_id()
        if name is None:
            raise NoSnapshotError(f"{self.path} has no snapshot yet.", "Run `goldenthread refresh` first.")
        return self.snapshot(name)

    def snapshot(self, name: str) -> Snapshot:
        """The snapshot called ``name``; ``LakeError`` naming those there are."""
        if name not in self.names():
            raise LakeError(
                f"There is no snapshot {name!r}.", f"There are: {', '.join(self.names()) or 'none yet'}."
            )
        folder = self._snapshots / name
        return Snapshot(folder, Manifest.read(folder))

    def names(self) -> list[str]:
        """Ids of the snapshots on the disk, oldest first."""
        if not self._snapshots.is_dir():
            return []
        return sorted(p.name for p in self._snapshots.iterdir() if p.is_dir() and not p.name.startswith("."))

    @property
    def _snapshots(self) -> Path:
        return self.path / "snapshots"

    @contextmanager
    def begin(self, *, memory_mb: int = 3000, threads: int = 2) -> Iterator[SnapshotBuilder]:
        """Build a snapshot. Nothing is in force until ``builder.commit()``; leaving without it leaves nothing.

        Raises ``RefreshRunningError`` where another refresh holds the lake, and ``LakeError`` where the
        disk is full or cannot be written.
        """
        from goldenthread.lake.builder import SnapshotBuilder  # few commands build one

        with refresh_lock(self.path), explain_disk_trouble(self.path):
            self._remove_leftovers()
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
            staging = self._snapshots / f"{_STAGING}{name}"
            staging.mkdir(parents=True)
            spill = self.path / f"{_STAGING}{name}"
            spill.mkdir()
            connection = writer_connection(spill, memory_mb=memory_mb, threads=threads)
            try:
                yield SnapshotBuilder(self.path, staging, name, connection)
            finally:
                connection.close()
                shutil.rmtree(staging, ignore_errors=True)
                shutil.rmtree(spill, ignore_errors=True)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep refreshes away while something they rest on is changed; ``RefreshRunningError`` where one runs."""
        with refresh_lock(self.path), explain_disk_trouble(self.path):
            yield

    def prune(self, keep: int = 2) -> list[str]:
        """Remove all but the newest ``keep`` snapshots, leftovers and stale caches; returns what went.

        The snapshot in force always stays.
        """
        if keep < 1:
            raise LakeError("At least one snapshot is always kept.", "Use --keep 1 or more.")
        with refresh_lock(self.path), explain_disk_trouble(self.path):
            gone = self._remove_leftovers()
            names = self.names()
            in_force = self.current_id()
            spare = {*names[-keep:], in_force}
            for name in names:
                if name not in spare:
                    doomed = self._snapshots / f"{_STAGING}old-{name}"
                    (self._snapshots / name).rename(doomed)
                    shutil.rmtree(doomed)
                    gone.append(name)
            cache = self.path / "cache"
            for file in cache.iterdir() if cache.is_dir() else ():
                # a cache is named after its snapshot up to the first dot, which no snapshot's name has
                if file.name.split(".")[0] not in spare:
                    file.unlink()
                    gone.append(f"cache/{file.name}")
            return gone

    def _remove_leftovers(self) -> list[str]:
        """Remove what a killed refresh left: staging folders, and drafts of the file that names the snapshot."""
        gone = []
        for folder in (self.path, self._snapshots):
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                if path.name.startswith(_STAGING):
                    shutil.rmtree(path)
                    gone.append(path.name)
                elif path.name.startswith(".CURRENT."):
                    path.unlink()
                    gone.append(path.name)
        return gone
