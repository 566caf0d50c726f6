"""Asking for a list, and the practice's decision."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from goldenthread.cohorts import CohortError
from goldenthread.disclosure import release as disclosed
from goldenthread.errors import GoldenThreadError
from goldenthread.governance import EVERYWHERE, GovernanceError, NotThereError, Part
from goldenthread.web.lists import actions, opening
from goldenthread.web.lists.people import members_by_practice, version_of
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page

STATES = {
    "requested": ("Waiting for the practice", "warn"), "approved": ("Open", "good"), "refused": ("Refused", "bad"), "revoked": ("Closed", "unsure"),
    "expired": ("Ended", "unsure"), "stopped": ("Stopped", "bad"),
}  # fmt: skip


@page("request_release", tier="none")
def ask(request: HttpRequest, cohort: str) -> HttpResponse:
    """What is asked for, then a page that says what it means, then the request itself."""
    edition = editions().current()
    version = version_of(settings.DEPLOYMENT, _safe(cohort))
    _require_own(request, edition, version)
    choices = _choices(request, edition, version)
    typed = _typed(request)
    content: dict[str, Any] = {
        "version": version.record, "choices": choices, "typed": typed, "picked": request.POST.getlist("practice"), "error": None,
        "first": timezone.localdate() + timedelta(days=1), "last": timezone.localdate() + timedelta(days=366),
    }  # fmt: skip
    if request.method == "POST":
        try:
            expires = _day(typed["expires"])
            if request.POST.get("step") != "send":
                _check(typed, content["picked"], expires)
                return render(request, "lists/interruption.jinja", {**content, "expires": expires})
            made = actions.request(
                request.working, edition, cohort=version.id, practices=content["picked"], title=typed["title"], reason=typed["reason"],
                worked_by=typed["worked_by"], expires=expires, initiative=typed["initiative"],
            )  # fmt: skip
        except GovernanceError as error:
            return render(request, "lists/ask.jinja", {**content, "error": error}, status=400)
        messages.success(
            request,
            f"{made.title}: each practice now decides for its own patients. You will see here how they decide.",
        )
        return redirect("list_requests")
    return render(request, "lists/ask.jinja", content)


def _require_own(request: HttpRequest, edition: Edition, version: Any) -> None:
    """A frozen cohort is shown to who saved it, to whom it is shared with, and to who runs the initiative it belongs to."""
    from goldenthread.web.ask.actions import questions_seen_by
    from goldenthread.web.initiatives import actions as initiatives

    if version.id in {q.version for q in questions_seen_by(request.working, edition.tree)}:
        return
    for entry in initiatives.register():
        own = (initiatives.stem_of(entry.id), entry.initiative.cohort_version.rpartition("-")[0])
        if version.record["name"] in own and initiatives.may_write(request.working, edition, entry):
            return
    raise NotThereError("There is no such cohort version.", "Choose one that was saved on the Ask page.")


def _choices(request: HttpRequest, edition: Edition, version: Any) -> list[dict[str, Any]]:
    """Practices of the asker's scope that have people in the cohort; counts pass disclosure control before they show."""
    import pandas as pd

    found = []
    for practice, people in members_by_practice(edition, version).items():
        scope = edition.tree.scopes.get(f"practice-{practice}")
        if scope is not None and request.working.covers(scope, edition.tree):
            found.append((scope, len(people)))
    if not found:
        return []
    frame = pd.DataFrame({"practice": [s.code for s, _ in found], "people": [n for _, n in found]})
    shown = disclosed(
        frame, policy="icb", counts=["people"], dimensions=["practice"], not_additive=["practice"]
    ).display()
    return [{"scope": s, "people": shown["people"].iloc[n]} for n, (s, _) in enumerate(found)]


def _typed(request: HttpRequest) -> dict[str, str]:
    names = ("title", "reason", "worked_by", "expires", "initiative")
    found = {n: request.POST.get(n, request.GET.get(n, "")).strip()[:1000] for n in names}
    if not found["expires"]:
        found["expires"] = (timezone.localdate() + timedelta(days=90)).isoformat()
    return found


def _check(typed: dict[str, str], picked: list[str], expires: date) -> None:
    for name, words in (
        ("title", "what the list is called"),
        ("reason", "why it is needed"),
        ("worked_by", "who will work it"),
    ):
        if not typed[name]:
            raise GovernanceError(f"The request does not say {words}.", "Say it in a sentence.")
    if not picked:
        raise GovernanceError("No practice was chosen.", "Choose the practices whose patients these are.")
    if expires < timezone.localdate():
        raise GovernanceError("The last day has passed.", "Give a last day from today on.")


