"""`keys`: make, show, change, back up and restore the key on which pseudonyms and the vault rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Speech

keys = typer.Typer(help="The key: make, show, change, back up, restore.", no_args_is_help=True)
app.add_typer(keys, name="keys")

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="File whose first line is the passphrase; asked for if not given."
    ),
]


@keys.command()
def create(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Make a key. A key or a vault that is there already is never replaced."""
    from goldenthread.vault import create_keys

    speech = Speech(as_json=as_json, quiet=quiet)
    made = create_keys(settings_at(home).vault_dir)
    speech.say(f"Made a key with fingerprint {made.fingerprint}.")
    speech.json({"fingerprint": made.fingerprint})


@keys.command()
def show(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show the fingerprint of the key in force. The key itself is never shown."""
    from goldenthread.vault import load_keys

    speech = Speech(as_json=as_json, quiet=quiet)
    held = load_keys(settings_at(home).vault_dir)
    speech.say(f"Key fingerprint {held.fingerprint}, from {held.source}.")
    speech.json({"fingerprint": held.fingerprint, "source": held.source})


@keys.command("rotate")
def rotate_key(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Replace the key: every identity is sealed anew, every pseudonym changes, and the next refresh reads all feeds again."""
    from goldenthread.vault import load_keys, rotate

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    if not yes:
        typer.confirm(
            "Every pseudonym will change, and the next refresh will read every feed again. Go on?",
            abort=True,
            err=True,
        )
    mapping = rotate(settings.vault_dir)
    held = load_keys(settings.vault_dir)
    speech.say(
        f"{mapping.num_rows:,} identities are sealed with the new key, fingerprint {held.fingerprint}."
    )
    speech.say(f"Now run: goldenthread refresh --home {settings.home}")
    speech.say(
        "Then back the new key up, and remove snapshots made with the old one: goldenthread snapshots prune --keep 1"
    )
    speech.json({"fingerprint": held.fingerprint, "identities": mapping.num_rows})


@keys.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    passphrase_file: PassphraseFile = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a copy of the key, sealed under a passphrase."""
    from goldenthread.vault import back_up_key, load_keys

    speech = Speech(as_json=as_json, quiet=quiet)
    held = load_keys(settings_at(home).vault_dir)
    back_up_key(held, _passphrase(passphrase_file, confirm=True), file)
    speech.say(f"Wrote {file}. Keep it and its passphrase in different places.")
    speech.json({"file": file, "fingerprint": held.fingerprint})


@keys.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `keys backup` wrote.")],
    passphrase_file: PassphraseFile = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put the key of a backup in its place."""
    from goldenthread.vault import restore_key

    speech = Speech(as_json=as_json, quiet=quiet)
    folder = settings_at(home).vault_dir
    held = restore_key(file, _passphrase(passphrase_file, confirm=False), folder)
    speech.say(f"Restored the key with fingerprint {held.fingerprint}.")
    speech.json({"fingerprint": held.fingerprint})


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    from goldenthread.vault import KeyFileError

    if file is None:
        answer: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
        return answer
    try:
        return file.read_text("utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        raise KeyFileError(
            f"{file} holds no passphrase.", "Write the passphrase on its first line."
        ) from None
