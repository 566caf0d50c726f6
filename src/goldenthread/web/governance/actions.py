"""Everything that governance pages write: decisions of practices, papers, opt-out files, and what has expired."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from goldenthread.governance import (
    ALL_FEEDS,
    Decision,
    Document,
    GovernanceError,
    Register,
    RetentionRun,
    Terms,
)
from goldenthread.governance import run_retention as delete_expired
from goldenthread.web.accounts.working import Working
from goldenthread.web.site.forms import whole


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


def run_retention(working: Working) -> RetentionRun:
    """Delete what has expired, look again, and record it."""
    return delete_expired(settings.DEPLOYMENT, by=str(working.user))
