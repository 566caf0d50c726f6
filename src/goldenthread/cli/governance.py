"""`agreements`, `purposes`, `opt-outs`, `retention`, `safety-pack`: what governs every question, and the papers about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Speech

if TYPE_CHECKING:
    from goldenthread.governance import RetentionRun

agreements = typer.Typer(
    help="Which practice shares what, for which purpose: adopt, show, withdraw.", no_args_is_help=True
)
opt_outs = typer.Typer(
    help="National data opt-outs: request, read, status. For who keeps the key.", no_args_is_help=True
)
purposes = typer.Typer(help="Why people may ask: lawful basis, terms, papers.", no_args_is_help=True)
app.add_typer(agreements, name="agreements")
app.add_typer(purposes, name="purposes")
app.add_typer(opt_outs, name="opt-outs")
retention = typer.Typer(help="Delete what has expired, and prove it: run, show.", no_args_is_help=True)
app.add_typer(retention, name="retention")

ByOption = Annotated[str, typer.Option("--by", help="Who decided, by name and role.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, or the paper that says so.")]
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
    speech.say(f"Recorded {len(made):,} agreements of {len(named):,} practices, decided by {_plain(by)}.")
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
        when = "from the next question on" if not start else f"from {_words(one.starts)}"
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
        speech.table("Decisions", heads, [[_plain(c) for c in row] for row in rows])
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
        speech.say(f"[bold]{one.title}[/] ({name}): {_plain(one.meaning)}.")
        speech.say(f"  {one.lawful_basis}. Common law: {one.common_law}.")
        opt_outs = [
            w for w, on in (("Type 1", one.type_1), ("national data opt-out", one.national_opt_out)) if on
        ]
        speech.say(
            f"  Opt-outs: {' and '.join(opt_outs) or 'none apply'}. Kept {terms.retention_days:,} days."
        )
        for paper in papers:
            late = " [bold red]review is overdue[/]" if paper.overdue_on(today) else ""
            due = f", to be reviewed by {_words(paper.review)}" if paper.review else ""
            speech.say(f"  {paper.kind}: {_plain(paper.title)}, in {_plain(paper.place)}{due}.{late}")
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
    signed: Annotated[str, typer.Option(metavar="DATE")] = "",
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
    speech.say(f"Recorded the {made.kind} {_plain(made.title)!r} for {made.purpose}.")
    speech.json(vars(made))


@purposes.command("terms")
def set_terms(
    purpose: Annotated[str, typer.Argument(help="The purpose.")],
    feeds: Annotated[str, typer.Option(help="Feeds it may use, with commas between, or all.")],
    keep_days: Annotated[int, typer.Option(help="For how many days what is made for it is kept.")],
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


@opt_outs.command("request")
def request_opt_outs(
    mailbox: Annotated[str, typer.Option(help="MESH mailbox of this system; its id names the file.")],
    by: ByOption,
    cohort: Annotated[
        str, typer.Option(help="A frozen cohort, such as falls-2; everybody in the vault if not said.")
    ] = "",
    purpose: Annotated[str, typer.Option(help="Why the people are to be disclosed.")] = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the file that asks which of these people may be used. People whose answer is still known are not asked about."""
    from goldenthread.cohorts import open_version
    from goldenthread.governance import OptOuts
    from goldenthread.vault import Vault, load_keys

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    cache = OptOuts(settings.home, settings.opt_out_days)
    with Vault.open(settings.vault_dir, load_keys(settings.vault_dir)) as vault:
        if cohort:
            people = open_version(settings.home / "cohorts" / Path(cohort).name).members()
        else:
            people = vault.demographics().column("pseudonym").to_pylist()
        asked = cache.not_known(people)
        numbers = [n for n in vault.identities(asked).column("nhs_number").to_pylist() if n]
    path = cache.request(numbers, mailbox=mailbox, purpose=purpose, by=by)
    speech.say(f"Wrote {path} with {len(set(numbers)):,} NHS numbers.")
    if without := len(asked) - len(numbers):
        speech.say(
            f"{without:,} people have no NHS number here; they cannot be asked about, and stay out of disclosures."
        )
    speech.say("Send it by MESH, workflow SPINE_NTT_UPHOLDING, then: goldenthread opt-outs read FILE")
    speech.json({"request": path.stem, "file": path, "people": len(set(numbers)), "without_number": without})


