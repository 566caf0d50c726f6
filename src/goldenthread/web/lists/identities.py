"""Who the people of an open list are: asked of the key service, and written nowhere."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any

from django.conf import settings

from goldenthread.governance import Part, Release, require_open
from goldenthread.governance.signing import signer_of
from goldenthread.vault import SOCKET, Approval, KeyClient, KeyServiceError, digest_of


@dataclass(frozen=True)
class Person:
    """An identity. Nothing of it shows in ``repr``, so that none comes into a log."""

    nhs_number: str = field(repr=False)
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: str = field(repr=False)
    address: tuple[str, ...] = field(repr=False)
    postcode: str = field(repr=False)
    telephone: str = field(repr=False)
    email: str = field(repr=False)

    @property
    def number(self) -> str:
        """The NHS number as it is read out: 999 123 4567."""
        return f"{self.nhs_number[:3]} {self.nhs_number[3:6]} {self.nhs_number[6:]}"

    @property
    def phone(self) -> str:
        """The telephone number in groups, as it is dialled: 07700 900123."""
        plain = self.telephone.replace(" ", "")
        return f"{plain[:5]} {plain[5:]}" if len(plain) == 11 and plain.isdigit() else self.telephone

    @property
    def name(self) -> str:
        """SURNAME, Given."""
        return f"{self.family_name.upper()}, {self.given_name}"

    def age(self, on: date) -> int | None:
        """Exact age in years."""
        born = self.birth_date
        return None if born is None else on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@dataclass(frozen=True)
class Known:
    """Identities by pseudonym, and how many the service did not give, by reason."""

    people: dict[bytes, Person] = field(repr=False)
    left_out: dict[str, int]


def client(seconds: float = 10.0) -> KeyClient:
    """The key service of this deployment, which may take so long. This process holds no key of the vault."""
    home = settings.DEPLOYMENT.home
    return KeyClient(home / SOCKET, signer_of(home), seconds)


def show_approval(release: Release, part: Part, pseudonyms: Sequence[bytes]) -> None:
    """Tell the key service what the practice allowed: these people, this practice, until this day."""
    require_open(part)
    decided = part.decided
    if decided is None or not pseudonyms:
        return
    last = max((e for e in part.events if e.verb in ("approved", "extended")), key=lambda e: e.number)
    ends = datetime.combine(part.until, clock(23, 59, 59), tzinfo=UTC)
    client().register(
        Approval(
            release=name_of(part), practice=part.practice, purpose=release.purpose, members_sha256=digest_of(pseudonyms),
            members=len(set(pseudonyms)), requested_by=release.requested_by, approved_by=last.by, approved_at=last.at, expires_at=ends.isoformat(),
        ),
        pseudonyms,
    )  # fmt: skip


def name_of(part: Part) -> str:
    """What the key service calls one practice's part."""
    return f"{part.release}.{part.practice}"


def known(part: Part, pseudonyms: Sequence[bytes], *, reader: str, role: str) -> Known:
    """Identities of people of an open part.

    Raises ``KeyServiceDown`` where the service does not answer, ``GovernanceError`` where the part is not open.
    """
    require_open(part)
    answer = client().identities(name_of(part), pseudonyms, reader=reader, role=role)
    return Known({p: _person(content) for p, content in answer.people.items()}, dict(answer.left_out))


def end(part: Part, *, by: str, reason: str) -> None:
    """Tell the key service that a part was closed for good; if it does not answer, its own expiry holds, and ours did at once."""
    with contextlib.suppress(KeyServiceError):
        client().revoke(name_of(part), by=by, reason=reason)


def _person(content: dict[str, Any]) -> Person:
    def text(name: str) -> str:
        return str(content.get(name) or "")

    born = text("birth_date")
    return Person(
        text("nhs_number"), text("family_name"), text("given_name"), date.fromisoformat(born) if born else None, text("sex"),
        tuple(a for a in (text("address_line_1"), text("address_line_2")) if a), text("postcode"), text("telephone"), text("email"),
    )  # fmt: skip
