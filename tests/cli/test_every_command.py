"""One bad input for every command: no folder, no data, a wrong value, a wrong file.

The commands are read from the code, so that a new one is asked too. Every answer says what is wrong, where, and what
to do; the exit code is not 0; there is no stack trace; and nothing was changed. `values.py` says what a good and a
wrong value of each thing is: a parameter that stands in none of its tables fails the first test.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from goldenthread.cli import main
from goldenthread.cli.home import make_home
from goldenthread.cli.tree import SHARED, Command, Parameter, every_command
from goldenthread.settings import FILE_NAME
from goldenthread.vault import Vault, load_keys
from tests.cli.values import (
    ASKED_LATER,
    DATA_COME_LATER,
    ENDINGS,
    FILES,
    GOOD,
    GOOD_FOR,
    NEEDS_NO_DATA,
    NEEDS_NO_HOME,
    NEVER_WRONG,
    WAITS,
    WRONG,
    WRONG_FOR,
)  # fmt: skip

PASSPHRASE = "correct horse battery staple\n" * 2
"""Typed where something is asked for, and again."""


class Said(NamedTuple):
    code: int
    out: str
    err: str


Tell = Callable[..., Said]


APART = ("keys", "vault", "serve", "demo", "accounts")
"""Commands that set their process up for good, or ask at the terminal: each in a process of its own."""


@pytest.fixture(scope="session")
def tell() -> Iterator[Tell]:
    """Runs a command as somebody who stands in a folder would, and gives what it said."""
    others: dict[str, subprocess.Popen[str]] = {}

    def elsewhere(words: list[str], folder: Path, typed: str) -> Said:
        # Django belongs to one home for the life of a process
        stays = words[0] == "accounts" and "--home" in words and (Path(words[-1]) / FILE_NAME).exists()
        name = words[-1] if stays else ""
        if name not in others:
            own = {
                k: v
                for k, v in os.environ.items()
                if k not in ("GOLDENTHREAD_HOME", "DJANGO_SETTINGS_MODULE")
            }
            others[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.answering", *(["stay"] if stays else [])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
                env=own | {"COLUMNS": "240"},
            )  # fmt: skip
        other = others[name]
        asked = {"words": words, "folder": str(folder), "typed": typed}
        other.stdin.write(json.dumps(asked) + "\n")  # type: ignore[union-attr]
        other.stdin.flush()  # type: ignore[union-attr]
        return Said(**json.loads(other.stdout.readline()))  # type: ignore[union-attr]

    def run(*words: str | Path, folder: Path, typed: str = "") -> Said:
        said = [str(w) for w in words]
        return elsewhere(said, folder, typed) if said[0] in APART else here(said, folder)

    yield run
    for other in others.values():
        other.stdin.close()  # type: ignore[union-attr]
        other.wait(60)


def here(words: list[str], folder: Path) -> Said:
    """Run a command in this process."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.delenv("GOLDENTHREAD_HOME", raising=False)
        patch.setenv("COLUMNS", "240")
        patch.chdir(folder)
        try:
            main(words)
        except SystemExit as stop:
            code = int(stop.code or 0)
        except Exception:
            code = 70
            traceback.print_exc()
    return Said(code, out.getvalue(), err.getvalue())


def words_for(command: Command, **instead: str) -> list[str]:
    """The words of a command with everything it needs; ``instead`` gives or replaces values by their names."""
    words: list[str] = command.words.split()
    for parameter in command.parameters:
        if parameter.name in instead:
            value = instead[parameter.name]
        elif parameter.required:
            value = good(command, parameter)
        else:
            continue
        words += [parameter.spoken[0], value] if parameter.spoken else [value]
    return words


def good(command: Command, parameter: Parameter) -> str:
    return GOOD_FOR.get(f"{command.words} {parameter.name}") or GOOD[parameter.name]


def wrong(command: Command, parameter: Parameter) -> str | None:
    """A wrong value; ``None`` where every value is an answer."""
    name = f"{command.words} {parameter.name}"
    if parameter.type in (int, float):
        return "many"
    if name in NEVER_WRONG:
        return None
    return WRONG_FOR.get(name) or WRONG[parameter.name]


def refused(said: Said, *, names: str = "") -> None:
    """What every refusal has: nothing on standard output, a sentence and what to do, no trace of the code."""
    told = " ".join(said.err.split())
    assert said.code in (1, 2, 3), said
    assert "Traceback" not in said.err, said.err
    assert "not foreseen" not in said.err, said.err
    assert said.out.strip() == "", said.out
    if said.code == 2:
        assert "Usage: goldenthread" in told
        assert "--help" in told, "says where the right words stand"
    else:
        _, found, sentences = said.err.partition("Error: ")
        assert found, told
        assert len(sentences.strip().splitlines()) > 1, f"says what is wrong, and not what to do: {told}"
    if names.strip():
        assert names.strip() in told, f"does not say what is wrong: {names!r} in {told}"


