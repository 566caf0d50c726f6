"""Purposes, agreements and papers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from goldenthread.cohorts import Scope
from goldenthread.errors import GoldenThreadError
from goldenthread.governance import (
    ALL_FEEDS,
    GovernanceError,
    Purpose,
    Register,
    Sharing,
    feeds,
    named_purpose,
    purpose_names,
    sharing_of,
)
from goldenthread.web.governance import actions
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page

KINDS = {
    "dpia": "Data protection impact assessment",
    "agreement": "Sharing agreement",
    "approval": "Approval",
    "notice": "Privacy notice",
    "other": "Other",
}


@page("govern")
def overview(request: HttpRequest) -> HttpResponse:
    """Every purpose: its basis, who shares for it, and its papers."""
    edition = editions().current()
    register = Register.open(settings.DEPLOYMENT.home)
    today = timezone.localdate()
    rows = []
    for name in purpose_names():
        sharing = sharing_of(settings.DEPLOYMENT, edition.snapshot, name)
        papers = register.documents(name)
        rows.append(
            {
                "purpose": named_purpose(name),
                "sharing": len(sharing.practices) - len(sharing.out),
                "practices": len(sharing.practices),
                "partly": len({p for f in sharing.withheld.values() for p in f}),
                "papers": len(papers),
                "overdue": sum(d.overdue_on(today) for d in papers),
            }
        )
    return render(request, "governance/overview.jinja", {"rows": rows})


@page("govern")
def purpose_page(request: HttpRequest, purpose: str) -> HttpResponse:
    """One purpose: what it is for, who shares, its papers and its history."""
    return _purpose(request, purpose)


def _purpose(
    request: HttpRequest, purpose: str, error: GoldenThreadError | None = None, status: int = 200
) -> HttpResponse:
    chosen = _named(purpose)
    edition = editions().current()
    register = Register.open(settings.DEPLOYMENT.home)
    sharing = sharing_of(settings.DEPLOYMENT, edition.snapshot, chosen)
    content = {
        "purpose": chosen,
        "rows": _practices(edition, sharing),
        "terms": register.terms(chosen),
        "feeds": feeds(),
        "documents": register.documents(chosen.name),
        "kinds": KINDS,
        "today": timezone.localdate(),
        "history": _history(edition, chosen.name, None),
        "error": error,
        "typed": request.POST,
        "picked": request.POST.getlist("practice"),
        "used": set(request.POST.getlist("use")) or set(register.terms(chosen).feeds),
    }
    return render(request, "governance/purpose.jinja", content, status=status)


@page("govern")
@require_POST
def decide(request: HttpRequest, purpose: str) -> HttpResponse:
    """Switch sharing on or off for the practices that are ticked."""
    chosen = _named(purpose)
    known = set(sharing_of(settings.DEPLOYMENT, editions().current().snapshot, chosen).practices)
    picked = [p for p in request.POST.getlist("practice") if p in known]
    try:
        made = actions.decide(
            request.working, chosen.name, picked, request.POST.get("verb", ""),
            request.POST.get("reason", "")[:1000], request.POST.get("feed") or ALL_FEEDS, _day(request, "ends"),
        )  # fmt: skip
    except GovernanceError as error:
        return _purpose(request, purpose, error, 400)
    done = (
        ("shares" if len(made) == 1 else "share")
        if made[0].verb == "agreed"
        else f"no longer {'shares' if len(made) == 1 else 'share'}"
    )
    messages.success(
        request,
        f"{_count(len(made), 'practice')} now {done} for {chosen.title.lower()}. Every figure obeys this from now on.",
    )
    return redirect("governance_purpose", purpose=chosen.name)


@page("govern")
@require_POST
def set_terms(request: HttpRequest, purpose: str) -> HttpResponse:
    """Change which feeds the purpose may use, and for how long what is made for it is kept."""
    chosen, typed = _named(purpose), request.POST
    try:
        actions.set_terms(
            request.working,
            chosen.name,
            typed.getlist("use"),
            typed.get("days", ""),
            typed.get("why", "")[:1000],
        )
    except GovernanceError as error:
        return _purpose(request, purpose, error, 400)
    messages.success(
        request, "The terms are changed. Every question for this purpose obeys them from now on."
    )
    return redirect("governance_purpose", purpose=chosen.name)


@page("govern")
@require_POST
def add_document(request: HttpRequest, purpose: str) -> HttpResponse:
    """Record a paper."""
    chosen = _named(purpose)
    try:
        actions.record_document(
            request.working, chosen.name, request.POST.get("kind", ""), request.POST.get("title", "")[:200],
            request.POST.get("place", "")[:400], _day(request, "signed"), _day(request, "review"),
        )  # fmt: skip
    except GovernanceError as error:
        return _purpose(request, purpose, error, 400)
    messages.success(request, "The paper is recorded.")
    return redirect("governance_purpose", purpose=chosen.name)


@page("approve_release", scope="scope")
def practice_page(request: HttpRequest, scope: str) -> HttpResponse:
    """What one practice shares, and the means to switch it off."""
    return _practice(request)


def _practice(
    request: HttpRequest, error: GoldenThreadError | None = None, status: int = 200
) -> HttpResponse:
    if request.scope.kind != "practice":
        raise Http404
    edition = editions().current()
    rows = []
    for name in purpose_names():
        sharing = sharing_of(settings.DEPLOYMENT, edition.snapshot, name)
        code = request.scope.code
        held = [feeds()[f].title for f, p in sharing.withheld.items() if code in p]
        rows.append(
            {
                "purpose": named_purpose(name),
                "shares": code not in sharing.out,
                "why": sharing.reasons.get(code, ""),
                "held": held,
            }
        )
    content = {
        "practice": request.scope, "rows": rows, "error": error, "typed": request.POST,
        "history": _history(edition, None, request.scope.code),
    }  # fmt: skip
    return render(request, "governance/practice.jinja", content, status=status)


@page("approve_release", scope="scope")
@require_POST
def practice_decide(request: HttpRequest, scope: str) -> HttpResponse:
    """A practice switches its own sharing on or off."""
    if request.scope.kind != "practice":
        raise Http404
    try:
        chosen = _named(request.POST.get("purpose", ""))
        made = actions.decide(
            request.working,
            chosen.name,
            [request.scope.code],
            request.POST.get("verb", ""),
            request.POST.get("reason", "")[:1000],
        )
    except GovernanceError as error:
        return _practice(request, error, 400)
    done = "shares" if made[0].verb == "agreed" else "no longer shares"
    messages.success(
        request,
        f"{request.scope.words} now {done} for {chosen.title.lower()}. Every figure obeys this from now on.",
    )
    return redirect("governance_practice", scope=request.scope.slug)


@page("see_figures", scope="scope", tier="pseudonymised")
def sharing_page(request: HttpRequest, scope: str) -> HttpResponse:
    """Why not everybody of a scope is covered."""
    edition = editions().current()
    sharing = sharing_of(settings.DEPLOYMENT, edition.snapshot, "planning")
    population = edition.population("planning", request.working.recipient).within(request.scope)
    inside = [r for r in _practices(edition, sharing) if _belongs(edition, r["scope"], request.scope)]
    content = {
        "words": population.coverage.words, "rows": [r for r in inside if not r["shares"] or r["held"]], "all": len(inside),
        "purpose": named_purpose("planning"),
    }  # fmt: skip
    return render(request, "governance/sharing.jinja", content)


def _belongs(edition: Edition, practice: Scope, scope: Scope) -> bool:
    try:
        return edition.tree.inside(practice, scope)
    except GoldenThreadError:
        return scope.kind == "system"


def _practices(edition: Edition, sharing: Sharing) -> list[dict[str, Any]]:
    rows = []
    for code in sharing.practices:
        scope = edition.tree.scopes.get(f"practice-{code}", Scope("practice", code))
        above = edition.tree.parent(scope) if scope.slug in edition.tree.scopes else None
        held = [feeds()[f].title for f, p in sharing.withheld.items() if code in p]
        rows.append(
            {
                "code": code,
                "scope": scope,
                "pcn": above.words if above is not None else "",
                "shares": code not in sharing.out,
                "why": sharing.reasons.get(code, ""),
                "held": held,
            }
        )
    return sorted(rows, key=lambda r: (r["shares"], r["pcn"], r["scope"].words))


def _history(edition: Edition, purpose: str | None, practice: str | None) -> list[dict[str, Any]]:
    """Decisions, the newest first; one act for many practices is one line."""
    found: list[dict[str, Any]] = []
    for one in reversed(Register.open(settings.DEPLOYMENT.home).decisions(purpose, practice)):
        key = (one.recorded_at[:16], one.verb, one.purpose, one.feed, one.decided_by, one.reason)
        if found and found[-1]["key"] == key:
            found[-1]["practices"].append(one.practice)
            continue
        if len(found) == 50:
            break
        found.append(
            {"key": key, "decision": one, "practices": [one.practice], "purpose": named_purpose(one.purpose)}
        )
    for line in found:
        names = [
            edition.tree.scopes.get(f"practice-{p}", Scope("practice", p)).words for p in line["practices"]
        ]
        line["who"] = names[0] if len(names) == 1 else _count(len(names), "practice")
    return found


def _named(purpose: str) -> Purpose:
    if purpose not in purpose_names():
        raise Http404
    return named_purpose(purpose)


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise GovernanceError(
            f"{text[:30]!r} is not a date.", "Write year, month and day: 2027-03-31."
        ) from None


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
