"""The Caldicott guardian's pages: who saw whom, why and until when; what is unusual; is the log whole."""

from __future__ import annotations

import csv
import io
from datetime import datetime, time, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from goldenthread.disclosure import neutralise_formula
from goldenthread.governance import Audit, Entry, Sighting, alerts, re_identifications, seen_by
from goldenthread.web.accounts.models import User
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page

A_PAGE = 50
WORDS = {
    "identities.shown": "Opened a list with names", "patient.opened": "Opened one patient", "list.exported": "Made a file or letters",
    "list.reviewed": "Reviewed a patient", "list.contact": "Recorded a contact", "list.arranged": "Arranged what a patient needs",
    "list.many": "Changed several patients", "list.handed": "Said who keeps a list", "release.requested": "Asked for a list",
    "release.approved": "Allowed a list", "release.refused": "Refused a list", "release.revoked": "Closed a list", "release.extended": "Extended a list",
    "release.reissued": "Gave new tokens", "release.stopped": "Stopped lists", "release.resumed": "Lifted a stop",
    "release.own": "Tried to decide on an own request", "agreement.agreed": "Recorded that practices share",
    "agreement.withdrawn": "Recorded that practices stop sharing", "purpose.document": "Recorded a paper", "purpose.terms": "Changed a purpose's terms",
    "opt_outs.requested": "Asked about opt-outs", "opt_outs.answered": "Took up opt-outs", "opt_outs.refused": "Set a reply about opt-outs aside",
    "cohort.frozen": "Froze a cohort", "question.saved": "Kept a question", "retention.run": "Deleted what had expired",
    "vault.on": "Switched the key service on", "vault.off": "Switched the key service off", "vault.restored": "Restored the vault",
    "vault.trusted": "Trusted a signing key", "account.signed_in": "Signed in",
}  # fmt: skip
"""What each kind of act is called; others show as they stand in the log."""


@page("audit")
def audit(request: HttpRequest) -> HttpResponse:
    """The log, filtered; with what is unusual above it, and whether it is whole."""
    log = Audit(settings.DEPLOYMENT.home)
    since, until = _day(request, "since"), _day(request, "until")
    end = until + timedelta(days=1) if until else None
    wanted = {n: request.GET.get(n, "").strip()[:120] for n in ("actor", "action", "since", "until")}
    number = max(whole(request.GET.get("page"), 1), 1)
    found = log.entries(
        actor=wanted["actor"] or None, action=wanted["action"] or None, since=since, until=end,
        newest_first=True, limit=A_PAGE * number + 1,
    )  # fmt: skip
    content = {
        "entries": found[A_PAGE * (number - 1) : A_PAGE * number], "more": len(found) > A_PAGE * number, "page": number, "wanted": wanted,
        "words": WORDS, "names": _names(), "sightings": _dated(re_identifications(log, since=since, until=end)[:A_PAGE]), "alerts": alerts(log.entries(since=since, until=end)),
        "verdict": log.verify() if "verify" in request.GET else None, "query": _query(request),
    }  # fmt: skip
    return render(request, "governance/audit.jinja", content)


@page("audit")
def seen(request: HttpRequest) -> HttpResponse:
    """Who has seen one patient: for a patient who asks. The patient is named by the tokens on their lists, never by number."""
    typed = request.POST.get("tokens", "")[:4000] if request.method == "POST" else ""
    tokens = typed.replace(",", " ").split()
    found = seen_by(Audit(settings.DEPLOYMENT.home), tokens) if tokens else []
    content = {"typed": typed, "asked": bool(tokens), "sightings": _dated(found), "names": _names()}
    return render(request, "governance/seen.jinja", content)


def _dated(found: list[Sighting]) -> list[tuple[Sighting, datetime]]:
    """Each with its moment, which pages say in local time."""
    return [(one, datetime.fromisoformat(one.time)) for one in found]


def _names() -> dict[str, str]:
    """People's own names by user name: the log holds the latter."""
    return {str(u.username): str(u) for u in User.objects.all()}


@page("audit")
def export(request: HttpRequest) -> HttpResponse:
    """The whole log as CSV, with the hashes that hold it together."""
    out = io.StringIO()
    writer = csv.writer(out)
    head = (
        "number",
        "time",
        "actor",
        "role",
        "scope",
        "action",
        "subject",
        "reason",
        "detail",
        "previous",
        "hash",
    )
    writer.writerow(head)
    for entry in Audit(settings.DEPLOYMENT.home).entries():
        writer.writerow([neutralise_formula(str(_cell(entry, name))) for name in head])
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate().isoformat()}.csv"'
    return response


def _cell(entry: Entry, name: str) -> object:
    return dict(entry.detail) if name == "detail" else getattr(entry, name)


def _day(request: HttpRequest, name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(request.GET.get(name, "")).date()
    except ValueError:
        return None
    return timezone.make_aware(datetime.combine(found, time())) if 2000 <= found.year <= 2200 else None


def _query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
