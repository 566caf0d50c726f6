"""The plan, what it takes, whether it could show anything, and the agreement."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from goldenthread.errors import GoldenThreadError
from goldenthread.programme import (
    Entry,
    Plan,
    ProgrammeError,
    lacks,
    load_rates,
    power_of,
    read_form,
    workforce,
)
from goldenthread.web.initiatives import actions
from goldenthread.web.initiatives.views import found
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page

DESIGNS = {
    "matched": "People like them who are not offered it yet (matched)", "interrupted time series": "The places before and after (interrupted time series)",
    "stepped roll-out": "Places that start in turn (stepped roll-out)", "synthetic control": "A mixture of other places (synthetic control)",
}  # fmt: skip
DIRECTIONS = {"fewer": "fewer", "more": "more", "no more than": "change no more than"}
KINDS = {"primary": "The one that matters most", "secondary": "Also wanted", "harm": "Harm watched"}
MOST = 8


@page("run_initiatives", tier="none")
def plan(request: HttpRequest, name: str) -> HttpResponse:
    """Outcomes with the size worth having, the comparison, equity targets, dates and people's time."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        version = request.POST.get("version", "")
        try:
            actions.save_plan(
                request.working,
                edition,
                entry,
                form_of(request.POST, entry.plan),
                whole(version),
            )
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(request, "The plan is saved.")
            return redirect("initiative_plan", name=name)
    shown = _as_typed(request, entry)
    content: dict[str, Any] = {
        "entry": entry, "one": entry.initiative, "plan": shown, "error": error, "designs": DESIGNS, "directions": DIRECTIONS, "kinds": KINDS,
        "measures": _countable(edition), "missing": list(lacks(entry.plan)), "may": actions.may_write(request.working, edition, entry), "spare": MOST, "version": entry.version,
        **_power(request, edition, entry),
    }  # fmt: skip
    return render(request, "initiatives/plan.jinja", content, status=400 if error else 200)


def _own_rates(edition: Edition) -> Any:
    path = edition.settings.home / "workforce.toml"
    return path if path.exists() else None


def _countable(edition: Edition) -> list[tuple[str, str]]:
    """Measures that count dated events, and what each counts: what an outcome can be."""
    found_ = [
        (n, _counted(m.rule))
        for n, m in edition.catalogue.measures.items()
        if m.take in ("count", "days", "sum") and n.endswith("_12m")
    ]
    return sorted(found_, key=lambda pair: pair[1].casefold())


def _counted(rule: str) -> str:
    """What a measure counts, short enough for a list to choose from; the months are the plan's own.

    >>> _counted("Appointments attended in the 12 months up to the index date, with anybody")
    'Appointments attended, with anybody'
    """
    words = rule.replace(" in the 12 months up to the index date", "").strip()
    return words if len(words) <= 90 else f"{words[:88].rsplit(' ', 1)[0]} …"


def _power(request: HttpRequest, edition: Edition, entry: Entry) -> dict[str, Any]:
    """Whether the plan could show the size worth having, and the work it takes; remembered, because it reads events."""
    if entry.plan.primary is None or entry.plan.design is None:
        return {"power": None, "work": None, "power_error": None}

    def make() -> dict[str, Any]:
        try:
            power = power_of(edition.population("planning", "plans"), entry.initiative, entry.plan)
        except GoldenThreadError as error:
            return {"power": None, "work": None, "power_error": f"{error.message} {error.remedy}"}
        people = min(power.expected, entry.plan.capacity or power.expected)
        if people < 8:
            people = 0  # nothing is worked out for a handful: it would say how many they are
        work = (
            workforce(people, entry.plan.activities, load_rates(_own_rates(edition)))
            if people and entry.plan.activities
            else None
        )
        return {
            "power": {"enough": power.enough, "words": power.words, "expected": power.expected, "needed": power.needed, "unit": power.unit},
            "work": work and {
                "people": work.people, "cost": work.cost, "words": work.words,
                "lines": [{n: getattr(x, n) for n in ("title", "what", "hours", "wte", "cost", "cost_year", "available", "source")} for x in work.lines],
            },
            "power_error": None,
        }  # fmt: skip

    return dict(remembered(edition, "planning", ("power", entry.id, str(entry.version)), make))


