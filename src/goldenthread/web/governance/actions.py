"""Everything that governance pages write: decisions of practices, papers, opt-out files, and what has expired."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from goldenthread.cohorts import CohortError, open_version
from goldenthread.governance import (
    ALL_FEEDS,
    Decision,
    Document,
    GovernanceError,
    NotThereError,
    OptOuts,
    Register,
    RetentionRun,
    Terms,
    named_purpose,
    signer_of,
)
from goldenthread.governance import run_retention as delete_expired
from goldenthread.vault import SOCKET, KeyClient, KeyServiceError
from goldenthread.web.accounts.working import Working
from goldenthread.web.site.forms import whole

PATIENCE = 120.0
"""Seconds that the key service may take over a file of many people."""


def decide(
    working: Working, purpose: str, practices: list[str], verb: str, reason: str, feed: str = ALL_FEEDS, ends: date | None = None
) -> list[Decision]:  # fmt: skip
    """Switch sharing on or off for practices. It holds from the next question on."""
    register = Register.open(settings.DEPLOYMENT.home)
    who, role = str(working.user), working.role.name
    if not practices:
        raise GovernanceError("No practice was chosen.", "Choose at least one.")
    if verb == "agreed":
        return register.adopt(practices, [purpose], by=who, reason=reason, feed=feed, end=ends, role=role)
    if verb != "withdrawn":
        raise GovernanceError(f"{verb[:40]!r} is not a decision.", "Choose to share, or to stop sharing.")
    return [register.withdraw(p, purpose, by=who, reason=reason, feed=feed, role=role) for p in practices]


def record_document(
    working: Working,
    purpose: str,
    kind: str,
    title: str,
    place: str,
    signed: date | None,
    review: date | None,
) -> Document:
    """Record a paper on which a purpose rests."""
    register = Register.open(settings.DEPLOYMENT.home)
    return register.add_document(
        purpose, kind, title, place=place, by=str(working.user), signed=signed, review=review  # type: ignore[arg-type]
    )  # fmt: skip


def set_terms(working: Working, purpose: str, feeds: list[str], days: str, reason: str) -> Terms:
    """Say which feeds a purpose may use and for how long what is made for it is kept."""
    if not feeds:
        raise GovernanceError("No feed was chosen.", "Choose at least the GP record.")
    return Register.open(settings.DEPLOYMENT.home).set_terms(
        purpose, feeds=feeds, retention_days=whole(days), by=str(working.user), reason=reason
    )


# -- national data opt-outs: this process holds pseudonyms; the NHS numbers stay with the key service


def opt_outs() -> OptOuts:
    """The answers that are known, and the requests that were made."""
    return OptOuts(settings.DEPLOYMENT.home, settings.DEPLOYMENT.opt_out_days)


def opt_out_replies(working: Working) -> list[str]:
    """Requests to which a reply has come; ``KeyServiceError`` where the key service does not say."""
    return _keys(5).opt_out_replies(**_who(working))


def ask_opt_outs(working: Working, cohort: str, mailbox: str) -> str:
    """Have a file written that asks about the people of a frozen cohort whose answer is not known; returns its name."""
    cache, home = opt_outs(), settings.DEPLOYMENT.home
    if not cohort.replace("_", "").replace("-", "").isalnum():
        raise NotThereError("No cohort was chosen.", "Choose one of those on the page.")
    try:
        version = open_version(home / "cohorts" / cohort)
    except CohortError:
        raise NotThereError("There is no such cohort version.", "Choose one of those on the page.") from None
    purpose = str(version.record["purpose"])
    if not named_purpose(purpose).national_opt_out:
        raise GovernanceError(
            "The national data opt-out does not apply to this purpose.", "Nobody needs to be asked about."
        )
    people = cache.not_known(version.members())
    if not people:
        raise GovernanceError(
            "Everybody's answer is still known.", "Ask again when the answers have expired."
        )
    keys, who = _keys(PATIENCE), _who(working)
    return cache.ask(
        lambda name: keys.ask_opt_outs(name, people, **who), mailbox=mailbox, purpose=purpose, by=working.user.username, role=working.role.name
    )  # fmt: skip


def take_opt_outs(working: Working, name: str) -> int:
    """Take up the reply to a request; returns for how many days it holds. One that is not believed is set aside, and nothing changes."""
    cache, keys, who = opt_outs(), _keys(PATIENCE), _who(working)
    by = {"by": working.user.username, "role": working.role.name}
    if name not in {r.name for r in cache.requests()}:
        raise NotThereError("There is no such request.", "Choose one of those on the page.")
    try:
        answers = keys.opt_out_answers(name, **who)
    except KeyServiceError as error:
        if error.code == "reply":
            cache.refused(name, why=error.message, **by)
        raise
    cache.take(answers, name, **by)
    keys.opt_outs_done(name, **who)  # only now: had we been stopped before, the reply would still be there
    return cache.days


def run_retention(working: Working) -> RetentionRun:
    """Delete what has expired, look again, and record it."""
    return delete_expired(settings.DEPLOYMENT, by=str(working.user))


def _keys(seconds: float) -> KeyClient:
    home = settings.DEPLOYMENT.home
    return KeyClient(home / SOCKET, signer_of(home), seconds)


def _who(working: Working) -> dict[str, str]:
    return {"reader": working.user.username, "role": working.role.name}
