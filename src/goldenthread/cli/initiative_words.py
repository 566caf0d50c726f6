"""An initiative and its plan as people read them on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenthread.cli.output import plain

if TYPE_CHECKING:
    from goldenthread.cli.output import Speech
    from goldenthread.programme import Entry, Power, Workforce


def say_entry(speech: Speech, entry: Entry) -> None:
    """The record in a page: question, people, what was agreed, what was found, what is missing."""
    one = entry.initiative
    speech.say(
        f"[bold]{plain(one.title)}[/], cycle {one.cycle} ({plain(one.id)}, version {entry.version}): {entry.stage}"
    )
    speech.say(plain(one.question))
    speech.say(f"For: {plain(one.cohort)}. Where: {', '.join(one.scopes)}.")
    speech.say(f"Owner: {plain(one.owner) or 'nobody'}. Deputy: {plain(one.deputy) or 'nobody'}.")
    if entry.offered_to:
        speech.say(f"{plain(entry.offered_to)} has been asked to take it over.")
    if entry.lock:
        names = ", ".join(f"{s.name} ({s.role})" for s in entry.lock.agreed_by)
        speech.say(
            f"Locked on {entry.lock.agreed_at:%-d %B %Y} by {plain(names)}; fingerprint {entry.lock.hash[:12]}."
        )
    for amendment in entry.amendments:
        speech.say(f"Amended {plain(amendment.words)}")
    speech.say()
    if entry.verdicts:
        rows = [[plain(c) for c in v] for v in entry.verdicts]
        speech.table("What was agreed, and what came of it", ["Outcome", "Agreed", "Result", "Judged"], rows)
        naive = entry.evaluations[-1].body.get("naive")
        if naive:
            change = float(naive["change"])
            words = f"{abs(change):.0%} {'fewer' if change < 0 else 'more'}"
            speech.say(f"Before and after alone would have said {words}.")
    else:
        rows = [[plain(c.outcome), c.kind, c.agreed] for c in entry.plan.criteria]
        speech.table("What success is to be", ["Outcome", "Kind", "Size"], rows)
    for decision in entry.decisions:
        speech.say(f"Decided to {decision.body['choice']}: {plain(str(decision.body['reasons']))}")
    if one.gaps:
        speech.say(f"Missing: {plain('; '.join(one.gaps))}.")


def say_plan(
    speech: Speech, entry: Entry, power: Power | None, staff: Workforce, missing: tuple[str, ...]
) -> None:
    """The plan: criteria, design, what could be seen, staff, and what is missing before it can be locked."""
    plan = entry.plan
    speech.table(
        f"Plan of {plain(entry.initiative.title)}",
        ["Outcome", "Kind", "Size", "Measure", "Months"],
        [[plain(o.name), o.kind, o.criterion().agreed, o.measure, str(o.months)] for o in plan.outcomes]
        + [[plain(e.title), "equity", e.criterion().agreed, f"{e.by} {e.group}", ""] for e in plan.equity],
        right={4},
    )
    if plan.design:
        compared = f" with people for whom: {plan.design.comparable}" if plan.design.comparable else ""
        speech.say(f"Compared: {plan.design.kind}{plain(compared)}.")
    if power:
        speech.say(f"{power.words[:1].upper()}{power.words[1:]}.")
    if staff.lines:
        speech.table(
            f"Staff for {staff.people:,.0f} people in a year",
            ["Role", "What", "Hours with people", "Posts", "Cost", "Year"],
            [
                [w.title, plain(w.what), f"{w.hours:,.0f}", f"{w.wte:.1f}", f"£{w.cost:,.0f}", w.cost_year]
                for w in staff.lines
            ],
            right={2, 3, 4},
        )
    for words in staff.words:
        speech.say(plain(words))
    if entry.lock:
        speech.say(f"Locked on {entry.lock.agreed_at:%-d %B %Y}.")
    elif missing:
        speech.say("[bold]Before it can be locked:[/]")
        for words in missing:
            speech.say(f"- {plain(words)}")
    else:
        speech.say(
            f"Ready to be locked: goldenthread initiative lock {plain(entry.id)} --agreed-by 'NAME, ROLE' --agreed-by ..."
        )