@page("signed_in")
def requests_page(request: HttpRequest) -> HttpResponse:
    """Requests that somebody made, or all of them for who governs: how each practice decided. Nobody is identified."""
    edition, book, working = editions().current(), actions.releases(), request.working
    rows = []
    for one in book.all():
        if (
            one.requested_by != working.user.username
            and not working.may("govern")
            and not working.may("audit")
        ):
            continue
        parts = [
            {"part": p, "name": _practice(edition, p), "state": STATES[p.state]} for p in book.parts(one.id)
        ]
        rows.append({"release": one, "parts": parts})
    content = {
        "rows": rows, "stops": book.stopped(), "everywhere": EVERYWHERE, "may_stop": working.may("govern"),
        "orphans": [(w, _name(edition, w.practice)) for w in actions.orphans()] if working.may("govern") else [],
        "practices": [s for s in edition.tree if s.kind == "practice"] if working.may("govern") else [],
    }  # fmt: skip
    return render(request, "lists/requests.jinja", content)


@page("govern")
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Emergency stop, or its end, for one practice or all."""
    book, verb = actions.releases(), request.POST.get("verb", "")
    practice = request.POST.get("practice") or EVERYWHERE
    unknown = practice != EVERYWHERE and f"practice-{practice}" not in editions().current().tree.scopes
    if verb not in ("stop", "resume") or unknown:
        raise GovernanceError("The form was not complete, so nothing was changed.", "Send it again.")
    who = {
        "by": request.working.user.username,
        "role": request.working.role.name,
        "reason": request.POST.get("reason", "")[:1000],
    }
    if verb == "stop":
        book.stop(practice=practice, **who)
        opening.forget()
        messages.success(request, "Stopped. No list opens until you lift it.")
    else:
        book.resume(practice=practice, **who)
        messages.success(request, "Lifted. Lists that were open are open again.")
    return redirect("list_requests")


@page("approve_release", scope="scope")
def decide(request: HttpRequest, scope: str, release: str) -> HttpResponse:
    """The practice decides: what is asked, by whom and why, before the decision."""
    edition, book = editions().current(), actions.releases()
    part = book.part(release, request.scope.code)
    found = book.get(release)
    error: GoldenThreadError | None = None
    if request.method == "POST":
        verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "").strip()[:1000]
        try:
            until = _day(request.POST["until"]) if request.POST.get("until") else None
            actions.decide(request.working, edition, release, request.scope.code, verb, reason, until)
        except GoldenThreadError as refused:
            error = refused
            part = book.part(release, request.scope.code)
        else:
            words = {
                "approve": "The list is open.",
                "refuse": "The list is refused.",
                "revoke": "The list is closed.",
            }
            messages.success(request, words.get(verb, "Recorded."))
            return (
                redirect("worklist", scope=scope, release=release)
                if verb in ("approve", "extend", "reissue")
                else redirect("lists")
            )
    version = None
    try:
        version = version_of(settings.DEPLOYMENT, found.cohort)
        people = len(members_by_practice(edition, version).get(part.practice, []))
    except GoldenThreadError as broken:
        error, people = error or broken, 0
    content = {
        "part": part, "release": found, "state": STATES[part.state], "error": error, "people": people, "version": version and version.record,
        "own": found.requested_by == request.working.user.username, "names": actions.names_of([found.requested_by, *(e.by for e in part.events)]),
        "typed": request.POST, "purpose": actions.purpose_title(found),
    }  # fmt: skip
    return render(request, "lists/decide.jinja", content, status=400 if error else 200)


def _practice(edition: Edition, part: Part) -> str:
    return _name(edition, part.practice)


def _name(edition: Edition, practice: str) -> str:
    scope = edition.tree.scopes.get(f"practice-{practice}")
    return scope.words if scope is not None else practice


def _safe(cohort: str) -> str:
    """A version's name, and nothing that could lead out of its folder."""
    if not cohort.replace("_", "").replace("-", "").isalnum() or len(cohort) > 80:
        raise CohortError("There is no such cohort version.", "Choose one that was saved on the Ask page.")
    return cohort


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise GovernanceError(
            f"{text[:30]!r} is not a date.", "Write year, month and day: 2027-03-31."
        ) from None
