"""`agreements` and `purposes`: what governs every question."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import ByOption, ReasonOption, day_of
from goldenthread.cli.output import Speech, day_words, plain
from goldenthread.errors import did_you_mean

agreements = typer.Typer(
    help="Which practice shares what, for which purpose: adopt, show, withdraw.", no_args_is_help=True
)
purposes = typer.Typer(help="Why people may ask: lawful basis, terms, papers.", no_args_is_help=True)
app.add_typer(agreements, name="agreements")
app.add_typer(purposes, name="purposes")

FeedOption = Annotated[str, typer.Option("--feed", help="One feed (gp, ecds, apc, ...), or all.")]
PurposesOption = Annotated[
    str, typer.Option("--purpose", help="One purpose, several with commas between, or all.")
]


@agreements.command("adopt")
def adopt(
    by: ByOption,
    reason: ReasonOption,
    purpose: PurposesOption = "direct_care,planning,evaluation",
    practice: Annotated[
        str, typer.Option(help="Codes with commas between; every practice in the data if not said.")
    ] = "",
    feed: FeedOption = "all",
    start: Annotated[str, typer.Option(metavar="DATE", help="First day; at once if not said.")] = "",
    end: Annotated[str, typer.Option(metavar="DATE", help="Last day; no end if not said.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Record that practices share their record for a purpose. Every decision is kept, with who took it and why."""
    from goldenthread.governance import Register, practices_in
    from goldenthread.lake import Lake

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    known = practices_in(Lake(settings.lake_dir).current())
    named = _known(practice.split(","), known) or list(known)
    made = Register.open(settings.home).adopt(
        named, _purposes(purpose), by=by, reason=reason, feed=feed, start=day_of(start), end=day_of(end)
    )
    speech.say(f"Recorded {len(made):,} agreements of {len(named):,} practices, decided by {plain(by)}.")
    speech.json([vars(d) for d in made])


