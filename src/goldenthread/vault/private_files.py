"""Files and folders that their owner alone may read: made so, checked each time, written whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from goldenthread.vault.errors import VaultError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_folder(folder: Path) -> None:
    """Make ``folder`` with mode 0700, or check that it already is that tight."""
    if not folder.exists():
        try:
            folder.mkdir(parents=True, mode=0o700)
            folder.chmod(0o700)  # mkdir is subject to the umask of the process
        except OSError as error:
            raise VaultError(
                f"{folder} cannot be made: {error.strerror}.", "Make the folder above writable by this user."
            ) from None
    check_private(folder)


def check_private(path: Path) -> None:
    """Refuse a file or folder that its group or others may use, or that belongs to somebody else.

    Raises ``VaultError`` with the command that puts it right. Links are followed, because secrets mounted
    into containers are links; what counts is who may read the target.
    """
    if os.name != "posix":  # Windows keeps access lists, which the modes do not show
        return
    info = path.stat()
    is_folder = stat.S_ISDIR(info.st_mode)
    kind, mode = ("folder", "700") if is_folder else ("file", "600")
    if info.st_uid not in (os.geteuid(), 0):
        raise VaultError(
            f"The {kind} {path} belongs to another user, so it is not safe to use.",
            f"Run this as its owner, or take it over: chown {os.geteuid()} {path}",
        )
    if stat.S_IMODE(info.st_mode) & _OTHERS:
        raise VaultError(
            f"The {kind} {path} is open to other users (mode {stat.S_IMODE(info.st_mode):04o}).",
            f"Close it: chmod {mode} {path}",
        )


def write_private(path: Path, content: bytes) -> None:
    """Write ``path`` whole or not at all, readable by the owner alone, and on the disk before returning."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise VaultError(
            f"{path} cannot be written: {error.strerror}.",
            "Make sure that the disk has room and the folder is writable by this user.",
        ) from None


def remove_drafts(path: Path) -> None:
    """Remove drafts of ``path`` that processes left when they were killed: they may hold part of a secret."""
    for draft in path.parent.glob(f".{path.name}.*.part"):
        if not _runs(draft.name.split(".")[-2]):
            draft.unlink(missing_ok=True)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
