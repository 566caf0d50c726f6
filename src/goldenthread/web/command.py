"""`goldenthread serve`: the browser interface, on a server fit for use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldenthread.cli.app import HomeOption, QuietOption, settings_at
from goldenthread.cli.output import Speech
from goldenthread.settings import Settings, SettingsError


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("serve")(serve)


def set_up(home: Path, *, files: bool = True) -> None:
    """Make Django ready for a deployment: settings, tables, and (unless not wanted) the files that pages load."""
    if _serves_another(home):
        raise SettingsError("This process serves another system already.", "Use a process for each system.")
    os.environ["GOLDENTHREAD_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goldenthread.web.site.settings")
    import django

    if files:
        from goldenthread.web.assets.build import build

        build()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _serves_another(home: Path) -> bool:
    from django.conf import settings

    return bool(settings.configured) and settings.DEPLOYMENT.home != home


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    threads: Annotated[int, typer.Option(help="Requests answered at once.", min=1, max=64)] = 8,
    key_service: Annotated[
        bool | None,
        typer.Option(
            "--key-service/--no-key-service",
            help="Run the key service beside it; for a demonstration unless you say no. A real one runs under an account of its own.",
        ),
    ] = None,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Serve the browser interface. It follows a new snapshot by itself; stop it with Ctrl-C."""
    settings = settings_at(home)
    _check_address(host, port)
    open_to_browsers(settings, Speech(quiet=quiet), host, port, threads, key_service)


def _check_address(host: str, port: int) -> None:
    """Refuse an address that nobody can listen on, before anything is begun."""
    import socket

    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.inet_pton(family, host)
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        why = error.strerror or "it is no address"
        raise SettingsError(
            f"Nothing can listen on {host}, port {port}: {why}.",
            "Give an address of this machine, such as 127.0.0.1 (0.0.0.0 for every network), and a port that is free.",
        ) from None


def open_to_browsers(
    settings: Settings,
    speech: Speech,
    host: str = "127.0.0.1",
    port: int = 8000,
    threads: int = 8,
    key_service: bool | None = None,
) -> None:
    """Set up a deployment, say where it is, and serve it until stopped, with what must run beside it."""
    set_up(settings.home)
    say_where(settings, speech, host, port)
    from goldenthread.web.helpers import beside

    with beside(settings, key_service=settings.synthetic if key_service is None else key_service):
        run(host, port, threads)


def run(host: str, port: int, threads: int = 8) -> None:
    """Run the server until it is stopped. One process: a forked connection to the lake would not live."""
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    Server(
        "goldenthread.web.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        loop=Loops.auto,
        log_access=False,  # addresses may say whose figures somebody looks at
        log_level="warning",
        process_name=None,
    ).serve()


def say_where(settings: Settings, speech: Speech, host: str, port: int) -> None:
    """Print the address, and for a demonstration the accounts that may be tried."""
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104
    speech.say(f"Golden Thread is at [bold]http://{shown}:{port}/[/]. Stop it with Ctrl-C.")
    if settings.synthetic:
        say_who(settings, speech)
        return
    from goldenthread.web.accounts.models import User

    if not User.objects.exists():
        speech.warn(
            "Nobody has an account yet: goldenthread accounts add NAME --name ... --role ... makes one."
        )


def say_who(settings: Settings, speech: Speech) -> None:
    """Print the accounts of a demonstration, made where they are not there yet."""
    from goldenthread.web.accounts.demo_users import make

    speech.say()
    rows = [[u.username, u.password, u.role, u.scope] for u in make(settings)]
    speech.table("Sign in as any of these", ["User name", "Password", "Role", "Whose population"], rows)
