"""Handing on: what a successor needs on one document, who owns what, and what nobody owns any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from goldenthread.evaluation import Bullets, Heading, Page, Paragraph, Table
from goldenthread.programme.errors import ProgrammeError, Refused
from goldenthread.programme.forms import to_json
from goldenthread.programme.register import Entry, Register
from goldenthread.programme.store import Event

Block = Heading | Paragraph | Bullets | Table
_GOES_ON = ("adapted", "scaled")
_WORDS = {
    "draft": "is being planned; nobody has been contacted", "locked": "is agreed; no list has been released yet",
    "running": "is under way", "evaluated": "has been evaluated and waits for a decision", "stopped": "was stopped",
    "adapted": "was decided to go on in a changed form", "scaled": "was decided to be done more widely",
}  # fmt: skip


@dataclass(frozen=True)
class Orphan:
    """An initiative that nobody answers for, why, and who could take it."""

    id: str
    title: str
    stage: str
    why: str
    could: str


@dataclass(frozen=True)
class ListInProgress:
    """One practice's list: what it is called, how far it is in words, its last day, who keeps it."""

    title: str
    practice: str
    state: str
    until: date
    kept_by: str = ""


def handover(
    register: Register,
    name: str,
    *,
    today: date | None = None,
    english: str = "",
    call: Mapping[str, str] | None = None,
    lists: Sequence[ListInProgress] | None = None,
) -> Page:
    """The pack for whoever takes over, at any moment: where it stands, why it was decided so, lists in progress, who to
    call, what is due, how to run it again.

    ``english`` is the rule in words; ``call`` says how people named in it are reached; ``lists`` is how lists stand, as the release service
    knows (without it: what was released, and when).
    """
    entry = register.get(name)
    one = entry.initiative
    now = today or register.store.now().date()
    blocks: list[Block] = [
        Heading(1, f"{one.title}: handing on"),
        Paragraph(f"As at {now:%-d %B %Y}. {one.title} {_WORDS[entry.stage]}.", lead=True),
        Paragraph(one.question),
        Heading(2, "Due next"),
        Bullets(due_of(entry, now) or ("Nothing is due.",)),
        Heading(2, "Who to call"),
        _people(entry, call or {}),
        Heading(2, "Whom it is for"),
        Paragraph(
            f"{f'{english}. ' if english else ''}Rule: {one.cohort}. Where: {', '.join(one.scopes)}. "
            f"Frozen version: {one.cohort_version or 'none yet'}."
        ),
        *_plan(entry),
        *_lists(entry, lists),
        *_why(entry),
        *_result(entry),
        *_story(entry),
        Heading(2, "How to run it again"),
        Bullets(
            (
                f"Look: goldenthread initiative show {one.id}",
                f"Check that nothing was changed: goldenthread initiative verify {one.id}",
                f"Evaluate by the agreed plan: goldenthread initiative evaluate {one.id}",
                f"Take it to another system: goldenthread initiative export {one.id} --recipe",
            )
        ),
        *_gaps(entry),
    ]
    return Page(f"{one.title}: handing on", tuple(blocks))


def due_of(entry: Entry, now: date) -> tuple[str, ...]:
    """What has to be done, by when, with what is late first."""
    found: list[tuple[date, str]] = []
    plan = entry.plan
    if entry.stage in ("locked", "running"):
        found += [(d, "Review of progress") for d in plan.review_dates if d >= now]
        if plan.evaluate_on:
            found.append((plan.evaluate_on, "Evaluation by the agreed plan"))
    out = [f"{'Late, was due' if d < now else 'Due'} {d:%-d %B %Y}: {what}." for d, what in sorted(found)]
    if entry.stage == "evaluated":
        out.append("Decide: stop, adapt or scale.")
    if entry.stage == "draft":
        from goldenthread.programme.plan import lacks

        missing = lacks(plan)
        out += [f"Before it can be locked: {one}." for one in missing]
        if not missing:
            out.append("Agree what success means: the plan is complete, and nobody may be contacted before.")
    if entry.offered_to:
        out.append(f"{entry.offered_to} has been asked to take it over and has not answered.")
    return tuple(out)


def _people(entry: Entry, call: Mapping[str, str]) -> Table:
    one = entry.initiative
    rows = [
        ("Owner", one.owner or "nobody", call.get(one.owner, "")),
        ("Deputy", one.deputy or "nobody", call.get(one.deputy, "")),
    ]
    rows += [(p.kind.capitalize(), p.name, " ".join(filter(None, (p.part, p.contact)))) for p in one.partners]
    if entry.lock:
        rows += [
            ("Agreed what success is", s.name, ", ".join(filter(None, (s.role, call.get(s.name, "")))))
            for s in entry.lock.agreed_by
        ]
    decided = dict.fromkeys(n for e in entry.decisions for n in e.body.get("by", ()))
    rows += [("Decided", str(n), call.get(str(n), "")) for n in decided]
    return Table("People", ("Part", "Name", "What, and how to reach"), tuple(rows))


