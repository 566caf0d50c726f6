"""Waits after failed sign-ins, for a user name and for an address, that grow with each failure."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from goldenthread.web.accounts.models import Barrier


@dataclass(frozen=True)
class Limits:
    """``free`` failures cost nothing; then the wait begins at a minute and doubles, up to ``longest``."""

    free: int
    longest: timedelta
    forgotten_after: timedelta


NAME = Limits(free=5, longest=timedelta(minutes=30), forgotten_after=timedelta(hours=24))
ADDRESS = Limits(free=30, longest=timedelta(hours=1), forgotten_after=timedelta(hours=1))
"""A whole hospital may share one address, so its limit is wider and sooner forgotten."""


def take_attempt(username: str, address: str) -> int:
    """Count an attempt before the password is looked at; the seconds to wait where it may not be made, else 0.

    Counting first means that a hundred attempts at the same moment are a hundred failures, not one.
    Whether the account exists plays no part, so the answer does not tell.
    """
    wanted = [(_key("name", username), NAME), (_key("address", address), ADDRESS)]
    with transaction.atomic():
        for key, _ in wanted:
            Barrier.objects.get_or_create(key=key)
        found = Barrier.objects.select_for_update().in_bulk(sorted(key for key, _ in wanted))
        now = timezone.now()  # after whoever was before us
        waits = [b.until - now for b in found.values() if b.until is not None and b.until > now]
        if waits:
            return max(1, int(max(waits).total_seconds() + 0.999))
        for key, limits in wanted:
            barrier = found[key]
            if now - barrier.last > limits.forgotten_after:
                barrier.failures = 0
            barrier.failures += 1
            barrier.last = now
            barrier.until = _until(barrier.failures, limits, now)
            barrier.save()
    return 0


def forgive(username: str, address: str) -> None:
    """The attempt was right: the name starts afresh; the address loses this one count only."""
    with transaction.atomic():
        Barrier.objects.filter(key=_key("name", username)).delete()
        barrier = Barrier.objects.select_for_update().filter(key=_key("address", address)).first()
        if barrier is not None:
            barrier.failures = max(0, barrier.failures - 1)
            barrier.until = None
            barrier.save()


def unlock(username: str) -> bool:
    """Let a name try again at once; whether it was waiting."""
    barrier = Barrier.objects.filter(key=_key("name", username)).first()
    waiting = waits_for(username) > 0
    if barrier is not None:
        barrier.delete()
    return waiting


def waits_for(username: str) -> int:
    """Seconds until the name may try again; 0 where it may now."""
    barrier = Barrier.objects.filter(key=_key("name", username)).first()
    if barrier is None or barrier.until is None:
        return 0
    return max(0, int((barrier.until - timezone.now()).total_seconds() + 0.999))


def address_of(request: HttpRequest) -> str:
    """Where a request came from. Behind the deployment's own proxy, what that proxy saw: the last entry."""
    if settings.DEPLOYMENT.web.get("proxy", False):
        passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if passed[-1]:
            return passed[-1]
    return str(request.META.get("REMOTE_ADDR", ""))


def wait_words(seconds: int) -> str:
    """The wait as people say it.

    >>> wait_words(45), wait_words(61), wait_words(1800)
    ('1 minute', '2 minutes', '30 minutes')
    """
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def _until(failures: int, limits: Limits, now: datetime) -> datetime | None:
    if failures < limits.free:
        return None
    doubled = timedelta(minutes=1) * 2 ** min(failures - limits.free, 20)
    return now + min(doubled, limits.longest)


def _key(kind: str, text: str) -> str:
    secret = f"barrier:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, f"{kind}:{text.strip().lower()}".encode(), hashlib.sha256).hexdigest()
