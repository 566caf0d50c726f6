"""The worklist of a practice, and one patient's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from goldenthread.errors import GoldenThreadError
from goldenthread.governance import NotThereError, Part, Release, matches, require_open
from goldenthread.vault import KeyServiceError
from goldenthread.web.lists import actions, identities
from goldenthread.web.lists.choices import KINDS, NEEDS, OPEN, REASONS, RESULTS, STATUSES
from goldenthread.web.lists.models import Item, WorkList
from goldenthread.web.lists.people import pids_of, version_of, why
from goldenthread.web.lists.request_views import STATES
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup

A_PAGE = 25
ORDERS = {"name": "Name", "age": "Age", "status": "Status", "due": "Due", "assigned": "Who"}


@page("work_list")
def overview(request: HttpRequest) -> HttpResponse:
    """The practice's lists: those that wait for a decision first, then the open ones, then those that ended."""
    if request.working.scope.kind != "practice":
        raise Http404
    book, practice = actions.releases(), request.working.scope.code
    rows: list[dict[str, Any]] = []
    for part in book.parts(practices=[practice]):
        items = Item.objects.filter(work__release=part.release, work__practice=practice)
        still = items.filter(status__in=OPEN)
        rows.append(
            {
                "part": part, "release": book.get(part.release), "state": STATES[part.state], "all": items.count(), "left": still.count(),
                "late": still.filter(due__lt=timezone.localdate()).count(), "work": WorkList.objects.filter(release=part.release, practice=practice).first(),
            }
        )  # fmt: skip
    order = {"requested": 0, "approved": 1, "stopped": 2}
    rows.sort(key=lambda r: (order.get(r["part"].state, 3), -r["left"]))
    return render(request, "lists/overview.jinja", {"rows": rows, "scope_slug": request.working.scope.slug})


@dataclass(frozen=True)
class Row:
    """One person as the list shows them."""

    item: Item
    person: identities.Person | None
    late: bool
    reasons: list[Any]


class Opened:
    """An open list with its identities; without them where the key service does not answer, and then it says so."""

    def __init__(self, request: HttpRequest, edition: Edition, release: str) -> None:
        book = actions.releases()
        self.part: Part = book.part(release, request.scope.code)
        self.release: Release = book.get(release)
        require_open(self.part)
        self.down = ""
        try:
            self.work, self.people, self.known = actions.open_list(request.working, edition, self.part)
            actions.note_seen(request.working, self.part)
        except KeyServiceError as error:
            self.down = f"{error.message} {error.remedy}".strip()
            self.work = WorkList.objects.filter(release=release, practice=request.scope.code).first()
            self.people, self.known = {}, identities.Known({}, {})
        self.items = (
            list(self.work.items.select_related("assigned", "work").prefetch_related("attempts"))
            if self.work
            else []
        )

    def person(self, token: str) -> identities.Person | None:
        """Who a token stands for; ``None`` where that cannot be said now."""
        pseudonym = self.people.get(token)
        return self.known.people.get(pseudonym) if pseudonym is not None else None


@page("work_list", scope="scope", tier="identifiable")
def worklist(request: HttpRequest, scope: str, release: str) -> HttpResponse:
    """People on the list: found, sorted, a page at a time."""
    return _worklist(request, release)


