"""The folders through which files about national data opt-outs go out and come in. They hold NHS numbers, so the key service keeps them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.opt_out_files import (
    INVALID_REPLY,
    name_in,
    read_numbers,
    read_reply,
    write_request,
)

OUT, IN, ASIDE = "out", "in", "set-aside"


class OptOutExchange:
    """``out`` holds requests until their reply was taken up; the mailbox's program puts replies into ``in``.

    A reply is named after its request. One that cannot be believed goes to ``set-aside``, and the request goes on waiting.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def private(self, name: str) -> Path:
        """One of the folders, made where it is not there yet, open to its owner alone."""
        path = self.folder / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def write(self, name: str, numbers: list[str]) -> int:
        """Write a request; returns how many NHS numbers it holds."""
        return write_request(self.private(OUT) / f"{name}.dat", numbers)

    def replies(self) -> list[str]:
        """Requests to which a reply has come."""
        self.private(IN)
        return sorted(p.stem for p in self._files(OUT) if self._reply(p.stem) is not None)

    def read(self, name: str) -> tuple[list[str], frozenset[str]]:
        """The numbers that were sent, and those of them that may be used. ``GovernanceError`` sets the reply aside."""
        sent = self.sent(name)
        reply = self._reply(name)
        if reply is None:
            raise GovernanceError(
                f"No reply to {name} has come yet.",
                "The program that looks after the mailbox puts it into the folder “in” of the key service.",
            )
        try:
            longest = self.private(OUT).joinpath(f"{name}.dat").stat().st_size + len(INVALID_REPLY) + 16
            if reply.stat().st_size > longest:
                raise GovernanceError(
                    "The reply is longer than the request, so it is not its reply.",
                    "It was set aside. Fetch it again.",
                )
            return sent, read_reply(reply, sent)
        except GovernanceError:
            self.set_aside(reply, name)
            raise

    def sent(self, name: str) -> list[str]:
        """The numbers that a request asked about."""
        path = self.private(OUT) / f"{name}.dat"
        if not path.is_file():
            raise GovernanceError(
                f"No request {name[:40]!r} waits for a reply.", "Look at the list of requests."
            )
        return read_numbers(path)

    def done(self, name: str) -> None:
        """Overwrite and remove a request and its reply: the answers are known now."""
        for path in (self.private(OUT) / f"{name}.dat", self._reply(name)):
            if path is not None and path.is_file():
                wipe(path)

    def set_aside(self, reply: Path, name: str) -> None:
        """Put a reply that is not believed where nobody takes it up."""
        target = self.private(ASIDE) / f"{name}-{secrets.token_hex(4)}.dat"
        reply.replace(target)
        target.chmod(0o600)

    def _reply(self, name: str) -> Path | None:
        for path in self._files(IN):
            try:
                if name_in(path.name) == name:
                    return path
            except GovernanceError:
                continue
        return None

    def _files(self, folder: str) -> list[Path]:
        found = (self.folder / folder).glob("*.dat")
        return sorted(p for p in found if p.is_file() and not p.is_symlink())


def wipe(path: Path) -> None:
    """Overwrite a file that holds NHS numbers, then remove it."""
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.write(b"\0" * size)
        stream.flush()
        os.fsync(stream.fileno())
    path.unlink()
