"""Choose why to look, then look: one person's year across all services."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from goldenthread.cohorts import Population
from goldenthread.errors import GoldenThreadError
from goldenthread.web.people import actions
from goldenthread.web.site.data import editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup

MONTHS = (6, 12, 24, 36, 60)


@page("see_person", scope="scope", tier="pseudonymised")
def choose(request: HttpRequest, scope: str) -> HttpResponse:
    """Why look, and at somebody of which cohort. Who it will be is chance."""
    source = request.POST if request.method == "POST" else request.GET
    text, kind, reason = source.get("q", ""), source.get("kind", ""), source.get("reason", "")
    cohort, problem = None, ""
    try:
        cohort = _population(request).cohort(text) if text.strip() else None
        if request.method == "POST":
            if cohort is None:
                problem = "No question is asked. Say whom to choose from."
            else:
                found = actions.open_somebody(request.working, cohort, kind, reason)
                return redirect("theograph", scope=scope, opening=found.token)
    except GoldenThreadError as error:
        problem = str(error)
    content = {
        "scope": request.scope, "text": text, "kind": kind, "reason": reason, "cohort": cohort, "problem": problem,
        "reasons": actions.REASONS, "hours": actions.HOURS,
    }  # fmt: skip
    return render(request, "people/choose.jinja", content, status=400 if problem else 200)


@page("see_person", scope="scope", tier="pseudonymised")
def story(request: HttpRequest, scope: str, opening: str) -> HttpResponse:
    """The theograph: what the contacts say, the picture, the same as a table; services and months can be chosen."""
    found = actions.opening_of(request.working, opening, scope, editions().current().snapshot.id)
    return _page(request, found)


@page("restricted_lanes", scope="scope", tier="pseudonymised")
def restricted(request: HttpRequest, scope: str, opening: str) -> HttpResponse:
    """Ask for mental and sexual health, with a reason of its own."""
    found = actions.opening_of(request.working, opening, scope, editions().current().snapshot.id)
    if request.method == "POST":
        try:
            actions.show_restricted(request.working, found, request.POST.get("reason", ""))
        except GoldenThreadError as error:
            return _page(request, found, problem=str(error), status=400)
    return redirect("theograph", scope=scope, opening=opening)


def _population(request: HttpRequest) -> Population:
    whole = editions().current().population("planning", request.working.recipient)
    return whole.within(request.scope)


def _page(request: HttpRequest, found: Any, *, problem: str = "", status: int = 200) -> HttpResponse:
    from goldenthread.charts.lanes import in_order, lane_for
    from goldenthread.insight.theograph import LANES, story_of

    months = request.GET.get("months", "24")
    span = whole(months) if whole(months) in MONTHS else 24
    chosen = [one for one in request.GET.getlist("lane") if one in LANES]
    may = request.working.may("restricted_lanes")
    shown = bool(found.restricted and may)
    told = story_of(_population(request), found.pid, months=span, lanes=chosen, restricted=shown)
    content = {
        "scope": request.scope,
        "opening": found,
        "story": told,
        "chart": markup(told.chart(width=1080, name_withheld=not may).html(heading=2)),
        "lanes": [
            (x.service, x.label, not chosen or x.service in chosen) for x in in_order(list(told.lanes))
        ],
        "withheld": [lane_for(x).label for x in told.withheld],
        "unshared": told.unshared,
        "months": MONTHS,
        "span": span,
        "may_restricted": may and not found.restricted,
        "problem": problem,
        "typed": request.POST.get("reason", ""),
        "reason": actions.REASONS.get(found.kind, found.kind),
        "until": told.until,
    }
    return render(request, "people/story.jinja", content, status=status)