def contents(folder: Path) -> dict[str, str]:
    """Every file and folder, with a mark of what is in it; of a database its rows, wherever they stand at the moment."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(("-wal", "-shm")) or path.is_socket():
            continue
        held = b""
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as database:
                held = "\n".join(database.iterdump()).encode()
        elif path.is_file():
            held = path.read_bytes()
        found[str(path.relative_to(folder))] = hashlib.sha256(held).hexdigest()
    return found


def every(*, but: object = ()) -> list[Command]:
    return [c for words, c in every_command().items() if words not in but]  # type: ignore[operator]


def named(commands: list[Command]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("command", commands, ids=lambda c: c.words.replace(" ", "-"))


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory, tell: Tell) -> Path:
    """A folder as `goldenthread init` makes it; initiatives and accounts have been listed, which makes their empty tables."""
    home = make_home(
        tmp_path_factory.mktemp("bare") / "home", name="New", feeds="feeds", synthetic=False
    ).home
    for words in (["initiative", "list"], ["accounts", "list"]):
        assert tell(*words, "--home", home, folder=home).code == 0
    return home


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, asked: Path, tell: Tell) -> Path:
    """The town with a key, an empty vault, one initiative, and its person table worked out."""
    home = tmp_path_factory.mktemp("full") / "home"
    make_home(home, name="Town", feeds="feeds", synthetic=False)
    shutil.copytree(asked, home, dirs_exist_ok=True)
    with Vault.open(home / "vault", load_keys(home / "vault"), create=True):
        pass
    for words in (
        ["initiative", "new", "older", "--title", "Walks", "--question", "Do they help?", "--cohort", "age >= 65"],
        ["vault", "off", "--by", "Ann", "--reason", "Not used"], ["accounts", "add", "jo", "--name", "Jo Bloggs", "--role", "analyst"],
    ):  # fmt: skip
        said = tell(*words, "--home", home, folder=home, typed=PASSPHRASE)
        assert said.code == 0, said
    return home


def test_the_tables_know_everything_that_can_be_given() -> None:
    missing, stale = [], {*GOOD_FOR, *WRONG_FOR, *NEVER_WRONG}
    for command in every():
        for parameter in command.parameters:
            name = f"{command.words} {parameter.name}"
            stale.discard(name)
            if parameter.name in SHARED or parameter.is_flag:
                continue
            if parameter.required and not {name, parameter.name} & {*GOOD, *GOOD_FOR}:
                missing.append(f"a good value of {name}")
            known = {*WRONG, *WRONG_FOR, *NEVER_WRONG, *FILES}
            if parameter.type not in (int, float) and not {name, parameter.name} & known:
                missing.append(f"a wrong value of {name}")
            if parameter.type is Path and name not in FILES:
                missing.append(f"what sort of file {name} is")
    assert missing == []
    assert stale == set(), "no command takes these any more"
    assert {*NEEDS_NO_DATA, *WAITS} <= set(every_command())


# -- no folder ----------------------------------------------------------------------------------------------


@named([c for c in every() if c.given("home")])
def test_a_folder_that_is_none(command: Command, tell: Tell, tmp_path: Path) -> None:
    said = tell(*words_for(command), "--home", tmp_path, folder=tmp_path, typed=PASSPHRASE)
    refused(said, names=str(tmp_path))
    assert "goldenthread init" in said.err
    assert contents(tmp_path) == {}


@named(every(but=NEEDS_NO_HOME))
def test_no_folder_named(command: Command, tell: Tell, tmp_path: Path) -> None:
    said = tell(*words_for(command), folder=tmp_path, typed=PASSPHRASE)
    refused(said, names=str(tmp_path))
    assert "--home" in said.err
    assert contents(tmp_path) == {}


# -- no data ------------------------------------------------------------------------------------------------


@named(every(but=NEEDS_NO_DATA))
def test_before_the_first_refresh(command: Command, tell: Tell, bare: Path) -> None:
    before = contents(bare)
    said = tell(*words_for(command), "--home", bare, folder=bare)
    refused(said)
    if command.words not in DATA_COME_LATER:
        assert "no snapshot yet" in said.err
        assert "goldenthread refresh" in said.err
    assert contents(bare) == before


@named([c for c in every(but=WAITS) if c.words in NEEDS_NO_DATA and c.given("home")])
def test_what_can_be_done_before_the_first_refresh(
    command: Command, tell: Tell, bare: Path, tmp_path: Path
) -> None:
    # accounts are listed and made in the folder itself: a process serves one
    home = bare if command.words.startswith("accounts ") else shutil.copytree(bare, tmp_path / "home")
    said = tell(*words_for(command), "--home", home, folder=tmp_path, typed=PASSPHRASE)
    if said.code not in (0, 3):
        refused(said)
    assert "Traceback" not in said.err


# -- wrong words --------------------------------------------------------------------------------------------


@named(every())
def test_an_option_that_is_none(command: Command, tell: Tell, tmp_path: Path) -> None:
    said = tell(*words_for(command), "--nosuchoption", folder=tmp_path)
    refused(said, names="--nosuchoption")
    assert said.code == 2


@named([c for c in every() if any(p.required for p in c.parameters)])
def test_something_left_out(command: Command, tell: Tell, tmp_path: Path) -> None:
    said = tell(*command.words.split(), folder=tmp_path)
    refused(said, names="Missing")
    assert said.code == 2


VALUES = [(c, p) for c in every() for p in c.parameters
          if p.name not in SHARED and not p.is_flag and f"{c.words} {p.name}" not in FILES
          and (p.type in (int, float) or wrong(c, p) is not None)]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "parameter"), VALUES, ids=[f"{c.words} {p.name}".replace(" ", "-") for c, p in VALUES]
)
def test_a_wrong_value(
    command: Command, parameter: Parameter, tell: Tell, full: Path, tmp_path: Path
) -> None:
    before = contents(full)
    value = wrong(command, parameter)
    assert value is not None
    words = words_for(command, **{parameter.name: value})
    home = ["--home", full] if command.given("home") else []
    said = tell(*words, *home, folder=tmp_path, typed=PASSPHRASE)
    if f"{command.words} {parameter.name}" in ASKED_LATER:
        refused(said)
    elif said.code == 2:
        refused(said, names=parameter.spoken[0] if parameter.spoken else value)
    else:
        refused(said, names=value)
    assert contents(full) == before
    assert contents(tmp_path) == {}


NUMBERS = [
    (c, p)
    for c in every()
    for p in c.parameters
    if p.type is int and f"{c.words} {p.name}" not in NEVER_WRONG
]


@pytest.mark.parametrize(
    ("command", "parameter"), NUMBERS, ids=[f"{c.words} {p.name}".replace(" ", "-") for c, p in NUMBERS]
)
def test_fewer_than_none(
    command: Command, parameter: Parameter, tell: Tell, full: Path, tmp_path: Path
) -> None:
    before = contents(full)
    words = words_for(command, **{parameter.name: "-1"})
    refused(tell(*words, *(["--home", full] if command.given("home") else []), folder=tmp_path))
    assert contents(full) == before
    assert contents(tmp_path) == {}


# -- wrong files --------------------------------------------------------------------------------------------


def wrong_files(folder: Path, sort: str, ending: str) -> Iterator[Path]:
    """Paths that cannot be what is wanted."""
    (folder / "a-folder.d").mkdir()
    (folder / "a-folder.d" / "kept.txt").write_text("kept")
    junk = folder / f"junk{ending or '.dat'}"
    junk.write_bytes(bytes(range(256)) * 8)
    if "read" in sort:
        yield folder / f"not-there{ending}"
    if sort == "file to read":
        yield folder / "a-folder.d"
        yield junk
    elif sort == "folder to read":
        yield junk
        yield folder / "a-folder.d"
    elif sort in ("new file", "file to write"):
        yield folder / "not-there" / f"new{ending}"
        named_so = folder / f"a-folder{ending}"
        named_so.mkdir(exist_ok=True)
        yield named_so
        if sort == "new file":
            yield junk
    elif sort in ("new folder", "folder to write"):
        yield junk
        yield junk / "below-a-file"
        if sort == "new folder":
            yield folder / "a-folder.d"
    elif sort == "socket":
        yield junk
        yield folder / "a-folder.d"
    else:
        raise AssertionError(sort)


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file(name: str, tell: Tell, full: Path, tmp_path: Path) -> None:
    words, _, given = name.rpartition(" ")
    command = every_command()[words]
    outside = tmp_path / "outside"
    outside.mkdir()
    passphrase = tmp_path / "passphrase.txt"
    passphrase.write_text("correct horse battery staple")
    for path in wrong_files(outside, FILES[name], ENDINGS.get(name, "")):
        inside, around = contents(full), contents(outside)
        instead = {given: str(path)}
        if command.given("passphrase_file") and given != "passphrase_file":
            instead["passphrase_file"] = str(passphrase)
        said = tell(
            *words_for(command, **instead),
            *(["--home", full] if command.given("home") else []),
            folder=tmp_path,
        )
        refused(said, names=path.name)
        assert contents(full) == inside, path
        assert contents(outside) == around, path
