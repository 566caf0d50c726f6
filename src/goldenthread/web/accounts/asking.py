"""Asking who somebody is: where they came from and what they were sending is not lost meanwhile."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from goldenthread.web.accounts import keeping, oidc
from goldenthread.web.accounts.models import User
from goldenthread.web.api.problems import problem


def ask_again(request: HttpRequest) -> HttpResponse:
    """Instead of a page: the password where the session is locked, or sign-in. A form that was sent waits, sealed."""
    locked: User | None = getattr(request, "locked_user", None)
    if request.path.startswith("/api/"):
        answer = problem(401, "Sign in or send a token", "This address answers to a token only.",
                         "Make a token under Account, and send it as: Authorization: Bearer TOKEN.")  # fmt: skip
        answer["WWW-Authenticate"] = 'Bearer realm="Golden Thread"'
        return answer
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"locked": locked is not None}, status=401)
    name = "unlock" if locked is not None else "sign_in"
    if request.method == "POST":
        return _with_form(request, locked)
    page = request.get_full_path()
    if request.headers.get("HX-Request"):  # part of a page: the whole page goes to ask
        page = _local(request, request.headers.get("HX-Current-URL", "/"))
    where = f"{reverse(name)}?{urlencode({'next': page})}"
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=200)
        answer["HX-Redirect"] = where
        return answer
    return redirect(where)


def _with_form(request: HttpRequest, locked: User | None) -> HttpResponse:
    ended: User | None = getattr(request, "ended_user", None)
    user = locked or ended
    user_id = user.pk if user is not None else keeping.last_user(request)
    kept = keeping.keep(request, user_id)
    content = page_content(request, locked) | {
        "kept": kept,
        "not_kept": not kept,
        "next": _local(request, request.headers.get("Referer", "/")),
    }
    answer = render(request, page_template(locked), content, status=403)
    if request.headers.get("HX-Request"):
        answer["HX-Retarget"] = answer["HX-Reselect"] = "#maincontent"
        answer["HX-Reswap"] = "outerHTML"
    return answer


def page_template(locked: User | None) -> str:
    """The page that asks."""
    return "accounts/unlock.jinja" if locked is not None else "accounts/sign_in.jinja"


def page_content(request: HttpRequest, locked: User | None = None) -> dict[str, object]:
    """What the page that asks needs to know, before anything went wrong."""
    return {
        "next": safe_next(request),
        "kept": request.POST.get("kept", "")[: keeping.LARGEST],
        "not_kept": False,
        "error": "",
        "username": "",
        "provider": oidc.provider_name(),
        "locked": locked,
        "has_password": locked is None or locked.has_usable_password(),
    }


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards: an address of ours, or home."""
    after = request.POST.get("next") or request.GET.get("next") or "/"
    return _local(request, after)


def _local(request: HttpRequest, address: str) -> str:
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(address)
    path = parts.path if parts.path.startswith("/") and not parts.path.startswith("//") else "/"
    if path.startswith(("/sign-", "/account/unlock")):
        return "/"
    return f"{path}?{parts.query}" if parts.query else path
