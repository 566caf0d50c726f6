"""Addresses: each app lists its own."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("goldenthread.web.shell.urls")),
    path("", include("goldenthread.web.accounts.urls")),
    path("", include("goldenthread.web.api.urls")),
    path("", include("goldenthread.web.governance.urls")),
    path("", include("goldenthread.web.ask.urls")),
    path("", include("goldenthread.web.people.urls")),
    path("", include("goldenthread.web.understand.urls")),
    path("", include("goldenthread.web.workshop.urls")),
    path("", include("goldenthread.web.learn.urls")),
    path("", include("goldenthread.web.lists.urls")),
    path("", include("goldenthread.web.initiatives.urls")),
]

handler400 = "goldenthread.web.shell.errors.bad_request"
handler403 = "goldenthread.web.shell.errors.forbidden"
handler404 = "goldenthread.web.shell.errors.not_found"
handler500 = "goldenthread.web.shell.errors.failed"