def form_of(typed: QueryDict, before: Plan) -> dict[str, Any]:
    """What was typed, as a plan. What the form does not hold stays as it was: exact matching, places, stop rules from a template."""
    from goldenthread.programme.forms import to_json

    form: dict[str, Any] = to_json(before)
    names = ("name", "measure", "direction", "size", "kind", "months")
    rows = [
        dict(zip(names, row, strict=True))
        for row in zip(*(typed.getlist(f"o_{n}") for n in names), strict=False)
    ]
    kept = {o["name"]: o for o in form.get("outcomes", ())}
    form["outcomes"] = [
        {
            **kept.get(r["name"].strip(), {}),
            **r,
            "name": r["name"].strip(),
            "size": _number(r["size"], "the size worth having"),
            "months": _whole(r["months"], "months"),
        }
        for r in rows
        if r["name"].strip()
    ]
    kind = typed.get("design", "")
    if not kind:
        form["design"] = None
    else:
        design = dict(form.get("design") or {}) | {"kind": kind}
        for n in ("comparable", "entry"):
            if n in typed:
                design[n] = typed[n].strip()
        if "covariates" in typed:
            design["covariates"] = [
                c.strip() for c in typed["covariates"].replace("\n", ",").split(",") if c.strip()
            ]
        if "places" in typed:
            design["places"] = [_place(line) for line in typed["places"].splitlines() if line.strip()]
        for n in ("recruit_from", "recruit_until"):
            if n in typed:
                day = actions.day(typed[n], n.replace("_", " "))
                design[n] = day.isoformat() if day else None
        form["design"] = design
    targets = ("by", "group", "at_least")
    rows = [
        dict(zip(targets, row, strict=True))
        for row in zip(*(typed.getlist(f"e_{n}") for n in targets), strict=False)
    ]
    form["equity"] = [
        {**r, "at_least": _number(r["at_least"], "the equity target")} for r in rows if r["group"].strip()
    ]
    if "stop_rules" in typed:
        form["stop_rules"] = [
            {"when": line.strip()} for line in typed["stop_rules"].splitlines() if line.strip()
        ]
    form["uptake"] = _number(typed.get("uptake", "60"), "uptake") / 100
    form["capacity"] = _whole(typed["capacity"], "capacity") if typed.get("capacity", "").strip() else None
    for n in ("began_before", "few_accepted"):
        form[n] = typed.get(n, "").strip()
    day = actions.day(typed.get("evaluate_on", ""), "the day of the evaluation")
    form["evaluate_on"] = day.isoformat() if day else None
    posts = dict(zip(typed.getlist("w_role"), typed.getlist("w_available"), strict=False))
    for activity in form.get("activities", ()):
        text = posts.get(activity["role"], "").strip()
        activity["available"] = _number(text, "posts there are") if text else None
    return form


def _as_typed(request: HttpRequest, entry: Entry) -> Plan:
    """The plan as it was typed where it can be read, so that nothing is lost by a mistake in one field."""
    if request.method != "POST":
        return entry.plan
    try:
        return read_form(Plan, form_of(request.POST, entry.plan), "the plan")
    except GoldenThreadError:
        return entry.plan


def _place(line: str) -> dict[str, str]:
    place, _, on = line.partition(" ")
    day = actions.day(on, f"the first day of {place}")
    if day is None:
        raise ProgrammeError(
            f"{place}: the first day is missing.", "Write the place and the day: pcn-UZ001 2027-01-01."
        )
    return {"place": place.split("-", 1)[-1], "on": day.isoformat()}


def _number(text: str, what: str) -> float:
    try:
        return actions.finite(float(text.strip().rstrip("%")))
    except ValueError:
        raise ProgrammeError(
            f"{what[:1].upper()}{what[1:]} is {text[:20]!r}, which is not a number.",
            "Write figures, such as 10.",
        ) from None


def _whole(text: str, what: str) -> int:
    return int(_number(text, what))


def signatures(typed: QueryDict) -> list[tuple[str, str]]:
    """Names and roles typed into a form."""
    return list(zip(typed.getlist("name"), typed.getlist("role"), strict=False))


@page("initiatives", tier="none")
def lock_page(request: HttpRequest, name: str) -> HttpResponse:
    """Agree: what will be judged, who agrees, and a page that says what it means."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        version = request.POST.get("version", "")
        try:
            actions.lock(
                request.working,
                edition,
                entry,
                signatures(request.POST),
                whole(version),
            )
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(
                request, "Agreed and locked. From now on the result is judged by this, and by nothing else."
            )
            return redirect("initiative", name=name)
    content: dict[str, Any] = {
        "entry": entry, "one": entry.initiative, "error": error, "reasons": getattr(error, "reasons", ()), "missing": list(lacks(entry.plan)),
        "signed": [s for s in signatures(request.POST) if any(s)] or [(str(request.working.user), request.working.role.title), ("", "")],
        "may": (request.working.may("lock_plan") or request.working.may("run_initiatives")), **_power(request, edition, entry),
    }  # fmt: skip
    return render(request, "initiatives/lock.jinja", content, status=400 if error else 200)


@page("run_initiatives", tier="none")
def amend_page(request: HttpRequest, name: str) -> HttpResponse:
    """Change something after the lock: shown beside the result for ever."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            actions.amend(
                request.working,
                edition,
                entry,
                request.POST.get("what", "").strip()[:2000],
                request.POST.get("reason", "").strip()[:2000],
                signatures(request.POST),
            )
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(request, "The amendment is recorded.")
            return redirect("initiative", name=name)
    content = {"entry": entry, "one": entry.initiative, "error": error, "typed": request.POST}
    return render(request, "initiatives/amend.jinja", content, status=400 if error else 200)
