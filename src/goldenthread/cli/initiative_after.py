"""`initiative` once the work is done: evaluate, decide, hand over, share, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption
from goldenthread.cli.initiative_shared import (
    NameArgument,
    OutOption,
    WhoOption,
    begun,
    everybody,
    initiative,
    me,
    page_kind,
    write_page,
)
from goldenthread.cli.output import Exit, file_to_write, plain


@initiative.command("evaluate")
def evaluate(
    name: Annotated[str, typer.Argument(help="Name of the initiative.")] = "",
    due: Annotated[
        bool, typer.Option("--due", help="Evaluate every initiative whose agreed day has come.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the page: .html, .pdf, .docx, .md or .txt.")
    ] = None,
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Evaluate by the locked plan and nothing else, on the current data."""
    from goldenthread.evaluation import to_text
    from goldenthread.programme import ProgrammeError, evaluate_due, last_page, pictures_of
    from goldenthread.programme import evaluate as evaluate_plan

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    mine = who or me()
    if out:
        page_kind(out)
    if not name and not due:
        raise ProgrammeError("Nothing to evaluate was named.", "Name an initiative, or give --due.")
    with everybody(settings) as population:
        if due:
            today = settings.today or register.store.now().date()
            done = list(evaluate_due(register, population, on=today, who=mine))
            speech.json([{"id": i, "verdicts": v, "refused": r} for i, v, r in done])
            rows = [[plain(i), plain(r or "; ".join(f"{x[0]}: {x[3]}" for x in v))] for i, v, r in done]
            speech.table("Evaluated", ["Initiative", "Result"], rows)
            speech.say("Nothing is due." if not done else "")
            return
        result = evaluate_plan(register, name, population, who=mine)
    speech.json(
        {
            "id": name,
            "verdicts": result.verdicts,
            "data_to": result.data_to,
            "snapshot": result.snapshot,
            "synthetic": settings.synthetic,
        }
    )
    page = last_page(result.entry)
    if out:
        write_page(
            speech,
            settings,
            page,
            out,
            result.entry.lock.hash if result.entry.lock else "",
            pictures_of(result.entry),
        )
        return
    speech.banner(settings)
    speech.say(plain(to_text(page)))


@initiative.command("decide")
def decide(
    name: NameArgument,
    choice: Annotated[str, typer.Argument(help="stop, adapt or scale.")],
    reasons: Annotated[str, typer.Option(help="Why: somebody will ask in a year.")],
    by: Annotated[list[str], typer.Option("--by", help="Who decided, once for each.")],
    version: Annotated[int | None, typer.Option(help="The version you have seen.")] = None,
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Decide to stop, adapt or scale, with reasons; scaling shows where else the same need is."""
    from goldenthread.programme import decide as decide_about
    from goldenthread.programme import elsewhere, entry_json

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    seen = register.get(name).version if version is None else version
    entry = decide_about(register, name, choice, reasons=reasons, by=by, who=who or me(), version=seen)  # type: ignore[arg-type]
    speech.json(entry_json(entry))
    speech.say(f"{plain(entry.initiative.title)}: {entry.stage}.")
    if choice == "scale" and speech.talks:
        with everybody(settings) as population:
            table = elsewhere(population, entry)
        speech.released("Where else the same need is", table)
    if choice != "stop":
        speech.say(f"Next: goldenthread initiative new NAME --after {plain(name)}")


@initiative.command("handover")
def handover(
    name: NameArgument,
    out: OutOption = None,
    to: Annotated[str, typer.Option(help="Ask this person to take it over.")] = "",
    accept: Annotated[bool, typer.Option("--accept", help="Take over what you were asked to.")] = False,
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the handover pack, ask somebody to take over, or take over."""
    from goldenthread.evaluation import to_text
    from goldenthread.programme import accept as take_over
    from goldenthread.programme import handover as pack
    from goldenthread.programme import offer, page_json

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    mine = who or me()
    if out:
        page_kind(out)
    if accept:
        entry = take_over(register, name, who=mine)
        speech.say(f"{plain(entry.initiative.owner)} owns {plain(name)} now.")
        return
    if to:
        offer(register, name, to=to, who=mine)
        speech.say(
            f"{plain(to)} has been asked. It is theirs when they run: goldenthread initiative handover {plain(name)} --accept"
        )
        return
    page = pack(register, name, today=settings.today)
    speech.json(page_json(page))
    if out:
        write_page(speech, settings, page, out, "")
    else:
        speech.say(plain(to_text(page)))


@initiative.command("export")
def export(
    name: Annotated[str, typer.Argument(help="Name of the initiative; the whole register if not said.")] = "",
    recipe: Annotated[
        bool, typer.Option("--recipe", help="One file for another system: no people, no names.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The register as CSV.")] = False,
    out: OutOption = None,
    home: HomeOption = None,
) -> None:
    """Export the register (JSON or CSV), or one initiative's recipe for another system."""
    from goldenthread.programme import ProgrammeError, export_recipe, portfolio_csv, register_json

    speech, settings, register = begun(home)
    if recipe:
        if not name:
            raise ProgrammeError("A recipe is of one initiative.", "Name it.")
        with everybody(settings) as population:
            text = export_recipe(register, name, population)
    else:
        entries = [register.get(name)] if name else list(register)
        text = portfolio_csv(entries) if as_csv else register_json(entries, history=bool(name)) + "\n"
    if out:
        file_to_write(out).write_text(text, encoding="utf-8", newline="")
        speech.say(f"Written to {plain(str(out))}.")
    else:
        typer.echo(text, nl=False)


@initiative.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A recipe from another system.")],
    name: Annotated[str, typer.Option("--as", help="Its name here.")],
    scope: Annotated[str, typer.Option(help="Where it will run.")] = "system",
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Begin an initiative from another system's recipe: the people are counted and the plan is powered on the data here."""
    from goldenthread.programme import entry_json, import_recipe

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    with everybody(settings) as population:
        found = import_recipe(register, file, population, id=name, scope=scope, who=who or me())
    speech.json(
        entry_json(found.entry)
        | {
            "counted": found.counted.to_json(),
            "power": vars(found.power) if found.power else None,
            "differs": [vars(d) for d in found.differs],
        }
    )
    speech.say(f"[bold]{plain(name)}[/]: {found.counted} here.")
    for words in found.notes:
        speech.say(plain(words))


@initiative.command("verify")
def verify(
    name: Annotated[str, typer.Argument(help="Name of the initiative; all if not said.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check that nothing was changed behind the register's back; exit code 3 where something was."""
    from goldenthread.programme import verify as verify_lock

    speech, _, register = begun(home, as_json=as_json, quiet=quiet)
    names = [register.get(name).id] if name else register.store.names()
    found = {one: list(verify_lock(register, one)) for one in names}
    speech.json(found)
    for one, problems in found.items():
        speech.say(f"{plain(one)}: {'as it was written' if not problems else ''}")
        for problem in problems:
            speech.say(f"  [bold]{plain(problem)}[/]")
    if any(found.values()):
        raise typer.Exit(Exit.FOUND)
