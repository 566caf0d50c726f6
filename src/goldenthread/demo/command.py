"""`goldenthread demo`: from nothing to a linked synthetic population; `demo-report`: how true to life it is."""

from __future__ import annotations

import shutil
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.cli.app import JsonOption, QuietOption
from goldenthread.cli.feeds import refresh_with_progress
from goldenthread.cli.home import make_home
from goldenthread.cli.output import Speech
from goldenthread.cli.population import show_population
from goldenthread.cli.progress import Bars
from goldenthread.settings import FILE_NAME, Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from goldenthread.demo.making import DemoSummary

TODAY = date(2026, 11, 30)
"""The demonstration's own day: extracts of its data date, 31 October, have all arrived, late ones too."""
_UNFINISHED = ".writing-feeds"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("demo")(demo)
    app.command("demo-report")(demo_report)


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to build the demonstration in.")] = Path("demo-data"),
    people: Annotated[
        int, typer.Option(min=2_000, max=821_163, help="How many people, 2,000 to 821,163.")
    ] = 100_000,
    seed: Annotated[
        int, typer.Option(help="The same people and seed give the same feeds, byte for byte.")
    ] = 1,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Then open it to the browser, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the browser interface.", min=1, max=65535)] = 8000,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build synthetic Lincolnshire: raw feeds of every sender, then a linked, pseudonymised lake."""
    speech = Speech(as_json=as_json, quiet=quiet)
    began = time.monotonic()
    settings = _home(folder)
    if _built(settings):
        speech.say(f"{settings.home} holds the demonstration already.")
    else:
        with Bars(speech) as bars:
            made = _write_feeds(settings, people, seed, bars)
        speech.say(
            f"Wrote {sum(made.rows.values()):,} rows of raw feeds about {made.people:,} synthetic people "
            f"at {made.practices} practices in {made.seconds:.0f} s."
        )
    refresh_with_progress(settings, speech)
    _record_agreements(settings)
    _record_initiatives(settings, speech)
    speech.say()
    show_population(settings, speech)
    speech.say(f"Built in {time.monotonic() - began:.0f} s. Look further with:")
    for command in ("serve", "status", "need fit", "quarantine", "snapshots list"):
        speech.say(f"  goldenthread {command} --home {folder}")
    if serve:
        from goldenthread.web.command import open_to_browsers

        speech.say()
        open_to_browsers(settings, speech, port=port)


def demo_report(
    folder: Annotated[Path, typer.Argument(help="Folder of the demonstration.")] = Path("demo-data"),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare the demonstration's people with published figures: illness, ages, deaths, use of hospitals."""
    speech = Speech(as_json=as_json, quiet=quiet)
    settings = load_settings(folder)
    from goldenthread.demo.calibration import calibration_report

    report = calibration_report(settings.feeds_dir, settings.home / "truth")
    if speech.talks:
        typer.echo(report.text())
    speech.json(report.to_dict())


def _record_initiatives(settings: Settings, speech: Speech) -> None:
    """Past initiatives, agreed before their first contact; evaluated when asked for, which takes about a minute."""
    from goldenthread.demo.programme import put_into_register

    names = put_into_register(settings, evaluate=False)
    speech.say(
        f"{len(names)} past initiatives are in the register, agreed before they began. Evaluate them: "
        f"goldenthread initiative evaluate --due --home {settings.home}"
    )


def _home(folder: Path) -> Settings:
    """The demonstration's folder: made now, or made before and not finished."""
    if not (folder / FILE_NAME).exists():
        settings = make_home(folder, name="Lincolnshire demonstration", feeds="feeds", synthetic=True)
        path = settings.home / FILE_NAME
        day = f"\n# Synthetic people live on a day of their own.\ntoday = {TODAY.isoformat()}\n"
        path.write_text(path.read_text("utf-8") + day, encoding="utf-8")
    settings = load_settings(folder)
    if not settings.synthetic:
        raise SettingsError(
            f"{settings.home} is a real system; a demonstration is never built into one.",
            "Choose another folder.",
        )
    return settings


def _record_agreements(settings: Settings) -> None:
    """Every practice shares for every purpose, but one of them has withdrawn from research: figures then state their coverage."""
    from goldenthread.governance import Register, practices_in, purpose_names
    from goldenthread.lake import Lake

    register = Register.open(settings.home)
    if register.decisions():
        return
    practices = practices_in(Lake(settings.lake_dir).current())
    register.adopt(
        practices, purpose_names(), by="The demonstration", reason="Invented practices agree to everything"
    )
    register.withdraw(
        practices[-1], "research", by="The demonstration", reason="To show what a withdrawal does"
    )


def _built(settings: Settings) -> bool:
    """Whether the feeds stand already, written to the end."""
    return any(settings.feeds_dir.iterdir()) and not (settings.home / _UNFINISHED).exists()


def _write_feeds(settings: Settings, people: int, seed: int, bars: Bars) -> DemoSummary:
    """Write the feeds. What an interrupted run left is removed first: its mark shows that nothing else lies there."""
    from goldenthread.demo.making import generate

    truth, mark = settings.home / "truth", settings.home / _UNFINISHED
    if mark.exists():
        shutil.rmtree(settings.feeds_dir, ignore_errors=True)
        shutil.rmtree(truth, ignore_errors=True)
    mark.touch()
    made = generate(settings.feeds_dir, truth, people=people, seed=seed, progress=bars.stage)
    mark.unlink()
    return made
