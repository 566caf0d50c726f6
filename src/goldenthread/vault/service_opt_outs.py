"""What the key service does about national data opt-outs: it writes the file that asks, and reads the one that answers.

Whoever asks for it gives pseudonyms and gets pseudonyms: no NHS number leaves the service but in the file for the mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from goldenthread.errors import GoldenThreadError
from goldenthread.vault.protocol import KeyServiceError

if TYPE_CHECKING:
    from goldenthread.vault.service import KeyService

QUESTIONS: Final = ("opt_out_ask", "opt_out_replies", "opt_out_answers", "opt_out_done")
_NAME = re.compile(r"[A-Za-z0-9_-]{3,40}")


class Exchange(Protocol):
    """Where files for the mailbox go out and come in."""

    def write(self, name: str, numbers: list[str]) -> int: ...
    def replies(self) -> list[str]: ...
    def read(self, name: str) -> tuple[list[str], frozenset[str]]: ...
    def done(self, name: str) -> None: ...


def answer(service: KeyService, body: Mapping[str, Any], people: Sequence[bytes]) -> dict[str, Any]:
    """The answer to one of ``QUESTIONS``; ``KeyServiceError`` where it is refused."""
    name, reader, role = (str(body.get(k, "")).strip()[:200] for k in ("name", "reader", "role"))
    if service.exchange is None:
        raise KeyServiceError("This key service does not exchange opt-out files.", code="malformed")
    if not reader or not role:
        raise KeyServiceError("The request does not say who asks.", code="malformed")
    do = str(body.get("do"))
    if do != "opt_out_replies" and not _NAME.fullmatch(name):
        raise KeyServiceError("The request has no name.", code="malformed")
    try:
        match do:
            case "opt_out_ask":
                return _ask(service, name, people, reader, role)
            case "opt_out_replies":
                return {"ok": True, "names": service.exchange.replies()}
            case "opt_out_answers":
                return _answers(service, name, reader, role)
        service.exchange.done(name)
        service.record.log(name, reader, role, 0, 0, "opt-outs done")
    except KeyServiceError:
        raise
    except GoldenThreadError as error:
        raise KeyServiceError(error.message, error.remedy, "reply") from None
    except OSError as error:
        raise KeyServiceError(
            f"The file cannot be used: {error.strerror}.", "Make sure that the disk has room.", "vault"
        ) from None
    return {"ok": True}


def _ask(service: KeyService, name: str, people: Sequence[bytes], reader: str, role: str) -> dict[str, Any]:
    assert service.exchange is not None
    if not 0 < len(people) <= service.limits.opt_outs:
        raise KeyServiceError(
            f"A file asks about 1 to {service.limits.opt_outs:,} people, not {len(people):,}.",
            "Ask about a smaller cohort.",
            "members",
        )
    numbers = [str(row["nhs_number"]) for row in service.open_vault(list(people)) if row["nhs_number"]]
    if not numbers:
        raise KeyServiceError(
            "None of these people has an NHS number here.", "They stay out of disclosures.", "members"
        )
    asked = service.exchange.write(name, numbers)
    service.record.log(name, reader, role, len(people), 0, "opt-outs asked")
    return {"ok": True, "people": asked, "without_number": len(people) - asked}


def _answers(service: KeyService, name: str, reader: str, role: str) -> dict[str, Any]:
    assert service.exchange is not None
    sent, usable = service.exchange.read(name)
    service.open_vault([bytes(16)])  # so that a key which was rotated while we ran is read again
    people = service.pseudonyms(sent)
    service.record.log(name, reader, role, len(sent), 0, "opt-outs answered")
    return {"ok": True, "answers": {p.hex(): n in usable for n, p in zip(sent, people, strict=True)}}
