"""Lines about accounts in the audit log."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from goldenthread.governance import Audit
from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.working import Working

UNKNOWN = "unknown"


def note(
    action: str,
    who: User | Working | str | None,
    *,
    subject: str = "",
    reason: str = "",
    **detail: Any,
) -> None:
    """Add a line. Where it cannot be written, ``RecordError``: then the act must not happen."""
    role = scope = ""
    if isinstance(who, Working):
        role, scope, who = who.role.name, who.scope.slug, who.user
    actor = who.username if isinstance(who, User) else (who or UNKNOWN)
    Audit(settings.DEPLOYMENT.home).append(
        action, actor=actor, role=role, scope=scope, subject=subject, reason=reason, detail=detail
    )
