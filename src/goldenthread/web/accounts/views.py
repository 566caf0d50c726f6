"""Signing in and out."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from goldenthread.web.site.rules import page, public


@public
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name and password."""
    after = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure()):
        after = "/"
    content = {"next": after, "error": "", "username": ""}
    if request.method == "POST":
        username = request.POST.get("username", "").strip().lower()[:80]
        user = authenticate(request, username=username, password=request.POST.get("password", "")[:500])
        if user is not None:
            login(request, user)
            return redirect(after)
        content |= {"error": "The user name or the password is not right.", "username": username}
    return render(request, "accounts/sign_in.jinja", content, status=400 if content["error"] else 200)


@page("signed_in")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign_in")
