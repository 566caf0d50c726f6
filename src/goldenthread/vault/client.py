"""Asking the key service, from an application that holds no key of the vault."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from goldenthread.vault.protocol import (
    Approval,
    KeyServiceDown,
    KeyServiceError,
    Signer,
    receive,
    send,
    short_path,
)

_DOWN = "Work goes on without identities. Start it with `goldenthread vault serve`."


@dataclass(frozen=True)
class Identities:
    """What the service gave: a record for each person by pseudonym, and how many it did not give, by reason.

    Reasons: ``moved`` (no longer with the practice), ``sensitive``, ``unknown`` (not in the vault any more).
    It shows no identity in ``repr``, so that none comes into a log or a traceback.
    """

    people: dict[bytes, dict[str, Any]] = field(repr=False)
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.people)


class KeyClient:
    """The key service behind a socket. Every call is one connection; nothing is kept between them.

    Raises ``KeyServiceDown`` where it does not answer, ``KeyServiceError`` (with its ``code``) where it refuses.
    """

    def __init__(self, path: Path, signer: Signer, seconds: float = 10.0) -> None:
        self._path, self._signer, self._seconds = path, signer, seconds

    def status(self) -> dict[str, Any]:
        """Whether the service is on."""
        return self._ask("status")

    def register(self, approval: Approval, pseudonyms: Iterable[bytes]) -> None:
        """Show the service what was approved. Showing it again does nothing; a later end extends it."""
        self._ask(
            "register", approval=asdict(approval), release=approval.release, pseudonyms=_hex(pseudonyms)
        )

    def identities(self, release: str, pseudonyms: Iterable[bytes], *, reader: str, role: str) -> Identities:
        """Who these people of an approved release are: those with the practice now, and not marked sensitive."""
        answer = self._ask(
            "identities", release=release, pseudonyms=_hex(pseudonyms), reader=reader, role=role
        )
        people = {bytes.fromhex(one.pop("pseudonym")): one for one in answer["identities"]}
        return Identities(people, answer["left_out"])

    def revoke(self, release: str, *, by: str, reason: str) -> None:
        """End a release for good."""
        self._ask("revoke", release=release, reader=by, reason=reason)

    def switch_off(self, *, by: str, reason: str) -> None:
        """Stop every answer at once. Only who keeps the service can switch it on again."""
        self._ask("off", reader=by, reason=reason)

    def ask_opt_outs(self, name: str, pseudonyms: Iterable[bytes], *, reader: str, role: str) -> int:
        """Have the file written that asks about these people's national data opt-outs; returns how many it names."""
        answer = self._ask("opt_out_ask", name=name, pseudonyms=_hex(pseudonyms), reader=reader, role=role)
        return int(answer["people"])

    def opt_out_replies(self, *, reader: str, role: str) -> list[str]:
        """Names of requests to which a reply has come."""
        return [str(n) for n in self._ask("opt_out_replies", reader=reader, role=role)["names"]]

    def opt_out_answers(self, name: str, *, reader: str, role: str) -> dict[bytes, bool]:
        """Who may be used, by pseudonym, as a reply says. ``KeyServiceError`` with code ``reply`` for one that is not believed."""
        answers = self._ask("opt_out_answers", name=name, reader=reader, role=role)["answers"]
        return {bytes.fromhex(p): bool(may) for p, may in answers.items()}

    def opt_outs_done(self, name: str, *, reader: str, role: str) -> None:
        """Have the files of a request deleted: its answers are known."""
        self._ask("opt_out_done", name=name, reader=reader, role=role)

    def _ask(self, do: str, **content: Any) -> dict[str, Any]:
        try:
            with (
                short_path(self._path) as name,
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
            ):
                connection.settimeout(self._seconds)
                connection.connect(name)
                send(connection, self._signer.request(do, **content))
                answer = receive(connection)
        except KeyServiceError:
            raise KeyServiceDown("The key service broke off.", _DOWN) from None
        except OSError:
            raise KeyServiceDown("The key service does not answer.", _DOWN) from None
        if not answer.get("ok"):
            code = str(answer.get("code", "refused"))
            raise KeyServiceError(str(answer.get("message", "Refused.")), str(answer.get("remedy", "")), code)
        return answer


def _hex(pseudonyms: Iterable[bytes]) -> list[str]:
    return [p.hex() for p in pseudonyms]