def _plan(entry: Entry) -> list[Block]:
    plan = entry.plan
    if not plan.criteria:
        return [Heading(2, "What success is"), Paragraph("Nothing has been agreed yet.")]
    rows = tuple((c.outcome, c.kind, c.agreed) for c in plan.criteria)
    blocks: list[Block] = [
        Heading(2, "What success is"),
        Table("Agreed before the start", ("Outcome", "Kind", "Size"), rows),
    ]
    if plan.design:
        blocks.append(Paragraph(f"Compared by: {plan.design.kind}."))
    if entry.lock:
        blocks.append(
            Paragraph(
                f"Locked on {entry.lock.agreed_at:%-d %B %Y}. Fingerprint {entry.lock.hash}. Keep this with the paper."
            )
        )
    if entry.amendments:
        blocks.append(Bullets(tuple(a.words for a in entry.amendments)))
    if plan.stop_rules:
        blocks += [
            Heading(3, "When to stop"),
            Bullets(tuple(f"{r.when} ({r.who or 'owner'})" for r in plan.stop_rules)),
        ]
    return blocks


def _lists(entry: Entry, lists: Sequence[ListInProgress] | None) -> list[Block]:
    if lists:
        stand = tuple(
            (one.title, one.practice, one.state, f"{one.until:%-d %B %Y}", one.kept_by or "nobody yet")
            for one in lists
        )
        heads = ("List", "Practice", "How it stands", "Last day", "Kept by")
        return [Heading(2, "Lists in progress"), Table("Lists, as practices decided", heads, stand)]
    if not entry.releases:
        return [Heading(2, "Lists in progress"), Paragraph("No list has been released.")]
    rows = tuple(
        (str(e.body["release"]), f"{e.at:%-d %B %Y}", ", ".join(e.body.get("practices", ())))
        for e in entry.releases
    )
    return [Heading(2, "Lists in progress"), Table("Lists released", ("List", "On", "Practices"), rows)]


def _why(entry: Entry) -> list[Block]:
    rows = [
        (f"{e.at:%-d %B %Y}", str(e.body["choice"]), str(e.body["reasons"]), ", ".join(e.body["by"]))
        for e in entry.decisions
    ]
    rows += [
        (f"{e.at:%-d %B %Y}", "note", str(e.body["what"]), e.who)
        for e in entry.notes
        if e.kind == "decision note"
    ]
    if not rows:
        return [Heading(2, "Why it was decided so"), Paragraph("No decision has been written down.")]
    return [Heading(2, "Why it was decided so"), Table("Decisions", ("On", "What", "Why", "By"), tuple(rows))]


def _result(entry: Entry) -> list[Block]:
    if not entry.verdicts:
        return []
    last = entry.evaluations[-1]
    caption = f"Evaluated {last.at:%-d %B %Y}, data to {date.fromisoformat(last.body['data_to']):%-d %B %Y}"
    return [
        Heading(2, "What was found"),
        Table(caption, ("Outcome", "Agreed", "Result", "Judged"), entry.verdicts),
    ]


def _story(entry: Entry) -> list[Block]:
    said = [e for e in entry.events if e.kind != "evaluation"]
    rows = tuple((f"{e.at:%-d %B %Y}", e.who, said_of(e)) for e in said)
    return [Heading(2, "What has happened"), Table("Oldest first", ("On", "Who", "What"), rows)]


def said_of(event: Event) -> str:
    """An event in a few words."""
    body = event.body
    match event.kind:
        case "created":
            return "Put into the register."
        case "record":
            return "Changed the record."
        case "plan":
            return "Changed the plan."
        case "lock":
            return "Locked the plan."
        case "stage":
            return f"Now {body['stage']}."
        case "amendment":
            return f"Amended: {body['what']}"
        case "release":
            return f"Released list {body['release']} to {len(body.get('practices', ()))} practices."
        case "decision":
            return f"Decided to {body['choice']}."
        case "evaluation":
            return "Evaluated."
        case "transfer offered":
            return f"Asked {body['to']} to take it over."
        case "transfer accepted":
            return f"{body['to']} took it over{' from ' + str(body['from']) if body.get('from') else ''}."
        case "transfer declined":
            return f"{body['to']} did not take it over: {body.get('reason', '')}"
    amount = f" £{body['amount']:,.2f}." if "amount" in body else ""
    return f"{event.kind.capitalize()}: {body.get('what', '')}{amount}"


