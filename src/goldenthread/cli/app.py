"""The command line itself: options that every command shares, and errors turned into sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from goldenthread import __version__
from goldenthread.cli.loading import load
from goldenthread.cli.output import Exit, Speech
from goldenthread.cli.plain_values import take_plainly
from goldenthread.errors import GoldenThreadError
from goldenthread.settings import FILE_NAME, Settings, load_settings

app = typer.Typer(
    name="goldenthread",
    help="Population health management, from linked records to an evaluated outcome.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar="GOLDENTHREAD_HOME", help=f"Folder with {FILE_NAME}; this folder if not said."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")]


@app.callback(invoke_without_command=True)
def _shared(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    if version:
        typer.echo(f"goldenthread {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def settings_at(home: Path | None) -> Settings:
    """Settings of the folder named, or of this folder."""
    return load_settings(home or Path.cwd())


@cache
def command_line(word: str = "") -> Callable[..., object]:
    """The commands that begin with ``word``, ready to be run; all of them where it begins none."""
    load(app, word)
    command = typer.main.get_command(app)
    take_plainly(command)
    return command


def main(arguments: list[str] | None = None) -> None:
    """Run the command. Errors meant for people are printed as sentences and set the exit code."""
    speech = Speech()
    # a process of its own is started for one command
    word = next(iter(sys.argv[1:]), "") if arguments is None else ""
    try:
        command_line(word)(args=arguments, prog_name="goldenthread")
    except KeyboardInterrupt:
        _stopped(speech)
    except SystemExit as stop:
        # typer turns Ctrl-C into this exit code, and says nothing
        if stop.code == Exit.STOPPED:
            _stopped(speech)
        raise
    except GoldenThreadError as error:
        speech.refuse(error.message, error.remedy)
        sys.exit(Exit.REFUSED)
    except Exception as error:
        if str(error).removeprefix("INTERRUPT Error: ").startswith(("Query interrupted", "Interrupted!")):
            _stopped(speech)  # duckdb's words for Ctrl-C
        # duckdb is not imported here, so that a question is answered at once
        if not isinstance(error, OSError | MemoryError) and "duckdb" not in type(error).__module__:
            raise
        speech.refuse(
            f"{type(error).__name__}: {error}",
            "This was not foreseen. `goldenthread doctor` checks the folder and the machine.",
        )
        sys.exit(Exit.REFUSED)


def _stopped(speech: Speech) -> NoReturn:
    speech.refuse("Stopped. Nothing was left half done.")
    sys.exit(Exit.STOPPED)
