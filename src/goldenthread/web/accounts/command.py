"""`goldenthread accounts`: people and roles from the command line. Passwords are typed, or come from standard input."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, settings_at
from goldenthread.cli.output import Speech
from goldenthread.web.accounts.errors import AccountError

if TYPE_CHECKING:
    from goldenthread.cohorts import ScopeTree
    from goldenthread.web.accounts.models import User

accounts = typer.Typer(help="People who may sign in, and the roles they hold.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="User name.")]
RoleOption = Annotated[str, typer.Option("--role", help="Role, such as analyst or clinician.")]
ScopeOption = Annotated[
    str, typer.Option("--scope", help="Whose population: system, place-..., pcn-..., practice-...")
]
FromOption = Annotated[str, typer.Option("--from", help="First day, 2026-11-30; today if not said.")]
UntilOption = Annotated[str, typer.Option("--until", help="Last day; no end if not said.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(accounts, name="accounts")


@accounts.command("add")
def add(
    username: NameArgument,
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    role: RoleOption,
    scope: ScopeOption = "system",
    starts: FromOption = "",
    until: UntilOption = "",
    subject: Annotated[
        str, typer.Option(help="Number at the identity provider: then there is no password.")
    ] = "",
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make an account with one role. Asks for its password."""
    speech = _ready(home, quiet)
    from django.db import transaction

    from goldenthread.web.accounts import actions

    first, last, tree = _day(starts), _day(until), _tree()
    # before anything is made: an entry of the audit log cannot be taken back
    actions.check_role(role, scope, starts=first, ends=last, tree=tree)
    with transaction.atomic():
        user, _ = actions.add_person(
            _by(), username, name, subject=subject, password=None if subject else _password(speech)
        )
        actions.grant(_by(), user, role, scope, starts=first, ends=last, tree=tree)
    speech.say(f"{user.username} can sign in, as {role} for {scope}.")


@accounts.command("list")
def show(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Everybody with an account, and the roles they hold today."""
    speech = _ready(home, quiet, as_json)
    from goldenthread.web.accounts import lockout
    from goldenthread.web.accounts.models import User

    rows = []
    for user in User.objects.order_by("username"):
        state = "on" if user.is_active else "off"
        if wait := lockout.waits_for(user.username):
            state = f"locked out for {lockout.wait_words(wait)}"
        roles = [{"role": a.role, "scope": a.scope, "until": a.ends} for a in user.assignments_now()]
        rows.append(
            {
                "user": user.username,
                "name": user.name,
                "roles": roles,
                "state": state,
                "last_sign_in": user.last_login,
            }
        )
    speech.table(
        f"{len(rows)} accounts",
        ["User", "Name", "Roles today", "State", "Last signed in"],
        [
            [
                r["user"], r["name"], "; ".join(f"{a['role']} {a['scope']}" for a in r["roles"]) or "none", r["state"],
                f"{r['last_sign_in']:%Y-%m-%d}" if r["last_sign_in"] else "never",
            ]
            for r in rows
        ],
    )  # fmt: skip
    speech.json(rows)


@accounts.command("role")
def role(
    username: NameArgument,
    role: RoleOption,
    scope: ScopeOption = "system",
    starts: FromOption = "",
    until: UntilOption = "",
    end: Annotated[bool, typer.Option("--end", help="End this role now instead of giving it.")] = False,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Give somebody a role, or end one."""
    speech = _ready(home, quiet)
    from goldenthread.web.accounts import actions

    user = _user(username)
    if not end:
        actions.grant(_by(), user, role, scope, starts=_day(starts), ends=_day(until), tree=_tree())
        speech.say(f"{user.username} holds the role {role} for {scope}.")
        return
    held = list(user.assignments_now().filter(role=role, scope=scope))
    if not held:
        raise AccountError(
            f"{username} does not hold the role {role} for {scope}.", "See: goldenthread accounts list"
        )
    for assignment in held:
        actions.end_role(_by(), assignment)
    speech.say(f"{user.username} no longer holds the role {role} for {scope}.")


@accounts.command("disable")
def disable(
    username: NameArgument,
    back: Annotated[bool, typer.Option("--undo", help="Switch the account on again.")] = False,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Switch an account off: whoever uses it is out with the next click."""
    speech = _ready(home, quiet)
    from goldenthread.web.accounts import actions

    actions.set_active(_by(), _user(username), back)
    speech.say(f"The account {username} is switched {'on' if back else 'off'}.")


@accounts.command("password")
def password(username: NameArgument, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Give an account a new password, to be changed at the next sign-in."""
    speech = _ready(home, quiet)
    from goldenthread.web.accounts import actions

    user = _user(username)
    actions.reset_password(_by(), user, _password(speech))
    speech.say(f"{user.username} signs in with this password once, then chooses another.")


@accounts.command("unlock")
def unlock(username: NameArgument, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Let somebody who was locked out try again at once."""
    speech = _ready(home, quiet)
    from goldenthread.web.accounts import actions

    waited = actions.unlock_person(_by(), _user(username))
    speech.say(f"{username} can try again now." if waited else f"{username} was not locked out.")


def _ready(home: object, quiet: bool, as_json: bool = False) -> Speech:
    from goldenthread.web.command import set_up

    set_up(settings_at(home).home, files=False)  # type: ignore[arg-type]
    return Speech(as_json=as_json, quiet=quiet)


def _by() -> str:
    """Whoever runs the command, as the machine knows them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid()) if hasattr(os, "getuid") else "nobody"
    return f"machine:{name}"


def _user(username: str) -> User:
    from goldenthread.web.accounts.models import User

    user = User.objects.filter(username=username.strip().lower()).first()
    if user is None:
        raise AccountError(f"Nobody has the user name {username!r}.", "See: goldenthread accounts list")
    return user


def _password(speech: Speech) -> str:
    """From the keyboard, unseen and twice; from standard input where that is not a keyboard."""
    if not sys.stdin.isatty():
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise AccountError("No password came on standard input.", "Type it, or pipe one line in.")
        return given
    first = getpass.getpass("Password (12 characters or more): ")
    if getpass.getpass("Again: ") != first:
        raise AccountError("The two passwords are not the same.", "Try again.")
    return first


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AccountError(f"{text!r} is not a day.", "Write it as 2026-11-30.") from None


def _tree() -> ScopeTree | None:
    """The scopes of the data, so that a mistyped code is found; none before the first refresh."""
    from goldenthread.errors import GoldenThreadError
    from goldenthread.web.site.data import editions

    try:
        return editions().current().tree
    except GoldenThreadError:
        return None
