"""Questions kept: save one, see them, and see what changed since."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from goldenthread.errors import GoldenThreadError
from goldenthread.web.ask import actions
from goldenthread.web.ask.answering import read
from goldenthread.web.ask.models import SavedQuestion
from goldenthread.web.ask.views import population_for
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page


@page("ask", scope="scope", tier="pseudonymised")
def save(request: HttpRequest, scope: str) -> HttpResponse:
    """Keep a question under a name. What was typed stays on the page where it cannot be kept."""
    source = request.POST if request.method == "POST" else request.GET
    text, name, words = source.get("q", ""), source.get("name", ""), source.get("note", "")
    cohort, mistake = read(population_for(request), text)
    problem = ""
    if request.method == "POST" and cohort is not None:
        try:
            found = actions.save_question(
                request.working, cohort, name, shared=bool(request.POST.get("shared")), words=words
            )
        except GoldenThreadError as error:
            problem = str(error)
        else:
            messages.success(
                request, f"Kept as “{found.name}”. Come back after the next refresh to see what changed."
            )
            return redirect("ask_saved_one", scope=scope, question=found.pk)
    content = {
        "scope": request.scope, "text": text, "name": name, "note": words, "cohort": cohort, "mistake": mistake, "problem": problem,
        "shared": bool(source.get("shared")),
    }  # fmt: skip
    return render(request, "ask/save.jinja", content, status=400 if problem or mistake else 200)


@page("ask", scope="scope", tier="pseudonymised")
def saved(request: HttpRequest, scope: str) -> HttpResponse:
    """Questions kept for this population and those inside it."""
    tree = editions().current().tree
    found = []
    for question in actions.questions_seen_by(request.working, tree):
        try:
            place = tree.get(question.scope)
        except GoldenThreadError:
            continue
        if tree.inside(place, request.scope):
            found.append(
                {"question": question, "place": place, "own": question.owner_id == request.working.user.pk}
            )
    return render(request, "ask/saved.jinja", {"scope": request.scope, "rows": found})


@page("ask", scope="scope", tier="pseudonymised")
def one(request: HttpRequest, scope: str, question: int) -> HttpResponse:
    """One kept question: what changed since; its owner shares it, freezes it anew or lets it go."""
    found = _find(request, question)
    population = population_for(request)
    own = found.owner_id == request.working.user.pk
    if request.method == "POST":
        if not own:
            raise Http404
        return _changed(request, found, request.POST.get("do", ""))
    changes, problem = None, ""
    try:
        from goldenthread.insight.who import what_changed

        changes = what_changed(actions.version_of(found), population)
    except GoldenThreadError as error:
        problem = str(error)
    content = {"scope": request.scope, "question": found, "own": own, "changes": changes, "problem": problem}
    if changes is not None:
        content["english"] = changes.cohort.english
    return render(request, "ask/one.jinja", content)


@page("ask", scope="scope", tier="pseudonymised")
def change(request: HttpRequest, scope: str, question: int) -> HttpResponse:
    """Change a kept question: its owner, and whoever it is shared with. What two people wrote at once is shown to the second."""
    try:
        found: SavedQuestion | None = _find(request, question)
    except Http404:
        if request.method != "POST":
            raise
        found = None  # taken off the list, or no longer shared, while somebody wrote
    sent = request.POST if request.method == "POST" else None
    text = sent.get("q", "") if sent is not None else found.expression if found else ""
    name = sent.get("name", "") if sent is not None else found.name if found else ""
    words = sent.get("note", "") if sent is not None else found.note if found else ""
    cohort, mistake = read(population_for(request), text)
    problem, theirs = "", None
    if sent is not None and cohort is not None and found is not None:
        try:
            seen = int(sent.get("seen", "")) if sent.get("seen", "").isdecimal() else 0
            actions.change_question(request.working, found, cohort, name, words, seen=min(seen, 2**31 - 1))
        except actions.ChangedMeanwhileError as error:
            problem = str(error)
            theirs = SavedQuestion.objects.filter(pk=found.pk).first()
            found = theirs
        except GoldenThreadError as error:
            problem = str(error)
        else:
            messages.success(request, "Changed.")
            return redirect("ask_saved_one", scope=scope, question=found.pk)
    content = {
        "scope": request.scope, "question": found, "gone": found is None, "theirs": theirs, "text": text, "name": name,
        "note": words, "cohort": cohort, "mistake": mistake, "problem": problem,
    }  # fmt: skip
    status = 409 if theirs is not None or found is None else 400 if problem or mistake else 200
    return render(request, "ask/change.jinja", content, status=status)


def _find(request: HttpRequest, number: int) -> SavedQuestion:
    """A question that this person may see, at the address of its own scope."""
    for question in actions.questions_seen_by(request.working, editions().current().tree):
        if question.pk == number and question.scope == request.scope.slug:
            return question
    raise Http404


def _changed(request: HttpRequest, found: SavedQuestion, do: str) -> HttpResponse:
    match do:
        case "share" | "unshare":
            actions.share_question(request.working, found, shared=do == "share")
            who = (
                "Everybody who looks after this population can see and change it"
                if do == "share"
                else "Only you can see it"
            )
            messages.success(request, f"{who} now.")
        case "anew":
            cohort = population_for(request).cohort(found.expression)
            actions.ask_anew(request.working, found, cohort)
            messages.success(request, "From now on it is compared with the people of today.")
        case "drop":
            actions.drop_question(request.working, found)
            messages.success(request, f"“{found.name}” is off the list.")
            return redirect("ask_saved", scope=request.scope.slug)
        case _:
            raise Http404
    return redirect("ask_saved_one", scope=request.scope.slug, question=found.pk)
