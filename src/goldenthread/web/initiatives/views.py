"""One initiative: begun, as it stands, and what the register holds about it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from goldenthread.errors import GoldenThreadError
from goldenthread.governance import NotThereError
from goldenthread.programme import (
    LINKS,
    NOTES,
    Entry,
    ProgrammeError,
    beside,
    due_of,
    lacks,
    said_of,
    verify,
)
from goldenthread.web.initiatives import actions
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page

STAGE_WORDS = {
    "draft": ("Being worked out", "unsure"), "locked": ("Agreed", "info"), "running": ("Under way", "info"), "evaluated": ("Result is in", "warn"),
    "stopped": ("Stopped", "unsure"), "adapted": ("Adapted", "good"), "scaled": ("Scaled", "good"),
}  # fmt: skip
JUDGED = {
    "met": ("Met", "good"), "not met": ("Not met", "bad"), "cannot tell yet": ("Cannot tell yet", "unsure"), "within limit": ("Within limit", "good"),
    "limit exceeded": ("Limit exceeded", "bad"),
}  # fmt: skip
NOTE_WORDS = {
    "pdsa": "Small change tried", "cost": "Money spent", "obstacle": "Obstacle", "feedback": "What people said", "fidelity": "Done as planned?",
    "decision note": "Decision", "experience": "Experience",
}  # fmt: skip


def found(name: str) -> Entry:
    """The initiative of an address; a page that says so where there is none."""
    try:
        return actions.register().get(name)
    except ProgrammeError as error:
        raise NotThereError(error.message, "Choose one from the register.") from None


@page("initiatives")
def orphans_page(request: HttpRequest) -> HttpResponse:
    """Initiatives that nobody answers for."""
    edition = editions().current()
    rows = [
        (o, actions.may_write(request.working, edition, actions.register().get(o.id)))
        for o in actions.left_behind()
    ]
    return render(request, "initiatives/orphans.jinja", {"rows": rows, "stages": STAGE_WORDS})


@page("run_initiatives")
def new(request: HttpRequest) -> HttpResponse:
    """Begin: a question, the people, the place; from a template or from nothing."""
    edition = editions().current()
    source = request.POST if request.method == "POST" else request.GET
    typed = {
        n: source.get(n, "").strip()[:4000]
        for n in ("template", "title", "question", "cohort", "scope", "owner", "deputy")
    }
    template = edition.catalogue.initiatives.get(typed["template"])
    if request.method == "GET":
        typed["owner"] = typed["owner"] or str(request.working.user)
        typed["scope"] = typed["scope"] or request.working.assignment.scope
        if template is not None:
            typed["title"], typed["question"] = (
                typed["title"] or template.title,
                typed["question"] or template.question,
            )
            typed["cohort"] = typed["cohort"] or template.cohort
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            entry = actions.begin(request.working, edition, **typed)
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(
                request,
                f"{entry.initiative.title} is in the register. Next: plan it, and agree what success means.",
            )
            return redirect("initiative", name=entry.id)
    scopes = [
        s
        for s in edition.tree
        if s.kind in ("system", "place", "pcn", "practice") and request.working.covers(s, edition.tree)
    ]
    content = {
        "typed": typed, "error": error, "template": template, "templates": edition.catalogue.initiatives, "scopes": scopes,
        "people": actions.names_here(), "chosen": template is not None or "blank" in request.GET or bool(typed["cohort"]) or request.method == "POST",
    }  # fmt: skip
    return render(request, "initiatives/new.jinja", content, status=400 if error else 200)


@page("initiatives", tier="none")
def initiative(request: HttpRequest, name: str) -> HttpResponse:
    """One initiative: what it is for, how far it is, what is next."""
    return _initiative(request, found(name))


def _initiative(
    request: HttpRequest, entry: Entry, error: GoldenThreadError | None = None, status: int = 200
) -> HttpResponse:
    edition = editions().current()
    one = entry.initiative
    content: dict[str, Any] = {
        "entry": entry, "one": one, "stage": STAGE_WORDS[entry.stage], "judged": JUDGED, "links": LINKS, "may": actions.may_write(request.working, edition, entry),
        "may_lock": request.working.may("lock_plan") or request.working.may("run_initiatives"), "missing": list(lacks(entry.plan)) if not entry.lock else [],
        "next": next_step(entry, timezone.localdate()), "english": english(request, edition, one.cohort), "due": due_of(entry, timezone.localdate()), "steps": steps(entry), "notes": NOTE_WORDS, "kinds": NOTES,
        "story": [(e, said_of(e)) for e in reversed(entry.events)], "broken": verify(actions.register(), entry.id), "beside": beside(actions.register(), entry.id)
        if one.previous else (), "scopes": [edition.tree.scopes[s].words if s in edition.tree.scopes else s for s in one.scopes],
        "may_list": request.working.may("request_release"), "error": error, "typed": request.POST, "note_kinds": NOTE_WORDS,
    }  # fmt: skip
    return render(request, "initiatives/initiative.jinja", content, status=status)


def english(request: HttpRequest, edition: Edition, expression: str) -> str:
    """A rule in words; where it cannot be read, why."""
    try:
        words = edition.population("planning", request.working.recipient).cohort(expression).english
    except GoldenThreadError as error:
        return f"The rule cannot be read with today's definitions: {error.message}"
    return words[:1].upper() + words[1:]


def steps(entry: Entry) -> list[dict[str, Any]]:
    """The cycle as a task list: what is done, what is next."""
    one, base = entry.initiative, f"/initiatives/{entry.id}/"
    done = {
        "plan": entry.plan.primary is not None, "lock": entry.lock is not None, "list": bool(entry.releases), "evaluate": bool(entry.evaluations),
        "decide": bool(entry.decisions),
    }  # fmt: skip
    rows = [
        (
            "The question, the people and the partners",
            f"{base}record/",
            not one.gaps,
            f"{len(one.gaps)} things are missing" if one.gaps else "Complete",
        ),
        (
            "Plan: outcomes, comparison, people's time",
            f"{base}plan/",
            done["plan"],
            "Locked" if done["lock"] else "Worked out" if done["plan"] else "To do",
        ),
        (
            "Agree what success means",
            f"{base}lock/",
            done["lock"],
            f"Agreed on {entry.lock.agreed_at:%-d %B %Y}" if entry.lock else "To do",
        ),
        (
            "Ask practices for lists",
            f"{base}people/",
            done["list"],
            "Asked" if done["list"] else "After the agreement" if not done["lock"] else "To do",
        ),
        ("See who is reached", f"{base}reach/", False, "Look"),
        (
            "What happened",
            f"{base}result/",
            done["evaluate"],
            "Evaluated" if done["evaluate"] else "On the agreed day",
        ),
        (
            "Decide and go round",
            f"{base}decide/",
            done["decide"],
            str(entry.decisions[-1].body["choice"]).capitalize()
            if done["decide"]
            else "To do"
            if done["evaluate"]
            else "After the result",
        ),
    ]
    return [{"words": w, "href": h, "done": d, "state": s} for w, h, d, s in rows]


def next_step(entry: Entry, today: date) -> tuple[str, str] | None:
    """What the initiative waits for: words and address; ``None`` while it only needs time, or is over."""
    base = f"/initiatives/{entry.id}/"
    if entry.stage == "stopped":
        return None
    if entry.lock is None:
        return (
            ("Agree what success means", f"{base}lock/")
            if not lacks(entry.plan)
            else ("Work out the plan", f"{base}plan/")
        )
    if not entry.evaluations:
        if entry.plan.evaluate_on and entry.plan.evaluate_on <= today:
            return "Evaluate it", f"{base}result/"
        return None if entry.releases else ("Ask practices for lists", f"{base}people/")
    return (
        ("Begin the next cycle", f"{base}decide/")
        if entry.decisions
        else ("Decide: stop, adapt or scale", f"{base}decide/")
    )


RECORD = (
    "title",
    "question",
    "cohort",
    "owner",
    "deputy",
    "evidence",
    "equity",
    "community_voice",
    "letter",
    "learning",
    "programme",
)
LINES = {
    "partners": ("name", "kind", "part"),
    "risks": ("what", "likelihood", "effect", "answer"),
    "resources": ("what", "kind", "amount", "year"),
}


@page("run_initiatives")
def record(request: HttpRequest, name: str) -> HttpResponse:
    """Change what the register holds about an initiative."""
    entry, edition = found(name), editions().current()
    actions.require_write(request.working, edition, entry)
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            actions.save_record(request.working, edition, entry, _record(request, entry), _version(request))
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("initiative", name=name)
    content = {
        "entry": entry, "one": entry.initiative, "error": error, "typed": request.POST, "people": actions.names_here(), "links": LINKS,
        "version": entry.version if request.method == "GET" or (error is not None and hasattr(error, "now")) else _version(request),
    }  # fmt: skip
    return render(request, "initiatives/record.jinja", content, status=400 if error else 200)


def _record(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    """What was typed, as fields of the record. Fields that were not on the form stay as they are."""
    typed, one = request.POST, entry.initiative
    changes: dict[str, Any] = {
        n: typed[n].strip() for n in RECORD if n in typed and typed[n].strip() != getattr(one, n)
    }
    changes["four_is"] = {
        i: typed.get(f"i_{i}", "").strip()
        for i in ("infrastructure", "intelligence", "interventions", "incentives")
    }
    changes["logic_model"] = [
        {
            "link": link,
            "what": typed.get(f"l_{link}", "").strip(),
            "assumption": typed.get(f"a_{link}", "").strip(),
            "measure": typed.get(f"m_{link}", "").strip(),
        }
        for link in LINKS
        if typed.get(f"l_{link}", "").strip()
    ]
    for field, names in LINES.items():
        rows = zip(*(typed.getlist(f"{field}_{n}") for n in names), strict=False)
        kept = [
            dict(zip(names, (c.strip() for c in row), strict=True)) for row in rows if row and row[0].strip()
        ]
        for row in kept:
            if "amount" in row:
                row["amount"] = _amount(row["amount"])
        changes[field] = [{k: v for k, v in row.items() if v not in ("", None)} for row in kept]
    if entry.lock:
        for held in ("cohort", "programme"):
            changes.pop(held, None)
    return changes


def _amount(text: str) -> float | None:
    if not text:
        return None
    try:
        return actions.finite(float(text.replace(",", "").replace("£", "")))
    except ValueError:
        raise ProgrammeError(
            f"{text[:30]!r} is not an amount.", "Give pounds in figures, such as 12000."
        ) from None


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return whole(text)


@page("run_initiatives")
@require_POST
def note(request: HttpRequest, name: str) -> HttpResponse:
    """Note something while the work is done."""
    entry, edition = found(name), editions().current()
    typed = {n: request.POST.get(n, "").strip()[:2000] for n in ("what", "amount", "learned")}
    try:
        actions.note(
            request.working,
            edition,
            entry,
            request.POST.get("kind", ""),
            typed["what"],
            {k: typed[k] for k in ("amount", "learned")},
        )
    except ProgrammeError as error:
        return _initiative(request, entry, error, 400)
    messages.success(request, "Noted.")
    return redirect("initiative", name=name)


@page("run_initiatives", tier="none")
def people(request: HttpRequest, name: str) -> HttpResponse:
    """The people an initiative is for: frozen, then asked for as a list."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            if request.POST.get("then") == "list":
                actions.require_locked(name)
                version = entry.initiative.cohort_version or actions.freeze_people(
                    request.working, edition, entry
                )
                from urllib.parse import urlencode

                query = urlencode(
                    {
                        "initiative": name,
                        "title": entry.initiative.title,
                        "reason": entry.initiative.question[:900],
                    }
                )
                return redirect(f"/lists/request/{version}/?{query}")
            version = actions.freeze_people(request.working, edition, entry)
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(
                request,
                f"The people are frozen as {version}: who they are stays the same whatever changes in the record.",
            )
            return redirect("initiative_people", name=name)
    content: dict[str, Any] = {
        "entry": entry,
        "one": entry.initiative,
        "error": error,
        "may": actions.may_write(request.working, edition, entry),
    }
    content["lists"] = actions.lists_of(edition, name)
    content["english"] = english(request, edition, entry.initiative.cohort)
    content["may_list"] = request.working.may("request_release")
    return render(request, "initiatives/people.jinja", content, status=400 if error else 200)