@agreements.command("withdraw")
def withdraw(
    practice: Annotated[str, typer.Argument(help="Code of the practice.")],
    by: ByOption,
    reason: ReasonOption,
    purpose: PurposesOption,
    feed: FeedOption = "all",
    start: Annotated[str, typer.Option(metavar="DATE", help="First day; at once if not said.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Record that a practice shares no longer. Its people are out of the next question, on every page and export."""
    from goldenthread.governance import Register, practices_in
    from goldenthread.lake import Lake

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    register = Register.open(settings.home)
    (code,) = _known([practice], practices_in(Lake(settings.lake_dir).current()))
    made = [
        register.withdraw(code, p, by=by, reason=reason, feed=feed, start=day_of(start))
        for p in _purposes(purpose)
    ]
    for one in made:
        when = "from the next question on" if not start else f"from {day_words(one.starts)}"
        speech.say(f"{one.practice} no longer shares for {one.purpose.replace('_', ' ')}, {when}.")
    speech.json([vars(d) for d in made])


@agreements.command("show")
def show_agreements(
    purpose: PurposesOption = "all",
    history: Annotated[
        bool, typer.Option("--history", help="Every decision, not only what holds today.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what practices share today, or every decision ever recorded."""
    from goldenthread.governance import Register, sharing_of
    from goldenthread.lake import Lake

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    wanted = _purposes(purpose)
    if history:
        decisions = [d for d in Register.open(settings.home).decisions() if d.purpose in wanted]
        rows = [
            [d.recorded_at[:10], d.practice, d.purpose, "all" if d.feed == "*" else d.feed, d.verb, _end(d.ends), d.decided_by, d.reason]
            for d in decisions
        ]  # fmt: skip
        heads = ["Recorded", "Practice", "Purpose", "Feed", "Decision", "Ends", "By", "Reason"]
        speech.table("Decisions", heads, [[plain(c) for c in row] for row in rows])
        speech.json([vars(d) for d in decisions])
        return
    snapshot = Lake(settings.lake_dir).current()
    content: list[dict[str, Any]] = []
    for name in wanted:
        found = sharing_of(settings, snapshot, name)
        content.append(
            {
                "purpose": name, "practices": len(found.practices), "sharing": len(found.practices) - len(found.out),
                "out": dict(found.reasons), "withheld": {f: sorted(p) for f, p in found.withheld.items()},
                "feeds": sorted(found.feeds), "state": found.state,
            }
        )  # fmt: skip
    rows = [
        [
            c["purpose"], f"{c['sharing']} of {c['practices']}",
            ", ".join(f"{p} ({why})" for p, why in list(c["out"].items())[:5]) + (" ..." if len(c["out"]) > 5 else ""),
            "; ".join(f"{f}: {', '.join(p)}" for f, p in c["withheld"].items()),
        ]
        for c in content
    ]  # fmt: skip
    speech.table(
        "What practices share today", ["Purpose", "Practices", "Not sharing", "Feeds withheld"], rows
    )
    if not settings.agreements_required:
        speech.say('Practices that never decided share: the setting is agreements = "recorded".')
    speech.json(content)


@purposes.command("show")
def show_purposes(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show every purpose: its lawful basis, which opt-outs apply, its terms and its papers."""
    from goldenthread.governance import Register, named_purpose, purpose_names, today_of

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    register = Register.open(settings.home)
    today = today_of(settings)
    content = []
    for name in purpose_names():
        one, terms, papers = named_purpose(name), register.terms(name), register.documents(name)
        content.append(
            vars(one)
            | {
                "feeds": sorted(terms.feeds),
                "retention_days": terms.retention_days,
                "documents": [vars(d) for d in papers],
            }
        )
        speech.say(f"[bold]{one.title}[/] ({name}): {plain(one.meaning)}.")
        speech.say(f"  {one.lawful_basis}. Common law: {one.common_law}.")
        opt_outs = [
            w for w, on in (("Type 1", one.type_1), ("national data opt-out", one.national_opt_out)) if on
        ]
        speech.say(
            f"  Opt-outs: {' and '.join(opt_outs) or 'none apply'}. Kept {terms.retention_days:,} days."
        )
        for paper in papers:
            late = " [bold red]review is overdue[/]" if paper.overdue_on(today) else ""
            due = f", to be reviewed by {day_words(paper.review)}" if paper.review else ""
            speech.say(f"  {paper.kind}: {plain(paper.title)}, in {plain(paper.place)}{due}.{late}")
        if not any(d.kind == "dpia" for d in papers):
            speech.say("  No data protection impact assessment is recorded.")
        speech.say()
    speech.json(content)


@purposes.command("paper")
def add_paper(
    purpose: Annotated[str, typer.Argument(help="The purpose that rests on it.")],
    kind: Annotated[str, typer.Argument(help="dpia, agreement, approval, notice or other.")],
    title: Annotated[str, typer.Argument(help="What it is called.")],
    place: Annotated[str, typer.Option(help="Where it is kept.")],
    by: ByOption,
    signed: Annotated[str, typer.Option(metavar="DATE", help="When it was signed.")] = "",
    review: Annotated[str, typer.Option(metavar="DATE", help="When it must be looked at again.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Record a paper on which a purpose rests."""
    from goldenthread.governance import Register

    speech = Speech(as_json=as_json, quiet=quiet)
    made = Register.open(settings_at(home).home).add_document(
        purpose, kind, title, place=place, by=by, signed=day_of(signed), review=day_of(review),  # type: ignore[arg-type]
    )  # fmt: skip
    speech.say(f"Recorded the {made.kind} {plain(made.title)!r} for {made.purpose}.")
    speech.json(vars(made))


@purposes.command("terms")
def set_terms(
    purpose: Annotated[str, typer.Argument(help="The purpose.")],
    feeds: Annotated[str, typer.Option(help="Feeds it may use, with commas between, or all.")],
    keep_days: Annotated[int, typer.Option(min=1, help="For how many days what is made for it is kept.")],
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say which feeds a purpose may use, and how long what is made for it is kept."""
    from goldenthread.governance import Register

    speech = Speech(as_json=as_json, quiet=quiet)
    made = Register.open(settings_at(home).home).set_terms(
        purpose,
        feeds=[f for f in feeds.split(",") if f.strip()],
        retention_days=keep_days,
        by=by,
        reason=reason,
    )
    speech.say(
        f"{made.purpose} may use {', '.join(sorted(made.feeds))}, and keeps {made.retention_days:,} days."
    )
    speech.json(vars(made) | {"feeds": sorted(made.feeds)})


def _purposes(text: str) -> list[str]:
    from goldenthread.governance import named_purpose, purpose_names

    if text.strip().lower() == "all":
        return list(purpose_names())
    return list(dict.fromkeys(named_purpose(p).name for p in text.split(",") if p.strip()))


def _known(codes: Iterable[str], known: tuple[str, ...]) -> list[str]:
    """Codes of practices in the data. A mistyped code would leave a practice in that wants to be out."""
    from goldenthread.governance import GovernanceError

    listed = [c.strip().upper() for c in codes if c.strip()]
    for code in listed:
        if code not in known:
            remedy = did_you_mean(code, known, then="`goldenthread agreements show` counts them.")
            raise GovernanceError(f"No practice {code!r} is in the data.", remedy)
    return listed


def _end(day: date | None) -> str:
    return "no end" if day is None else day.isoformat()
