"""The work folder: accepted files in pseudonymised form, kept so that unchanged files are not read again.

A staged file is named by what it was made from (checksum of the file, contract, key, patients it refers to),
so a staged file that is there is right. It holds no identifier: pseudonyms and keyed hashes only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from goldenthread.intake import packed
from goldenthread.intake.errors import IntakeError
from goldenthread.intake.safefiles import make_private, plain_disk_errors, write_bytes

FORM = "2"
"""Raised whenever reading, checking or staging changes what comes out, so that everything is read again."""
BATCH = 1 << 17


@dataclass
class Account:
    """What became of the rows of one file. ``rows_in == accepted + quarantined + duplicates``, always."""

    feed: str
    file: str
    organisation: str
    rows_in: int
    accepted: int
    quarantined: int
    duplicates: int
    staged: int
    merged: int = 0
    superseded: int = 0
    withheld: int = 0
    data_date: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    roster: str = ""
    checksum: int = 0

    def check(self) -> None:
        """Refuse an account that does not add up: no row may be lost or made up."""
        if self.rows_in != self.accepted + self.quarantined + self.duplicates:
            raise IntakeError(
                f"{self.file}: {self.rows_in} rows in, but {self.accepted} accepted, {self.quarantined} quarantined"
                f" and {self.duplicates} duplicates.",
                "This is a fault of the software: please report it. Nothing of the file was taken.",
            )


@dataclass(frozen=True)
class InForce:
    """The version of a file that counts: what it was, and the staged file made from it."""

    feed: str
    key: str
    size: int
    mtime_ns: int
    contract: str
    fingerprint: str
    roster: str
    form: str = "1"


class Work:
    """The work folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_private(folder)

    @staticmethod
    def key(*parts: str) -> str:
        """The name of a staged file made from these parts."""
        return hashlib.blake2b("\x1f".join((FORM, *parts)).encode(), digest_size=16).hexdigest()

    def path(self, feed: str, key: str) -> Path:
        """Where a staged file lies."""
        return self.folder / "staged" / feed / f"{key}.arrow"

    def account(self, feed: str, key: str) -> Account | None:
        """The account of a staged file, or None where it has not been staged."""
        path = self.path(feed, key)
        try:
            account = Account(**json.loads(path.with_suffix(".json").read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return account if path.exists() else None

    def save(self, feed: str, key: str, table: pa.Table, account: Account) -> None:
        """Keep a staged file; its account is written last and says that it is whole."""
        account.check()
        path = self.path(feed, key)
        with plain_disk_errors(self.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
        content = _encoded(table)
        account.checksum = zlib.crc32(content)
        write_bytes(path, content, durable=False)
        text = json.dumps(asdict(account), sort_keys=True, ensure_ascii=False)
        write_bytes(path.with_suffix(".json"), text.encode(), durable=False)

    def whole(self, feed: str, key: str) -> bool:
        """Whether a staged file that was never in force has its bytes: a power cut may have torn it."""
        account = self.account(feed, key)
        return account is not None and zlib.crc32(self.path(feed, key).read_bytes()) == account.checksum

    def save_roster(self, digest: str, pseudonyms: pa.Array) -> None:
        """Keep the pseudonyms of a practice's patients in the order of their numbers."""
        path = self.path("roster", digest)
        if not path.exists():
            with plain_disk_errors(self.folder):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, _encoded(pa.table({"pseudonym": pseudonyms})))

    def save_links(self, key: str, links: pa.Table, report: list[dict[str, Any]]) -> None:
        """Keep what linkage found (record hashes and pseudonyms) and its match rates."""
        path = self.path("links", key)
        with plain_disk_errors(self.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, _encoded(links))
        write_bytes(path.with_suffix(".json"), json.dumps({"report": report}, sort_keys=True).encode())

    def open(self, feed: str, key: str) -> pa.ipc.RecordBatchFileReader:
        """A staged file, batch by batch, mapped into memory."""
        return pa.ipc.open_file(pa.memory_map(str(self.path(feed, key))))

    def table(self, feed: str, key: str) -> pa.Table:
        """A staged file as a whole."""
        return self.open(feed, key).read_all()

    def read_state(self, name: str) -> dict[str, Any]:
        """A small file of what is in force; empty before the first refresh."""
        try:
            found = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def write_state(self, name: str, content: Mapping[str, Any]) -> None:
        """Replace a small file of what is in force."""
        text = json.dumps(content, indent=0, sort_keys=True, ensure_ascii=False)
        write_bytes(self.folder / f"{name}.json", text.encode())

    def in_force(self) -> dict[str, InForce]:
        """The files that count, by path relative to the feeds folder."""
        return {path: InForce(**entry) for path, entry in self.read_state("in_force").items()}

    def put_in_force(self, entries: Mapping[str, InForce]) -> None:
        """Say which files count from now on; they are on the disk before it says so."""
        os.sync()
        self.write_state("in_force", {path: asdict(entry) for path, entry in entries.items()})

    def tidy(self, keep: Iterable[tuple[str, str]]) -> None:
        """Remove staged files that no longer count, and drafts that a killed refresh left."""
        kept = set(keep)
        for path in (self.folder / "staged").glob("*/*"):
            if (path.parent.name, path.stem) not in kept or path.name.startswith("."):
                path.unlink(missing_ok=True)
        for path in self.folder.glob(".*.new"):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget everything, so that every file is read again."""
        shutil.rmtree(self.folder / "staged", ignore_errors=True)
        for path in self.folder.glob("*.json"):
            path.unlink()


def _encoded(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    # Packed rows do not shrink, and can be mapped into memory as they are.
    compression = None if packed.KEY in table.column_names else "lz4"
    options = pa.ipc.IpcWriteOptions(compression=compression, use_threads=False, unify_dictionaries=True)
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=BATCH)
    return memoryview(sink.getvalue())
