"""What a snapshot holds: one JSON file that lists every data file with its rows, bytes and checksum."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from goldenthread.lake.files import LakeError, write_json

FILE_NAME = "manifest.json"
FORMAT = 1

ORDERS = ("person", "code", "unlinked", "reference")


@dataclass(frozen=True)
class DataFile:
    """One Parquet file: ``order`` is person, code, unlinked or reference; pids are inclusive."""

    table: str
    order: str
    path: str
    rows: int
    bytes: int
    sha256: str
    first_pid: int | None = None
    last_pid: int | None = None


@dataclass(frozen=True)
class Manifest:
    """A snapshot's contents, dates and origin."""

    snapshot: str
    created: str
    people: int
    files: tuple[DataFile, ...]
    data_dates: Mapping[str, str] = field(default_factory=dict)
    feeds: tuple[Mapping[str, Any], ...] = ()
    definitions_hash: str = ""
    software: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def select(self, table: str, order: str) -> list[DataFile]:
        """Files of one table in one order, in the order of their people."""
        return [f for f in self.files if f.table == table and f.order == order]

    def rows(self, table: str) -> int:
        """Rows that belong to somebody (or, of reference tables, all rows)."""
        return sum(f.rows for f in self.files if f.table == table and f.order in ("person", "reference"))

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into ``folder``, atomically."""
        write_json(folder / FILE_NAME, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of the snapshot in ``folder``; ``LakeError`` where it is missing or unreadable."""
        path = folder / FILE_NAME
        try:
            raw = json.loads(path.read_text("utf-8"))
            if raw.get("format") != FORMAT:
                raise LakeError(
                    f"{path} has format {raw.get('format')}, and this version reads format {FORMAT}.",
                    "Run `goldenthread refresh` to build a snapshot with this version.",
                )
            raw["files"] = tuple(DataFile(**one) for one in raw["files"])
            raw["feeds"] = tuple(raw["feeds"])
            return cls(**raw)
        except FileNotFoundError:
            raise LakeError(
                f"Snapshot {folder.name} has no manifest.", "Remove it with `goldenthread snapshots prune`."
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise LakeError(
                f"{path} cannot be read: {error}.",
                "Run `goldenthread snapshots verify` to see which snapshots stand.",
            ) from None