@opt_outs.command("read")
def read_opt_outs(
    file: Annotated[
        Path, typer.Argument(help="The reply that came by MESH. It is deleted once it was read.")
    ],
    by: ByOption,
    request: Annotated[
        str, typer.Option(help="The request it answers, if the file is not named after it.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take up a reply: who is not in it has opted out, until the answer expires."""
    from goldenthread.governance import OptOuts
    from goldenthread.governance.opt_out_files import name_in
    from goldenthread.vault import load_keys

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    keys = load_keys(settings.vault_dir)

    def pseudonyms_of(numbers: list[str]) -> list[bytes]:
        found: list[bytes] = keys.pseudonyms(numbers).to_pylist()
        return found

    cache = OptOuts(settings.home, settings.opt_out_days)
    found = cache.read(file, request or name_in(file.name), pseudonyms_of, by=by)
    total = len(found.usable) + found.opted_out
    speech.say(
        f"{len(found.usable):,} of {total:,} people may be used. The answer holds for {cache.days} days."
    )
    speech.json({"people": total, "usable": len(found.usable), "days": cache.days})


@opt_outs.command("status")
def opt_out_status(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show requests and how many answers are kept. Answers that have expired are deleted."""
    from goldenthread.governance import OptOuts

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    cache = OptOuts(settings.home, settings.opt_out_days)
    gone = cache.forget_expired()
    kept, until = cache.kept()
    listed = cache.requests()
    ends = f", the last until {until[:16].replace('T', ' ')} UTC" if until else ""
    speech.say(f"{kept:,} answers are kept{ends}; {gone:,} have expired and were deleted.")
    rows = [[r.name, r.made_at[:16].replace("T", " "), r.purpose, f"{r.people:,}", r.state] for r in listed]
    speech.table("Requests", ["Request", "Made (UTC)", "Purpose", "People", "State"], rows, right={3})
    speech.json({"kept": kept, "until": until, "deleted": gone, "requests": [vars(r) for r in listed]})


@retention.command("run")
def retention_run(
    by: ByOption,
    dry: Annotated[bool, typer.Option("--dry", help="Only look.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Delete what has expired, look again, and record it; exit code 3 where something could not be deleted."""
    from goldenthread.cli.output import Exit
    from goldenthread.governance import Rule, rules_of, run_retention

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    rules = rules_of(settings)
    if (settings.vault_dir / "service.sqlite").exists():
        from goldenthread.governance.clock import now
        from goldenthread.vault import ServiceRecord

        record = ServiceRecord(settings.vault_dir)

        def forget(_: Sequence[str]) -> None:
            record.forget_expired(now())

        rules.append(
            Rule(
                "people in ended releases", "until the release ends", "The key service needs them no longer",
                lambda: record.expired(now()), forget,
            )
        )  # fmt: skip
    done = run_retention(settings, by=by, dry=dry, rules=rules)
    _say_run(speech, done)
    if not dry and not done.proved:
        speech.refuse("Not everything could be deleted.", "Look at who owns the files, then run it again.")
        raise typer.Exit(Exit.FOUND)


@retention.command("show")
def retention_show(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show earlier runs, newest first."""
    from dataclasses import asdict

    from goldenthread.governance import retention_runs

    speech = Speech(as_json=as_json, quiet=quiet)
    runs = retention_runs(settings_at(home))
    rows = [
        [r.at[:16].replace("T", " "), o.kind, str(o.found), str(o.deleted), str(o.left)]
        for r in runs
        for o in r.outcomes
    ]
    speech.table("Retention runs", ["When (UTC)", "What", "Found", "Deleted", "Left"], rows, right={2, 3, 4})
    speech.json([asdict(r) for r in runs])


@app.command("safety-pack")
def safety_pack(
    folder: Annotated[Path, typer.Argument(help="Folder to write; an earlier pack in it is replaced.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the hazard log, impact assessment, record of processing and privacy notice, from the registers as they stand."""
    from goldenthread.governance import write_safety_pack

    speech = Speech(as_json=as_json, quiet=quiet)
    made = write_safety_pack(settings_at(home), folder)
    speech.say(
        f"Wrote {len(made)} files into {folder}. Begin with {made[0].name}: it says what needs attention."
    )
    speech.json([str(f) for f in made])


def _say_run(speech: Speech, done: RetentionRun) -> None:
    from dataclasses import asdict

    rows = [[o.kind, o.kept, str(o.found), str(o.deleted), str(o.left)] for o in done.outcomes]
    title = "What has expired (nothing was deleted)" if done.dry else "What had expired"
    speech.table(title, ["What", "Kept for", "Found", "Deleted", "Left"], rows, right={2, 3, 4})
    speech.json(asdict(done) | {"proved": done.proved})


def day_of(text: str) -> date | None:
    """A date typed by a person; ``None`` for none."""
    from goldenthread.governance import GovernanceError

    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise GovernanceError(f"{text!r} is not a date.", "Write year, month and day: 2026-03-31.") from None


def _purposes(text: str) -> list[str]:
    from goldenthread.governance import named_purpose, purpose_names

    if text.strip().lower() == "all":
        return list(purpose_names())
    return list(dict.fromkeys(named_purpose(p).name for p in text.split(",") if p.strip()))


def _known(codes: Iterable[str], known: tuple[str, ...]) -> list[str]:
    """Codes of practices in the data. A mistyped code would leave a practice in that wants to be out."""
    import difflib

    from goldenthread.governance import GovernanceError

    listed = [c.strip().upper() for c in codes if c.strip()]
    for code in listed:
        if code not in known:
            near = difflib.get_close_matches(code, known, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise GovernanceError(
                f"No practice {code!r} is in the data.", f"{hint}`goldenthread agreements show` counts them."
            )
    return listed


def _words(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%B %Y}"


def _end(day: date | None) -> str:
    return "no end" if day is None else day.isoformat()


def _plain(text: str | Path) -> str:
    """Text in which square brackets are only brackets."""
    return str(text).replace("[", r"\[")
