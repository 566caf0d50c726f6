"""Reach, decision, handing on and sharing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

import goldenthread.programme as programme
from goldenthread.disclosure import ReleasedTable
from goldenthread.errors import GoldenThreadError
from goldenthread.evaluation import Page
from goldenthread.programme import Entry, ProgrammeError
from goldenthread.web.initiatives import actions
from goldenthread.web.initiatives.result_views import blocks_of, file_of
from goldenthread.web.initiatives.views import JUDGED, english, found
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup

GROUPS = {
    "": "Everybody",
    "imd_quintile": "By deprivation fifth",
    "ethnic_group": "By ethnic group",
    "sex": "By sex",
    "age_band": "By age",
}


@page("initiatives", tier="pseudonymised")
def reach(request: HttpRequest, name: str) -> HttpResponse:
    """Who was offered it, reached, and done; by whom it is missed; month by month."""
    entry, edition = found(name), editions().current()

    def make() -> dict[str, Any]:
        population = edition.population("evaluation", "initiatives")
        contacts = programme.contacts_of(population, entry.initiative)
        if not len(contacts):
            return {"tables": [], "chart": "", "notes": contacts.words, "hidden": ""}
        released = {
            words: programme.reach_by(population, contacts, by)
            for by, words in GROUPS.items()
            if not by or by in contacts.people.columns
        }
        tables = [(words, *_rows(table)) for words, table in released.items()]
        months = programme.reach_by_month(population, contacts)
        hidden = next((t.message for t in released.values() if t.message), "")
        return {"tables": tables, "chart": _run_chart(months), "notes": contacts.words, "hidden": hidden}

    made = remembered(edition, "evaluation", ("reach", entry.id, entry.initiative.contacts_name), make)
    content = {
        "entry": entry,
        "one": entry.initiative,
        "tables": made["tables"],
        "chart": markup(made["chart"]),
        "notes": [*made["notes"], *filter(None, [made["hidden"]])],
    }
    return render(request, "initiatives/reach.jinja", content)


def _run_chart(months: ReleasedTable) -> str:
    """People reached each month as a control chart; nothing where a month is hidden or there are too few to judge."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    from goldenthread.charts import control_chart
    from goldenthread.disclosure import release
    from goldenthread.statistics import xmr

    months = months.only([m != "All" for m in months.frame["month"]])
    if len(months.frame) < 6 or bool(months.suppressed["reached"].any()):
        return ""
    frame = xmr([float(n) for n in months.frame["reached"]]).frame.copy()
    frame.insert(0, "date", [f"{m}-01" for m in months.frame["month"]])
    kinds = {
        c: "value" if is_numeric_dtype(frame[c]) and not is_bool_dtype(frame[c]) else "text"
        for c in frame.columns
        if c != "date"
    }
    # shown counts give shown limits: nothing here that the table does not hold
    table = release(
        frame,
        policy="icb",
        dimensions=["date"],
        kinds=kinds,
        source="Contacts that practices recorded",
        data_date=months.data_date,
    )
    return control_chart(table, measure="People reached", unit="a month").html()


def _rows(table: ReleasedTable) -> tuple[list[str], list[list[str]]]:
    block = programme.released_block(table)
    return list(block.header), [list(row) for row in block.rows]


