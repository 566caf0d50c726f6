"""Ask: type a question, see how many, how we got there, who they are, and what to ask next."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from goldenthread.cohorts import Cohort, Population
from goldenthread.errors import GoldenThreadError
from goldenthread.web.ask.answering import BREAKDOWNS, SHOWN, read, try_to_answer
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page

LONGEST_ADDRESS = 3_000
"""A longer question is answered, but cannot stand in an address."""
MOST_NOTES = 3


@page("ask")
def ask_home(request: HttpRequest) -> HttpResponse:
    """To the population that the role is held for."""
    return redirect("ask", scope=request.working.scope.slug)


@page("ask", scope="scope", tier="pseudonymised")
def ask(request: HttpRequest, scope: str) -> HttpResponse:
    """The question and its answer. What is typed is sent by POST and, unless very long, becomes part of the address."""
    part = bool(request.headers.get("HX-Request"))
    source = request.POST if request.method == "POST" else request.GET
    text = source.get("q", "")
    by = source.get("by", "") if source.get("by", "") in BREAKDOWNS else ""
    same_ages = bool(source.get("same"))
    chosen = {"q": text, "by": by, "same": "1" if same_ages else ""}
    address = f"{reverse('ask', args=[scope])}?{urlencode({k: v for k, v in chosen.items() if v})}"
    short = len(address) <= LONGEST_ADDRESS
    population = population_for(request)
    content = frame(request, text, population) | {
        "by": by,
        "same_ages": same_ages,
        "address": address if short else "",
    }
    status = 200
    if text.strip():
        cohort, mistake = read(population, text)
        if cohort is not None and request.method == "POST" and not part and short:
            return redirect(address)
        if cohort is not None:
            content["answer"], mistake = try_to_answer(cohort, by=by, same_ages=same_ages)
        if cohort is not None and mistake is None:
            content["coding"] = coding_beside(cohort)
        content |= {"cohort": cohort, "mistake": mistake}
        status = 400 if mistake else 200
    if part:
        response = render(request, "ask/answer.jinja", content)
        if short and not content["mistake"]:
            response.headers["HX-Push-Url"] = address
        return response
    return render(request, "ask/ask.jinja", content, status=status)


@page("ask", scope="scope", tier="pseudonymised")
def check(request: HttpRequest, scope: str) -> HttpResponse:
    """What the question says so far, in English, or where it is wrong. Nobody is counted while somebody types.

    Part of a page, unless somebody comes here by themselves: what was typed into a locked screen is sent again as a form.
    """
    text = request.POST.get("q", "") or request.GET.get("q", "")
    population = population_for(request)
    cohort, mistake = read(population, text) if text.strip() else (None, None)
    content = frame(request, text, population) | {"cohort": cohort, "mistake": mistake}
    if not request.headers.get("HX-Request"):
        return render(request, "ask/ask.jinja", content | {"by": "", "same_ages": False, "address": ""})
    return render(request, "ask/said.jinja", content)


def coding_beside(cohort: Cohort) -> list[str]:
    """What poor coding may do to the conditions that a question rests on, in a sentence each; worked out once for everybody."""
    from goldenthread.insight.coding import coding_note

    edition, population = editions().current(), cohort.population
    said = []
    for name in [n for n in cohort.needs if n in edition.catalogue.conditions][:MOST_NOTES]:

        def make(name: str = name) -> str:
            try:
                note = coding_note(population, name)
            except GoldenThreadError:
                return ""
            return note.sentence if note is not None else ""

        said.append(
            remembered(edition, "planning", ("coding beside a question", population.scope.slug, name), make)
        )
    return [s for s in said if s]


def population_for(request: HttpRequest) -> Population:
    """The people of the page's scope, answering to whoever looks."""
    whole = editions().current().population("planning", request.working.recipient)
    return whole.within(request.scope)


def frame(request: HttpRequest, text: str, population: Population) -> dict[str, Any]:
    """What every page of Ask knows."""
    known = population.variables
    cohorts = population.catalogue.cohorts
    return {
        "scope": request.scope,
        "text": text,
        "cohort": None,
        "mistake": None,
        "answer": None,
        "coding": [],
        "measures": len(known),
        "breakdowns": BREAKDOWNS,
        "shown": SHOWN,
        "examples": [(n, (c.title or n.replace("_", " ")), c.rule) for n, c in list(cohorts.items())[:8]],
        "may_see_person": request.working.may("see_person"),
        "may_start": request.working.may("run_initiatives"),
    }
