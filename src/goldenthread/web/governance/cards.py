"""What governance adds to the hub."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from goldenthread.governance import Audit, Register, alerts, purpose_names, sharing_of
from goldenthread.web.shell.hub import Card, adds_cards
from goldenthread.web.site.data import editions


@adds_cards
def cards(request: HttpRequest) -> Iterator[Card]:
    """Papers to review, practices that share nothing, and unusual use."""
    working = request.working
    if working.may("govern"):
        overdue = [
            d
            for d in Register.open(settings.DEPLOYMENT.home).documents()
            if d.overdue_on(timezone.localdate())
        ]
        if overdue:
            yield Card(
                "papers are past their review date", "Each purpose rests on papers that must be looked at again.",
                "/governance/", len(overdue), urgent=True,
            )  # fmt: skip
        snapshot = editions().current().snapshot
        out = {p for n in purpose_names() for p in sharing_of(settings.DEPLOYMENT, snapshot, n).out}
        text = (
            "Their people leave every question asked for that purpose."
            if out
            else "Every practice shares for every purpose."
        )
        yield Card(
            "practices hold something back" if out else "What practices share",
            text,
            "/governance/",
            len(out) or None,
        )
    if working.may("audit"):
        found = alerts(Audit(settings.DEPLOYMENT.home).entries())
        yield Card(
            "things to ask about in the audit log" if found else "Who saw whom",
            "Unusual use: many records, out of hours, own record or same surname." if found else "Nothing unusual was found.",
            "/governance/audit/", len(found) or None, urgent=bool(found),
        )  # fmt: skip
    if working.may("approve_release") and working.scope.kind == "practice":
        yield Card(
            "What this practice shares", "See it, and switch any of it off. It takes effect at the next question.",
            f"/governance/practice/{working.scope.slug}/",
        )  # fmt: skip
