"""`audit`: read the log, check that nobody changed it, hand it over."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import day_of
from goldenthread.cli.output import Exit, Speech, file_to_write, plain

audit = typer.Typer(help="Who did what, and why: show, verify, export, alerts.", no_args_is_help=True)
app.add_typer(audit, name="audit")

SinceOption = Annotated[str, typer.Option("--since", metavar="DATE", help="From this day on.")]


@audit.command("show")
def show_audit(
    actor: Annotated[str, typer.Option(help="Entries of one person.")] = "",
    action: Annotated[str, typer.Option(help="One action, or a family such as release.*")] = "",
    subject: Annotated[str, typer.Option(help="About one release, token, practice or purpose.")] = "",
    since: SinceOption = "",
    last: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show entries of the log, newest first."""
    from goldenthread.governance import Audit

    speech = Speech(as_json=as_json, quiet=quiet)
    found = Audit(settings_at(home).home).entries(
        actor=actor or None, action=action or None, subject=subject or None, since=_moment(since), limit=last, newest_first=True
    )  # fmt: skip
    heads = ["No.", "When (UTC)", "Who", "Role", "What", "About", "Why"]
    rows = [
        [f"{e.number:,}", e.time[:19].replace("T", " "), e.actor, e.role, e.action, e.subject, e.reason]
        for e in found
    ]
    speech.table("Audit log", heads, [[plain(c) for c in row] for row in rows], right={0})
    speech.json([e.to_json() for e in found])


@audit.command("verify")
def verify_audit(
    noted: Annotated[
        list[str] | None,
        typer.Option("--noted", help="A head (number:hash) that was noted earlier; may be given again."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check every entry of the log; exit code 3 where anything was changed, removed or cut off."""
    from goldenthread.governance import Audit

    speech = Speech(as_json=as_json, quiet=quiet)
    found = Audit(settings_at(home).home).verify(noted or ())
    speech.json(
        {"entries": found.entries, "head": found.head, "problems": list(found.problems), "whole": found.whole}
    )
    if found.whole:
        speech.say(f"{found.entries:,} entries, and none was changed. Head: {found.head}")
        speech.say(
            "Note the head somewhere else: `audit verify --noted` then proves that nothing before it was rewritten."
        )
        return
    for problem in found.problems:
        speech.refuse(f"{problem[:1].upper()}{problem[1:]}.")
    speech.refuse("The audit log is not as it was written.", "Keep a copy, and tell the Caldicott guardian.")
    raise typer.Exit(Exit.FOUND)


@audit.command("export")
def export_audit(
    file: Annotated[Path, typer.Argument(help="File to write: .csv or .json. It must not exist.")],
    since: SinceOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the log to a file, with the head that proves it whole. It holds no identity."""
    from goldenthread.disclosure import neutralise_formula
    from goldenthread.governance import Audit, GovernanceError

    speech = Speech(as_json=as_json, quiet=quiet)
    log = Audit(settings_at(home).home)
    if file_to_write(file, new=True).suffix not in (".csv", ".json"):
        raise GovernanceError(f"{file} has no known ending.", "Give a name that ends in .csv or .json.")
    found, verdict = log.entries(since=_moment(since)), log.verify()
    entries = [e.to_json() for e in found]
    if file.suffix == ".json":
        document = {"head": verdict.head, "problems": list(verdict.problems), "entries": entries}
        text = json.dumps(document, ensure_ascii=False, indent=1)
    else:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        heads = list(entries[0]) if entries else ["number"]
        writer.writerow(heads)
        for entry in entries:
            entry["detail"] = json.dumps(entry["detail"], ensure_ascii=False, sort_keys=True)
            writer.writerow([neutralise_formula(v) if isinstance(v, str) else v for v in entry.values()])
        text = out.getvalue()
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text, encoding="utf-8", newline="")
    speech.say(f"Wrote {len(found):,} entries to {file}. Head: {verdict.head}")
    speech.json({"file": file, "entries": len(found), "head": verdict.head, "whole": verdict.whole})
    if not verdict.whole:
        speech.refuse("The audit log is not as it was written.", "See `goldenthread audit verify`.")
        raise typer.Exit(Exit.FOUND)


@audit.command("alerts")
def alerts_command(
    since: SinceOption = "",
    most: Annotated[
        int, typer.Option(min=0, help="Identities one person may see in a day before it is said.")
    ] = 200,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show unusual use: many records, out of hours, own record, same surname."""
    from goldenthread.governance import Audit, alerts

    speech = Speech(as_json=as_json, quiet=quiet)
    found = alerts(Audit(settings_at(home).home).entries(since=_moment(since)), most_records=most)
    for one in found:
        speech.say(f"[bold]{one.kind}[/]: {one.words} (entry {one.numbers[0]:,}).")
    if not found:
        speech.say("Nothing out of the ordinary.")
    speech.json([asdict(a) for a in found])


@audit.command("seen")
def seen(
    since: SinceOption = "",
    token: Annotated[
        list[str] | None,
        typer.Option(
            "--token", help="A patient's token in a list, for who has seen them; may be given again."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show who saw whose identity, when, why and until when they may: the Caldicott guardian's view, or one patient's."""
    from goldenthread.governance import Audit, re_identifications, seen_by

    speech = Speech(as_json=as_json, quiet=quiet)
    log = Audit(settings_at(home).home)
    found = seen_by(log, token) if token else re_identifications(log, since=_moment(since))
    heads = ["When (UTC)", "Who", "Role", "Practice", "Release", "People", "Why", "Until"]
    rows = [
        [s.time[:16].replace("T", " "), s.actor, s.role, s.practice, s.release, f"{s.people:,}", s.reason, s.until[:10]]
        for s in found
    ]  # fmt: skip
    if not found:
        speech.say("No identity was seen.")
    speech.table("Identities seen", heads, [[plain(c) for c in row] for row in rows], right={5})
    speech.json([asdict(s) for s in found])


def _moment(text: str) -> datetime | None:
    day = day_of(text)
    return None if day is None else datetime.combine(day, time(), UTC)