def _gaps(entry: Entry) -> list[Block]:
    if not entry.initiative.gaps:
        return []
    return [
        Heading(2, "What is missing from the record"),
        Bullets(tuple(f"It {gap}." for gap in entry.initiative.gaps)),
    ]


# -- ownership -----------------------------------------------------------------------------------------


def offer(register: Register, name: str, *, to: str, who: str, note: str = "") -> Entry:
    """Ask somebody to take an initiative over. Nothing changes until they accept."""
    entry = register.get(name)
    if not to.strip() or to.casefold() == entry.initiative.owner.casefold():
        raise ProgrammeError(
            f"{name} cannot be handed to {to or 'nobody'!r}.", "Name somebody who is not its owner."
        )
    if entry.offered_to:
        raise Refused(
            f"{entry.offered_to} has been asked already.", "Wait for the answer, or decline in their name."
        )
    register.store.append(
        name, "transfer offered", {"to": to, "from": entry.initiative.owner, "note": note}, who=who
    )
    return register.get(name)


def accept(register: Register, name: str, *, who: str) -> Entry:
    """Take over what one was asked to; only the one who was asked may, and is the owner from then on."""
    entry = _asked(register, name, who)
    whole = to_json(entry.initiative) | {"owner": who}
    register.store.append_all(
        name, [("transfer accepted", {"to": who, "from": entry.initiative.owner}), ("record", {"initiative": whole})], who=who
    )  # fmt: skip
    return register.get(name)


def take(register: Register, name: str, *, who: str, people: Collection[str]) -> Entry:
    """Take over what nobody answers for. ``people`` are those who are here; refused while its owner is among them."""
    found = next((o for o in orphans(register, people) if o.id == name), None)
    if found is None:
        raise Refused("Somebody answers for it already.", "Ask them to hand it over.")
    entry = register.get(name)
    whole = to_json(entry.initiative) | {"owner": who}
    if entry.initiative.deputy.casefold() == who.casefold():
        whole["deputy"] = ""  # nobody stands in for themselves
    register.store.append_all(
        name,
        [("transfer accepted", {"to": who, "from": entry.initiative.owner, "why": found.why}), ("record", {"initiative": whole})],
        who=who, version=entry.version,
    )  # fmt: skip
    return register.get(name)


def decline(register: Register, name: str, *, who: str, reason: str) -> Entry:
    """Say no; the owner stays."""
    _asked(register, name, who)
    if not reason.strip():
        raise ProgrammeError("No reason was given.", "Say why, so that somebody else can be asked.")
    register.store.append(name, "transfer declined", {"to": who, "reason": reason}, who=who)
    return register.get(name)


def _asked(register: Register, name: str, who: str) -> Entry:
    entry = register.get(name)
    if not entry.offered_to:
        raise Refused(f"Nobody has been asked to take {name} over.", "Offer it first.")
    if entry.offered_to.casefold() != who.casefold():
        raise Refused(
            f"{entry.offered_to} was asked to take {name} over, not {who}.",
            "Ask the owner to offer it to you.",
        )
    return entry


def orphans(register: Register, people: Collection[str] | None = None) -> list[Orphan]:
    """Initiatives that are not over and that nobody who is still here answers for.

    ``people`` are those who are here (names); without it only missing owners are found. The deputy is named where there is one.
    """
    here = None if people is None else {p.casefold() for p in people}
    found = []
    for entry in register:
        one = entry.initiative
        if entry.stage == "stopped" or (entry.stage in _GOES_ON and _went_on(register, entry)):
            continue
        why = ""
        if not one.owner.strip():
            why = "has no owner"
        elif here is not None and one.owner.casefold() not in here:
            why = f"its owner, {one.owner}, is no longer here"
        if not why:
            continue
        deputy_here = one.deputy.strip() and (here is None or one.deputy.casefold() in here)
        found.append(Orphan(one.id, one.title, entry.stage, why, one.deputy if deputy_here else ""))
    return found


def _went_on(register: Register, entry: Entry) -> bool:
    return any(other.initiative.previous == entry.id for other in register)


def owned_by(register: Register, person: str) -> Sequence[Entry]:
    """Everything somebody owns, deputises for, or has been asked to take over: to look at before they leave."""
    name = person.casefold()
    return [
        e for e in register
        if name in (e.initiative.owner.casefold(), e.initiative.deputy.casefold(), e.offered_to.casefold())
    ]  # fmt: skip
