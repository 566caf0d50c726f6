"""The worklist of a practice, and one patient's page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from goldenthread.errors import GoldenThreadError
from goldenthread.governance import NotThereError, Part, Release, matches, require_open
from goldenthread.vault import KeyServiceError
from goldenthread.web.accounts.models import User
from goldenthread.web.lists import actions, identities, opening
from goldenthread.web.lists.choices import KINDS, NEEDS, OPEN, REASONS, RESULTS, STATUSES
from goldenthread.web.lists.models import Attempt, Item, WorkList
from goldenthread.web.lists.opening import Line
from goldenthread.web.lists.people import version_of, why
from goldenthread.web.lists.request_views import STATES
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup

A_PAGE = 25
MOST_FOUND = 200
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
    last: Attempt | None
    reasons: list[Any]


class Opened:
    """An open list with its identities; without them where the key service does not answer, and then it says so.

    ``fresh`` looks at deaths, moves and the sensitive mark now, even if they were looked at a moment ago.
    """

    def __init__(self, request: HttpRequest, edition: Edition, release: str, *, fresh: bool = False) -> None:
        book = actions.releases()
        self.part: Part = book.part(release, request.scope.code)
        self.release: Release = book.get(release)
        require_open(self.part)
        self.down = ""
        self.opening = opening.Opening({}, identities.Known({}, {}), 0.0)
        try:
            self.opening = opening.open_list(request.working, edition, self.part, fresh=fresh)
            opening.note_seen(request.working, self.part, self.opening)
        except KeyServiceError as error:
            what_next = "Tell whoever looks after the system." if error.code == "down" else error.remedy
            self.down = f"{error.message} {what_next}".strip()
            self.opening = opening.without_names(edition, self.part)
        found = WorkList.objects.filter(release=release, practice=request.scope.code)
        self.work = found.select_related("owner", "deputy").first()
        self.lines = opening.lines_of(self.work, self.opening) if self.work else []
        self.person, self.known = self.opening.person, self.opening.known

    def items(self, lines: Sequence[Line]) -> list[Item]:
        """Everything recorded about these people, in this order."""
        if self.work is None:
            return []
        found = self.work.items.in_bulk([n.pk for n in lines])
        users = User.objects.in_bulk({i.assigned_id for i in found.values() if i.assigned_id})
        for item in found.values():
            item.work = self.work
            if item.assigned_id:
                item.assigned = users[item.assigned_id]
        return [found[line.pk] for line in lines if line.pk in found]


@page("work_list", scope="scope", tier="identifiable")
def worklist(request: HttpRequest, scope: str, release: str) -> HttpResponse:
    """People on the list: found, sorted, a page at a time."""
    edition = editions().current()
    opened = Opened(request, edition, release)
    wanted = _wanted(request)
    # what is searched for may be a name: it is sent in the body, so that it stands in no address and no log
    search = request.POST.get("search", "").strip()[:80] if request.method == "POST" else ""
    lines = _found(opened, wanted, search)
    number = whole(request.GET.get("page"), 1)
    pages = max(1, -(-len(lines) // A_PAGE))
    number = min(max(number, 1), pages)
    shown = lines[:MOST_FOUND] if search else lines[A_PAGE * (number - 1) : A_PAGE * number]
    colleagues = actions.colleagues(opened.part.practice)
    content = {
        "opened": opened, "part": opened.part, "release": opened.release, "work": opened.work, "found": len(lines),
        "rows": _rows(request, edition, opened, shown), "counts": Counter(line.status for line in opened.lines),
        "statuses": STATUSES, "orders": ORDERS, "wanted": wanted, "search": search, "page": number, "pages": pages, "today": timezone.localdate(),
        "colleagues": colleagues, "needs": NEEDS, "kinds": KINDS, "results": RESULTS, "base": request.path, "query": _query(wanted),
        "left_out": opened.known.left_out, "saved": request.session.pop("list_saved", ""),
    }  # fmt: skip
    return render(request, "lists/worklist.jinja", content)


def _wanted(request: HttpRequest) -> dict[str, str]:
    """Which people, in which order: kept in the address, from the list to a person and on to the next."""
    return {n: request.GET.get(n, "").strip()[:80] for n in ("status", "assigned", "due", "order", "back")}


def _query(wanted: dict[str, str]) -> Callable[..., str]:
    def query(**more: object) -> str:
        kept = {k: v for k, v in {**wanted, **more}.items() if v}
        return f"?{urlencode(kept)}" if kept else "?"

    return query


def _found(opened: Opened, wanted: dict[str, str], search: str = "", besides: str = "") -> list[Line]:
    """The people who are wanted, in order; ``besides`` is one who stays whatever is wanted."""
    today = timezone.localdate()
    users: dict[int | None, User] = {
        u.pk: u for u in User.objects.filter(pk__in={n.assigned for n in opened.lines if n.assigned})
    }
    lines = list(opened.lines)
    kept = next((n for n in lines if n.token == besides), None) if besides else None
    # one plain pass for each wish: a list may hold thousands, and is gone through for every page of it
    match wanted["status"]:
        case "":
            lines = [n for n in lines if n.status in OPEN]
        case status if status != "all":
            lines = [n for n in lines if n.status == status]
    if name := wanted["assigned"]:
        theirs = {pk for pk, u in users.items() if u.username == name} if name != "-" else {None}
        lines = [n for n in lines if n.assigned in theirs]
    if wanted["due"] == "late":
        lines = [n for n in lines if _late(n.due, n.status, today)]
    if text := search.casefold().replace(" ", ""):
        said = opened.opening.searched
        lines = [n for n in lines if text in said.get(n.token, "")]
    if kept is not None and kept not in lines:
        there = {n.token for n in lines} | {besides}
        lines = [n for n in opened.lines if n.token in there]
    order = list(STATUSES)
    keys: dict[str, Callable[[Line], Any]] = {
        "age": lambda n: ((p := opened.person(n.token)) and p.birth_date) or date.max,
        "status": lambda n: order.index(n.status),
        "due": lambda n: n.due or date.max,
        "assigned": lambda n: str(users.get(n.assigned, "~")).casefold(),
    }
    if key := keys.get(wanted["order"]):  # within the same day, status or colleague, by name
        lines.sort(key=key, reverse=wanted["back"] == "1")
    elif wanted["back"] == "1":
        lines.reverse()
    return lines


def _late(due: date | None, status: str, today: date) -> bool:
    return due is not None and due < today and status in OPEN


def _rows(request: HttpRequest, edition: Edition, opened: Opened, lines: list[Line]) -> list[Row]:
    """Why each of these people is here, from the lake, and what is recorded: for this page's people alone."""
    reasons = _reasons(request, edition, opened, [n.token for n in lines])
    today = timezone.localdate()
    last = {a.item_id: a for a in Attempt.objects.filter(item__in=[n.pk for n in lines]).order_by("on", "pk")}
    return [
        Row(
            i, opened.person(i.token), _late(i.due, i.status, today), last.get(i.pk), reasons.get(i.token, [])
        )
        for i in opened.items(lines)
    ]


