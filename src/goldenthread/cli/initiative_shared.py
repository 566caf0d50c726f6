"""What the commands about initiatives share: the register, the people, files in and out."""

from __future__ import annotations

import getpass
import json
import tomllib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import settings_at
from goldenthread.cli.asking import people
from goldenthread.cli.output import Speech, file_to_write, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenthread.charts import Chart
    from goldenthread.cohorts import Population
    from goldenthread.evaluation import Page
    from goldenthread.programme import Register, Signatory
    from goldenthread.programme.documents import Format
    from goldenthread.settings import Settings

initiative = typer.Typer(
    help="Initiatives: agree what success means before the start, and see whether it came.",
    no_args_is_help=True,
)
NameArgument = Annotated[str, typer.Argument(help="Name of the initiative, such as falls-2026.")]
WhoOption = Annotated[str, typer.Option("--who", help="Who does this; your user name if not said.")]
AgreedOption = Annotated[
    list[str], typer.Option("--agreed-by", metavar="'NAME, ROLE'", help="Who agreed, once for each.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="File to write; the screen if not said.")]


def register_of(settings: Settings) -> Register:
    """The register of a deployment; synthetic systems live on a day of their own."""
    from datetime import UTC, datetime, time

    from goldenthread.programme import Register

    if settings.today is None:
        return Register.of(settings.home)
    day = settings.today
    return Register.of(settings.home, now=lambda: datetime.combine(day, time(9), UTC))


def begun(
    home: Path | None, *, as_json: bool = False, quiet: bool = False
) -> tuple[Speech, Settings, Register]:
    """What every command about initiatives begins with: how it speaks, the deployment, its register."""
    settings = settings_at(home)
    return Speech(as_json=as_json, quiet=quiet), settings, register_of(settings)


def everybody(settings: Settings) -> AbstractContextManager[Population]:
    """The people that the purpose of evaluation may ask about, for as long as they are needed."""
    return people(settings, purpose="evaluation")


def signatories(agreed: list[str]) -> list[Signatory]:
    """People who agreed, from "NAME, ROLE"."""
    from goldenthread.programme import Signatory

    parts = [one.partition(",") for one in agreed]
    return [Signatory(name.strip(), role.strip()) for name, _, role in parts]


def me() -> str:
    """Who sits at the machine, as it knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def read_file(path: Path) -> dict[str, Any]:
    """A plan from a TOML or JSON file."""
    from goldenthread.programme import ProgrammeError

    try:
        text = path.read_text("utf-8")
        found: dict[str, Any] = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProgrammeError(f"{path} cannot be read: {error}.", "Give a TOML or JSON file.") from None
    return found


def page_kind(out: Path) -> Format:
    """The format of a page by the ending of its file; refused, before any work, where it cannot be written."""
    from goldenthread.programme import FORMATS, ProgrammeError

    for kind in FORMATS:
        if out.suffix == f".{kind}":
            file_to_write(out)
            return kind
    raise ProgrammeError(f"{out} has no known ending.", f"Use .{', .'.join(FORMATS)}.")


def write_page(
    speech: Speech,
    settings: Settings,
    page: Page,
    out: Path,
    fingerprint: str,
    pictures: Mapping[str, Chart] | None = None,
) -> None:
    """Write a page in the format that the ending of the file says, with its drawings where the format has any."""
    from goldenthread.programme import document

    kind = page_kind(out)
    foot = f"{page.title}{f' · plan {fingerprint[:12]}' if fingerprint else ''}"
    out.write_bytes(document(page, kind, synthetic=settings.synthetic, foot=foot, pictures=pictures or {}))
    speech.say(f"Written to {plain(str(out))}.")
