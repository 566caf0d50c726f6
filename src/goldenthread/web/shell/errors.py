"""Refusals and failures as pages: what is wrong, whom to ask, what to do next."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.errors import GoldenThreadError
from goldenthread.web.api.problems import problem

ASK = "Ask your information governance lead, or whoever gave you the account, to change your role."


def _page(
    request: HttpRequest, status: int, title: str, message: str, remedy: str = "", **more: Any
) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(status, title, message, remedy)
    content = {
        "title": title,
        "message": message,
        "remedy": remedy,
        "contact": settings.DEPLOYMENT.web.get("contact", ""),
        **more,
    }
    # where only a part of a page was asked for, a whole page inside it would be nonsense
    part = bool(request.headers.get("HX-Request"))
    return render(request, "shell/error_part.jinja" if part else "shell/error.jinja", content, status=status)


def refused(request: HttpRequest, message: str) -> HttpResponse:
    """403: the role or the scope does not open the page; says whom to ask."""
    return _page(request, 403, "You cannot open this page", message, ASK)


def no_scope(request: HttpRequest, error: GoldenThreadError) -> HttpResponse:
    """404: there is no such population."""
    return _page(
        request,
        404,
        "There is no such population",
        error.message,
        "Choose one from the list.",
        choose_scope=True,
    )


def explained(request: HttpRequest, error: GoldenThreadError) -> HttpResponse:
    """An error meant for people."""
    from goldenthread.governance import GovernanceError, NotThereError
    from goldenthread.lake import NoSnapshotError

    if isinstance(error, NoSnapshotError):
        return _page(
            request, 503, "There are no data yet", "Nothing has been loaded into this system.",
            "Run `goldenthread refresh`, then open this page again.",
        )  # fmt: skip
    status = 404 if isinstance(error, NotThereError) else 403 if isinstance(error, GovernanceError) else 400
    return _page(request, status, "This cannot be answered as asked", error.message, error.remedy)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _page(
        request,
        400,
        "The page could not read what was sent",
        "It was too long or not complete.",
        "Nothing was done with it. Go back to what you wrote, and send less at once.",
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _page(
        request, 403, "You cannot open this page", str(exception or "It is not open to your role."), ASK
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _page(
        request,
        404,
        "Page not found",
        "There is no page at this address.",
        "Check the address, or start from the home page.",
    )


def failed(request: HttpRequest) -> HttpResponse:
    """500: something nobody foresaw."""
    return _page(
        request, 500, "Something went wrong", "This was not foreseen. Nothing you saved before is lost.",
        "Try again. If it happens again, tell whoever runs the system at what time it happened.",
    )  # fmt: skip


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form did not come from a page of ours, or the page was open too long."""
    return _page(
        request, 403, "This form is out of date", "The page was open for too long, or was opened before you signed in.",
        "Go back, reload the page, and send it again. What you typed is still in the form when you go back.",
    )  # fmt: skip
