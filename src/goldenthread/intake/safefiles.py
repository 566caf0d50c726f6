"""Files that appear whole or not at all, and folders that only their owner can open."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldenthread.intake.errors import IntakeError


@contextmanager
def plain_disk_errors(path: Path) -> Iterator[None]:
    """A full disk or a folder that cannot be written, in plain words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise IntakeError(
                f"The disk under {path} is full; the previous snapshot is untouched.",
                "Free some space, then run the refresh again.",
            ) from None
        raise IntakeError(
            f"{path} cannot be written ({error.strerror}); the previous snapshot is untouched.",
            "Check who owns the folder and whether the disk is read-only, then run the refresh again.",
        ) from None


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone can open; tightens one that is there already."""
    with plain_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)


def write_bytes(
    path: Path, content: bytes | memoryview, *, private: bool = False, durable: bool = True
) -> None:
    """Replace ``path`` by ``content``: a reader sees the old file or the new one, whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with plain_disk_errors(path):
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
