"""What every request passes: safety headers, the gate of rules, and errors turned into pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from goldenthread.cohorts import CohortError, Scope
from goldenthread.errors import GoldenThreadError
from goldenthread.web.accounts.asking import ask_again
from goldenthread.web.accounts.working import Working, working_as
from goldenthread.web.shell.errors import explained, no_scope, refused
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import Rule, rule_of

Respond = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("goldenthread.web")

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class SafetyHeaders:
    """Nothing runs that is not ours, nothing is kept by a cache, nothing is told to other sites."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.respond(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CSP)
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        if not request.path.startswith(settings.STATIC_URL):
            headers["Cache-Control"] = "no-store"
        return response


class PlainErrors:
    """Errors meant for people become a page that says what is wrong and what to do. A stack trace reaches nobody."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.respond(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an error; ``None`` leaves the rest to Django's own handlers."""
        if isinstance(error, GoldenThreadError):
            return explained(request, error)
        if type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb"):
            import duckdb

            if isinstance(error, (duckdb.OutOfRangeException, duckdb.ConversionException)):
                return explained(
                    request,
                    GoldenThreadError(
                        "A sum in this question becomes too large to work out.", "Use smaller numbers."
                    ),
                )
        return None


class Gate:
    """Opens a page only where its rule allows. A view without a rule opens for nobody."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.respond(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse, send to sign in, or note on the request who works under which scope."""
        try:
            return self._opened(request, view, kwargs)
        except GoldenThreadError as error:  # no data yet, or definitions that cannot be read
            return explained(request, error)

    def _opened(
        self, request: HttpRequest, view: Callable[..., Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        rule = rule_of(view)
        request.working = None
        request.scope = None
        request.rule = rule
        if rule is None:
            log.error("The view %s has no rule; nobody may open it.", getattr(view, "__qualname__", view))
            raise PermissionDenied("This page has no rule yet, so it opens for nobody.")
        if request.user.is_authenticated:
            request.working = working_as(request)
        if rule.public:
            return None
        if not request.user.is_authenticated:
            return ask_again(request)
        working: Working | None = request.working
        if working is None:
            return refused(request, "Your account has no role at the moment.")
        if not working.may(rule.permission):
            return refused(request, f"Your role, {working.role.title.lower()}, does not open this page.")
        return _scoped(request, rule, working, kwargs)


def _scoped(
    request: HttpRequest, rule: Rule, working: Working, kwargs: dict[str, Any]
) -> HttpResponse | None:
    """Find the scope in the address and check that it lies inside the visitor's own."""
    if rule.scope is None:
        return None
    tree = editions().current().tree
    try:
        scope: Scope = tree.get(str(kwargs[rule.scope]))
    except CohortError as error:
        return no_scope(request, error)
    if not working.covers(scope, tree):
        return refused(request, f"{scope.words} is outside what you look after, {working.scope_words(tree)}.")
    request.scope = scope
    return None
