"""What lies in the feeds folder: which files belong to which contract, and whether they arrived whole."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from goldenthread.intake.contract import Contract
from goldenthread.intake.errors import FileRefusedError

CONTROL = "control.csv"
_ENDINGS = {"csv": (".csv", ".csv.gz", ".csv.zip", ".zip"), "parquet": (".parquet",)}


@dataclass(frozen=True)
class Arrival:
    """A file in the feeds folder, the contract it falls under and the organisation that sent it."""

    contract: Contract
    path: Path
    relative: str
    organisation: str
    folder: str

    @property
    def name(self) -> str:
        """The path without what says how the file is packed: ``event.csv`` and ``event.csv.gz`` are one file."""
        stem = self.relative
        for ending in (".gz", ".zip", ".parquet", ".csv"):
            stem = stem.removesuffix(ending)
        return stem

    @cached_property
    def stat(self) -> tuple[int, int]:
        """Size in bytes and time of last change in nanoseconds."""
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class ControlLine:
    """What the sender says a file holds."""

    rows: int
    bytes: int
    sha256: str


def discover(feeds: Path, contracts: Mapping[str, Contract]) -> tuple[list[Arrival], list[str]]:
    """Files that contracts describe, in a fixed order, and relative paths that no contract describes.

    A contract for CSV also accepts the same file as gzip, zip or Parquet.
    """
    arrivals: dict[str, Arrival] = {}
    for contract in contracts.values():
        stem = contract.files.removesuffix(".csv").removesuffix(".parquet")
        # glob: an asterisk does not cross folders, so "gp/*/event" is one file for each practice
        for ending in (*_ENDINGS["csv"], *_ENDINGS["parquet"]):
            for path in feeds.glob(stem + ending):
                if not path.is_file() or path.name == CONTROL:
                    continue
                relative = path.relative_to(feeds)
                parts = relative.parts
                organisation = parts[1] if len(parts) > 2 else ""
                folder = "/".join(parts[:-1])
                arrivals[str(relative)] = Arrival(contract, path, relative.as_posix(), organisation, folder)
    known = {a.path for a in arrivals.values()}
    strays = sorted(
        p.relative_to(feeds).as_posix()
        for p in (feeds.rglob("*") if feeds.is_dir() else ())
        if p.is_file() and p not in known and p.name != CONTROL and not p.name.startswith(".")
    )
    return sorted(arrivals.values(), key=lambda a: (a.contract.name, a.relative)), strays


def same_file_twice(arrivals: list[Arrival]) -> dict[str, str]:
    """Files that lie in the folder in two forms (plain and compressed): relative path -> the other one."""
    seen: dict[tuple[str, str], str] = {}
    clashes: dict[str, str] = {}
    for arrival in arrivals:
        key = (arrival.contract.name, arrival.name)
        if key in seen:
            clashes[arrival.relative], clashes[seen[key]] = seen[key], arrival.relative
        seen.setdefault(key, arrival.relative)
    return clashes


def read_control(folder: Path) -> dict[str, ControlLine] | None:
    """The sender's control file in ``folder``: file name -> what it should hold. None where there is none."""
    path = folder / CONTROL
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefusedError(f"{path} cannot be read: {error}.", "Ask the sender for it again.") from None
    lines = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        try:
            lines[row["file"].strip()] = ControlLine(
                int(row["rows"]), int(row["bytes"]), row["sha256"].strip().lower()
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FileRefusedError(
                f"{path}, line {number} is not file,rows,bytes,sha256.", "Ask the sender for it again."
            ) from None
    return lines


def control_line(arrival: Arrival, feeds: Path) -> tuple[ControlLine | None, bool]:
    """What the control file says of an arrival, and whether there is a control file at all.

    The file may stand beside the arrival or in the organisation's folder above it.
    """
    folder, organisation = arrival.path.parent, feeds.joinpath(*Path(arrival.relative).parts[:2])
    there = False
    for candidate in (folder, organisation):
        lines = read_control(candidate)
        if lines is not None:
            there = True
            name = arrival.path.relative_to(candidate).as_posix()
            if found := lines.get(name) or lines.get(arrival.path.name):
                return found, True
    return None, there


def promised(arrivals: list[Arrival], feeds: Path) -> Iterator[str]:
    """Relative paths that a control file lists but that are not there."""
    have = {a.path for a in arrivals}
    for folder in sorted(
        {p for a in arrivals for p in (a.path.parent, feeds.joinpath(*Path(a.relative).parts[:2]))}
    ):
        try:
            lines = read_control(folder) or {}
        except FileRefusedError:
            continue
        for name in lines:
            if folder / name not in have and not (folder / name).exists():
                yield (folder / name).relative_to(feeds).as_posix()


def content(arrival: Arrival, control: ControlLine | None) -> tuple[bytes, str]:
    """The file's bytes, decompressed, and the SHA-256 of the file as it lies on disk.

    Raises ``FileRefusedError`` where the file cannot be read, is not what the control file promises, or is a
    damaged archive.
    """
    try:
        raw = arrival.path.read_bytes()
    except OSError as error:
        raise FileRefusedError(
            f"cannot be read: {error.strerror}.", "Check the file and its permissions."
        ) from None
    digest = hashlib.sha256(raw).hexdigest()
    if control is not None and len(raw) != control.bytes:
        raise FileRefusedError(
            f"holds {len(raw):,} bytes; its control file says {control.bytes:,}.",
            "The file is half-written or was cut short: wait for the transfer to end, or ask for it again.",
        )
    if control is not None and digest != control.sha256:
        raise FileRefusedError(
            "does not have the checksum that its control file gives.",
            "The file was changed or damaged on its way: ask for it again.",
        )
    if not raw:
        raise FileRefusedError("is empty: it has not even a header line.", "Ask the sender for it again.")
    return _unpacked(arrival.path.name, raw), digest


def _unpacked(name: str, raw: bytes) -> bytes:
    try:
        if name.endswith(".gz"):
            return gzip.decompress(raw)
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
                if len(members) != 1:
                    raise FileRefusedError(
                        f"is a zip of {len(members)} files where one is expected.",
                        "Send one file in each zip.",
                    )
                return archive.read(members[0])
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise FileRefusedError(
            f"is a damaged or encrypted archive ({type(error).__name__}).", "Ask the sender for it again."
        ) from None
    return raw
