"""The key service's rules: identities for an approved release that still holds, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from goldenthread.vault import service_opt_outs
from goldenthread.vault.errors import VaultError, WrongKeyError
from goldenthread.vault.keys import PSEUDONYM_BYTES, Keys, load_keys
from goldenthread.vault.protocol import Approval, KeyServiceError, approval_from, digest_of, signed_by
from goldenthread.vault.service_record import ServiceRecord
from goldenthread.vault.store import Vault

GIVEN = (
    "nhs_number", "family_name", "given_name", "birth_date", "sex", "address_line_1", "address_line_2", "postcode",
    "telephone", "email",
)  # fmt: skip
"""What a release shows of a person. UPRN and local numbers stay in the vault."""


@dataclass(frozen=True)
class Limits:
    """How much may be asked: people in a release, identities in an hour (all releases), days a release may last, people in a
    file about opt-outs.

    ``window`` is how far the clocks of asker and service may differ.
    """

    members: int = 20_000
    an_hour: int = 100_000
    days: int = 366
    opt_outs: int = 900_000
    window: timedelta = timedelta(minutes=5)


class KeyService:
    """Answers signed requests. Holds the keys; opens the vault for each question and closes it."""

    def __init__(
        self,
        vault_dir: Path,
        keys: Keys | None = None,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        exchange: service_opt_outs.Exchange | None = None,
    ) -> None:
        self.exchange = exchange
        self.vault_dir, self.limits, self.clock = vault_dir, limits or Limits(), clock
        self.record = ServiceRecord(vault_dir)
        self._keys = keys or load_keys(vault_dir)
        self._lock = threading.Lock()

    def answer(self, message: Mapping[str, Any], peer: str = "") -> dict[str, Any]:
        """The answer to one message: always an object with ``ok``; never a stack trace, never more than was approved."""
        release = reader = role = ""
        asked = 0
        try:
            body = self._checked(message)
            release, reader, role = (str(body.get(k, ""))[:200] for k in ("release", "reader", "role"))
            asked = len(body["pseudonyms"]) if isinstance(body.get("pseudonyms"), list) else 0
            match body.get("do"):
                case "status":
                    return {"ok": True, **self.status()}
                case "register":
                    return self._register(body)
                case "identities":
                    return self._identities(body)
                case "revoke":
                    self.record.revoke(release, reader, str(body.get("reason", "")))
                    self.record.log(release, reader, role, 0, 0, "revoked")
                    return {"ok": True}
                case "off":
                    self.record.turn("off", reader, str(body.get("reason", "")))
                    return {"ok": True}
                case do if do in service_opt_outs.QUESTIONS:
                    self._require_on()
                    people = _pseudonyms(body) if do == "opt_out_ask" else []
                    return service_opt_outs.answer(self, body, people)
            raise KeyServiceError("The key service has no such question.", code="malformed")
        except KeyServiceError as error:
            self.record.log(release, reader or peer, role, asked, 0, error.code)
            return {"ok": False, "code": error.code, "message": error.message, "remedy": error.remedy}

    def check(self) -> int:
        """Open the vault once, so that a key which does not fit shows at the start and the first reader does not wait.

        Returns how many identities it holds.
        """
        with Vault.open(self.vault_dir, self._keys) as vault:
            vault.identities([bytes(PSEUDONYM_BYTES)]).to_pylist()
            return len(vault)

    def status(self) -> dict[str, Any]:
        """Whether it answers. Says nothing about anybody."""
        on, reason = self.record.is_on()
        return {"on": on, "reason": "" if on else reason}

    # -- rules

    def _checked(self, message: Mapping[str, Any]) -> dict[str, Any]:
        body, trusted = message.get("body"), self.record.trusted()
        if trusted is None:
            raise KeyServiceError(
                "The key service trusts nobody yet.",
                "Name the release application's key: goldenthread vault trust.",
                "untrusted",
            )
        if not isinstance(body, dict) or not signed_by(trusted, body, message.get("signature")):
            raise KeyServiceError("The request is not signed by the release application.", code="signature")
        now = self.clock()
        try:
            apart = abs(now - datetime.fromisoformat(str(body.get("at"))))
        except (ValueError, TypeError):
            raise KeyServiceError("The request does not say when it was made.", code="malformed") from None
        if apart > self.limits.window:
            raise KeyServiceError(
                "The request was made at another time than now.",
                "Set the clocks of both machines right.",
                "clock",
            )
        once = str(body.get("once", ""))
        if not 16 <= len(once) <= 64 or not self.record.first_use(once, now, self.limits.window):
            raise KeyServiceError("The request was made before.", "Ask again.", "replayed")
        return body

    def _register(self, body: Mapping[str, Any]) -> dict[str, Any]:
        approval, people = approval_from(body.get("approval")), _pseudonyms(body)
        self._require_on()
        now = self.clock()
        if approval.requested_by.strip().casefold() == approval.approved_by.strip().casefold():
            raise KeyServiceError(
                "A release is approved by somebody else than who asked.", code="self-approved"
            )
        if len(people) != approval.members or digest_of(people) != approval.members_sha256:
            raise KeyServiceError("These are not the people who were approved.", code="members")
        if not 0 < len(people) <= self.limits.members:
            raise KeyServiceError(
                f"A release has 1 to {self.limits.members:,} people, not {len(people):,}.",
                "Split it.",
                "members",
            )
        if approval.expired(now):
            raise KeyServiceError("The approval has expired.", "Ask for approval again.", "expired")
        if datetime.fromisoformat(approval.expires_at) > now + timedelta(days=self.limits.days):
            raise KeyServiceError(
                f"A release lasts {self.limits.days} days at most.", "Give an earlier end.", "too-long"
            )
        with self._lock:
            if self.record.revoked(approval.release):
                raise KeyServiceError("This release was ended.", "Make a new request.", "revoked")
            before = self.record.approval(approval.release)
            if before != approval:
                if before is not None and not _only_extends(before, approval):
                    raise KeyServiceError(
                        "Another release has this number.", "Make a new request.", "members"
                    )
                self.record.approve(approval, people)
        self.record.log(approval.release, approval.approved_by, "", len(people), 0, "registered")
        return {"ok": True}

    def _identities(self, body: Mapping[str, Any]) -> dict[str, Any]:
        release, people = str(body.get("release", "")), _pseudonyms(body)
        reader, role = (str(body.get(k, "")).strip()[:200] for k in ("reader", "role"))
        self._require_on()
        if not reader or not role:
            raise KeyServiceError("The request does not say who reads.", code="malformed")
        with self._lock:  # two questions at once must not both fit under the limit
            approval = self._in_force(release)
            if not set(people) <= self.record.members(release):
                raise KeyServiceError("Somebody asked about is not in this release.", code="members")
            given = self.record.given_since(self.clock() - timedelta(hours=1))
            if given + len(people) > self.limits.an_hour:
                raise KeyServiceError(
                    f"{given:,} identities were given in the last hour; {self.limits.an_hour:,} is the most.",
                    "Wait, or ask whoever keeps the key service whether this is right.",
                    "rate",
                )
            found, left_out = self._open(people, approval)
            self.record.log(release, reader, role, len(people), len(found), "given", left_out)
        return {"ok": True, "identities": found, "left_out": left_out}

    def _in_force(self, release: str) -> Approval:
        if self.record.revoked(release):
            raise KeyServiceError("This release was ended.", "Make a new request.", "revoked")
        approval = self.record.approval(release)
        if approval is None:
            raise KeyServiceError(
                "The key service was not shown this release.",
                "Show the approval again, or make a new request.",
                "unknown",
            )
        if approval.expired(self.clock()):
            raise KeyServiceError(
                "This release has expired.", "Ask for it to be extended, or make a new one.", "expired"
            )
        return approval

    def _open(self, people: list[bytes], approval: Approval) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Identities of those who are with the practice now and not marked sensitive, and how many are not given and why."""
        rows = self.open_vault(people)
        found, left_out = [], {"moved": 0, "sensitive": 0, "unknown": len(set(people)) - len(rows)}
        for row in rows:
            if row["sensitive"]:
                left_out["sensitive"] += 1
            elif row["practice"] != approval.practice:
                left_out["moved"] += 1
            else:
                day = row["birth_date"]
                shown = {name: row[name] for name in GIVEN} | {"birth_date": day.isoformat() if day else None}
                found.append({"pseudonym": row["pseudonym"].hex(), **shown})
        return found, {why: n for why, n in left_out.items() if n}

    def pseudonyms(self, numbers: list[str]) -> list[bytes]:
        """The pseudonyms of NHS numbers. For use inside the service."""
        found: list[bytes] = self._keys.pseudonyms(numbers).to_pylist()
        return found

    def open_vault(self, people: list[bytes]) -> list[dict[str, Any]]:
        """The vault's rows of these people. For use inside the service; ``KeyServiceError`` where the vault cannot be opened."""
        try:
            for again in (True, False):
                try:
                    with Vault.open(self.vault_dir, self._keys) as vault:
                        rows: list[dict[str, Any]] = vault.identities(people).to_pylist()
                        return rows
                except WrongKeyError:
                    if not again:
                        raise
                    self._keys = load_keys(self.vault_dir)  # the key was rotated while we ran
        except VaultError as error:
            raise KeyServiceError(
                f"The vault cannot be opened: {error.message}", error.remedy, "vault"
            ) from None
        return []

    def _require_on(self) -> None:
        on, reason = self.record.is_on()
        if not on:
            raise KeyServiceError(
                f"The key service is switched off: {reason}.",
                "Work goes on without identities. Whoever keeps it can switch it on: goldenthread vault on.",
                "off",
            )


def _only_extends(before: Approval, after: Approval) -> bool:
    """Whether only the end and the approval of it differ."""
    return replace(
        after, expires_at=before.expires_at, approved_at=before.approved_at, approved_by=before.approved_by
    ) == before and datetime.fromisoformat(after.approved_at) >= datetime.fromisoformat(before.approved_at)


def _pseudonyms(body: Mapping[str, Any]) -> list[bytes]:
    try:
        found = [bytes.fromhex(p) for p in body["pseudonyms"]]
    except (KeyError, TypeError, ValueError):
        raise KeyServiceError("The request does not say about whom.", code="malformed") from None
    if any(len(p) != PSEUDONYM_BYTES for p in found) or len(set(found)) != len(found):
        raise KeyServiceError("The request names somebody twice, or not by a pseudonym.", code="malformed")
    return found
