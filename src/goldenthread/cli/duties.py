"""`opt-outs`, `retention`, `safety-pack`: what an information governance lead does again and again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import ByOption
from goldenthread.cli.output import Speech

if TYPE_CHECKING:
    from goldenthread.governance import RetentionRun

opt_outs = typer.Typer(
    help="National data opt-outs: request, read, status. For who keeps the key.", no_args_is_help=True
)
retention = typer.Typer(help="Delete what has expired, and prove it: run, show.", no_args_is_help=True)
app.add_typer(opt_outs, name="opt-outs")
app.add_typer(retention, name="retention")


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
    from goldenthread.governance import OptOuts, named_purpose
    from goldenthread.vault import Vault, load_keys

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    named_purpose(purpose)
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
