"""Immutable, versioned snapshots of the pseudonymised store, and the engine that reads them."""

from goldenthread.lake.arrow import from_numbers, to_numbers
from goldenthread.lake.builder import (
    PEOPLE_AT_ONCE,
    PEOPLE_PER_CODE_FILE,
    PEOPLE_PER_FILE,
    SnapshotBuilder,
)
from goldenthread.lake.files import LakeError, NoSnapshotError, RefreshRunningError
from goldenthread.lake.manifest import DataFile, Manifest
from goldenthread.lake.snapshot import Snapshot
from goldenthread.lake.store import Lake

__all__ = [
    "PEOPLE_AT_ONCE",
    "PEOPLE_PER_CODE_FILE",
    "PEOPLE_PER_FILE",
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
