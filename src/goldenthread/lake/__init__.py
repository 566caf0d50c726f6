"""Immutable, versioned snapshots of the pseudonymised store, and the engine that reads them."""

from typing import TYPE_CHECKING

from goldenthread.fetching import fetched
from goldenthread.lake.arrow import from_numbers, to_numbers
from goldenthread.lake.files import LakeError, NoSnapshotError, RefreshRunningError
from goldenthread.lake.manifest import DataFile, Manifest
from goldenthread.lake.snapshot import Snapshot
from goldenthread.lake.store import Lake

if TYPE_CHECKING:
    from goldenthread.lake.builder import PEOPLE_AT_ONCE, SnapshotBuilder
else:
    __getattr__ = fetched(__name__, {"builder": ("PEOPLE_AT_ONCE", "SnapshotBuilder")})

__all__ = [
    "PEOPLE_AT_ONCE",
    "DataFile",
    "Lake",
    "LakeError",
    "Manifest",
    "NoSnapshotError",
    "RefreshRunningError",
    "Snapshot",
    "SnapshotBuilder",
    "from_numbers",
    "to_numbers",
]