def _worklist(
    request: HttpRequest, release: str, error: GoldenThreadError | None = None, status: int = 200
) -> HttpResponse:
    edition = editions().current()
    opened = Opened(request, edition, release)
    wanted = {n: request.GET.get(n, "").strip()[:80] for n in ("status", "assigned", "due", "order", "back")}
    # what is searched for may be a name: it is sent in the body, so that it stands in no address and no log
    search = request.POST.get("search", "").strip()[:80] if request.method == "POST" else ""
    rows = _found(opened, wanted, search)
    number = whole(request.GET.get("page"), 1)
    pages = max(1, -(-len(rows) // A_PAGE))
    number = min(max(number, 1), pages)
    shown = rows if search else rows[A_PAGE * (number - 1) : A_PAGE * number]
    shown = _with_reasons(request, edition, opened, shown[:200])
    counts: dict[str, int] = {}
    for item in opened.items:
        counts[item.status] = counts.get(item.status, 0) + 1
    content = {
        "opened": opened, "part": opened.part, "release": opened.release, "work": opened.work, "rows": shown, "found": len(rows), "counts": counts,
        "statuses": STATUSES, "orders": ORDERS, "wanted": wanted, "search": search, "page": number, "pages": pages, "today": timezone.localdate(),
        "colleagues": actions.colleagues(opened.part.practice), "needs": NEEDS, "error": error, "base": request.path,
        "query": lambda **more: "?" + urlencode({k: v for k, v in {**wanted, **more}.items() if v}), "left_out": opened.known.left_out,
    }  # fmt: skip
    return render(request, "lists/worklist.jinja", content, status=status)


def _found(opened: Opened, wanted: dict[str, str], search: str) -> list[Row]:
    today = timezone.localdate()
    rows = [
        Row(i, opened.person(i.token), bool(i.due and i.due < today and i.status in OPEN), [])
        for i in opened.items
    ]
    match wanted["status"]:
        case "":
            rows = [r for r in rows if r.item.status in OPEN]
        case "all":
            pass
        case status:
            rows = [r for r in rows if r.item.status == status]
    if wanted["assigned"]:
        nobody = wanted["assigned"] == "-"
        rows = [
            r
            for r in rows
            if (
                r.item.assigned is None
                if nobody
                else r.item.assigned and r.item.assigned.username == wanted["assigned"]
            )
        ]
    if wanted["due"] == "late":
        rows = [r for r in rows if r.late]
    if search:
        text = search.casefold().replace(" ", "")
        rows = [
            r
            for r in rows
            if r.person and (text in r.person.name.casefold().replace(" ", "") or text in r.person.nhs_number)
        ]
    order = list(STATUSES)
    keys: dict[str, Any] = {
        "name": lambda r: r.person.name.casefold() if r.person else "~",
        "age": lambda r: r.person.birth_date or date.max if r.person else date.max,
        "status": lambda r: order.index(r.item.status),
        "due": lambda r: r.item.due or date.max,
        "assigned": lambda r: str(r.item.assigned or "~").casefold(),
    }
    return sorted(rows, key=keys.get(wanted["order"], keys["name"]), reverse=wanted["back"] == "1")


def _with_reasons(request: HttpRequest, edition: Edition, opened: Opened, rows: list[Row]) -> list[Row]:
    """Why each of these people is here: from the lake, for this page's people alone."""
    reasons = _reasons(request, edition, opened, [r.item.token for r in rows])
    return [Row(r.item, r.person, r.late, reasons.get(r.item.token, [])) for r in rows]


def _reasons(
    request: HttpRequest, edition: Edition, opened: Opened, tokens: list[str]
) -> dict[str, list[Any]]:
    people = {t: opened.people[t] for t in tokens if t in opened.people}
    if not people:
        return {}
    record = version_of(edition.settings, opened.release.cohort).record
    population = edition.population("direct_care", request.working.recipient).within(request.scope)
    pids = pids_of(edition, list(people.values()))
    try:
        found = why(population, str(record["expression"]), list(pids.values()))
    except GoldenThreadError:  # a definition that the cohort names is no more: the list can still be worked
        return {}
    return {t: found.get(pids[p], []) for t, p in people.items() if p in pids}


@page("work_list", scope="scope", tier="identifiable")
@require_POST
def many(request: HttpRequest, scope: str, release: str) -> HttpResponse:
    """One act on the people who are ticked."""
    work = _work(request, release)
    act = request.POST.get("act", "")
    try:
        n = actions.many(
            request.working, work, request.POST.getlist("token"), act, request.POST.get(f"value_{act}", "")
        )
    except GoldenThreadError as error:
        messages.error(request, f"{error.message} {error.remedy}")
    else:
        messages.success(request, f"Saved for {n} {'person' if n == 1 else 'people'}.")
    return redirect("worklist", scope=scope, release=release)


@page("work_list", scope="scope", tier="identifiable")
@require_POST
def keep(request: HttpRequest, scope: str, release: str) -> HttpResponse:
    """Who keeps the list, who stands in, and what they should know."""
    typed = request.POST
    try:
        actions.hand_over(
            request.working,
            _work(request, release),
            typed.get("owner", ""),
            typed.get("deputy", ""),
            typed.get("note", ""),
        )
    except GoldenThreadError as error:
        messages.error(request, f"{error.message} {error.remedy}")
    else:
        messages.success(request, "It is recorded who keeps this list.")
    return redirect("worklist", scope=scope, release=release)


@page("work_list", scope="scope", tier="identifiable")
def person(request: HttpRequest, scope: str, release: str, token: str) -> HttpResponse:
    """One patient: why they are here, what their year was like, the review, contacts, and what they need."""
    edition = editions().current()
    opened = Opened(request, edition, release)
    items = [
        r.item
        for r in _found(opened, {"status": "all", "assigned": "", "due": "", "order": "name", "back": ""}, "")
    ]
    item = next((i for i in items if i.token == token), None)
    if item is None:
        raise NotThereError("This link opens nobody on this list.", "Open the person from the list again.")
    who = opened.person(token)
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            _save(request, opened, item, who)
        except GoldenThreadError as refused:
            error = refused
            item.refresh_from_db()
        else:
            messages.success(request, "Saved.")
            following = _next(items, item) if request.POST.get("then") == "next" else None
            return redirect("list_person", scope=scope, release=release, token=(following or item).token)
    if who is not None and request.method == "GET":
        words = request.working.user.name.split()
        match = matches(words[-1], words[0], who.family_name, who.given_name) if words else {}
        actions.note_opened(request.working, opened.part, token, match)
    place = items.index(item)
    content = {
        "opened": opened, "part": opened.part, "release": opened.release, "item": item, "who": who, "error": error, "typed": request.POST,
        "reasons": _reasons(request, edition, opened, [token]).get(token, []), "statuses": STATUSES, "choices": REASONS, "kinds": KINDS,
        "results": RESULTS, "needs": NEEDS, "colleagues": actions.colleagues(opened.part.practice), "today": timezone.localdate(),
        "place": place + 1, "all": len(items), "before": items[place - 1] if place else None,
        "after": items[place + 1] if place + 1 < len(items) else None, "attempts": list(item.attempts.all()),
        **_theograph(request, edition, opened, token),
    }  # fmt: skip
    return render(request, "lists/person.jinja", content, status=400 if error else 200)


def _theograph(request: HttpRequest, edition: Edition, opened: Opened, token: str) -> dict[str, Any]:
    pseudonym = opened.people.get(token)
    pid = pids_of(edition, [pseudonym]).get(pseudonym) if pseudonym is not None else None
    if pid is None or pseudonym is None:
        return {"theograph": None}
    from goldenthread.insight.theograph import story_of

    population = edition.population("direct_care", request.working.recipient).within(request.scope)
    try:
        story = story_of(population, pid, months=24, restricted=request.working.may("restricted_lanes"))
    except GoldenThreadError as error:
        return {"theograph": None, "theograph_error": error}
    return {"theograph": markup(story.chart(width=720).html())}


def _save(request: HttpRequest, opened: Opened, item: Item, who: identities.Person | None) -> None:
    typed, working = request.POST, request.working
    version = whole(typed.get("version"))
    match typed.get("form"):
        case "review":
            decision = typed.get("decision", "")
            actions.review(
                working, item, version, decision, typed.get(f"reason_{decision}", ""), typed.get("note", "")
            )
        case "contact":
            actions.attempt(
                working, item, version, on=_day(typed.get("on", "")) or timezone.localdate(), kind=typed.get("kind", ""),
                result=typed.get("result", ""), note=typed.get("contact_note", ""), booked=_day(typed.get("booked_on", "")),
                initiative=opened.release.initiative, nhs_number=who.nhs_number if who else "",
            )  # fmt: skip
        case "arrange":
            arranged = {n: _day(typed.get(n, "")) for n in ("due", "mdt", "booked")}
            others = {n: typed.get(n, "") for n in ("assigned", "language", "next_step")}
            actions.arrange(working, item, version, {**arranged, **others, "needs": typed.getlist("needs")})
        case _:
            raise actions.ListError("The form was not complete.", "Send it again.")


def _next(items: list[Item], item: Item) -> Item | None:
    """The next person who still waits, round to the beginning."""
    place = items.index(item)
    return next((i for i in [*items[place + 1 :], *items[:place]] if i.status == "new"), None)


def _work(request: HttpRequest, release: str) -> WorkList:
    require_open(actions.releases().part(release, request.scope.code))
    found = WorkList.objects.filter(release=release, practice=request.scope.code).first()
    if found is None:
        raise NotThereError("This list has not been opened yet.", "Open it first.")
    return found


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise actions.ListError(
            f"{text[:30]!r} is not a date.", "Write year, month and day: 2027-03-31."
        ) from None
