"""`init`: make a folder that a system can live in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldenthread.cli.app import JsonOption, QuietOption, app
from goldenthread.cli.output import Speech
from goldenthread.settings import FILE_NAME, Settings, SettingsError, load_settings

_TEMPLATE = """\
# Settings of this system. Every line may be left out.
name = {name}
synthetic = {synthetic}   # true puts the synthetic-data banner on every output

# "required": nobody is asked about before their practice has agreed (goldenthread agreements adopt).
# "recorded": a practice shares until it says otherwise.
agreements = "required"

# Where raw feeds arrive: one folder per feed, and in it one per sending organisation.
feeds = {feeds}

# How much of the machine a refresh may use.
memory_mb = 3000
"""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it may exist if it is empty of a system.")],
    name: Annotated[str, typer.Option(help="What people call this system.")] = "Golden Thread",
    feeds: Annotated[str, typer.Option(help="Folder in which raw feeds arrive.")] = "feeds",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a folder for a system: settings, a place for feeds, and a key."""
    speech = Speech(as_json=as_json, quiet=quiet)
    settings = make_home(folder, name=name, feeds=feeds, synthetic=False)
    speech.say(f"Made [bold]{settings.home}[/].")
    speech.say(f"1. Put raw feeds into {settings.feeds_dir} (docs/feeds.md says how they should look).")
    speech.say(f"2. Run: goldenthread refresh --home {settings.home}")
    speech.say(
        f"3. Record what practices have agreed: goldenthread agreements adopt --home {settings.home} --by NAME --reason WHY"
    )
    speech.say(
        "Keep a copy of the key somewhere safe: goldenthread keys backup. Without it no identity can be read."
    )
    speech.json({"home": settings.home, "feeds": settings.feeds_dir, "settings": settings.home / FILE_NAME})


def make_home(folder: Path, *, name: str, feeds: str, synthetic: bool) -> Settings:
    """Make the folders, the settings file and the key; refuses a folder that already is a system."""
    from goldenthread.vault import ENVIRONMENT, create_keys

    home = folder.expanduser().resolve()
    if (home / FILE_NAME).exists():
        raise SettingsError(
            f"{home} already is a Golden Thread folder.",
            "Choose another folder, or go on with `goldenthread refresh`.",
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise SettingsError(f"{home} is a file.", "Choose a folder.") from None
    except PermissionError:
        raise SettingsError(
            f"{home} cannot be made here.", "Choose a folder that you may write to."
        ) from None
    for private in ("vault", "quarantine", "work"):
        (home / private).mkdir(mode=0o700, exist_ok=True)
    for shared in ("lake", "reports"):
        (home / shared).mkdir(exist_ok=True)
    Path(home / feeds).mkdir(parents=True, exist_ok=True)
    if ENVIRONMENT not in os.environ:
        create_keys(home / "vault")
    text = _TEMPLATE.format(name=_toml(name), feeds=_toml(feeds), synthetic=str(synthetic).lower())
    (home / FILE_NAME).write_text(text, encoding="utf-8")
    return load_settings(home)


def _toml(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
