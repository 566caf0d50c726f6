"""How long a session lasts: locked after a quiet while, ended after a working day; never in the middle of a thought."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.working import ASSURANCE, PROVIDER_ROLES, SESSION_KEY
from goldenthread.web.site.rules import rule_of

BEGAN, SEEN, LOCKED, KEPT, KEPT_PATH = "began", "seen", "locked", "kept", "kept_path"
LONGEST = 12 * 3600
_NOTED_EVERY = 30
"""Seconds between two notes of the last request: writing at every one would cost more than it tells."""


def begin(request: HttpRequest, user: User) -> None:
    """Sign somebody in: a new session key, and both clocks at nought. What was kept for them stays."""
    kept = request.session.get(KEPT), request.session.get(KEPT_PATH)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    if kept[0]:
        request.session[KEPT], request.session[KEPT_PATH] = kept
    now = time.time()
    request.session[BEGAN] = request.session[SEEN] = now
    for name in (LOCKED, PROVIDER_ROLES, ASSURANCE, SESSION_KEY):
        request.session.pop(name, None)


def reopen(request: HttpRequest) -> None:
    """Unlock the session for the person whose it is. Forms of open pages stay good: their mark does not change."""
    request.session.cycle_key()
    request.session.pop(LOCKED, None)
    request.session.pop(ASSURANCE, None)  # a password proves less than a smartcard did
    request.session[SEEN] = time.time()


def touch(request: HttpRequest) -> None:
    """The person is here."""
    request.session[SEEN] = time.time()


def seconds_left(request: HttpRequest) -> int:
    """Seconds until the session is locked or ends, whichever is sooner."""
    now = time.time()
    idle = request.session.get(SEEN, now) + settings.IDLE_MINUTES * 60 - now
    day = request.session.get(BEGAN, now) + LONGEST - now
    return max(0, int(min(idle, day)))


class SessionCare:
    """Locks a session that was quiet for too long and ends one that is a working day old.

    A locked session belongs to nobody as far as pages can see: ``request.user`` is anonymous, and
    ``request.locked_user`` says who may unlock it. Stands after the protection of forms, so that only
    a form from a page of ours is ever kept.
    """

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.respond(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Look at the clocks before the gate does."""
        request.locked_user = request.ended_user = None
        user = request.user
        if not isinstance(user, User) or getattr(request, "token", None) is not None:
            return None
        session, now = request.session, time.time()
        session.setdefault(BEGAN, now)
        seen = session.setdefault(SEEN, now)
        if now - session[BEGAN] > LONGEST:
            session.flush()
            request.ended_user, request.user = user, AnonymousUser()
            return None
        if session.get(LOCKED) or now - seen > settings.IDLE_MINUTES * 60:
            if not session.get(LOCKED):
                session[LOCKED] = True
            request.locked_user, request.user = user, AnonymousUser()
            return None
        if now - seen > _NOTED_EVERY and not getattr(view, "only_looks", False):
            session[SEEN] = now
        if request.method == "POST" and request.get_full_path() == session.get(KEPT_PATH):
            session.pop(KEPT, None)
            session.pop(KEPT_PATH, None)
        rule = rule_of(view)
        if (
            user.must_change_password
            and not (rule and rule.public)
            and not getattr(view, "own_account", False)
        ):
            return redirect(reverse("password"))
        return None


def only_looks(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view that pages ask by themselves: it does not show that anybody is there."""
    view.only_looks = True  # type: ignore[attr-defined]
    return view


def own_account(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view that somebody who must choose a password may still use."""
    view.own_account = True  # type: ignore[attr-defined]
    return view
