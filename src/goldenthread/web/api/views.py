"""Pages of the API: its description, how to use it, and one's own tokens."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from goldenthread.web.accounts.views import scope_name
from goldenthread.web.api import limits, tokens
from goldenthread.web.api.models import Token
from goldenthread.web.api.registry import OPERATIONS
from goldenthread.web.api.schema import openapi
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page, public


@public
@require_GET
def description(request: HttpRequest) -> HttpResponse:
    """The description for programs, in OpenAPI 3.1."""
    return JsonResponse(openapi(settings.DEPLOYMENT.name))


@public
@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """The description for people."""
    content = {"operations": OPERATIONS, "per_minute": limits.PER_MINUTE, "files": limits.FILES_PER_MINUTE}
    return render(request, "api/guide.jinja", content)


@page("use_api")
@require_http_methods(["GET", "POST"])
def own_tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens, and making another."""
    tree = editions().current().tree
    working = request.working
    content = {"error": "", "typed": request.POST, "secret": ""}
    if request.method == "POST":
        sent = request.POST
        days = sent.get("days", "")
        try:
            made, secret = tokens.make_token(
                working,
                sent.get("name", ""),
                sent.get("scope", ""),
                sent.get("purpose", ""),
                int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0,
                tree,
            )
            content |= {"secret": secret, "made": made, "typed": {}}
        except tokens.TokenError as error:
            content["error"] = f"{error.message} {error.remedy}".strip()
    kinds = ("system", "place", "pcn", "practice", "district")
    content |= {
        "tokens": [(t, scope_name(t.scope)) for t in Token.objects.filter(user=request.user)],
        "scopes": [s for s in tree if s.kind in kinds and working.covers(s, tree)],
        "purposes": tokens.PURPOSES,
    }
    return render(request, "api/tokens.jinja", content, status=400 if content["error"] else 200)


@page("use_api")
@require_POST
def end_token(request: HttpRequest, token: int) -> HttpResponse:
    """End one of one's own tokens."""
    found = get_object_or_404(Token, pk=token, user=request.user)
    tokens.end_token(request.working, found)
    messages.success(request, f"The token {found.name} has ended.")
    return redirect("tokens")
