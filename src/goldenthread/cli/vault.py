"""`vault`: the key service. Serve, switch off and on, trust, status, back up, restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import ByOption, ReasonOption
from goldenthread.cli.output import Speech, plain

if TYPE_CHECKING:
    from goldenthread.vault import ServiceRecord

vault = typer.Typer(
    help="The key service: identities for approved releases. For who keeps the key.", no_args_is_help=True
)
app.add_typer(vault, name="vault")

SocketOption = Annotated[
    Path | None, typer.Option("--socket", help="Where it listens; run/vault.sock in the folder if not said.")
]


@vault.command("serve")
def serve_vault(
    socket: SocketOption = None,
    allow: Annotated[
        str, typer.Option("--allow-user", help="Accounts, beside yours, that may connect; commas between.")
    ] = "",
    an_hour: Annotated[
        int, typer.Option(min=1, help="How many identities are given in an hour at most.")
    ] = 100_000,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Answer one question until stopped: who are the people of an approved release?"""
    from goldenthread.governance import OptOutExchange
    from goldenthread.vault import SOCKET, KeyService, Limits, check_socket, serve

    speech = Speech(quiet=quiet)
    settings = settings_at(home)
    path = socket or settings.home / SOCKET
    check_socket(path)
    users = [_user(n) for n in allow.split(",") if n.strip()]
    exchange = OptOutExchange(settings.vault_dir / "opt-outs")
    service = KeyService(settings.vault_dir, limits=Limits(an_hour=an_hour), exchange=exchange)
    if service.record.trusted() is None:
        _trust(settings.home, service.record, speech, "first start")

    def ready() -> None:
        on, reason = service.record.is_on()
        speech.say(
            f"The key service answers on {path}."
            if on
            else f"The key service is switched off: {plain(reason)}."
        )
        speech.out.file.flush()

    serve(service, path, users=users, ready=ready)
    speech.say("The key service has stopped.")


@vault.command("off")
def off(by: ByOption, reason: ReasonOption, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Stop every answer at once, whether or not the service runs."""
    from goldenthread.vault import ServiceRecord

    settings = settings_at(home)
    ServiceRecord(settings.vault_dir).turn("off", by, reason)
    _audited(settings.home, "vault.off", by, reason)
    Speech(quiet=quiet).say("Switched off. No identity is given until `goldenthread vault on`.")


@vault.command("on")
def on(by: ByOption, reason: ReasonOption, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Let the service answer again."""
    from goldenthread.vault import ServiceRecord

    settings = settings_at(home)
    _audited(settings.home, "vault.on", by, reason)
    ServiceRecord(settings.vault_dir).turn("on", by, reason)
    Speech(quiet=quiet).say("Switched on.")


@vault.command("trust")
def trust(by: ByOption, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Trust the key by which this folder's release application signs approvals, and no other any more."""
    from goldenthread.vault import ServiceRecord

    settings = settings_at(home)
    _trust(settings.home, ServiceRecord(settings.vault_dir), Speech(quiet=quiet), by)


@vault.command("status")
def status(
    last: Annotated[int, typer.Option(min=1, help="How many of the newest questions.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show whether it answers, and the newest questions: who asked for how many, and how it ended."""
    from goldenthread.vault import ServiceRecord

    speech = Speech(as_json=as_json, quiet=quiet)
    record = ServiceRecord(settings_at(home).vault_dir)
    is_on, reason = record.is_on()
    answers = record.answers(last)
    speech.say("Switched on." if is_on else f"Switched off: {plain(reason)}.")
    heads = ["When (UTC)", "Release", "Reader", "Role", "Asked", "Given", "Outcome"]
    rows = [
        [a["at"][:19], a["release"], a["reader"], a["role"], str(a["asked"]), str(a["given"]), a["outcome"]]
        for a in answers
    ]
    speech.table("Questions", heads, [[plain(c) for c in row] for row in rows], right={4, 5})
    speech.json({"on": is_on, "reason": reason, "questions": answers})


@vault.command("backup")
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Copy the vault and the service's record, still sealed, while they are in use. Keep the key elsewhere (keys backup)."""
    from goldenthread.vault import back_up_vault, load_keys

    settings = settings_at(home)
    back_up_vault(settings.vault_dir, load_keys(settings.vault_dir), folder)
    Speech(quiet=quiet).say(f"Wrote {folder}. The key is not in it: goldenthread keys backup.")


@vault.command("restore")
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `vault backup` made.")],
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Put a copy in place where the vault was lost. It begins switched off, and releases must be shown again."""
    from goldenthread.vault import load_keys, restore_vault

    settings = settings_at(home)
    restore_vault(folder, settings.vault_dir, load_keys(settings.vault_dir))
    _audited(settings.home, "vault.restored", "who keeps the key", f"From {folder.name}")
    Speech(quiet=quiet).say(
        "Restored, and switched off. Look at `goldenthread vault status`, then switch it on."
    )


def _trust(home: Path, record: ServiceRecord, speech: Speech, by: str) -> None:
    import hashlib

    from goldenthread.governance import signer_of

    public = signer_of(home).public
    mark = hashlib.sha256(public).hexdigest()[:16]
    _audited(home, "vault.trusted", by, f"Signing key {mark}")
    record.trust(public, by)
    speech.say(f"Trusts the approvals signed with key {mark}.")


def _audited(home: Path, action: str, by: str, reason: str) -> None:
    from goldenthread.governance import Audit

    Audit(home).append(action, actor=by, reason=reason)


def _user(name: str) -> int:
    import pwd

    from goldenthread.vault import VaultError

    try:
        return int(name) if name.strip().isdigit() else pwd.getpwnam(name.strip()).pw_uid
    except KeyError:
        raise VaultError(
            f"There is no user account {name.strip()!r}.", "Give the name of an account."
        ) from None