def _reasons(
    request: HttpRequest, edition: Edition, opened: Opened, tokens: list[str]
) -> dict[str, list[Any]]:
    people = {t: opened.opening.people[t] for t in tokens if t in opened.opening.people}
    if not people:
        return {}
    record = version_of(edition.settings, opened.release.cohort).record
    population = edition.population("direct_care", request.working.recipient).within(request.scope)
    pids = opened.opening.numbers
    try:
        found = why(population, str(record["expression"]), [pids[p] for p in people.values() if p in pids])
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
    return _go(
        request,
        f"{reverse('worklist', kwargs={'scope': scope, 'release': release})}{_query(_wanted(request))().removesuffix('?')}",
    )


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
    wanted = _wanted(request)
    lines = _found(opened, wanted, besides=token)
    line = next((n for n in lines if n.token == token), None)
    if line is None:
        raise NotThereError("This link opens nobody on this list.", "Open the person from the list again.")
    item, place = opened.items([line])[0], lines.index(line)
    who = opened.person(token)
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            _save(request, opened, item, who)
        except GoldenThreadError as refused:
            error = refused
            item.refresh_from_db()
        else:
            # a second contact goes down the list once; what waits for the first is looked for from the beginning, too
            again = [] if wanted["status"] in ("contacted", "booked") else lines[:place]
            return _saved(request, [*lines[place + 1 :], *again], item)
    if who is not None and request.method == "GET":
        words = request.working.user.name.split()
        match = matches(words[-1], words[0], who.family_name, who.given_name) if words else {}
        opening.note_opened(request.working, opened.part, token, opened.release.reason, match)
    content = {
        "opened": opened, "part": opened.part, "release": opened.release, "item": item, "who": who, "error": error, "typed": request.POST,
        "reasons": _reasons(request, edition, opened, [token]).get(token, []), "statuses": STATUSES, "choices": REASONS, "kinds": KINDS,
        "results": RESULTS, "needs": NEEDS, "colleagues": actions.colleagues(opened.part.practice), "today": timezone.localdate(),
        "place": place + 1, "all": len(lines), "before": lines[place - 1] if place else None,
        "after": lines[place + 1] if place + 1 < len(lines) else None, "attempts": list(item.attempts.all()),
        "query": _query(wanted)(), "saved": request.session.pop("list_saved", ""), **_theograph(request, edition, opened, token),
    }  # fmt: skip
    return render(request, "lists/person.jinja", content, status=400 if error else 200)


def _saved(request: HttpRequest, others: list[Line], item: Item) -> HttpResponse:
    """Where to go once something was saved: this person again, or the next who waits for the same, or the list if nobody does."""
    form = request.POST.get("form", "")
    request.session["list_saved"] = (
        f"{item.token} {form}"  # the page that comes next lets go of what it kept of this form
    )
    where = {"scope": request.scope.slug, "release": item.work.release}
    query = _query(_wanted(request))().removesuffix("?")
    if request.POST.get("then") != "next":
        messages.success(request, "Saved.")
        return _go(request, f"{reverse('list_person', kwargs={**where, 'token': item.token})}{query}")
    chosen = _wanted(request)["status"]
    if chosen in ("", "all"):
        waits: tuple[str, ...] = ("accepted", "new") if form == "contact" else ("new",)
        following = next((n for status in waits for n in others if n.status == status), None)
    else:  # who chose to see those of one status goes on to the next of them
        following = next((n for n in others if n.status == chosen), None)
    if following is None:
        messages.success(request, "Saved. That was the last of them.")
        return _go(request, f"{reverse('worklist', kwargs=where)}{query}")
    messages.success(request, "Saved. This is the next person.")
    return _go(request, f"{reverse('list_person', kwargs={**where, 'token': following.token})}{query}")


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """On to another page; a form that was sent from the page is told where, and goes there itself."""
    return JsonResponse({"go": address}) if request.headers.get("X-Kept-Form") else redirect(address)


def _theograph(request: HttpRequest, edition: Edition, opened: Opened, token: str) -> dict[str, Any]:
    pseudonym = opened.opening.people.get(token)
    pid = opened.opening.numbers.get(pseudonym) if pseudonym is not None else None
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
