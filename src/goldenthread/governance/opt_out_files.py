"""The national data opt-out's file exchange: what is sent, what comes back, and what must not be believed.

One ten-digit NHS number a line, each followed by a comma and a line feed; no header. The reply holds those that may be
used; if any number was invalid, one sentence instead (NHS England, Check for National Data Opt-outs).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from goldenthread.governance.errors import GovernanceError

INVALID_REPLY = "The file contains one or more invalid NHS Numbers."
FEW = 20
"""Of more people than this, a reply that lets nobody be used is taken for a file that was cut off."""
_MAILBOX = re.compile(r"[A-Za-z0-9_-]{3,20}")
_NAME = re.compile(r"[A-Za-z0-9_-]{3,20}-[0-9]{6}-[0-9]{4}")
_LINE = re.compile(r"([0-9]{10}),")


def request_name(mailbox: str, day: date, number: int) -> str:
    """Name and subject of a request: letters, digits, hyphen and underscore only.

    >>> request_name("GT001HC001", date(2026, 11, 22), 1)
    'GT001HC001-221126-0001'
    """
    if not _MAILBOX.fullmatch(mailbox) or not 1 <= number <= 9999:
        raise GovernanceError(
            f"{mailbox!r} is not a mailbox, or {number} not the number of a request.",
            "Give the MESH mailbox id.",
        )
    return f"{mailbox}-{day:%d%m%y}-{number:04d}"


def name_in(file_name: str) -> str:
    """The request that a reply belongs to: its file is named after it, with a stamp or without.

    >>> name_in("GT001HC001-221126-0001-0630.dat")
    'GT001HC001-221126-0001'
    """
    found = _NAME.match(file_name)
    if not found:
        raise GovernanceError(
            f"{file_name!r} is not named after a request.",
            "Name the request with --request (opt-outs status lists them).",
        )
    return found[0]


def write_request(path: Path, numbers: Iterable[str]) -> int:
    """Write the file to send; returns how many numbers it holds. It must not exist, and is readable by its owner alone.

    Raises ``GovernanceError`` where a number fails modulus 11, because one such number voids the whole reply.
    """
    # here, because the vault brings cryptography with it, which questions need not wait for
    from goldenthread.vault.nhs_numbers import is_valid

    listed = sorted(set(numbers))
    if wrong := sum(not is_valid(n) for n in listed):
        raise GovernanceError(
            f"{wrong} of {len(listed)} NHS numbers are not valid, so the whole file would be refused.",
            "Run `goldenthread refresh`: it sets such numbers aside.",
        )
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write("".join(f"{n},\n" for n in listed).encode("ascii"))
        stream.flush()
        os.fsync(stream.fileno())
    return len(listed)


def read_numbers(path: Path) -> list[str]:
    """The numbers in a request or a reply.

    Raises ``GovernanceError`` for the sentence about invalid numbers, and for anything that is not the format: another
    message (a report of non-delivery, say) must not be taken for an answer. No message holds a number.
    """
    raw = path.read_bytes()
    text = raw.decode("ascii", "replace")
    if text.strip().rstrip(",").strip() == INVALID_REPLY:
        raise GovernanceError(
            "The service refused the file: it holds invalid NHS numbers.",
            "Make a new request; nothing was changed.",
        )
    if text and not text.endswith("\n"):
        raise GovernanceError(f"{path.name} ends in the middle of a line: it was cut off.", "Fetch it again.")
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if not match:
            raise GovernanceError(
                f"{path.name}, line {number}: not ten digits and a comma.",
                "Fetch it again; nothing was changed.",
            )
        found.append(match[1])
    return found


def read_reply(path: Path, sent: Iterable[str]) -> frozenset[str]:
    """The numbers that may be used. Raises ``GovernanceError`` where the reply holds a number that was not sent."""
    asked, found = set(sent), set(read_numbers(path))
    if strangers := len(found - asked):
        raise GovernanceError(
            f"{path.name} holds {strangers} numbers that were not sent: it is not the reply to this request.",
            "It was set aside. Ask the MESH team what it is.",
        )
    if not found and len(asked) > FEW:
        raise GovernanceError(
            f"{path.name} lets nobody of {len(asked):,} be used: that is not likely.",
            "Fetch it again; nothing was changed.",
        )
    return frozenset(found)
