"""Signing in and out, unlocking, and one's own account."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from goldenthread.errors import GoldenThreadError
from goldenthread.web.accounts import actions, asking, keeping, oidc, provider
from goldenthread.web.accounts.errors import AccountError
from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.records import note
from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.accounts.sessions import KEPT, KEPT_PATH, only_looks, own_account, seconds_left, touch
from goldenthread.web.accounts.working import held_in
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page, public


@public
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name and password, or a way to the identity provider."""
    content = asking.page_content(request)
    if request.method == "POST":
        username = request.POST.get("username", "").strip().lower()[:80]
        try:
            user = actions.check_password(request, username, request.POST.get("password", ""))
        except AccountError as error:
            content |= {"error": error.message, "username": username}
            return render(request, "accounts/sign_in.jinja", content, status=400)
        _store_kept(request)
        actions.sign_in(request, user, "password")
        return _onwards(request, user, str(content["next"]))
    if request.user.is_authenticated:
        return redirect(str(content["next"]))
    return render(request, "accounts/sign_in.jinja", content)


@public
@require_http_methods(["GET", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """The password again, after a quiet while; then back to the same place."""
    locked: User | None = getattr(request, "locked_user", None)
    wants_json = request.headers.get("Accept") == "application/json"
    after = asking.safe_next(request)
    if locked is None:
        if request.user.is_authenticated:
            return _here(request) if wants_json else redirect(after)
        return JsonResponse({"ended": True}, status=401) if wants_json else redirect("sign_in")
    content = asking.page_content(request, locked)
    if request.method == "POST":
        try:
            actions.unlock_session(request, locked, request.POST.get("password", ""))
        except AccountError as error:
            said = (
                "The password is not right."
                if isinstance(error, actions.WrongPasswordError)
                else error.message
            )
            if wants_json:
                return JsonResponse({"error": said}, status=400)
            return render(request, "accounts/unlock.jinja", content | {"error": said}, status=400)
        if wants_json:
            request.user = locked
            return _here(request)
        _store_kept(request)
        return _onwards(request, locked, after)
    return render(request, "accounts/unlock.jinja", content)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, locked or not."""
    actions.sign_out(request)
    return redirect("sign_in")


@public
@require_POST
def to_provider(request: HttpRequest) -> HttpResponse:
    """Go to the identity provider; what was being done waits in the session."""
    request.session["after"] = asking.safe_next(request)
    _store_kept(request)
    try:
        answer = provider.start(request)
    except provider.SignInRefusedError as error:
        return _refused(request, error)
    answer.status_code = 303
    return answer


@public
@require_GET
def provider_back(request: HttpRequest) -> HttpResponse:
    """Back from the identity provider."""
    try:
        user, held = provider.finish(request)
    except provider.SignInRefusedError as error:
        return _refused(request, error)
    after = request.session.pop("after", "/")
    actions.sign_in(request, user, "identity provider", held)
    return _onwards(request, user, after)


@only_looks
@own_account
@page("signed_in")
@require_http_methods(["GET", "POST"])
def still_here(request: HttpRequest) -> HttpResponse:
    """For pages left open: how long is left (GET), and that somebody is there (POST)."""
    if request.method == "POST":
        touch(request)
    return _here(request)


@own_account
@page("signed_in")
@require_GET
def carry_on(request: HttpRequest) -> HttpResponse:
    """What was being sent when the session was locked: look at it, and send it."""
    kept = keeping.opened(request.session.get(KEPT, ""), request.user.pk)
    return render(request, "accounts/carry_on.jinja", {"kept": kept})


@own_account
@page("signed_in")
@require_POST
def drop_kept(request: HttpRequest) -> HttpResponse:
    """Do not send it."""
    request.session.pop(KEPT, None)
    request.session.pop(KEPT_PATH, None)
    return redirect("home")


@own_account
@page("signed_in")
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: roles held, password, tokens."""
    roles = []
    for key, assignment in held_in(request, request.user).items():
        role = ROLES[assignment.role]
        roles.append(
            {
                "key": key,
                "title": role.title,
                "comes_for": role.comes_for,
                "scope": scope_name(assignment.scope),
                "ends": assignment.ends,
                "now": assignment.pk == request.working.assignment.pk
                and (assignment.role, assignment.scope)
                == (request.working.assignment.role, request.working.assignment.scope),
            }
        )
    own = {"roles": roles, "has_password": request.user.has_usable_password()}
    return render(request, "accounts/account.jinja", own)


@page("signed_in")
@require_POST
def choose_role(request: HttpRequest) -> HttpResponse:
    """Work in another of one's own roles."""
    chosen = actions.choose_role(request, request.POST.get("role", ""))
    messages.success(
        request, f"You now work as {ROLES[chosen.role].title.lower()}, {scope_name(chosen.scope)}."
    )
    return redirect("home")


@own_account
@page("signed_in")
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    content = {"error": "", "field": "", "must": request.user.must_change_password}
    if not request.user.has_usable_password():
        raise AccountError("Your account has no password here.", "You sign in at your identity provider.")
    if request.method == "POST":
        sent = [request.POST.get(name, "") for name in ("old_password", "new_password", "new_password_again")]
        try:
            actions.change_password(request, *sent)
        except AccountError as error:
            wrong = isinstance(error, actions.WrongPasswordError | actions.WaitingError)
            said = (
                "The old password is not right."
                if isinstance(error, actions.WrongPasswordError)
                else error.message
            )
            content |= {"error": said, "field": "old_password" if wrong else "new_password"}
            return render(request, "accounts/password.jinja", content, status=400)
        messages.success(request, "Your password is changed. Every other session of yours has ended.")
        return redirect("account")
    return render(request, "accounts/password.jinja", content)


def scope_name(slug: str) -> str:
    """The name of a scope; its slug before the first refresh or where the data no longer hold it."""
    try:
        return editions().current().tree.get(slug).words
    except GoldenThreadError:
        return slug


def _here(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"left": seconds_left(request), "csrf": get_token(request), "user": request.user.pk})


def _store_kept(request: HttpRequest) -> None:
    if sealed := request.POST.get("kept", "")[: keeping.LARGEST]:
        request.session[KEPT] = sealed


def _onwards(request: HttpRequest, user: User, after: str) -> HttpResponse:
    """To what was being sent, where something waits for this user; otherwise to where they came from."""
    kept = keeping.opened(request.session.get(KEPT, ""), user.pk)
    if kept is not None:
        request.session[KEPT_PATH] = kept.path
        after = reverse("carry_on")
    else:
        request.session.pop(KEPT, None)
    answer = redirect(after)
    keeping.remember_user(answer, user.pk)
    return answer


def _refused(request: HttpRequest, error: provider.SignInRefusedError) -> HttpResponse:
    if error.cause != "none":
        note("account.provider_refused", None, cause=error.cause)
    content = {"message": error.message, "remedy": error.remedy, "provider": oidc.provider_name()}
    content["contact"] = settings.DEPLOYMENT.web.get("contact", "")
    status = 404 if error.cause == "none" else 403
    return render(request, "accounts/provider_refused.jinja", content, status=status)
