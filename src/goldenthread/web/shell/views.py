"""The hub, the scope switcher and help."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from goldenthread.cohorts import CohortError, Scope
from goldenthread.web.shell.hub import tasks_for
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page, public


@page("signed_in")
def home(request: HttpRequest) -> HttpResponse:
    """What needs this person today, and the ways on."""
    return render(request, "shell/home.jinja", {"cards": tasks_for(request)})


@page("see_figures")
def choose_scope(request: HttpRequest) -> HttpResponse:
    """Every population that the person looks after: a link each to the page they came from."""
    tree = editions().current().tree
    own = tree.get(request.working.assignment.scope)
    wanted = request.GET.get("q", "").strip()[:80]
    back = request.GET.get("next", "")
    found = _list(tree, own, wanted)
    if chosen := request.GET.get("to", ""):
        try:
            scope = tree.get(chosen)
        except CohortError:
            scope = own
        return redirect(_address(back, scope))
    rows = [{"scope": s, "depth": d, "href": _address(back, s)} for s, d in found]
    return render(
        request,
        "shell/scope.jinja",
        {"rows": rows, "wanted": wanted, "next": back, "own": own, "many": len(rows) >= MOST},
    )


MOST = 200


def _list(tree: Any, own: Scope, wanted: str) -> list[tuple[Scope, int]]:
    """Registration first, then districts; areas of residence only when searched for."""
    found: list[tuple[Scope, int]] = []

    def walk(scope: Scope, depth: int) -> None:
        if len(found) >= MOST:
            return
        small = scope.kind in ("msoa", "lsoa")
        if (not wanted and not small) or (wanted and wanted.lower() in f"{scope.name} {scope.code}".lower()):
            found.append((scope, depth))
        if small and not wanted:
            return
        for child in children.get(scope.slug, ()):
            walk(child, depth + 1)

    children: dict[str, list[Scope]] = {}
    for scope in tree:
        above = tree.parents.get(scope.slug)
        if above is not None:
            children.setdefault(above, []).append(scope)
    walk(own, 0)
    return found


def _address(back: str, scope: Scope) -> str:
    """The page that the person came from, for another scope; the profile where that page has none."""
    from goldenthread.web.site.templates import exists

    if not url_has_allowed_host_and_scheme(back, None):
        back = ""
    parts = back.strip("/").split("/") if back.startswith("/") and not back.startswith("//") else []
    for n, part in enumerate(parts):
        try:
            Scope.parse(part)
        except CohortError:
            continue
        parts[n] = scope.slug
        return "/" + "/".join(parts) + "/"
    profile = f"/understand/{scope.slug}/"
    return profile if exists(profile) else "/"


@public
def help_page(request: HttpRequest) -> HttpResponse:
    """What this is, and where to find what."""
    return render(request, "shell/help.jinja")


@public
def glossary(request: HttpRequest) -> HttpResponse:
    """The words of the field, A to Z."""
    return render(request, "shell/glossary.jinja", {"entries": glossary_entries()})


@public
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return render(request, "shell/accessibility.jinja")


@cache
def glossary_entries() -> list[dict[str, str]]:
    """Words with their meanings, in alphabetical order."""
    text = resources.files("goldenthread.web.shell").joinpath("glossary.toml").read_text("utf-8")
    found = [{"slug": slug, **entry} for slug, entry in tomllib.loads(text).items()]
    return sorted(found, key=lambda e: e["word"].lower())