@page("run_initiatives", tier="none")
def decide_page(request: HttpRequest, name: str) -> HttpResponse:
    """Stop, adapt or scale, with reasons; then the next cycle."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        typed = request.POST
        try:
            if typed.get("choice") == "next":
                made = actions.next_cycle(request.working, edition, entry)
                messages.success(
                    request,
                    f"Cycle {made.initiative.cycle} begins from this one. Agree its plan before anybody is contacted.",
                )
                return redirect("initiative", name=made.id)
            version = whole(typed.get("version"))
            actions.decide(
                request.working,
                edition,
                entry,
                typed.get("choice", ""),
                typed.get("reasons", "").strip()[:4000],
                typed.get("by", ""),
                version,
            )
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(request, "The decision is in the register, with what was found beside it.")
            return redirect("initiative_decide", name=name)
    content = {
        "entry": entry,
        "one": entry.initiative,
        "error": error,
        "typed": request.POST,
        "judged": JUDGED,
        "user": str(request.working.user),
    }
    return render(request, "initiatives/decide.jinja", content, status=400 if error else 200)


@page("run_initiatives", tier="pseudonymised")
def elsewhere_page(request: HttpRequest, name: str) -> HttpResponse:
    """Where else the same need is, for scaling."""
    entry, edition = found(name), editions().current()
    heads, rows = _rows(programme.elsewhere(edition.population("planning", request.working.recipient), entry))
    return render(
        request,
        "initiatives/elsewhere.jinja",
        {"entry": entry, "one": entry.initiative, "heads": heads, "rows": rows},
    )


TOLD = {
    "offer": "They have been asked. It is theirs when they accept.", "decline": "You declined. The owner sees why.",
    "accept": "It is yours now. Below: what is due, who to call, and lists in progress.",
    "take": "It is yours now. Below: what is due, who to call, and lists in progress.",
}  # fmt: skip


@page("initiatives", tier="none")
def handover_page(request: HttpRequest, name: str) -> HttpResponse:
    """Everything that whoever takes over must know; and handing it to them."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        typed = request.POST
        try:
            actions.hand_over(
                request.working,
                edition,
                entry,
                typed.get("act", ""),
                typed.get("to", ""),
                typed.get("words", "").strip()[:2000],
            )
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(request, TOLD[typed["act"]])
            return redirect("initiative_handover", name=name)
    content = {
        "entry": entry, "one": entry.initiative, "error": error, "blocks": blocks_of(_pack(request, edition, entry)),
        "people": [p for p in actions.names_here() if p.casefold() != entry.initiative.owner.casefold()], "user": str(request.working.user),
        "may": actions.may_write(request.working, edition, entry), "orphan": entry.id in {o.id for o in actions.left_behind()},
        "more": len([e for e in actions.left_behind() if e.id != entry.id]),
    }  # fmt: skip
    return render(request, "initiatives/handover.jinja", content, status=400 if error else 200)


def _pack(request: HttpRequest, edition: Edition, entry: Entry) -> Page:
    return programme.handover(
        actions.register(), entry.id, today=timezone.localdate(), english=english(request, edition, entry.initiative.cohort),
        call=actions.to_call(entry), lists=actions.lists_of(edition, entry.id),
    )  # fmt: skip


@page("initiatives", tier="none")
def handover_file(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """The handover pack as a file."""
    entry = found(name)
    return file_of(_pack(request, editions().current(), entry), kind, f"{entry.id}-handover", entry)


@page("initiatives", tier="none")
def recipe(request: HttpRequest, name: str) -> HttpResponse:
    """The recipe as one file that another system can bring in: no person, no count of people."""
    entry, edition = found(name), editions().current()
    text = programme.export_recipe(
        actions.register(), name, edition.population("planning", request.working.recipient)
    )
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{entry.id}-recipe.json"'
    return response


@page("run_initiatives", tier="none")
def bring_in(request: HttpRequest) -> HttpResponse:
    """Bring in a recipe: the cohort is counted again here, and the plan is powered on this population."""
    edition = editions().current()
    error: GoldenThreadError | None = None
    made = None
    if request.method == "POST":
        sent = request.FILES.get("recipe")
        try:
            if sent is None:
                raise ProgrammeError(
                    "No file was chosen.", "Choose the recipe that the other system exported."
                )
            if sent.size > 2_000_000:
                raise ProgrammeError(
                    "The file is too large to be a recipe.",
                    "Choose the recipe that the other system exported.",
                )
            title = request.POST.get("title", "").strip() or "Brought in"
            made = actions.bring_in(
                request.working, edition, sent.read(), title, request.POST.get("scope", "")
            )
        except GoldenThreadError as refused:
            error = refused
    scopes = [
        s
        for s in edition.tree
        if s.kind in ("system", "place", "pcn", "practice") and request.working.covers(s, edition.tree)
    ]
    content = {"error": error, "made": made, "scopes": scopes, "typed": request.POST}
    return render(request, "initiatives/import.jinja", content, status=400 if error else 200)
