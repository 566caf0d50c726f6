"""`goldenthread accounts`: the same acts from the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.test import Client

from goldenthread.cli import main
from goldenthread.web.accounts import lockout
from goldenthread.web.accounts.models import User

GIVEN = "rain over the salt marsh"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command with a line on standard input; its exit code and what it said."""

    def run(*words: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = 0
        try:
            main(["accounts", *words, "--home", str(home)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_from_nobody_to_somebody_who_can_sign_in(run) -> None:
    words = ("add", "jo", "--name", "Jo Bloggs", "--role", "analyst")
    assert run(*words, typed=GIVEN + "\n") == (0, "jo can sign in, as analyst for system.\n")
    assert Client().post("/sign-in/", {"username": "jo", "password": GIVEN}).status_code == 302
    listed = json.loads(run("list", "--json")[1])
    mine = next(row for row in listed if row["user"] == "jo")
    assert mine["roles"] == [{"role": "analyst", "scope": "system", "until": None}]
    assert mine["state"] == "on"


def test_giving_and_ending_roles(run, anna: User) -> None:
    assert (
        run("role", "anna", "--role", "clinical_director", "--scope", "pcn-UZ001", "--until", "2030-01-01")[0]
        == 0
    )
    assert [a.role for a in anna.assignments_now()] == ["analyst", "clinical_director"]
    assert run("role", "anna", "--role", "analyst", "--end")[0] == 0
    assert [a.role for a in anna.assignments_now()] == ["clinical_director"]
    code, said = run("role", "anna", "--role", "analyst", "--end")
    assert (code, "does not hold the role" in said) == (1, True)


def test_switching_off_on_and_unlocking(run, anna: User) -> None:
    assert run("disable", "anna")[0] == 0
    assert not User.objects.get(pk=anna.pk).is_active
    assert run("disable", "anna", "--undo")[0] == 0
    assert User.objects.get(pk=anna.pk).is_active
    for _ in range(5):
        lockout.take_attempt("anna", "10.0.0.1")
    assert run("unlock", "anna") == (0, "anna can try again now.\n")
    assert run("unlock", "anna") == (0, "anna was not locked out.\n")


def test_a_password_from_the_command_line_is_good_for_once(run, anna: User) -> None:
    assert run("password", "anna", typed=GIVEN)[0] == 0
    client = Client()
    client.post("/sign-in/", {"username": "anna", "password": GIVEN})
    assert client.get("/")["location"] == "/account/password/"


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("add", "jo", "--name", "Jo", "--role", "king"), GIVEN, "There is no role 'king'"),
        (("add", "jo", "--name", "Jo", "--role", "clinician"), GIVEN, "is not held for"),
        (("add", "jo", "--name", "Jo", "--role", "analyst"), "", "No password came"),
        (("add", "jo", "--name", "Jo", "--role", "analyst"), "short", "at least 12"),
        (("add", "jo", "--name", "Jo", "--role", "analyst", "--from", "soon"), GIVEN, "is not a day"),
        (("role", "nobody", "--role", "analyst"), "", "Nobody has the user name"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_left_half_done(
    run, words: tuple[str, ...], typed: str, said: str
) -> None:
    code, spoken = run(*words, typed=typed)
    assert code == 1
    assert said in " ".join(spoken.split())
    assert not User.objects.filter(username="jo").exists()


def test_a_password_is_never_an_argument(run) -> None:
    code, _ = run("add", "jo", "--name", "Jo", "--role", "analyst", "--password", GIVEN)
    assert code == 2
