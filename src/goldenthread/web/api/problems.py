"""Errors for programs: problem documents (RFC 9457) with the same message and remedy that people read."""

from __future__ import annotations

from http import HTTPStatus

from django.http import JsonResponse

MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, message: str, remedy: str = "") -> JsonResponse:
    """One problem document. ``detail`` repeats message and remedy, for programs that know the standard only."""
    return JsonResponse(
        {
            "type": "about:blank",
            "title": title or HTTPStatus(status).phrase,
            "status": status,
            "detail": f"{message} {remedy}".strip(),
            "message": message,
            "remedy": remedy,
        },
        status=status,
        content_type=MEDIA_TYPE,
    )
