"""Files that either stand whole on the disk or do not stand at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from goldenthread.errors import GoldenThreadError


class LakeError(GoldenThreadError):
    """Something about the lake that a person can put right."""


class NoSnapshotError(LakeError):
    """There is no snapshot to read yet."""


class RefreshRunningError(LakeError):
    """Another refresh holds the lake."""


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the folder's entries are on the disk (a rename is not durable before that)."""
    sync_file(path)


def sha256(path: Path) -> str:
    """Checksum of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``: a reader sees the old file or the new one, whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, path)
    sync_folder(path.parent)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, atomically."""
    write_atomically(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def quote(path: Path | str) -> str:
    """A path as an SQL string literal (file functions take no parameters inside COPY)."""
    return "'" + str(path).replace("'", "''") + "'"


@contextmanager
def explain_disk_trouble(folder: Path) -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into a message with a way out."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        problem = disk_trouble(error, folder)
        if problem is None:
            raise
        raise problem from error


def disk_trouble(error: BaseException, folder: Path) -> LakeError | None:
    """The message for an error that the disk caused, or ``None`` where it was something else."""
    code = getattr(error, "errno", None)
    words = str(error).lower()
    if code in (errno.ENOSPC, errno.EDQUOT) or "no space left" in words or "out of disk" in words:
        return LakeError(
            f"The disk under {folder} is full; the previous snapshot is untouched.",
            "Free some space (`goldenthread snapshots prune` removes old snapshots), then try again.",
        )
    if code in (errno.ENOTDIR, errno.EEXIST):
        named = Path(getattr(error, "filename", None) or folder)
        for path in (named, *named.parents):
            if path.is_file():
                return LakeError(
                    f"{path} is a file, but a folder belongs there.",
                    "Move the file away, then try again.",
                )
    if (
        code in (errno.EROFS, errno.EACCES, errno.EPERM)
        or "read-only file system" in words
        or "permission denied" in words
    ):
        return LakeError(
            f"{folder} cannot be written; the previous snapshot is untouched.",
            "Check who owns the folder and whether the disk is mounted read-only, then try again.",
        )
    return None
