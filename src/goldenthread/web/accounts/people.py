"""Accounts and roles, for administrators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from goldenthread.cohorts import ScopeTree
from goldenthread.errors import GoldenThreadError
from goldenthread.web.accounts import actions, lockout
from goldenthread.web.accounts.errors import AccountError
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.accounts.views import scope_name
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page

A_PAGE = 50


@page("manage_people")
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, searched by name."""
    wanted = request.GET.get("q", "").strip()[:80]
    found = User.objects.prefetch_related("assignments").order_by("name", "username")
    if wanted:
        found = found.filter(Q(name__icontains=wanted) | Q(username__icontains=wanted))
    total = found.count()
    first = max(0, _number(request.GET.get("from", "0")))
    shown = [
        {"user": u, "roles": _words(u), "waiting": lockout.waits_for(u.username)}
        for u in found[first : first + A_PAGE]
    ]
    content = {
        "rows": shown,
        "total": total,
        "wanted": wanted,
        "first": first,
        "before": max(0, first - A_PAGE) if first else None,
        "after": first + A_PAGE if first + A_PAGE < total else None,
    }
    return render(request, "accounts/people.jinja", content)


@page("manage_people")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new account with its first role."""
    content = _role_choices() | {"typed": request.POST, "error": "", "field": "name"}
    if request.method == "POST":
        try:
            user, password = _add(request)
        except AccountError as error:
            content |= {"error": f"{error.message} {error.remedy}".strip()}
            return render(request, "accounts/add.jinja", content, status=400)
        return _with_password(request, user, password)
    return render(request, "accounts/add.jinja", content)


@page("manage_people")
@require_GET
def person(request: HttpRequest, person: int) -> HttpResponse:
    """One account: its roles and what can be done about it."""
    return _person(request, get_object_or_404(User, pk=person))


@page("manage_people")
@require_POST
def act(request: HttpRequest, person: int, act: str) -> HttpResponse:
    """One act on an account."""
    user = get_object_or_404(User, pk=person)
    if act not in _ACTS:
        raise Http404
    try:
        answer = _ACTS[act](request, user)
    except AccountError as error:
        return _person(request, user, error=f"{error.message} {error.remedy}".strip(), typed=request.POST)
    return answer or redirect("person", person=user.pk)


def _add(request: HttpRequest) -> tuple[User, str]:
    from django.db import transaction

    sent = request.POST
    with transaction.atomic():
        user, password = actions.add_person(
            request.working,
            sent.get("username", ""),
            sent.get("name", "")[:120],
            email=sent.get("email", "").strip(),
            subject=sent.get("subject", "").strip()[:200],
        )
        _grant(request, user)
    return user, password


def _grant(request: HttpRequest, user: User) -> None:
    sent = request.POST
    actions.grant(
        request.working,
        user,
        sent.get("role", ""),
        sent.get("scope", "").strip() or "system",
        starts=_day(sent.get("starts", "")),
        ends=_day(sent.get("ends", "")),
        tree=_tree(),
    )
    messages.success(request, f"{user} now holds the role {ROLES[sent['role']].title.lower()}.")


def _end(request: HttpRequest, user: User) -> None:
    assignment = get_object_or_404(Assignment, pk=_number(request.POST.get("assignment", "")), user=user)
    actions.end_role(request.working, assignment)
    messages.success(request, f"{user} no longer holds the role {ROLES[assignment.role].title.lower()}.")


def _switch(active: bool) -> Callable[[HttpRequest, User], None]:
    def act(request: HttpRequest, user: User) -> None:
        actions.set_active(request.working, user, active)
        messages.success(request, f"The account of {user} is switched {'on' if active else 'off'}.")

    return act


def _unlock(request: HttpRequest, user: User) -> None:
    actions.unlock_person(request.working, user)
    messages.success(request, f"{user} can try to sign in again at once.")


def _password(request: HttpRequest, user: User) -> HttpResponse:
    return _with_password(request, user, actions.reset_password(request.working, user))


_ACTS: dict[str, Callable[[HttpRequest, User], HttpResponse | None]] = {
    "grant": _grant,
    "end": _end,
    "disable": _switch(False),
    "enable": _switch(True),
    "unlock": _unlock,
    "password": _password,
}


def _person(request: HttpRequest, user: User, error: str = "", typed: Any = None) -> HttpResponse:
    today = timezone.localdate()
    rows = [
        {
            "assignment": a,
            "title": ROLES[a.role].title if a.role in ROLES else a.role,
            "scope": scope_name(a.scope),
            "state": "ended" if a.ends and a.ends < today else "later" if a.starts > today else "held now",
        }
        for a in user.assignments.all()
    ]
    content = _role_choices() | {
        "person": user,
        "rows": rows,
        "waiting": lockout.wait_words(w) if (w := lockout.waits_for(user.username)) else "",
        "oneself": user.pk == request.user.pk,
        "error": error,
        "field": "role",
        "typed": typed or {},
    }
    return render(request, "accounts/person.jinja", content, status=400 if error else 200)


def _with_password(request: HttpRequest, user: User, password: str) -> HttpResponse:
    """Shown once, on a page that no cache keeps."""
    if not password:
        return redirect(reverse("person", args=[user.pk]))
    return render(request, "accounts/first_password.jinja", {"person": user, "first_password": password})


def _role_choices() -> dict[str, Any]:
    tree = _tree()
    scopes = [s for s in tree if s.kind in ("system", "place", "pcn", "practice")] if tree else []
    return {"roles": list(ROLES.values()), "scopes": scopes}


def _tree() -> ScopeTree | None:
    try:
        return editions().current().tree
    except GoldenThreadError:
        return None


def _words(user: User) -> list[str]:
    today = timezone.localdate()
    held = [a for a in user.assignments.all() if a.starts <= today and (a.ends is None or a.ends >= today)]
    return [f"{ROLES[a.role].title if a.role in ROLES else a.role}, {scope_name(a.scope)}" for a in held]


def _day(text: str) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AccountError(f"{text[:20]!r} is not a day.", "Write it as 2026-11-30.") from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
